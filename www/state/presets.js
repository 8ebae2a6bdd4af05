/** Which of the lab's presets an experiment is. */

import { sameExperiment } from './labels.js';

/** @import { RawExperiment } from '../worker/protocol.d.ts' */
/** @import { Catalog } from './catalog.js' */

/**
 * The preset that trains the same; null for any other experiment, also for a preset that was changed under its name.
 *
 * @param {Catalog} catalog
 * @param {RawExperiment | null} document
 */
export function presetOf({ presets }, document) {
  return (
    presets.find((preset) => preset.title === document?.name && sameExperiment(preset.document, document)) ??
    null
  );
}
