/** Charts of what was measured. */

import { colourOf } from '../plots/palette.js';
import { smooth } from '../plots/smoothing.js';
import { measuredOf } from '../state/matrices.js';
import { spread, tracesOf } from '../state/seeds.js';
import { colourIndex } from '../state/view.js';
import { align, isCommon, positions, xAxis } from '../state/x-axes.js';
import { formatNumber, formatPercents, formatterOf } from './format.js';
import { laneLine } from './lane-line.js';
import { marksOf } from './stage-marks.js';

/** @import { Band, Line, PlotSpec } from '../plots/line-plot.js' */
/** @import { Trace } from '../state/seeds.js' */
/** @import { Alignment } from '../state/x-axes.js' */
/** @import { PanelId } from '../state/view.js' */
/** @import { Lab } from './nm-lab.js' */
/** @import { Shown } from './plot-spec.js' */

/** What is measured at evaluations or on demand: single points of it must be seen. */
const SELDOM = /^(val_|batch_variance|gradient_snr|dense_cosine)/;
const FF_DECAY = 'ff_decay';
const ATTENTION_DECAY = 'attention_decay';
/** Room at both ends of an axis on which lanes can stand still, as a share of it. */
const EDGE = 0.02;
/** The raw line behind its running average. */
export const RAW_OPACITY = 0.22;
/** The value under the hard mask, beside the one as trained. */
export const HARDENED_OPACITY = 0.55;

/** @param {Lab} lab @param {PanelId} id @param {Shown} shown @returns {PlotSpec} */
export function measuredSpec(lab, id, shown) {
  const { state, dark } = lab;
  const { history, view, catalog, run } = state;
  const axis = xAxis(catalog, view.x);
  const visible = run.lanes.map((_, lane) => lane).filter((lane) => !view.hidden.includes(lane));
  const aligned = align(history, axis.key, visible, shown.key, view.xLog);
  const format = formatterOf(catalog.metrics.find(({ key }) => key === shown.key));
  const share = id === 'accuracy';
  const whole = fullRange(lab, aligned.x);
  return {
    x: aligned.x,
    ...linesOf(lab, id, shown, aligned),
    read: format,
    xRange: view.zoom ?? whole,
    whole,
    xLabel: axis.unit ? `${axis.label} (${axis.unit})` : axis.label,
    xLog: view.xLog,
    // How long the axis is, is known once an experiment has opened.
    xTicks: run.document ? null : [],
    sync: true,
    log: shown.log,
    yLabel:
      share && shown.label ? `${shown.label} (%)` : shown.label + (shown.unit ? ` (${shown.unit})` : ''),
    yLimits: share ? [0, 1] : null,
    format: share ? formatPercents : formatNumber,
    backdrop: id === 'noise' && view.panels.noise.decay ? decaysOf(lab, visible, aligned) : [],
    marks: marksOf(markedOf(lab, visible), (lane, step) => placeOfStep(lab, lane, step), isCommon(axis.key)),
    now: null,
    handles: [],
    dark,
  };
}

/** D(j) of the lanes whose pruned weights fade, one for lanes that differ in their seed alone. @param {Lab} lab @param {number[]} visible @param {Alignment} aligned */
function decaysOf({ state, dark }, visible, aligned) {
  return tracesOf(state).flatMap(({ lanes }) => {
    const lane = lanes.find((one) => visible.includes(one));
    if (lane === undefined) return [];
    const fades = [FF_DECAY, ATTENTION_DECAY]
      .map((key) => measuredOf(state, lane, key, ''))
      .find((values) => values.some((value) => value !== null && value > 0 && value < 1));
    const colour = colourOf(colourIndex(state.view, lane), dark);
    return fades ? [{ colour, values: aligned.place(lane, fades) }] : [];
  });
}

/** The whole budget where it is known in advance, what was measured otherwise. @param {Lab} lab @param {number[]} x @returns {[number, number]} */
function fullRange({ state: { view, run } }, x) {
  const least = view.xLog ? (x[0] ?? 1) : isCommon(view.x) ? 0 : (x[0] ?? 0);
  if (view.x === 'step') return [Math.min(least, run.steps), Math.max(1, run.steps)];
  const most = x.at(-1) ?? 1;
  // A lane that stays at one place, as a dense one at density 1, has many points there: at the very edge of the range
  // the chart would draw one of them.
  const margin = EDGE * (most - least);
  if (margin > 0 && !isCommon(view.x))
    return [view.xLog ? least * (1 - EDGE) : least - margin, most + margin];
  return most > least ? [least, most] : [least * 0.9, least * 1.1 || 1];
}

