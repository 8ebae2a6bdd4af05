/** Seconds spent training: pauses do not count. */
export class Stopwatch {
  #spent_ms = 0;
  /** When the present stretch began; null while it stands. @type {number | null} */
  #since_ms = null;

  get seconds() {
    const running_ms = this.#since_ms === null ? 0 : performance.now() - this.#since_ms;
    return (this.#spent_ms + running_ms) / 1000;
  }

  start() {
    this.#since_ms ??= performance.now();
  }

  stop() {
    this.set(this.seconds);
  }

  /** Stands at a time. @param {number} seconds */
  set(seconds) {
    this.#spent_ms = seconds * 1000;
    this.#since_ms = null;
  }
}
