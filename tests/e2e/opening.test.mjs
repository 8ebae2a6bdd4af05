// The page opens and trains without a click.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lab, WEBGPU } from './support.mjs';

const { visit } = lab(WEBGPU);
const FIRST_POINTS_MS = 20_000;

test('the first points of every lane are drawn within 20 s, without a click', async () => {
  const opened = performance.now();
  const page = await visit();
  await page.reach(20, FIRST_POINTS_MS);
  assert.ok(performance.now() - opened < FIRST_POINTS_MS);
  assert.match(await page.page.locator('.reason summary').innerText(), /^(WebGPU|CPU \(wasm SIMD\)): .{10,}/);

  await page.pause();
  for (const chart of ['noise', 'loss']) {
    const rows = await page.chartTable(chart);
    // Nothing was trained at step 0 yet, so the first report holds no training metrics.
    const trained = (await page.exported()).steps.filter((step) => step > 0);
    assert.deepEqual(
      rows.map(([step]) => Number(step)),
      trained.slice(-20),
    );
    for (const [step, ...values] of rows) {
      assert.ok(values.length === 4 && !values.includes(''), `${chart} has a value per lane at step ${step}`);
    }
  }
  // Until pruning starts the lanes are one line; after it every line is seen.
  await page.press('Resume');
  await page.reach(80);
  for (const chart of ['noise', 'loss', 'accuracy']) {
    for (const pixels of await page.linePixels(chart)) assert.ok(pixels > 0, `${chart} draws every lane`);
  }
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the schedule is drawn for the whole budget before it is trained', async () => {
  const page = await visit();
  await page.phase('Training');
  const rows = await page.chartTable('schedule');
  const [step, ...decays] = rows.at(-1) ?? [];
  assert.equal(step, '599');
  assert.deepEqual(decays, ['1 (dense)', '0 (1:16)', '0 (1:16)', '0 (1:16)']);
  for (const pixels of await page.linePixels('schedule')) assert.ok(pixels > 0);
  await page.close();
});

test('the page asks for nothing beyond its own files', async () => {
  const page = await visit();
  await page.reach(10);
  const own = new URL('.', page.page.url()).href;
  assert.ok(page.requests.length > 3);
  for (const address of page.requests)
    assert.ok(address.startsWith(own) || address.startsWith('data:'), address);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the policy of the page stops inline scripts and foreign addresses, and the page itself breaks none of it', async () => {
  const page = await visit('', {}, () => {
    const violations = /** @type {string[]} */ ([]);
    Object.assign(window, { violations });
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) =>
      violations.push(effectiveDirective),
    );
  });
  await page.reach(10);
  const violations = () => page.page.evaluate(() => /** @type {any} */ (window).violations);
  assert.deepEqual(await violations(), []);
  assert.deepEqual(page.complaints, []);
  await page.page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.intruded = true';
    document.head.append(script);
    return fetch('https://example.invalid/').catch(() => {});
  });
  assert.equal(await page.page.evaluate(() => 'intruded' in window), false);
  assert.deepEqual((await violations()).sort(), ['connect-src', 'script-src-elem']);
  await page.close();
});
