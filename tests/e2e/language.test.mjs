// Text on the page: a translation, characters, and a file of the visitor.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();
const EVAL = { every: 20, samples: 64 };

test('a translation trains to its end and reports token accuracy and exact match', async () => {
  const page = await visit(
    linkTo({ ...SMALL, task: { kind: 'numbers', direction: 'to-words' }, steps: 60, eval: EVAL }),
  );
  await page.phase('Finished');
  const { lanes } = await page.exported();
  for (const { name, metrics } of lanes) {
    const [first, last] = [0, -1].map((at) => metrics.val_accuracy_hard?.at(at));
    assert.ok(Number(last) > Number(first), `${name} learns: ${first}, then ${last}`);
    assert.equal(typeof metrics.val_exact_hard?.at(-1), 'number');
    assert.equal(metrics.val_bits_hard?.at(-1) ?? null, null);
  }
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a text file dropped on the page is trained on, in bits per character', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: 60, eval: EVAL }));
  await page.phase('Finished');
  const rare = Array.from({ length: 170 }, (_, at) => String.fromCodePoint(0x4e00 + at)).join('');
  const text = 'Pack my box with five dozen liquor jugs. '.repeat(1300) + rare;
  await page.drop([{ name: 'jugs.txt', bytes: Buffer.from(text) }]);
  await page.page
    .getByText(/Training on jugs.txt.*its 71 rarest, 71 characters in all, are read as □/)
    .waitFor();
  await page.phase('Finished');
  const { document, lanes } = await page.exported();
  assert.equal(document.task.kind, 'text');
  for (const { name, metrics } of lanes) {
    const { val_bits_hard: bits = [], val_loss_hard: loss = [] } = metrics;
    assert.equal(bits.at(-1), Number(loss.at(-1)) / Math.LN2, name);
    assert.ok(Number(bits.at(-1)) < Number(bits.at(0)), `${name} learns`);
  }
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the panel shows what a lane answers: translations, text, images', async () => {
  const ask = async (/** @type {unknown} */ task, /** @type {string} */ shown) => {
    const page = await visit(linkTo({ ...SMALL, task, steps: 20, eval: EVAL }));
    await page.phase('Finished');
    await page.page.getByRole('heading', { name: 'What it answers' }).click();
    const panel = page.page.locator('.answers');
    // A lane that prunes says more than the dense one beside it.
    await panel.getByText('Baseline at step 20').waitFor();
    await panel.locator(shown).first().waitFor();
    assert.equal(await panel.locator(shown).count(), 8);
    await panel.getByLabel('Lane').selectOption('Control');
    await panel.getByText('Control at step 20').waitFor();
    return { page, panel };
  };
  const numbers = await ask({ kind: 'numbers', direction: 'to-digits' }, 'tbody tr');
  assert.match(await numbers.panel.innerText(), /hundred/);
  const before = await numbers.panel.locator('tbody').innerText();
  await numbers.panel.getByRole('button', { name: 'Other samples' }).click();
  await numbers.page.page.waitForFunction(
    (old) => /** @type {HTMLElement | null} */ (document.querySelector('.answers tbody'))?.innerText !== old,
    before,
  );
  const text = await ask({ kind: 'grammar', context: 16 }, '.continuations li');
  await text.panel.getByLabel('Temperature').selectOption('0.8');
  const shapes = await ask(SMALL.task, '.pictures li');
  const inks = await shapes.page.page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('.answers canvas'));
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    return new Set(context.getImageData(0, 0, canvas.width, canvas.height).data).size;
  });
  assert.ok(inks > 20, `${inks} levels of grey`);
  for (const { page } of [numbers, text, shapes]) {
    assert.deepEqual(page.complaints, []);
    await page.close();
  }
});

test('the form shows only what text has a use for', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: 5 }));
  await page.phase('Finished');
  const patch = page.page.getByLabel('Patch side');
  await patch.waitFor();
  await page.page.getByLabel('Task', { exact: true }).selectOption('grammar');
  await page.page.getByLabel('Context').waitFor();
  assert.equal(await patch.count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.close();
});
