/**
 * Runs the lab for the page: keeps a training worker alive, turns the visitor's wishes into commands
 * and feeds the worker's events to the store.
 */

import { WorkerLost } from '../worker/client.js';
import { LabPool } from '../worker/pool.js';
import { Asker } from './asking.js';
import { changes } from './changes.js';
import { crewOf, workersWanted } from './device.js';
import { checkFiles, filesWanted, needsFiles, taskFor } from './files.js';
import { timeAt } from './history.js';
import { Keeper } from './keeping.js';
import { relabelled } from './labels.js';
import { lookOfDraft } from './lanes.js';
import { getAt } from './paths.js';
import { ownName, presetOf } from './presets.js';
import { loadRecording } from './recording.js';
import { expectedOf } from './replay.js';
import { copied, download, fileName, hashOf, partsOf } from './sharing.js';
import { Stopwatch } from './stopwatch.js';
import { StudyRunner } from './studying.js';
import { decodeView, encodeView } from './view-link.js';

/** @import { Wanted, Event as LabEvent, FigureSpec, Problem, RawExperiment } from '../worker/protocol.d.ts' */
/** @import { Entry } from '../storage/database.js' */
/** @import { Notice } from './notices.js' */
/** @import { Embed } from './embed.js' */
/** @import { Store } from './store.js' */

/** Work lost when the worker fails is at most this old. */
const SNAPSHOT_EVERY_MS = 15_000;
const CONFIRMATION_MS = 10_000;
const INSPECT_EVERY_MS = 500;
/** The reader of run files takes no longer ones. */
const MOST_RUN_BYTES = 256 * 1024 * 1024;

export class Session {
  /** @type {LabPool | null} */
  #client = null;
  /** Files of the visitor, as last trained on. @type {File[]} */
  #files = [];
  /** An experiment that waits for files of the visitor. @type {unknown} */
  #waiting = null;
  /** A saved run that waits for them. @type {Entry | null} */
  #waitingRun = null;
  /** Whether a matrix was read a moment ago. */
  #inspecting = false;
  #notices = 0;
  /** Whether the next experiment starts as it opens: all do, except the first where the embedding page says so. */
  #autostart = true;
  /** Whether the visitor wants the run that is being opened to rest. */
  #held = false;
  #stopwatch = new Stopwatch();

  /** @param {Store} store @param {Embed} embed */
  constructor(store, embed) {
    this.store = store;
    this.embed = embed;
    this.#autostart = embed.autostart;
    this.keeper = new Keeper(this);
    this.studies = new StudyRunner(this);
    this.asker = new Asker(this.store, (command) => this.#guarded(() => this.#worker().ask(command)));
    setInterval(() => {
      if (this.store.state.run.phase === 'running') this.#client?.send({ type: 'snapshot' });
    }, SNAPSHOT_EVERY_MS);
  }

  /** Opens the experiment of the link, or the first preset, and starts it. */
  async boot() {
    const { problems, recording, preset } = this.embed;
    if (problems.length > 0)
      this.notify('error', 'The lab is embedded with settings it does not know.', { problems });
    await this.#guarded(async () => {
      if (recording) {
        this.store.dispatch({ type: 'recording/loaded', recording: await loadRecording(recording) });
        await this.#worker().ask({ type: 'hello' });
        await this.#showInAddress();
        return this.check();
      }
      const { presets } = await this.#worker().ask({ type: 'hello' });
      const { experiment, view } = partsOf(location.hash);
      const opened =
        experiment === null
          ? preset === null && (await this.#continue(null))
          : await this.#openLink(experiment, true);
      const wanted = presets.find(({ id }) => id === preset) ?? presets[0];
      if (preset !== null && wanted?.id !== preset) {
        const reason = `does not know "${preset}"; there are ${presets.map(({ id }) => id).join(', ')}`;
        this.notify('error', 'Another experiment is shown.', { problems: [{ field: 'preset', reason }] });
      }
      if (!opened) await this.open(wanted?.document);
      // What trains meanwhile is not what was asked for.
      if (this.#waiting) this.#askForFiles(this.#waiting);
      this.#showLinked(view);
      // The way from an embedded lab to the whole one goes through this link.
      if (this.embed.hidden.length > 0) await this.#showInAddress();
    });
  }

  /** Follows a link that was pasted over the page's own. */
  async followLink() {
    const { experiment, view } = partsOf(location.hash);
    if (!experiment) return this.#showLinked(view);
    await this.#guarded(async () => (await this.#openLink(experiment)) && this.#showLinked(view));
  }

  /** Takes the view settings of a link over. @param {string | null} text */
  #showLinked(text) {
    if (text === null) return;
    const { view, problems } = decodeView(text, this.store.state.catalog);
    this.store.dispatch({ type: 'view/linked', view });
    if (problems.length > 0) {
      const words = 'Some view settings of this link cannot be used. The rest of it is shown.';
      this.notify('error', words, { problems });
    }
  }

