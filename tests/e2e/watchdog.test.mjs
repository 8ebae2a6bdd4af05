// How long the page waits for a worker, on a clock that the test turns.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Watchdog } from '../../www/worker/watchdog.js';

/** @import { Event as LabEvent } from '../../www/worker/protocol.d.ts' */

/** A watchdog over a run that evaluates every 20 steps, whose worker always has something to do. */
function watched() {
  mock.timers.enable({ apis: ['setInterval'] });
  let now_ms = 0;
  mock.method(performance, 'now', () => now_ms);
  /** @type {number[]} */
  const silences = [];
  const watchdog = new Watchdog(
    () => true,
    (silence_s) => silences.push(silence_s),
  );
  /** Seconds in which nothing is heard. @param {number} seconds */
  const pass = (seconds) => {
    for (let second = 0; second < seconds; second += 1) {
      now_ms += 1000;
      mock.timers.tick(1000);
    }
    return silences.length > 0;
  };
  const hear = (/** @type {Record<string, unknown>} */ event) =>
    watchdog.heard(/** @type {LabEvent} */ (/** @type {unknown} */ (event)));
  const report = (/** @type {number} */ step) => hear({ type: 'metrics', step });
  hear({ type: 'opened', step: 0, document: { eval: { every: 20 } } });
  const end = () => {
    watchdog.end();
    mock.reset();
  };
  return { watchdog, pass, report, silences, end };
}

test('a step that hangs is noticed once the run has shown its pace', () => {
  const { pass, report, silences, end } = watched();
  assert.equal(pass(250), false, 'pipelines are compiled');
  for (const step of [0, 5, 10, 15, 20, 25]) {
    report(step);
    pass(1);
  }
  report(30);
  assert.equal(pass(29), false);
  assert.equal(pass(3), true);
  assert.equal(silences[0], 31);
  end();
});

test('an evaluation that takes much longer than the steps before it is no hang', () => {
  const { pass, report, end } = watched();
  // Resumed between two evaluations: reports come quickly at first.
  for (const step of [5, 10, 15]) {
    pass(1);
    report(step);
  }
  assert.equal(pass(200), false, 'the first evaluation');
  report(20);
  report(25);
  assert.equal(pass(600), false, 'the next one on a busier computer');
  assert.equal(pass(1500), true, 'but not for ever');
  end();
});

test('noise measured on many batches at once is no hang, and afterwards hangs are noticed again', () => {
  const { watchdog, pass, report, end } = watched();
  for (const step of [0, 20, 40]) {
    pass(1);
    report(step);
  }
  watchdog.sent({ type: 'gradient_noise', batches: 64 });
  assert.equal(pass(100), false);
  report(41);
  assert.equal(pass(29), false);
  assert.equal(pass(3), true);
  end();
});
