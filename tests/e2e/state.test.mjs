// The page's state on its own, without a browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smooth } from '../../www/plots/smoothing.js';
import { rowOf, strideFor, thin } from '../../www/plots/thinning.js';
import { draft, emptyDraft } from '../../www/state/draft.js';
import { readText } from '../../www/state/fields.js';
import { columnOf, emptyHistory, history, latest } from '../../www/state/history.js';
import { notices } from '../../www/state/notices.js';
import { getAt, sameJson, setAt } from '../../www/state/paths.js';
import { ownName, presetOf } from '../../www/state/presets.js';
import { emptyRun } from '../../www/state/run.js';
import { problemAt } from '../../www/views/field.js';
import { nowOf } from '../../www/views/now.js';

/** @import { FieldSpec, MetricColumn } from '../../www/worker/protocol.d.ts' */
/** @import { Action } from '../../www/state/store.js' */

test('paths read and write without touching the original', () => {
  const document = { steps: 5, lanes: [{ ff: { n: 1, m: 4 } }, { ff: null }] };
  const changed = setAt(document, 'lanes[0].ff.m', 8);
  assert.equal(getAt(changed, 'lanes[0].ff.m'), 8);
  assert.equal(getAt(document, 'lanes[0].ff.m'), 4);
  assert.equal(changed.lanes[1], document.lanes[1]);
  assert.equal(getAt(document, 'lanes[1].ff.m'), undefined);
  assert.ok(sameJson(setAt(changed, 'lanes[0].ff.m', 4), document));
  assert.ok(!sameJson({ a: [1, 2] }, { a: [1, 2, 3] }) && !sameJson({ a: null }, { a: {} }));
});

test('a problem belongs to its field and to what holds it', () => {
  const problems = [{ field: 'lanes[1].ff.m', reason: 'is too large' }];
  assert.equal(problemAt(problems, 'lanes[1].ff'), 'is too large');
  assert.equal(problemAt(problems, 'lanes[1].f'), null);
  assert.equal(problemAt(problems, 'lanes[10].ff'), null);
});

test('a text is read as the field’s kind, and left to the validation where it cannot be', () => {
  const spec = (/** @type {Partial<FieldSpec>} */ rest) =>
    /** @type {FieldSpec} */ ({ nullable: false, ...rest });
  assert.equal(readText(spec({ kind: 'number' }), ' 2e-4 '), 2e-4);
  assert.equal(readText(spec({ kind: 'number' }), '2e-'), '2e-');
  assert.equal(readText(spec({ kind: 'number' }), ''), '');
  assert.equal(readText(spec({ kind: 'number', nullable: true }), ' '), null);
  assert.equal(readText(spec({ kind: 'number' }), 'Infinity'), 'Infinity');
  assert.deepEqual(readText(spec({ kind: 'pattern' }), '2 : 4'), { n: 2, m: 4 });
  assert.equal(readText(spec({ kind: 'pattern' }), '2:'), '2:');
  assert.equal(readText(spec({ kind: 'text' }), ' spaced '), ' spaced ');
});

test('the running average is debiased, keeps gaps and grows with its column', () => {
  assert.deepEqual(
    smooth([4, 4, null, 4], 0.9).map((v) => v && Math.round(v * 1e9) / 1e9),
    [4, 4, null, 4],
  );
  // s_2 = (0.5 * 0.5 * 1 + 0.5 * 3) / (1 - 0.5^2) by hand.
  assert.deepEqual(smooth([1, 3], 0.5), [1, 1.75 / 0.75]);
  const whole = Array.from({ length: 40 }, (_, index) => Math.sin(index));
  const growing = whole.slice(0, 7);
  smooth(growing, 0.8);
  growing.push(...whole.slice(7));
  assert.deepEqual(smooth(growing, 0.8), smooth(whole, 0.8));
  assert.equal(smooth(whole, 0), whole);
});

/** @param {number[]} values */
const row = (...values) => Float64Array.from(values);
/** @param {number} step @param {Float64Array} values @returns {Action} */
const report = (step, values) => ({ type: 'metrics', step, lanes: 2, values, matrices: row() });
const metrics = /** @type {MetricColumn[]} */ ([{ key: 'loss' }, { key: 'accuracy' }]);
const opened = (/** @type {number} */ step) =>
  /** @type {Action} */ (/** @type {unknown} */ ({ type: 'opened', lanes: [{}, {}], step }));

/** Two lanes, two metrics, reports at steps 0, 5, 10. */
function measured() {
  /** @type {Action[]} */
  const actions = [
    { type: 'ready', version: '1', fields: [], metrics, indicators: [], presets: [], paper: [] },
    opened(0),
    report(0, row(Number.NaN, 0.1, Number.NaN, 0.2)),
    report(5, row(3, Number.NaN, 4, Number.NaN)),
    report(10, row(1, 0.5, 2, 0.6)),
  ];
  return actions.reduce(history, emptyHistory);
}

