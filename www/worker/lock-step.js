/**
 * One run whose lanes are shared out over several workers: its commands reach all of them at the same step,
 * and what they tell is put together as if one worker trained every lane.
 *
 * No worker trains beyond a common step, which moves on with the slowest. It stays where it is while a command waits,
 * so that all workers come to rest there: a pause, a snapshot or a reset finds every lane after equally many steps, and
 * nothing that they tell is under way.
 */

import { LanesJoined } from './lanes-joined.js';

/** @import { Command, Event as LabEvent, RunState } from './protocol.d.ts' */

/** @typedef {Exclude<Command, { type: 'open' }>} RunCommand */
/** @typedef {{ readonly resting: boolean, send(command: RunCommand): void }} Trainer */
/** @typedef {{ step: number, state: RunState, stepsPerSecond: number, etaS: number | null }} Standing  What is known of one worker. */

/** A worker may be ahead of the slowest by what it trains in this time: longer than their news take to arrive. */
const AHEAD_S = 0.4;
/** The state of a run is the first of these in which some worker is. @type {RunState[]} */
const STATES = ['running', 'paused', 'finished', 'idle'];

export class LockStep {
  /** What waits for a common step. @type {(() => void)[]} */
  #waiting = [];
  /** The step at which every worker waits for the others. */
  #until = 0;
  /** The state as the page knows it. @type {RunState} */
  #state = 'idle';
  /** @type {Standing[]} */
  #standings;
  #joined;
  #workers;
  #shares;
  #emit;

  /**
   * @param {Trainer[]} workers
   * @param {number[][]} shares  Lanes of each worker.
   * @param {number} step        Steps done when it was opened.
   * @param {(event: LabEvent) => void} emit
   */
  constructor(workers, shares, step, emit) {
    this.#workers = workers;
    this.#shares = shares;
    this.#standings = shares.map(() => ({ step, state: 'idle', stepsPerSecond: 0, etaS: null }));
    this.#joined = new LanesJoined(shares);
    this.#emit = emit;
  }

  /** The place of the worker that trains a lane. @param {number} lane */
  ownerOf(lane) {
    return this.#shares.findIndex((lanes) => lanes.includes(lane));
  }

  /** @param {RunCommand} command  Concerns the run, and so every worker. */
  send(command) {
    if (command.type === 'speed') return this.#broadcast(command);
    this.#atRest(() => {
      // Where everyone rests nothing is under way: what is not whole yet, because a lane failed, never will be.
      this.#joined.clear();
      if (command.type === 'start') this.#allow(0);
      this.#broadcast(command);
    });
  }

  /** Brings every worker to rest at one step and keeps it there until {@link proceed}. @returns {Promise<void>} */
  rest() {
    return new Promise((resolve) => this.#atRest(resolve));
  }

  /** Goes on with what waits for a common step, one thing at a time, or with training. */
  proceed() {
    const [next] = this.#waiting;
    if (!next) {
      if (this.#state === 'running') this.#allow(this.#until);
    } else if (this.#workers.every(({ resting }) => resting)) {
      this.#waiting.shift();
      next();
    }
  }

  /** @param {number} worker @param {LabEvent} event */
  receive(worker, event) {
    const standing = this.#standings[worker];
    if (!standing) return;
    // A summary speaks of a report, not of where its worker is.
    if ('step' in event && event.type !== 'summary') standing.step = event.step;
    switch (event.type) {
      case 'progress':
        standing.stepsPerSecond = event.steps_per_second;
        standing.etaS = event.eta_s;
        this.#emit(this.#progress(event.steps));
        break;
      case 'state':
        standing.state = event.state;
        this.#enter(event.state);
        break;
      case 'opened':
      case 'relabelled':
        // The run was reset or given other names; every worker tells the same.
        if (worker === 0) this.#emit(event);
        break;
      case 'metrics':
      case 'snapshot':
      case 'fingerprint':
        this.#join(worker, event);
        break;
      default:
        this.#emit(event);
    }
    this.proceed();
  }

  /** @param {() => void} action */
  #atRest(action) {
    this.#waiting.push(action);
    this.proceed();
  }

  /** Lets everyone train a little further than the slowest has come. @param {number} before  The step allowed so far. */
  #allow(before) {
    const pace = Math.min(...this.#standings.map(({ stepsPerSecond }) => stepsPerSecond));
    const until = this.#slowest + Math.max(1, Math.ceil(AHEAD_S * pace));
    if (until <= before) return;
    this.#until = until;
    this.#broadcast({ type: 'until', step: until });
  }

  /** @param {number} steps @returns {Extract<LabEvent, { type: 'progress' }>} */
  #progress(steps) {
    const etas = this.#standings.map(({ etaS }) => etaS);
    return {
      type: 'progress',
      step: this.#slowest,
      steps,
      steps_per_second: Math.min(...this.#standings.map(({ stepsPerSecond }) => stepsPerSecond)),
      eta_s: etas.includes(null) ? null : Math.max(...etas.map(Number)),
    };
  }

  /** @param {RunState} entered  By one of the workers. */
  #enter(entered) {
    const state =
      STATES.find((candidate) => this.#standings.some((one) => one.state === candidate)) ?? 'idle';
    // Whoever stops unasked has a reason that concerns the whole run; where it was asked, the others stop already.
    if (entered === 'paused' && state === 'running')
      this.#waiting.unshift(() => this.#broadcast({ type: 'pause' }));
    if (state === this.#state) return;
    this.#state = state;
    this.#emit({ type: 'state', state });
  }

  /** @param {number} worker @param {import('./lanes-joined.js').Part} event */
  #join(worker, event) {
    const whole = this.#joined.add(worker, event);
    if (!whole) return;
    this.#emit(whole);
    // Nobody else sees every lane that is repeated over seeds.
    if (whole.type === 'metrics')
      this.#workers[0]?.send({ type: 'summarise', step: whole.step, values: Array.from(whole.values) });
  }

  get #slowest() {
    return Math.min(...this.#standings.map(({ step }) => step));
  }

  /** @param {RunCommand} command */
  #broadcast(command) {
    for (const worker of this.#workers) worker.send(command);
  }
}
