/**
 * The training workers as one: the lead answers every question, and where the CPU trains, others share its lanes.
 */

import { LabClient, WorkerLost } from './client.js';
import { LockStep } from './lock-step.js';

/** @import { Open, Reply } from './client.js' */
/** @import { Event as LabEvent } from './protocol.d.ts' */
/** @import { RunCommand } from './lock-step.js' */

/** @typedef {Omit<Open, 'share'> & { workers: number }} OpenShared  Opens on at most so many workers. */
/** @typedef {Extract<LabEvent, { type: 'snapshot' }>} Snapshot */

/** Commands that concern the run, and so every worker. */
const OF_RUN = ['start', 'pause', 'step', 'reset', 'stop', 'speed', 'snapshot', 'relabel', 'gradient_noise'];

export class LabPool {
  /** The lead first. @type {LabClient[]} */
  #workers = [];
  /** The run of several workers; one alone has nobody to wait for. @type {LockStep | null} */
  #run = null;
  /** The speed asked for, which workers to come must know too. @type {RunCommand | null} */
  #speed = null;
  /** Ends with the last opening, or what was sent behind it. @type {Promise<unknown>} */
  #line = Promise.resolve();
  /** Openings under way, and commands for what they open. */
  #inLine = 0;
  /** Those who wait for the state of the run. @type {{ resolve: (event: Snapshot) => void, reject: (reason: Error) => void }[]} */
  #waiting = [];
  /** Ends whatever waits for workers that are gone. @type {(reason: WorkerLost) => void} */
  #lose = () => {};
  /** @type {Promise<never>} */
  #lost;
  #onEvent;

  /** @param {(event: LabEvent) => void} onEvent  Receives every event, replies included. */
  constructor(onEvent) {
    this.#onEvent = onEvent;
    this.#lost = new Promise((_, reject) => {
      this.#lose = reject;
    });
    this.#lost.catch(() => {});
    this.#employ(1);
  }

  /** Sends a command that needs no answer. @param {RunCommand} command */
  send(command) {
    if (command.type === 'speed') this.#speed = command;
    if (!OF_RUN.includes(command.type)) this.#workers[0]?.send(command);
    else if (this.#inLine > 0) void this.#queue(async () => this.#pass(command));
    else this.#pass(command);
  }

  /** Asks whoever trains the lane in question, otherwise the lead. @type {LabClient['ask']} */
  ask(request) {
    const owner = 'lane' in request ? this.#run?.ownerOf(request.lane) : 0;
    return (this.#workers[owner ?? 0] ?? this.#lead).ask(request);
  }

  /** The state of the run that is open, for another one to go on from. @returns {Promise<Snapshot>} */
  snapshot() {
    const answer = new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.send({ type: 'snapshot' });
    return Promise.race([answer, this.#lost]);
  }

  /** Opens a run in place of the present one, which goes on when the other is refused. @param {OpenShared} command @returns {Promise<Reply<'open'>>} */
  open(command) {
    return this.#queue(() => this.#open(command));
  }

  /** Ends all workers; whoever waits for an answer is told. */
  terminate() {
    for (const worker of this.#workers.splice(0)) worker.terminate();
    this.#run = null;
    this.#lose(new WorkerLost('the training workers ended'));
  }

  /**
   * Does what must wait for all openings before it.
   *
   * @template T
   * @param {() => Promise<T>} task
   * @returns {Promise<T>}
   */
  #queue(task) {
    this.#inLine += 1;
    const done = this.#line.then(task).finally(() => {
      this.#inLine -= 1;
    });
    this.#line = done.catch(() => {});
    return done;
  }

  /** @param {RunCommand} command  For every worker of the run. */
  #pass(command) {
    (this.#run ?? this.#workers[0])?.send(command);
  }

  /** @param {OpenShared} command @returns {Promise<Reply<'open'>>} */
  async #open({ workers, ...command }) {
    // At rest nobody owes the old run anything that could be taken for the new one's.
    await Promise.race([this.#run?.rest(), this.#lost]);
    const before = this.#run;
    this.#run = null;
    const answer = await this.#lead.ask({ ...command, share: { worker: 0, workers } });
    if (answer.type !== 'opened') {
      this.#run = before;
      before?.proceed();
      return answer;
    }
    this.#employ(answer.workers);
    const openings = this.#workers.slice(1).map((worker, index) => {
      const share = { worker: index + 1, workers };
      return worker.ask({ ...command, device: 'cpu', share });
    });
    const shares = [answer.share];
    for (const other of await Promise.all(openings)) {
      if (other.type === 'opened') shares.push(other.share);
      else throw this.#unopened();
    }
    if (shares.length > 1) this.#run = new LockStep(this.#workers, shares, answer.step, this.#tell);
    return answer;
  }

  /** Keeps or starts as many workers as a run needs. @param {number} count */
  #employ(count) {
    for (const worker of this.#workers.splice(count)) worker.terminate();
    while (this.#workers.length < count) {
      const place = this.#workers.length;
      const receive = (/** @type {LabEvent} */ event) => this.#receive(place, event);
      const rested = () => this.#run?.proceed();
      const worker = new LabClient(receive, rested, this.#workers[0]?.compiled ?? null);
      if (this.#speed) worker.send(this.#speed);
      this.#workers.push(worker);
    }
  }

  /** @param {number} worker @param {LabEvent} event */
  #receive(worker, event) {
    if (event.type === 'failed') this.#onEvent(event);
    else if (this.#run) this.#run.receive(worker, event);
    else if (worker === 0) this.#tell(event);
  }

  /** @param {LabEvent} event */
  #tell = (event) => {
    this.#onEvent(event);
    if (event.type === 'snapshot') for (const { resolve } of this.#waiting.splice(0)) resolve(event);
    if (event.type === 'rejected')
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(event.message));
  };

  #unopened() {
    const message = 'Another worker could not open its share of the lanes.';
    this.#onEvent({ type: 'failed', message, remedy: 'Restart; if it happens again, choose fewer workers.' });
    return new WorkerLost(message);
  }

  get #lead() {
    const [lead] = this.#workers;
    if (!lead) throw new WorkerLost('the training workers ended');
    return lead;
  }
}
