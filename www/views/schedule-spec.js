/** The chart of what the recipes prescribe, known before the first step, and its handles. */

import { changes } from '../state/changes.js';
import { designedLane, draftSchedule, draftTraces, gripsOf } from '../state/designer.js';
import { lanesOf } from '../state/draft.js';
import { draftColour } from '../state/lanes.js';
import { tracesOf } from '../state/seeds.js';
import { colourIndex } from '../state/view.js';
import { formatNumber, formatShare } from './format.js';
import { laneLine } from './lane-line.js';
import { patternAt, planOf } from './planned.js';
import { marksOf } from './stage-marks.js';

/** @import { Handle } from '../plots/handles.js' */
/** @import { PlotSpec } from '../plots/line-plot.js' */
/** @import { State } from '../state/store.js' */
/** @import { Lab } from './nm-lab.js' */
/** @import { Planned } from './planned.js' */

/** An arrow key moves a handle by one step, or by this share of a long budget. */
const KEYS_PER_BUDGET = 1000;

/** @param {Lab} lab @param {Planned} planned @param {boolean} log @returns {PlotSpec} */
export function plannedSpec(lab, planned, log) {
  const { state, dark } = lab;
  const { view, run } = state;
  const { schedules, lanes, edited } = scheduleOf(state);
  const { x, rows, held } = planOf(schedules);
  const stepped = planned.key === 'density';
  const shown = lanes.filter(({ hidden }) => !hidden);
  const lines = shown.map(({ lane, colour, name }) => {
    const values = schedules[lane]?.[planned.key] ?? [];
    const samples = (stepped ? held : rows)[lane] ?? [];
    const drawn = samples.map((sample) => (sample === null ? null : (values[sample] ?? null)));
    return { ...laneLine(lane, colour, dark, name, drawn), stepped };
  });
  const marked = shown.flatMap(({ lane }, index) => {
    const schedule = schedules[lane];
    return schedule ? [{ lane, schedule, colour: lines[index]?.colour ?? '' }] : [];
  });
  const format = stepped ? formatShare : formatNumber;
  const all = /** @type {[number, number]} */ ([0, 1 + (x.at(-1) ?? run.steps)]);
  return {
    x,
    lines,
    bands: [],
    read: (value, line, row) => {
      const lane = shown[line]?.lane ?? 0;
      const of = schedules[lane];
      const pattern =
        of && planned.key !== 'learning_rate' ? ` (${patternAt(of, held[lane]?.[row] ?? 0)})` : '';
      return format(value) + pattern;
    },
    xRange: (view.x === 'step' ? view.zoom : null) ?? all,
    // What is chosen here means nothing to charts along another axis.
    whole: view.x === 'step' ? all : null,
    xLabel: 'step',
    xLog: false,
    xTicks: run.document ? null : [],
    // Steps are no places on another axis.
    sync: view.x === 'step',
    log,
    yLabel: planned.label,
    yLimits: planned.key === 'learning_rate' ? null : [0, 1],
    format: formatNumber,
    marks: marksOf(marked, (_, step) => step, true),
    // What is edited has not begun.
    now: edited ? null : run.step,
    handles: handlesOf(lab, planned),
    dark,
  };
}

/** The schedules to draw, repetitions as one: of the draft while it differs, of the run otherwise. @param {State} state */
function scheduleOf(state) {
  const { draft, run, view } = state;
  const edited = draft.schedule !== null && changes(state).length > 0;
  if (!edited) {
    const lanes = tracesOf(state).map(({ lanes, label }) => {
      const lane = lanes.find((one) => !view.hidden.includes(one)) ?? -1;
      return { lane, name: label, colour: colourIndex(view, lane), hidden: lane < 0 };
    });
    return { schedules: run.schedule, lanes, edited };
  }
  const lanes = draftTraces(state).map(({ lanes, label }) => {
    const lane = lanes.find((one) => !view.hidden.includes(draft.origins[one] ?? -1)) ?? -1;
    return { lane, name: label, colour: draftColour(state, lane), hidden: lane < 0 };
  });
  return { schedules: draftSchedule(state), lanes, edited };
}

/** @param {Lab} lab @param {Planned} planned @returns {Handle[]} */
function handlesOf({ state, dark }, planned) {
  const lane = designedLane(state);
  if (!lanesOf(state.draft.document)[lane]) return [];
  const { colour } = laneLine(lane, draftColour(state, lane), dark, '', []);
  const name = draftTraces(state).find(({ lanes }) => lanes.includes(lane))?.label ?? '';
  const steps = draftSchedule(state)[lane]?.steps.at(-1) ?? 0;
  const grips = gripsOf(state, lane).filter(({ id }) => planned.grips.includes(id));
  return grips.map(({ id, label, text, at, min, max }) => ({
    id,
    label: id === 'warmup' ? label : `${label} of ${name}`,
    text,
    colour: id === 'warmup' ? '' : colour,
    x: at,
    y: id === 'beta' ? 0.5 : null,
    min,
    max,
    step: Math.max(1, Math.round(steps / KEYS_PER_BUDGET)),
  }));
}
