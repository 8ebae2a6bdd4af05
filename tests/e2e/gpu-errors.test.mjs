// What the GPU rejects outside of any call is shown and ends the run: results after it would be made up.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL, WEBGPU } from './support.mjs';

/** @import { Visit } from './support.mjs' */

/** Pipelines are compiled on the software adapter before the first step. */
const PIPELINES_MS = 240_000;

/**
 * Runs in the worker: the browser's compiler meets a syntax error in one of the training step's shaders, of which there
 * are nineteen. A fault in one of the few before them, which are the device probe's, would send the run to the CPU.
 */
function breakOneShader() {
  const { createShaderModule } = GPUDevice.prototype;
  let modules = 0;
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    modules += 1;
    const code = modules === 14 ? descriptor.code.replace('@compute', '@nonsense @compute') : descriptor.code;
    return createShaderModule.call(this, { ...descriptor, code });
  };
}

/** Runs in the worker: once `breakNext` is set, a dispatch asks for more workgroups than there may be. */
function breakOneDispatch() {
  const { dispatchWorkgroups } = GPUComputePassEncoder.prototype;
  GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...counts) {
    const state = /** @type {any} */ (globalThis);
    if (state.breakNext) {
      state.breakNext = false;
      return dispatchWorkgroups.call(this, 0xffffff);
    }
    return dispatchWorkgroups.apply(this, counts);
  };
}

/** @param {Visit} page */
async function chooseWebGpu(page) {
  await page.reach(1);
  await page.page.getByLabel('Device').selectOption('webgpu');
  await page.press('Apply & restart');
}

/** @param {Visit} page @param {RegExp} words */
async function endsVisibly(page, words) {
  await page.phase('Stopped', PIPELINES_MS);
  const notice = page.page.locator('.notice.error');
  assert.match(await notice.innerText(), words);
  assert.equal(await page.page.getByRole('button', { name: /^Restart/ }).count(), 1, 'a way on is offered');
}

describe('a rejected shader', () => {
  const { visit } = lab(WEBGPU, `(${breakOneShader})();`);

  test('stops the run and is shown', async () => {
    const page = await visit(linkTo(SMALL));
    await chooseWebGpu(page);
    await endsVisibly(page, /nonsense|shader|invalid/i);
    await page.close();
  });
});

describe('a rejected dispatch', () => {
  const { visit } = lab(WEBGPU, `(${breakOneDispatch})();`);

  test('stops the run and is shown', async () => {
    const page = await visit(linkTo(SMALL));
    await chooseWebGpu(page);
    await page.page.locator('.reason summary b', { hasText: 'WebGPU' }).waitFor({ timeout: PIPELINES_MS });
    await page.reach(5, PIPELINES_MS);
    for (const worker of page.page.workers())
      await worker.evaluate(() => Object.assign(globalThis, { breakNext: true }));
    await endsVisibly(page, /workgroup|dispatch|invalid/i);
    await page.close();
  });
});
