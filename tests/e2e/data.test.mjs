// The visitor's own files.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { idxPair, linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();

test('an IDX pair dropped on the page is trained on, and learned', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(10);
  await page.drop(idxPair(400, 14));
  await page.page.getByText('Training on tiny-images-idx3-ubyte').waitFor();
  const { lanes } = await page.exportedOnce(
    ({ document, steps }) => document.task.kind === 'idx' && (steps.at(-1) ?? 0) >= 200,
  );
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
  const picture = { name: 'cat.png', bytes: Buffer.from([0x89, 0x50, 0x4e, 0x47]), type: 'image/png' };
  const wrong = /** @type {[import('./support.mjs').DataFile[], RegExp][]} */ ([
    [[{ name: 'notes.txt', bytes: Buffer.from('not a data set') }], /\S{3,} .{20,}/],
    [[{ ...images, bytes: images.bytes.subarray(0, 500) }, labels], /\S{3,} .{20,}/],
    [[images], /\S{3,} .{20,}/],
    [[picture], /cat\.png \(image\/png\) is no data set.*IDX pair.*CIFAR-10.*text file/],
  ]);
  for (const [files, words] of wrong) {
    const before = await page.step();
    await page.drop(files);
    const notice = page.page.locator('.notice.error');
    await notice.waitFor();
    assert.match(await notice.innerText(), words);
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
  const asks = page.page.getByText(
    'trains on your data: an IDX pair, images and labels together. Drop the files',
  );
  // What trains meanwhile does not take the message away.
  await page.reach(10);
  assert.ok(await asks.isVisible());
  await page.drop(idxPair(200, 16));
  await page.page.getByText('Training on tiny-images-idx3-ubyte').waitFor();
  await page.reach(10);
  const { document } = await page.exported();
  assert.equal(document.name, 'On my files');
  assert.deepEqual(document.task, { kind: 'idx', validation_frac: 0.25 });
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('CIFAR-10 batches are trained on, plain or packed', async () => {
  // Records of a label and 32 x 32 pixels in three planes: dark images of class 0, bright ones of class 1.
  const records = Buffer.alloc(3073 * 60);
  for (let image = 0; image < 60; image += 1) {
    records.fill(image % 2 === 0 ? 30 + image : 170 + image, image * 3073, (image + 1) * 3073);
    records[image * 3073] = image % 2;
  }
  const page = await visit(
    linkTo({ ...SMALL, name: 'On CIFAR-10', steps: 600, task: { kind: 'cifar10', validation_frac: 0.5 } }),
  );
  await page.page.getByText('trains on your data: CIFAR-10 binary batches. Drop the files').waitFor();
  // On a phone there is nothing to drop from: the message has a button.
  const mimeType = 'application/octet-stream';
  await page.page
    .locator('.notice')
    .getByLabel('Choose files')
    .setInputFiles([
      { name: 'data_batch_1.bin', mimeType, buffer: records },
      { name: 'data_batch_2.bin.gz', mimeType, buffer: gzipSync(records) },
    ]);
  await page.page.getByText('Training on data_batch_1.bin').waitFor();
  const { lanes, document } = await page.exportedOnce(
    (run) => run.document.task.kind === 'cifar10' && (run.steps.at(-1) ?? 0) >= 200,
  );
  assert.equal(document.name, 'On CIFAR-10');
  for (const { name, metrics } of lanes) {
    const accuracy = metrics.val_accuracy?.findLast((value) => value !== null) ?? 0;
    assert.ok(accuracy > 0.9, `${name} tells dark from bright: ${accuracy}`);
  }
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a saved run on own data says what to drop, and goes on where it was once that is there', async () => {
  const visited = await visit(linkTo(SMALL));
  const { page } = visited;
  await visited.reach(5);
  await visited.drop(idxPair(400, 14));
  await page.getByText('Training on tiny-images-idx3-ubyte').waitFor();
  await visited.reach(20);
  const at = await visited.pause();
  await page.getByLabel('This run').fill('On stripes');
  await visited.press('Keep');
  await page.getByRole('button', { name: 'Rename', exact: true }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Continue On stripes' }).press('Enter');
  await page
    .getByText('was trained on your data: the same IDX pair, images and labels together. Drop the files')
    .waitFor();
  await visited.drop(idxPair(400, 14));
  await page.getByText('Opened “On stripes”.').waitFor();
  await visited.reach(at);
  assert.equal((await visited.exported()).document.task.kind, 'idx');
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});
