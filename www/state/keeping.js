/**
 * Keeps runs: saves the one on the page every time its snapshot arrives, lists the saved ones, brings them back.
 * Storage that is full or closed is reported and never stops the run.
 */

import {
  listEntries,
  putEntry,
  putRun,
  putStudy,
  readEntry,
  readFile,
  readStudy,
  removeRun,
  STUDY,
} from '../storage/database.js';
import { putSnapshot, readSnapshot, removeSnapshot } from '../storage/snapshots.js';
import { needsFiles } from './files.js';
import { latest } from './history.js';
import { sameExperiment } from './labels.js';
import { sameJson } from './paths.js';
import { runFileOf } from './sharing.js';

/** @import { Entry, Underway } from '../storage/database.js' */
/** @import { RawExperiment, RunFile } from '../worker/protocol.d.ts' */
/** @import { Session } from './session.js' */
/** @import { Action, State } from './store.js' */

/** Runs that nobody asked to keep make room for newer ones beyond this number. */
const MOST_UNKEPT = 5;
/** Measurements of a running experiment are saved on the way while they are no more than this many rows. */
const FEW_ROWS = 2000;
const LOCK_TRIES = 6;
const LOCK_PAUSE_MS = 250;

/** A run as it was at a snapshot. @typedef {{ entry: Entry, file: RunFile, bytes: Uint8Array }} Moment */

export class Keeper {
  /** The latest of each run that is not saved yet. @type {Map<string, Moment>} */
  #due = new Map();
  /** Ends with the latest change of what is stored. */
  #changed = /** @type {Promise<unknown>} */ (Promise.resolve());
  /** Lets other tabs have the run that this one trains. @type {() => void} */
  #release = () => {};

  /** @param {Session} session */
  constructor(session) {
    this.session = session;
    this.store = session.store;
    this.store.subscribe((action) => this.#follow(action));
    document.addEventListener('visibilitychange', () => {
      // A hidden tab may be closed without another word.
      if (document.visibilityState === 'hidden' && this.store.state.run.phase === 'running')
        session.snapshot();
    });
    void this.refresh();
    void this.#restoreStudy();
  }

  /** @param {Action} action */
  #follow(action) {
    if (action.type === 'opened' && action.step === 0) this.#begin(newId());
    if (action.type === 'fingerprint' || action.type === 'relabelled') this.session.snapshot();
    if (action.type === 'snapshot') this.#save();
  }

