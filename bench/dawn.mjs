// The same contenders without a browser: Node with Dawn, Chromium's WebGPU, which also reaches a GPU on a machine
// without a display. Contenders share one thread, so only WebGPU times mean anything here.

import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

/** @import { Bench } from './driver.mjs' */

/** Workers' files that run in Node; the others need what only a browser has. @type {Record<string, string>} */
const FILES = { nmflow: 'nmflow.js', kernels: 'kernels.js', wgsl: 'wgsl.js', jax: 'jax.js' };

/** Makes Node look like a worker with WebGPU. */
async function becomeWorker() {
  // @ts-expect-error Installed on demand.
  const { create, globals } = await import('./dawn/node_modules/webgpu/index.js');
  Object.assign(globalThis, globals);
  const gpu = create([]);
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu, userAgent: `Node ${process.version}`, hardwareConcurrency: cpus().length },
    configurable: true,
  });
  // What wasm-bindgen's web-sys looks for to find `navigator`.
  function WorkerGlobalScope() {}
  Object.defineProperty(WorkerGlobalScope, Symbol.hasInstance, { value: () => true });
  const { fetch } = globalThis;
  Object.assign(globalThis, {
    WorkerGlobalScope,
    self: globalThis,
    // Modules lie in files here.
    fetch: async (/** @type {any} */ address, /** @type {any} */ options) => {
      const url = String(address?.url ?? address);
      if (!url.startsWith('file:')) return fetch(address, options);
      const headers = { 'content-type': 'application/wasm' };
      return new Response(readFileSync(fileURLToPath(url)), { headers });
    },
  });
  return gpu;
}

/**
 * Loads a worker's file; gives what it answers calls with.
 * @param {string} file
 * @param {number} copy Makes it a module of its own.
 */
async function load(file, copy) {
  /** @type {(message: { data: unknown }) => Promise<void>} */
  let receive = async () => {};
  const scope = /** @type {any} */ (globalThis);
  scope.addEventListener = (/** @type {string} */ _type, /** @type {typeof receive} */ listener) => {
    receive = listener;
  };
  await import(`./page/${file}?copy=${copy}`);
  const answer = receive;
  return (/** @type {string} */ method, /** @type {unknown[]} */ ...args) =>
    new Promise((/** @type {(result: any) => void} */ resolve, reject) => {
      scope.postMessage = (/** @type {any} */ { result, error, fault }) =>
        error || fault ? reject(new Error(error ?? fault)) : resolve(result);
      void answer({ data: { id: 0, method, args } });
    });
}

/**
 * A bench like the browser's, in this process.
 * @returns {Promise<Bench>}
 * @throws {Error} When Dawn offers no adapter.
 */
export async function openDawn() {
  const gpu = await becomeWorker();
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('Dawn finds no adapter: is there a GPU, and its Vulkan driver?');
  const { vendor, architecture, description } = adapter.info;
  /** @type {Map<string, Awaited<ReturnType<typeof load>>>} */
  const contenders = new Map();
  const { peerWeights } = await import('./model.js');
  /** @type {object} */
  let common = {};
  let copies = 0;
  const call = async (
    /** @type {string} */ name,
    /** @type {string} */ method,
    /** @type {unknown[]} */ ...args
  ) => {
    const contender = contenders.get(name);
    if (!contender) throw new Error(`${name} is not open`);
    return contender(method, ...args);
  };
  return {
    version: `Node ${process.version}`,
    environment: async () => ({
      browser: `Node ${process.version} with Dawn`,
      cores: cpus().length,
      isolated: true,
      adapter: [vendor, architecture, description].filter(Boolean).join(' '),
      features: [...adapter.features].sort(),
    }),
    async open(name, kind, options, workers = 1) {
      const file = FILES[kind];
      if (!file || workers > 1) throw new Error('runs in a browser only');
      copies += 1;
      contenders.set(name, await load(file, copies));
      return call(name, 'open', { ...(kind === 'nmflow' ? {} : common), .../** @type {object} */ (options) });
    },
    async share(name) {
      common = { weights: peerWeights(await call(name, 'weights')), batches: await call(name, 'batches', 8) };
    },
    call,
    async close(name) {
      contenders.delete(name);
    },
    async end() {},
  };
}