test('reports become columns, with gaps where nothing was measured', () => {
  const state = measured();
  assert.deepEqual(state.steps, [0, 5, 10]);
  assert.deepEqual(columnOf(state, 1, 'loss'), [null, 4, 2]);
  assert.deepEqual(columnOf(state, 0, 'accuracy'), [0.1, null, 0.5]);
  const later = history(state, report(15, row(0.9, Number.NaN, 1, Number.NaN)));
  assert.equal(latest(later, 0, 'accuracy'), 0.5);
  assert.equal(latest(later, 0, 'unknown'), null);
});

test('a value that is measured later joins the row of its step, in a new column', () => {
  const state = measured();
  const before = columnOf(state, 0, 'loss');
  const first = [columnOf(state, 1, 'accuracy'), columnOf(state, 1, 'loss')];
  const later = history(state, report(10, row(Number.NaN, Number.NaN, 5, Number.NaN)));
  assert.deepEqual(later.steps, [0, 5, 10]);
  assert.deepEqual(columnOf(later, 1, 'loss'), [null, 4, 5]);
  assert.notEqual(columnOf(later, 1, 'loss'), first[1]);
  assert.equal(columnOf(later, 1, 'accuracy'), first[0]);
  assert.equal(columnOf(later, 0, 'loss'), before);
});

test('a resumed run keeps what was measured up to its snapshot, a new one nothing', () => {
  const resumed = history(measured(), opened(7));
  assert.deepEqual(resumed.steps, [0, 5]);
  assert.deepEqual(columnOf(resumed, 0, 'loss'), [null, 3]);
  const again = history(resumed, report(10, row(7, 0.7, 8, 0.8)));
  assert.deepEqual(columnOf(again, 0, 'loss'), [null, 3, 7]);
  assert.deepEqual(history(measured(), opened(0)).steps, []);
});

test('a line of many rows is thinned to its extremes, in their order, and grows with its column', () => {
  const column = [3, 1, 4, 1.5, null, 9, null, null, 0, 2];
  assert.deepEqual(thin(column, 4, false), [1, 4, 9, 9, 0, 2]);
  assert.deepEqual(thin(column, 4, true), [1, 4, 9, 9, 2, 2]);
  assert.equal(thin(column, 1, false), column);
  const growing = column.slice(0, 5);
  assert.deepEqual(thin(growing, 2, false), [3, 1, 4, 1.5, null, null]);
  growing.push(...column.slice(5));
  assert.deepEqual(thin(growing, 2, false), thin([...column], 2, false));

  const x = Array.from({ length: 20_000 }, (_, row) => 5 * row);
  const stride = strideFor(x, [0, 100_000], 600);
  const drawn = thin(x, stride, false);
  assert.ok(stride > 1 && drawn.length <= 600);
  assert.deepEqual([drawn[0], drawn.at(-1)], [0, 99_995]);
  for (const row of [0, 1, 2, 77, drawn.length - 1])
    assert.equal(x[rowOf(row, stride, x.length)], drawn[row]);
  assert.equal(strideFor(x, [1000, 3000], 600), 1, 'a zoom shows every row');
});

/** A lane's schedule, sampled at steps 0, 10, 20, 30 and 40. @param {number[]} n @param {number} m @param {number[]} decay */
function scheduled(n, m, decay) {
  return /** @type {import('../../www/worker/protocol.d.ts').Schedule} */ ({
    steps: [0, 10, 20, 30, 40],
    n,
    m: n.map(() => m),
    decay,
    density: n.map((kept) => kept / m),
    dense_end: 10,
    finetune_start: 40,
  });
}

test('what happens to the weights now is said in one sentence', () => {
  const lanes = ['Dense', 'Soft', 'Stepwise'].map((name) => /** @type {any} */ ({ name }));
  const schedule = [
    scheduled([4, 4, 4, 4, 4], 4, [1, 1, 1, 1, 1]),
    scheduled([4, 1, 1, 1, 1], 4, [1, 0.5, 0.25, 0, 0]),
    scheduled([4, 3, 2, 1, 1], 4, [1, 0, 0, 0, 0]),
  ];
  const at = (/** @type {number} */ step, change = {}, groups = /** @type {number[][] | null} */ (null)) => {
    const run = {
      ...emptyRun,
      phase: /** @type {const} */ ('running'),
      lanes,
      schedule,
      step,
      steps: 50,
      ...change,
    };
    const drawn = groups ?? run.lanes.map((_, lane) => [lane]);
    return nowOf(
      run,
      drawn.map((group) => ({ lanes: group, label: '' })),
    );
  };
  assert.equal(at(5), 'Now all lanes still train with every weight; pruning starts at step 10.');
  assert.equal(at(12), 'Now Soft still counts pruned weights at 50.0%, Stepwise keeps 3 of 4 weights.');
  assert.equal(
    at(25, { phase: 'paused' }),
    'Paused: Soft still counts pruned weights at 25.0%, Stepwise keeps 2 of 4 weights.',
  );
  assert.equal(at(30), 'Now every sparse lane has its final pattern.');
  assert.equal(at(45), 'Now fine-tuning: masks have their final pattern.');
  assert.match(at(0, { preparing: { made: 1, asked: 5 } }), /kernels are compiled/);
  assert.match(at(0), /first step is on its way/);
  assert.match(at(50, { phase: 'finished' }), /^All steps are done/);
  const [dense, soft, stepwise] = /** @type {[any, any, any]} */ (schedule);
  assert.equal(at(12, { schedule: [dense] }), 'Now every lane trains with all its weights.');
  const many = { lanes: [...lanes, ...lanes], schedule: [dense, soft, stepwise, dense, soft, stepwise] };
  assert.equal(at(12, many), 'Now 4 of 4 sparse lanes are on the way to their final pattern.');
  const twice = [
    [0, 3],
    [1, 4],
    [2, 5],
  ];
  assert.equal(
    at(12, many, twice),
    'Now Soft still counts pruned weights at 50.0%, Stepwise keeps 3 of 4 weights.',
    'repetitions that are drawn as one are named once',
  );
  // Sparse first, dense at the end.
  const back = scheduled([1, 1, 1, 4, 4], 4, [0, 0, 0, 1, 1]);
  assert.equal(at(15, { schedule: [dense, back] }), 'Now Soft keeps 1 of 4 weights.');
});

