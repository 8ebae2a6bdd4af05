// Gradient noise: of one matrix, and measured on demand at frozen weights.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();
const SHORT = { ...SMALL, steps: 20, lanes: SMALL.lanes };

/** A chart's numbers as a reader sees them have three digits. @param {string | undefined} text */
const number = (text) => Number((text ?? '').replaceAll(',', ''));

test('the noise of single matrices adds up to that of all', async () => {
  const visited = await visit(linkTo(SHORT));
  const { page } = visited;
  await visited.phase('Finished');
  const chart = page.locator('[data-chart=noise]');
  await page.getByLabel('Smoothing').fill('0');
  await chart.getByRole('combobox', { name: 'Shown' }).selectOption('v_sum');
  const last = async () => (await visited.chartTable('noise')).at(-1) ?? [];
  const all = await last();
  const matrices = await chart.getByRole('combobox', { name: 'Matrix' }).locator('option').allInnerTexts();
  assert.deepEqual(matrices, ['all matrices', 'blocks.0.ff1.weight', 'blocks.0.ff2.weight']);
  let sum = 0;
  for (const name of matrices.slice(1)) {
    await chart.getByRole('combobox', { name: 'Matrix' }).selectOption(name);
    await chart.getByText(`of ${name}`).first().waitFor({ state: 'attached' });
    const one = await last();
    assert.equal(one[0], all[0], 'at the same step');
    assert.ok(number(one[2]) > 0);
    sum += number(one[2]);
  }
  assert.ok(Math.abs(sum / number(all[2]) - 1) < 0.02, `${sum}, all together ${all[2]}`);
  await chart.getByRole('combobox', { name: 'Weights' }).selectOption('kept');
  const kept = number((await last())[2]);
  await chart.getByRole('combobox', { name: 'Weights' }).selectOption('pruned');
  const pruned = number((await last())[2]);
  assert.ok(kept > 0 && pruned > 0 && kept !== pruned);
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('gradient noise at frozen weights is measured when asked, and training is not changed by it', async () => {
  const undisturbed = await visit(linkTo(SHORT));
  await undisturbed.phase('Finished');
  const expected = await undisturbed.exported();
  await undisturbed.close();

  const visited = await visit(`?autostart=off${linkTo(SHORT)}`);
  const { page } = visited;
  await visited.phase('Ready');
  const chart = page.locator('[data-chart=noise]');
  await chart.getByRole('combobox', { name: 'Shown' }).selectOption('gradient_snr');
  await chart.locator('details.data summary').press('Enter');
  await chart.getByRole('button', { name: 'Measure now' }).press('Enter');
  const first = (await visited.chartTable('noise')).at(-1) ?? [];
  assert.equal(first[0], '0');
  assert.ok(first.slice(1).every((text) => text !== '' && Number.isFinite(number(text.replace('−', '-')))));
  await visited.press('Start');
  await visited.phase('Finished');
  const run = await visited.exported();
  assert.deepEqual(run.fingerprint, expected.fingerprint);
  const measured = run.lanes[1]?.metrics.batch_variance_all ?? [];
  assert.ok((measured[0] ?? 0) > 0);
  assert.deepEqual(
    measured.slice(1).filter((value) => value !== null),
    [],
  );
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('D(j) is drawn behind the noise when asked for, on the page and in its SVG', async () => {
  const fading = { name: 'Fading', recipe: 'mdgf-exponential', ff: { n: 1, m: 4 }, learning_rate: 0.002 };
  const visited = await visit(linkTo({ ...SMALL, steps: 100, lanes: [...SMALL.lanes, fading] }));
  const { page } = visited;
  await visited.phase('Finished');
  const chart = page.locator('[data-chart=noise]');
  const backdrop = () => chart.locator('nm-plot').evaluate((plot) => /** @type {any} */ (plot).spec.backdrop);
  assert.deepEqual(await backdrop(), []);
  await chart.getByRole('checkbox', { name: 'D(j)' }).press('Space');
  await chart.getByText('Areas: D(j) of the lanes that decay').waitFor();
  const areas = await backdrop();
  assert.equal(areas.length, 1, 'of the one lane that decays');
  const decay = (await visited.exported()).lanes[2]?.metrics.ff_decay ?? [];
  assert.deepEqual(
    areas[0].values.filter((/** @type {number | null} */ value) => value !== null),
    decay.filter((value) => value !== null),
  );
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    visited.press('Save Gradient noise as SVG'),
  ]);
  const svg = readFileSync(await file.path(), 'utf8');
  assert.match(svg, new RegExp(`Z" fill="${areas[0].colour}" opacity="0.12"`));
  assert.doesNotMatch(svg, /NaN/);
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});