  /** From now on the run on the page is the saved run `id`. @param {string} id */
  #begin(id) {
    this.#release();
    this.store.dispatch({ type: 'runs/current', id });
    void this.#lock(id);
  }

  /** @param {string} id @returns {Promise<boolean>} Whether no other tab trains this run. */
  #lock(id) {
    if (!navigator.locks) return Promise.resolve(true);
    return new Promise((resolve) => {
      void navigator.locks.request(`nmflow-run-${id}`, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        if (!lock) return undefined;
        return new Promise((release) => {
          this.#release = () => release(undefined);
        });
      });
    });
  }

  /** Saves the run on the page as it is now, whatever the page shows by the time that the storage is free. */
  #save() {
    const { state } = this.store;
    const entry = entryOf(state);
    const file = runFileOf(state);
    const { snapshot } = state.run;
    if (!entry || !file || !snapshot) return;
    const waits = this.#due.has(entry.id);
    this.#due.set(entry.id, { entry, file, bytes: snapshot.bytes });
    if (!waits) void this.#inTurn(() => this.#write(entry.id));
  }

  /**
   * Changes what is stored, one change after the other: each goes by what the one before has left.
   *
   * @param {() => Promise<unknown>} change
   */
  #inTurn(change) {
    this.#changed = this.#changed.then(() => this.#guarded(change));
    return this.#changed;
  }

  /** @param {string} id */
  async #write(id) {
    const due = this.#due.get(id);
    this.#due.delete(id);
    if (!due) return;
    const { file, bytes } = due;
    const known = await readEntry(id);
    const entry = known?.kept ? { ...due.entry, name: known.name, kept: true } : due.entry;
    const saved = known?.resumable && known.phase === 'finished' && known.step === entry.step;
    if (saved && sameJson(known.document, entry.document)) return;
    const small = entry.phase !== 'running' || file.steps.length * file.lanes.length <= FEW_ROWS;
    await putSnapshot(id, bytes);
    await (small ? putRun(entry, file) : putEntry(entry));
    const unkept = (await listEntries()).filter((other) => !other.kept && other.id !== id);
    for (const other of unkept.slice(MOST_UNKEPT - 1)) await this.#discard(other.id);
    await this.refresh();
  }

  async refresh() {
    await this.#guarded(async () => {
      this.store.dispatch({ type: 'runs/listed', entries: await listEntries() });
    });
  }

  /**
   * The run that a reload or a crash interrupted: of this experiment, or the newest when none is asked for.
   *
   * @param {RawExperiment | null} document  Its names count, whatever the run was saved under.
   * @returns {Promise<Entry | null>}
   */
  async unfinished(document) {
    const entries = (await this.#guarded(listEntries)) ?? [];
    const candidates = document
      ? entries.flatMap((entry) => (sameExperiment(entry.document, document) ? [{ ...entry, document }] : []))
      : entries.slice(0, 1);
    const [entry] = candidates;
    const usable = entry?.resumable && entry.phase !== 'finished' && !needsFiles(entry.document);
    if (!usable) return null;
    // A page that is being reloaded lets go of its run a moment after the next one has begun.
    for (let tries = 0; tries < LOCK_TRIES; tries += 1) {
      if (await this.#lock(entry.id)) return entry;
      await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE_MS));
    }
    return null;
  }

  /** Goes on with a saved run, or shows a finished one. @param {Entry} entry @returns {Promise<boolean>} */
  async open(entry) {
    const snapshot = await this.#guarded(() => readSnapshot(entry.id));
    if (!snapshot) return false;
    const { current } = this.store.state.runs;
    this.store.dispatch({ type: 'runs/current', id: entry.id });
    this.store.dispatch({ type: 'history/saved', times: entry.times ?? { steps: [], elapsed_s: [] } });
    const opened = await this.session.resumeSaved(entry, snapshot);
    if (opened) this.#begin(entry.id);
    else {
      this.store.dispatch({ type: 'runs/current', id: current });
      this.store.dispatch({ type: 'history/saved', times: null });
    }
    return opened;
  }

  /** Keeps the run on the page under a name. @param {string} name */
  async keep(name) {
    const { state } = this.store;
    const entry = entryOf(state);
    const file = runFileOf(state);
    if (!entry || !file) return;
    this.session.snapshot();
    await this.#guarded(async () => navigator.storage?.persist?.());
    await this.#inTurn(async () => {
      const known = await readEntry(entry.id);
      if (known) await putEntry({ ...known, name, kept: true });
      // It can be gone on with as soon as its snapshot is saved.
      else await putRun({ ...entry, name, kept: true, resumable: false }, file);
      await this.refresh();
    });
  }

  /** @param {Entry} entry @param {string} name */
  async rename({ id }, name) {
    await this.#inTurn(async () => {
      const known = await readEntry(id);
      if (known) await putEntry({ ...known, name, kept: true });
      await this.refresh();
    });
  }

  /** @param {string} id */
  async remove(id) {
    this.store.dispatch({ type: 'runs/removing', id: null });
    this.store.dispatch({ type: 'runs/overlay_removed', id });
    this.#due.delete(id);
    await this.#inTurn(async () => {
      await this.#discard(id);
      await this.refresh();
    });
  }

  /** @param {string} id */
  async #discard(id) {
    await removeRun(id);
    await removeSnapshot(id);
  }

  /** Draws a saved run behind the present one, or no longer. @param {Entry} entry */
  async toggleOverlay({ id, name }) {
    const { overlays } = this.store.state.runs;
    if (overlays.some((overlay) => overlay.id === id)) {
      return this.store.dispatch({ type: 'runs/overlay_removed', id });
    }
    const file = await this.file(id);
    if (file) this.store.dispatch({ type: 'runs/overlaid', overlay: { id, name, file } });
  }

  /**
   * Saves the study on the page, so that no combination has to be trained again.
   *
   * @param {{ bytes: Uint8Array, underway: Underway } | null} [part]  The state of the part that trains, and which that is.
   */
  keepStudy(part = null) {
    return this.#inTurn(() => this.#writeStudy(part));
  }

  /** @param {{ bytes: Uint8Array, underway: Underway } | null} part */
  async #writeStudy(part) {
    if (part) await putSnapshot(STUDY, part.bytes);
    const { phase, document, results } = this.store.state.study;
    const ended = phase === 'finished' || phase === 'file';
    const kept = { phase: ended ? phase : /** @type {const} */ ('paused'), document };
    await putStudy(results && { ...kept, results, underway: part?.underway ?? null });
    if (!part) await removeSnapshot(STUDY);
  }

  /** The state of the study's part that was trained last. @returns {Promise<Uint8Array | null>} */
  async studySnapshot() {
    return (await this.#guarded(() => readSnapshot(STUDY))) ?? null;
  }

  async #restoreStudy() {
    const kept = await this.#guarded(readStudy);
    if (kept) this.store.dispatch({ type: 'study/restored', ...kept });
  }

  /** @param {string} id @returns {Promise<RunFile | null>} */
  async file(id) {
    return (await this.#guarded(() => readFile(id))) ?? null;
  }

  /** Takes in a run file that was read and checked. @param {RunFile} file @returns {Promise<boolean>} */
  async add(file) {
    const step = file.steps.at(-1) ?? 0;
    const value = (/** @type {number} */ lane, /** @type {string} */ key) =>
      file.lanes[lane]?.metrics[key]?.findLast((measured) => measured !== null) ?? null;
    /** @type {Entry} */
    const entry = {
      id: newId(),
      name: file.document.name,
      kept: true,
      saved_ms: Date.now(),
      phase: step >= file.document.steps ? 'finished' : 'paused',
      step,
      steps: file.document.steps,
      resumable: false,
      document: file.document,
      backend: null,
      lanes: file.lanes.map(({ name }, lane) => ({
        name,
        accuracy: value(lane, 'val_accuracy'),
        hardened: value(lane, 'val_accuracy_hard'),
      })),
    };
    const added = await this.#guarded(async () => {
      await putRun(entry, file);
      await this.refresh();
      return true;
    });
    if (added) await this.toggleOverlay(entry);
    return added ?? false;
  }

  /**
   * Runs an exchange with the storage; a refusal is shown, not thrown.
   *
   * @template T
   * @param {() => Promise<T>} exchange
   * @returns {Promise<T | undefined>}
   */
  async #guarded(exchange) {
    try {
      const result = await exchange();
      if (this.store.state.runs.trouble) this.store.dispatch({ type: 'runs/trouble', message: null });
      return result;
    } catch (reason) {
      this.store.dispatch({ type: 'runs/trouble', message: troubleOf(reason) });
      return undefined;
    }
  }
}

