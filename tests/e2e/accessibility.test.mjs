// Everyone can use the page: axe, keyboard, narrow screens.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @import { Visit } from './support.mjs' */

/** Serious findings of axe, one line each. @param {Visit} visited @returns {Promise<string[]>} */
async function findings({ page }) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await /** @type {any} */ (window).axe.run(document);
    return violations
      .filter((/** @type {any} */ v) => v.impact === 'serious' || v.impact === 'critical')
      .flatMap((/** @type {any} */ v) =>
        v.nodes.map((/** @type {any} */ n) => `${v.id}: ${n.html.slice(0, 140)}`),
      );
  });
}

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const width of [390, 1280]) {
    test(`axe finds nothing serious, ${colorScheme}, ${width} px`, async () => {
      const page = await visit(linkTo(SMALL), {
        colorScheme,
        viewport: { width, height: 800 },
      });
      await page.reach(30);
      await page.pause();
      await page.page.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true;
      });
      await page.page.getByLabel('Steps', { exact: true }).fill('none');
      await page.page.locator('.field .problem').waitFor();
      assert.deepEqual(await findings(page), []);
      await page.close();
    });
  }
}

test('no width from 360 to 2560 px scrolls sideways', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(10);
  await page.press('Keep');
  await page.page.getByRole('button', { name: 'Rename', exact: true }).waitFor();
  await page.press('Reset');
  await page.page.getByRole('region', { name: 'Saved runs' }).waitFor();
  for (const width of [360, 390, 600, 768, 1024, 1280, 1680, 1920, 2560]) {
    await page.page.setViewportSize({ width, height: 900 });
    const needed = await page.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(needed <= width, `${needed} px at ${width} px`);
  }
  await page.close();
});

test('nothing moves by itself where the system asks for less motion', async () => {
  const moving = async (/** @type {'reduce' | 'no-preference'} */ reducedMotion) => {
    const page = await visit(linkTo(SMALL), { reducedMotion });
    await page.reach(5);
    const count = await page.page.evaluate(() => document.getAnimations().length);
    await page.close();
    return count;
  };
  assert.ok((await moving('no-preference')) > 0, 'the light beside “Training” breathes');
  assert.equal(await moving('reduce'), 0);
});

test('every chart has its numbers in a table', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: 40 }));
  await page.phase('Finished');
  const charts = await page.page
    .locator('[data-chart]')
    .evaluateAll((all) => all.map((chart) => chart.getAttribute('data-chart') ?? ''));
  assert.deepEqual(charts, ['accuracy', 'noise', 'loss', 'schedule']);
  for (const chart of charts) {
    const rows = await page.chartTable(chart);
    assert.ok(rows.length > 1 && rows.every(([, ...values]) => values.some((value) => value !== '')), chart);
  }
  assert.equal(await page.page.locator('nm-plot').count(), charts.length);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the keyboard reads a chart value by value', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: 60 }));
  await page.phase('Finished');
  const slider = page.page.getByRole('slider', { name: 'Loss: Training loss by step' });
  await slider.focus();
  await page.page.keyboard.press('Home');
  await page.page.keyboard.press('ArrowRight');
  assert.match((await slider.getAttribute('aria-valuetext')) ?? '', /^step 5: .*Control \d\.\d+/);
  await page.page.keyboard.press('End');
  assert.match((await slider.getAttribute('aria-valuetext')) ?? '', /^step 60: .*Baseline \d\.\d+/);
  const reading = page.page.locator('[data-chart=loss] .reading');
  assert.match(await reading.innerText(), /step 60/);
  await page.close();
});

test('values beside the cursor are sorted', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: 60 }));
  await page.phase('Finished');
  for (const chart of ['loss', 'accuracy', 'noise']) {
    await page.page.locator(`[data-chart=${chart}] .u-over`).hover();
    const values = await page.page.locator(`[data-chart=${chart}] .reading b`).allInnerTexts();
    const numbers = values.map((value) => Number.parseFloat(value));
    assert.ok(numbers.length >= 2);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => b - a),
      chart,
    );
  }
  await page.close();
});

test('numbers are written as the reader’s language has them', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: 2000 }), { locale: 'de-DE' });
  await page.page
    .locator('.results td', { hasText: /^\d+,\d\s%$/ })
    .first()
    .waitFor();
  assert.match(await page.page.locator('.progress p').first().innerText(), /of 2\.000/);
  assert.equal(await page.page.locator('.legend output').innerText(), '0,60');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a keyboard skips the header', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(5);
  const skip = page.page.getByRole('button', { name: 'Skip to the run' });
  const foot = async () => skip.evaluate((button) => button.getBoundingClientRect().bottom);
  assert.ok((await foot()) <= 0, 'out of sight until the keyboard comes to it');
  await page.page.keyboard.press('Tab');
  assert.ok((await foot()) > 20);
  await page.page.keyboard.press('Enter');
  assert.equal(await page.page.locator('.run-bar button:focus').innerText(), 'Pause');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the whole lab is reached by keyboard: every control of the first view takes the focus, in reading order', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(5);
  await page.pause();
  const wanted = await page.page.evaluate(
    () =>
      [...document.querySelectorAll('button, select, input, summary, [tabindex="0"]')].filter(
        (element) => element.checkVisibility() && !element.matches(':disabled, .term'),
      ).length,
  );
  const seen = new Set();
  for (let press = 0; press < wanted + 20; press += 1) {
    await page.page.keyboard.press('Tab');
    const index = await page.page.evaluate(() =>
      [...document.querySelectorAll('*')].indexOf(document.activeElement ?? document.body),
    );
    seen.add(index);
  }
  // Radio groups and the body count differently; nothing that can be clicked may be missing.
  assert.ok(seen.size >= wanted, `${seen.size} of ${wanted} controls were reached`);
  await page.close();
});
