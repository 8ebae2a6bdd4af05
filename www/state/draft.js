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
 * @property {(number | null)[]} colours  Palette entry of each new lane; the others have theirs in the view.
 * @property {Problem[]} problems
 * @property {CheckedLane[] | null} lanes   From the last check without problems.
 * @property {Schedule[] | null} schedule   From the last check without problems.
 * @property {boolean} checking             Edited since the last check.
 */

/** @typedef {{ document: Json, origins: (number | null)[], colours: (number | null)[] }} Edit */

/**
 * @typedef {{ type: 'draft/edited' } & Edit
 *   | { type: 'draft/lane_coloured', lane: number, colour: number }
 *   | { type: 'draft/refused', problems: Problem[] }
 *   | { type: 'draft/discarded' }} DraftAction
 */

/** @type {Draft} */
export const emptyDraft = {
  document: null,
  base: null,
  origins: [],
  colours: [],
  problems: [],
  lanes: null,
  schedule: null,
  checking: false,
};

/** @param {Json} document @returns {Draft} */
function untouched(document) {
  const lanes = lanesOf(document);
  const origins = lanes.map((_, index) => index);
  return { ...emptyDraft, document, base: document, origins, colours: lanes.map(() => null) };
}

/** @param {Draft} draft @param {Action} action @returns {Draft} */
export function draft(draft, action) {
  switch (action.type) {
    case 'opened':
      // A reset or a restart after a failure opens the same experiment again; edits of it stay.
      return sameJson(action.document, draft.base) ? draft : untouched(action.document);
    case 'relabelled':
      return { ...draft, base: action.document };
    case 'recording/loaded':
      return untouched(/** @type {Json} */ (/** @type {unknown} */ (action.recording.document)));
    case 'draft/edited': {
      const { document, origins, colours } = action;
      return { ...draft, document, origins, colours, checking: true };
    }
    case 'draft/lane_coloured':
      return { ...draft, colours: draft.colours.with(action.lane, action.colour) };
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
