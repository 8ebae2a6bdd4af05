/** @typedef {(number | null)[]} Column */

/**
 * Debiased exponential moving average of a column, gaps kept as gaps:
 * `s_t = w s_(t-1) + (1 - w) x_t`, divided by `1 - w^t` so that the start is not drawn towards zero
 * (Adam's correction, arXiv 1412.6980, section 3).
 */
class RunningAverage {
  /** @type {Column} */
  #smoothed = [];
  #sum = 0;
  #weight = 0;

  /** @param {number} past  Weight of the past, in [0, 1). */
  constructor(past) {
    this.past = past;
  }

  /** @param {Column} column  The same column as before, perhaps longer. @returns {Column} */
  extend(column) {
    for (let row = this.#smoothed.length; row < column.length; row += 1) {
      const value = column[row] ?? null;
      if (value !== null) {
        this.#sum = this.past * this.#sum + (1 - this.past) * value;
        this.#weight = this.past * this.#weight + (1 - this.past);
      }
      this.#smoothed.push(value === null ? null : this.#sum / this.#weight);
    }
    return this.#smoothed;
  }
}

/** Averages of columns that only grow, so that a report costs its own rows and not the whole run. @type {WeakMap<Column, RunningAverage>} */
const averages = new WeakMap();

/** @param {Column} column  Appended to, never changed otherwise. @param {number} past @returns {Column} */
export function smooth(column, past) {
  if (past === 0) return column;
  let average = averages.get(column);
  if (average?.past !== past) {
    average = new RunningAverage(past);
    averages.set(column, average);
  }
  return average.extend(column);
}
