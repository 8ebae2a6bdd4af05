// Studies: a sweep that the page trains, results that come from a file, what is drawn of both.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, PATIENCE_MS, SMALL } from './support.mjs';

/** @import { Visit } from './support.mjs' */
/** @import { StudyResults } from '../../www/worker/protocol.d.ts' */

const { visit } = lab();
const SHORT = { ...SMALL, steps: 20 };
const PANEL = '.panel.study';

/** @param {Visit} visited */
const openPanel = ({ page }) => page.locator(`${PANEL} > summary`).click();

/** @param {Visit} visited @returns {Promise<StudyResults>} */
async function exportedStudy({ page }) {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export results' }).click(),
  ]);
  return JSON.parse(readFileSync(await download.path(), 'utf8'));
}

/** Rows of the table of all points, one text per cell. @param {Visit} visited */
async function studyRows({ page }) {
  const rows = page.getByRole('region', { name: 'Results of the study' }).locator('tbody tr');
  await rows.first().waitFor();
  return rows.evaluateAll((all) =>
    all.map((row) => [...row.children].map((cell) => cell.textContent?.trim().replaceAll(/\s+/g, ' ') ?? '')),
  );
}

/**
 * The step of the point that trains, once it is at least `least`.
 *
 * @param {Visit} visited
 * @param {number} least
 * @param {boolean} [pause]  Pauses the sweep there, before the point can end.
 */
async function stepOfPoint({ page }, least, pause = false) {
  const step = await page.waitForFunction(
    ([from, stop]) => {
      const shown = /step ([\d,]+) of/.exec(
        document.querySelector('.study-progress')?.textContent ?? '',
      )?.[1];
      const made = Number(shown?.replaceAll(',', '') ?? 0);
      if (made < from) return null;
      const buttons = [...document.querySelectorAll('button')];
      if (stop) buttons.find((button) => button.textContent?.trim() === 'Pause the sweep')?.click();
      return made;
    },
    /** @type {const} */ ([least, pause]),
    { timeout: PATIENCE_MS },
  );
  return /** @type {Promise<number>} */ (step.jsonValue());
}

/** Waits until the browser's storage holds a point with at least `least` steps. @param {Visit} visited @param {number} least */
async function studySaved(visited, least) {
  const saved = async () => (await visited.stored('studies')).some(({ underway }) => underway?.step >= least);
  for (const deadline = Date.now() + PATIENCE_MS; !(await saved()); ) {
    assert.ok(Date.now() < deadline, `step ${least} of the point was never saved`);
    await visited.page.waitForTimeout(100);
  }
}

/** Pauses the sweep at `least` steps of a point or more, and comes back once they are stored. @param {Visit} visited @param {number} least */
async function reloadPaused(visited, least) {
  const done = await stepOfPoint(visited, least, true);
  await studySaved(visited, done);
  await visited.page.reload();
  await openPanel(visited);
  return done;
}