/** Lanes whose events are marked: repetitions change their pattern together. @param {Lab} lab @param {number[]} visible */
function markedOf({ state, dark }, visible) {
  const { run, view } = state;
  return tracesOf(state).flatMap(({ lanes }) => {
    const lane = lanes.find((one) => visible.includes(one)) ?? -1;
    const schedule = run.schedule[lane];
    return schedule ? [{ lane, schedule, colour: colourOf(colourIndex(view, lane), dark) }] : [];
  });
}

/** Where a lane's step lies on the chosen axis; null where no report is that far. @param {Lab} lab @param {number} lane @param {number} step */
function placeOfStep({ state: { history, view } }, lane, step) {
  if (view.x === 'step') return step;
  const row = history.steps.findIndex((measured) => measured >= step);
  return row < 0 ? null : (positions(history, view.x, lane)[row] ?? null);
}

/** @param {Lab} lab @param {PanelId} id @param {Shown} shown @param {Alignment} aligned @returns {{ lines: Line[], bands: Band[] }} */
function linesOf(lab, id, shown, aligned) {
  const { key } = shown;
  const { history, view } = lab.state;
  const past = key.startsWith('train_') || id === 'noise' ? view.smoothing : 0;
  const hardened = view.panels[id].hardened && history.keys.includes(`${key}_hard`);
  /** @type {{ lines: Line[], bands: Band[] }} */
  const drawn = { lines: [], bands: [] };
  for (const trace of tracesOf(lab.state)) {
    const lanes = trace.lanes.filter((lane) => !view.hidden.includes(lane));
    if (lanes.length === 0) continue;
    addTrace(lab, drawn, { ...trace, lanes }, shown, past, aligned);
    if (hardened) addHardened(lab, drawn.lines, { ...trace, lanes }, key, aligned);
  }
  return drawn;
}

/**
 * @param {Lab} lab
 * @param {{ lines: Line[], bands: Band[] }} drawn
 * @param {Trace} trace
 * @param {Shown} shown
 * @param {number} past
 * @param {Alignment} aligned
 */
function addTrace(lab, drawn, { lanes, label }, { key, matrix }, past, aligned) {
  const { state, dark } = lab;
  const [first = 0] = lanes;
  const columns = lanes.map((lane) => measuredOf(state, lane, key, matrix));
  const line = (/** @type {(number | null)[]} */ values) =>
    laneLine(first, colourIndex(state.view, first), dark, label, aligned.place(first, values));
  const dots = SELDOM.test(key);
  const [only] = columns;
  if (lanes.length === 1 && only) {
    const smoothed = line(smooth(only, past));
    if (past > 0) {
      drawn.lines.push({ ...line(only), dash: [], opacity: RAW_OPACITY, width: 1, read: false });
    }
    drawn.lines.push({ ...smoothed, dots });
    return;
  }
  const { mean, low, high } = spread(columns.map((column) => smooth(column, past)));
  // An edge is no line of its own: it ends the band, which would share its transparency.
  const edge = { dash: [], width: 0, read: false };
  drawn.bands.push({ high: drawn.lines.length, low: drawn.lines.length + 1, colour: line(mean).colour });
  drawn.lines.push({ ...line(high), ...edge }, { ...line(low), ...edge }, { ...line(mean), dots });
}

/** Whether a lane prunes. A recorded run has not counted its weights; its schedule tells. @param {Lab['state']['run']} run @param {number} lane */
function hasMask({ phase, lanes, schedule }, lane) {
  if (phase !== 'recorded') return (lanes[lane]?.sparse_parameters ?? 0) > 0;
  return schedule[lane]?.density.some((share) => share < 1) ?? false;
}

/** The value under the target mask; a lane without a mask is the same hardened. @param {Lab} lab @param {Line[]} lines @param {Trace} trace @param {string} key @param {Alignment} aligned */
function addHardened({ state, dark }, lines, { lanes, label }, key, aligned) {
  const [first = 0] = lanes;
  if (!hasMask(state.run, first)) return;
  const columns = lanes.map((lane) => measuredOf(state, lane, `${key}_hard`, ''));
  const values = aligned.place(first, spread(columns).mean);
  const line = laneLine(first, colourIndex(state.view, first), dark, `${label}, hardened`, values);
  lines.push({ ...line, opacity: HARDENED_OPACITY, width: 1.25 });
}
