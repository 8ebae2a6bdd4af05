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
    // The names of colours lie behind the line that has the colour.
    [...document.querySelectorAll('select:not(.tint-names)')].flatMap((found) => {
      const select = /** @type {HTMLSelectElement} */ (found);
      if (!select.checkVisibility()) return [];
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

/** Takes from the page what some browsers do not know: fields as wide as what they hold. @param {Visit} visited */
const withoutFieldSizing = ({ page }) =>
  page.evaluate(() => {
    const take = (/** @type {CSSStyleSheet | CSSGroupingRule} */ from) => {
      for (const rule of [...from.cssRules]) {
        if (rule instanceof CSSStyleRule) rule.style.removeProperty('field-sizing');
        if (rule instanceof CSSSupportsRule && rule.conditionText.includes('field-sizing'))
          from.deleteRule([...from.cssRules].indexOf(rule));
        else if (rule instanceof CSSGroupingRule) take(rule);
      }
    };
    for (const sheet of document.styleSheets) take(sheet);
  });

for (const [width, sizing] of /** @type {[number, boolean][]} */ ([
  [360, true],
  [360, false],
  [390, true],
  [1024, true],
  [1024, false],
  [1440, true],
  [1680, true],
  [1680, false],
])) {
  const browser = sizing ? '' : ', in a browser that does not fit fields to what they hold';
  test(`what is chosen is read whole, ${width} px${browser}`, async () => {
    const phone = width < 600 ? { hasTouch: true, isMobile: true } : {};
    const visited = await visit('?autostart=off', { viewport: { width, height: 844 }, ...phone });
    const { page } = visited;
    await visited.phase('Ready');
    await page.locator('.device').getByLabel('Workers').waitFor();
    if (!sizing) await withoutFieldSizing(visited);
    await page.locator('.lane .more > summary').last().click();
    await page.locator('.panel.study > summary').click();
    await page.getByLabel('Field to sweep', { exact: true }).waitFor();
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

/** A script for `visit`: notes every upright text of a chart that reaches beyond it. */
function noteCutTexts() {
  const cut = /** @type {string[]} */ ([]);
  let upright = 0;
  Object.assign(window, { cutTexts: () => ({ cut, upright }) });
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
    const { b, f } = this.getTransform();
    if (Math.abs(b) > 0.9) {
      upright += 1;
      const half = this.measureText(text).width / 2;
      if (f - half < 0 || f + half > this.canvas.height) cut.push(text);
    }
    return fillText.call(this, text, ...place);
  };
}

for (const viewport of [
  { width: 1280, height: 600 },
  { width: 390, height: 700 },
]) {
  test(`labels of the y axis are whole in the lowest charts, ${viewport.width} px`, async () => {
    const visited = await visit('?autostart=off', { viewport }, noteCutTexts);
    const { page } = visited;
    await visited.phase('Ready');
    for (const chart of ['accuracy', 'noise', 'loss', 'schedule']) {
      const shown = page.locator(`[data-chart=${chart}]`).getByLabel('Shown');
      for (const metric of await shown
        .locator('option')
        .evaluateAll((all) => all.map((option) => option.getAttribute('value') ?? ''))) {
        await shown.selectOption(metric);
        await page.evaluate(async (id) => {
          for (const element of ['nm-lab', `[data-chart=${id}] nm-plot`])
            await /** @type {any} */ (document.querySelector(element)).updateComplete;
        }, chart);
      }
    }
    const { cut, upright } = await page.evaluate(() => /** @type {any} */ (window).cutTexts());
    assert.ok(upright > 20, `${upright} labels were drawn`);
    assert.deepEqual([...new Set(cut)], []);
    assert.deepEqual(visited.complaints, []);
    await visited.close();
  });
}

test('on a phone the caption of a table stays in view while its columns scroll', async () => {
  const visited = await visit('?autostart=off', { viewport: { width: 360, height: 780 } });
  const { page } = visited;
  await visited.phase('Ready');
  await page.getByText('What the paper reports').click();
  const tables = page.locator('.paper .scroll');
  let scrolled = 0;
  for (const table of await tables.all()) {
    const { over, within } = await table.evaluate((scroll) => {
      scroll.scrollTo(scroll.scrollWidth, 0);
      const [view, caption] = [scroll, scroll.querySelector('caption span')].map((element) =>
        /** @type {Element} */ (element).getBoundingClientRect(),
      );
      const within = caption && view && caption.left >= view.left - 1 && caption.right <= view.right + 1;
      return { over: scroll.scrollLeft, within };
    });
    assert.ok(within, await table.innerText());
    scrolled += over;
  }
  assert.ok(scrolled > 0, 'some table is wider than the phone');
  await visited.close();
});

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
