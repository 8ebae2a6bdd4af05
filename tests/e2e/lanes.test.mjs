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
    'first lane',
    'lambda 3e-4',
    'Dense',
  ]);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('what tells a lane from the first one moves with it, and is never that of another', async () => {
  const [control, baseline] = SMALL.lanes;
  const third = { ...baseline, name: 'Third', lambda: 0.0005 };
  const page = await visit(`?autostart=off${linkTo({ ...SMALL, lanes: [control, baseline, third] })}`);
  await page.phase('Ready');
  const shown = () => page.page.locator('.lane-head p').allInnerTexts();
  /** What the page shows in its first drawing after a click. @param {string} name */
  const rightAfter = (name) =>
    page.page.evaluate(async (label) => {
      const lab = /** @type {import('../../www/views/nm-lab.js').NmLab} */ (document.querySelector('nm-lab'));
      /** @type {HTMLElement} */ (lab.querySelector(`[aria-label="${label}"]`)).click();
      await lab.updateComplete;
      return [...lab.querySelectorAll('.lane-head p')].map((text) => text.textContent);
    }, name);
  const [first, second, last] = await shown();
  assert.equal(new Set([first, second, last]).size, 3);
  assert.deepEqual(await rightAfter('Move Third up'), [first, last, second]);
  const moved = await rightAfter('Move Third up');
  await page.page.waitForFunction(
    () => document.querySelectorAll('.lane-head p')[2]?.textContent === 'lambda 3e-4',
  );
  const settled = await shown();
  for (const [index, text] of moved.entries()) assert.ok(['', settled[index]].includes(text), text ?? '');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

for (const reducedMotion of /** @type {const} */ (['reduce', 'no-preference'])) {
  test(`a new lane comes into sight and takes what the others have, motion: ${reducedMotion}`, async () => {
    const page = await visit(linkTo(SMALL), { viewport: { width: 390, height: 844 }, reducedMotion });
    await page.reach(5);
    const named = (/** @type {string} */ name) =>
      page.page.locator('.lane-head h3', { hasText: new RegExp(`^${name}$`) }).waitFor();
    await page.press('Add lane');
    await named('STE');
    // Another recipe than the others', and everything else as they have it.
    const lane = page.page.locator('.lane').nth(2);
    assert.equal(await lane.getByLabel('Learning rate').inputValue(), '0.002');
    assert.equal(await lane.getByLabel('Feed-forward pattern').inputValue(), '1:4');
    await page.page.waitForFunction(() => {
      const [heading, focus] = [document.querySelectorAll('.lane-head')[2], document.activeElement];
      const dock = document.querySelector('.pending')?.getBoundingClientRect();
      const box = focus?.getBoundingClientRect();
      return (
        heading?.parentElement?.contains(focus) &&
        box &&
        dock &&
        heading.getBoundingClientRect().top >= 0 &&
        box.bottom <= dock.top
      );
    });
    assert.ok(await lane.getByLabel('Recipe').evaluate((select) => select === document.activeElement));

    // No two lanes are called the same.
    await page.press('Copy STE');
    await named('STE 2');
    await page.press('Copy Baseline');
    await named('Baseline copy');
    await page.press('Copy Baseline');
    const all = ['Control', 'Baseline', 'Baseline copy 2', 'Baseline copy', 'STE', 'STE 2'];
    await page.page.waitForFunction((names) => {
      const shown = [...document.querySelectorAll('.lane-head h3')].map((heading) => heading.textContent);
      return names.every((name, lane) => name === shown[lane]);
    }, all);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });
}

test('an automatic name follows recipe and pattern, and one that was given stays', async () => {
  const page = await visit('?preset=patterns&autostart=off');
  await page.phase('Ready');
  const headings = () => page.page.locator('.lane-head h3').allInnerTexts();
  const chips = async () =>
    (await page.page.locator('.legend .chip').allInnerTexts()).map((text) => text.trim());
  const before = ['Dense', 'SR-STE 1:4', 'MdGf-Exp 1:4', 'SR-STE 1:16', 'MdGf-Exp 1:16'];
  assert.deepEqual(await chips(), before);
  await page.page.getByLabel('Recipe', { exact: true }).nth(1).selectOption('mdgf-exponential');
  await page.page.locator('.lane-head h3', { hasText: 'MdGf-Exp 1:4 2' }).waitFor();
  await page.page.getByLabel('Feed-forward pattern').nth(1).fill('1:8');
  await page.page.getByLabel('Lane name').nth(2).fill('Mine');
  await page.page.getByLabel('Recipe', { exact: true }).nth(2).selectOption('ste');
  await page.page.locator('.lane-head h3', { hasText: 'MdGf-Exp 1:8' }).waitFor();
  const after = ['Dense', 'MdGf-Exp 1:8', 'Mine', 'SR-STE', 'MdGf-Exp 1:16'];
  assert.deepEqual(await headings(), after);
  assert.equal(await page.page.getByLabel('Lane name').nth(1).getAttribute('placeholder'), 'MdGf-Exp 1:8');
  // What trains is still called by what it is; a name that was given needs no restart.
  await page.page.locator('.legend .chip', { hasText: 'Mine' }).waitFor();
  assert.deepEqual(await chips(), before.with(2, 'Mine'));
  await page.press('Apply & restart');
  await page.page.locator('.pending').waitFor({ state: 'detached' });
  assert.deepEqual(await chips(), after);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the focus follows a lane that is moved by keyboard, and stays where one was removed', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(5);
  const focused = (/** @type {string} */ label) =>
    page.page.waitForFunction((name) => document.activeElement?.ariaLabel === name, label);
  await page.press('Copy Control');
  await page.page.locator('.lane-head h3', { hasText: 'Control copy' }).waitFor();
  await page.page.getByRole('button', { name: 'Move Baseline up' }).press('Enter');
  await focused('Move Baseline up');
  await page.page.keyboard.press('Enter');
  // It cannot go further.
  await focused('Move Baseline down');
  const headings = () => page.page.locator('.lane-head h3').allInnerTexts();
  assert.deepEqual(await headings(), ['Baseline', 'Control', 'Control copy']);
  await page.page.getByRole('button', { name: 'Remove Control copy' }).press('Enter');
  await focused('Remove Control');
  assert.deepEqual(await headings(), ['Baseline', 'Control']);
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
  const free = await page.page.getByLabel('Colour of STE').inputValue();
  assert.equal(free, '1', 'the first entry that no lane uses');
  await page.press('Apply & restart');
  await page.page.locator('.pending').waitFor({ state: 'detached' });
  const expected = { Baseline: '#cc79a7', Control: '#1c1c22', STE: '#d55e00' };
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
