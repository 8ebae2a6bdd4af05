// Lanes over seeds: repeated with one click, summarised with paired differences; the paper's table beside them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo } from './link.mjs';
import { lab, SMALL } from './support.mjs';

const { visit } = lab();

/** @param {import('./support.mjs').Visit} page @param {string} name */
const table = ({ page }, name) => page.getByRole('region', { name });

test('lanes repeated over seeds end in a table of paired differences', async () => {
  const lanes = [0, 1, 2].flatMap((seed) =>
    SMALL.lanes.map((lane) => ({ ...lane, name: `${lane.name}, seed ${seed}`, seed })),
  );
  const visited = await visit(linkTo({ ...SMALL, lanes, steps: 20 }));
  await visited.phase('Finished');
  const seeds = table(visited, 'Results over seeds');
  const rows = await seeds.locator('tbody tr').allInnerTexts();
  assert.equal(rows.length, 2);
  const cells = rows.map((row) => row.split('\t'));
  assert.deepEqual(
    cells.map(([name, n]) => [name, n]),
    [
      ['Control', '3'],
      ['Baseline', '3'],
    ],
  );
  assert.match(
    cells[0]?.[4] ?? '',
    /^[+-]?[\d.]+ to [+-]?[\d.]+$/,
    'the control has an interval against SR-STE',
  );
  assert.equal(cells[0]?.[5], '–', 'a bootstrap of three seeds is too narrow to be shown');
  assert.equal(cells[1]?.[4], '–', 'the baseline has none against itself');
  assert.ok((await visited.bandPixels('accuracy')) > 100, 'the spread over seeds is drawn');
  const results = await table(visited, 'Results by lane').locator('tbody tr').allInnerTexts();
  assert.ok(
    results.every((row) => row.endsWith(row.includes('Control') ? 'dense' : 'yes')),
    'the weights of every lane that has groups are valid N:M',
  );
  assert.deepEqual(visited.complaints, []);
});

test('the final table says what each lane takes to run and to store', async () => {
  const visited = await visit(linkTo({ ...SMALL, steps: 20 }));
  await visited.phase('Finished');
  await visited.page.getByRole('heading', { name: 'Final result' }).waitFor();
  const region = table(visited, 'Results by lane');
  const headings = await region.locator('thead th').allInnerTexts();
  const rows = (await region.locator('tbody tr').allInnerTexts()).map((row) => row.split('\t'));
  const read = (/** @type {string} */ heading) =>
    rows.map((row) => Number.parseFloat(row[headings.indexOf(heading)] ?? ''));
  assert.equal(read('FLOPs')[0], 100, 'the dense lane costs what the dense network costs');
  assert.ok((read('FLOPs')[1] ?? 0) > 25 && (read('FLOPs')[1] ?? 100) < 100);
  // One layer of 16 x 32 and 32 x 16: of the 1024 weights of 4 bytes 256 are kept, each with an index.
  const [dense = 0, packed = 0] = read('Packed');
  assert.ok(packed < dense - (768 * 4 - 256 * 2 - 100) / 1024 + 0.1, `${packed} KiB beside ${dense} KiB`);
  assert.ok(packed > dense - (768 * 4) / 1024);
  assert.deepEqual(visited.complaints, []);
  await visited.close();
});

test('one click repeats every lane over three seeds', async () => {
  const visited = await visit(linkTo(SMALL));
  await visited.phase('Training');
  await visited.page.getByRole('button', { name: 'Repeat over 3 seeds' }).click();
  const names = await visited.page.locator('.lane h3').allInnerTexts();
  assert.deepEqual(names, [
    'Control',
    'Baseline',
    'Control, seed 1',
    'Baseline, seed 1',
    'Control, seed 2',
    'Baseline, seed 2',
  ]);
  assert.deepEqual(visited.complaints, []);
});

test("the paper's numbers stand in their own table", async () => {
  const visited = await visit(linkTo(SMALL));
  await visited.page.getByText('What the paper reports').click();
  const row = table(visited, 'ViT-Base, ImageNet-1K, top-1 accuracy in %').locator('tbody tr').nth(3);
  assert.deepEqual((await row.innerText()).split('\t'), [
    '1:16',
    '75.637',
    '76.594',
    '77.325',
    '75.923',
    '76.869',
  ]);
  assert.deepEqual(visited.complaints, []);
});
