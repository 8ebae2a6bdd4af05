/** What several workers tell of their lanes, put together as one worker would tell it of all. */

/** @import { Event as LabEvent, Fingerprint } from './protocol.d.ts' */

/** @typedef {Extract<LabEvent, { type: 'metrics' | 'snapshot' | 'fingerprint' }>} Part */

export class LanesJoined {
  /** Parts by what they are parts of, `[wholes][workers]`. @type {Map<string, Part[][]>} */
  #parts = new Map();
  #shares;

  /** @param {number[][]} shares  Lanes of each worker. */
  constructor(shares) {
    this.#shares = shares;
  }

  /** Forgets what is not whole yet. */
  clear() {
    this.#parts.clear();
  }

  /** @param {number} worker @param {Part} part @returns {LabEvent | null} The whole, once every part is there. */
  add(worker, part) {
    const key = part.type === 'metrics' ? `${part.type} ${part.step}` : part.type;
    const wholes = this.#parts.get(key) ?? [];
    this.#parts.set(key, wholes);
    // Noise that is measured at a step is a second report of it, which a quick worker may give before a slow one its first.
    const parts = wholes.find((begun) => !(worker in begun)) ?? [];
    if (!wholes.includes(parts)) wholes.push(parts);
    parts[worker] = part;
    if (Object.keys(parts).length < this.#shares.length) return null;
    this.#parts.set(
      key,
      wholes.filter((other) => other !== parts),
    );
    switch (part.type) {
      case 'metrics':
        return this.#report(part, parts);
      case 'snapshot':
        return snapshot(part, parts);
      case 'fingerprint':
        return this.#fingerprint(part, parts);
    }
  }

  /** @param {Extract<Part, { type: 'metrics' }>} part @param {Part[]} parts @returns {LabEvent} */
  #report({ step }, parts) {
    const reports = parts.filter((part) => part.type === 'metrics');
    return {
      type: 'metrics',
      step,
      lanes: this.#shares.flat().length,
      values: this.#rows(reports.map(({ values }) => values)),
      matrices: this.#rows(reports.map(({ matrices }) => matrices)),
    };
  }

  /** Rows of all lanes, from those that each worker holds of its own. @param {Float64Array[]} parts */
  #rows(parts) {
    const rows = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
    const width = rows.length / this.#shares.flat().length;
    for (const [worker, part] of parts.entries()) {
      for (const [place, lane] of this.#lanesOf(worker))
        rows.set(part.subarray(place * width, (place + 1) * width), lane * width);
    }
    return rows;
  }

  /** @param {Extract<Part, { type: 'fingerprint' }>} part @param {Part[]} parts @returns {LabEvent} */
  #fingerprint({ fingerprint }, parts) {
    const lanes = /** @type {Fingerprint['lanes']} */ ([]);
    for (const [worker, part] of parts.entries()) {
      if (part.type !== 'fingerprint') continue;
      for (const [place, lane] of this.#lanesOf(worker))
        Object.assign(lanes, { [lane]: part.fingerprint.lanes[place] });
    }
    return { type: 'fingerprint', fingerprint: { ...fingerprint, lanes } };
  }

  /** Lanes of a worker, each with its place among them. @param {number} worker */
  #lanesOf(worker) {
    return (this.#shares[worker] ?? []).entries();
  }
}

/** Parts one behind the other are a snapshot of all their lanes. @param {{ step: number }} part @param {Part[]} parts @returns {LabEvent} */
function snapshot({ step }, parts) {
  const taken = parts.filter((part) => part.type === 'snapshot');
  if (taken.some((part) => part.step !== step)) {
    // So it is when a lane could not go on; what was saved before is worth more.
    return {
      type: 'rejected',
      message: 'The lanes stopped at different steps, so they cannot be saved. Reset the run.',
    };
  }
  const bytes = new Uint8Array(taken.reduce((sum, part) => sum + part.bytes.length, 0));
  let at = 0;
  for (const part of taken) {
    bytes.set(part.bytes, at);
    at += part.bytes.length;
  }
  return { type: 'snapshot', step, bytes };
}
