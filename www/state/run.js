/** @import { GroupSummary, OpenedLane, RawExperiment, RunState, Schedule } from '../worker/protocol.d.ts' */
/** @import { Action } from './store.js' */

/**
 * @typedef {{ type: 'run/restarting' }
 *   | { type: 'run/opening', preset: string | null }
 *   | { type: 'run/speed', stepsPerSecond: number | null }} RunAction
 */

/** @typedef {{ step: number, bytes: Uint8Array }} Snapshot */

/**
 * @typedef {object} Run
 * @property {'loading' | RunState | 'failed' | 'recorded'} phase
 * @property {string | null} opening          The preset that is being opened in place of what trains.
 * @property {RawExperiment | null} document  The experiment that trains, complete.
 * @property {OpenedLane[]} lanes
 * @property {Schedule[]} schedule            What each lane's recipe prescribes, by lane.
 * @property {GroupSummary[]} summary         Over seeds, where lanes repeat each other; empty elsewhere.
 * @property {string[]} matrices              That a recipe can prune.
 * @property {number} step                    Steps done.
 * @property {number} steps                   The budget.
 * @property {{ made: number, asked: number } | null} preparing  Pipelines that the GPU is making.
 * @property {number | null} stepsPerSecond
 * @property {number | null} etaS             Seconds to the end of the budget.
 * @property {number | null} speedLimit       Steps per second asked for; null is full speed.
 * @property {Snapshot | null} snapshot       The latest, for a restart after a failure.
 * @property {{ message: string, remedy: string } | null} failure
 */

/** @type {Run} */
export const emptyRun = {
  phase: 'loading',
  opening: null,
  document: null,
  lanes: [],
  schedule: [],
  summary: [],
  matrices: [],
  step: 0,
  steps: 0,
  preparing: null,
  stepsPerSecond: null,
  etaS: null,
  speedLimit: null,
  snapshot: null,
  failure: null,
};

/** The first lane that prunes anything; the first of all where none does. @param {OpenedLane[]} lanes */
export function firstSparse(lanes) {
  return Math.max(
    0,
    lanes.findIndex((lane) => lane.sparse_parameters > 0),
  );
}

/** @param {Run} run @param {Action} action @returns {Run} */
export function run(run, action) {
  switch (action.type) {
    case 'opened': {
      const { document, lanes, schedule, matrices, step } = action;
      const snapshot = step > 0 ? run.snapshot : null;
      const fresh = { ...emptyRun, speedLimit: run.speedLimit, snapshot };
      return { ...fresh, phase: 'idle', document, lanes, schedule, matrices, step, steps: document.steps };
    }
    case 'relabelled': {
      const lanes = run.lanes.map((lane, index) => ({ ...lane, name: action.names[index] ?? lane.name }));
      return { ...run, document: action.document, lanes };
    }
    case 'recording/loaded': {
      const { document, names, steps } = action.recording;
      // What a network consists of is not in the file; it is known once the experiment is opened.
      const unknown = {
        parameters: 0,
        sparse_parameters: 0,
        inference_flops: 0,
        dense_flops: 0,
        packed_bytes: 0,
        dense_bytes: 0,
      };
      const lanes = names.map((lane) => ({ ...lane, ...unknown }));
      return {
        ...emptyRun,
        phase: 'recorded',
        document,
        lanes,
        step: steps.at(-1) ?? 0,
        steps: document.steps,
      };
    }
    case 'checked':
      // A recorded run has no worker that knows its schedule; the first check is of its own document.
      return run.phase === 'recorded' && run.schedule.length === 0
        ? { ...run, schedule: action.schedule }
        : run;
    case 'preparing': {
      const { made, asked } = action;
      return { ...run, preparing: made < asked ? { made, asked } : null };
    }
    case 'progress':
      return {
        ...run,
        step: action.step,
        steps: action.steps,
        stepsPerSecond: action.steps_per_second,
        etaS: action.eta_s,
        // A snapshot from beyond the present belongs to a run that was reset.
        snapshot: run.snapshot && run.snapshot.step > action.step ? null : run.snapshot,
      };
    case 'summary':
      return { ...run, summary: action.groups };
    case 'state':
      return { ...run, phase: action.state };
    case 'snapshot':
      return { ...run, step: action.step, snapshot: { step: action.step, bytes: action.bytes } };
    case 'run/opening':
      return { ...run, opening: action.preset };
    case 'run/speed':
      return { ...run, speedLimit: action.stepsPerSecond };
    case 'failed':
      return { ...run, phase: 'failed', failure: { message: action.message, remedy: action.remedy } };
    case 'run/restarting':
      return { ...run, phase: 'loading', failure: null };
    default:
      return run;
  }
}
