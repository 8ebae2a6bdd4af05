/** Names of an experiment and its lanes: labels, which change nothing of what is trained. */

import { lanesOf } from './draft.js';
import { sameJson } from './paths.js';

/** @import { Json } from './paths.js' */
/** @import { State } from './store.js' */

/** Whether two documents train the same: they may differ in names. @param {unknown} a @param {unknown} b */
export function sameExperiment(a, b) {
  return sameJson(unnamed(a), unnamed(b));
}

/** @param {unknown} document @returns {unknown} */
function unnamed(document) {
  if (typeof document !== 'object' || document === null) return document;
  const json = /** @type {Json} */ (document);
  return { ...json, name: null, lanes: lanesOf(json).map((lane) => ({ ...lane, name: null })) };
}

/** Whether the experiment on the page can be given other names as it is. @param {State['run']} run */
export function relabels({ phase }) {
  return ['idle', 'running', 'paused', 'finished'].includes(phase);
}

/**
 * The experiment that trains under the names of the draft; null when it has them already, or they cannot be used.
 *
 * @param {Pick<State, 'run' | 'draft'>} state
 * @returns {Json | null}
 */
export function relabelled({ run, draft }) {
  const wrong = draft.problems.some(({ field }) => /^(name|lanes\[\d+\]\.name)$/.test(field));
  if (!relabels(run) || !run.document || !draft.document || draft.checking || wrong) return null;
  const running = /** @type {Json} */ (/** @type {unknown} */ (run.document));
  const lanes = lanesOf(running).map((lane, index) => {
    const edited = lanesOf(draft.document)[draft.origins.indexOf(index)];
    return edited ? { ...lane, name: edited.name } : lane;
  });
  const document = { ...running, name: draft.document.name, lanes };
  return sameJson(document, running) ? null : document;
}