test('a sweep is trained beside the run, point by point, and leaves as a file', async () => {
  const visited = await visit(linkTo(SHORT));
  const { page } = visited;
  await visited.phase('Finished');
  const run = await visited.exported();
  await openPanel(visited);
  const values = page.getByLabel('Values of', { exact: false });
  assert.equal(await values.inputValue(), '2:4, 1:4, 1:8, 1:16', 'groups of 32 do not divide a width of 16');
  await values.fill('');
  await page.getByText('2 lanes × 0 points × 3 seeds: 0 trainings.').waitFor();
  await values.fill('1:2, 1:4');
  await page.getByLabel('Seeds', { exact: true }).fill('2');
  const work = /2 lanes × 2 points × 2 seeds: 8 trainings of 20 steps, \d+ s at the pace of the run above\./;
  await page.getByText(work).waitFor();
  await visited.press('Train the sweep');
  await page.getByText('2 points, 2 seeds, trained on CPU').waitFor({ timeout: PATIENCE_MS });
  await page.getByRole('button', { name: 'Train the sweep' }).waitFor();

  const rows = await studyRows(visited);
  assert.equal(rows.length, 4);
  assert.match(rows[0]?.[0] ?? '', /1:2$/);
  assert.match(rows[0]?.[5] ?? '', /^[+-]?[\d.]+ to [+-]?[\d.]+$/, 'the control has an interval');

  const study = await exportedStudy(visited);
  assert.deepEqual(
    study.cells.map(({ settings, lanes }) => [settings['lanes[].ff'], lanes.map(({ lane }) => lane.seed)]),
    [
      [{ n: 1, m: 2 }, [0, 0, 1, 1]],
      [{ n: 1, m: 4 }, [0, 0, 1, 1]],
    ],
  );
  // A lane's results do not depend on its neighbours, so the run on the page has the same numbers.
  const point = study.cells[1]?.lanes[1]?.metrics;
  const baseline = run.lanes[1]?.metrics;
  for (const key of ['val_accuracy_hard', 'val_loss', 'v_sum_all'])
    assert.equal(point?.[key], baseline?.[key]?.at(-1), key);
  assert.deepEqual(await visited.exported(), run, 'the run on the page is as it was');
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('a sweep that cannot be trained says which field is wrong', async () => {
  const visited = await visit(linkTo(SHORT));
  const { page } = visited;
  await visited.phase('Finished');
  await openPanel(visited);
  await page.getByLabel('Values of', { exact: false }).fill('1:4, 1:48');
  await page.getByLabel('Seeds', { exact: true }).fill('2');
  await visited.press('Train the sweep');
  const problem = page.locator(`${PANEL} .problems li`).first();
  assert.match(
    await problem.innerText(),
    /^Feed-forward pattern \(M\) of Baseline: groups of 48 do not divide .* experiment\.lanes\[1\]\.ff\.m$/,
  );
  await page.getByLabel('Seeds', { exact: true }).fill('many');
  await visited.press('Train the sweep');
  assert.match(await problem.innerText(), /^Seeds: must be a whole number/);
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('a paused sweep survives a reload and trains only what is missing', async () => {
  const visited = await visit(linkTo({ ...SHORT, steps: 40 }));
  const { page } = visited;
  await visited.phase('Finished');
  await openPanel(visited);
  await page.getByLabel('Field to sweep', { exact: true }).selectOption('steps');
  // The last point is so long that it cannot be over before the sweep is paused.
  await page.getByLabel('Values of Steps').fill('20, 100000');
  await page.getByLabel('Seeds', { exact: true }).fill('2');
  await visited.press('Train the sweep');
  await page.getByText('One point, 2 seeds').waitFor({ timeout: PATIENCE_MS });
  await visited.press('Pause the sweep');
  await visited.press('Continue the sweep');
  const done = await reloadPaused(visited, 30);
  await page.getByText('One point, 2 seeds').waitFor();
  const before = await exportedStudy(visited);
  await visited.press('Continue the sweep');
  await page.getByText('Point 2 of 2').waitFor();
  const resumed = await stepOfPoint(visited, 1);
  assert.ok(resumed >= done, `the point goes on from its middle: step ${resumed} after ${done}`);
  assert.deepEqual((await exportedStudy(visited)).cells, before.cells);
  await visited.press('Pause the sweep');
  await visited.press('Discard the sweep');
  await visited.press('Cancel');
  await page.getByText('Point 2 of 2').waitFor();
  await visited.press('Discard the sweep');
  await visited.press('Really discard');
  await page.getByRole('button', { name: 'Train the sweep' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Export results' }).count(), 0);
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('a sweep that is stopped keeps the points that are done', async () => {
  const visited = await visit(linkTo({ ...SHORT, steps: 40 }));
  const { page } = visited;
  await visited.phase('Finished');
  await openPanel(visited);
  await page.getByLabel('Field to sweep', { exact: true }).selectOption('steps');
  await page.getByLabel('Values of Steps').fill('20, 100000');
  await page.getByLabel('Seeds', { exact: true }).fill('2');
  await visited.press('Train the sweep');
  await page.getByText('One point, 2 seeds').waitFor({ timeout: PATIENCE_MS });
  await stepOfPoint(visited, 1);
  const { cells } = await exportedStudy(visited);
  await page.getByRole('button', { name: 'Stop and keep what is done' }).press('Enter');
  await page.getByText('1 of 2 points, 2 seeds, trained on CPU').waitFor();
  await page.getByRole('button', { name: 'Train the sweep' }).waitFor();
  assert.equal((await studyRows(visited)).length, 2);
  assert.deepEqual((await exportedStudy(visited)).cells, cells);
  // It is over for good: nothing waits to be continued on the next visit.
  await page.reload();
  await openPanel(visited);
  await page.getByText('One point, 2 seeds, trained on CPU').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Continue the sweep' }).count(), 0);
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('a point that a reload interrupted ends as the undisturbed run does, bit for bit', async () => {
  // Long enough to be paused in its middle on any machine.
  const visited = await visit(linkTo({ ...SMALL, steps: 3000, eval: { every: 1000, samples: 32 } }));
  const { page } = visited;
  await visited.phase('Finished');
  const run = await visited.exported();
  await openPanel(visited);
  await page.getByLabel('Field to sweep', { exact: true }).selectOption('');
  await page.getByLabel('Seeds', { exact: true }).fill('1');
  await visited.press('Train the sweep');
  await reloadPaused(visited, 100);
  await visited.press('Continue the sweep');
  await page.getByText('One point, one seed, trained on CPU').waitFor({ timeout: PATIENCE_MS });
  await page.getByRole('button', { name: 'Train the sweep' }).waitFor();
  const { cells } = await exportedStudy(visited);
  for (const [index, { metrics }] of (cells[0]?.lanes ?? []).entries()) {
    const expected = Object.entries(run.lanes[index]?.metrics ?? {})
      .map(([key, values]) => [key, values.at(-1)])
      .filter(([, value]) => typeof value === 'number');
    assert.deepEqual(metrics, Object.fromEntries(expected));
  }
  assert.equal(cells[0]?.lanes.length, 2);
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

/** Results as a file, with means chosen so that the lanes cross halfway between 1:4 and 1:16 on a logarithmic axis. */
function results() {
  const patterns = [
    [1, 2],
    [1, 4],
    [1, 16],
  ];
  const means = { Dense: [0.9, 0.9, 0.9], Baseline: [0.8, 0.75, 0.6], Decay: [0.78, 0.74, 0.61] };
  const recipes = { Dense: 'dense', Baseline: 'sr-ste', Decay: 'mdgf-exponential' };
  const cells = patterns.map(([n = 1, m = 1], at) => {
    const lane = (/** @type {keyof typeof means} */ name, /** @type {number} */ seed) => ({
      lane: { name: `${name}, seed ${seed}`, recipe: recipes[name], ff: { n, m }, seed },
      metrics: {
        val_accuracy_hard: (means[name][at] ?? 0) + 0.01 * (seed - 1),
        ff_density: name === 'Dense' ? 1 : n / m,
      },
    });
    const names = /** @type {(keyof typeof means)[]} */ (Object.keys(means));
    const experiment = {
      ...SHORT,
      lanes: names.map((name) => ({ name, recipe: recipes[name], ff: { n, m } })),
    };
    const lanes = [0, 1, 2].flatMap((seed) => names.map((name) => lane(name, seed)));
    return { settings: { 'lanes[].ff': { n, m } }, experiment, lanes };
  });
  return { version: 1, nmflow: '0', device: 'CPU', name: 'From elsewhere', notes: '', seeds: 3, cells };
}

/** Every lane's bars are seen as upright strokes in its colour. @param {Visit} visited @param {string} chart */
async function barsDrawn({ page }, chart) {
  const strokes = await page.locator(`[data-chart=${chart}] nm-plot`).evaluate((plot) => {
    const canvas = /** @type {HTMLCanvasElement} */ (plot.querySelector('canvas'));
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
    const tallest = (/** @type {string} */ colour) => {
      const hex = Number.parseInt(colour.slice(1), 16);
      const ink = [hex >> 16, (hex >> 8) & 255, hex & 255, 255];
      // Strokes that lie over each other are rounded.
      const is = (/** @type {number} */ at) =>
        ink.every((value, channel) => Math.abs(value - (data[at + channel] ?? 0)) < 3);
      let [most, run] = [0, 0];
      for (let x = 0; x < width; x += 1)
        for (let y = 0; y < height; y += 1) {
          run = is(4 * (y * width + x)) ? run + 1 : 0;
          most = Math.max(most, run);
        }
      return most;
    };
    return /** @type {any} */ (plot).spec.lines.map((/** @type {any} */ { colour }) => tallest(colour));
  });
  assert.ok(
    strokes.length === 3 && strokes.every((/** @type {number} */ length) => length >= 12),
    `strokes of ${strokes.join()} pixels`,
  );
}

/** @param {unknown} content */
const file = (content) => [{ name: 'results.json', bytes: Buffer.from(JSON.stringify(content)) }];

test('results of a study are opened by dropping them, drawn with intervals and their crossover', async () => {
  const visited = await visit(linkTo(SHORT));
  const { page } = visited;
  await visited.phase('Finished');
  await visited.drop(file(results()));
  await page.getByRole('heading', { name: 'From elsewhere' }).waitFor();
  const sweep = await visited.chartTable('study-sweep');
  assert.deepEqual(
    sweep.map(([pattern]) => pattern),
    ['1:2', '1:4', '1:16'],
  );
  await barsDrawn(visited, 'study-sweep');
  // 0.75 +- 4.3027 * 0.01 / sqrt(3).
  assert.equal(sweep[1]?.[2], '75.0% (72.5% to 77.5%)');
  const hill = await visited.chartTable('study-hill');
  assert.deepEqual(
    hill.map(([density, dense]) => [density, dense?.slice(0, 5)]),
    [
      ['50 %', '90.0%'],
      ['25 %', '90.0%'],
      ['6.25 %', '90.0%'],
    ],
  );
  await page.getByText('Means cross at 12.5 % (about 1:8); at the sparsest point Decay is ahead.').waitFor();
  await page.getByLabel('Crossover of').selectOption('Dense');
  await page.getByText('the mean of Dense is ahead throughout. The table says how sure that is.').waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: /^Save .* against density as SVG$/ }).click(),
  ]);
  const svg = readFileSync(await download.path(), 'utf8');
  assert.match(svg, /6\.25 %/);
  assert.match(svg, /Decay/);
  const rows = await studyRows(visited);
  assert.deepEqual(rows[7], ['Baseline', '3', '60.0% ± 1.0%', '–', '–', '–']);
  assert.deepEqual(rows[8]?.slice(0, 4), ['Decay', '3', '61.0% ± 1.0%', '+1.0']);
  // What was opened is still there after a reload.
  await page.reload();
  await openPanel(visited);
  await page.getByRole('heading', { name: 'From elsewhere' }).waitFor();
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('results of a second study are drawn behind the first, lane by lane, and taken away again', async () => {
  const visited = await visit(linkTo(SHORT));
  const { page } = visited;
  await visited.phase('Finished');
  await visited.drop(file(results()));
  await page.getByRole('heading', { name: 'From elsewhere' }).waitFor();
  const other = /** @type {any} */ ({ ...results(), name: 'From further away' });
  for (const { lanes } of other.cells) for (const { metrics } of lanes) metrics.val_accuracy_hard -= 0.1;
  // A pattern that the first study does not have gets a place of its own.
  other.cells[2].settings['lanes[].ff'] = { n: 1, m: 8 };
  for (const { lane, metrics } of other.cells[2].lanes) {
    lane.ff = { n: 1, m: 8 };
    if (metrics.ff_density < 1) metrics.ff_density = 1 / 8;
  }
  await visited.drop(file(other));
  await page.getByText('“From further away” is drawn behind “From elsewhere”').waitFor();
  const sweep = await visited.chartTable('study-sweep');
  assert.deepEqual(
    sweep.map(([pattern, , own, , , behind]) => [pattern, own?.slice(0, 5), behind?.slice(0, 5)]),
    [
      ['1:2', '80.0%', '70.0%'],
      ['1:4', '75.0%', '65.0%'],
      ['1:8', '', '50.0%'],
      ['1:16', '60.0%', ''],
    ],
  );
  assert.equal(sweep[1]?.[5], '65.0% (62.5% to 67.5%)', 'intervals of what lies behind are read');
  const hill = await visited.chartTable('study-hill');
  assert.deepEqual(
    hill.map(([density]) => density),
    ['50 %', '25 %', '12.5 %', '6.25 %'],
  );
  await visited.drop(
    file({ ...results(), name: 'Steps', cells: [{ ...results().cells[0], settings: { steps: 20 } }] }),
  );
  await page.getByText('“Steps” sweeps Steps, “From elsewhere” Feed-forward pattern').waitFor();
  await page.getByRole('button', { name: 'From further away, take away' }).click();
  await page.getByRole('button', { name: 'From further away, take away' }).waitFor({ state: 'detached' });
  assert.equal((await visited.chartTable('study-sweep')).length, 3);
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('what reaches beyond 0 or 100 % is read as it is and drawn to the end of the axis', async () => {
  const visited = await visit(linkTo(SHORT));
  const { page } = visited;
  await visited.phase('Finished');
  const note = page.getByText('A bar without a stroke at its end goes on beyond 0 or 100 %');
  await visited.drop(file(results()));
  await page.getByText('Dots are means over the seeds, bars their 95 % intervals').waitFor();
  assert.equal(await note.count(), 0);
  await visited.press('Close results');
  const low = /** @type {any} */ ({ ...results(), name: 'Low' });
  for (const { metrics } of low.cells[2].lanes) metrics.val_accuracy_hard -= 0.59;
  await visited.drop(file(low));
  await note.waitFor();
  // 0.01 - 4.3027 * 0.01 / sqrt(3).
  assert.equal((await visited.chartTable('study-sweep'))[2]?.[2], '1.0% (-1.5% to 3.5%)');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: /^Save .* by .* as SVG$/ }).click(),
  ]);
  const ticks = [...readFileSync(await download.path(), 'utf8').matchAll(/text-anchor="end">([^<]*)</g)];
  assert.ok(ticks.length >= 3 && ticks.every(([, text]) => Number(text) >= 0 && Number(text) <= 100));
  const heads = await page
    .getByRole('region', { name: 'Results of the study' })
    .locator('th[scope=col]')
    .allInnerTexts();
  assert.deepEqual(heads, [
    'Point',
    'Recipe',
    'Seeds',
    'Mean ± s.d.',
    'To Baseline',
    '95 % t interval',
    '95 % bootstrap',
  ]);
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('damaged results are refused with the place of the fault', async () => {
  const visited = await visit(linkTo(SHORT));
  const { page } = visited;
  await visited.phase('Finished');
  const damaged = /** @type {any} */ (results());
  damaged.cells[1].lanes[4].metrics.val_accuracy_hard = 'high';
  damaged.cells[2].lanes[0].lane.recipe = 'magic';
  await visited.drop(file(damaged));
  await page.getByText('results.json cannot be opened.').waitFor();
  const fields = await page.locator('.notice code').allInnerTexts();
  assert.deepEqual(fields, ['cells[1].lanes[4].metrics.val_accuracy_hard', 'cells[2].lanes[0].lane.recipe']);
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('curves in a file of results are drawn as means over the seeds, with data and files', async () => {
  const visited = await visit(linkTo(SHORT));
  const { page } = visited;
  await visited.phase('Finished');
  const study = /** @type {any} */ (results());
  for (const [at, cell] of study.cells.entries()) {
    cell.steps = [0, 10, 20];
    for (const { lane, curves = {}, ...rest } of cell.lanes.splice(0)) {
      const from = lane.recipe === 'sr-ste' ? 1 : 11;
      const noise =
        lane.recipe === 'dense' ? [null, null, null] : [null, from + lane.seed, from + 3 + at + lane.seed];
      cell.lanes.push({
        ...rest,
        lane,
        curves: { ...curves, grad_abs_var_all: noise, train_loss: [3, 2, 1] },
      });
    }
  }
  await visited.drop(file(study));
  await page.getByRole('heading', { name: 'From elsewhere' }).waitFor();
  // Means and standard deviations over three seeds at the last point; the dense lane has no noise of a mask.
  assert.deepEqual(await visited.chartTable('study-curves'), [
    ['10', '2 ± 1', '12 ± 1'],
    ['20', '7 ± 1', '17 ± 1'],
  ]);
  assert.ok((await visited.bandPixels('study-curves')) > 200, 'the spread over seeds is drawn');
  await page
    .locator('.study')
    .getByLabel(/^\s*Point/)
    .selectOption('0');
  await page.locator('[data-chart=study-curves] td', { hasText: '5' }).first().waitFor();
  await page
    .locator('.study')
    .getByLabel(/^\s*Curve/)
    .selectOption('train_loss');
  const loss = await visited.chartTable('study-curves');
  assert.deepEqual(loss[2], ['20', '1.000 ± 0.000', '1.000 ± 0.000', '1.000 ± 0.000']);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page
      .locator('[data-chart=study-curves]')
      .getByRole('button', { name: /as SVG$/ })
      .click(),
  ]);
  assert.match(readFileSync(await download.path(), 'utf8'), /Decay/);
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});
