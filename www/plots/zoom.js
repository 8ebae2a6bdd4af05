/** Ranges of an x axis under zooming. */

/** @typedef {[number, number]} Range */

/** What of a range a key leaves, or adds when it is pressed to see more. */
const STEP = 2;

/** @param {(value: number) => number} on @param {Range} range @returns {Range} */
const each = (on, [from, to]) => [on(from), on(to)];

/**
 * The range that shows half as much around a place, or twice as much; null is the whole one.
 *
 * @param {Range} range
 * @param {Range} whole
 * @param {boolean} log
 * @param {number} centre
 * @param {'in' | 'out'} direction
 * @returns {Range | null}
 */
export function zoomed(range, whole, log, centre, direction) {
  const factor = direction === 'in' ? 1 / STEP : STEP;
  const [to, back] = log ? [Math.log, Math.exp] : [Number, Number];
  const middle = to(centre);
  const next = each((at) => middle + (at - middle) * factor, each(to, range));
  return within(each(back, next), whole);
}

/**
 * The range that puts two values below two fingers; null is the whole one.
 *
 * @param {Range} values  What the fingers took hold of.
 * @param {Range} shares  Where they are, as shares of the axis.
 * @param {Range} whole
 * @param {boolean} log
 * @returns {Range | null}
 */
export function stretched(values, shares, whole, log) {
  const [to, back] = log ? [Math.log, Math.exp] : [Number, Number];
  const [first, second] = each(to, values);
  const span = (second - first) / (shares[1] - shares[0]);
  // Fingers that cross or meet ask for nothing that could be shown.
  if (!(span > 0) || !Number.isFinite(span)) return null;
  const from = first - span * shares[0];
  return within(each(back, [from, from + span]), whole);
}

/** @param {Range} range @param {Range} whole @returns {Range | null} */
function within([from, to], [least, most]) {
  const inside = /** @type {Range} */ ([Math.max(from, least), Math.min(to, most)]);
  return inside[0] <= least && inside[1] >= most ? null : inside;
}
