// The schedule designer: what is dragged is what will train.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();

const DESIGNED = {
  ...SMALL,
  name: 'Designed',
  steps: 1000,
  report_every: 50,
  eval: { every: 500, samples: 32 },
  lanes: [
    { name: 'Control', recipe: 'dense' },
    {
      name: 'Decay',
      recipe: 'mdgf-exponential',
      ff: { n: 1, m: 4 },
      beta: 0.01,
      dense_frac: 0.1,
      finetune_frac: 0.2,
    },
  ],
};

test('the keyboard moves beta and the phase borders, and the drawn schedule follows', async () => {
  const page = await visit(linkTo(DESIGNED));
  await page.phase('Training');
  const beta = page.page.getByRole('slider', { name: 'Speed of decay of Decay' });
  // D = exp(-0.01 j) is one half after ln 2 / 0.01 = 69.3 steps.
  assert.equal(await beta.getAttribute('aria-valuenow'), '169');
  await beta.focus();
  await page.page.keyboard.press('ArrowRight');
  await beta.and(page.page.locator('[aria-valuenow="170"]')).waitFor({ state: 'attached' });
  const field = page.page.getByLabel('Decay rate beta').nth(1);
  assert.equal(await field.inputValue(), String(Number((Math.LN2 / 70).toPrecision(3))));

  const dense = page.page.getByRole('slider', { name: 'End of the dense phase of Decay' });
  await dense.focus();
  await page.page.keyboard.press('PageUp');
  await dense.and(page.page.locator('[aria-valuenow="110"]')).waitFor({ state: 'attached' });
  await page.page.getByRole('slider', { name: 'Start of fine-tuning of Decay' }).focus();
  await page.page.keyboard.press('PageDown');
  const changes = await page.page.locator('.changes li').allInnerTexts();
  assert.deepEqual(changes, [
    'Decay: Decay rate beta 0.01 0.0099',
    'Decay: Dense phase 0.1 0.11',
    'Decay: Fine-tune phase 0.2 0.21',
  ]);
  // The curve is what Rust makes of it: dense up to step 110, decaying after it.
  await page.page.waitForFunction(() => {
    const { x, lines } = /** @type {any} */ (document.querySelector('[data-chart=schedule] nm-plot')).spec;
    const at = (/** @type {number} */ step) => lines[1].values[x.indexOf(step)];
    return at(110) === 1 && at(115) < 1 && Math.abs(at(115) - Math.exp(-0.0099 * 5)) < 1e-6 && at(790) === 0;
  });
  await page.press('Apply & restart');
  await page.page.locator('.pending').waitFor({ state: 'detached' });
  const exported = await page.exported();
  assert.equal(exported.document.lanes[1]?.dense_frac, 0.11);
  assert.equal(exported.document.lanes[1]?.beta, 0.0099);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('what is dragged of a lane that is trained over several seeds is set for all of them', async () => {
  const [control, decay] = DESIGNED.lanes;
  const page = await visit(
    linkTo({ ...DESIGNED, lanes: [control, decay, { ...decay, name: 'Again', seed: 1 }] }),
  );
  await page.phase('Training');
  const beta = page.page.getByRole('slider', { name: 'Speed of decay of Decay, 2 seeds' });
  await beta.focus();
  await page.page.keyboard.press('ArrowRight');
  await beta.and(page.page.locator('[aria-valuenow="170"]')).waitFor({ state: 'attached' });
  const fields = page.page.getByLabel('Decay rate beta');
  assert.equal(await fields.nth(1).inputValue(), '0.0099');
  assert.equal(await fields.nth(2).inputValue(), '0.0099');
  await page.press('Apply & restart');
  await page.page.locator('.pending').waitFor({ state: 'detached' });
  await page.page.locator('.legend .chip', { hasText: 'Decay, 2 seeds' }).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the pointer drags beta along the curve; the run goes on meanwhile', async () => {
  const page = await visit(linkTo({ ...DESIGNED, steps: 100_000 }));
  await page.reach(50);
  const handle = page.page.locator('[data-handle=beta]');
  const plot = await page.page.locator('[data-chart=schedule] .u-over').boundingBox();
  const from = await handle.boundingBox();
  assert.ok(plot && from);
  await page.page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await page.page.mouse.down();
  await page.page.mouse.move(plot.x + plot.width * 0.3, from.y, { steps: 5 });
  await page.page.mouse.up();
  const at = Number(await handle.getAttribute('aria-valuenow'));
  assert.ok(Math.abs(at - 30_000) < 1000, `dragged to step ${at}`);
  const beta = Number(await page.page.getByLabel('Decay rate beta').nth(1).inputValue());
  assert.ok(Math.abs(beta - Math.LN2 / 20_000) < 5e-6, `beta ${beta}`);
  await page.page.waitForTimeout(300);
  const to = await handle.boundingBox();
  assert.ok(to && Math.abs(to.x + to.width / 2 - (plot.x + plot.width * 0.3)) < 4);
  await page.reach((await page.step()) + 50);
  await page.press('Discard');
  assert.equal(await page.page.locator('.pending').count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the learning-rate warm-up is dragged in its own curve, and lanes take turns', async () => {
  const page = await visit(linkTo(DESIGNED));
  await page.phase('Training');
  const chart = page.page.locator('[data-chart=schedule]');
  await chart.getByLabel('Shown').selectOption('learning_rate');
  const warmup = page.page.getByRole('slider', { name: 'End of the warm-up' });
  await warmup.focus();
  await page.page.keyboard.press('PageUp');
  assert.equal(await page.page.getByLabel('Learning-rate warm-up').inputValue(), '0.06');
  await chart.getByLabel('Shown').selectOption('density');
  assert.equal(await page.page.locator('[data-handle]').count(), 2);
  await chart.getByLabel('Handles of').selectOption('Control');
  assert.equal(await page.page.locator('[data-handle]').count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('dots mark where the lanes are, and leave while the drawn schedule is not the one that trains', async () => {
  const page = await visit(linkTo({ ...DESIGNED, steps: 100_000 }));
  await page.reach(20);
  const at = await page.pause();
  const now = () =>
    page.page.locator('[data-chart=schedule] nm-plot').evaluate((plot) => /** @type {any} */ (plot).spec.now);
  assert.equal(await now(), at);
  await page.page.getByRole('slider', { name: 'Speed of decay of Decay' }).focus();
  await page.page.keyboard.press('ArrowRight');
  await page.page.locator('.pending').waitFor();
  await page.page.waitForFunction(
    () =>
      /** @type {any} */ (window.document.querySelector('[data-chart=schedule] nm-plot')).spec.now === null,
  );
  await page.press('Discard');
  assert.equal(await now(), at);
  await page.close();
});
