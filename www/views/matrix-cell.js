/** One weight of a matrix in words, and the keys that lead from one to another. */

import { groupOf } from '../plots/heat-map.js';
import { formatNumber, formatWhole } from './format.js';

/** @import { Frame, Shown } from '../state/inspector.js' */

/**
 * @param {Frame} frame
 * @param {Frame | null} earlier  The mask that flips are counted against.
 * @param {Shown} shown
 * @param {number} index
 * @returns {{ place: string, rows: [string, string][] }}
 */
export function cellOf(frame, earlier, shown, index) {
  /** @type {[string, string][]} */
  const rows = [
    ['weight', formatNumber(frame.weights[index] ?? 0)],
    ['mask', maskOf(frame, index)],
  ];
  if (shown === 'gradient') rows.push(['gradient', formatNumber(frame.gradient[index] ?? 0)]);
  if (shown === 'second_moment') rows.push(['v', formatNumber(frame.second_moment[index] ?? 0)]);
  if (shown === 'flips' || shown === 'flips_first') rows.push(flipOf(frame, earlier, index));
  if (frame.n < frame.m) rows.push([`${frame.n}:${frame.m} group`, groupText(frame, index)]);
  return { place: `input ${Math.floor(index / frame.cols)}, output ${index % frame.cols}`, rows };
}

/** @param {Frame} frame @param {number} index */
function maskOf({ n, m, mask, decay }, index) {
  if (n === m) return 'nothing is pruned';
  if (mask[index]) return 'kept';
  return decay > 0 ? `pruned, counts ${formatNumber(decay)} times` : 'pruned';
}

/** @param {Frame} frame @param {Frame | null} earlier @param {number} index @returns {[string, string]} */
function flipOf({ mask }, earlier, index) {
  if (!earlier) return ['flip', 'nothing to compare with'];
  const change = (mask[index] ?? 0) - (earlier.mask[index] ?? 0);
  const words = change > 0 ? 'came in' : change < 0 ? 'left' : 'unchanged';
  return [`since step ${formatWhole(earlier.step)}`, words];
}

/** @param {Frame} frame @param {number} index */
function groupText(frame, index) {
  const group = groupOf({ ...frame, alongRows: frame.along_inputs }, index);
  const along = (/** @type {number} */ at) =>
    frame.along_inputs ? Math.floor(at / frame.cols) : at % frame.cols;
  const [from, to] = [along(group[0] ?? 0), along(group.at(-1) ?? 0)];
  return `${frame.along_inputs ? 'inputs' : 'outputs'} ${from} to ${to}`;
}

/** The weight that a key leads to from another; null for other keys. @param {Frame} frame @param {number} index @param {string} key */
export function neighbour({ rows, cols, m }, index, key) {
  const [row, col] = [Math.floor(index / cols), index % cols];
  /** @type {Record<string, [number, number]>} */
  const targets = {
    ArrowUp: [row - 1, col],
    ArrowDown: [row + 1, col],
    ArrowLeft: [row, col - 1],
    ArrowRight: [row, col + 1],
    PageUp: [row - m, col],
    PageDown: [row + m, col],
    Home: [row, 0],
    End: [row, cols - 1],
  };
  const target = targets[key];
  if (!target) return null;
  const [y, x] = target;
  return Math.max(0, Math.min(y, rows - 1)) * cols + Math.max(0, Math.min(x, cols - 1));
}