  /**
   * Goes on with a run that a reload or a crash interrupted.
   *
   * @param {RawExperiment | null} document  Of the link; null without one.
   * @returns {Promise<boolean>} Whether there was one.
   */
  async #continue(document) {
    const entry = await this.keeper.unfinished(document);
    if (!entry || !(await this.keeper.open(entry))) return false;
    const at = new Date(entry.saved_ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    this.notify(
      'info',
      `Continued from step ${entry.step.toLocaleString()}, saved at ${at}. Reset starts over.`,
    );
    return true;
  }

  /** @param {string} fragment @param {boolean} [boot] @returns {Promise<boolean>} Whether the experiment opened. */
  async #openLink(fragment, boot = false) {
    const answer = await this.#worker().ask({ type: 'decode_link', fragment });
    if (answer.type === 'document') {
      const { document, fingerprint } = answer;
      this.store.dispatch({ type: 'replay/expected', document, fingerprint });
      return (boot && (await this.#continue(document))) || this.open(document);
    }
    // A refusal has been shown with its reason already.
    if (answer.type === 'problems') {
      const instead = boot ? 'Another one is shown in its place.' : 'The one on the page goes on.';
      this.notify('error', `The experiment of this link cannot run. ${instead}`, {
        problems: answer.problems,
      });
    }
    return false;
  }

  /**
   * Opens `document` in place of the experiment that trains, and starts it.
   *
   * @param {unknown} document
   * @param {object} [options]
   * @param {(problems: Problem[]) => void} [options.refused]  Told what is wrong with it; a notice otherwise.
   * @param {{ hidden: number[], colours: (number | null)[] }} [options.look]  How its lanes are drawn.
   * @returns {Promise<boolean>} Whether it opened.
   */
  async open(document, options = {}) {
    this.#held = false;
    const refused =
      options.refused ?? ((problems) => this.notify('error', 'This experiment cannot run.', { problems }));
    if (needsFiles(document) && this.#files.length === 0) {
      this.#askForFiles(document);
      return false;
    }
    const { choice } = this.store.state.device;
    const answer = await this.#ask(document, choice);
    if (answer.type === 'problems') refused(answer.problems);
    if (answer.type !== 'opened') return false;
    this.store.dispatch({ type: 'device/opened', choice });
    const { hidden, colours } = options.look ?? { hidden: [], colours: [] };
    this.store.dispatch({ type: 'view/lanes', hidden, colours });
    if (this.#autostart) this.#startOpened();
    this.#autostart = true;
    return true;
  }

  /** @param {unknown} document */
  #askForFiles(document) {
    this.#waiting = document;
    const words = `This experiment trains on your data: ${filesWanted(document)}. Drop the files anywhere on the page, or choose them.`;
    this.notify('info', words, { stays: true, action: 'choose_files' });
  }

  /** Trains a recorded run's experiment anew, from its start. */
  trainRecorded() {
    void this.#guarded(() => this.open(this.store.state.run.document));
  }

  /** @param {string} id */
  openPreset(id) {
    const preset = this.store.state.catalog.presets.find((candidate) => candidate.id === id);
    if (!preset) return;
    if (this.edited) {
      const words = `“${preset.title}” is not opened yet: there are changes that are not applied.`;
      return this.notify('info', words, { action: 'open_preset', preset: id, stays: true });
    }
    this.store.dispatch({ type: 'run/opening', preset: id });
    const open = async () => {
      // The browser's way back leads to the experiment that this one replaces.
      const left = this.#showInAddress();
      const opened = await this.open(preset.document);
      await left;
      if (opened) await this.#showInAddress('pushState');
    };
    void this.#guarded(open).then(() => this.store.dispatch({ type: 'run/opening', preset: null }));
  }

  /** Has a preset run, and leaves it alone where it does already. @param {string} id */
  showPreset(id) {
    const { catalog, run } = this.store.state;
    if (presetOf(catalog, run.document)?.id === id) this.start();
    else this.openPreset(id);
  }

  /**
   * The numbers of a teaching figure; null when the worker refuses them.
   *
   * @param {FigureSpec} spec
   */
  async figure(spec) {
    const answer = await this.#worker().ask({ type: 'figure', spec });
    return answer.type === 'figure' ? answer : null;
  }

  /** Restarts with the draft. */
  apply() {
    const look = lookOfDraft(this.store.state);
    const document = ownName(this.store.state);
    const refused = (/** @type {Problem[]} */ problems) =>
      this.store.dispatch({ type: 'draft/refused', problems });
    const open = () => this.open(document, { refused, look });
    void this.#guarded(async () => (await open()) && this.#showInAddress());
  }

  discard() {
    const { device } = this.store.state;
    this.store.dispatch({ type: 'device/chosen', choice: device.opened });
    this.store.dispatch({ type: 'draft/discarded' });
  }

  /** Whether there is something to apply. */
  get edited() {
    return changes(this.store.state).length > 0;
  }

  start() {
    this.#held = false;
    this.#client?.send({ type: 'start' });
  }

  /** Starts what was opened, unless the visitor said otherwise meanwhile. */
  #startOpened() {
    if (!this.#held) this.start();
  }

  pause() {
    this.#held = true;
    this.#client?.send({ type: 'pause' });
    // What a paused visitor looks at must be what a restart would bring back.
    if (this.store.state.run.document) this.#client?.send({ type: 'snapshot' });
  }

  step() {
    this.#held = true;
    this.#client?.send({ type: 'step' });
  }

  reset() {
    this.#held = true;
    // Its end may not have been saved yet.
    if (this.store.state.run.phase === 'finished') this.snapshot();
    this.#client?.send({ type: 'reset' });
  }

  /** @param {number | null} stepsPerSecond  null is full speed. */
  setSpeed(stepsPerSecond) {
    this.store.dispatch({ type: 'run/speed', stepsPerSecond });
    this.#client?.send({ type: 'speed', steps_per_second: stepsPerSecond });
  }

  /** @param {Wanted} choice */
  chooseDevice(choice) {
    this.store.dispatch({ type: 'device/chosen', choice });
    // A device that was refused counted as a problem of the draft.
    void this.check();
  }

  /** Measures the gradient's noise at the weights of this step; it arrives as a report. @param {number} batches */
  measureNoise(batches) {
    this.#client?.send({ type: 'gradient_noise', batches });
  }

  /** Times matrix products; the run rests meanwhile. @param {Wanted} device */
  timeKernels(device) {
    this.store.dispatch({ type: 'kernels/asked' });
    this.#worker().send({ type: 'kernels', device });
  }

  /** Trains on files of the visitor; files that do not fit leave the running experiment alone. @param {File[]} files */
  async useFiles(files) {
    const [run] = files.filter(({ name }) => /\.json$/i.test(name));
    if (run) return this.openFile(run);
    this.#held = false;
    await this.#guarded(async () => {
      checkFiles(files);
      const document = taskFor(files, this.store.state, this.#waiting);
      const { opened: device } = this.store.state.device;
      const answer = await this.#ask(document, device, { files });
      if (answer.type === 'problems') {
        this.notify('error', 'This experiment does not fit these files. The running one goes on.', {
          problems: answer.problems,
        });
      }
      if (answer.type !== 'opened') return;
      this.#files = files;
      this.#waiting = null;
      const [run, wanted] = [this.#waitingRun, getAt(document, 'task.kind')];
      this.#waitingRun = null;
      if (run && getAt(run.document, 'task.kind') === wanted) return this.openSaved(run);
      const names = files.map((file) => file.name).join(' and ');
      this.notify('info', [`Training on ${names}.`, answer.note ?? ''].join(' ').trim());
      this.#startOpened();
      await this.#showInAddress();
    });
  }

  /** Asks for a snapshot; it arrives as an event. */
  snapshot() {
    if (this.store.state.run.document) this.#client?.send({ type: 'snapshot' });
  }

  /**
   * Opens a saved run where its snapshot left it.
   *
   * @param {Entry} entry
   * @param {Uint8Array} snapshot
   * @returns {Promise<boolean>} Whether it opened.
   */
  async resumeSaved({ document, phase, backend, colours = [] }, snapshot) {
    this.#held = false;
    // On another device the curve would go on slightly differently.
    const opened = await this.#goOn(document, snapshot, backend ?? 'auto', phase !== 'paused');
    if (!opened) return false;
    this.store.dispatch({ type: 'view/lanes', hidden: [], colours });
    // The visitor's choice of a device stands; it counts from the next start.
    const { choice } = this.store.state.device;
    this.store.dispatch({ type: 'device/opened', choice, saved: choice !== (backend ?? 'auto') });
    await this.#showInAddress();
    return true;
  }

  /** Opens a saved run in place of the one that trains. @param {Entry} entry */
  async openSaved(entry) {
    await this.#guarded(async () => {
      if (needsFiles(entry.document) && this.#files.length === 0) {
        this.#waiting = entry.document;
        this.#waitingRun = entry;
        const words = `“${entry.name}” was trained on your data: the same ${filesWanted(entry.document).replace(/^an? /, '')}. Drop the files anywhere on the page, or choose them, and it goes on from step ${entry.step.toLocaleString()}.`;
        return this.notify('info', words, { stays: true, action: 'choose_files' });
      }
      if (await this.keeper.open(entry)) this.notify('info', `Opened “${entry.name}”.`);
    });
  }

  /** Reads the matrix under the lens, if it is open and no answer is due. */
  inspect() {
    const { open, lane, tensor } = this.store.state.inspector;
    if (!open || !tensor || this.#inspecting || !this.#client) return;
    this.#inspecting = true;
    void this.#guarded(() => this.#worker().ask({ type: 'inspect', lane, tensor })).finally(() => {
      // Reading costs about a training step: most of the time stays with training.
      setTimeout(() => {
        this.#inspecting = false;
        const now = this.store.state.inspector;
        if (now.open && (now.tensor !== tensor || now.lane !== lane)) this.inspect();
      }, INSPECT_EVERY_MS);
    });
  }

  /** Files of the visitor that the experiment trains on. */
  get files() {
    return this.#files;
  }

  /** Takes in a run, or shows the results of a study. @param {File} file */
  async openFile(file) {
    await this.#guarded(async () => {
      if (file.size > MOST_RUN_BYTES) throw new Error(`${file.name} is too large for a file of results.`);
      const answer = await this.#worker().ask({ type: 'read_file', text: await file.text() });
      if (answer.type === 'problems') {
        return this.notify('error', `${file.name} cannot be opened.`, { problems: answer.problems });
      }
      if (answer.type === 'study') return this.studies.open(answer.results);
      const added = await this.keeper.add(answer.run);
      if (added) this.notify('info', `${file.name} is among the runs now, and drawn behind the present one.`);
    });
  }

  /** Hands the weights of a lane out as a safetensors file. @param {number} lane */
  async exportWeights(lane) {
    await this.#guarded(async () => {
      const answer = await this.#worker().ask({ type: 'weights', lane });
      if (answer.type !== 'weights') return;
      const name = fileName(this.store.state, `lane-${lane + 1}.safetensors`);
      download(name, 'application/octet-stream', /** @type {Uint8Array<ArrayBuffer>} */ (answer.bytes));
    });
  }

  /** Hands the experiment out in the keys of the paper authors' code. */
  async exportAuthors() {
    await this.#guarded(async () => {
      const { document } = this.store.state.run;
      const answer = await this.#worker().ask({ type: 'authors', document });
      if (answer.type !== 'authors') return;
      download(fileName(this.store.state, 'yaml'), 'application/yaml', answer.lanes.join('---\n'));
    });
  }

  /** Replaces a failed worker and goes on from the last snapshot, or from the start without one. */
  async restart() {
    await this.#guarded(async () => {
      const { run, device } = this.store.state;
      const { document, snapshot } = run;
      this.#held = false;
      this.store.dispatch({ type: 'run/restarting' });
      const worker = this.#worker();
      await worker.ask({ type: 'hello' });
      if (!document) return this.boot();
      if (run.speedLimit !== null) this.setSpeed(run.speedLimit);
      const { opened } = device;
      if (!snapshot || !(await this.#goOn(document, snapshot.bytes, opened)))
        await this.#goOn(document, null, opened);
      // Names that were edited meanwhile.
      await this.check();
    });
  }

  /** Shares the lanes out over another number of CPU workers; the run goes on where it is. @param {number | null} workers */
  async chooseWorkers(workers) {
    this.store.dispatch({ type: 'device/workers', workers });
    const { run, device } = this.store.state;
    const { document, phase } = run;
    const crew = crewOf(run.lanes.length, workersWanted(device));
    const movable = phase === 'running' || phase === 'paused';
    if (!movable || device.used?.backend !== 'cpu' || crew === device.crew) return;
    await this.#guarded(async () => {
      // Steps made after the snapshot would be made again.
      this.#client?.send({ type: 'pause' });
      const { bytes } = await this.#worker().snapshot();
      await this.#goOn(document, bytes, device.opened, phase === 'running');
    });
  }

  /**
   * Opens a document with whatever it trains on.
   *
   * @param {unknown} document
   * @param {Wanted} device
   * @param {{ files?: File[], snapshot?: Uint8Array | null }} [from]
   */
  #ask(document, device, { files = this.#files, snapshot = null } = {}) {
    const workers = workersWanted(this.store.state.device);
    const needed = needsFiles(document) ? files : null;
    return this.#worker().open({ type: 'open', document, device, files: needed, snapshot, workers });
  }

  /**
   * Goes on with a run, on another device when the one asked for has not come back.
   *
   * @param {unknown} document
   * @param {Uint8Array | null} snapshot  null starts it again.
   * @param {Wanted} device
   * @param {boolean} [start]
   * @returns {Promise<boolean>} Whether it opened.
   */
  async #goOn(document, snapshot, device, start = true) {
    const answer = await this.#ask(document, device, { snapshot });
    const lost = answer.type === 'problems' && answer.problems.find(({ field }) => field === 'device');
    if (lost && device !== 'auto') {
      this.notify('error', `The device was changed to automatic. ${lost.reason}.`);
      this.store.dispatch({ type: 'device/chosen', choice: 'auto' });
      return this.#goOn(document, snapshot, 'auto', start);
    }
    if (answer.type === 'problems') {
      this.notify('error', 'The run cannot go on.', { problems: answer.problems });
    }
    if (answer.type !== 'opened') return false;
    this.store.dispatch({ type: 'device/opened', choice: device });
    if (start) this.#startOpened();
    return true;
  }

  /** @param {'info' | 'error'} kind @param {string} text @param {{ problems?: Problem[], copyable?: string, action?: Notice['action'], preset?: string, stays?: boolean }} [more] */
  notify(kind, text, { stays = false, ...more } = {}) {
    this.#notices += 1;
    const id = this.#notices;
    this.store.dispatch({ type: 'notice/added', notice: { id, kind, text, stays, ...more } });
    // A confirmation has said its word; what went wrong stays until it is dismissed.
    if (kind === 'info' && !stays && !more.copyable && !more.action)
      setTimeout(() => this.dismiss(id), CONFIRMATION_MS);
  }

  /** @param {number} id */
  dismiss(id) {
    this.store.dispatch({ type: 'notice/dismissed', id });
  }

  /**
   * Puts the link of the experiment that trains into the address bar, so that a reload brings it back.
   *
   * @param {'replaceState' | 'pushState'} [how]
   * @returns {Promise<Problem[]>} Why there is no link; empty when there is.
   */
  async #showInAddress(how) {
    const { document } = this.store.state.run;
    const { found: fingerprint } = this.store.state.replay;
    const answer = await this.#worker().ask({ type: 'encode_link', document, fingerprint });
    if (answer.type === 'problems') return answer.problems;
    this.#setAddress(answer.fragment, how);
    return [];
  }

  /** Keeps the address at what is shown, so that a reload shows it again. */
  showViewInAddress() {
    this.#setAddress(partsOf(location.hash).experiment);
  }

  /** @param {string | null} experiment @param {'replaceState' | 'pushState'} [how] */
  #setAddress(experiment, how = 'replaceState') {
    const hash = hashOf(experiment, encodeView(this.store.state.view));
    if (hash === location.hash) return;
    window.history[how](null, '', hash || location.pathname + location.search);
  }

  /** Puts the experiment's link on the clipboard and into the address bar. */
  async copyLink() {
    await this.#guarded(async () => {
      const problems = await this.#showInAddress();
      if (problems.length > 0) return this.notify('error', 'No link could be made.', { problems });
      if (!(await copied(location.href))) {
        return this.notify('info', 'The clipboard is closed to this page. Copy the link from here:', {
          copyable: location.href,
        });
      }
      this.notify(
        'info',
        this.edited
          ? 'Link copied. It holds the experiment that is training; apply your changes to share them.'
          : this.store.state.replay.found
            ? 'Link copied. It holds the whole experiment and a fingerprint of its results.'
            : 'Link copied. It holds the whole experiment.',
      );
    });
  }

  /** Runs what may fail, and says so when it does. @param {() => Promise<unknown>} action */
  attempt(action) {
    return this.#guarded(action);
  }

  /** Has the worker check the draft; of the run it touches nothing but names, which need no restart. */
  async check() {
    const { draft } = this.store.state;
    if (!draft.document) return;
    await this.#guarded(() => this.#worker().ask({ type: 'validate', document: draft.document }));
    const document = relabelled(this.store.state);
    if (document) this.#client?.send({ type: 'relabel', document });
  }

  /** The worker, a new one if the last has failed. */
  #worker() {
    this.#client ??= new LabPool((event) => this.#receive(event));
    return this.#client;
  }

  /** @param {LabEvent} event */
  #receive(event) {
    this.#keepTime(event);
    this.store.dispatch(event);
    if (event.type === 'metrics' || event.type === 'state') {
      this.inspect();
      this.asker.refresh();
    }
    if (event.type === 'relabelled') void this.#guarded(() => this.#showInAddress());
    if (event.type === 'rejected') this.notify('error', event.message);
    if (event.type === 'fingerprint') {
      const expected = expectedOf(this.store.state);
      if (expected) this.#client?.send({ type: 'compare', expected, found: event.fingerprint });
    }
    if (event.type === 'failed') {
      // Whatever broke may have left half a step behind: only a new worker is trusted.
      this.#client?.terminate();
      this.#client = null;
    }
  }

  /** @param {LabEvent} event */
  #keepTime(event) {
    if (event.type === 'opened')
      this.#stopwatch.set(event.step > 0 ? timeAt(this.store.state.history, event.step) : 0);
    if (event.type === 'state' && event.state === 'running') this.#stopwatch.start();
    else if (event.type === 'state' || event.type === 'failed') this.#stopwatch.stop();
    if (event.type === 'metrics') {
      this.store.dispatch({ type: 'history/clock', seconds: this.#stopwatch.seconds });
    }
  }

  /** Runs an exchange with the worker; its loss has been reported by then. @param {() => Promise<unknown>} exchange */
  async #guarded(exchange) {
    try {
      await exchange();
    } catch (reason) {
      if (reason instanceof WorkerLost) return;
      this.notify('error', reason instanceof Error ? reason.message : String(reason));
    }
  }
}
