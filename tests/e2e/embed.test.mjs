// The lab inside another page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { embedOf, NAMES, PARTS } from '../../www/state/embed.js';
import { recordingOf } from '../../www/state/recording.js';
import { linkTo } from './link.mjs';
import { lab, PATIENCE_MS, SMALL } from './support.mjs';

const { visit } = lab();

test('parts are left out, and a line says what they would have told', async () => {
  const page = await visit(`?show=run,accuracy&autostart=off${linkTo(SMALL)}`);
  await page.phase('Ready');
  await page.page.waitForTimeout(300);
  assert.equal(await page.step(), 0, 'nothing starts by itself');
  await page.press('Start');
  await page.reach(10);
  assert.deepEqual(
    await page.page
      .locator('[data-chart]')
      .evaluateAll((charts) => charts.map((chart) => chart.getAttribute('data-chart'))),
    ['accuracy'],
  );
  for (const part of ['.lanes', '.experiment', '.results', '.legend', '.top']) {
    assert.equal(await page.page.locator(part).count(), 0, part);
  }
  const note = page.page.locator('.embed-note');
  assert.match(
    await note.innerText(),
    /A small experiment, 100,000 steps of 8: Control \(first lane\), Baseline \(SR-STE/,
  );
  const whole = await visit(new URL((await note.getByRole('link').getAttribute('href')) ?? '').hash);
  await whole.reach(5);
  assert.equal((await whole.exported()).document.name, SMALL.name);
  assert.deepEqual([...page.complaints, ...whole.complaints], []);
  await page.close();
  await whole.close();
});

test('unknown settings are named on the page', async () => {
  const page = await visit(`?hide=everything&theme=pink&preset=none${linkTo(SMALL)}`);
  const fields = page.page.locator('.notice.error code');
  await fields.nth(1).waitFor();
  assert.deepEqual((await fields.allInnerTexts()).slice(0, 2).sort(), ['hide', 'theme']);
  await page.reach(5);
  await page.close();
});

test('a recorded run is shown at once, and trains live when asked', async () => {
  const page = await visit('examples/embed.html');
  const frame = page.page.frameLocator('iframe');
  await frame.locator('.phase', { hasText: 'Recorded' }).waitFor();
  const lines = () =>
    frame
      .locator('[data-chart=accuracy] nm-plot')
      .evaluate((plot) =>
        /** @type {any} */ (plot).spec.lines.map((/** @type {any} */ line) => line.values.at(-1)),
      );
  // The lanes, and those that prune once more as they would ship, once the training code has told their schedules.
  const deadline = Date.now() + PATIENCE_MS;
  while ((await lines()).length < 7 && Date.now() < deadline) await page.page.waitForTimeout(100);
  const recorded = await lines();
  assert.ok(recorded.length === 7 && recorded.every((/** @type {number} */ value) => value > 0.1));
  await frame.getByRole('button', { name: 'Train it live' }).click();
  await frame.locator('.phase', { hasText: 'Training' }).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the page leads to the example, which names every setting and part', async () => {
  const page = await visit(`?autostart=off${linkTo(SMALL)}`);
  await page.phase('Ready');
  await page.page.getByRole('link', { name: 'Show it in your own page' }).click();
  await page.page.getByRole('heading', { name: 'nmflow in another page' }).waitFor();
  const named = await page.page.locator('.example dl code').allInnerTexts();
  for (const name of [...NAMES, ...PARTS]) assert.ok(named.includes(name), name);
  // The element below, as its snippet says: no forms, and nothing of what this visitor trained before.
  await page.phase('Ready');
  for (const part of ['.lanes', '.experiment', '.runs', '.study']) {
    assert.equal(await page.page.locator(part).count(), 0, part);
  }
  const attributes = await page.page
    .locator('nm-lab')
    .evaluate((element) => [...element.attributes].map(({ name, value }) => `${name}="${value}"`).join(' '));
  await page.page.getByText(`<nm-lab ${attributes}></nm-lab>`).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('attributes and parameters are read alike, and parameters win', () => {
  const attributes = new Map([
    ['hide', 'lanes experiment'],
    ['theme', 'dark'],
  ]);
  const embed = embedOf(
    (name) => attributes.get(name) ?? null,
    new URLSearchParams('theme=light&show=run,lanes'),
  );
  assert.equal(embed.theme, 'light');
  assert.ok(!embed.hidden.includes('run') && embed.hidden.includes('lanes') && embed.hidden.includes('loss'));
  assert.deepEqual(embed.problems, []);
});

test('a file that is no recorded run says what is wrong with it', () => {
  assert.throws(() => recordingOf([]), /"document"/);
  const lanes = [{ name: 'a', difference: '', metrics: { loss: [1, 2] } }];
  const whole = { document: { steps: 5, lanes: [{}] }, metrics: [{ key: 'loss' }], steps: [0, 5], lanes };
  assert.deepEqual(recordingOf(whole).lanes, [[[1, 2]]]);
  assert.throws(() => recordingOf({ ...whole, steps: [0] }), /"lanes"/);
  assert.throws(() => recordingOf({ ...whole, steps: ['0', 5] }), /"steps"/);
});