test('a preset is known by what it trains, whatever its lanes are called', () => {
  const document = /** @type {any} */ ({ name: 'One', steps: 5, lanes: [{ name: 'a', recipe: 'dense' }] });
  const catalog = /** @type {any} */ ({ presets: [{ id: 'one', title: 'One', document }] });
  assert.equal(presetOf(catalog, document)?.id, 'one');
  assert.equal(presetOf(catalog, { ...document, lanes: [{ name: 'b', recipe: 'dense' }] })?.id, 'one');
  assert.equal(presetOf(catalog, { ...document, steps: 6 }), null);
  assert.equal(presetOf(catalog, { ...document, name: 'Two' }), null);
  assert.equal(presetOf(catalog, null), null);
});

test('a draft that began as a preset and trains something else is named after that', () => {
  const lanes = [
    { recipe: 'dense', ff: { n: 1, m: 8 } },
    { recipe: 'sr-ste', ff: { n: 1, m: 32 } },
  ];
  const recipe = {
    path: 'lanes[].recipe',
    choices: [
      { value: 'dense', label: 'Dense' },
      { value: 'sr-ste', label: 'SR-STE' },
    ],
  };
  const ff = { path: 'lanes[].ff', applies_to: ['sr-ste'], choices: [] };
  const preset = { title: 'Four recipes', document: { name: 'Four recipes', lanes: [] } };
  const catalog = /** @type {any} */ ({ presets: [preset], fields: [recipe, ff] });
  const named = (/** @type {any} */ document, /** @type {any} */ running = null) =>
    ownName({ draft: { ...emptyDraft, document }, run: { ...emptyRun, document: running }, catalog })?.name;
  assert.equal(named({ name: 'Four recipes', lanes }), 'Dense and SR-STE at 1:32');
  assert.equal(named({ name: 'My own', lanes }), 'My own');
  assert.equal(named(preset.document), 'Four recipes');
  const running = { name: 'Dense and SR-STE at 1:32', lanes };
  const sparse = { recipe: 'sr-ste', ff: { n: 1, m: 8 } };
  assert.equal(
    named({ ...running, lanes: [sparse] }, running),
    'SR-STE at 1:8',
    'it follows the next change',
  );
  assert.equal(named({ ...running, lanes: [] }, running), 'Four recipes', 'and the way back');
  assert.equal(named({ name: 'My own', lanes: [sparse] }, running), 'My own');
});

test('a lane with a wrong value keeps the name that it had', () => {
  const before = { ...emptyDraft, names: ['Dense', 'MdGf-Exp'] };
  const names = ['Dense, learning rate 0.01', 'MdGf-Exp, learning rate 0.001'];
  const problems = [{ field: 'lanes[1].learning_rate', reason: 'must be positive' }];
  const checked = /** @type {Action} */ ({
    type: 'checked',
    problems,
    names,
    lanes: [],
    schedule: [],
    parameters: null,
    steps: 1,
  });
  assert.deepEqual(draft(before, checked).names, ['Dense, learning rate 0.01', 'MdGf-Exp']);
});

test('of notices that ask for files only the newest stays', () => {
  const notice = (/** @type {number} */ id, /** @type {'choose_files' | undefined} */ action) =>
    /** @type {Action} */ ({ type: 'notice/added', notice: { id, kind: 'info', text: `${id}`, action } });
  const all = [
    notice(1, 'choose_files'),
    notice(2, undefined),
    notice(3, 'choose_files'),
    notice(4, undefined),
  ];
  assert.deepEqual(
    all.reduce(notices, []).map(({ id }) => id),
    [2, 3, 4],
  );
});
