// What is written is seen whole, and what lies beyond an edge announces itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rangeOf } from '../../www/plots/axes.js';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

/** @import { Visit } from './support.mjs' */

const { visit } = lab();

/** Choices that are wider than their fields. @param {Visit} visited @returns {Promise<string[]>} */
const cutChoices = ({ page }) =>
  page.evaluate(() =>
    [...document.querySelectorAll(':is(.chart-options, .device, .experiments) select')].flatMap((found) => {
      const select = /** @type {HTMLSelectElement} */ (found);
      const text = select.selectedOptions[0]?.text ?? '';
      const alone = document.createElement('select');
      alone.append(new Option(text));
      alone.style.cssText = 'width: auto; min-width: 0; max-width: none; field-sizing: fixed';
      select.after(alone);
      const missing = alone.offsetWidth - select.offsetWidth;
      alone.remove();
      // A field that fits its content rounds its width.
      return missing > 1 ? [`${text}: ${missing} px`] : [];
    }),
  );

for (const width of [390, 1024, 1440, 1680]) {
  test(`what is chosen is read whole, ${width} px`, async () => {
    const phone = width < 600 ? { hasTouch: true, isMobile: true } : {};
    const visited = await visit('?autostart=off', { viewport: { width, height: 844 }, ...phone });
    const { page } = visited;
    await visited.phase('Ready');
    await page.locator('.device').getByLabel('Workers').waitFor();
    assert.deepEqual(await cutChoices(visited), []);
    await page.locator('.legend').getByLabel('x axis').first().selectOption('train_gflop_honest');
    const choices = { noise: 'dense_cosine', loss: 'val_loss', schedule: 'learning_rate' };
    for (const [chart, metric] of Object.entries(choices))
      await page.locator(`[data-chart=${chart}]`).getByLabel('Shown').selectOption(metric);
    assert.deepEqual(await cutChoices(visited), []);
    assert.deepEqual(visited.complaints, []);
    await visited.close();
  });
}

test('beside the charts the results have room', async () => {
  const visited = await visit('?autostart=off', { viewport: { width: 1680, height: 900 } });
  const { page } = visited;
  await visited.phase('Ready');
  for (const width of [1680, 1800, 1899, 1900, 2560]) {
    await page.setViewportSize({ width, height: 900 });
    const over = await page
      .locator('.results > .scroll')
      .first()
      .evaluate((scroll) => scroll.scrollWidth - scroll.clientWidth);
    assert.equal(over, 0, `at ${width} px`);
  }
  await visited.close();
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  test(`a table that goes on beyond the edge has a shade there until its end, ${colorScheme}`, async () => {
    const visited = await visit('?autostart=off', { viewport: { width: 390, height: 844 }, colorScheme });
    const { page } = visited;
    await visited.phase('Ready');
    const table = page.locator('.results > .scroll').first();
    /** How far the picture's right edge differs from its background, from 0 to 255. */
    const shade = async () => {
      const picture = (await table.screenshot()).toString('base64');
      return page.evaluate(async (base64) => {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
        const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
          new OffscreenCanvas(image.width, image.height).getContext('2d', { willReadFrequently: true })
        );
        context.drawImage(image, 0, 0);
        const [surface, edge] = [image.width - 40, image.width - 2].map(
          (x) => context.getImageData(x, image.height - 8, 1, 1).data[0] ?? 0,
        );
        return Math.abs((surface ?? 0) - (edge ?? 0));
      }, picture);
    };
    assert.ok((await shade()) > 15, 'there is more to the right');
    await table.evaluate((scroll) => scroll.scrollTo(scroll.scrollWidth, 0));
    assert.ok((await shade()) < 3, 'nothing lies beyond the end');
    assert.deepEqual(visited.complaints, []);
    await visited.close();
  });
}

test('on a phone a saved run is drawn, opened and deleted, and a chart’s table is read, without scrolling sideways', async () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  const visited = await visit(linkTo({ ...SMALL, steps: 20 }), phone);
  const { page } = visited;
  await visited.phase('Finished');
  await visited.press('Run again');
  const row = page.locator('.runs tbody tr');
  await row.first().waitFor();
  const edge = await page.locator('.runs .scroll').evaluate((scroll) => scroll.getBoundingClientRect().right);
  const rights = await row
    .locator('input, button')
    .evaluateAll((all) => all.map((control) => control.getBoundingClientRect().right));
  assert.equal(rights.length, 5, 'its name, Draw, Open, Export and Delete');
  for (const right of rights) assert.ok(right <= edge, `${right} beyond ${edge}`);

  await visited.chartTable('accuracy');
  const [table = 0, chart = 0] = await page
    .locator('[data-chart=accuracy]')
    .locator('.scroll, nm-plot')
    .evaluateAll((all) => all.map((box) => box.getBoundingClientRect().width).sort((a, b) => a - b));
  assert.ok(table > 0.95 * chart, `${table} of ${chart}`);
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('an axis of shares does not blow up what may be chance', () => {
  const shares = /** @type {any} */ ({ log: false, yLimits: [0, 1] });
  const near = (/** @type {[number, number]} */ [low, high], /** @type {[number, number]} */ expected) =>
    assert.ok(Math.abs(low - expected[0]) + Math.abs(high - expected[1]) < 1e-9, `${low} to ${high}`);
  near(rangeOf(0.064, 0.068, shares), [0.041, 0.091]);
  near(rangeOf(0.2, 0.7, shares), [0.17, 0.73]);
  near(rangeOf(0.995, 0.999, shares), [0.972, 1]);
  // Without limits nobody knows what is little.
  near(rangeOf(0.2, 0.201, { ...shares, yLimits: null }), [0.2 - 0.00201, 0.201 + 0.00201]);
});
