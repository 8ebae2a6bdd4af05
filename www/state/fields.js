/** The lab's field table, read for one field of a document. */

import { specPath } from './paths.js';

/** @import { FieldSpec } from '../worker/protocol.d.ts' */

/** Whether a field has a meaning for the value of its group's selector. @param {FieldSpec} spec @param {unknown} selected */
export function appliesTo(spec, selected) {
  return spec.applies_to.length === 0 || spec.applies_to.includes(String(selected));
}

/** The field table's entry for a path in the document. @param {FieldSpec[]} fields @param {string} path */
export function fieldAt(fields, path) {
  return fields.find((spec) => spec.path === specPath(path));
}

/**
 * The value that a text means. What cannot be read goes to the validation as it stands, which says
 * what is expected; nothing is guessed here.
 *
 * @param {FieldSpec} spec
 * @param {string} text
 * @returns {unknown}
 */
export function readText(spec, text) {
  const trimmed = text.trim();
  if (trimmed === '' && spec.nullable) return null;
  if (spec.kind === 'text') return text;
  if (spec.kind === 'pattern') {
    const [, n, m] = /^(\d+)\s*:\s*(\d+)$/.exec(trimmed) ?? [];
    return n === undefined || m === undefined ? text : { n: Number(n), m: Number(m) };
  }
  const number = Number(trimmed);
  return trimmed === '' || !Number.isFinite(number) ? text : number;
}
