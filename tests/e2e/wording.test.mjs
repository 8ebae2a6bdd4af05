// The page speaks to who fills in its form: labels in place of the document's keys, one word for one thing, and every
// heading explained to touch and keyboard.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();

/** What belongs to the document and not to the form. */
const OF_THE_DOCUMENT = /`|\bnull\b|\b[a-z]+_[a-z]+\b|lanes\[/i;

test('problems name the field as the form does, with its lane, and the path for authors', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(5);
  await page.page.getByLabel('Feed-forward pattern').nth(1).fill('1:5');
  await page.page.getByLabel('Evaluate every').fill('7');
  await page.page.getByLabel('Attention window').fill('9');
  const list = page.page.locator('.pending .problems li');
  await list.nth(2).waitFor();
  const problems = await list.evaluateAll((items) =>
    items.map((item) => {
      const words = [...item.childNodes].filter(({ nodeName }) => !['CODE', '#comment'].includes(nodeName));
      const text = words.map((node) => node.textContent).join('');
      return [text.replaceAll(/\s+/g, ' ').trim(), item.querySelector('code')?.textContent];
    }),
  );
  assert.deepEqual(problems, [
    [
      'Evaluate every: 7 is not a multiple of “Report every” = 5, but an evaluation travels with a report: make it 10, or change “Report every”',
      'eval.every',
    ],
    [
      'Attention window: 9 is more than the 4 x 4 patches of an image: use at most 4, or empty for attention to the whole image',
      'model.window',
    ],
    [
      'Feed-forward pattern (M) of Baseline: groups of 5 do not divide the 16 input features of FF1 (stage 1:5 of SR-STE): choose an M that divides 16, or another “Width” or “Feed-forward width”',
      'lanes[1].ff.m',
    ],
  ]);
  const inline = await page.page.locator('.field .problem').allInnerTexts();
  assert.equal(inline.length, 3);
  for (const text of inline) assert.doesNotMatch(text, OF_THE_DOCUMENT);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('help speaks of the form, and a field without effect shows no value', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(5);
  const helps = await page.page.locator('.field .help').allTextContents();
  assert.ok(helps.length > 40);
  for (const help of helps) assert.doesNotMatch(help, OF_THE_DOCUMENT);
  const control = page.page.locator('.lane').nth(0);
  const pattern = control.getByLabel('Feed-forward pattern');
  assert.deepEqual([await pattern.inputValue(), await pattern.getAttribute('placeholder')], ['', 'dense']);
  const gradient = control.getByLabel('Gradient of pruned weights');
  const shown = () =>
    gradient.evaluate((select) => /** @type {HTMLSelectElement} */ (select).selectedOptions[0]?.text);
  assert.equal(await shown(), '–');
  // The value is kept for a recipe that uses it.
  await control.getByLabel('Recipe').selectOption('mdgf-exponential');
  assert.equal(await pattern.inputValue(), '1:16');
  assert.equal(await shown(), 'straight-through');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('one word is used for the network with its pruned weights at zero: hardened', async () => {
  const page = await visit('?autostart=off');
  await page.phase('Ready');
  await page.press('What am I looking at?');
  await page.page.getByText('Sparse hardware wants weights').waitFor();
  const text = await page.page.evaluate(() => {
    const titles = [...document.querySelectorAll('[title]')].map((element) => element.getAttribute('title'));
    return [document.body.textContent, ...titles].join('\n');
  });
  assert.match(text, /hardened/);
  assert.doesNotMatch(text, /would ship|ships\b/);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

for (const by of /** @type {const} */ (['touch', 'keyboard', 'mouse'])) {
  test(`headings of the results are explained by ${by}`, async () => {
    const touch = by === 'touch' ? { hasTouch: true, isMobile: true } : {};
    const page = await visit(linkTo({ ...SMALL, steps: 20 }), {
      viewport: { width: 390, height: 844 },
      ...touch,
    });
    await page.phase('Finished');
    for (const heading of ['Hardened', 'FLOPs', 'Valid N:M']) {
      const term = page.page.locator('.results .term', { hasText: new RegExp(`^${heading}`) });
      if (by === 'touch') await term.tap();
      else if (by === 'keyboard') await term.focus();
      else await term.hover();
      const tip = page.page.locator('.results .tip:popover-open');
      await tip.waitFor();
      const box = await tip.boundingBox();
      assert.ok(
        box && box.x >= 0 && box.x + box.width <= 390 && box.y >= 0,
        `${heading}: ${JSON.stringify(box)}`,
      );
      assert.equal(await term.getAttribute('aria-describedby'), await tip.getAttribute('id'));
    }
    if (by === 'keyboard') await page.page.keyboard.press('Escape');
    else if (by === 'touch') await page.page.locator('#results-title').tap();
    else await page.page.mouse.move(5, 5);
    await page.page.locator('.tip:popover-open').waitFor({ state: 'detached' });
    assert.deepEqual(page.complaints, []);
    await page.close();
  });
}

for (const by of /** @type {const} */ (['touch', 'keyboard', 'mouse'])) {
  test(`charts, legend and axis are explained by ${by}`, async () => {
    const touch = by === 'touch' ? { hasTouch: true, isMobile: true } : {};
    const visited = await visit(`?autostart=off${linkTo(SMALL)}`, {
      viewport: { width: 390, height: 844 },
      ...touch,
    });
    const { page } = visited;
    await visited.phase('Ready');
    const [chip, axis, smoothing] = [
      page.locator('.legend .chip').nth(1),
      page.locator('.legend').getByLabel('x axis').first(),
      page.getByLabel('Smoothing'),
    ];
    /** @type {[import('playwright-core').Locator, RegExp][]} */
    const explained = [
      [page.locator('[data-chart=noise] h2 .term'), /^Variance of the absolute gradient/],
      [chip, /^SR-STE, FF 1:4.*\. Click to show or hide\.$/],
      [axis, /^Steps of the optimizer\.$/],
      [smoothing, /^Debiased running average/],
      [page.getByRole('button', { name: 'CSV', exact: true }), /^All measurements as a table$/],
    ];
    const tip = page.locator('.tip:popover-open');
    for (const [host, meaning] of explained) {
      await host.scrollIntoViewIfNeeded();
      if (by === 'touch') await host.tap();
      else if (by === 'keyboard') await host.focus();
      else await host.hover();
      await tip.filter({ hasText: meaning }).waitFor();
      const box = await tip.boundingBox();
      assert.ok(
        box && box.x >= 0 && box.x + box.width <= 390 && box.y >= 0,
        `${meaning}: ${JSON.stringify(box)}`,
      );
    }
    assert.match((await axis.getAttribute('aria-description')) ?? '', /^Steps of the optimizer/);
    if (by === 'keyboard') await page.keyboard.press('Escape');
    else if (by === 'touch') await page.locator('#results-title').tap();
    else await page.mouse.move(5, 500);
    await tip.waitFor({ state: 'detached' });
    // A handle of the schedule says where it is while it is moved.
    const handle = page.getByRole('slider', { name: 'End of the dense phase of Baseline' });
    await handle.scrollIntoViewIfNeeded();
    if (by === 'touch') await handle.tap();
    else if (by === 'keyboard') await handle.focus();
    else await handle.hover();
    const words = page.locator('[data-chart=schedule] nm-plot > .tip');
    const before = await words.innerText();
    assert.match(before, /^End of the dense phase of Baseline: step 5,000$/);
    if (by === 'keyboard') {
      await page.keyboard.press('ArrowRight');
      await words.filter({ hasNotText: before }).waitFor();
    }
    // An option has no other place for more words.
    assert.deepEqual(
      await page
        .locator('nm-lab [title]:not(option)')
        .evaluateAll((all) => all.map(({ outerHTML }) => outerHTML)),
      [],
    );
    assert.deepEqual(visited.complaints, []);
    await visited.close();
  });
}

test('the results say why FLOPs and memory fall less than the density, in the numbers of the experiment', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: 20 }));
  await page.phase('Finished');
  const region = page.page.getByRole('region', { name: 'Results by lane' });
  const headings = await region.locator('thead th').allInnerTexts();
  const rows = (await region.locator('tbody tr').allInnerTexts()).map((row) => row.split('\t'));
  const cell = (/** @type {number} */ row, /** @type {string} */ heading) =>
    rows[row]?.[headings.indexOf(heading)];
  const note = (
    await page.page.locator('.results .note', { hasText: 'of the FLOPs and not' }).innerText()
  ).replaceAll(/\s+/g, ' ');
  // Two matrices of 16 x 32 are pruned.
  assert.ok(
    note.startsWith(
      `Why ${cell(1, 'FLOPs')} of the FLOPs and not 25.0%? For Baseline, 1:4 holds for the feed-forward matrices: 1,024 of `,
    ),
    note,
  );
  assert.ok(note.includes(`${cell(1, 'Packed')?.replace(' KiB', '')} of ${cell(0, 'Packed')}`), note);
  assert.deepEqual([cell(0, 'Valid N:M'), cell(1, 'Valid N:M')], ['dense', 'yes']);
  assert.deepEqual(page.complaints, []);
  await page.close();
});
