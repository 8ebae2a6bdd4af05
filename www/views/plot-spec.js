/** Turns the state into what a chart draws. */

import { colourOf, dashOf } from '../plots/palette.js';
import { smooth } from '../plots/smoothing.js';
import { changes, laneName } from '../state/changes.js';
import { lanesOf } from '../state/draft.js';
import { columnOf } from '../state/history.js';
import { colourIndex } from '../state/view.js';
import { formatNumber, formatShare, formatterOf } from './format.js';
import { patternAt, plannedOf, planOf } from './planned.js';

/** @import { Line, PlotSpec } from '../plots/line-plot.js' */
/** @import { Mark } from '../plots/marks.js' */
/** @import { PanelId } from '../state/view.js' */
/** @import { State } from '../state/store.js' */
/** @import { Lab } from './nm-lab.js' */

/** The raw line behind its running average. */
const FAINT = 0.22;

/** What a chart shows: key, words and whether its axis is logarithmic. @param {State} state @param {PanelId} id */
export function metricOf(state, id) {
  const panel = state.view.panels[id];
  const key = id === 'noise' ? `${panel.metric}_${panel.subset}` : panel.metric;
  const found = plannedOf(key) ?? state.catalog.metrics.find((metric) => metric.key === key);
  return {
    key,
    label: found?.label ?? key,
    help: found?.help ?? '',
    unit: found && 'unit' in found ? found.unit : '',
    log: panel.log ?? found?.log ?? false,
  };
}

/** @param {Lab} lab @param {PanelId} id @returns {PlotSpec} */
export function plotSpec(lab, id) {
  const { state, dark } = lab;
  const metric = metricOf(state, id);
  const planned = plannedOf(metric.key);
  const { x, lines, read } = planned ? plannedLines(lab, planned.key) : measuredLines(lab, id, metric.key);
  const share = id === 'accuracy';
  return {
    x,
    lines,
    read,
    xRange: state.view.zoom ?? [0, Math.max(1, state.run.steps)],
    log: metric.log,
    yLabel: share ? `${metric.label} (%)` : metric.label + (metric.unit ? ` (${metric.unit})` : ''),
    yLimits: share || planned?.key === 'density' || planned?.key === 'decay' ? [0, 1] : null,
    format: share ? (value) => String(Math.round(value * 1000) / 10) : formatNumber,
    marks: marksOf(lab),
    now: planned ? state.run.step : null,
    dark,
  };
}

/** @param {Lab} lab @param {PanelId} id @param {string} key @returns {Pick<PlotSpec, 'x' | 'lines' | 'read'>} */
function measuredLines(lab, id, key) {
  const { history, run, view, catalog } = lab.state;
  const past = key.startsWith('train_') || id === 'noise' ? view.smoothing : 0;
  const hardened = view.panels[id].hardened && history.keys.includes(`${key}_hard`);
  const format = formatterOf(catalog.metrics.find((metric) => metric.key === key));
  /** @type {Line[]} */
  const lines = [];
  run.lanes.forEach(({ name, sparse_parameters }, lane) => {
    if (view.hidden.includes(lane)) return;
    const values = columnOf(history, lane, key);
    const base = { ...lineOf(lab, lane, name, smooth(values, past)), dots: key.startsWith('val_') };
    if (past > 0) lines.push({ ...base, values, dash: [], opacity: FAINT, width: 1, read: false });
    lines.push(base);
    // A lane without a mask is the same hardened.
    if (hardened && sparse_parameters > 0) {
      const hard = columnOf(history, lane, `${key}_hard`);
      lines.push({ ...base, label: `${name}, hardened`, values: hard, opacity: 0.55, width: 1.25 });
    }
  });
  return { x: history.steps, lines, read: (value) => format(value) };
}

/** @param {Lab} lab @param {'decay' | 'density' | 'learning_rate'} key @returns {Pick<PlotSpec, 'x' | 'lines' | 'read'>} */
function plannedLines(lab, key) {
  const { schedule, names } = scheduleOf(lab.state);
  const { x, rows, held } = planOf(schedule);
  const shown = schedule.map((_, lane) => lane).filter((lane) => !lab.state.view.hidden.includes(lane));
  const stepped = key === 'density';
  const lines = shown.map((lane) => {
    const values = schedule[lane]?.[key] ?? [];
    const samples = (stepped ? held : rows)[lane] ?? [];
    const drawn = samples.map((sample) => (sample === null ? null : (values[sample] ?? null)));
    return { ...lineOf(lab, lane, names[lane] ?? '', drawn), stepped };
  });
  const format = stepped ? formatShare : formatNumber;
  return {
    x,
    lines,
    read: (value, line, row) => {
      const lane = shown[line] ?? 0;
      const of = schedule[lane];
      const pattern = of && key !== 'learning_rate' ? ` (${patternAt(of, held[lane]?.[row] ?? 0)})` : '';
      return format(value) + pattern;
    },
  };
}

/** The schedule to draw: of the draft once it is valid, of the run otherwise. @param {State} state */
function scheduleOf(state) {
  const { draft, run } = state;
  if (draft.schedule && changes(state).length > 0) {
    return {
      schedule: draft.schedule,
      names: lanesOf(draft.document).map((lane) => laneName(lane, state.catalog.fields)),
    };
  }
  return { schedule: run.schedule, names: run.lanes.map(({ name }) => name) };
}

/** @param {Lab} lab @param {number} lane @param {string} label @param {(number | null)[]} values @returns {Line} */
function lineOf({ state, dark }, lane, label, values) {
  return {
    label,
    values,
    colour: colourOf(colourIndex(state.view, lane), dark),
    dash: dashOf(lane),
    width: 1.75,
    opacity: 1,
    stepped: false,
    dots: false,
    read: true,
  };
}

/** Where the shown lanes change phase or pattern, and where the common warm-up ends. @param {Lab} lab @returns {Mark[]} */
function marksOf({ state, dark }) {
  const { run, view } = state;
  const shown = run.schedule
    .map((schedule, lane) => ({ schedule, lane }))
    .filter(({ lane }) => !view.hidden.includes(lane));
  /** @type {Map<string, Mark>} */
  const marks = new Map();
  const add = (
    /** @type {number} */ x,
    /** @type {string} */ label,
    /** @type {string | null} */ colour = null,
  ) => {
    // What happens at one step to several lanes is one line; different events there share it.
    const known = marks.get(`${x} ${colour}`);
    if (!known) marks.set(`${x} ${colour}`, { x, label, colour });
    else if (!known.label.split(', ').includes(label)) known.label += `, ${label}`;
  };
  for (const { schedule, lane } of shown) {
    add(schedule.warmup_steps, 'warm-up ends');
    add(schedule.dense_end, 'pruning starts');
    add(schedule.finetune_start, 'fine-tune');
    if (schedule.stages.length < 2) continue;
    for (const { step, label } of schedule.stages) add(step, label, colourOf(colourIndex(view, lane), dark));
  }
  return [...marks.values()];
}
