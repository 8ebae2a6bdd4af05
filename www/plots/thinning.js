/**
 * Fewer rows to draw where there are more than a chart has pixels: of every `stride` rows a line keeps its least
 * and its greatest value, in the order in which they came, so no peak is lost.
 */

/** @typedef {(number | null)[]} Column */

/**
 * How many rows become two, so that a chart draws no more of them than it has pixels side by side: where a line
 * rises and falls at every row, as mini-batch losses do, painting it costs as much as the whole page.
 *
 * @param {number[]} x  Rising.
 * @param {[number, number]} range  What of it is visible.
 * @param {number} width  Of the chart, in CSS pixels.
 */
export function strideFor(x, range, width) {
  const { first, last } = rowsWithin(x, range);
  const visible = last - first;
  const most = Math.max(width, 1);
  if (visible <= most) return 1;
  // A power of two, so that it changes rarely while a run grows.
  return 2 ** Math.ceil(Math.log2((2 * visible) / most));
}

/** Rows of x, both included; there is none where `last` is the smaller one. @typedef {{ first: number, last: number }} Rows */

/** The rows that lie within a range, its ends included. @param {ArrayLike<number>} x  Rising. @param {[number, number]} range @returns {Rows} */
export function rowsWithin(x, [from, to]) {
  const firstOf = (/** @type {(at: number) => boolean} */ reached) => {
    let [low, high] = [0, x.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (reached(x[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return { first: firstOf((at) => at >= from), last: firstOf((at) => at > to) - 1 };
}

/** The row of the whole column that a thinned one stands for. @param {number} thinned @param {number} stride @param {number} rows */
export function rowOf(thinned, stride, rows) {
  if (stride === 1) return thinned;
  return Math.min((thinned >> 1) * stride + (thinned % 2) * (stride - 1), rows - 1);
}

/** Extremes of a column that only grows, so that a report costs its own rows and not the whole run. */
class Extremes {
  /** Of whole strides, two rows each. @type {Column} */
  #whole = [];
  #rows = 0;

  /** @param {number} stride @param {boolean} positive  Whether other values have no place on the axis. */
  constructor(stride, positive) {
    this.stride = stride;
    this.positive = positive;
  }

  /** @param {Column} column  The same column as before, perhaps longer. @returns {Column} */
  of(column) {
    for (; this.#rows + this.stride <= column.length; this.#rows += this.stride)
      this.#whole.push(...this.#pair(column, this.#rows));
    if (this.#rows === column.length) return this.#whole;
    return [...this.#whole, ...this.#pair(column, this.#rows)];
  }

  /** @param {Column} column @param {number} from @returns {[number | null, number | null]} */
  #pair(column, from) {
    let [least, most] = [-1, -1];
    const end = Math.min(from + this.stride, column.length);
    for (let row = from; row < end; row += 1) {
      const value = column[row] ?? null;
      if (value === null || (this.positive && value <= 0)) continue;
      if (least < 0 || value < (column[least] ?? 0)) least = row;
      if (most < 0 || value > (column[most] ?? 0)) most = row;
    }
    const [first, second] = least < most ? [least, most] : [most, least];
    return [column[first] ?? null, column[second] ?? null];
  }
}

/** @type {WeakMap<Column, Extremes>} */
const known = new WeakMap();

/** @param {Column} column  Appended to, never changed otherwise. @param {number} stride @param {boolean} positive @returns {Column} */
export function thin(column, stride, positive) {
  if (stride === 1) return positive ? column.map((v) => (v !== null && v > 0 ? v : null)) : column;
  let extremes = known.get(column);
  if (extremes?.stride !== stride || extremes.positive !== positive) {
    extremes = new Extremes(stride, positive);
    known.set(column, extremes);
  }
  return extremes.of(column);
}
