/**
 * The experiment as the visitor edits it. It may be wrong at any moment; the worker's validation
 * says where, and nothing of it reaches the training before it is applied.
 */

import { sameJson } from './paths.js';

/** @import { CheckedLane, Problem, Schedule } from '../worker/protocol.d.ts' */
/** @import { Json } from './paths.js' */
/** @import { Action } from './store.js' */

/**
 * @typedef {object} Draft
 * @property {Json | null} document
 * @property {Json | null} base           What the edits started from: the experiment that trains.
 * @property {(number | null)[]} origins  For each lane its index in the experiment that trains; null is new.
 * @property {Problem[]} problems
 * @property {CheckedLane[] | null} lanes   From the last check without problems.
 * @property {Schedule[] | null} schedule   From the last check without problems.
 * @property {boolean} checking             Edited since the last check.
 */

/**
 * @typedef {{ type: 'draft/edited', document: Json, origins: (number | null)[] }
 *   | { type: 'draft/refused', problems: Problem[] }
 *   | { type: 'draft/discarded' }} DraftAction
 */

/** @type {Draft} */
export const emptyDraft = {
  document: null,
  base: null,
  origins: [],
  problems: [],
  lanes: null,
  schedule: null,
  checking: false,
};

/** @param {Json} document @returns {Draft} */
function untouched(document) {
  return { ...emptyDraft, document, base: document, origins: lanesOf(document).map((_, index) => index) };
}

/** @param {Draft} draft @param {Action} action @returns {Draft} */
export function draft(draft, action) {
  switch (action.type) {
    case 'opened':
      // A reset or a restart after a failure opens the same experiment again; edits of it stay.
      return sameJson(action.document, draft.base) ? draft : untouched(action.document);
    case 'draft/edited':
      return { ...draft, document: action.document, origins: action.origins, checking: true };
    case 'draft/discarded':
      return draft.base ? untouched(draft.base) : draft;
    case 'draft/refused':
      return { ...draft, problems: action.problems, checking: false };
    case 'checked': {
      const { problems, lanes, schedule } = action;
      if (problems.length > 0) return { ...draft, problems, checking: false };
      return { ...draft, problems, lanes, schedule, checking: false };
    }
    default:
      return draft;
  }
}

/** @param {Json | null} document @returns {Json[]} */
export function lanesOf(document) {
  return document && Array.isArray(document.lanes) ? document.lanes : [];
}
