// The page answers while it trains: no task of its own keeps it busy for long, however much was measured.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

/** @import { Visit } from './support.mjs' */

const { visit } = lab();

/** Longer tasks are felt. */
const LONG_MS = 50;
const LANES = 16;
const ROWS = 20_000;
/** Other programs make tasks long as well, but not every time. */
const ATTEMPTS = 4;

/** @param {(lane: number) => object} own  What tells a lane from the others. */
const sixteen = (own) => ({
  ...SMALL,
  lanes: Array.from({ length: LANES }, (_, lane) => ({
    ...SMALL.lanes[lane % 2],
    name: `Lane ${lane}`,
    ...own(lane),
  })),
  report_every: 1,
  eval: { every: 20, samples: 32 },
});

/** Tasks of the page above the limit while `during` goes on, in ms. @param {Visit} page @param {() => Promise<void>} during */
async function longTasks({ page }, during) {
  await page.evaluate(() => {
    const tasks = /** @type {number[]} */ ([]);
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration);
    });
    observer.observe({ type: 'longtask' });
    Object.assign(window, { tasks, observer });
  });
  await during();
  return page.evaluate(() => {
    const { tasks, observer } = /** @type {any} */ (window);
    observer.disconnect();
    return /** @type {number[]} */ (tasks);
  });
}

/** The best of several attempts. @param {Visit} page @param {string} what @param {() => Promise<void>} during */
async function assertSmooth(page, what, during) {
  const tried = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const long = (await longTasks(page, during)).filter((duration) => duration > LONG_MS);
    console.log(`${what}: tasks above ${LONG_MS} ms: ${long.map(Math.round).join(', ') || 'none'}`);
    if (long.length === 0) return;
    tried.push(long);
  }
  assert.fail(`${what}: tasks above ${LONG_MS} ms in every attempt: ${JSON.stringify(tried)}`);
}

/**
 * Gives the page measurements of steps it never trained, through the store that real ones pass: noise from batch to
 * batch, and a slow change from evaluation to evaluation.
 *
 * @param {Visit} page
 * @param {number} rows
 */
function measure({ page }, rows) {
  return page.evaluate((count) => {
    const { store } = /** @type {any} */ (document.querySelector('nm-lab')).session;
    const { catalog, run, history } = store.state;
    const lanes = run.lanes.length;
    const first = (history.steps.at(-1) ?? 0) + 1;
    for (let step = first; step < first + count; step += 1) {
      const values = new Float64Array(lanes * catalog.metrics.length);
      for (let at = 0; at < values.length; at += 1) {
        const { key } = catalog.metrics[at % catalog.metrics.length];
        const lane = Math.floor(at / catalog.metrics.length);
        if (!key.startsWith('val_')) values[at] = 0.5 + Math.random();
        else if (step % run.document.eval.every > 0) values[at] = Number.NaN;
        else values[at] = 0.9 - 0.02 * lane - 1 / (2 + step / 100) + 0.03 * Math.random();
      }
      store.dispatch({ type: 'metrics', step, lanes, values, matrices: new Float64Array(0) });
    }
  }, rows);
}

for (const [kind, own] of /** @type {const} */ ([
  ['of their own', (/** @type {number} */ lane) => ({ learning_rate: 0.001 + lane * 1e-4 })],
  ['that differ in their seeds', (/** @type {number} */ lane) => ({ seed: lane })],
])) {
  test(`no task of the page is long with 16 lanes ${kind} and 20,000 measured steps`, async () => {
    const page = await visit(linkTo(sixteen(own)));
    await page.reach(5);
    await assertSmooth(page, 'in training', async () => {
      await page.reach((await page.step()) + 10);
    });
    await page.pause();
    for (let rows = 0; rows < ROWS; rows += 1000) await measure(page, 1000);
    await page.page.waitForTimeout(500);
    await assertSmooth(page, `${ROWS} steps on the charts`, async () => {
      for (let row = 0; row < 20; row += 1) {
        await measure(page, 1);
        await page.page.waitForTimeout(100);
      }
    });
    assert.deepEqual(page.complaints, []);
    await page.close();
  });
}
