/** A study: lanes over seeds and swept values, trained on the page or read from a file. */

import { sameJson } from './paths.js';

/** @import { PlannedCell, Problem, StudyCell, StudyResults } from '../worker/protocol.d.ts' */
/** @import { KeptStudy, Underway } from '../storage/database.js' */
/** @import { Json } from './paths.js' */
/** @import { Action } from './store.js' */

/** A field to sweep and its values as they are typed; null are those suggested. @typedef {{ field: string, values: string | null }} Sweep */

/** @typedef {'sweep' | 'hill' | 'curves'} ChartId */

/**
 * @typedef {object} StudyView  What is drawn of the results.
 * @property {string} metric         Key of a summarised metric.
 * @property {string | null} along   Swept field on the x axis; null is the first.
 * @property {number} other          Which value of the other swept field is drawn.
 * @property {[string, string] | null} pair  Lanes whose crossover is looked for; null picks two.
 * @property {string | null} curve   Key of the metric drawn over the steps; null is the first that was kept.
 * @property {number | null} cell    Which point's curves are drawn; null is the last, where pruning is hardest.
 * @property {ChartId | null} table  The chart whose numbers are listed.
 */

/**
 * @typedef {object} Study
 * @property {boolean} shown        Whether the panel is open.
 * @property {Sweep[]} sweeps       The form.
 * @property {string} seeds
 * @property {Problem[]} problems   Why the form cannot be trained.
 * @property {'none' | 'running' | 'paused' | 'finished' | 'file'} phase
 * @property {Json | null} document   The study that is trained here.
 * @property {PlannedCell[]} cells    What it consists of.
 * @property {number[]} skipped       Combinations that the visitor gave up.
 * @property {StudyResults | null} results
 * @property {StudyResults[]} behind  Other results, drawn behind.
 * @property {Underway | null} underway
 * @property {{ cell: number, part: number, step: number, stepsPerSecond: number } | null} progress
 * @property {string | null} trouble  Why it stopped by itself.
 * @property {boolean} discarding     Asked to be discarded, not yet confirmed.
 * @property {StudyView} view
 */

/**
 * @typedef {{ type: 'study/shown', shown: boolean }
 *   | { type: 'study/form', sweeps: Sweep[], seeds: string }
 *   | { type: 'study/refused', problems: Problem[] }
 *   | { type: 'study/planned', document: Json, cells: PlannedCell[], results: StudyResults }
 *   | { type: 'study/phase', phase: Study['phase'] }
 *   | { type: 'study/progress', progress: Study['progress'] }
 *   | { type: 'study/underway', underway: Underway | null }
 *   | { type: 'study/cell', cell: StudyCell, device: string }
 *   | { type: 'study/skipped', cell: number }
 *   | { type: 'study/trouble', trouble: string }
 *   | { type: 'study/stopped' }
 *   | { type: 'study/discarding', discarding: boolean }
 *   | { type: 'study/opened', results: StudyResults }
 *   | { type: 'study/behind', results: StudyResults }
 *   | { type: 'study/behind_removed', at: number }
 *   | { type: 'study/restored' } & KeptStudy
 *   | { type: 'study/closed' }
 *   | { type: 'study/view', change: Partial<StudyView> }} StudyAction
 */

/** @type {Study} */
export const emptyStudy = {
  shown: false,
  sweeps: [{ field: 'lanes[].ff', values: null }],
  seeds: '3',
  problems: [],
  phase: 'none',
  document: null,
  cells: [],
  skipped: [],
  results: null,
  behind: [],
  underway: null,
  progress: null,
  trouble: null,
  discarding: false,
  view: {
    metric: 'val_accuracy_hard',
    along: null,
    other: 0,
    pair: null,
    curve: null,
    cell: null,
    table: null,
  },
};

/** @param {Study} study @param {Action} action @returns {Study} */
export function study(study, action) {
  switch (action.type) {
    case 'study/shown':
      return { ...study, shown: action.shown };
    case 'study/form':
      return { ...study, sweeps: action.sweeps, seeds: action.seeds, problems: [] };
    case 'study/refused':
      return { ...study, problems: action.problems };
    case 'study/planned': {
      const { document, cells, results } = action;
      // A study that goes on keeps what the visitor looks at.
      const same = sameJson(document, study.document);
      const view = same ? study.view : { ...emptyStudy.view, metric: study.view.metric };
      const skipped = same ? study.skipped : [];
      const underway = same ? study.underway : null;
      return {
        ...study,
        problems: [],
        phase: 'running',
        document,
        cells,
        skipped,
        results,
        underway,
        view,
        trouble: null,
      };
    }
    case 'study/phase':
      return { ...study, phase: action.phase };
    case 'study/progress':
      return { ...study, progress: action.progress };
    case 'study/underway':
      return { ...study, underway: action.underway };
    case 'study/cell':
      return study.results ? { ...study, results: withCell(study.results, action), underway: null } : study;
    case 'study/skipped':
      return { ...study, skipped: [...study.skipped, action.cell], underway: null, trouble: null };
    case 'study/trouble':
      return { ...study, phase: 'paused', trouble: action.trouble };
    case 'study/stopped':
      return {
        ...study,
        phase: 'finished',
        progress: null,
        underway: null,
        trouble: null,
        discarding: false,
      };
    case 'study/discarding':
      return { ...study, discarding: action.discarding };
    case 'study/opened': {
      const { shown: _, sweeps, seeds, ...fresh } = emptyStudy;
      return { ...study, ...fresh, shown: true, phase: 'file', results: action.results };
    }
    case 'study/behind':
      return { ...study, shown: true, behind: [...study.behind, action.results] };
    case 'study/behind_removed':
      return { ...study, behind: study.behind.filter((_, at) => at !== action.at) };
    case 'study/restored': {
      const { phase, document, results, underway = null } = action;
      return study.phase === 'none' ? { ...study, phase, document, results, underway } : study;
    }
    case 'study/closed': {
      const { shown, sweeps, seeds } = study;
      return { ...emptyStudy, shown, sweeps, seeds };
    }
    case 'study/view':
      return { ...study, view: { ...study.view, ...action.change } };
    default:
      return study;
  }
}

/** @param {StudyResults} results @param {{ cell: StudyCell, device: string }} trained @returns {StudyResults} */
function withCell(results, { cell, device }) {
  return { ...results, device, cells: [...results.cells, cell] };
}

/** Paths of the fields that a study sweeps. @param {StudyResults} results */
export const sweptFields = ({ cells }) => [
  ...new Set(cells.flatMap(({ settings }) => Object.keys(settings))),
];

/** Whether each of its points has a place on the axes of another study. @param {StudyResults} shown @param {StudyResults} results */
export function canLieBehind(shown, results) {
  const [axes, swept] = [sweptFields(shown), sweptFields(results)];
  return (axes.length === 0 || swept.length > 0) && swept.every((field) => axes.includes(field));
}

/** The first combination that is neither trained nor given up; -1 when there is none. @param {Study} study */
export function nextCell({ cells, skipped, results }) {
  const done = (results?.cells ?? []).map(({ settings }) => settings);
  return cells.findIndex(
    (cell, index) => !skipped.includes(index) && !done.some((known) => sameJson(known, cell.settings)),
  );
}
