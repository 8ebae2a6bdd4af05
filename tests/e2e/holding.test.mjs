// An experiment starts by itself when it has opened, unless the visitor said otherwise meanwhile.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();

test('Step while another experiment opens is one step of one of the two, and nothing runs on by itself', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(5);
  const at = await page.pause();
  await page.page.evaluate(() => {
    const picker = /** @type {HTMLSelectElement} */ (document.querySelector('.tools select'));
    picker.value = 'windows';
    picker.dispatchEvent(new Event('change', { bubbles: true }));
    const buttons = [...document.querySelectorAll('button')];
    buttons.find(({ textContent }) => textContent?.trim() === 'Step')?.click();
  });
  await page.page.locator('.intro', { hasText: 'Windowed attention' }).waitFor();
  await page.page.waitForTimeout(1500);
  const step = await page.step();
  assert.ok(step <= 1, `the other one rests at step ${step}, after ${at} of the first`);
  await page.page.waitForTimeout(1000);
  assert.equal(await page.step(), step);
  await page.press(step === 0 ? 'Start' : 'Resume');
  await page.reach(step + 1);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

for (const wish of ['Pause', 'Reset']) {
  test(`${wish} while another experiment opens leaves that one at rest`, async () => {
    const page = await visit(linkTo(SMALL));
    await page.reach(5);
    // Both in one go, so that nothing can have opened in between.
    await page.page.evaluate((label) => {
      const picker = /** @type {HTMLSelectElement} */ (document.querySelector('.tools select'));
      picker.value = 'windows';
      picker.dispatchEvent(new Event('change', { bubbles: true }));
      const buttons = [...document.querySelectorAll('button')];
      buttons.find(({ textContent }) => textContent?.trim() === label)?.click();
    }, wish);
    await page.phase('Ready');
    await page.page.waitForTimeout(1500);
    await page.phase('Ready');
    assert.equal(await page.step(), 0);
    assert.equal((await page.exported()).document.model.window === null, false, 'the other one has opened');
    await page.press('Start');
    await page.reach(1);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });
}
