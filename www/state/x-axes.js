/** What charts can run along, and where each report lies there. */

/** @import { Catalog } from './catalog.js' */
/** @import { Column, History } from './history.js' */

import { columnOf } from './history.js';

/** @typedef {{ key: string, label: string, unit: string, help: string }} XAxis */

/** @type {XAxis} */
const STEP = { key: 'step', label: 'step', unit: '', help: 'Steps of the optimizer.' };
/** @type {XAxis} */
const TIME = {
  key: 'time',
  label: 'training time',
  unit: 's',
  help: 'Seconds spent training, without pauses. Measured: no two runs agree in them.',
};

/** @param {Catalog} catalog @returns {XAxis[]} */
export function xAxes({ metrics }) {
  // A check of the masks is listed with the costs, and is nothing to draw along.
  const costs = metrics.filter(({ chart, key }) => chart === 'cost' && key !== 'invalid_groups');
  return [STEP, ...costs, TIME];
}

/** @param {Catalog} catalog */
export function xKeys(catalog) {
  return xAxes(catalog).map(({ key }) => key);
}

/** @param {Catalog} catalog @param {string} key */
export function xAxis(catalog, key) {
  return xAxes(catalog).find((axis) => axis.key === key) ?? STEP;
}

/** Where a lane's reports lie on an axis. @param {History} history @param {string} key @param {number} lane @returns {Column} */
export function positions(history, key, lane) {
  if (key === STEP.key) return history.steps;
  return key === TIME.key ? history.elapsed_s : columnOf(history, lane, key);
}

/** Whether every lane lies at the same place of the axis. @param {string} key */
export function isCommon(key) {
  return key === STEP.key || key === TIME.key;
}

/**
 * @typedef {object} Alignment
 * @property {number[]} x
 * @property {(lane: number, column: Column) => Column} place  A lane's column, put at its places on `x`.
 */

/** Most points of a lane on an axis of its own: all lanes' points together make the chart's rows. */
const MOST_POINTS = 4000;

/**
 * Puts lanes that lie at different places on one rising axis.
 *
 * @param {History} history
 * @param {string} key
 * @param {number[]} lanes
 * @param {string} metric  Rows without a value of it take no part.
 * @param {boolean} positive  Leaves out what a logarithmic axis cannot show.
 * @returns {Alignment}
 */
export function align(history, key, lanes, metric, positive) {
  if (isCommon(key)) return alignCommon(history, key, positive);
  /** @type {{ x: number, lane: number, row: number }[]} */
  const points = [];
  for (const lane of lanes) {
    const xs = positions(history, key, lane);
    const values = columnOf(history, lane, metric);
    const rows = values.flatMap((value, row) => (value === null || (xs[row] ?? null) === null ? [] : [row]));
    const stride = Math.ceil((rows.length * lanes.length) / MOST_POINTS);
    for (const [index, row] of rows.entries()) {
      const x = xs[row] ?? 0;
      // The newest point is the one a reader looks for.
      if (index % stride !== 0 && index !== rows.length - 1) continue;
      if (x > 0 || !positive) points.push({ x, lane, row });
    }
  }
  points.sort((a, b) => a.x - b.x || a.row - b.row);
  const place = (/** @type {number} */ lane, /** @type {Column} */ column) =>
    points.map((point) => (point.lane === lane ? (column[point.row] ?? null) : null));
  return { x: points.map(({ x }) => x), place };
}

/** @param {History} history @param {string} key @param {boolean} positive @returns {Alignment} */
function alignCommon(history, key, positive) {
  const xs = /** @type {number[]} */ (positions(history, key, 0));
  // Runs from files of an older version have no times.
  if ((xs.at(-1) ?? null) === null) return { x: [], place: () => [] };
  const first = positive ? xs.findIndex((x) => x > 0) : 0;
  if (first === 0) return { x: xs, place: (_, column) => column };
  const from = first < 0 ? xs.length : first;
  return { x: xs.slice(from), place: (_, column) => column.slice(from) };
}
