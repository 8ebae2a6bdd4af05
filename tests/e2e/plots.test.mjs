// Axes, seeds and scales of the charts.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { seedGroups, spread } from '../../www/state/seeds.js';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();
const SEEDS = {
  ...SMALL,
  steps: 100,
  lanes: [
    { name: 'Control', recipe: 'dense' },
    ...[0, 1, 2].map((seed) => ({ name: `Baseline ${seed}`, recipe: 'sr-ste', ff: { n: 1, m: 4 }, seed })),
  ],
};

/** @import { Visit } from './support.mjs' */

/** What a chart is drawn from. @param {Visit} page @param {string} chart @returns {Promise<any>} */
function specOf({ page }, chart) {
  return page.evaluate((id) => {
    const { x, lines, bands, xLabel, xRange, marks } = /** @type {any} */ (
      document.querySelector(`[data-chart=${id}] nm-plot`)
    ).spec;
    return { x, lines, bands, xLabel, xRange, marks };
  }, chart);
}

test('a lane that stays at one place of the axis is drawn over all its values', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: 100 }));
  await page.phase('Finished');
  await page.page.locator('.legend').getByLabel('x axis').first().selectOption('average_density');
  await page.page.locator('[data-chart=loss] nm-plot').scrollIntoViewIfNeeded();
  // The dense control at density 1: a vertical line from its highest loss to its lowest, in pixels of the plot.
  const drawn = (await page.linePixels('loss'))[0] ?? 0;
  const wanted = await page.page.evaluate(() => {
    const { spec } = /** @type {any} */ (document.querySelector('[data-chart=loss] nm-plot'));
    const values = spec.lines
      .filter((/** @type {any} */ line) => line.read)
      .map((/** @type {any} */ line) =>
        line.values.filter((/** @type {number | null} */ value) => value !== null),
      );
    const extent = (/** @type {number[]} */ all) => Math.max(...all) - Math.min(...all);
    const over = /** @type {HTMLElement} */ (document.querySelector('[data-chart=loss] .u-over'));
    return (extent(values[0]) / extent(values.flat())) * over.clientHeight;
  });
  // Only pixels that the line covers whole have its colour. Its two ends alone would be fewer.
  assert.ok(drawn > 0.1 * wanted, `${drawn} pixels drawn of a line ${wanted} pixels long`);
  await page.close();
});

