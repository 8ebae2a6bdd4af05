/** The study that the form describes. */

import { lanesOf } from './draft.js';
import { fieldAt, readText } from './fields.js';
import { draftName } from './lanes.js';
import { getAt } from './paths.js';
import { seedGroups } from './seeds.js';

/** @import { FieldSpec, Problem, RawExperiment } from '../worker/protocol.d.ts' */
/** @import { Json } from './paths.js' */
/** @import { State } from './store.js' */

/** Fields that a study sets itself, or that name things. */
const NOT_SWEPT = ['version', 'name', 'task.kind', 'lanes[].name', 'lanes[].seed'];
/** What is swept most; the others come after it. */
const OFTEN = ['ff', 'attention', 'locations', 'beta', 'k', 'dense_frac', 'finetune_frac', 'learning_rate'];

/** Values that say something of most experiments. @type {Record<string, string>} */
const SUGGESTED = {
  'lanes[].ff': '2:4, 1:4, 1:8, 1:16, 1:32',
  'lanes[].attention': '2:4, 1:4, 1:8',
  'lanes[].locations': 'qk, qkv, qkvo',
  'lanes[].beta': 'auto, 0.01, 0.03, 0.1',
  'lanes[].k': '4, 8, 16',
  'lanes[].dense_frac': '0, 0.05, 0.2, 0.4',
  'lanes[].finetune_frac': '0, 0.1, 0.2, 0.4',
  'lanes[].learning_rate': '0.0005, 0.001, 0.002, 0.004',
  steps: '300, 600, 1200',
};
/** Widths that groups of a pattern must divide. @type {Record<string, string[]>} */
const WIDTHS = { 'lanes[].ff': ['d_model', 'd_ff'], 'lanes[].attention': ['d_model'] };

/** Values of a field to begin with, as a visitor would type them. @param {State} state @param {string} field */
export function suggested({ draft, catalog }, field) {
  const spec = fieldAt(catalog.fields, field);
  const text = SUGGESTED[field] ?? plainValues(spec);
  const widths = (WIDTHS[field] ?? []).map((key) => Number(getAt(draft.document, `model.${key}`)));
  if (widths.length === 0) return text;
  const fits = (/** @type {string} */ pattern) =>
    widths.every((width) => width % Number(pattern.split(':')[1]) === 0);
  return text.split(', ').filter(fits).join(', ');
}

/** @param {FieldSpec | null | undefined} spec */
function plainValues(spec) {
  if (!spec) return '';
  if (spec.kind === 'choice') return spec.choices.map(({ value }) => value).join(', ');
  return spec.default === null || spec.default === undefined ? '' : String(spec.default);
}

/** Fields that can be swept: those that often are, then the others. @param {FieldSpec[]} fields @returns {[FieldSpec[], FieldSpec[]]} */
export function sweepable(fields) {
  const possible = fields.filter(({ path }) => !NOT_SWEPT.includes(path));
  const often = OFTEN.flatMap((key) => possible.filter(({ path }) => path === `lanes[].${key}`));
  return [often, possible.filter((spec) => !often.includes(spec))];
}

/**
 * The lanes that are repeated over the study's seeds: each configuration of the draft once.
 *
 * @param {Json} document
 */
function distinctLanes(document) {
  const lanes = lanesOf(document);
  const groups = seedGroups(/** @type {RawExperiment} */ (/** @type {unknown} */ (document)));
  return groups.map(([first = 0]) => lanes[first] ?? {});
}

/** What a lane of the study is called in the draft. @param {State} state @param {number} lane */
export function studyLaneName(state, lane) {
  const groups = seedGroups(/** @type {RawExperiment} */ (/** @type {unknown} */ (state.draft.document)));
  return draftName(state, groups[lane]?.[0] ?? lane);
}

/** The values of a list such as `1:4, 1:8` or `0.001 0.01`. @param {FieldSpec | undefined} spec @param {string} text */
export function valuesOf(spec, text) {
  const parts = text.split(/[\s,;]+/).filter(Boolean);
  return parts.map((part) => (spec ? readValue(spec, part) : part));
}

/** @param {FieldSpec} spec @param {string} text @returns {unknown} */
function readValue(spec, text) {
  const word = text.toLowerCase();
  if (spec.nullable && ['auto', 'automatic', 'dense', 'null'].includes(word)) return null;
  // `qkv` names three matrices.
  if (spec.kind === 'locations') return word === 'none' ? [] : [...word];
  if (spec.kind === 'choice')
    return (
      spec.choices.find(({ value, label }) => [value, label.toLowerCase()].includes(word))?.value ?? text
    );
  return readText(spec, text);
}

/**
 * @param {State} state
 * @returns {{ document: Json, lanes: number, cells: number, steps: number[], problems: Problem[] }}  The steps are those of each cell.
 */
export function documentOf(state) {
  const { study, draft, catalog } = state;
  const experiment = { ...draft.document, lanes: distinctLanes(draft.document ?? {}) };
  const chosen = study.sweeps.filter(({ field }) => field !== '');
  const sweep = chosen.map(({ field, values }) => ({
    field,
    values: valuesOf(fieldAt(catalog.fields, field), values ?? suggested(state, field)),
  }));
  const labels = chosen.map(({ field }) => fieldAt(catalog.fields, field)?.label ?? field);
  const seeds = Number(study.seeds);
  /** @type {Problem[]} */
  const problems = [];
  if (study.seeds.trim() === '' || !Number.isInteger(seeds))
    problems.push({ field: 'seeds', reason: 'must be a whole number; 5 make an interval worth reading' });
  if (new Set(chosen.map(({ field }) => field)).size < chosen.length)
    problems.push({ field: 'sweep', reason: 'names one field twice; choose another, or none' });
  const cells = sweep.reduce((cells, { values }) => cells * values.length, 1);
  const budgets = sweep.find(({ field }) => field === 'steps')?.values ?? [draft.document?.steps];
  const title = String(draft.document?.name ?? 'Experiment');
  const name =
    labels.length > 0 ? `${title} by ${labels.join(' and ').toLowerCase()}` : `${title} over seeds`;
  return {
    document: { version: 1, name, notes: '', seeds, experiment, sweep },
    lanes: experiment.lanes.length,
    cells,
    steps: Array.from({ length: cells }, (_, cell) => Number(budgets[cell % budgets.length])),
    problems,
  };
}
