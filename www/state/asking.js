/** Asks the training worker for answers to held-out samples while somebody looks at them. */

/** @import { Command } from '../worker/protocol.d.ts' */
/** @import { Asked } from './answers.js' */
/** @import { Store } from './store.js' */

/** Of the time that training has, answers take one part in this many. */
const SHARE = 10;
const LEAST_PAUSE_MS = 500;

export class Asker {
  #busy = false;
  /** Answers that training pays for wait until then. */
  #next_ms = 0;

  /**
   * @param {Store} store
   * @param {(command: Extract<Command, { type: 'predictions' }>) => Promise<unknown>} ask  Settles with the answer.
   */
  constructor(store, ask) {
    this.store = store;
    this.ask = ask;
  }

  /** Asks anew, unless the panel is closed, an answer is due or, while training, one came a moment ago. */
  refresh() {
    const { phase } = this.store.state.run;
    if (phase !== 'running' || performance.now() >= this.#next_ms) void this.now();
  }

  /** Asks for what is chosen. */
  async now() {
    const { answers, run } = this.store.state;
    if (!answers.open || this.#busy || !run.document) return;
    this.#busy = true;
    const { lane, first, temperature } = answers;
    const start = performance.now();
    await this.ask({ type: 'predictions', lane, first, temperature });
    this.#busy = false;
    this.#next_ms = performance.now() + Math.max(LEAST_PAUSE_MS, (SHARE - 1) * (performance.now() - start));
    if (!same(this.store.state.answers, { lane, first, temperature })) await this.now();
  }
}

/** @param {Asked} a @param {Asked} b */
function same(a, b) {
  return a.lane === b.lane && a.first === b.first && a.temperature === b.temperature;
}
