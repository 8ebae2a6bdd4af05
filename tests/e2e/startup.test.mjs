// From the opening of the page to the first trained step where WebGPU is forced: kernels are compiled before it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lab, WEBGPU } from './support.mjs';

const { visit } = lab(WEBGPU);

/** Eight seconds is the aim on a quiet machine of two cores; test machines are neither. */
const FIRST_STEP_MS = 60_000;

/** Writes down what the status line says, before the run bar itself is there. */
function watchStatus() {
  const said = /** @type {{ phase: string, pace: string, step: string, height: number }[]} */ ([]);
  Object.assign(window, { said });
  new MutationObserver(() => {
    const of = (/** @type {string} */ part) =>
      document.querySelector(`.progress ${part}`)?.textContent?.trim() ?? '';
    const now = { phase: of('.phase'), pace: of('.speed'), step: of('b') };
    const height = document.querySelector('.run-bar')?.clientHeight ?? 0;
    const last = said.at(-1);
    if (last?.phase !== now.phase || last.pace !== now.pace || last.step !== now.step)
      said.push({ ...now, height });
  }).observe(document, { subtree: true, childList: true, characterData: true });
}

test('the first step on a software GPU comes soon, after words about kernels that come true', async () => {
  const opened = performance.now();
  const page = await visit('', {}, watchStatus);
  await page.page.locator('.reason summary').waitFor();
  await page.page.getByLabel('Device').selectOption('webgpu');
  const asked = performance.now();
  await page.press('Apply & restart');
  await page.page.locator('.reason summary b', { hasText: 'WebGPU' }).waitFor();
  // The CPU made steps before; this device starts again from none.
  await page.page.waitForFunction(
    () => {
      const said = /** @type {{ pace: string, step: string }[]} */ (Object(window).said);
      const prepared = said.findIndex(({ pace }) => pace.startsWith('preparing'));
      return prepared >= 0 && said.slice(prepared).some(({ step }) => step === '1');
    },
    null,
    { timeout: FIRST_STEP_MS, polling: 20 },
  );
  const now = performance.now();
  console.log(
    `first step on WebGPU ${Math.round(now - opened)} ms after opening the page, ${Math.round(now - asked)} ms after asking for it`,
  );
  const said = /** @type {{ phase: string, pace: string, step: string, height: number }[]} */ (
    await page.page.evaluate(() => Object(window).said)
  );
  const preparing = said.filter(({ pace }) => pace.startsWith('preparing'));
  const counts = preparing.map(({ pace }) => pace.match(/\d+/g)?.map(Number) ?? []);
  assert.ok(preparing.some(({ phase }) => phase === 'Preparing'));
  assert.ok(counts.every(([made = NaN, asked = NaN]) => made < asked));
  assert.ok(
    counts.some(([made = 0]) => made > 0),
    `counts pipelines as they are made: ${JSON.stringify(counts)}`,
  );
  assert.equal(new Set(preparing.map(({ height }) => height)).size, 1, 'nothing moves meanwhile');
  assert.deepEqual(page.complaints, []);
  await page.close();
});
