/**
 * The page's one store. Each slice of the state has one writer, its reducer; worker events and the
 * visitor's actions reach all reducers alike.
 */

import { answers } from './answers.js';
import { catalog } from './catalog.js';
import { device } from './device.js';
import { draft } from './draft.js';
import { history } from './history.js';
import { inspector } from './inspector.js';
import { kernels } from './kernels.js';
import { matrices } from './matrices.js';
import { notices } from './notices.js';
import { replay } from './replay.js';
import { run } from './run.js';
import { runs } from './runs.js';
import { study } from './study.js';
import { view } from './view.js';

/** @import { Event as LabEvent } from '../worker/protocol.d.ts' */
/** @import { AnswersAction } from './answers.js' */
/** @import { DraftAction } from './draft.js' */
/** @import { HistoryAction } from './history.js' */
/** @import { InspectorAction } from './inspector.js' */
/** @import { KernelsAction } from './kernels.js' */
/** @import { NoticeAction } from './notices.js' */
/** @import { RecordingAction } from './recording.js' */
/** @import { ReplayAction } from './replay.js' */
/** @import { RunAction } from './run.js' */
/** @import { RunsAction } from './runs.js' */
/** @import { StudyAction } from './study.js' */
/** @import { ViewAction } from './view.js' */
/** @import { DeviceAction } from './device.js' */

/**
 * @typedef {LabEvent | DraftAction | HistoryAction | NoticeAction | RecordingAction | RunAction | ViewAction
 *   | DeviceAction | ReplayAction | RunsAction | InspectorAction | KernelsAction | StudyAction | AnswersAction} Action
 */

/**
 * @typedef {object} State
 * @property {import('./catalog.js').Catalog} catalog  What the lab offers: fields, metrics, presets.
 * @property {import('./device.js').Device} device     Where it trains, and what was asked for.
 * @property {import('./run.js').Run} run              The experiment that trains.
 * @property {import('./runs.js').Runs} runs           Saved runs.
 * @property {import('./draft.js').Draft} draft        The experiment as edited.
 * @property {import('./history.js').History} history  What was measured.
 * @property {import('./replay.js').Replay} replay     The results, and those to repeat.
 * @property {import('./inspector.js').Inspector} inspector  The matrix under the lens.
 * @property {import('./answers.js').Answers} answers  What a network answers to held-out samples.
 * @property {import('./view.js').View} view           How the visitor wants to see it.
 * @property {import('./notices.js').Notice[]} notices Messages to the visitor.
 * @property {import('./kernels.js').Kernels} kernels  Times of matrix products on this device.
 * @property {import('./matrices.js').Matrices} matrices  Noise of single matrices.
 * @property {import('./study.js').Study} study        A sweep over seeds and values, and its results.
 */

/** @param {State} state @param {Action} action @returns {State} */
function reduce(state, action) {
  return {
    catalog: catalog(state.catalog, action),
    device: device(state.device, action),
    run: run(state.run, action),
    runs: runs(state.runs, action),
    draft: draft(state.draft, action),
    history: history(state.history, action),
    replay: replay(state.replay, action),
    inspector: inspector(state.inspector, action),
    answers: answers(state.answers, action),
    view: view(state.view, action),
    notices: notices(state.notices, action),
    kernels: kernels(state.kernels, action),
    matrices: matrices(state.matrices, action),
    study: study(state.study, action),
  };
}

export class Store {
  /** @type {State} */
  #state;
  /** @type {Set<(action: Action) => void>} */
  #listeners = new Set();

  /** @param {State} initial */
  constructor(initial) {
    this.#state = initial;
  }

  get state() {
    return this.#state;
  }

  /** @param {Action} action */
  dispatch(action) {
    this.#state = reduce(this.#state, action);
    for (const listener of this.#listeners) listener(action);
  }

  /** @param {(action: Action) => void} listener @returns {() => void} Ends the subscription. */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
