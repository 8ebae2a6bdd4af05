/** A run's results against those that its link or file promises. */

import { sameExperiment } from './labels.js';

/** @import { Comparison, Fingerprint } from '../worker/protocol.d.ts' */
/** @import { Action, State } from './store.js' */

/**
 * @typedef {object} Replay
 * @property {unknown} document                The experiment that `expected` belongs to.
 * @property {Fingerprint | null} expected     Results of the run that was shared.
 * @property {Fingerprint | null} found        Results of the run on the page, once it has finished.
 * @property {Comparison | null} comparison
 */

/** @typedef {{ type: 'replay/expected', document: unknown, fingerprint: Fingerprint | null }} ReplayAction */

/** @type {Replay} */
export const emptyReplay = { document: null, expected: null, found: null, comparison: null };

/**
 * The results that the run on the page should repeat. A link can wait for files while another experiment trains.
 *
 * @param {Pick<State, 'run' | 'replay'>} state
 */
export function expectedOf({ run, replay }) {
  return sameExperiment(run.document, replay.document) ? replay.expected : null;
}

/** @param {Replay} replay @param {Action} action @returns {Replay} */
export function replay(replay, action) {
  switch (action.type) {
    case 'replay/expected':
      return { ...emptyReplay, document: action.document, expected: action.fingerprint };
    case 'opened':
      // Reset and resume open the same experiment again; another one has nothing to repeat.
      return sameExperiment(action.document, replay.document)
        ? { ...replay, found: null, comparison: null }
        : emptyReplay;
    case 'fingerprint':
      return { ...replay, found: action.fingerprint };
    case 'compared':
      return { ...replay, comparison: action.comparison };
    default:
      return replay;
  }
}
