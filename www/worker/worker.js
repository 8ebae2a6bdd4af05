/**
 * The training worker: hands commands to the wasm lab one at a time and trains in between.
 *
 * Every failure ends as a `failed` event; after one, the wasm instance may be half-way through a
 * step, so the worker does nothing more and the page replaces it.
 */

import init, { Lab } from '../pkg/nmflow.js';
import { pipelinesOf } from './pipelines.js';

/** @import { Compiled, Request } from './client.js' */
/** @import { Event as LabEvent } from './protocol.d.ts' */

const NEED_LESS =
  'Restart, which goes on from the last snapshot if there is one. Fewer lanes, a smaller batch or fewer workers need less memory.';
const RESTART =
  'Restart, which goes on from the last snapshot if there is one; if it happens again, choose the CPU device.';

/** @type {Request[]} */
const queue = [];
/** Requests answered so far. */
let handled = 0;
let working = false;
let dead = false;
/** @type {WebAssembly.Memory | null} */
let memory = null;

/** What is the wasm lab's copy already: it moves instead of being copied again. @param {LabEvent} event */
function movable(event) {
  if (event.type === 'metrics' || event.type === 'recorded') return [event.values.buffer];
  return event.type === 'snapshot' ? [event.bytes.buffer] : [];
}

/** @param {LabEvent} event */
function post(event) {
  postMessage(event, { transfer: movable(event) });
}

// A panic says what happened on the console only; the trap that follows it says "unreachable".
let lastWords = '';
const { error: logError } = console;
console.error = (...words) => {
  lastWords = String(words[0]);
  logError.apply(console, words);
};

/** @param {unknown} reason */
function fail(reason) {
  if (dead) return;
  dead = true;
  const trapped = reason instanceof WebAssembly.RuntimeError;
  if (trapped && !lastWords.includes('panicked')) {
    // A module that traps without a panic has been refused memory.
    const used = Math.round((memory?.buffer.byteLength ?? 0) / 2 ** 20);
    const message = `Training stopped: the worker, which holds ${used} MB, was given no more memory.`;
    return post({ type: 'failed', message, remedy: NEED_LESS });
  }
  const message = reason instanceof Error ? reason.message : String(reason);
  const [what] = (trapped ? lastWords : message).split('\n\nStack:');
  post({ type: 'failed', message: `Training stopped: ${what}`, remedy: RESTART });
}

const pipelines = pipelinesOf(globalThis, (made, asked) => post({ type: 'preparing', made, asked }));

// A macrotask between two slices of training lets waiting commands in; a promise would not.
const channel = new MessageChannel();
/** @type {() => void} */
let wake = () => {};
channel.port1.onmessage = () => wake();

/**
 * Rests until commands could arrive, `wait_ms` passed, or a command did arrive.
 *
 * @param {number} wait_ms
 * @returns {Promise<void>}
 */
function rest(wait_ms) {
  return new Promise((resolve) => {
    wake = resolve;
    if (wait_ms > 0) setTimeout(resolve, wait_ms);
    else channel.port2.postMessage(null);
  });
}

/** Fetches the module and passes it on, so that no other worker has to. @returns {Promise<WebAssembly.Module>} */
async function compile() {
  const address = new URL('../pkg/nmflow_bg.wasm', import.meta.url);
  // Some file hosts do not know the type of a module, which streaming insists on.
  const module = await WebAssembly.compileStreaming(fetch(address)).catch(async () =>
    WebAssembly.compile(await (await fetch(address)).arrayBuffer()),
  );
  postMessage({ type: 'compiled', module });
  return module;
}

/** @type {(module: WebAssembly.Module) => void} */
let take = () => {};
/** @type {Promise<WebAssembly.Module>} */
const given = new Promise((resolve) => {
  take = resolve;
});

/** @type {Promise<Lab>} */
const starting = (self.name === 'lead' ? compile() : given)
  .then((module) => init({ module_or_path: module }))
  .then((exports) => {
    memory = exports.memory;
    return new Lab(post, pipelines);
  });

/** @param {Lab} lab @param {Request} request */
async function answer(lab, request) {
  if (request.type !== 'open') return lab.command(request);
  const reading = Promise.all((request.files ?? []).map(read));
  const files = await reading.catch((reason) => {
    post({ type: 'rejected', message: `The files could not be read (${reason}). Drop them again.` });
  });
  if (files) await lab.command({ ...request, files: request.files && files });
}

/** @param {File} file */
async function read(file) {
  return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
}

/** Handles commands in order, trains while the lab is running, returns when there is nothing to do. */
async function work() {
  if (working) return;
  working = true;
  try {
    const lab = await starting;
    for (;;) {
      const command = queue.shift();
      let wait_ms = 0;
      if (command) {
        await answer(lab, command);
        handled += 1;
      } else if (lab.running()) wait_ms = await lab.advance();
      else break;
      await rest(wait_ms);
    }
    postMessage({ type: 'resting', handled });
  } catch (reason) {
    fail(reason);
  }
  working = dead;
}

self.addEventListener('error', (event) => {
  event.preventDefault();
  fail(event.error ?? event.message);
});
self.addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  fail(event.reason);
});
self.addEventListener('message', (/** @type {MessageEvent<Request | Compiled>} */ { data }) => {
  if (data.type === 'compiled') return take(data.module);
  queue.push(data);
  wake();
  void work();
});
