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
