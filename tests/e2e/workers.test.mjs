// The lanes shared out over several CPU workers: the same run to the last bit, whatever their number.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idxPair, linkTo } from './link.mjs';
import { keepWorkers, lab, SMALL, shown } from './support.mjs';

/** @import { Exported, Visit } from './support.mjs' */

const { visit } = lab();

const LANES = [
  ...SMALL.lanes,
  { name: 'Soft', recipe: 'mdgf-exponential', ff: { n: 1, m: 4 }, learning_rate: 0.002 },
  { name: 'Steps', recipe: 'sdgf-stepwise', ff: { n: 1, m: 8 }, learning_rate: 0.002, seed: 7 },
];
const FOUR = { ...SMALL, lanes: LANES, steps: 120 };

/** @param {Visit} page @param {number} count */
async function choose({ page }, count) {
  await page.getByRole('combobox', { name: 'Workers' }).selectOption(String(count));
  await page.waitForFunction(
    (wanted) =>
      /** @type {any} */ (document.querySelector('nm-lab')).session.store.state.device.crew === wanted,
    count,
  );
  // The lead tells how many there are before the others have started.
  while (page.workers().length !== count) await page.waitForTimeout(50);
}

/** What a run on one worker measures. @returns {Promise<Exported>} */
async function onOneWorker() {
  const page = await visit(linkTo(FOUR));
  await page.page.getByRole('combobox', { name: 'Workers' }).selectOption('1');
  await page.phase('Finished');
  const exported = await page.exported();
  await page.close();
  return exported;
}
const expected = onOneWorkerOnce();

/** The first test that asks starts it; the browser is not there before. */
function onOneWorkerOnce() {
  /** @type {Promise<Exported> | null} */
  let run = null;
  return () => {
    run ??= onOneWorker();
    return run;
  };
}

for (const count of [2, 4]) {
  test(`${count} workers measure what one measures, to the last bit`, async () => {
    const page = await visit(linkTo(FOUR));
    await page.page.getByRole('combobox', { name: 'Speed' }).selectOption('50');
    await page.reach(3);
    await choose(page, count);
    // A reset that came before the run goes on would be followed by its start.
    await page.reach((await page.step()) + 1);
    await page.press('Reset');
    await page.page.getByRole('combobox', { name: 'Speed' }).selectOption('');
    await page.press('Start');
    await page.phase('Finished');
    const { steps, lanes, fingerprint } = await page.exported();
    const one = await expected();
    assert.deepEqual(steps, one.steps);
    assert.deepEqual(lanes, one.lanes);
    assert.equal(fingerprint?.lanes.length, FOUR.lanes.length);
    assert.deepEqual(fingerprint, one.fingerprint);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });
}

test('lanes repeated over seeds are summarised alike, whoever trains them', async () => {
  const lanes = [0, 1, 2].flatMap((seed) =>
    SMALL.lanes.map((lane) => ({ ...lane, name: `${lane.name}, seed ${seed}`, seed })),
  );
  const summaries = [];
  for (const count of [1, 3]) {
    const page = await visit(linkTo({ ...SMALL, lanes, steps: 60 }));
    await page.page.getByRole('combobox', { name: 'Speed' }).selectOption('20');
    await page.reach(3);
    await choose(page, count);
    await page.page.getByRole('combobox', { name: 'Speed' }).selectOption('');
    await page.phase('Finished');
    const summary = await page.page.evaluate(
      () => /** @type {any} */ (document.querySelector('nm-lab')).session.store.state.run.summary,
    );
    assert.deepEqual(
      summary.map((/** @type {{ n: number }} */ { n }) => n),
      [3, 3],
    );
    summaries.push(summary);
    assert.deepEqual(page.complaints, []);
    await page.close();
  }
  assert.deepEqual(summaries[1], summaries[0]);
});

/** Runs in the page: gives the CPU so many cores. @param {number} count */
function withCores(count) {
  const words = `Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => ${count} })`;
  return /** @type {() => void} */ (new Function(words));
}

