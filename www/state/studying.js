/**
 * Trains a study in workers of its own, one combination of swept values after the other, so that the experiment on
 * the page stays as it is.
 */

import { WorkerLost } from '../worker/client.js';
import { LabPool } from '../worker/pool.js';
import { workersWanted } from './device.js';
import { fieldAt } from './fields.js';
import { needsFiles } from './files.js';
import { sameJson } from './paths.js';
import { download } from './sharing.js';
import { canLieBehind, nextCell, sweptFields } from './study.js';
import { documentOf } from './study-form.js';

/** @import { Event as LabEvent, PlannedCell, RawExperiment, StudyResults } from '../worker/protocol.d.ts' */
/** @import { Json } from './paths.js' */
/** @import { Session } from './session.js' */
/** @import { Measured, Underway } from '../storage/database.js' */

/** Work lost when the page is closed is at most this old. */
const KEEP_EVERY_MS = 15_000;

/** A combination could not be trained, for a reason that the visitor can mend or pass over. */
class CellFailed extends Error {}

export class StudyRunner {
  /** @type {LabPool | null} */
  #client = null;
  /** Metrics of the latest report, lane by lane. @type {Float64Array} */
  #values = new Float64Array();
  /** Where it trains, as files of results say it. */
  #device = '';
  /** Settles when the part that trains ends. @type {PromiseWithResolvers<void> | null} */
  #part = null;
  /** The point that trains, up to the part that does. @type {Underway | null} */
  #underway = null;

  /** @param {Session} session */
  constructor(session) {
    this.session = session;
    this.store = session.store;
    setInterval(() => {
      if (this.store.state.study.phase === 'running') void this.#keep();
    }, KEEP_EVERY_MS);
    document.addEventListener('visibilitychange', () => {
      // A hidden tab may be closed without another word.
      if (document.visibilityState === 'hidden') void this.#keep();
    });
  }

  /** Trains what the form describes. */
  async start() {
    const { state } = this.store;
    const { document, problems } = documentOf(state);
    if (problems.length > 0) return this.store.dispatch({ type: 'study/refused', problems });
    await this.#run(document, null);
  }

