/** The study that the form describes. */

import { lanesOf } from './draft.js';
import { fieldAt, readText } from './fields.js';
import { seedGroups } from './seeds.js';

/** @import { FieldSpec, Problem, RawExperiment } from '../worker/protocol.d.ts' */
/** @import { Json } from './paths.js' */
/** @import { State } from './store.js' */

/** Fields that a study sets itself, or that name things. */
const NOT_SWEPT = ['version', 'name', 'task.kind', 'lanes[].name', 'lanes[].seed'];
/** What is swept most; the others come after it. */
const OFTEN = ['ff', 'attention', 'locations', 'beta', 'k', 'dense_frac', 'finetune_frac', 'learning_rate'];

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
 * @returns {{ document: Json, lanes: number, cells: number, problems: Problem[] }}
 */
export function documentOf({ study, draft, catalog }) {
  const experiment = { ...draft.document, lanes: distinctLanes(draft.document ?? {}) };
  const chosen = study.sweeps.filter(({ field }) => field !== '');
  const sweep = chosen.map(({ field, values }) => ({
    field,
    values: valuesOf(fieldAt(catalog.fields, field), values),
  }));
  const labels = chosen.map(({ field }) => fieldAt(catalog.fields, field)?.label ?? field);
  const seeds = Number(study.seeds);
  /** @type {Problem[]} */
  const problems = [];
  if (study.seeds.trim() === '' || !Number.isInteger(seeds))
    problems.push({ field: 'seeds', reason: 'must be a whole number; 5 make an interval worth reading' });
  if (new Set(chosen.map(({ field }) => field)).size < chosen.length)
    problems.push({ field: 'sweep', reason: 'names one field twice; choose another, or none' });
  const title = String(draft.document?.name ?? 'Experiment');
  const name =
    labels.length > 0 ? `${title} by ${labels.join(' and ').toLowerCase()}` : `${title} over seeds`;
  return {
    document: { version: 1, name, notes: '', seeds, experiment, sweep },
    lanes: experiment.lanes.length,
    cells: sweep.reduce((cells, { values }) => cells * values.length, 1),
    problems,
  };
}
