/** Columns that were measured at different places, on one x axis. */

/** Every place of the columns once, rising. @param {(number | null)[][]} columns @returns {number[]} */
export function union(columns) {
  const places = columns.flat().filter((place) => place !== null);
  return [...new Set(places)].sort((a, b) => a - b);
}

/**
 * Puts columns on an axis that holds their places and others.
 *
 * @param {number[]} x
 * @returns {(places: (number | null)[], values: (number | null)[]) => (number | null)[]}  Null where nothing was measured.
 */
export function placedOn(x) {
  const rowOf = new Map(x.map((place, row) => [place, row]));
  return (places, values) => {
    /** @type {(number | null)[]} */
    const rows = x.map(() => null);
    places.forEach((place, at) => {
      const row = place === null ? undefined : rowOf.get(place);
      if (row !== undefined) rows[row] = values[at] ?? null;
    });
    return rows;
  };
}
