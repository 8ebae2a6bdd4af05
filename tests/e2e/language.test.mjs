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
  const text = 'Pack my box with five dozen liquor jugs. '.repeat(1300);
  await page.drop([{ name: 'jugs.txt', bytes: Buffer.from(text) }]);
  await page.page.getByText('Training on jugs.txt').waitFor();
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