/** Also a file name. */
function newId() {
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
}

/** What is saved of the run on the page; its name and whether it is kept are those that are stored, if it is. @param {State} state @returns {Entry | null} */
function entryOf({ run, runs, history, device, view }) {
  const { document, phase } = run;
  if (!document || !runs.current) return null;
  return {
    id: runs.current,
    name: document.name,
    kept: false,
    saved_ms: Date.now(),
    phase: phase === 'running' || phase === 'finished' ? phase : 'paused',
    step: run.step,
    steps: run.steps,
    resumable: true,
    document,
    backend: device.used?.backend ?? null,
    colours: view.colours,
    times: { steps: history.steps, elapsed_s: history.elapsed_s },
    lanes: run.lanes.map(({ name }, lane) => ({
      name,
      accuracy: latest(history, lane, 'val_accuracy'),
      hardened: latest(history, lane, 'val_accuracy_hard'),
    })),
  };
}

/** @param {unknown} reason */
function troubleOf(reason) {
  const name = reason instanceof DOMException ? reason.name : '';
  if (name === 'QuotaExceededError') {
    return 'The browser’s storage for this page is full, so this run is not being saved. Remove runs below, or export this one.';
  }
  const detail = reason instanceof Error ? ` (${reason.message})` : '';
  return `The browser keeps nothing for this page${detail}. Runs are lost on reload; export what you need.`;
}
