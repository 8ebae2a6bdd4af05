// The pool of workers, without a browser: openings, and what crosses them on its way.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { LabPool } from '../../www/worker/pool.js';
import { Simulated } from './simulated.mjs';

/** @import { Event as LabEvent } from '../../www/worker/protocol.d.ts' */

/** @type {FakeWorker[]} */
let alive = [];

/** What the page takes for a worker. Each acts at a pace of its own. */
class FakeWorker extends EventTarget {
  simulated = new Simulated([], 60, (data) => this.#post(data));
  #timer;

  constructor() {
    super();
    alive.push(this);
    this.#timer = setInterval(() => this.simulated.turn(), alive.length);
  }

  /** @param {any} request */
  postMessage(request) {
    setTimeout(() => request.type !== 'compiled' && this.simulated.inbox.push(request));
  }

  /** @param {unknown} data */
  #post(data) {
    setTimeout(() => alive.includes(this) && this.dispatchEvent(new MessageEvent('message', { data })));
  }

  terminate() {
    clearInterval(this.#timer);
    alive = alive.filter((worker) => worker !== this);
  }
}
Object.assign(globalThis, { Worker: FakeWorker });

/** @type {LabPool} */
let pool;
/** @type {LabEvent[]} */
let events = [];

function start() {
  events = [];
  pool = new LabPool((event) => events.push(event));
}
afterEach(() => pool.terminate());

/** Opens a run of so many lanes. @param {number} lanes @param {number} workers */
const open = (lanes, workers) =>
  pool.open({ type: 'open', document: lanes, device: 'cpu', files: null, snapshot: null, workers });

/** @param {(event: LabEvent) => boolean} wanted @param {number} [after]  Events that came before do not count. */
async function told(wanted, after = 0) {
  for (;;) {
    const at = events.findIndex((event, index) => index >= after && wanted(event));
    if (at >= 0) return at;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
const is = (/** @type {string} */ state) => (/** @type {LabEvent} */ event) =>
  event.type === 'state' && event.state === state;

test('a start that comes while a run is being opened starts that run, on every worker', async () => {
  start();
  await open(4, 2);
  pool.send({ type: 'start' });
  await told(({ type }) => type === 'metrics');
  const answer = open(5, 3);
  pool.send({ type: 'start' });
  assert.equal((await answer).type, 'opened');
  const opened = await told((event) => event.type === 'opened' && event.workers === 3);
  await told(is('finished'), opened);
  const reports = events.slice(opened).filter(({ type }) => type === 'metrics');
  assert.equal(reports.length, 12);
  for (const report of reports) assert.equal(report.type === 'metrics' && report.lanes, 5);
  assert.deepEqual(
    alive.map(({ simulated }) => simulated.step),
    [60, 60, 60],
  );
});

test('a snapshot that was asked for before an opening is of the run before it', async () => {
  start();
  await open(4, 4);
  pool.send({ type: 'start' });
  await told(({ type }) => type === 'metrics');
  pool.send({ type: 'snapshot' });
  const answer = open(2, 1);
  await answer;
  const opened = await told((event) => event.type === 'opened' && event.workers === 1);
  const taken = events.slice(0, opened).filter(({ type }) => type === 'snapshot');
  assert.equal(taken.length, 1);
  assert.ok(taken[0]?.type === 'snapshot' && taken[0].step > 0 && taken[0].bytes.length === 8);
  // Whoever is left alone trains every lane, and nobody else says anything of them.
  assert.equal(alive.length, 1);
  pool.send({ type: 'start' });
  await told(is('finished'), opened);
  assert.ok(events.slice(opened).every((event) => event.type !== 'metrics' || event.lanes === 2));
});

test('a run that is refused leaves the present one training, with what was asked meanwhile', async () => {
  start();
  await open(4, 2);
  pool.send({ type: 'start' });
  await told(({ type }) => type === 'metrics');
  const answer = open(0, 2);
  pool.send({ type: 'pause' });
  assert.equal((await answer).type, 'problems');
  const paused = await told(is('paused'));
  const steps = alive.map(({ simulated }) => simulated.step);
  assert.equal(new Set(steps).size, 1);
  pool.send({ type: 'start' });
  await told(is('finished'), paused);
});

test('a question reaches one worker, and that of a lane whoever trains it', async () => {
  start();
  await open(4, 4);
  pool.send({ type: 'kernels', device: 'cpu' });
  await pool.ask({ type: 'inspect', lane: 2, tensor: 'any' });
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual(
    alive.map(({ simulated }) => simulated.asked),
    [['kernels'], [], ['inspect'], []],
  );
});

test('whoever waits for workers that end is told', async () => {
  start();
  await open(4, 2);
  pool.send({ type: 'start' });
  await told(({ type }) => type === 'metrics');
  const waiting = [pool.snapshot(), open(3, 3), pool.ask({ type: 'inspect', lane: 1, tensor: 'any' })];
  pool.terminate();
  for (const answer of waiting) await assert.rejects(answer, /ended/);
  assert.equal(alive.length, 0);
});