test('every axis places the measurements where the export says they lie', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: 100 }));
  await page.phase('Finished');
  const { lanes, elapsed_s } = await page.exported();
  const axis = page.page.locator('.legend').getByLabel('x axis').first();
  for (const key of ['train_gflop_honest', 'train_gflop_ideal', 'average_density']) {
    await axis.selectOption(key);
    const { x, lines, xLabel } = await specOf(page, 'accuracy');
    assert.match(xLabel, key === 'average_density' ? /^Average density$/ : /^Training FLOPs.*\(GFLOP\)$/);
    assert.deepEqual(
      x,
      x.toSorted((/** @type {number} */ a, /** @type {number} */ b) => a - b),
    );
    lanes.forEach(({ name, metrics }) => {
      const line = lines.find((/** @type {any} */ { label }) => label === name);
      const drawn = x.flatMap((/** @type {number} */ at, /** @type {number} */ row) =>
        line.values[row] === null ? [] : [[at, line.values[row]]],
      );
      const places = metrics[key] ?? [];
      const expected = (metrics.val_accuracy ?? []).flatMap((value, row) =>
        value === null || (places[row] ?? null) === null ? [] : [[places[row], value]],
      );
      const byPlace = (/** @type {any} */ a, /** @type {any} */ b) => a[0] - b[0] || a[1] - b[1];
      assert.ok(expected.length >= 5);
      assert.deepEqual(drawn.sort(byPlace), expected.sort(byPlace), `${name} over ${key}`);
    });
  }
  // The sparse lane reaches the end with fewer ideal FLOPs than the dense one.
  await axis.selectOption('train_gflop_ideal');
  const { marks } = await specOf(page, 'loss');
  assert.deepEqual(
    marks.map((/** @type {any} */ { label }) => label),
    ['1:4'],
    'where lanes lie apart their patterns are marked, and no phase once for each',
  );

  await axis.selectOption('time');
  const { x, xLabel } = await specOf(page, 'loss');
  assert.equal(xLabel, 'training time (s)');
  assert.deepEqual(elapsed_s, x);
  assert.ok(x.every((/** @type {number} */ at, /** @type {number} */ row) => row === 0 || at >= x[row - 1]));
  assert.ok(x.at(-1) > 0);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a stage is named beside a piece of its lane’s own dashes, not by colour alone', async () => {
  const stepwise = { recipe: 'sdgf-stepwise', ff: { n: 1, m: 4 }, learning_rate: 0.002 };
  const lanes = [
    SMALL.lanes[0],
    { name: 'Slow', ...stepwise },
    { name: 'Fast', ...stepwise, finetune_frac: 0.6 },
  ];
  const page = await visit(linkTo({ ...SMALL, steps: 100, lanes }));
  await page.phase('Finished');
  const { marks } = await specOf(page, 'schedule');
  const stages = marks.filter((/** @type {any} */ { colour }) => colour !== null);
  assert.deepEqual(
    new Set(stages.map((/** @type {any} */ { dash }) => dash.join())),
    new Set(['10,4', '2,3']),
  );
  assert.ok(marks.some((/** @type {any} */ { colour, dash }) => colour === null && dash === undefined));
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a logarithmic x axis leaves out step 0 and spaces decades evenly', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: 100 }));
  await page.phase('Finished');
  await page.page.getByLabel('Logarithmic x axis').check();
  const { x, xRange } = await specOf(page, 'loss');
  assert.equal(x[0], 5);
  assert.deepEqual(xRange, [5, 100]);
  assert.ok(((await page.linePixels('loss'))[0] ?? 0) > 5);
  // 10 lies as far from 5 as 20 from 10: read off the cursor, which the keyboard moves from report to report.
  await page.page.locator('[data-chart=loss] .canvas').focus();
  await page.page.keyboard.press('Home');
  const lefts = [];
  for (const step of [5, 10, 15, 20]) {
    const reading = page.page.locator('[data-chart=loss] .reading strong', { hasText: `step ${step}` });
    await reading.waitFor();
    const cursor = await page.page.locator('[data-chart=loss] .u-cursor-x').boundingBox();
    lefts.push(cursor?.x ?? Number.NaN);
    await page.page.keyboard.press('ArrowRight');
  }
  const [five = 0, ten = 0, , twenty = 0] = lefts;
  assert.ok(Math.abs(ten - five - (twenty - ten)) < 2 && ten - five > 20, lefts.join());
  await page.close();
});

test('lanes that differ only in their seed are one line with a band and their number in the legend', async () => {
  const page = await visit(linkTo(SEEDS));
  await page.phase('Finished');
  const chips = page.page.locator('.legend .chip');
  assert.deepEqual(
    (await chips.allInnerTexts()).map((text) => text.trim()),
    ['Control', 'Baseline 0, 3 seeds'],
  );
  const { lanes } = await page.exported();
  await page.page.locator('.legend input[type=range]').fill('0');
  const { lines, bands } = await specOf(page, 'loss');
  assert.equal(bands.length, 1);
  const last = (/** @type {number} */ index) => lines[index].values.at(-1);
  const losses = lanes.slice(1).map(({ metrics }) => metrics.train_loss?.at(-1) ?? Number.NaN);
  const mean = losses.reduce((sum, loss) => sum + loss) / 3;
  const deviation = Math.sqrt(losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / 2);
  const drawn = lines.findIndex((/** @type {any} */ { label, read }) => read && label.endsWith('3 seeds'));
  assert.ok(Math.abs(last(drawn) - mean) < 1e-12);
  assert.ok(Math.abs(last(bands[0].high) - mean - deviation) < 1e-12);
  assert.ok(Math.abs(last(bands[0].low) - mean + deviation) < 1e-12);

  const scheduled = async () =>
    (await specOf(page, 'schedule')).lines.map((/** @type {any} */ { label }) => label);
  assert.deepEqual(await scheduled(), ['Control', 'Baseline 0, 3 seeds']);

  await page.page.getByLabel('Seeds as mean').uncheck();
  assert.equal(await chips.count(), 4);
  assert.equal((await scheduled()).length, 4);
  assert.equal((await specOf(page, 'loss')).bands.length, 0);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('smoothing draws the running average and leaves the raw line faint behind it', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: 100 }));
  await page.phase('Finished');
  const slider = page.page.getByLabel('Smoothing');
  await slider.fill('0');
  const raw = (await specOf(page, 'loss')).lines;
  assert.equal(raw.length, 2);
  await slider.fill('0.9');
  const { lines } = await specOf(page, 'loss');
  const faint = lines.filter((/** @type {any} */ { read }) => !read);
  const smooth = lines.filter((/** @type {any} */ { read }) => read);
  const values = (/** @type {any} */ line) => line.values;
  assert.deepEqual(faint.map(values), raw.map(values));
  assert.ok(faint.every((/** @type {any} */ { opacity }) => opacity < 0.5));
  const rough = (/** @type {any} */ { values }) =>
    values
      .slice(2)
      .reduce(
        (/** @type {number} */ sum, /** @type {number} */ at, /** @type {number} */ row) =>
          sum + Math.abs(at - values[row + 1]),
        0,
      );
  for (const [lane, line] of smooth.entries())
    assert.ok(rough(line) < rough(raw[lane]), 'the average moves less than what it averages');
  await page.close();
});

