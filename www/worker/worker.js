/**
 * The training worker: hands commands to the wasm lab one at a time and trains in between.
 *
 * Every failure ends as a `failed` event; after one, the wasm instance may be half-way through a
 * step, so the worker does nothing more and the page replaces it.
 */

import init, { Lab } from '../pkg/nmflow.js';

/** @import { Command, Event as LabEvent } from './protocol.d.ts' */

const RESTART = 'Restart from the last snapshot; if it happens again, choose the CPU device.';

/** @type {Command[]} */
const queue = [];
let working = false;
let dead = false;

/** @param {LabEvent} event */
function post(event) {
  // The numbers of a report are the wasm lab's copy already: they move instead of being copied again.
  postMessage(event, { transfer: 'values' in event ? [event.values.buffer] : [] });
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
  const panicked = reason instanceof WebAssembly.RuntimeError && lastWords.includes('panicked');
  const message = reason instanceof Error ? reason.message : String(reason);
  const [what] = (panicked ? lastWords : message).split('\n\nStack:');
  post({ type: 'failed', message: `Training stopped: ${what}`, remedy: RESTART });
}

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

/** @type {Promise<Lab>} */
const starting = init().then(() => new Lab(post));

/** Handles commands in order, trains while the lab is running, returns when there is nothing to do. */
async function work() {
  if (working) return;
  working = true;
  try {
    const lab = await starting;
    for (;;) {
      const command = queue.shift();
      let wait_ms = 0;
      if (command) await lab.command(command);
      else if (lab.running()) wait_ms = await lab.advance();
      else break;
      await rest(wait_ms);
    }
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
self.addEventListener('message', (/** @type {MessageEvent<Command>} */ event) => {
  queue.push(event.data);
  wake();
  void work();
});
