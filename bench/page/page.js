// The page behind `npm run bench`: one worker per contender, all of them driven from outside through `bench`.

import { peerWeights } from '../model.js';

/** @type {Record<string, () => Worker>} */
const KINDS = {
  kernels: () => new Worker(new URL('./kernels.js', import.meta.url), { type: 'module' }),
  nmflow: () => new Worker(new URL('./nmflow.js', import.meta.url), { type: 'module' }),
  jax: () => new Worker(new URL('./jax.js', import.meta.url), { type: 'module' }),
  burn: () => new Worker(new URL('./burn.js', import.meta.url), { type: 'module' }),
  wgsl: () => new Worker(new URL('./wgsl.js', import.meta.url), { type: 'module' }),
  tfjs: () => new Worker(new URL('./tfjs.js', import.meta.url), { type: 'module' }),
};

/** Batches that the other libraries train on, in turn; ours draws new ones in every step. */
const BATCHES = 8;

class Contender {
  #next = 0;
  #waiting = new Map();

  /** @param {string} kind */
  constructor(kind) {
    this.worker = KINDS[kind]();
    this.worker.addEventListener('message', ({ data: { id, result, error, fault } }) => {
      if (fault) return this.#fail(`the GPU reported: ${fault}`);
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    });
    this.worker.addEventListener('error', (event) => this.#fail(event.message || 'its files did not load'));
  }

  #fail(message) {
    this.failed = message;
    for (const { reject } of this.#waiting.values()) reject(new Error(message));
    this.#waiting.clear();
  }

  call(method, ...args) {
    if (this.failed) return Promise.reject(new Error(this.failed));
    return new Promise((resolve, reject) => {
      this.#next += 1;
      this.#waiting.set(this.#next, { resolve, reject });
      this.worker.postMessage({ id: this.#next, method, args });
    });
  }
}

/** Workers of each contender, by its name: several where it shares its lanes out. @type {Map<string, Contender[]>} */
const contenders = new Map();
/** @type {{ weights: unknown, batches: unknown }} */
let common;

globalThis.bench = {
  /** What this browser is. */
  async environment() {
    const adapter = await navigator.gpu?.requestAdapter();
    const { vendor, architecture, description } = adapter?.info ?? {};
    return {
      browser: navigator.userAgent,
      cores: navigator.hardwareConcurrency,
      isolated: crossOriginIsolated,
      adapter: adapter ? [vendor, architecture, description].filter(Boolean).join(' ') : null,
      features: adapter ? [...adapter.features].sort() : [],
    };
  },

  /** Starts a contender in `workers` workers. */
  async open(name, kind, options, workers = 1) {
    const team = Array.from({ length: workers }, () => new Contender(kind));
    contenders.set(name, team);
    const given = (worker) => ({ ...options, ...(kind === 'nmflow' ? { worker, workers } : common) });
    const [first] = await Promise.all(team.map((member, worker) => member.call('open', given(worker))));
    return first;
  },

  /** Makes a contender of ours the source of the initial weights and of the batches. */
  async share(name) {
    const [ours] = contenders.get(name);
    common = {
      weights: peerWeights(await ours.call('weights')),
      batches: await ours.call('batches', BATCHES),
    };
  },

  /** Calls a method of all workers of a contender at once; the time is that of the slowest. */
  async call(name, method, ...args) {
    const results = await Promise.all(contenders.get(name).map((member) => member.call(method, ...args)));
    const slowest = Math.max(...results.map((result) => result?.ms ?? 0));
    return { ...results[0], ...(slowest > 0 ? { ms: slowest } : {}) };
  },

  close(name) {
    for (const { worker } of contenders.get(name) ?? []) worker.terminate();
    contenders.delete(name);
  },
};
