/** Lanes that differ only in their seed: repetitions of one configuration. */

/** @import { RawExperiment } from '../worker/protocol.d.ts' */
/** @import { Column } from './history.js' */
/** @import { State } from './store.js' */

/** Groups lanes whose every field but name and seed is the same, in the order of their first lanes. @param {RawExperiment | null} document @returns {number[][]} */
export function seedGroups(document) {
  /** @type {Map<string, number[]>} */
  const groups = new Map();
  for (const [index, lane] of (document?.lanes ?? []).entries()) {
    const key = withoutSeed(lane);
    groups.set(key, [...(groups.get(key) ?? []), index]);
  }
  return [...groups.values()];
}

/** @param {RawExperiment['lanes'][number]} lane */
function withoutSeed(lane) {
  return JSON.stringify({ ...lane, name: null, seed: null });
}

/** Mean and band of columns that only grow, so that a report costs its own rows and not the whole run. */
class Spread {
  /** @type {{ mean: Column, low: Column, high: Column }} */
  #known = { mean: [], low: [], high: [] };

  /** @param {Column[]} columns */
  constructor(columns) {
    this.columns = columns;
  }

  extend() {
    const rows = Math.min(...this.columns.map(({ length }) => length));
    for (let row = this.#known.mean.length; row < rows; row += 1) this.#add(row);
    return this.#known;
  }

  /** @param {number} row */
  #add(row) {
    let [mean, squares, count] = [0, 0, 0];
    for (const column of this.columns) {
      const value = column[row] ?? null;
      if (value === null) continue;
      // Welford's update: small differences of large values are not lost.
      count += 1;
      const delta = value - mean;
      mean += delta / count;
      squares += delta * (value - mean);
    }
    const whole = count === this.columns.length;
    const deviation = whole && count > 1 ? Math.sqrt(squares / (count - 1)) : 0;
    this.#known.mean.push(whole ? mean : null);
    this.#known.low.push(whole ? mean - deviation : null);
    this.#known.high.push(whole ? mean + deviation : null);
  }
}

/** What is known of columns, by the first of them. @type {WeakMap<Column, Spread>} */
const spreads = new WeakMap();

/**
 * Mean of columns and the band of one sample standard deviation around it; null where one of them has
 * no value.
 *
 * @param {Column[]} columns  Appended to, never changed otherwise.
 * @returns {{ mean: Column, low: Column, high: Column }}
 */
export function spread(columns) {
  const [first = []] = columns;
  let known = spreads.get(first);
  const same = known?.columns.length === columns.length;
  if (!known || !same || known.columns.some((column, index) => column !== columns[index])) {
    known = new Spread(columns);
    spreads.set(first, known);
  }
  return known.extend();
}

/** @typedef {{ lanes: number[], label: string }} Trace  Lanes that are drawn as one line, and its name. */

/** What charts draw of the lanes: each by itself, or repetitions together. @param {State} state @returns {Trace[]} */
export function tracesOf({ run, view }) {
  return traces(
    run.document,
    run.lanes.map(({ name }) => name),
    view.bands,
  );
}

/**
 * The same of any experiment.
 *
 * @param {RawExperiment | null} document
 * @param {string[]} names  Of its lanes.
 * @param {boolean} bands   Whether repetitions are drawn together.
 * @returns {Trace[]}
 */
export function traces(document, names, bands) {
  const single = names.map((label, lane) => ({ lanes: [lane], label }));
  const groups = seedGroups(document);
  if (!bands || groups.flat().length !== single.length) return single;
  return groups.map((lanes) => {
    const name = names[lanes[0] ?? 0] ?? '';
    return { lanes, label: lanes.length > 1 ? `${name}, ${lanes.length} seeds` : name };
  });
}
