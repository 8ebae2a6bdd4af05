// What the summary of `npm test` is made of: a miscount here would hide a failure or a skipped GPU.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { libtestCounts, tapCounts } from '../../scripts/counts.mjs';

test('libtest results are summed over all binaries', () => {
  const output = [
    'test a ... ok',
    'test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s',
    'test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s',
  ].join('\n');
  assert.deepEqual(libtestCounts(output), { passed: 4, failed: 2, skipped: 0, reasons: [] });
});

test('a test that says skipped is not counted as passed', () => {
  const output = [
    'test gpu::matmul ... ok',
    'test gpu::norm ... ok',
    '---- gpu::matmul stdout ----',
    'skipped: no GPU: no adapter',
    'skipped: no GPU: no adapter',
    'test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s',
    '---- gpu::matmul stdout ----',
    'skipped: no GPU: no adapter',
    'test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s',
  ].join('\n');
  const reason = 'gpu::matmul: no GPU: no adapter';
  assert.deepEqual(libtestCounts(output), { passed: 1, failed: 0, skipped: 2, reasons: [reason, reason] });
});

test('an ignored test is skipped with its reason', () => {
  const output = [
    'test slow ... ignored, takes an hour',
    'test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s',
  ].join('\n');
  assert.deepEqual(libtestCounts(output), {
    passed: 0,
    failed: 0,
    skipped: 1,
    reasons: ['slow: takes an hour'],
  });
});

test('output without a result counts nothing', () => {
  assert.deepEqual(libtestCounts('error: could not compile'), {
    passed: 0,
    failed: 0,
    skipped: 0,
    reasons: [],
  });
});

test('TAP totals are read, and cancelled tests count as failed', () => {
  const tap = [
    'ok 1 - opens',
    'ok 2 - uses WebGPU # SKIP no adapter',
    '# tests 5',
    '# pass 2',
    '# fail 1',
    '# cancelled 1',
    '# skipped 1',
    '# todo 0',
  ].join('\n');
  assert.deepEqual(tapCounts(tap), {
    passed: 2,
    failed: 2,
    skipped: 1,
    reasons: ['uses WebGPU: no adapter'],
  });
});
