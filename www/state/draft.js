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
 * @property {(string | null)[]} names    What the lab calls each lane, as of the last check; null is not checked yet.
 * @property {string[]} baseNames         The same of the lanes that train.
 * @property {Problem[]} problems
 * @property {(CheckedLane | null)[] | null} lanes   From the last check without problems; null of a lane that is newer,
 *   and of all while the lane that they are compared with is.
 * @property {Schedule[] | null} schedule   From the last check without problems.
 * @property {boolean} checking             Edited since the last check.
 */

/** @typedef {{ document: Json } & Pick<Draft, 'origins' | 'colours' | 'names' | 'lanes' | 'schedule'>} Edit */

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
  names: [],
  baseNames: [],
  problems: [],
  lanes: null,
  schedule: null,
  checking: false,
};

/** @param {unknown} document @param {string[]} names @returns {Draft} */
function untouched(document, names) {
  const base = /** @type {Json} */ (document);
  const lanes = lanesOf(base);
  const origins = lanes.map((_, index) => index);
  const colours = lanes.map(() => null);
  return { ...emptyDraft, document: base, base, origins, colours, names, baseNames: names };
}

/** @param {Draft} draft @param {Action} action @returns {Draft} */
export function draft(draft, action) {
  switch (action.type) {
    case 'opened':
      // A reset or a restart after a failure opens the same experiment again; edits of it stay.
      return sameJson(action.document, draft.base)
        ? draft
        : untouched(action.document, namesOf(action.lanes));
    case 'relabelled':
      return { ...draft, base: action.document, baseNames: action.names };
    case 'recording/loaded':
      return untouched(action.recording.document, namesOf(action.recording.names));
    case 'draft/edited': {
      const { document, origins, colours, names, lanes, schedule } = action;
      return { ...draft, document, origins, colours, names, lanes, schedule, checking: true };
    }
    case 'draft/lane_coloured':
      return { ...draft, colours: draft.colours.with(action.lane, action.colour) };
    case 'draft/discarded':
      return draft.base ? untouched(draft.base, draft.baseNames) : draft;
    case 'draft/refused':
      return { ...draft, problems: action.problems, checking: false };
    case 'checked': {
      const { problems, names, lanes, schedule } = action;
      if (problems.length > 0) {
        // A lane is not called after a value that stands in for a wrong one.
        const wrong = (/** @type {number} */ lane) =>
          problems.some(({ field }) => field.startsWith(`lanes[${lane}].`));
        const kept = names.map((name, lane) => (wrong(lane) ? (draft.names[lane] ?? name) : name));
        return { ...draft, problems, names: kept, checking: false };
      }
      return { ...draft, problems, names, lanes, schedule, checking: false };
    }
    default:
      return draft;
  }
}

/** @param {{ name: string }[]} lanes */
function namesOf(lanes) {
  return lanes.map(({ name }) => name);
}

/** @param {Json | null} document @returns {Json[]} */
export function lanesOf(document) {
  return document && Array.isArray(document.lanes) ? document.lanes : [];
}
