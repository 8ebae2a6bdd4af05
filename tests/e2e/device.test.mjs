// Where the lab trains, and that it says why.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL, WEBGPU } from './support.mjs';

/** Pipelines are compiled on the software adapter before the first step. */
const PIPELINES_MS = 240_000;

describe('without WebGPU', () => {
  const { visit } = lab();

  test('the page trains on the CPU and says why', async () => {
    const page = await visit(linkTo(SMALL));
    await page.reach(10);
    assert.match(await page.page.locator('.reason summary').innerText(), /^CPU \(wasm SIMD\): .*adapter/);
    assert.equal((await page.exported()).backend, 'cpu');
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  test('WebGPU asked for by name is refused with a reason, and the run goes on', async () => {
    const page = await visit(linkTo(SMALL));
    await page.reach(10);
    await page.page.getByLabel('Device').selectOption('webgpu');
    await page.press('Apply & restart');
    const problem = page.page.locator('.pending .problems');
    await problem.waitFor();
    assert.match(await problem.innerText(), /Device:\s+WebGPU is not usable here/);
    await page.reach((await page.step()) + 20);
    await page.press('Discard');
    assert.deepEqual(page.complaints, []);
    await page.close();
  });
});

describe('with a software WebGPU adapter', () => {
  const { visit } = lab(WEBGPU);

  test('WebGPU by choice trains the same curve as the CPU', async () => {
    const short = { ...SMALL, steps: 40 };
    const page = await visit(linkTo(short));
    await page.page.getByLabel('Device').selectOption('cpu');
    if ((await page.page.locator('.pending').count()) > 0) await page.press('Apply & restart');
    await page.phase('Finished');
    const onCpu = await page.exported();
    assert.equal(onCpu.backend, 'cpu');

    await page.page.getByLabel('Device').selectOption('webgpu');
    await page.press('Apply & restart');
    await page.page.locator('.reason summary b', { hasText: 'WebGPU' }).waitFor({ timeout: PIPELINES_MS });
    await page.phase('Finished', PIPELINES_MS);
    const onGpu = await page.exported();
    assert.equal(onGpu.backend, 'webgpu');
    assert.deepEqual(onGpu.steps, onCpu.steps);
    onGpu.lanes.forEach(({ name, metrics }, lane) => {
      metrics.train_loss?.forEach((loss, row) => {
        const other = onCpu.lanes[lane]?.metrics.train_loss?.[row] ?? null;
        if (loss === null || other === null) assert.equal(loss, other);
        else assert.ok(Math.abs(loss - other) < 0.01 * other, `${name} at row ${row}: ${loss} and ${other}`);
      });
    });
    assert.deepEqual(page.complaints, []);
    await page.close();
  });
});
