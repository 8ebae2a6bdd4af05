// How often a training step calls on the GPU, which is what a small model's speed on a real GPU depends on.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL, WEBGPU } from './support.mjs';

/** @import { Visit } from './support.mjs' */

const COUNT_CALLS = readFileSync(new URL('../../bench/gpu-calls.js', import.meta.url), 'utf8');

/** Runs in the worker, after the calls are counted: writes down the dispatches before every shader. */
function watchShaders() {
  const { createShaderModule } = GPUDevice.prototype;
  const { gpuCalls } = /** @type {any} */ (globalThis);
  gpuCalls.dispatches_before_shaders = [];
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    gpuCalls.dispatches_before_shaders.push(gpuCalls.counts.dispatches);
    return createShaderModule.call(this, descriptor);
  };
}

const { visit } = lab(WEBGPU, `${COUNT_CALLS};(${watchShaders})();`);

/** Pipelines are compiled on the software adapter before the first step. */
const PIPELINES_MS = 240_000;
const REPORT_EVERY = 10;
const LANES = [
  { name: 'SR-STE', recipe: 'sr-ste', ff: { n: 1, m: 4 } },
  { name: 'Dense', recipe: 'dense' },
  { name: 'MdGf', recipe: 'mdgf-exponential', ff: { n: 1, m: 4 } },
  { name: 'SdGf', recipe: 'sdgf-stepwise', ff: { n: 1, m: 8 } },
];

/** @param {number} layers @param {number} lanes */
const experiment = (layers, lanes) => ({
  ...SMALL,
  model: { ...SMALL.model, layers },
  lanes: LANES.slice(0, lanes),
  eval: { every: 50_000, samples: 32 },
  report_every: REPORT_EVERY,
});

/**
 * Calls so far of the worker that trains.
 * @param {Visit} page
 * @returns {Promise<Record<string, number>>}
 */
async function calls(page) {
  const all = await Promise.all(
    page.page
      .workers()
      .map((worker) => worker.evaluate(() => /** @type {any} */ (globalThis).gpuCalls.counts)),
  );
  return all.reduce((most, counts) => (counts.dispatches > most.dispatches ? counts : most));
}

/**
 * Calls of the `REPORT_EVERY` steps between two reports, after the first interval has warmed everything up.
 * @param {Visit} page
 * @returns {Promise<Record<string, number>>}
 */
async function callsBetweenReports(page) {
  await page.page.getByLabel('Device').selectOption('webgpu');
  await page.press('Apply & restart');
  // The reason for the CPU speaks of WebGPU too.
  await page.page.locator('.reason summary b', { hasText: 'WebGPU' }).waitFor({ timeout: PIPELINES_MS });
  await page.reach(REPORT_EVERY, PIPELINES_MS);
  let step = await page.pause();
  const stepTo = async (/** @type {number} */ target) => {
    for (; step < target; step += 1) {
      await page.press('Step');
      await page.reach(step + 1);
    }
  };
  await stepTo(Math.ceil((step + 1) / REPORT_EVERY) * REPORT_EVERY);
  const before = await calls(page);
  await stepTo(step + REPORT_EVERY - 1);
  const unreported = await calls(page);
  await stepTo(step + 1);
  const after = await calls(page);
  const readbacks = (unreported.readbacks ?? 0) - (before.readbacks ?? 0);
  return { ...difference(before, after), readbacks_before_report: readbacks };
}

/** @param {Record<string, number>} from @param {Record<string, number>} to @returns {Record<string, number>} */
function difference(from, to) {
  return Object.fromEntries(Object.entries(to).map(([key, count]) => [key, count - (from[key] ?? 0)]));
}

test('a step of three layers stays within its budget of dispatches, whatever the number of lanes', async () => {
  const measured = [];
  for (const lanes of [1, 4]) {
    const page = await visit(linkTo(experiment(3, lanes)));
    await page.reach(1);
    const made = await callsBetweenReports(page);
    console.log(`${lanes} lanes, ${REPORT_EVERY} steps and a report: ${JSON.stringify(made)}`);
    assert.deepEqual(page.complaints, []);
    measured.push(made);
    await page.close();
  }
  const [one, four] = measured;
  assert.ok(one && four);
  assert.equal(one.dispatches, four.dispatches, 'lanes share their dispatches');
  assert.ok(Number(one.dispatches) > 0, 'the step ran on the GPU');
  assert.ok(
    Number(one.dispatches) / REPORT_EVERY <= 80,
    `${one.dispatches} dispatches in ${REPORT_EVERY} steps`,
  );
  for (const made of measured) {
    assert.equal(made.pipelines, 0, 'every pipeline stands after the warm-up');
    assert.equal(made.modules, 0, 'no shader is compiled after the warm-up');
    assert.equal(made.readbacks_before_report, 0, 'nothing is read back between two reports');
    assert.equal(made.readbacks, 1, 'the report is read back at once');
  }
});

test('kernels of another form are compiled long before a lane changes to it', async () => {
  // D reaches 0 at step 50: from there on all lanes of the only kind read their weights packed.
  const lanes = [{ recipe: 'mdgf-linear', ff: { n: 1, m: 16 }, beta: 0.02, dense_frac: 0, finetune_frac: 0 }];
  const [changes, steps] = [50, 90];
  const page = await visit(linkTo({ ...experiment(1, 1), lanes }));
  await page.reach(1);
  await page.page.getByLabel('Device').selectOption('webgpu');
  await page.press('Apply & restart');
  await page.page.locator('.reason summary b', { hasText: 'WebGPU' }).waitFor({ timeout: PIPELINES_MS });
  await page.reach(steps, PIPELINES_MS);
  const made = Math.max(await page.pause(), steps);
  const seen = await Promise.all(
    page.page.workers().map((worker) =>
      worker.evaluate(() => {
        const { counts, dispatches_before_shaders: before } = /** @type {any} */ (globalThis).gpuCalls;
        return { dispatches: Number(counts.dispatches), before: /** @type {number[]} */ (before) };
      }),
    ),
  );
  const { dispatches, before } = seen.reduce((most, one) => (one.dispatches > most.dispatches ? one : most));
  assert.ok(before.length > 10, 'the worker that trains was watched');
  const last = Math.max(...before) / (dispatches / made);
  assert.ok(last < changes / 2, `a kernel was compiled about step ${Math.round(last)}`);
  assert.deepEqual(page.complaints, []);
  await page.close();
});
