// What somebody sees who opens the page for the first time: it stands still, and says what is compared and what happens.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();

/** @typedef {{ place: string, empty: number, ticks: unknown }} Seen */

/** Writes down where the charts stand, and what they show, whenever the page draws. */
function watchCharts() {
  const seen = /** @type {Seen[]} */ ([]);
  Object.assign(window, { seen });
  const look = () => {
    const charts = document.querySelector('.charts');
    const plot = /** @type {any} */ (document.querySelector('[data-chart=loss] nm-plot'));
    if (charts && plot?.spec && document.styleSheets.length > 0) {
      seen.push({
        place: [...charts.querySelectorAll('nm-plot')]
          .map((each) => each.getBoundingClientRect())
          .map(({ top, height }) => `${Math.round(top + scrollY)} + ${Math.round(height)}`)
          .join(', '),
        empty: document.querySelectorAll('nm-plot .empty:not([hidden])').length,
        ticks: plot.spec.xTicks,
      });
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** Writes down what the picker of experiments shows, drawing by drawing. */
function watchPicker() {
  const picked = /** @type {string[]} */ ([]);
  Object.assign(window, { picked });
  const look = () => {
    const select = /** @type {HTMLSelectElement | null} */ (document.querySelector('.experiments select'));
    const text = select?.selectedOptions[0]?.text ?? '';
    if (picked.at(-1) !== text) picked.push(text);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

for (const width of [390, 768, 1440]) {
  test(`nothing jumps while the page opens, ${width} px`, async () => {
    const page = await visit('', { viewport: { width, height: 844 } }, watchCharts);
    await page.reach(12);
    const seen = /** @type {Seen[]} */ (await page.page.evaluate(() => Object(window).seen));
    assert.deepEqual(
      [...new Set(seen.map(({ place }) => place))],
      [seen.at(-1)?.place],
      'the charts stand still',
    );
    // Before an experiment has opened a chart invents no numbers and says that it is empty.
    assert.deepEqual(seen[0]?.ticks, []);
    assert.equal(seen[0]?.empty, 4);
    assert.equal(seen.at(-1)?.ticks, null);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });
}

test('on a phone the first chart lies in the first screen', async () => {
  const page = await visit('', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await page.reach(12);
  const box = await page.page.locator('[data-chart=accuracy] .u-over').boundingBox();
  assert.ok(box && box.y + box.height <= 844, `its plot ends at ${box && box.y + box.height} px`);
  await page.close();
});

test('one sentence says what is compared, one what happens now, and a press explains it', async () => {
  const page = await visit(
    linkTo({ ...SMALL, lanes: SMALL.lanes.map((lane) => ({ ...lane, dense_frac: 0.5 })) }),
  );
  const intro = page.page.locator('.intro');
  await intro.getByText('Control and Baseline learn the same task side by side').waitFor();
  await intro.getByText('all lanes still train with every weight; pruning starts at step 50,000.').waitFor();
  await page.page.getByRole('combobox', { name: 'Experiment' }).selectOption('default');
  await intro.getByText('A dense network and three that keep 1 of every 16 weights').waitFor();
  await intro
    .getByText(/MdGf-Exp still counts pruned weights at [\d.]+%, SdGf-Step keeps \d+ of 16 weights/)
    .waitFor();
  await page.press('What am I looking at?');
  await page.page.getByText('Sparse hardware wants weights').waitFor();
  assert.ok(await page.page.evaluate(() => document.activeElement?.closest('.about') !== null));
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a preset that was changed is named after what it trains now, and can be chosen again', async () => {
  const page = await visit('?preset=quick&autostart=off', {}, watchPicker);
  const picker = page.page.getByRole('combobox', { name: 'Experiment' });
  await page.page.waitForFunction(
    () => /** @type {any} */ (document.querySelector('.experiments select'))?.value === 'quick',
  );
  await page.page.getByLabel('Steps', { exact: true }).fill('250');
  await page.press('Apply & restart');
  await page.page.waitForFunction(() => {
    const select = /** @type {HTMLSelectElement | null} */ (document.querySelector('.experiments select'));
    return select?.value === '' && select.selectedOptions[0]?.text === '4 recipes at 1:8';
  });
  assert.equal(await page.page.getByText("Scaled down from the paper's ViT-Base").count(), 0);
  await picker.selectOption('quick');
  await page.page.getByText("Scaled down from the paper's ViT-Base").waitFor();
  assert.equal((await page.exported()).document.steps, 300);
  // It never falls back, for as little as one drawing, to what was shown before.
  const shown = await page.page.evaluate(() => Object(window).picked);
  assert.deepEqual(shown.slice(shown.indexOf('Quick: four recipes at 1:8')), [
    'Quick: four recipes at 1:8',
    '4 recipes at 1:8',
    'Quick: four recipes at 1:8',
  ]);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('another experiment takes edits that were not applied only when the visitor says so', async () => {
  const page = await visit('?preset=quick&autostart=off');
  const picker = page.page.getByRole('combobox', { name: 'Experiment' });
  const steps = page.page.getByLabel('Steps', { exact: true });
  await steps.fill('250');
  await page.page.locator('.pending').waitFor();
  await picker.selectOption('default');
  const notice = page.page.locator('.notice', { hasText: 'changes that are not applied' });
  await notice.waitFor();
  await page.page.waitForFunction(
    () => /** @type {any} */ (document.querySelector('.experiments select'))?.value === 'quick',
  );
  assert.equal(await steps.inputValue(), '250');
  await notice.getByRole('button', { name: 'Discard the changes and open it' }).click();
  await page.page.locator('.pending').waitFor({ state: 'detached' });
  await page.page.waitForFunction(
    () => /** @type {any} */ (document.querySelector('.experiments select'))?.value === 'default',
  );
  assert.notEqual(await steps.inputValue(), '250');
  assert.equal(await notice.count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('help at the right edge stays inside the window', async () => {
  const page = await visit(linkTo(SMALL), { viewport: { width: 1440, height: 900 } });
  await page.reach(5);
  await page.page.getByLabel('Learning rate', { exact: true }).first().focus();
  const help = page.page.locator('.field:focus-within .help');
  await help.waitFor();
  const box = await help.boundingBox();
  assert.ok(box && box.width > 250 && box.x + box.width <= 1440, `it ends at ${box && box.x + box.width} px`);
  await page.close();
});

for (const width of [390, 1440]) {
  test(`what is edited stays in sight above the changes, ${width} px`, async () => {
    const page = await visit(linkTo(SMALL), { viewport: { width, height: 844 } });
    await page.reach(5);
    const field = page.page.getByLabel('Learning rate', { exact: true }).nth(1);
    // At the lower edge, where the list of changes will be.
    await field.evaluate((input) => {
      /** @type {HTMLElement} */ (input).focus();
      input.scrollIntoView({ block: 'end' });
    });
    await field.fill('0.003');
    await page.page.locator('.pending').waitFor();
    await page.page.waitForFunction(() => {
      const edited = document.activeElement?.getBoundingClientRect();
      const dock = document.querySelector('.pending')?.getBoundingClientRect();
      return edited && dock && edited.top >= 0 && edited.bottom <= dock.top;
    });
    assert.equal(await field.inputValue(), '0.003');
    // The dock itself is always in sight: nothing scrolls for what has the focus in it.
    const scrolled = () => page.page.evaluate(() => scrollY);
    const before = await scrolled();
    await page.page.getByRole('button', { name: 'Discard' }).focus();
    assert.equal(await scrolled(), before);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });
}