  /** Goes on with a study that was paused, in this visit or one before. */
  async resume() {
    const { document, results, phase } = this.store.state.study;
    if (!document || phase === 'running') return;
    if (!this.#client) return this.#run(document, results);
    this.store.dispatch({ type: 'study/phase', phase: 'running' });
    // Between two parts there is nothing to start: the next one looks at the phase.
    if (this.#part) this.#client.send({ type: 'start' });
  }

  pause() {
    this.store.dispatch({ type: 'study/phase', phase: 'paused' });
    this.#client?.send({ type: 'pause' });
    void this.#keep();
  }

  /** Ends the study with the points that are trained; the one that trains is dropped. */
  stop() {
    this.#end();
    this.store.dispatch({ type: 'study/stopped' });
    void this.session.keeper.keepStudy();
  }

  /** Saves how far the part that trains has come. */
  async #keep() {
    const underway = this.#underway;
    if (!this.#client || !underway) return;
    try {
      const { bytes, step } = await this.#client.snapshot();
      // Another part may train by now, whose state this may be.
      if (underway !== this.#underway) return;
      const reached = { ...underway, step };
      await this.session.keeper.keepStudy({ bytes, underway: reached });
      if (underway === this.#underway) this.store.dispatch({ type: 'study/underway', underway: reached });
    } catch {
      // The part that trains fails for the same reason, and says so.
    }
  }

  /** Gives up the combination that failed. */
  async skip() {
    this.store.dispatch({ type: 'study/skipped', cell: nextCell(this.store.state.study) });
    await this.resume();
  }

  /** Shows the results of a file; where there are results already, behind those. @param {StudyResults} results */
  open(results) {
    const { results: shown } = this.store.state.study;
    if (shown) return this.#openBehind(shown, results);
    this.store.dispatch({ type: 'study/opened', results });
    this.session.notify('info', `“${results.name}” is drawn under “Sweeps and studies”.`);
    void this.session.keeper.keepStudy();
  }

  /** @param {StudyResults} shown @param {StudyResults} results */
  #openBehind(shown, results) {
    if (shown.cells.length === 0) {
      const message = `“${results.name}” can be drawn behind “${shown.name}” once that has a point, or alone after “Discard the sweep”.`;
      return this.session.notify('error', message);
    }
    if (!canLieBehind(shown, results)) {
      const swept = (/** @type {StudyResults} */ study) =>
        sweptFields(study)
          .map((field) => fieldAt(this.store.state.catalog.fields, field)?.label ?? field)
          .join(' and ') || 'nothing';
      const message = `“${results.name}” sweeps ${swept(results)}, “${shown.name}” ${swept(shown)}, so they share no axis. Close the results on the page to see the others.`;
      return this.session.notify('error', message);
    }
    this.store.dispatch({ type: 'study/behind', results });
    const message = `“${results.name}” is drawn behind “${shown.name}” under “Sweeps and studies”.`;
    this.session.notify('info', message);
  }

  /** Forgets the results on the page. */
  close() {
    this.#end();
    this.store.dispatch({ type: 'study/closed' });
    void this.session.keeper.keepStudy();
  }

  /** Hands the results out, in the native runner's layout. */
  export() {
    const { results } = this.store.state.study;
    if (!results) return;
    const name = results.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    download(`nmflow-study-${name}.json`, 'application/json', `${JSON.stringify(results, null, 2)}\n`);
  }

  /** @param {Json} document @param {StudyResults | null} earlier  What of it is trained already. */
  async #run(document, earlier) {
    try {
      const planned = await this.#worker().ask({ type: 'plan_study', study: document });
      if (planned.type === 'problems') {
        this.#end();
        return this.store.dispatch({ type: 'study/refused', problems: planned.problems });
      }
      const results = earlier ?? this.#noResults(document);
      this.store.dispatch({ type: 'study/planned', document, cells: planned.cells, results });
      // Two trainings at a time would slow each other down.
      if (this.store.state.run.phase === 'running') this.session.pause();
      await this.#trainCells();
    } catch (reason) {
      // A worker that ended has said why, or was told to.
      if (reason instanceof WorkerLost) return;
      this.#end();
      this.store.dispatch({
        type: 'study/trouble',
        trouble: String(reason instanceof Error ? reason.message : reason),
      });
    }
  }

  async #trainCells() {
    for (;;) {
      const { study } = this.store.state;
      const index = nextCell(study);
      const cell = study.cells[index];
      if (!cell) break;
      const trained = await this.#trainCell(cell, index);
      this.store.dispatch({ type: 'study/cell', cell: trained, device: this.#device });
      void this.session.keeper.keepStudy();
    }
    this.stop();
  }

  /** @param {PlannedCell} cell @param {number} index */
  async #trainCell(cell, index) {
    const { settings, experiment } = cell;
    const { underway } = this.store.state.study;
    const kept = underway && sameJson(underway.settings, settings) ? underway : null;
    let snapshot = kept && (await this.session.keeper.studySnapshot());
    const lanes = [...(kept?.lanes ?? [])];
    for (const [part, document] of cell.parts.entries()) {
      if (part < (kept?.part ?? 0)) continue;
      const progress = { cell: index, part, step: 0, stepsPerSecond: 0 };
      this.store.dispatch({ type: 'study/progress', progress });
      this.#underway = { settings, part, step: 0, lanes: [...lanes] };
      await this.#train(document, snapshot);
      this.#underway = null;
      snapshot = null;
      lanes.push(...this.#measured(document));
    }
    const trained = { settings, experiment, lanes };
    const answer = await this.#worker().ask({ type: 'study_cell', cell: trained });
    if (answer.type === 'problems')
      throw new CellFailed(answer.problems.map(({ reason }) => reason).join('; '));
    return answer.cell;
  }

  /** Trains one experiment to its end. @param {RawExperiment} document @param {Uint8Array | null} snapshot  Where it goes on from. */
  async #train(document, snapshot) {
    const worker = this.#worker();
    const files = needsFiles(document) ? this.session.files : null;
    if (files?.length === 0)
      throw new CellFailed('This study trains on your files: drop them on the page, then continue.');
    const { device } = this.store.state;
    const open = (/** @type {Uint8Array | null} */ from) => {
      const given = { files, snapshot: from, workers: workersWanted(device) };
      return worker.open({ type: 'open', document, device: device.opened, ...given });
    };
    let answer = await open(snapshot);
    // A snapshot that does not fit, or of another version, costs this part its progress and no more.
    if (snapshot && answer.type === 'rejected') answer = await open(null);
    if (answer.type === 'problems')
      throw new CellFailed(answer.problems.map(({ reason }) => reason).join('; '));
    if (answer.type !== 'opened') throw new CellFailed(answer.message);
    const { progress } = this.store.state.study;
    if (progress)
      this.store.dispatch({ type: 'study/progress', progress: { ...progress, step: answer.step } });
    this.#part = Promise.withResolvers();
    // A study that was paused meanwhile starts this part when it is resumed.
    if (this.store.state.study.phase === 'running') worker.send({ type: 'start' });
    await this.#part.promise;
    this.#part = null;
  }

  /** @param {RawExperiment} document @returns {Measured[]} */
  #measured({ lanes }) {
    const keys = this.store.state.catalog.metrics.map(({ key }) => key);
    return lanes.map((lane, index) => {
      const metrics = keys.map((key, at) => [key, this.#values[index * keys.length + at]]);
      return { lane, metrics: Object.fromEntries(metrics.filter(([, value]) => Number.isFinite(value))) };
    });
  }

  /** @param {LabEvent} event */
  #receive(event) {
    const { progress } = this.store.state.study;
    if (event.type === 'metrics') this.#values = event.values;
    if (event.type === 'recorded')
      this.#values = event.values.slice(-event.values.length / event.steps.length);
    if (event.type === 'device') this.#device = event.backend === 'cpu' ? 'CPU' : event.adapter;
    if (event.type === 'progress' && progress) {
      const moved = { ...progress, step: event.step, stepsPerSecond: event.steps_per_second };
      this.store.dispatch({ type: 'study/progress', progress: moved });
    }
    if (event.type === 'state' && event.state === 'finished') this.#part?.resolve();
    if (event.type === 'rejected') this.#part?.reject(new CellFailed(event.message));
    if (event.type === 'failed') {
      this.#end();
      this.store.dispatch({ type: 'study/trouble', trouble: `${event.message} ${event.remedy}` });
    }
  }

  #worker() {
    this.#client ??= new LabPool((event) => this.#receive(event));
    return this.#client;
  }

  #end() {
    this.#client?.terminate();
    this.#part?.reject(new WorkerLost('the study ended'));
    this.#client = null;
    this.#part = null;
    this.#underway = null;
  }

  /** @param {Json} document @returns {StudyResults} */
  #noResults(document) {
    const { name, seeds } = /** @type {{ name: string, seeds: number }} */ (document);
    const nmflow = this.store.state.catalog.version ?? '';
    return { version: 1, nmflow, device: '', name, notes: '', seeds, first_seed: 0, cells: [] };
  }
}
