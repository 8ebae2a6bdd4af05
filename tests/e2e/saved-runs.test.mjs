// Runs survive a reload, are kept, compared, taken out and brought back.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();
const SHORT = { ...SMALL, steps: 120 };

test('a run that a reload interrupts goes on and ends as an undisturbed one', async () => {
  const undisturbed = await visit(linkTo(SHORT));
  await undisturbed.phase('Finished');
  const expected = await undisturbed.exported();
  await undisturbed.close();

  const page = await visit(linkTo(SHORT));
  await page.page.getByLabel('Speed').selectOption('20');
  await page.reach(33);
  // Hiding a tab saves it; it then trains on before it is closed, and those steps are made again.
  await page.page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await page.saved(33);
  await page.reach(50);
  await page.page.reload();
  await page.page.getByText('Continued from step').waitFor();
  await page.phase('Finished');
  const resumed = await page.exported();
  assert.deepEqual(resumed.steps, expected.steps);
  assert.deepEqual(resumed.lanes, expected.lanes);
  assert.deepEqual(resumed.fingerprint, expected.fingerprint);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a running experiment is saved by itself within 15 seconds', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(5);
  await page.saved(1);
  await page.page.reload();
  await page.page.getByText('Continued from step').waitFor();
  await page.close();
});

test('a paused run comes back paused', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(5);
  const at = await page.pause();
  await page.saved(at);
  await page.page.reload();
  await page.phase('Ready');
  await page.reach(at);
  assert.equal(await page.step(), at);
  assert.equal((await page.exported()).steps.length, Math.floor(at / 5) + 1);
  await page.press('Resume');
  await page.reach(at + 5);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a kept run is drawn behind a later one, renamed, exported, opened and deleted', async () => {
  const page = await visit(linkTo(SHORT));
  await page.phase('Finished');
  const first = await page.exported();
  await page.page.getByLabel('This run').fill('The first');
  await page.press('Keep');
  await page.page.getByRole('button', { name: 'Rename', exact: true }).waitFor();
  await page.again();
  await page.page.getByLabel('Name of The first').waitFor();
  assert.match(
    await page.page.locator('.runs tbody small').first().innerText(),
    /, 1:4$/,
    'what it pruned to',
  );
  await page.phase('Finished');

  await page.page.getByLabel('Draw The first').check();
  await page.page.getByRole('button', { name: 'The first, take away' }).waitFor();
  const table = await page.chartTable('accuracy');
  // The step, two lanes and the baseline's hardened line of the present run, then two lanes of the old one.
  const [, control, baseline, , oldControl, oldBaseline] = table.at(-1) ?? [];
  assert.equal(table.at(-1)?.length, 6);
  assert.deepEqual([control, baseline], [oldControl, oldBaseline]);

  await page.page.getByLabel('Name of The first').fill('Renamed');
  await page.page.keyboard.press('Enter');
  await page.page.getByLabel('Draw Renamed').waitFor();
  const [download] = await Promise.all([
    page.page.waitForEvent('download'),
    page.page.getByRole('button', { name: 'Export Renamed' }).click(),
  ]);
  const exported = JSON.parse(readFileSync(await download.path(), 'utf8'));
  assert.deepEqual(exported, first);

  await page.page.getByRole('button', { name: 'Open Renamed' }).click();
  await page.page.getByText('Opened “Renamed”.').waitFor();
  await page.phase('Finished');
  assert.deepEqual(await page.exported(), first);

  const other = page.page.getByRole('button', { name: /^Delete / });
  await other.first().click();
  await page.page.getByRole('button', { name: /^Really delete/ }).click();
  await other.waitFor({ state: 'detached' });
  assert.deepEqual(page.complaints, []);
  await page.close();
});

/** A script for `visit`: the page hears nothing of a worker from its first snapshot on, until `window.listen` is called. */
function deafen() {
  const unheard = /** @type {(() => void)[]} */ ([]);
  let listening = false;
  const listen = Worker.prototype.addEventListener;
  Worker.prototype.addEventListener = function (
    /** @type {string} */ type,
    /** @type {(event: any) => void} */ hear,
  ) {
    let deaf = false;
    listen.call(this, type, (/** @type {any} */ event) => {
      deaf = !listening && (deaf || event.data?.type === 'snapshot');
      if (deaf) unheard.push(() => hear(event));
      else hear(event);
    });
  };
  Object.assign(window, {
    listen: () => {
      listening = true;
      for (const hear of unheard.splice(0)) hear();
    },
  });
}

