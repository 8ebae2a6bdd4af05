// Adapters that do not serve, and a device that is lost while it trains.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL, shown, WEBGPU } from './support.mjs';

/** @import { Visit } from './support.mjs' */

/** Pipelines are compiled on the software adapter before the first step. */
const PIPELINES_MS = 240_000;
const SHORT = { ...SMALL, steps: 60 };
const { visit, sabotage } = lab(WEBGPU);

/** In a worker: the adapter has every feature but one. */
function hideTimestamps() {
  const { has } = GPUSupportedFeatures.prototype;
  GPUSupportedFeatures.prototype.has = function (name) {
    return name !== 'timestamp-query' && has.call(this, name);
  };
}

/** In a worker: the adapter gives no device. */
function refuseDevice() {
  GPUAdapter.prototype.requestDevice = () =>
    Promise.reject(new DOMException('the driver is being updated', 'OperationError'));
}

/** In a worker: the tests decide when its devices are lost, and how that shows. */
function loseOnDemand() {
  const { requestDevice } = GPUAdapter.prototype;
  const channel = new BroadcastChannel('faults');
  GPUAdapter.prototype.requestDevice = async function (...options) {
    const device = await requestDevice.apply(this, options);
    /** @type {Promise<GPUDeviceLostInfo>} */
    const announced = new Promise((resolve) => {
      channel.onmessage = ({ data }) => {
        if (data === 'destroy') device.destroy();
        if (data === 'hang') GPUBuffer.prototype.mapAsync = () => new Promise(() => {});
        if (data === 'reset')
          resolve(/** @type {any} */ ({ reason: 'unknown', message: 'the driver was reset' }));
      };
    });
    const lost = Promise.race([device.lost, announced]);
    Object.defineProperty(device, 'lost', { get: () => lost });
    return device;
  };
}

/** Makes a page's devices fail. @param {Visit} page @param {('destroy' | 'hang' | 'reset')[]} faults */
function tell({ page }, ...faults) {
  return page.evaluate((all) => {
    const channel = new BroadcastChannel('faults');
    for (const fault of all) channel.postMessage(fault);
  }, faults);
}

/** A page that has trained on WebGPU, is paused and holds a snapshot. */
async function pausedOnGpu() {
  sabotage(loseOnDemand);
  // The page's service worker would answer for the server, with a training worker that was not tampered with.
  const page = await visit(linkTo(SHORT), { serviceWorkers: 'block' });
  await page.page.getByLabel('Speed').selectOption('5');
  await page.phase('Training');
  await page.page.getByLabel('Device').selectOption('webgpu');
  await page.press('Apply & restart');
  await page.page.locator('.reason summary', { hasText: /^\s*WebGPU/ }).waitFor({ timeout: PIPELINES_MS });
  await page.reach(6, PIPELINES_MS);
  return { page, at: await page.pause() };
}

/** The page says what happened and is alive. @param {Visit} page @param {RegExp} reason */
async function stopped(page, reason) {
  await page.phase('Stopped');
  const notice = await page.page.locator('.notice.error').innerText();
  assert.match(notice, reason);
  assert.match(notice, /Restart, which goes on from the last snapshot/);
  for (const pressed of ['false', 'true']) {
    const chip = page.page.locator('.legend .chip').first();
    await chip.click();
    assert.equal(await chip.getAttribute('aria-pressed'), pressed);
  }
}

/** One click, and the curve is the one of a run that nothing disturbed. @param {Visit} page @param {number} at */
async function continues(page, at) {
  await page.press(`Restart from step ${shown(at)}`);
  await page.page.getByLabel('Speed').selectOption('');
  await page.phase('Finished', PIPELINES_MS);
  const resumed = await page.exported();
  assert.deepEqual(page.complaints, []);
  const undisturbed = await visit(linkTo(SHORT));
  await undisturbed.phase('Finished', PIPELINES_MS);
  const expected = await undisturbed.exported();
  await undisturbed.close();
  assert.deepEqual(resumed.steps, expected.steps);
  for (const [lane, { name, metrics }] of resumed.lanes.entries()) {
    for (const [row, loss] of (metrics.train_loss ?? []).entries()) {
      const other = expected.lanes[lane]?.metrics.train_loss?.[row] ?? null;
      if (loss === null || other === null) assert.equal(loss, other);
      else assert.ok(Math.abs(loss - other) < 0.01 * other, `${name} at row ${row}: ${loss} and ${other}`);
    }
  }
  return resumed;
}

describe('an adapter that does not serve is passed over, and the page says why', () => {
  const adapters = /** @type {const} */ ([
    ['without timestamp queries', hideTimestamps, /lacks timestamp queries/],
    [
      'that gives no device',
      refuseDevice,
      /refused a device \(OperationError: the driver is being updated\)/,
    ],
  ]);
  for (const [name, fault, reason] of adapters) {
    test(`an adapter ${name}`, async () => {
      sabotage(fault);
      const page = await visit(linkTo(SMALL));
      await page.reach(10);
      const shown = await page.page.locator('.reason summary').innerText();
      assert.match(shown, /^CPU \(wasm SIMD\): the adapter /);
      assert.match(shown, reason);
      assert.equal((await page.exported()).backend, 'cpu');

      await page.page.getByLabel('Device').selectOption('webgpu');
      await page.press('Apply & restart');
      const problem = page.page.locator('.pending .problems');
      await problem.waitFor();
      const refusal = await problem.innerText();
      assert.match(refusal, /Device:\s+WebGPU is not usable here: .*; choose automatic or CPU/);
      assert.match(refusal, reason);
      await page.reach((await page.step()) + 20);
      assert.deepEqual(page.complaints, []);
      await page.close();
    });
  }
});

describe('a device that is lost', () => {
  test('in mid-run stops it with a message, and a click continues it on the GPU', async () => {
    const { page, at } = await pausedOnGpu();
    await page.press('Resume');
    await page.reach(at + 2);
    await tell(page, 'destroy');
    await stopped(page, /^Training stopped: the GPU was lost \(Device was destroyed/);
    assert.equal((await continues(page, at)).backend, 'webgpu');
    await page.close();
  });

  test('for good is replaced by the CPU, and the page says why', async () => {
    const { page, at } = await pausedOnGpu();
    await page.press('Resume');
    await page.reach(at + 2);
    // The read-back in flight never returns: only the browser's word tells of the loss.
    await tell(page, 'hang', 'reset');
    await stopped(page, /^Training stopped: the GPU was lost \(the driver was reset\)/);
    sabotage(refuseDevice);
    assert.equal((await continues(page, at)).backend, 'cpu');
    assert.match(
      await page.page.locator('.reason summary').innerText(),
      /^CPU .*the driver is being updated/,
    );
    assert.match(await page.page.locator('.notice.error').innerText(), /device was changed to automatic/);
    assert.equal(await page.page.getByLabel('Device').inputValue(), 'auto');
    assert.equal(await page.page.locator('.pending').count(), 0);
    await page.close();
  });

  test('while the run is paused is noticed too', async () => {
    const { page, at } = await pausedOnGpu();
    await tell(page, 'reset');
    await stopped(page, /^Training stopped: the GPU was lost \(the driver was reset\)/);
    assert.equal((await continues(page, at)).backend, 'webgpu');
    await page.close();
  });
});
