/** Seconds spent training, to the millisecond: pauses do not count. Null while the time before is not known. */
export class Stopwatch {
  /** @type {number | null} */
  #spent_ms = 0;
  /** When the present stretch began; null while it stands. @type {number | null} */
  #since_ms = null;

  get seconds() {
    if (this.#spent_ms === null) return null;
    const running_ms = this.#since_ms === null ? 0 : performance.now() - this.#since_ms;
    return Math.round(this.#spent_ms + running_ms) / 1000;
  }

  start() {
    this.#since_ms ??= performance.now();
  }

  stop() {
    this.set(this.seconds);
  }

  /** Stands at a time. @param {number | null} seconds */
  set(seconds) {
    this.#spent_ms = seconds === null ? null : seconds * 1000;
    this.#since_ms = null;
  }
}
