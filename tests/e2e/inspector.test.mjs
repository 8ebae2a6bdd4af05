// A look inside a matrix, which leaves no trace in the run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();
const SHORT = { ...SMALL, steps: 120 };

test('nothing of the inspector is loaded before it is opened, and looking changes no number', async () => {
  const plain = await visit(linkTo(SHORT));
  await plain.phase('Finished');
  const expected = await plain.exported();
  assert.ok(!plain.requests.some((address) => address.includes('nm-inspector')));
  await plain.close();

  const page = await visit(linkTo(SHORT));
  await page.page.getByLabel('Speed').selectOption('50');
  await page.page.getByRole('heading', { name: 'Inside a matrix' }).click();
  await page.page.locator('.inspector canvas').waitFor();
  await page.phase('Finished');
  const watched = await page.exported();
  assert.deepEqual(watched.lanes, expected.lanes);
  assert.deepEqual(watched.fingerprint, expected.fingerprint);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the heat map, the scrubber and the microscope show one matrix', async () => {
  const page = await visit(linkTo(SHORT));
  await page.page.getByLabel('Speed').selectOption('20');
  const panel = page.page.locator('.inspector');
  await page.page.getByRole('heading', { name: 'Inside a matrix' }).click();
  await page.page.waitForFunction(() => {
    const range = /** @type {HTMLInputElement | null} */ (document.querySelector('.inspector .scrub input'));
    return Number(range?.max) >= 4;
  });
  await page.pause();
  // The first lane that prunes is chosen; its mask keeps one weight in four.
  assert.match(
    await panel.innerText(),
    /1:4, D = 0; 25\.00? ?% of 512 weights kept|1:4, D = 0; 25(\.0+)? ?%/,
  );
  const rows = await panel.locator('tbody tr').count();
  assert.equal(rows, 4);
  assert.equal(await panel.locator('tbody tr.kept').count(), 1);
  const inks = await page.page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('.inspector canvas'));
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set();
    for (let at = 0; at < data.length; at += 4) colours.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
    return colours.size;
  });
  assert.ok(inks > 20, `${inks} colours`);

  const before = await panel.locator('.scrub').innerText();
  await panel.locator('.scrub input').focus();
  await page.page.keyboard.press('Home');
  assert.notEqual(await panel.locator('.scrub').innerText(), before);
  await panel.getByLabel('The group of weight number').fill('5');
  await page.page.keyboard.press('Enter');
  await panel.getByRole('rowheader', { name: '0, 5' }).waitFor();
  await panel.locator('.scrub input').press('End');
  /** Step of the mask that the shown one is compared with. */
  const since = async () =>
    Number(/flipped since step ([\d,]+)/.exec(await panel.innerText())?.[1]?.replaceAll(',', ''));
  await panel.getByLabel('Shown').selectOption('flips');
  const last = await since();
  await panel.getByLabel('Shown').selectOption('flips_first');
  await panel.getByText('Against the first mask seen here').waitFor();
  const first = await since();
  assert.ok(first < last, `the first mask is of step ${first}, the one before of ${last}`);
  await panel.getByLabel('Matrix').selectOption('blocks.0.k.weight');
  await panel.getByText('Nothing is pruned at this step').waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the weight below the pointer is read, and the one that the keys lead to', async () => {
  const visited = await visit(linkTo(SHORT));
  const { page } = visited;
  await page.getByLabel('Speed').selectOption('20');
  const panel = page.locator('.inspector');
  await page.getByRole('heading', { name: 'Inside a matrix' }).click();
  await page.waitForFunction(() => {
    const range = /** @type {HTMLInputElement | null} */ (document.querySelector('.inspector .scrub input'));
    return Number(range?.max) >= 2;
  });
  await visited.pause();
  const canvas = panel.locator('canvas');
  await canvas.scrollIntoViewIfNeeded();
  const frame = await page.evaluate(() => {
    const { rows, cols, weights, mask, step } = /** @type {any} */ (document.querySelector('nm-matrix'))
      .frame;
    return { rows, cols, step, weights: [...weights], mask: [...mask] };
  });
  const read = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
  const written = (/** @type {number} */ value) =>
    Math.abs(value) < 1e-3
      ? new Intl.NumberFormat('en-US', { notation: 'scientific', maximumSignificantDigits: 3 })
          .format(value)
          .replace('E', 'e')
      : read.format(value);
  /** What is said of a weight. @param {number} row @param {number} col */
  const expected = (row, col) => {
    const at = row * frame.cols + col;
    const from = Math.floor(row / 4) * 4;
    return [
      `input ${row}, output ${col}`,
      `weight ${written(frame.weights[at])}`,
      `mask ${frame.mask[at] ? 'kept' : 'pruned'}`,
      `1:4 group inputs ${from} to ${from + 3}`,
    ];
  };
  const box = await canvas.boundingBox();
  assert.ok(box);
  const states = new Set();
  for (const [row, col] of /** @type {const} */ ([
    [3, 5],
    [0, 0],
    [9, 30],
    [15, 31],
    [8, 2],
    [2, 20],
  ])) {
    await page.mouse.move(
      box.x + ((col + 0.5) / frame.cols) * box.width,
      box.y + ((row + 0.5) / frame.rows) * box.height,
    );
    const reading = panel.locator('.reading');
    await reading.locator('strong', { hasText: `input ${row}, output ${col}` }).waitFor();
    const texts = await reading.locator('strong, span').allInnerTexts();
    const words = texts.map((text) => text.replaceAll(/\s+/g, ' ').trim());
    assert.deepEqual(words, expected(row, col));
    states.add(words[2]);
    const place = await reading.boundingBox();
    assert.ok(place && place.x >= 0 && place.x + place.width <= 1280, 'it stays in the window');
  }
  assert.equal(states.size, 2, 'kept and pruned ones were read');
  await page.mouse.move(2, 2);
  await panel.locator('.reading').waitFor({ state: 'detached' });

  const slider = panel.getByRole('slider', { name: /^blocks\.0\.ff1\.weight at step \d+: 16 inputs down/ });
  await slider.focus();
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'PageDown']) await page.keyboard.press(key);
  const [place, ...rest] = expected(5, 2);
  await page.waitForFunction(
    (text) => document.querySelector('nm-matrix canvas')?.getAttribute('aria-valuetext') === text,
    `${place}: ${rest.join(', ')}`,
  );
  assert.equal(await panel.getByLabel('The group of weight number').inputValue(), String(5 * frame.cols + 2));
  await panel.getByRole('rowheader', { name: '4, 2' }).waitFor();
  await panel.getByLabel('Shown').selectOption('flips');
  await slider.focus();
  await page.keyboard.press('ArrowLeft');
  await panel.locator('.reading span', { hasText: /^since step \d+(unchanged|came in|left)$/ }).waitFor();
  await panel
    .getByText(/Frames are recorded while this is open: of masks before step \d+ nothing is known/)
    .waitFor();
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});
