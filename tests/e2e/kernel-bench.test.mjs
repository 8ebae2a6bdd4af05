// The panel that times kernels on the visitor's own device.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL, WEBGPU } from './support.mjs';

/** @import { Visit } from './support.mjs' */

/** Six products of two shapes, compiled and timed on a software adapter. */
const TIMING_MS = 240_000;
const PRODUCTS = ['Dense', '2:4', '1:4', '1:8', '1:16', '1:32'];

/** Opens the panel, has everything timed, and reads the table. @param {Visit} visit @param {string} button */
async function timed({ page }, button) {
  const panel = page.locator('details.bench');
  await panel.locator('summary', { hasText: 'N:M kernels' }).click();
  await panel.getByRole('button', { name: button }).click();
  await panel.locator('summary', { hasText: 'Data' }).waitFor({ timeout: TIMING_MS });
  await panel
    .getByRole('button', { name: 'Time again' })
    .and(page.locator(':enabled'))
    .waitFor({ timeout: TIMING_MS });
  await panel.locator('summary', { hasText: 'Data' }).click();
  const rows = await panel
    .locator('tbody tr')
    .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent?.trim() ?? '')));
  return { panel, rows };
}

/** @param {string[][]} rows */
function areComplete(rows) {
  assert.deepEqual(
    rows.map(([label]) => label),
    [...PRODUCTS, ...PRODUCTS],
  );
  for (const [label, shape, ms, , speed] of rows) {
    assert.match(shape ?? '', /^\d+ × \d+ × \d+$/);
    assert.ok(Number(ms?.replaceAll(',', '')) > 0, `${label} took ${ms} ms`);
    assert.ok(Number.parseFloat(speed ?? '') > 0, `${label} is ${speed} as fast`);
    if (label === 'Dense') assert.equal(Number.parseFloat(speed ?? ''), 1);
  }
}

describe('the kernel bench without WebGPU', () => {
  const { visit } = lab();

  test('loads when it is opened, times the CPU and says why, and training goes on', async () => {
    const page = await visit(linkTo(SMALL));
    await page.reach(10);
    const later = () => page.requests.filter((address) => address.includes('/assets/later/'));
    assert.deepEqual(later(), [], 'the first view does not load it');
    const { panel, rows } = await timed(page, 'Time the kernels');
    assert.ok(later().length > 0, 'its code lies apart');
    areComplete(rows);
    assert.match(await panel.locator('.kernel-device').innerText(), /^CPU \(wasm SIMD\): .*adapter/);
    assert.equal(await panel.locator('.bar').count(), 2 * PRODUCTS.length);
    await page.reach((await page.step()) + 20);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });
});

describe('the kernel bench with a software WebGPU adapter', () => {
  const { visit } = lab(WEBGPU);

  test('times the GPU and names its adapter', async () => {
    const page = await visit(linkTo(SMALL));
    await page.reach(10);
    const { panel, rows } = await timed(page, 'Time the kernels');
    areComplete(rows);
    assert.match(await panel.locator('.kernel-device').innerText(), /swiftshader/i);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });
});
