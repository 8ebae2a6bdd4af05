// What is read off the charts: values below the pointer, parts of the axis, names of stages, single points.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelsOf } from '../../www/plots/mark-labels.js';
import { marksWithin } from '../../www/plots/marks.js';
import { stretched, zoomed } from '../../www/plots/zoom.js';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

/** @import { Visit } from './support.mjs' */

const { visit } = lab();
const SHORT = { ...SMALL, steps: 100 };

/** Charts whose reading is open. @param {Visit} visited @returns {Promise<string[]>} */
async function readingCharts({ page }) {
  const open = page.locator('[data-chart] .reading:not([hidden])');
  return open.evaluateAll((all) =>
    all.map((box) => /** @type {HTMLElement} */ (box.closest('[data-chart]')).dataset.chart ?? ''),
  );
}

/** The range of steps that every chart shows. @param {Visit} visited @returns {Promise<[number, number][]>} */
const rangesOf = ({ page }) =>
  page.evaluate(() =>
    [...document.querySelectorAll('nm-plot')].map((plot) => /** @type {any} */ (plot).spec.xRange),
  );

/** The step at which every chart has its cursor. @param {Visit} visited @returns {Promise<number[]>} */
async function cursors({ page }) {
  await page.evaluate(() =>
    Promise.all(
      [...document.querySelectorAll('nm-plot')].map((plot) => /** @type {any} */ (plot).updateComplete),
    ),
  );
  return page.locator('.charts .u-cursor-x').evaluateAll((all) =>
    all.map((line) => {
      const plot = /** @type {any} */ (line.closest('nm-plot'));
      const over = plot.querySelector('.u-over').getBoundingClientRect();
      const [from, to] = plot.spec.xRange;
      return from + ((line.getBoundingClientRect().right - over.left) / over.width) * (to - from);
    }),
  );
}

/** Draws across a chart with the mouse, between two shares of its width. @param {Visit} visited @param {string} chart @param {number} from @param {number} to */
async function drag({ page }, chart, from, to) {
  const plot = page.locator(`[data-chart=${chart}] .u-over`);
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + box.width * from, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to, box.y + 30, { steps: 4 });
  await page.mouse.up();
}

