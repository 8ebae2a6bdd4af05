// The page outlives its worker.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idxPair, linkTo } from './link.mjs';
import { keepWorkers, lab, SMALL, shown } from './support.mjs';

const { visit } = lab();
const SHORT = { ...SMALL, steps: 200 };

/** @import { FaultKind } from '../../www/worker/protocol.d.ts' */
/** @import { Visit } from './support.mjs' */

/** Makes the newest training worker fail. @param {Visit} page @param {FaultKind} [kind] */
async function panic(page, kind = 'panic') {
  await page.page.evaluate((fault) => {
    /** @type {any} */ (window).workers.at(-1).postMessage({ type: 'fault', kind: fault });
  }, kind);
  await page.phase('Stopped');
}

/** @type {[FaultKind, string, RegExp][]} */
const FAULTS = [
  ['panic', 'a panic', /a panic was asked for/],
  ['out_of_memory', 'a lack of memory', /holds \d+ MB, was given no more memory.*need less memory/s],
  ['hang', 'a step that hangs', /silent for \d+ s, so a step of it hangs/],
];

for (const [kind, name, words] of FAULTS) {
  test(`${name} is shown, and a restart from the snapshot continues the same curves`, async () => {
    const undisturbed = await visit(linkTo(SHORT));
    await undisturbed.phase('Finished');
    const expected = await undisturbed.exported();
    await undisturbed.close();

    const page = await visit(linkTo(SHORT), {}, keepWorkers);
    await page.page.getByLabel('Speed').selectOption('50');
    // A hang shows against the pace of a run, evaluations included.
    await page.reach(42);
    const at = await page.pause();
    await page.press('Resume');
    await page.reach(at + 5);
    await panic(page, kind);
    const notice = await page.page.locator('.notice.error').innerText();
    assert.match(notice, /^Training stopped: /);
    assert.match(notice, words);
    // The page is alive: its views answer.
    await page.page.locator('.legend .chip').first().click();
    await page.page.locator('.legend .chip').first().click();

    await page.press(`Restart from step ${shown(at)}`);
    await page.page.getByLabel('Speed').selectOption('');
    await page.phase('Finished');
    const resumed = await page.exported();
    assert.deepEqual(resumed.steps, expected.steps);
    assert.deepEqual(resumed.lanes, expected.lanes);
    const unexpected = page.complaints.filter((complaint) => !complaint.includes('a panic was asked for'));
    assert.deepEqual(unexpected, []);
    await page.close();
  });
}

test('a panic before the first snapshot restarts from the beginning', async () => {
  const page = await visit(linkTo(SMALL), {}, keepWorkers);
  await page.reach(10);
  await panic(page);
  await page.press('Restart');
  await page.reach(10);
  assert.equal(await page.page.locator('.notice.error').count(), 0);
  await page.close();
});

test('dropped files survive a restart of the worker', async () => {
  const page = await visit(linkTo(SMALL), {}, keepWorkers);
  await page.phase('Training');
  await page.drop(idxPair(200, 14));
  await page.page.getByText('Training on tiny-images').waitFor();
  await page.reach(20);
  const at = await page.pause();
  await panic(page);
  await page.press(`Restart from step ${shown(at)}`);
  await page.reach(at + 10);
  const { document, steps } = await page.exported();
  assert.equal(document.task.kind, 'idx');
  assert.deepEqual(
    steps,
    steps.map((_, row) => row * 5),
  );
  await page.close();
});
