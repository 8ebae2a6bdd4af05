/** What the lab says about a document, in the words of the page's form. */

import { fieldAt } from './fields.js';

/** @import { FieldSpec, Problem } from '../worker/protocol.d.ts' */

/** Titles of the parts of a document, by the first part of a path. */
export const TITLES = /** @type {Record<string, string>} */ ({
  '': 'Run',
  task: 'Task',
  model: 'Model',
  optimizer: 'Optimizer (AdamW)',
  lanes: 'Lanes',
  eval: 'Evaluation',
});

/** What a visitor chooses beside the document. @type {Record<string, string>} */
export const BESIDE = { device: 'Device', seeds: 'Seeds', sweep: 'Sweep' };

/** Words of a document that are no field, and what a form has in their place. @type {Record<string, string>} */
const VALUES = { null: 'empty', '{"n": N, "m": M}': 'N:M' };

/**
 * A reason or help as readers of the form understand it: its words of the document stand in backticks, and become the
 * labels of their fields.
 *
 * @param {string} text
 * @param {FieldSpec[]} fields
 */
export function inWords(text, fields) {
  return text.replaceAll(/`([^`]*)`/g, (_, /** @type {string} */ word) => {
    const spec = fields.find(({ path }) => path === word || path.endsWith(`.${word}`));
    return spec ? `“${spec.label}”` : (VALUES[word] ?? word);
  });
}

/**
 * The field that a problem names, as the form labels it, with its lane; null where the form has no such field.
 *
 * @param {Problem} problem
 * @param {FieldSpec[]} fields
 * @param {(lane: number) => string} [laneName]
 */
export function fieldName({ field }, fields, laneName = (lane) => `Lane ${lane + 1}`) {
  // An experiment inside a study or a file of results.
  const path = field.replace(/^((experiment|document)\.)+/, '');
  const [, pattern = path, part = ''] = /^(lanes\[\d+\]\.\w+)\.([nm])$/.exec(path) ?? [];
  const [lane] = /(?<=^lanes\[)\d+/.exec(path) ?? [];
  const label = fieldAt(fields, pattern)?.label ?? (lane ? '' : (TITLES[path] ?? BESIDE[path]));
  if (label === undefined) return null;
  const named = part ? `${label} (${part.toUpperCase()})` : label;
  return [named, lane ? laneName(Number(lane)) : ''].filter(Boolean).join(' of ');
}
