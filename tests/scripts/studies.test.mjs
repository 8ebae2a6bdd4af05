// The figures of docs/STUDIES.md are those of the results beside the studies.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readResults, STUDIES, withTables } from '../../scripts/study-tables.mjs';

const RESULTS = {
  cells: [
    {
      settings: { 'lanes[].ff': { n: 1, m: 16 } },
      steps: [0, 1, 2, 3, 4, 5, 6, 7, 8],
      summary: {
        val_accuracy_hard: [
          { name: 'SR-STE', lanes: [0], mean: 0.5, std: null, difference: null, t_interval: null },
          {
            name: 'Decay',
            lanes: [1, 2],
            mean: 0.625,
            std: 0.01,
            difference: 0.125,
            t_interval: [0.1, 0.15],
          },
          { name: 'Stage', lanes: [3], mean: 0.49, std: 0.02, difference: -0.01, t_interval: [-0.03, 0.01] },
        ],
      },
      lanes: [0.5, 1, 3, 0.001].map((v) => ({ curves: { v_sum_all: Array(9).fill(v) } })),
    },
  ],
};

test('tables show values, differences and curves', () => {
  const empty = (/** @type {string} */ what) => `<!-- table: x.json ${what} -->\nold\n<!-- end -->\n`;
  const made = (/** @type {string} */ what) =>
    withTables(empty(what), () => /** @type {any} */ (RESULTS)).split('\n');
  assert.deepEqual(made('values val_accuracy_hard').slice(1, 6), [
    '|  | 1:16 |',
    '| --- | ---: |',
    '| SR-STE | 50.0 |',
    '| Decay | 62.5 ± 1.0 |',
    '| Stage | 49.0 ± 2.0 |',
  ]);
  assert.deepEqual(made('differences val_accuracy_hard').slice(3, 6), [
    '| SR-STE | – |',
    '| Decay | **+12.5 [+10.0, +15.0]** |',
    '| Stage | -1.0 [-3.0, +1.0] |',
  ]);
  assert.deepEqual(made('curve v_sum_all 0').slice(1, 6), [
    '| step | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    `| SR-STE |${' 0.500 |'.repeat(8)}`,
    `| Decay |${' 2.00 |'.repeat(8)}`,
    `| Stage |${' 1.0e-3 |'.repeat(8)}`,
  ]);
  assert.throws(() => made('colour val_accuracy_hard'), /colour is no kind of table/);
});

test('lanes are compared at FLOPs that all of them reach', () => {
  const summary = {
    acc: [
      { name: 'A', lanes: [0] },
      { name: 'B', lanes: [1] },
    ],
  };
  const lane = (/** @type {number} */ train_gflop_honest, /** @type {number} */ acc) => ({
    metrics: { train_gflop_honest, acc },
  });
  // A spends 1, 4 and 16; B spends 2 and then no more than 16: 2, 4, 8 and 16 are common.
  const cells = [
    { summary, lanes: [lane(1, 1), lane(2, 5)] },
    { summary, lanes: [lane(4, 3), lane(4, 7)] },
    { summary, lanes: [lane(16, 5), lane(16, 9)] },
  ];
  const text = '<!-- table: x.json iso acc -->\n<!-- end -->\n';
  const read = (/** @type {unknown} */ results) => () => /** @type {any} */ (results);
  assert.deepEqual(withTables(text, read({ cells })).split('\n').slice(1, 5), [
    '| GFLOP | 2.0 | 4.0 | 8.0 | 16.0 |',
    '| --- | ---: | ---: | ---: | ---: |',
    '| A | 2.00 | 3.00 | 4.00 | 5.00 |',
    '| B | 5.00 | 7.00 | 8.00 | 9.00 |',
  ]);
  assert.throws(() => withTables(text, read({ cells: cells.slice(0, 1) })), /no budget in common/);
});

test('the tables in docs/STUDIES.md are those of the results', () => {
  const text = readFileSync(STUDIES, 'utf8');
  assert.ok(text.includes('<!-- table: '), 'the document shows results');
  assert.equal(withTables(text, readResults), text, 'run node scripts/study-tables.mjs');
});
