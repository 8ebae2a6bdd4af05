// A finished run carries its fingerprint; whoever opens its link sees whether the run comes out the same.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { targetFolder } from '../../scripts/cargo.mjs';
import { linkTo, packed } from './link.mjs';
import { lab, SMALL } from './support.mjs';

/** @import { Visit } from './support.mjs' */

const { visit } = lab();
const SHORT = { ...SMALL, steps: 60 };
const runner = join(targetFolder(), 'release', 'nmflow-cli');

/** Runs SHORT to its end on the CPU and gives its file and its link. */
async function finished() {
  const page = await visit(linkTo(SHORT), { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.phase('Finished');
  const file = await page.exported();
  await page.press('Copy link');
  await page.page.getByText('a fingerprint of its results').waitFor();
  const { hash } = new URL(page.page.url());
  assert.deepEqual(page.complaints, []);
  await page.close();
  return { file, hash };
}

/** @param {Visit} page @param {string} verdict */
const replayed = (page, verdict) => page.page.locator(`.replay [data-verdict=${verdict}]`).waitFor();

test('a shared run is reproduced bit for bit, in the page and by the native runner', async () => {
  const { file, hash } = await finished();
  assert.match(file.fingerprint?.lanes[0]?.weights ?? '', /^[0-9a-f]{16}$/);
  const page = await visit(hash);
  await replayed(page, 'exact');
  // The verdict stands where the run is steered, in the first screen, and leads to the comparison.
  const verdict = page.page.locator('.run-bar').getByRole('button', { name: 'Reproduced bit for bit' });
  await verdict.waitFor();
  const box = await verdict.boundingBox();
  assert.ok(box && box.y + box.height < 400, 'the verdict is in sight');
  await verdict.click();
  const focused = () => document.activeElement?.textContent;
  assert.equal(await page.page.evaluate(focused), 'Replay of a shared run');
  assert.deepEqual((await page.exported()).fingerprint, file.fingerprint);
  // A reset and a second run are held against the same results.
  await page.again();
  await replayed(page, 'exact');
  assert.deepEqual(page.complaints, []);
  await page.close();

  if (!existsSync(runner)) return console.log('skipped: the native runner is not built');
  const run = promisify(execFile);
  const { stdout } = await run(runner, ['run', hash]);
  assert.match(stdout, /reproduced bit for bit/);
  // And the other way round: its file is a run file with the very same results.
  const saved = join(mkdtempSync(join(tmpdir(), 'nmflow-')), 'run.json');
  await run(runner, ['run', hash, '--save', saved]);
  const native = JSON.parse(readFileSync(saved, 'utf8'));
  assert.deepEqual(native.fingerprint, { ...file.fingerprint, device: 'CPU' });
  assert.deepEqual(native.lanes, file.lanes);
  // Its seconds are read too: over training time it is drawn where it says it was.
  assert.equal(native.elapsed_s.length, native.steps.length);
  assert.ok(
    native.elapsed_s.every(
      (/** @type {number} */ at, /** @type {number} */ row) => at >= (native.elapsed_s[row - 1] ?? 0),
    ),
  );
  const other = await visit(linkTo(SHORT));
  await other.phase('Finished');
  await other.page.getByLabel('Open results').setInputFiles(saved);
  await other.page.getByText('is among the runs now').waitFor();
  await other.page.locator('.legend').getByLabel('x axis').first().selectOption('time');
  await other.page.waitForFunction(
    ([least, lines]) => {
      const { spec } = /** @type {any} */ (document.querySelector('[data-chart=loss] nm-plot'));
      return (
        spec.x.includes(least) && spec.lines.filter((/** @type {any} */ { read }) => read).length === lines
      );
    },
    [native.elapsed_s.at(-1), 4],
  );
  assert.deepEqual(other.complaints, []);
  await other.close();
});

test('a run that comes out otherwise says where first', async () => {
  const { file } = await finished();
  const other = structuredClone(file.fingerprint);
  assert.ok(other?.lanes[1]);
  other.lanes[1].weights = '0123456789abcdef';
  const at = other.steps.indexOf(40);
  const accuracy = other.lanes[1].values.val_accuracy ?? [];
  accuracy[at] = (accuracy[at] ?? 0) + 0.5;
  const page = await visit(`${linkTo(SHORT)}.f${packed(other)}`);
  await page.phase('Finished');
  await replayed(page, 'differs');
  const text = await page.page.locator('.replay').innerText();
  assert.match(text, /Differs first at step 40, lane 2, val_accuracy/);
  assert.match(text, /both ran on CPU/);
  await page.page.getByText('Lane by lane').click();
  assert.match(await page.page.locator('.replay').innerText(), /Control: reproduced bit for bit/);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a run that is a little off on another device is within tolerance', async () => {
  const { file } = await finished();
  const other = structuredClone(file.fingerprint);
  assert.ok(other?.lanes[0]);
  Object.assign(other, { device: 'another adapter' });
  other.lanes[0].weights = '0123456789abcdef';
  const losses = other.lanes[0].values.train_loss ?? [];
  losses[0] = (losses[0] ?? 0) + 0.001;
  const page = await visit(`${linkTo(SHORT)}.f${packed(other)}`);
  await page.phase('Finished');
  await replayed(page, 'within');
  assert.match(await page.page.locator('.replay').innerText(), /it ran on another adapter, here on CPU/);
  await page.close();
});

test('editing leaves the shared results behind', async () => {
  const { file } = await finished();
  const page = await visit(`${linkTo(SMALL)}.f${packed(file.fingerprint)}`);
  await page.page.getByText('Replay of a shared run').waitFor();
  await page.phase('Replaying');
  await page.page.getByLabel('Learning rate', { exact: true }).first().fill('0.001');
  // By keyboard, so that nothing that moves on the page can slip away from under the pointer.
  const apply = page.page.getByRole('button', { name: 'Apply & restart', disabled: false });
  await apply.waitFor();
  await apply.press('Enter');
  await page.page.getByRole('heading', { name: 'Changed: restart needed' }).waitFor({ state: 'detached' });
  await page.page.locator('.replay').waitFor({ state: 'detached' });
  await page.close();
});