test('repetitions are told by everything but name and seed, and spread as by hand', () => {
  const lane = { name: 'a', recipe: 'sr-ste', seed: 0 };
  const document = /** @type {any} */ ({
    lanes: [lane, { ...lane, recipe: 'ste' }, { ...lane, seed: 5, name: 'b' }],
  });
  assert.deepEqual(seedGroups(document), [[0, 2], [1]]);
  // Of 1, 2 and 6: mean 3, variance (4 + 1 + 9) / 2 = 7.
  const { mean, low, high } = spread([
    [1, 5],
    [2, null],
    [6, 7],
  ]);
  assert.deepEqual(mean, [3, null]);
  assert.deepEqual([low[0], high[0]], [3 - Math.sqrt(7), 3 + Math.sqrt(7)]);
});

test('a chart saves as SVG with its curves as vectors, and as PNG of the same drawing', async () => {
  const page = await visit(linkTo({ ...SEEDS, name: 'Curves <&> "names"' }), { colorScheme: 'dark' });
  await page.phase('Finished');
  const save = async (/** @type {string} */ format) => {
    const [file] = await Promise.all([
      page.page.waitForEvent('download'),
      page.press(`Save Loss as ${format.toUpperCase()}`),
    ]);
    assert.equal(file.suggestedFilename(), `nmflow-curves-names-step-100.loss.${format}`);
    return readFileSync(await file.path());
  };
  const svg = (await save('svg')).toString();
  const read = await page.page.evaluate((source) => {
    const document = new DOMParser().parseFromString(source, 'image/svg+xml');
    const words = [...document.querySelectorAll('text')].map(({ textContent }) => textContent ?? '');
    const vertices = [...document.querySelectorAll('path')].map(
      (path) => path.getAttribute('d')?.split(/[ML]/).length ?? 0,
    );
    return { broken: document.querySelector('parsererror') !== null, words, vertices };
  }, svg);
  assert.equal(read.broken, false);
  for (const words of ['Control', 'Baseline 0, 3 seeds', 'step', 'Training loss (nats)', 'pruning starts']) {
    assert.ok(
      read.words.some((text) => text.includes(words)),
      words,
    );
  }
  assert.ok(read.words[0]?.includes('Curves <&> "names"'));
  const { x, lines } = await specOf(page, 'loss');
  const measured = lines.at(-1).values.filter((/** @type {number | null} */ value) => value !== null).length;
  assert.ok(measured >= 20 && x.length > measured);
  assert.ok(read.vertices.includes(measured + 1), `a curve of ${measured} points: ${read.vertices.join()}`);

  const png = await save('png');
  assert.deepEqual(
    [...png.subarray(1, 4)],
    [...'PNG'].map((letter) => letter.charCodeAt(0)),
  );
  assert.equal(png.readUInt32BE(16), 1680);
  assert.deepEqual(page.complaints, []);
  await page.close();
});
