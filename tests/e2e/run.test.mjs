// Pause, resume, step, reset, speed, zoom.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();
const SHORT = { ...SMALL, steps: 120 };

/** @param {number} last */
const everyFive = (last) => Array.from({ length: last / 5 + 1 }, (_, index) => index * 5);

test('pausing and resuming lose nothing: the curves are those of an undisturbed run', async () => {
  const undisturbed = await visit(linkTo(SHORT));
  await undisturbed.phase('Finished');
  const expected = await undisturbed.exported();
  await undisturbed.close();
  assert.deepEqual(expected.steps, everyFive(120));

  const page = await visit(linkTo(SHORT));
  await page.page.getByLabel('Speed').selectOption('50');
  for (const step of [7, 33]) {
    await page.reach(step);
    const at = await page.pause();
    await page.page.waitForTimeout(300);
    assert.equal(await page.step(), at, 'a paused run stands still');
    await page.press('Resume');
  }
  await page.page.getByLabel('Speed').selectOption('');
  await page.phase('Finished');
  const resumed = await page.exported();
  assert.deepEqual(resumed.steps, expected.steps);
  assert.deepEqual(resumed.lanes, expected.lanes);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the speed knob holds the run back at once; bar and time left follow', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: 10_000 }));
  await page.reach(20);
  await page.page.getByLabel('Speed').selectOption('10');
  // What was under way when it was set is over by then.
  await page.page.waitForTimeout(1000);
  const [from, since] = [await page.step(), Date.now()];
  await page.reach(from + 30);
  const perSecond = ((await page.step()) - from) / ((Date.now() - since) / 1000);
  assert.ok(perSecond < 13, `${perSecond} steps/s where 10 are allowed`);
  const [pace, left] = await page.page.locator('.progress .speed span').allInnerTexts();
  assert.match(pace ?? '', /^[\d.]+ steps\/s$/);
  assert.match(left ?? '', /^\d+ min \d+ s left$/);
  const bar = page.page.getByRole('progressbar', { name: 'Steps done' });
  const [value, max] = await bar.evaluate((element) => {
    const { value, max } = /** @type {HTMLProgressElement} */ (element);
    return [value, max];
  });
  assert.ok(max === 10_000 && (value ?? 0) >= from + 30);
  await page.close();
});

test('one step is one step', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(1);
  const before = await page.pause();
  await page.press('Step');
  await page.reach(before + 1);
  await page.phase('Paused');
  assert.equal(await page.step(), before + 1);
  await page.close();
});

/** A run without the seconds that it took. @param {import('./support.mjs').Exported} run */
const measured = ({ elapsed_s: _, ...run }) => run;

test('reset goes back to the same initial weights', async () => {
  const page = await visit(linkTo(SHORT));
  await page.phase('Finished');
  const first = await page.exported();
  await page.press('Reset');
  await page.phase('Ready');
  assert.equal(await page.step(), 0);
  assert.deepEqual((await page.exported()).steps, []);
  await page.press('Start');
  await page.phase('Finished');
  assert.deepEqual(measured(await page.exported()), measured(first));
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a zoom survives streaming, on all charts, until it is taken back', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(40);
  const box = await page.page.locator('[data-chart=loss] .u-over').boundingBox();
  assert.ok(box);
  await page.page.mouse.move(box.x + box.width * 0.2, box.y + 20);
  await page.page.mouse.down();
  await page.page.mouse.move(box.x + box.width * 0.6, box.y + 30, { steps: 4 });
  await page.page.mouse.up();
  const ranges = () =>
    page.page.evaluate(() =>
      [...document.querySelectorAll('nm-plot')].map((plot) => /** @type {any} */ (plot).spec.xRange),
    );
  const zoomed = await ranges();
  assert.equal(zoomed.length, 4);
  for (const [from, to] of zoomed) {
    assert.ok(Math.abs(from - 20_000) < 1000 && Math.abs(to - 60_000) < 1000, `${from} to ${to}`);
  }
  await page.reach((await page.step()) + 50);
  assert.deepEqual(await ranges(), zoomed);
  await page.page.locator('[data-chart=noise] .u-over').dblclick();
  for (const range of await ranges()) assert.deepEqual(range, [0, 100_000]);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the exported table holds a row per lane and report', async () => {
  const page = await visit(linkTo(SHORT));
  await page.phase('Finished');
  const [download] = await Promise.all([page.page.waitForEvent('download'), page.press('CSV')]);
  assert.equal(download.suggestedFilename(), 'nmflow-a-small-experiment-step-120.csv');
  const { readFile } = await import('node:fs/promises');
  const [header, ...rows] = (await readFile(await download.path(), 'utf8')).trim().split('\n');
  assert.match(header ?? '', /^step,elapsed_s,lane,name,train_loss,/);
  assert.equal(rows.length, everyFive(120).length * 2);
  assert.match(rows.at(-1) ?? '', /^120,\d+(\.\d+)?,1,"Baseline",\d/);
  await page.close();
});
