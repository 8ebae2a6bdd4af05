/** What of a lane's schedule can be dragged in its plot, and which field that sets. */

import { lanesOf } from './draft.js';
import { appliesTo, fieldAt } from './fields.js';
import { draftName } from './lanes.js';
import { getAt } from './paths.js';
import { traces } from './seeds.js';

/** @import { RawExperiment, Schedule } from '../worker/protocol.d.ts' */
/** @import { State } from './store.js' */

/**
 * @typedef {object} Grip
 * @property {'beta' | 'dense' | 'finetune' | 'warmup'} id
 * @property {string[]} paths  Of the field in the document: once for every lane that is drawn as one with the lane.
 * @property {string} label
 * @property {number} at     Step where it lies.
 * @property {number} min
 * @property {number} max
 * @property {string} text   What its place means.
 * @property {(step: number) => number} value  The field's value when it lies at a step.
 */

/** The schedules of the draft as last checked, or those that train. @param {State} state */
export function draftSchedule({ draft, run }) {
  return draft.schedule ?? run.schedule;
}

/** The lane whose schedule is edited: the chosen one, or the first that shows most. @param {State} state */
export function designedLane(state) {
  const lanes = lanesOf(state.draft.document);
  const { designed } = state.view;
  if (designed !== null && designed < lanes.length) return designed;
  const schedules = draftSchedule(state);
  const decaying = schedules.findIndex(({ half_life }) => half_life !== null);
  const pruning = schedules.findIndex(({ stages }) => stages.length > 1);
  return Math.max(0, decaying >= 0 ? decaying : pruning);
}

/** The lanes of the draft as charts draw them: repetitions that differ in their seed alone are designed together. @param {State} state */
export function draftTraces(state) {
  const { draft, view } = state;
  const names = lanesOf(draft.document).map((_, index) => draftName(state, index));
  const document = /** @type {RawExperiment} */ (/** @type {unknown} */ (draft.document));
  return traces(document, names, view.bands);
}

/** Everything that can be dragged of a lane and its repetitions. @param {State} state @param {number} lane @returns {Grip[]} */
export function gripsOf(state, lane) {
  const { document } = state.draft;
  const schedule = draftSchedule(state)[lane];
  const steps = getAt(document, 'steps');
  if (!schedule || typeof steps !== 'number' || !(steps >= 2)) return [];
  const recipe = getAt(document, `lanes[${lane}].recipe`);
  const uses = (/** @type {string} */ key) => {
    const spec = fieldAt(state.catalog.fields, `lanes[].${key}`);
    return spec !== undefined && appliesTo(spec, recipe);
  };
  const placed = placesOf(document, lane, steps, schedule);
  const together = draftTraces(state).find(({ lanes }) => lanes.includes(lane))?.lanes ?? [lane];
  const pathsTo = (/** @type {string} */ key) => together.map((each) => `lanes[${each}].${key}`);
  return [
    ...(uses('beta') ? betaGrip(pathsTo('beta'), schedule, placed) : []),
    ...(uses('dense_frac')
      ? [
          border(
            'dense',
            pathsTo('dense_frac'),
            'End of the dense phase',
            placed.dense,
            0,
            placed.finetune - 1,
            steps,
          ),
        ]
      : []),
    ...(uses('finetune_frac') ? [finetuneGrip(pathsTo('finetune_frac'), placed, steps)] : []),
    border(
      'warmup',
      ['optimizer.warmup_frac'],
      'End of the warm-up',
      placed.warmup,
      0,
      Math.floor(steps * 0.9),
      steps,
    ),
  ];
}

/** @typedef {{ dense: number, finetune: number, warmup: number, half: number | null }} Places */

/**
 * Where the borders lie by the draft's own numbers, so that a handle follows the pointer and not the
 * answer of the check; by the checked schedule where a number cannot be read.
 *
 * @param {unknown} document
 * @param {number} lane
 * @param {number} steps
 * @param {Schedule} schedule
 * @returns {Places}
 */
function placesOf(document, lane, steps, schedule) {
  const share = (/** @type {string} */ path, /** @type {number} */ otherwise) => {
    const value = getAt(document, path);
    return typeof value === 'number' && value >= 0 && value <= 1 ? Math.round(value * steps) : otherwise;
  };
  const dense = share(`lanes[${lane}].dense_frac`, schedule.dense_end);
  const finetune = steps - share(`lanes[${lane}].finetune_frac`, steps - schedule.finetune_start);
  const warmup = share('optimizer.warmup_frac', schedule.warmup_steps);
  const beta = getAt(document, `lanes[${lane}].beta`);
  const travelled = travelledAtHalf(schedule);
  const life =
    typeof beta === 'number' && beta > 0 && travelled !== null ? travelled / beta : schedule.half_life;
  return { dense, finetune, warmup, half: life === null ? null : dense + life };
}

/** beta times j where D is one half: a constant of the decay's shape. @param {Schedule} schedule */
function travelledAtHalf({ beta, half_life }) {
  return beta !== null && half_life !== null ? beta * half_life : null;
}

/** @param {string[]} paths @param {Schedule} schedule @param {Places} places @returns {Grip[]} */
function betaGrip(paths, schedule, { dense, finetune, half }) {
  const travelled = travelledAtHalf(schedule);
  if (half === null || travelled === null || finetune <= dense + 1) return [];
  const at = Math.max(dense + 1, Math.min(Math.round(half), finetune - 1));
  const value = (/** @type {number} */ step) => Number((travelled / (step - dense)).toPrecision(3));
  return [
    {
      id: 'beta',
      paths,
      label: 'Speed of decay',
      at,
      min: dense + 1,
      max: finetune - 1,
      text: `D is one half at step ${at.toLocaleString()}`,
      value,
    },
  ];
}

/** @param {string[]} paths @param {Places} places @param {number} steps @returns {Grip} */
function finetuneGrip(paths, { dense, finetune }, steps) {
  const grip = border('finetune', paths, 'Start of fine-tuning', finetune, dense + 1, steps, steps);
  return {
    ...grip,
    text: `step ${finetune.toLocaleString()}`,
    value: (step) => grip.value(steps - step),
  };
}

/**
 * The end of a phase that starts with the run.
 *
 * @param {Grip['id']} id
 * @param {string[]} paths
 * @param {string} label
 * @param {number} at
 * @param {number} min
 * @param {number} max
 * @param {number} steps
 * @returns {Grip}
 */
function border(id, paths, label, at, min, max, steps) {
  const text = `step ${at.toLocaleString()}`;
  // Five digits name every step of any budget that a page trains.
  return { id, paths, label, at, min, max, text, value: (step) => Number((step / steps).toPrecision(5)) };
}
