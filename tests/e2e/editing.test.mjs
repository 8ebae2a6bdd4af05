// Editing never disturbs the run; problems stand at their fields; changes are listed before they are applied.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();

test('problems stand at their fields and bar the restart; the run goes on', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(10);
  const pattern = page.page.getByLabel('Feed-forward pattern').nth(1);
  await pattern.fill('5:4');
  await page.page.getByLabel('Steps', { exact: true }).fill('many');
  const problem = page.page.locator('.lane').nth(1).locator('.problem');
  await problem.waitFor();
  assert.equal(await pattern.getAttribute('aria-invalid'), 'true');
  const described = (await pattern.getAttribute('aria-describedby')) ?? '';
  assert.ok(described.split(' ').includes((await problem.getAttribute('id')) ?? 'none'));
  assert.ok(await page.page.getByRole('button', { name: 'Apply & restart' }).isDisabled());
  // Each edit is checked by itself: the second answer may come later than the first.
  await page.page.locator('.pending .problems code', { hasText: /^steps$/ }).waitFor();
  const listed = await page.page.locator('.pending .problems code').allInnerTexts();
  assert.ok(
    listed.some((field) => field.startsWith('lanes[1].ff')) && listed.includes('steps'),
    listed.join(),
  );
  await page.reach((await page.step()) + 20);

  await page.press('Discard');
  assert.equal(await pattern.inputValue(), '1:4');
  assert.equal(await page.page.locator('.pending').count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('who discards or applies by keyboard is back at the field that was edited', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(10);
  const field = page.page.getByLabel('SR-STE lambda').nth(1);
  for (const name of ['Discard', 'Apply & restart']) {
    await field.fill('0.0007');
    await page.page.locator('.pending').waitFor();
    await page.page.getByRole('button', { name }).press('Enter');
    await page.page.locator('.pending').waitFor({ state: 'detached' });
    const edited = await field.elementHandle();
    await page.page.waitForFunction((element) => document.activeElement === element, edited);
  }
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a long list of changes scrolls and leaves the page in sight', async () => {
  const lanes = Array.from({ length: 12 }, (_, seed) => ({ ...SMALL.lanes[1], name: `Lane ${seed}`, seed }));
  const page = await visit(linkTo({ ...SMALL, lanes }), { viewport: { width: 390, height: 844 } });
  await page.reach(5);
  for (let lane = 0; lane < 12; lane += 1)
    await page.page.getByLabel('SR-STE lambda').nth(lane).fill('0.0007');
  await page.page.waitForFunction(() => document.querySelectorAll('.changes li').length === 12);
  const heights = await page.page.evaluate(() =>
    ['.pending', '.changes'].map(
      (part) => document.querySelector(part)?.getBoundingClientRect().height ?? NaN,
    ),
  );
  assert.ok(
    heights.every((height) => height < 200),
    `${heights} px high`,
  );
  const changes = page.page.locator('.changes');
  await changes.press('End');
  await page.page.waitForFunction(() => (document.querySelector('.changes')?.scrollTop ?? 0) > 0);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('changes are listed, then applied with a restart', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(20);
  await page.page.getByRole('button', { name: 'Remove Control' }).click();
  await page.page.getByLabel('SR-STE lambda').first().fill('5e-4');
  const changes = await page.page.locator('.changes li').allInnerTexts();
  assert.deepEqual(changes, ['Lane Control removed', 'Baseline: SR-STE lambda 0.0003 0.0005']);
  // The keyboard need not go all the way to the button.
  await page.page.getByLabel('SR-STE lambda').first().press('Control+Enter');
  await page.page.locator('.pending').waitFor({ state: 'detached' });
  const { document, lanes } = await page.exported();
  assert.equal(document.lanes.length, 1);
  assert.equal(document.lanes[0]?.lambda, 5e-4);
  assert.deepEqual(
    lanes.map(({ name }) => name),
    ['Baseline'],
  );
  await page.reach(20);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a hidden lane leaves every chart and comes back', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: 100 }));
  await page.phase('Finished');
  const chip = page.page.locator('.legend .chip', { hasText: 'Baseline' });
  await chip.click();
  assert.equal(await chip.getAttribute('aria-pressed'), 'false');
  assert.equal((await page.linePixels('loss'))[1], 0);
  await chip.click();
  assert.ok(((await page.linePixels('loss'))[1] ?? 0) > 5);
  await page.close();
});
