// One link holds the whole experiment.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();

test('a copied link restores the document exactly', async () => {
  const page = await visit(linkTo(SMALL), { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.phase('Training');
  await page.page.getByRole('button', { name: 'Add lane' }).click();
  await page.page.getByLabel('Recipe', { exact: true }).nth(2).selectOption('mdgf-exponential');
  await page.page.getByLabel('Decay rate beta').nth(2).fill('7.5e-3');
  await page.page.getByLabel('Seed', { exact: true }).nth(2).fill('9007199254740991');
  await page.page.getByLabel('Feed-forward pattern', { exact: true }).nth(2).fill('1:8');
  await page.page.getByLabel('Name', { exact: true }).fill('Ünïcode & "quotes"');
  await page.press('Apply & restart');
  await page.page.getByRole('heading', { name: 'Changed: restart needed' }).waitFor({ state: 'detached' });
  const { document } = await page.exported();
  assert.equal(document.name, 'Ünïcode & "quotes"');
  assert.equal(document.lanes[2]?.beta, 0.0075);
  assert.equal(document.lanes[2]?.seed, Number.MAX_SAFE_INTEGER);
  assert.deepEqual(document.lanes[2]?.ff, { n: 1, m: 8 });

  await page.press('Copy link');
  await page.page.getByText('Link copied.').waitFor();
  const link = await page.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, page.page.url());
  const again = await visit(new URL(link).hash);
  await again.phase('Training');
  assert.deepEqual((await again.exported()).document, document);
  assert.deepEqual([...page.complaints, ...again.complaints], []);
  await page.close();
  await again.close();
});

test('a damaged link says so, and the page trains all the same', async () => {
  const whole = linkTo(SMALL);
  const page = await visit(whole.slice(0, whole.length - 20));
  await page.page.locator('.notice.error', { hasText: 'link' }).waitFor();
  await page.reach(10);
  assert.equal((await page.exported()).document.name, 'Four recipes at 1:16');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('an impossible experiment in a link names its fields, and the page trains all the same', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: -3, surprise: true }));
  const notice = page.page.locator('.notice.error');
  await notice.waitFor();
  await notice.getByText('Another one is shown in its place.').waitFor();
  const fields = await notice.locator('code').allInnerTexts();
  assert.deepEqual(fields.sort(), ['steps', 'surprise']);
  await page.reach(10);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a bad link pasted over a running experiment leaves it alone', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(10);
  await page.page.evaluate(() => {
    location.hash = '#e=nonsense';
  });
  await page.page.locator('.notice.error', { hasText: 'link' }).waitFor();
  await page.reach((await page.step()) + 20);
  assert.equal((await page.exported()).document.name, SMALL.name);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the address follows the experiment, so that a reload brings it back', async () => {
  const page = await visit();
  await page.reach(10);
  await page.page.getByLabel('Seed', { exact: true }).first().fill('11');
  await page.press('Apply & restart');
  await page.page.waitForURL(/#e=/);
  const restarted = page.page.url();
  await page.page.getByLabel('Name', { exact: true }).fill('Kept');
  await page.page.waitForURL((url) => url.href !== restarted);
  await page.page.reload();
  await page.phase('Training');
  const { document } = await page.exported();
  assert.equal(document.name, 'Kept');
  assert.equal(document.lanes[0]?.seed, 11);
  assert.deepEqual(page.complaints, []);
  await page.close();
});