/** The run, with its noise measured at the weights it starts from. @param {number} workers */
async function withNoise(workers) {
  const page = await visit(`?autostart=off${linkTo(FOUR)}`, {}, withCores(workers));
  await page.phase('Ready');
  const chart = page.page.locator('[data-chart=noise]');
  await chart.getByRole('combobox', { name: 'Shown' }).selectOption('gradient_snr');
  await chart.getByRole('button', { name: 'Measure now' }).press('Enter');
  await page.page.waitForFunction(() => {
    const { history } = /** @type {any} */ (document.querySelector('nm-lab')).session.store.state;
    return Number.isFinite(history.lanes[3]?.[history.keys.indexOf('batch_variance_all')]?.[0]);
  });
  await page.press('Start');
  await page.phase('Finished');
  assert.equal(page.page.workers().length, workers);
  const matrices = await page.page.evaluate(() => {
    const { names, steps, rows } = /** @type {any} */ (document.querySelector('nm-lab')).session.store.state
      .matrices;
    return { names, steps, rows: rows.map((/** @type {Float32Array} */ row) => Array.from(row)) };
  });
  const { steps, lanes } = await page.exported();
  assert.deepEqual(page.complaints, []);
  await page.close();
  return { matrices, steps, lanes };
}

test('the noise of gradients and of single matrices is the same, whoever trains the lanes', async () => {
  const one = await withNoise(1);
  assert.ok(Number(one.lanes[3]?.metrics.batch_variance_all?.[0]) > 0);
  assert.equal(one.matrices.steps.length, FOUR.steps / FOUR.report_every);
  assert.ok(one.matrices.names.length > 0);
  assert.deepEqual(await withNoise(2), one);
  assert.deepEqual(await withNoise(4), one);
});

test('the number of workers changes, the run is paused, resumed and stepped: the curve is the same', async () => {
  const page = await visit(linkTo(FOUR));
  await page.page.getByRole('combobox', { name: 'Speed' }).selectOption('20');
  await page.reach(6);
  await choose(page, 4);
  await page.reach(20);
  let at = await page.pause();
  await choose(page, 2);
  assert.equal(await page.step(), at, 'nothing trained is lost');
  for (let step = 1; step <= 7; step += 1) {
    await page.press('Step');
    await page.reach(at + step);
  }
  at += 7;
  await page.press('Resume');
  await page.reach(at + 10);
  await choose(page, 1);
  await choose(page, 4);
  await page.page.getByRole('combobox', { name: 'Speed' }).selectOption('');
  await page.phase('Finished');
  const { steps, lanes } = await page.exported();
  const one = await expected();
  assert.deepEqual(steps, one.steps);
  assert.deepEqual(lanes, one.lanes);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a panic in one of the workers stops the run; a click goes on from the snapshot of all', async () => {
  const page = await visit(linkTo(FOUR), {}, keepWorkers);
  await page.page.getByRole('combobox', { name: 'Speed' }).selectOption('20');
  await page.reach(3);
  await choose(page, 4);
  await page.reach(20);
  const at = await page.pause();
  await page.press('Resume');
  await page.reach(at + 5);
  await page.page.evaluate(() => {
    /** @type {any} */ (window).workers.at(-1).postMessage({ type: 'fault', kind: 'panic' });
  });
  await page.phase('Stopped');
  // A worker that was ended is gone a moment later.
  for (const deadline = Date.now() + 10_000; page.page.workers().length > 0; ) {
    assert.ok(Date.now() < deadline, 'no worker trains on');
    await page.page.waitForTimeout(50);
  }
  await page.press(`Restart from step ${shown(at)}`);
  await page.page.getByRole('combobox', { name: 'Speed' }).selectOption('');
  await page.phase('Finished');
  assert.equal(page.page.workers().length, 4);
  const { steps, lanes } = await page.exported();
  const one = await expected();
  assert.deepEqual(steps, one.steps);
  assert.deepEqual(lanes, one.lanes);
  await page.close();
});

test('every worker has the files of the visitor; a wrong file leaves all of them training', async () => {
  const page = await visit(linkTo({ ...FOUR, steps: 100_000 }));
  await page.reach(3);
  await choose(page, 2);
  await page.drop([{ name: 'notes.txt', bytes: Buffer.from('not a data set') }]);
  await page.page.locator('.notice.error').waitFor();
  await page.reach((await page.step()) + 20);
  await page.drop(idxPair(400, 14));
  await page.page.getByText('Training on tiny-images-idx3-ubyte').waitFor();
  await page.reach(20);
  await choose(page, 4);
  await page.reach((await page.step()) + 20);
  const { document, lanes } = await page.exported();
  assert.equal(document.task.kind, 'idx');
  assert.equal(lanes.length, 4);
  for (const { metrics } of lanes) assert.ok(metrics.train_loss?.at(-1));
  await page.close();
});
