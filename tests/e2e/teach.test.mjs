// The page explains itself: a tour, figures from the training code, links that set the lab.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();

test('figures show the masks of the training code, and follow the reader', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(5);
  assert.ok(
    !page.requests.some((address) => address.includes('nm-teach')),
    'the text is loaded when it is opened',
  );
  await page.press('What am I looking at?');
  const figure = page.page.getByRole('figure', { name: 'A mask and its decay' });
  await figure.getByText('2:4 keeps 8 of 16 weights; the others count 0.30 times.').waitFor();
  // The two largest of the first four weights, by magnitude, are the second and the fourth.
  const kept = await figure
    .locator('g')
    .evaluateAll((bars) => bars.map((bar) => bar.classList.contains('kept')));
  assert.deepEqual(kept.slice(0, 4), [false, true, false, true]);
  await figure.getByRole('slider', { name: 'Pattern' }).fill('4');
  await figure.getByText('1:16 keeps 1 of 16 weights').waitFor();

  const noise = page.page.getByRole('figure', { name: 'Noise flips masks' });
  await noise.getByText(/[1-9]\d*\.\d% of the kept weights/).waitFor();
  await noise.getByRole('slider', { name: 'Noise' }).fill('0');
  await noise.getByText('Without noise every row is the same.').waitFor();
  await page.reach((await page.step()) + 10);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a link in the text opens its experiment, starts it and shows the chart it speaks of', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(5);
  await page.press('What am I looking at?');
  await page.press('Watch SR-STE flip at 1:16');
  await page.page.getByLabel('Lane name').nth(3).waitFor();
  await page.reach(1);
  const focused = () => document.activeElement?.closest('[data-chart]')?.getAttribute('data-chart');
  assert.equal(await page.page.evaluate(focused), 'schedule', 'the keyboard goes on in the chart');
  assert.equal((await page.exported()).document.name, 'Four recipes at 1:16');
  const chart = page.page.locator('[data-chart=schedule]');
  assert.equal(await chart.getByLabel('Shown').inputValue(), 'mask_flip_rate');
  assert.ok(await chart.isVisible());
  await page.page.goBack();
  await page.page.waitForFunction(() => document.querySelectorAll('.lanes .lane').length === 2);
  await page.reach(1);
  assert.equal((await page.exported()).document.name, SMALL.name, 'Back returns to what trained before');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the tour is walked by keyboard, can be skipped, and is not offered again', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(5);
  await page.press('Take the tour');
  const card = page.page.getByRole('dialog');
  await card.waitFor();
  await card.getByText('1:4 keeps 1 of 4.').waitFor();
  const cells = card
    .getByRole('img', { name: 'Two groups of 4 weights with 1 kept in each' })
    .locator('rect');
  const kept = await cells.evaluateAll((all) => all.map((cell) => cell.classList.contains('kept')));
  for (const group of [kept.slice(0, 4), kept.slice(4)])
    assert.equal(group.filter((each) => each).length, 1, 'the figure shows what it says');
  for (const at of [
    '.intro',
    '.legend',
    '[data-chart=accuracy]',
    '[data-chart=noise]',
    '[data-chart=schedule]',
    '.lanes',
  ]) {
    await page.page.locator(`${at}.toured`).waitFor();
    assert.equal(await page.page.locator('.toured').count(), 1);
    const press = page.page.locator('.tour button.primary:focus');
    assert.equal(await press.innerText(), at === '.lanes' ? 'Done' : 'Next');
    await page.page.keyboard.press('Enter');
  }
  await card.waitFor({ state: 'detached' });
  assert.equal(await page.page.locator('.toured').count(), 0);
  const focus = () => document.activeElement?.closest('.run-bar') !== null;
  assert.ok(await page.page.evaluate(focus), 'who has seen the whole page goes on at the run');
  await page.page.waitForFunction(
    () => (document.querySelector('.intro')?.getBoundingClientRect().top ?? -1) >= 0,
  );
  await page.page.reload();
  await page.phase('Training');
  assert.equal(await page.page.getByText('Take the tour').count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('who skips the tour by touch is left no ring around a control', async () => {
  const page = await visit(linkTo(SMALL), {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  await page.reach(5);
  await page.page.getByRole('button', { name: 'Take the tour' }).tap();
  await page.page.getByRole('button', { name: 'Skip', exact: true }).tap();
  await page.page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await page.page.locator(':focus-visible, .toured').count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a preset says what it shows and what of its source is scaled down', async () => {
  const page = await visit('?preset=quick&autostart=off');
  await page.phase('Ready');
  await page.page.getByText("Scaled down from the paper's ViT-Base").waitFor();
  await page.page.getByRole('combobox', { name: 'Experiment' }).selectOption('default');
  await page.page.getByText('so that curves move while one watches').waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});
