// Lanes: add, copy, rename, colour, hide, remove, reorder, and what tells them apart.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyCatalog } from '../../www/state/catalog.js';
import { defaultView } from '../../www/state/view.js';
import { decodeView, encodeView } from '../../www/state/view-link.js';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();

/** @import { Visit } from './support.mjs' */

/** Stroke of each lane's line in the legend, by name. @param {Visit} page @returns {Promise<Record<string, string>>} */
function strokes({ page }) {
  return page
    .locator('.legend .chip')
    .evaluateAll((chips) =>
      Object.fromEntries(
        chips.map((chip) => [
          chip.textContent?.trim() ?? '',
          chip.querySelector('line')?.getAttribute('stroke') ?? '',
        ]),
      ),
    );
}

test('lanes are copied, renamed, reordered and told apart by themselves', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(5);
  const lane = (/** @type {number} */ index) => page.page.locator('.lane').nth(index);
  await page.press('Copy Baseline');
  await lane(2).getByLabel('Lane name').fill('Stronger');
  await lane(2).getByLabel('SR-STE lambda').fill('5e-4');
  await page.press('Move Stronger up');
  await page.press('Move Stronger up');
  const before = await page.page.locator('.changes li').allInnerTexts();
  assert.deepEqual(before, ['Lane Stronger added']);
  await page.press('Move Control down');
  const changes = await page.page.locator('.changes li').allInnerTexts();
  assert.deepEqual(changes, [
    'Order of lanes Control, Baseline Stronger, Baseline, Control',
    'Lane Stronger added',
  ]);
  await page.press('Apply & restart');
  await page.page.locator('.pending').waitFor({ state: 'detached' });
  assert.deepEqual(await page.page.locator('.lane-head h3').allInnerTexts(), [
    'Stronger',
    'Baseline',
    'Control',
  ]);
  assert.deepEqual(await page.page.locator('.lane-head p').allInnerTexts(), [
    'baseline',
    'lambda 3e-4',
    'Dense',
  ]);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a colour is chosen without a restart, stays with its lane, and is in the link', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(5);
  await page.page.getByLabel('Colour of Baseline').selectOption('Purple');
  await page.page.locator('.legend line[stroke="#cc79a7"]').waitFor({ state: 'attached' });
  assert.equal(await page.page.locator('.pending').count(), 0);
  assert.ok(((await page.linePixels('schedule'))[1] ?? 0) > 0);

  await page.press('Move Baseline up');
  await page.press('Add lane');
  const free = await page.page.getByLabel('Colour of SR-STE').inputValue();
  assert.equal(free, '1', 'the first entry that no lane uses');
  await page.press('Apply & restart');
  await page.page.locator('.pending').waitFor({ state: 'detached' });
  const expected = { Baseline: '#cc79a7', Control: '#1c1c22', 'SR-STE': '#d55e00' };
  assert.deepEqual(await strokes(page), expected);
  await page.page.waitForURL(/&v=/);
  const before = page.page.url();
  await page.page.locator('.legend .chip', { hasText: 'Control' }).click();
  await page.page.waitForURL((url) => url.href !== before);

  await page.page.reload();
  await page.phase('Training');
  assert.deepEqual(await strokes(page), expected);
  const hidden = page.page.locator('.legend .chip[aria-pressed=false]');
  assert.equal((await hidden.innerText()).trim(), 'Control');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('view settings in a link are checked one by one', () => {
  const view = {
    ...defaultView({ theme: 'dark', smoothing: 0.3, toured: true }, true),
    colours: [null, 4],
    hidden: [2],
  };
  assert.deepEqual(decodeView(encodeView(view), emptyCatalog), {
    view: { colours: [null, 4], hidden: [2] },
    problems: [],
  });
  assert.equal(encodeView(defaultView({ theme: 'light', smoothing: 0.9, toured: false }, true)), '');
  const { view: kept, problems } = decodeView(
    btoa(JSON.stringify({ hidden: [1], colours: [1.5], panels: { accuracy: {} }, zoom: 3, x: 'age' })),
    emptyCatalog,
  );
  assert.deepEqual(kept, { hidden: [1] });
  assert.deepEqual(
    problems.map(({ field }) => field),
    ['v.colours', 'v.panels', 'v.zoom', 'v.x'],
  );
  assert.equal(decodeView('%%%', emptyCatalog).problems.length, 1);
});

test('unusable view settings are named, and the experiment runs all the same', async () => {
  const page = await visit(`${linkTo(SMALL)}&v=${btoa(JSON.stringify({ hidden: 'all' }))}`);
  await page.page.locator('.notice.error code', { hasText: 'v.hidden' }).waitFor();
  await page.reach(5);
  assert.equal((await page.exported()).document.name, SMALL.name);
  await page.close();
});