test('a run that is kept before its last snapshot has come is saved whole', async () => {
  const page = await visit(linkTo(SHORT), {}, deafen);
  await page.phase('Finished');
  await page.page.getByLabel('This run').fill('Kept early');
  await page.press('Keep');
  await page.page.getByRole('button', { name: 'Rename', exact: true }).waitFor();
  await page.page.evaluate(() => /** @type {any} */ (window).listen());
  await page.press('Run again');
  await page.page.getByRole('button', { name: 'Open Kept early' }).click();
  await page.page.getByText('Opened “Kept early”.').waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a run that is kept while it is being saved stays kept', async () => {
  const page = await visit(linkTo(SHORT), {}, () => {
    const { createWritable } = FileSystemFileHandle.prototype;
    FileSystemFileHandle.prototype.createWritable = async function (options) {
      await new Promise((resolve) => setTimeout(resolve, 2000));
      return createWritable.call(this, options);
    };
  });
  await page.phase('Finished');
  await page.page.getByLabel('This run').fill('Kept meanwhile');
  await page.press('Keep');
  await page.press('Run again');
  const row = page.page.locator('.runs tr', { has: page.page.getByLabel('Name of Kept meanwhile') });
  await row.getByText('120 of 120').waitFor();
  // The second run is saved behind it.
  await page.saved(120, 2);
  assert.equal(await row.count(), 1);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('names of runs are typed while a run trains, and nothing takes them back', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(5);
  await page.page.getByLabel('This run').fill('Kept');
  await page.press('Keep');
  await page.page.getByRole('button', { name: 'Rename', exact: true }).waitFor();
  await page.press('Reset');
  await page.press('Start');
  const [present, saved] = [page.page.getByLabel('This run'), page.page.getByLabel('Name of Kept')];
  for (const [field, text] of /** @type {const} */ ([
    [present, 'The present one'],
    [saved, 'The saved one'],
  ])) {
    await field.fill('');
    await field.pressSequentially(text, { delay: 60 });
    await page.reach((await page.step()) + 20);
    assert.equal(await field.inputValue(), text);
  }
  await present.fill('Typed for this one');
  await page.press('Reset');
  await page.press('Start');
  await page.reach(5);
  assert.equal(await present.inputValue(), 'A small experiment');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a saved run has its own colours when opened, and those of lanes of the same name when drawn', async () => {
  const [control, baseline] = SMALL.lanes;
  const lanes = [control, baseline, { ...baseline, name: 'Baseline, seed 1', seed: 1 }];
  const view = btoa(JSON.stringify({ colours: [3, 4, 4] }));
  const page = await visit(`${linkTo({ ...SHORT, lanes })}&v=${view}`);
  /** @param {string} chips */
  const looks = (chips) =>
    page.page
      .locator(`.legend ${chips} .swatch line`)
      .evaluateAll((all) =>
        all.map((line) => [line.getAttribute('stroke'), line.getAttribute('stroke-dasharray')]),
      );
  const colours = (/** @type {(string | null)[][]} */ lines) => lines.map(([colour]) => colour);
  await page.phase('Finished');
  const own = await looks('.chip');
  await page.page.getByLabel('This run').fill('The first');
  await page.press('Keep');
  await page.page.getByRole('button', { name: 'Rename', exact: true }).waitFor();
  await page.again();
  await page.page.getByLabel('Draw The first').check();
  await page.page.getByLabel('Colour of Control').selectOption('6');
  const chip = page.page.getByRole('button', { name: 'The first, take away' });
  assert.match(await chip.innerText(), /The first\s+Control\s+Baseline, 2 seeds/, 'repetitions are one line');
  const [present, old] = [await looks('.chip:not(.overlay)'), await looks('.overlay')];
  assert.deepEqual(colours(old), colours(present));
  assert.notDeepEqual(colours(present), colours(own));
  assert.equal(new Set([...present, ...old].map(([, dash]) => dash)).size, 4, 'dashes tell old from new');
  await page.phase('Finished');
  const table = await page.chartTable('accuracy');
  assert.equal(table.at(-1)?.length, 1 + 3 + 2);
  await chip.click();
  await page.page.getByRole('button', { name: 'Open The first' }).click();
  await page.page.getByText('Opened “The first”.').waitFor();
  assert.deepEqual(await looks('.chip'), own);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a run file is imported and drawn; one that is damaged is refused with its fields', async () => {
  const page = await visit(linkTo(SHORT));
  await page.phase('Finished');
  const run = await page.exported();
  run.document.name = 'From elsewhere';
  const path = `/tmp/nmflow-import-${process.pid}.json`;
  const choose = async (/** @type {unknown} */ content) => {
    writeFileSync(path, JSON.stringify(content));
    await page.page.getByLabel('Open results').setInputFiles(path);
  };
  await choose(run);
  await page.page.getByText('is among the runs now').waitFor();
  await page.page.getByRole('button', { name: 'From elsewhere, take away' }).waitFor();
  run.lanes[1]?.metrics.val_loss?.pop();
  await choose(run);
  await page.page.getByText('cannot be opened.').waitFor();
  await page.page.locator('.notice code', { hasText: 'lanes[1].metrics.val_loss' }).waitFor();
  await choose({ ...run, document: { ...run.document, name: 7 } });
  await page.page.locator('.notice code', { hasText: 'document.name' }).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('storage that is closed or full is reported, and training goes on', async () => {
  const closed = await visit(linkTo(SMALL), {}, () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('storage is switched off', 'SecurityError');
    };
  });
  await closed.page.getByText('The browser keeps nothing for this page (storage is switched off)').waitFor();
  await closed.reach(20);
  await closed.close();

  const full = await visit(linkTo(SMALL), {}, () => {
    FileSystemFileHandle.prototype.createWritable = () =>
      Promise.reject(new DOMException('no room', 'QuotaExceededError'));
  });
  await full.reach(5);
  const at = await full.pause();
  await full.page.getByText('storage for this page is full').waitFor();
  await full.press('Resume');
  await full.reach(at + 10);
  assert.deepEqual(full.complaints, []);
  await full.close();
});

test('without private files the snapshots live in IndexedDB', async () => {
  const page = await visit(linkTo(SMALL), {}, () => {
    // @ts-expect-error A browser without this method has no way to write such files from a page.
    delete FileSystemFileHandle.prototype.createWritable;
  });
  await page.reach(5);
  await page.saved(await page.pause());
  await page.page.reload();
  await page.page.getByText('Continued from step').waitFor();
  await page.close();
});

test('weights and the authors’ configuration leave the page as files', async () => {
  const page = await visit(linkTo(SHORT));
  await page.phase('Finished');
  await page.page.getByText('Files of this run').click();
  const save = async (/** @type {string} */ name) => {
    const [download] = await Promise.all([page.page.waitForEvent('download'), page.press(name)]);
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  };
  const weights = await save('Weights of Baseline');
  assert.match(weights.name, /lane-2\.safetensors$/);
  const length = Number(weights.bytes.readBigUInt64LE(0));
  const header = JSON.parse(weights.bytes.subarray(8, 8 + length).toString());
  assert.deepEqual(header['blocks.0.ff1.weight'].shape, [16, 32]);
  assert.equal(header.__metadata__.name, 'Baseline');
  const [start, end] = header['blocks.0.ff1.mask'].data_offsets;
  const kept = weights.bytes.subarray(8 + length + start, 8 + length + end).filter((bit) => bit === 1).length;
  assert.equal(kept, (16 * 32) / 4, 'a finished 1:4 lane keeps one weight in four');
  const config = await save('Config in the authors’ keys');
  assert.match(config.bytes.toString(), /sparsity_type: SRSTE\n[\s\S]*n_sparsity: 1\nm_sparsity: 4/);
  assert.deepEqual(page.complaints, []);
  await page.close();
});
