// The page outlives its worker.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idxPair, linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();
const SHORT = { ...SMALL, steps: 200 };

/** @import { Visit } from './support.mjs' */

/** Keeps the workers that the page starts within reach of the test. @param {string} hash */
async function visitWithWorkers(hash) {
  const page = await visit();
  await page.page.addInitScript(() => {
    const workers = /** @type {Worker[]} */ ([]);
    Object.assign(window, { workers });
    window.Worker = class extends Worker {
      /** @param {string | URL} address @param {WorkerOptions} [options] */
      constructor(address, options) {
        super(address, options);
        workers.push(this);
      }
    };
  });
  await page.page.evaluate((h) => {
    location.hash = h;
  }, hash);
  await page.page.reload();
  return page;
}

/** Makes the training worker panic. @param {Visit} page */
async function panic(page) {
  await page.page.evaluate(() => {
    /** @type {any} */ (window).workers.at(-1).postMessage({ type: 'fault', kind: 'panic' });
  });
  await page.phase('Stopped');
}

test('a panic is shown, and a restart from the snapshot continues the same curves', async () => {
  const undisturbed = await visit(linkTo(SHORT));
  await undisturbed.phase('Finished');
  const expected = await undisturbed.exported();
  await undisturbed.close();

  const page = await visitWithWorkers(linkTo(SHORT));
  await page.page.getByLabel('Speed').selectOption('50');
  await page.reach(20);
  await page.press('Pause');
  await page.phase('Paused');
  const at = await page.step();
  await panic(page);
  assert.match(await page.page.locator('.notice.error').innerText(), /stopped/i);
  // The page is alive: its views answer.
  await page.page.locator('.legend .chip').first().click();
  await page.page.locator('.legend .chip').first().click();

  await page.press(`Restart from step ${at}`);
  await page.page.getByLabel('Speed').selectOption('');
  await page.phase('Finished');
  const resumed = await page.exported();
  assert.deepEqual(resumed.steps, expected.steps);
  assert.deepEqual(resumed.lanes, expected.lanes);
  const unexpected = page.complaints.filter((complaint) => !complaint.includes('a panic was asked for'));
  assert.deepEqual(unexpected, []);
  await page.close();
});

test('a panic before the first snapshot restarts from the beginning', async () => {
  const page = await visitWithWorkers(linkTo(SMALL));
  await page.reach(10);
  await panic(page);
  await page.press('Restart');
  await page.reach(10);
  assert.equal(await page.page.locator('.notice.error').count(), 0);
  await page.close();
});

test('dropped files survive a restart of the worker', async () => {
  const page = await visitWithWorkers(linkTo(SMALL));
  await page.phase('Training');
  await page.drop(idxPair(200, 14));
  await page.page.getByText('Training on tiny-images').waitFor();
  await page.reach(20);
  await page.press('Pause');
  await page.phase('Paused');
  const at = await page.step();
  await panic(page);
  await page.press(`Restart from step ${at}`);
  await page.reach(at + 10);
  const { document, steps } = await page.exported();
  assert.equal(document.task.kind, 'idx');
  assert.deepEqual(
    steps,
    steps.map((_, row) => row * 5),
  );
  await page.close();
});