test('the reading opens in the chart that is read alone; the others show where it is', async () => {
  const visited = await visit(linkTo(SHORT));
  const { page } = visited;
  await visited.phase('Finished');
  for (const chart of ['loss', 'accuracy']) {
    await page.locator(`[data-chart=${chart}] .u-over`).hover();
    assert.deepEqual(await readingCharts(visited), [chart]);
  }
  for (const place of await cursors(visited))
    assert.ok(Math.abs(place - 50) < 1.5, `a cursor at step ${place}`);
  const marked = await page
    .locator('[data-chart=loss] .u-cursor-pt')
    .evaluateAll((all) => all.filter((point) => !/-10px/.test(/** @type {any} */ (point).style.transform)));
  assert.ok(marked.length >= 2, 'points are marked where no reading is open');

  await page.mouse.move(2, 2);
  assert.deepEqual(await readingCharts(visited), []);
  await page.locator('[data-chart=noise] .canvas').focus();
  await page.keyboard.press('ArrowLeft');
  assert.deepEqual(await readingCharts(visited), ['noise']);
  await page.keyboard.press('Tab');
  assert.deepEqual(await readingCharts(visited), [], 'what is left is read no more');
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('a zoomed chart reads nothing that lies outside of it', async () => {
  const visited = await visit(linkTo(SHORT));
  const { page } = visited;
  await visited.phase('Finished');
  // Reports come every 5 steps, evaluations every 20: there is none of these between 45 and 57.
  await drag(visited, 'loss', 0.45, 0.57);
  const [range] = await rangesOf(visited);
  assert.ok(range && Math.abs(range[0] - 45) < 1.5 && Math.abs(range[1] - 57) < 1.5, String(range));
  const inside = (/** @type {string} */ words) => {
    const steps = [...words.matchAll(/\d+/g)].map(([step]) => Number(step));
    assert.ok(steps.length > 0 && steps.every((step) => step >= range[0] && step <= range[1]), words);
  };
  const heading = page.locator('[data-chart=loss] .reading strong');
  for (const share of [0.01, 0.3, 0.6, 0.99]) {
    const box = await page.locator('[data-chart=loss] .u-over').boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + share * box.width, box.y + 40);
    inside(await heading.innerText());
  }
  // The charts were drawn one after the other; their cursors stand at one step all the same.
  const [first = 0, ...others] = await cursors(visited);
  assert.equal(others.length, 3);
  for (const place of others) assert.ok(Math.abs(place - first) < 0.3, `cursors at ${first} and ${place}`);
  await page.locator('[data-chart=accuracy] .u-over').hover();
  assert.deepEqual(await readingCharts(visited), [], 'no evaluation lies in sight');

  const slider = page.locator('[data-chart=loss] .canvas');
  await slider.focus();
  for (const key of ['Home', 'End', 'ArrowRight', 'PageUp']) {
    await page.keyboard.press(key);
    inside(await heading.innerText());
    inside(/^step [^:]*/.exec((await slider.getAttribute('aria-valuetext')) ?? '')?.[0] ?? '');
  }
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('charts say how to zoom, and the way back stands where it happened', async () => {
  const visited = await visit(linkTo(SHORT));
  const { page } = visited;
  await visited.phase('Finished');
  const hints = page.locator('.chart-foot .mouse', { hasText: 'drag to zoom' });
  assert.equal(await hints.count(), 4);
  await drag(visited, 'noise', 0.2, 0.6);
  assert.equal(await hints.count(), 0);
  await page.getByRole('button', { name: 'Show all of Gradient noise' }).press('Enter');
  for (const range of await rangesOf(visited)) assert.deepEqual(range, [0, 100]);

  // Keys: half as much around the step that is read, twice as much, all.
  await page.mouse.move(2, 2);
  await page.locator('[data-chart=loss] .canvas').focus();
  for (let press = 0; press < 8; press += 1) await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('+');
  for (const range of await rangesOf(visited)) assert.deepEqual(range, [30, 80]);
  await page.locator('[data-chart=loss] .reading strong', { hasText: 'step 60' }).waitFor();
  for (const place of await cursors(visited))
    assert.ok(Math.abs(place - 60) < 1, `a cursor at step ${place}`);
  await page.keyboard.press('+');
  for (const range of await rangesOf(visited)) assert.deepEqual(range, [45, 70]);
  await page.keyboard.press('-');
  for (const range of await rangesOf(visited)) assert.deepEqual(range, [30, 80]);
  await page.keyboard.press('Escape');
  for (const range of await rangesOf(visited)) assert.deepEqual(range, [0, 100]);

  // The schedule runs along the steps whatever the others run along: there is nothing to choose for them.
  await page.locator('.legend').getByLabel('x axis').first().selectOption('time');
  assert.equal(await hints.count(), 3);
  await drag(visited, 'schedule', 0.2, 0.6);
  assert.equal(await hints.count(), 3);
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('fingers read a chart and stretch its axis', async () => {
  const visited = await visit(linkTo(SHORT), {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  const { page } = visited;
  await visited.phase('Finished');
  await page.locator('[data-chart=loss] .fingers', { hasText: 'pinch to zoom' }).waitFor();
  const touch = (/** @type {string} */ type, /** @type {[number, number][]} */ fingers) =>
    page.locator('[data-chart=loss] .canvas').evaluate(
      (canvas, [kind, moved]) => {
        const over = /** @type {HTMLElement} */ (canvas.querySelector('.u-over')).getBoundingClientRect();
        for (const [pointerId, share] of /** @type {[number, number][]} */ (moved)) {
          const clientX = over.left + share * over.width;
          const options = { pointerType: 'touch', pointerId, clientX, clientY: over.top + 30, bubbles: true };
          canvas.dispatchEvent(new PointerEvent(/** @type {string} */ (kind), options));
        }
      },
      /** @type {const} */ ([type, fingers]),
    );
  await touch('pointerdown', [[1, 0.4]]);
  await touch('pointermove', [[1, 0.5]]);
  await page.locator('[data-chart=loss] .reading strong', { hasText: 'step 50' }).waitFor();
  await touch('pointerup', [[1, 0.5]]);
  // Steps 40 and 60 are drawn apart to the ends of the axis.
  await touch('pointerdown', [
    [1, 0.4],
    [2, 0.6],
  ]);
  await touch('pointermove', [
    [1, 0],
    [2, 1],
  ]);
  await touch('pointerup', [
    [1, 0],
    [2, 1],
  ]);
  for (const [from, to] of await rangesOf(visited)) {
    assert.ok(Math.abs(from - 40) < 0.5 && Math.abs(to - 60) < 0.5, `${from} to ${to}`);
  }
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('ranges of an axis are halved, doubled and stretched, and end where the axis does', () => {
  assert.deepEqual(zoomed([0, 100], [0, 100], false, 60, 'in'), [30, 80]);
  assert.deepEqual(zoomed([45, 70], [0, 100], false, 60, 'out'), [30, 80]);
  assert.deepEqual(zoomed([30, 80], [0, 100], false, 100, 'out'), [0, 60]);
  assert.equal(zoomed([10, 90], [0, 100], false, 50, 'out'), null);
  // Decades: 1 to 10,000 around 100 is 10 to 1,000.
  const [from = 0, to = 0] = zoomed([1, 10_000], [1, 10_000], true, 100, 'in') ?? [];
  assert.ok(Math.abs(from - 10) < 1e-9 && Math.abs(to - 1000) < 1e-6);
  assert.deepEqual(stretched([40, 60], [0.25, 0.75], [0, 100], false), [30, 70]);
  assert.equal(stretched([40, 60], [0.5, 0.5], [0, 100], false), null);
});

/** Writes down what the charts' canvases are given to write, and where. */
function watchWords() {
  const words =
    /** @type {{ chart: string, text: string, left: number, right: number, foot: number }[]} */ ([]);
  Object.assign(window, { words });
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...more) {
    const chart = this.canvas.closest('[data-chart]')?.getAttribute('data-chart') ?? '';
    const { a, d, e, f } = this.getTransform();
    const [left, foot] = [a * x + e, d * y + f];
    if (this.textAlign === 'left' && this.textBaseline === 'bottom')
      words.push({ chart, text, left, right: left + this.measureText(text).width, foot });
    fillText.call(this, text, x, y, ...more);
  };
  // A chart begins every drawing with an empty canvas.
  const { clearRect } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function (...area) {
    const chart = this.canvas.closest('[data-chart]')?.getAttribute('data-chart') ?? '';
    words.splice(0, words.length, ...words.filter((word) => word.chart !== chart));
    clearRect.apply(this, area);
  };
}

for (const width of [390, 1024, 1440]) {
  test(`every stage is named above the charts, along steps and time, ${width} px`, async () => {
    const stepwise = { name: 'Decay', recipe: 'sdgf-stepwise', ff: { n: 1, m: 16 }, learning_rate: 0.002 };
    const options = { viewport: { width, height: 844 } };
    const visited = await visit(linkTo({ ...SHORT, lanes: [...SMALL.lanes, stepwise] }), options, watchWords);
    const { page } = visited;
    await visited.phase('Finished');
    for (const axis of ['time', 'step']) {
      await page.evaluate(() => Object(window).words.splice(0));
      await page.locator('.legend').getByLabel('x axis').first().selectOption(axis);
      await page.waitForFunction(() =>
        Object(window).words.some((/** @type {any} */ { chart }) => chart === 'loss'),
      );
      const words = await page.evaluate(() =>
        Object(window).words.filter((/** @type {any} */ { chart }) => chart === 'loss'),
      );
      const texts = words.map((/** @type {any} */ { text }) => text);
      for (const label of ['15:16', '8:16', '4:16', '2:16', '1:16', 'pruning starts', 'fine-tune'])
        assert.ok(
          texts.some((/** @type {string} */ text) => text.includes(label)),
          `${label} among ${texts.join(' | ')}`,
        );
      for (const one of words)
        for (const other of words)
          assert.ok(
            one.foot !== other.foot ||
              one.right <= other.left ||
              other.left === one.left ||
              other.right <= one.left,
            `${one.text} at ${one.left} and ${other.text} at ${other.left}`,
          );
    }
    // Along steps every stage of a lane that has several has room at its own mark.
    const off = await page.locator('[data-chart=loss] nm-plot').evaluate((plot) => {
      const { marks, xRange } = /** @type {any} */ (plot).spec;
      const over = /** @type {Element} */ (plot.querySelector('.u-over')).getBoundingClientRect();
      const canvas = /** @type {Element} */ (plot.querySelector('canvas')).getBoundingClientRect();
      return ['15:16', '8:16', '4:16', '2:16', '1:16'].map((stage) => {
        const { x } = marks.find((/** @type {any} */ { label }) => label === stage);
        const place = over.left - canvas.left + (over.width * (x - xRange[0])) / (xRange[1] - xRange[0]);
        const word = Object(window).words.find(
          (/** @type {any} */ { chart, text }) => chart === 'loss' && text === stage,
        );
        return Math.abs(word.left - place);
      });
    });
    assert.ok(
      off.every((distance) => distance < 2),
      `pixels from their marks: ${off.join()}`,
    );
    assert.deepEqual(visited.complaints, []);
    await visited.close();
  });
}

test('marks at either border of a chart are in sight', () => {
  const marks = [-1, 0, 3, 5, 6].map((x) => ({ x, label: '', colour: null }));
  assert.deepEqual(
    marksWithin(marks, [0, 5]).map(({ x }) => x),
    [0, 3, 5],
  );
});

test('labels that would meet are joined, common ones and those of single lines apart', () => {
  const own = { colour: '#d55e00', dash: [10, 4] };
  const marks = [
    { x: 30, label: 'warm-up ends, pruning starts', colour: null },
    { x: 90, label: 'fine-tune', colour: null },
    { x: 30, label: '8:16', ...own },
    { x: 50, label: '4:16', ...own },
    { x: 52, label: '2:16', ...own },
    { x: 90, label: '1:16', ...own },
    { x: 90, label: '1:16', colour: '#0072b2', dash: [2, 3] },
  ];
  const texts = (/** @type {number} */ unit) =>
    labelsOf(
      marks,
      (x) => x * unit,
      (text) => 6 * text.length,
      { from: 0, to: 100 * unit, ratio: 1 },
    ).map(({ row, text, keys }) => `${row} ${keys.length} ${text}`);
  assert.deepEqual(texts(40), [
    '0 1 8:16',
    '0 1 4:16',
    '0 1 2:16',
    '0 1 1:16',
    '1 1 1:16',
    '2 1 warm-up ends, pruning starts',
    '2 1 fine-tune',
  ]);
  assert.deepEqual(texts(10).slice(0, 3), ['0 1 8:16', '0 1 4:16, 2:16', '0 1 1:16']);
  assert.deepEqual(texts(2).slice(-1), ['2 1 warm-up ends, pruning starts, fine-tune']);
  assert.deepEqual(texts(1), [
    '0 1 8:16',
    '0 1 4:16 … 1:16',
    '1 1 1:16',
    '2 1 warm-up ends, pruning starts, fine-tune',
  ]);
  // What would run out of the drawing ends at its edge.
  const [last] = labelsOf(
    [{ x: 99, label: 'late', colour: null }],
    (x) => x,
    (text) => 6 * text.length,
    {
      from: 0,
      to: 100,
      ratio: 1,
    },
  );
  assert.equal(last?.left, 76);
});

test('on a phone the reading shows every value beside a name of any length, after a piece of its line', async () => {
  const lanes = SMALL.lanes.map((lane) => ({ ...lane, name: `${lane.name} ${'of a long name '.repeat(4)}` }));
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  const visited = await visit(linkTo({ ...SHORT, lanes }), phone);
  const { page } = visited;
  await visited.phase('Finished');
  const over = page.locator('[data-chart=accuracy] .u-over');
  await over.scrollIntoViewIfNeeded();
  const plot = await over.boundingBox();
  assert.ok(plot);
  for (const share of [0.2, 0.45, 0.8]) {
    await page.touchscreen.tap(plot.x + share * plot.width, plot.y + 20);
    const values = page.locator('[data-chart=accuracy] .reading b');
    await values.first().waitFor();
    const boxes = await values.evaluateAll((all) =>
      all.map((value) => value.getBoundingClientRect().toJSON()),
    );
    assert.equal(boxes.length, 3, 'two lanes and the hardened value of one');
    for (const { left, right } of boxes)
      assert.ok(left >= plot.x && right <= plot.x + plot.width, `${left} to ${right} at ${share}`);
  }
  const dashes = await page
    .locator('[data-chart=accuracy] .reading path')
    .evaluateAll((all) => all.map((path) => path.getAttribute('stroke-dasharray')));
  assert.deepEqual(dashes.sort(), ['', '10 4', '10 4']);
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('values that lie apart say where, in the reading and to screen readers', async () => {
  const visited = await visit(linkTo(SHORT));
  const { page } = visited;
  await visited.phase('Finished');
  const slider = page.locator('[data-chart=accuracy] .canvas');
  const places = page.locator('[data-chart=accuracy] .reading small');
  await slider.press('Home');
  await page.locator('[data-chart=accuracy] .reading strong', { hasText: 'step 0' }).waitFor();
  assert.equal(await places.count(), 0, 'all lie at one step');
  await page.locator('.legend').getByLabel('x axis').first().selectOption('train_gflop_ideal');
  await slider.press('End');
  await places.first().waitFor();
  const texts = await places.allInnerTexts();
  assert.equal(texts.length, 3);
  assert.equal(new Set(texts).size, 2, 'the lane that prunes has spent less');
  const words = (await slider.getAttribute('aria-valuetext')) ?? '';
  for (const text of texts) assert.ok(words.includes(` ${text} `), `${text} in ${words}`);
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('a chart with one point shows it, and says what its faint lines are', async () => {
  const visited = await visit(
    `?autostart=off${linkTo({ ...SMALL, lanes: SMALL.lanes.map((lane, seed) => ({ ...lane, seed })), report_every: 1 })}`,
  );
  const { page } = visited;
  await visited.phase('Ready');
  await visited.press('Step');
  await visited.reach(1);
  const loss = page.locator('[data-chart=loss] nm-plot');
  await page.waitForFunction(() => {
    const { spec } = /** @type {any} */ (document.querySelector('[data-chart=loss] nm-plot'));
    return spec.lines.some((/** @type {any} */ { values }) =>
      values.some((/** @type {any} */ v) => v !== null),
    );
  });
  const points = await loss.evaluate((plot) =>
    /** @type {any} */ (plot).spec.lines.map(
      (/** @type {any} */ { values }) => values.filter((/** @type {any} */ value) => value !== null).length,
    ),
  );
  assert.deepEqual(points, [1, 1, 1, 1], 'a raw and a smoothed line of each lane');
  const pixels = await visited.linePixels('loss');
  assert.ok(
    pixels.every((count) => count >= 4),
    `a dot of each lane: ${pixels.join()}`,
  );

  const caption = page.locator('[data-chart=loss] .caption');
  await caption.getByText('Faint lines: raw; strong: smoothed.').waitFor();
  await page.getByLabel('Smoothing').fill('0');
  await page.waitForFunction(
    () => !document.querySelector('[data-chart=loss] .caption')?.textContent?.includes('Faint'),
  );
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});
