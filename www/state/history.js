/**
 * What was measured, column by column, ready to be drawn without copying.
 *
 * Columns are appended to in place, because copying them at every report would cost more the longer
 * a run lasts; `revision` tells views that they grew. Taking rows back makes new columns.
 */

import { sameJson } from './paths.js';

/** @import { Action } from './store.js' */

/** @typedef {(number | null)[]} Column  One value per row; null where nothing was measured. */

/**
 * @typedef {object} History
 * @property {string[]} keys          Metric keys, in the order of the columns.
 * @property {string[]} reported      Metric keys that the worker reports; those of a recorded run may be others.
 * @property {boolean} recorded       Read from a file; no worker adds to it.
 * @property {number[]} steps         Step of each row, strictly rising.
 * @property {Column[][]} lanes       `[lane][metric]`.
 * @property {Column} elapsed_s       Seconds of training until each row.
 * @property {number | null} clock_s  Seconds of training until now, as last told; null where not known.
 * @property {Times | null} saved     Of the saved run that is being opened.
 * @property {number} revision
 */

/** When reports were made, which only the page knows. @typedef {{ steps: number[], elapsed_s: Column }} Times */

/**
 * @typedef {{ type: 'history/clock', seconds: number | null }
 *   | { type: 'history/saved', times: Times | null }} HistoryAction
 */

/** @type {History} */
export const emptyHistory = {
  keys: [],
  reported: [],
  recorded: false,
  steps: [],
  lanes: [],
  elapsed_s: [],
  clock_s: 0,
  saved: null,
  revision: 0,
};

/** @param {History} history @param {Action} action @returns {History} */
export function history(history, action) {
  switch (action.type) {
    case 'ready': {
      // A worker that replaces a failed one measures the same, so the curves stay.
      const keys = action.metrics.map((metric) => metric.key);
      const stays = history.recorded || sameJson(keys, history.keys);
      return stays ? { ...history, reported: keys } : { ...emptyHistory, keys, reported: keys };
    }
    case 'opened':
      if (action.step > 0 && action.lanes.length === history.lanes.length)
        return keepUpTo(history, action.step);
      // The times of a saved run come with its reports.
      return { ...cleared(history, action.lanes.length), saved: action.step > 0 ? history.saved : null };
    case 'progress':
      // The run went back: a reset.
      return action.step < (history.steps.at(-1) ?? 0) ? keepUpTo(history, action.step) : history;
    case 'history/saved':
      return { ...history, saved: action.times };
    case 'history/clock':
      return { ...history, clock_s: action.seconds };
    case 'recording/loaded': {
      const { keys, steps, lanes, elapsed_s } = action.recording;
      const { reported, revision } = history;
      const file = { keys, steps, lanes, elapsed_s, recorded: true };
      return { ...emptyHistory, ...file, reported, revision: revision + 1 };
    }
    case 'recorded':
      return replaced(history, action);
    case 'metrics':
      return append(history, action.step, action.values);
    default:
      return history;
  }
}

/** @param {History} history @param {number} lanes @returns {History} */
function cleared({ reported, revision }, lanes) {
  const columns = Array.from({ length: lanes }, () => reported.map(() => /** @type {Column} */ ([])));
  // New arrays: rows are appended in place.
  const rows = { steps: [], elapsed_s: [], lanes: columns };
  return { ...emptyHistory, keys: reported, reported, ...rows, revision: revision + 1 };
}

/** @param {History} history @param {number} step @returns {History} */
function keepUpTo(history, step) {
  const rows = history.steps.filter((measured) => measured <= step).length;
  return {
    ...history,
    steps: history.steps.slice(0, rows),
    elapsed_s: history.elapsed_s.slice(0, rows),
    lanes: history.lanes.map((columns) => columns.map((column) => column.slice(0, rows))),
    revision: history.revision + 1,
  };
}

/**
 * The reports of a resumed run in place of what the page held.
 *
 * @param {History} history
 * @param {Extract<Action, { type: 'recorded' }>} recorded
 * @returns {History}
 */
function replaced(history, { steps, lanes, values }) {
  const columns = history.keys.length;
  const measured = (/** @type {number} */ at) => {
    const value = values[at];
    return value === undefined || Number.isNaN(value) ? null : value;
  };
  const column = (/** @type {number} */ lane, /** @type {number} */ metric) =>
    steps.map((_, report) => measured((report * lanes + lane) * columns + metric));
  return {
    ...history,
    steps,
    elapsed_s: steps.map((step) => timeAt(history, step)),
    saved: null,
    lanes: Array.from({ length: lanes }, (_, lane) => history.keys.map((_, metric) => column(lane, metric))),
    revision: history.revision + 1,
  };
}

/**
 * Seconds of training until a step of the run that is open, or of the saved one that is being opened; null where not
 * known.
 *
 * @param {History} history
 * @param {number} step
 */
export function timeAt(history, step) {
  const { steps, elapsed_s } = history.saved ?? history;
  return elapsed_s[steps.findLastIndex((reported) => reported <= step)] ?? null;
}

/** @param {History} history @param {number} step @param {Float64Array} values @returns {History} */
function append(history, step, values) {
  const last = history.steps.at(-1) ?? -1;
  const kept = step < last ? keepUpTo(history, step - 1) : history;
  const row = step === last ? kept.steps.length - 1 : kept.steps.push(step) - 1;
  kept.elapsed_s[row] ??= history.clock_s;
  kept.lanes.forEach((columns, lane) => {
    columns.forEach((column, metric) => {
      const value = values[lane * kept.keys.length + metric];
      const measured = value !== undefined && !Number.isNaN(value);
      // What was drawn of a column holds while it only grows: a value that comes later makes another column.
      if (measured && row < column.length) columns[metric] = column.with(row, value);
      else if (measured) column[row] = value;
      else column[row] ??= null;
    });
  });
  return { ...kept, revision: kept.revision + 1 };
}

/** @param {History} history @param {number} lane @param {string} key @returns {Column} */
export function columnOf(history, lane, key) {
  return history.lanes[lane]?.[history.keys.indexOf(key)] ?? [];
}

/** The newest measured value. @param {History} history @param {number} lane @param {string} key */
export function latest(history, lane, key) {
  return columnOf(history, lane, key).findLast((value) => value !== null) ?? null;
}
