/**
 * Noise indicators of single matrices over the steps.
 *
 * A report of them is as long as lanes times matrices times indicators, so a long run keeps every second, then every
 * fourth report of it, and so on, within a fixed number of values. Rows are appended in place, as in `history.js`.
 */

import { columnOf } from './history.js';

/** @import { Column } from './history.js' */
/** @import { Action, State } from './store.js' */

/**
 * @typedef {object} Matrices
 * @property {string[]} names  Of the matrices that some lane prunes.
 * @property {string[]} keys   Of the indicators.
 * @property {number} lanes
 * @property {number[]} steps  Of the rows, rising.
 * @property {Float32Array[]} rows  `[row][lanes, names, keys]`
 */

/** Values kept at most: 32 MiB of them. */
const MOST_VALUES = 8 * 1024 * 1024;
const FEWEST_ROWS = 64;

/** @type {Matrices} */
export const noMatrices = { names: [], keys: [], lanes: 0, steps: [], rows: [] };

/** @param {Matrices} matrices @param {Action} action @returns {Matrices} */
export function matrices(matrices, action) {
  switch (action.type) {
    case 'ready':
      return { ...matrices, keys: action.indicators };
    case 'opened': {
      const fresh = { ...matrices, names: action.measured, lanes: action.lanes.length, steps: [], rows: [] };
      return action.step > 0 && fresh.lanes === matrices.lanes
        ? upTo({ ...matrices, names: fresh.names }, action.step)
        : fresh;
    }
    case 'recording/loaded':
      return { ...noMatrices, keys: matrices.keys };
    case 'progress':
      return action.step < (matrices.steps.at(-1) ?? 0) ? upTo(matrices, action.step) : matrices;
    case 'metrics':
      return action.matrices.length > 0 ? appended(matrices, action.step, action.matrices) : matrices;
    default:
      return matrices;
  }
}

/** @param {Matrices} matrices @param {number} step @returns {Matrices} */
function upTo(matrices, step) {
  const rows = matrices.steps.filter((measured) => measured <= step).length;
  return { ...matrices, steps: matrices.steps.slice(0, rows), rows: matrices.rows.slice(0, rows) };
}

/** @param {Matrices} matrices @param {number} step @param {Float64Array} values @returns {Matrices} */
function appended(matrices, step, values) {
  const kept = step <= (matrices.steps.at(-1) ?? -1) ? upTo(matrices, step - 1) : matrices;
  kept.steps.push(step);
  kept.rows.push(Float32Array.from(values));
  if (kept.rows.length <= Math.max(FEWEST_ROWS, MOST_VALUES / values.length)) return kept;
  const second = (/** @type {unknown} */ _, /** @type {number} */ row) => row % 2 === 0;
  return { ...kept, steps: kept.steps.filter(second), rows: kept.rows.filter(second) };
}

/** Whether a matrix has this metric. @param {Matrices} matrices @param {string} matrix @param {string} key */
export function hasOf({ names, keys }, matrix, key) {
  return names.includes(matrix) && keys.includes(key);
}

/**
 * The values of a metric, one per row of the history: of all weights, or of one matrix where it has them.
 *
 * @param {Pick<State, 'history' | 'matrices'>} state
 * @param {number} lane
 * @param {string} key
 * @param {string} matrix  Its name; empty for all weights.
 * @returns {Column}
 */
export function measuredOf({ history, matrices }, lane, key, matrix) {
  if (!hasOf(matrices, matrix, key)) return columnOf(history, lane, key);
  const { names, keys, steps, rows } = matrices;
  const at = (lane * names.length + names.indexOf(matrix)) * keys.length + keys.indexOf(key);
  const rowOf = new Map(steps.map((step, row) => [step, row]));
  return history.steps.map((step) => {
    const value = rows[rowOf.get(step) ?? -1]?.[at];
    return value === undefined || Number.isNaN(value) ? null : value;
  });
}
