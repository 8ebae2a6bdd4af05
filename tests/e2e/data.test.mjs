// The visitor's own files.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idxPair, linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();

test('an IDX pair dropped on the page is trained on, and learned', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(10);
  const generated = await page.pause();
  await page.drop(idxPair(400, 14));
  await page.page.getByText('Training on tiny-images-idx3-ubyte').waitFor();
  await page.reach(generated + 200);
  const { document, lanes } = await page.exported();
  assert.equal(document.task.kind, 'idx');
  for (const { name, metrics } of lanes) {
    const accuracy = metrics.val_accuracy?.findLast((value) => value !== null) ?? 0;
    assert.ok(accuracy > 0.9, `${name} tells the stripes apart: ${accuracy}`);
  }
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('files that are not data get a message, and the running experiment goes on', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(10);
  const [images, labels] = idxPair(40, 14);
  assert.ok(images && labels);
  const wrong = [
    [{ name: 'notes.txt', bytes: Buffer.from('not a data set') }],
    [{ ...images, bytes: images.bytes.subarray(0, 500) }, labels],
    [images],
  ];
  for (const files of wrong) {
    const before = await page.step();
    await page.drop(files);
    const notice = page.page.locator('.notice.error');
    await notice.waitFor();
    assert.match(await notice.innerText(), /\S{3,} .{20,}/);
    await page.reach(before + 10);
    await notice.getByRole('button', { name: 'Dismiss' }).click();
  }
  assert.equal((await page.exported()).document.name, SMALL.name);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('an experiment on files asks for them, and trains on them once they are dropped', async () => {
  const page = await visit(
    linkTo({ ...SMALL, name: 'On my files', task: { kind: 'idx', validation_frac: 0.25 } }),
  );
  await page.page.getByText('trains on your files: drop them anywhere').waitFor();
  await page.reach(10);
  await page.drop(idxPair(200, 16));
  await page.page.getByText('Training on tiny-images-idx3-ubyte').waitFor();
  await page.reach(10);
  const { document } = await page.exported();
  assert.equal(document.name, 'On my files');
  assert.deepEqual(document.task, { kind: 'idx', validation_frac: 0.25 });
  assert.deepEqual(page.complaints, []);
  await page.close();
});
