// A name is a label: it follows at once wherever the run goes, and nothing is trained anew for it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL, shown } from './support.mjs';

const { visit } = lab();

test('a lane is renamed while it trains: steps, curves, link, saved run and exports follow', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(10);
  const at = await page.pause();
  const before = await page.exported();
  await page.page.getByLabel('Lane name').nth(1).fill('The rival');
  await page.page.locator('.legend .chip', { hasText: 'The rival' }).waitFor();
  await page.page.locator('.results th', { hasText: 'The rival' }).waitFor();
  assert.equal(await page.page.locator('.pending').count(), 0, 'no restart is asked for');
  assert.equal(await page.step(), at);

  const after = await page.exported();
  assert.deepEqual(after.steps, before.steps);
  assert.deepEqual(
    after.lanes.map(({ metrics }) => metrics),
    before.lanes.map(({ metrics }) => metrics),
  );
  assert.equal(after.lanes[1]?.name, 'The rival');
  assert.equal(after.document.lanes[1]?.name, 'The rival');

  // The link has the new name, and with it the saved run is found and goes on where it was.
  await page.page.waitForFunction((hash) => location.hash !== hash, linkTo(SMALL));
  await page.saved(at);
  await page.page.reload();
  await page.page.getByText(`Continued from step ${shown(at)}`).waitFor();
  await page.page.locator('.legend .chip', { hasText: 'The rival' }).waitFor();
  const reloaded = await page.exported();
  assert.deepEqual(reloaded.lanes, after.lanes);
  assert.deepEqual(reloaded.elapsed_s, after.elapsed_s, 'times survive the reload');
  await page.press('Resume');
  await page.reach(at + 10);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a finished run that was renamed has the fingerprint of one that was not', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: 60 }));
  await page.phase('Finished');
  const plain = await page.exported();
  const lanes = page.page.getByLabel('Lane name');
  await page.page.getByLabel('Name', { exact: true }).fill('Renamed experiment');
  await lanes.nth(0).fill('Dense one');
  await page.page.locator('.legend .chip', { hasText: 'Dense one' }).waitFor();
  await page.again();
  await page.phase('Finished');
  const named = await page.exported();
  assert.equal(named.document.name, 'Renamed experiment');
  assert.equal(named.document.lanes[0]?.name, 'Dense one');
  assert.deepEqual(named.fingerprint, plain.fingerprint);
  // What changes the training still asks for a restart, and is listed without the name.
  await lanes.nth(1).fill('Other baseline');
  await page.page.getByLabel('SR-STE lambda').nth(1).fill('5e-4');
  assert.deepEqual(await page.page.locator('.changes li').allInnerTexts(), [
    'Other baseline: SR-STE lambda 0.0003 0.0005',
  ]);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a name that cannot be used is refused at its field and changes nothing', async () => {
  const page = await visit(linkTo({ ...SMALL, steps: 60 }));
  await page.phase('Finished');
  const field = page.page.getByLabel('Lane name').first();
  await field.fill('x'.repeat(200));
  await page.page.locator('.lane').nth(0).locator('.problem').waitFor();
  assert.equal((await page.exported()).lanes[0]?.name, 'Control');
  assert.deepEqual(page.complaints, []);
  await page.close();
});
