/**
 * Notices a worker that has something to do and has fallen silent: a step that never ends, a read-back that never
 * returns.
 */

/** @import { Compiled, Request, Resting } from './client.js' */
/** @import { Event as LabEvent } from './protocol.d.ts' */

const LOOK_EVERY_MS = 1000;
/** Longer than any opening or compilation of pipelines that is known. */
const PATIENCE_AT_FIRST_MS = 300_000;
const LEAST_PATIENCE_MS = 30_000;
/** Times the longest silence that turned out well. */
const PATIENCE_FACTOR = 10;

export class Watchdog {
  /** Time in which the worker had something to do and the page listened in vain. */
  #silence_ms = 0;
  #longest_ms = 0;
  /** Whether it does what may take far longer than training, once. */
  #once = true;
  /** Whether the longest silence of training is known: that of an evaluation. */
  #measured = false;
  /** Steps between two evaluations. */
  #evaluatesEvery = 1;
  #looked = performance.now();
  #heard = performance.now();
  #timer;

  /**
   * @param {() => boolean} busy  Whether the worker should be heard of.
   * @param {(silence_s: number) => void} onSilence
   */
  constructor(busy, onSilence) {
    this.#timer = setInterval(() => {
      const now = performance.now();
      // A computer that slept, or a page that was held up, has not listened meanwhile.
      const listened_ms = Math.min(now - this.#looked, 2 * LOOK_EVERY_MS);
      this.#looked = now;
      this.#silence_ms = busy() ? this.#silence_ms + listened_ms : 0;
      if (this.#silence_ms > this.#patience_ms) onSilence(Math.round(this.#silence_ms / 1000));
    }, LOOK_EVERY_MS);
  }

  get #patience_ms() {
    const least_ms = this.#measured && !this.#once ? LEAST_PATIENCE_MS : PATIENCE_AT_FIRST_MS;
    return Math.max(least_ms, PATIENCE_FACTOR * this.#longest_ms);
  }

  /**
   * Another run, or kernels of another shape, may have pipelines to compile; noise is measured on many batches at once.
   *
   * @param {Request} request
   */
  sent({ type }) {
    if (type === 'open' || type === 'kernels' || type === 'gradient_noise') this.#once = true;
  }

  /** The worker was heard of. @param {LabEvent | Resting | Compiled} event */
  heard(event) {
    const now = performance.now();
    const silence_ms = Math.min(this.#silence_ms, now - this.#heard);
    if (!this.#once) this.#longest_ms = Math.max(this.#longest_ms, silence_ms);
    this.#silence_ms = 0;
    this.#heard = now;
    if (event.type === 'opened') {
      this.#longest_ms = 0;
      this.#measured = false;
      this.#evaluatesEvery = event.document.eval.every;
    }
    if (event.type !== 'metrics' || event.step === 0) return;
    // An evaluation may take a hundred times as long as a step.
    this.#measured ||= !this.#once && event.step % this.#evaluatesEvery === 0;
    this.#once = false;
  }

  end() {
    clearInterval(this.#timer);
  }
}
