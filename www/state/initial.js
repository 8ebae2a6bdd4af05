import { noAnswers } from './answers.js';
import { emptyCatalog } from './catalog.js';
import { unknownDevice } from './device.js';
import { emptyDraft } from './draft.js';
import { emptyHistory } from './history.js';
import { emptyInspector } from './inspector.js';
import { noKernels } from './kernels.js';
import { noMatrices } from './matrices.js';
import { emptyReplay } from './replay.js';
import { emptyRun } from './run.js';
import { emptyRuns } from './runs.js';
import { emptyStudy } from './study.js';
import { defaultView } from './view.js';

/** @import { State } from './store.js' */
/** @import { Preferences } from './preferences.js' */

/**
 * The state before the worker has answered.
 *
 * @param {Preferences} preferences
 * @param {boolean} prefersDark  Whether the system asks for dark.
 * @returns {State}
 */
export function initialState(preferences, prefersDark) {
  return {
    catalog: emptyCatalog,
    device: unknownDevice,
    run: emptyRun,
    runs: emptyRuns,
    draft: emptyDraft,
    history: emptyHistory,
    replay: emptyReplay,
    inspector: emptyInspector,
    answers: noAnswers,
    view: defaultView(preferences, prefersDark),
    notices: [],
    kernels: noKernels,
    matrices: noMatrices,
    study: emptyStudy,
  };
}
