// Several workers as one, without a browser: simulated workers that answer in any order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockStep } from '../../www/worker/lock-step.js';
import { Simulated } from './simulated.mjs';

/** @import { Resting } from '../../www/worker/client.js' */
/** @import { Event as LabEvent } from '../../www/worker/protocol.d.ts' */

/** Three workers over five lanes, one of them `slow` times slower. @param {number} steps @param {number} slow */
function crew(steps, slow) {
  const shares = [[0, 3], [1, 4], [2]];
  /** @type {LabEvent[]} */
  const events = [];
  /** News on their way to the page. @type {(() => void)[]} */
  const mail = [];
  const workers = shares.map((lanes, index) => {
    const worker = new Simulated(lanes, steps, (message) => mail.push(() => deliver(message)));
    let [sent, handled] = [0, 0];
    const deliver = (/** @type {LabEvent | Resting} */ message) => {
      if (message.type !== 'resting') return run.receive(index, message);
      handled = message.handled;
      run.proceed();
    };
    const send = (/** @type {import('../../www/worker/lock-step.js').RunCommand} */ command) => {
      sent += 1;
      worker.inbox.push(command);
    };
    return Object.assign(worker, { send, rests: () => handled === sent });
  });
  const trainers = workers.map(({ send, rests }) => ({
    send,
    get resting() {
      return rests();
    },
  }));
  const run = new LockStep(trainers, shares, 0, (event) => {
    // Going back means to the page that the run was reset.
    const told = 'step' in event && event.type !== 'summary' ? event.step : 0;
    const before = events.findLast(({ type }) => type === 'metrics' || type === 'opened');
    if (told > 0 && before && 'step' in before)
      assert.ok(told >= before.step, `${event.type} goes back to ${told}`);
    events.push(event);
  });
  const doneSoFar = () => workers.map(({ step, handled, inbox }) => [step, handled, inbox.length]).join();
  let turns = 0;
  /** Lets everyone act until nothing moves or `done`. @param {() => boolean} [done] */
  const act = (done = () => false) => {
    for (let idle = 0; idle < 3 * slow && !done(); turns += 1) {
      const before = doneSoFar();
      workers.forEach((worker, index) => {
        if (index !== 1 || turns % slow === 0) worker.turn();
      });
      for (const deliver of mail.splice(0)) deliver();
      const steps = workers.map(({ step }) => step);
      if (!events.some(({ type }) => type === 'opened'))
        assert.ok(Math.max(...steps) - Math.min(...steps) <= 11, `nobody runs ahead: ${steps}`);
      idle = before === doneSoFar() ? idle + 1 : 0;
    }
  };
  const of = (/** @type {LabEvent['type']} */ type) => events.filter((event) => event.type === type);
  return { run, workers, events, act, of };
}

for (const slow of [1, 7]) {
  test(`reports of all lanes arrive whole and in order, one worker ${slow} times slower`, () => {
    const { run, act, of } = crew(40, slow);
    run.send({ type: 'start' });
    act();
    const reports = of('metrics').map((event) => event.type === 'metrics' && [event.step, ...event.values]);
    const expected = [5, 10, 15, 20, 25, 30, 35, 40].map((step) => [
      step,
      ...[0, 1, 2, 3, 4].map((l) => 1000 * l + step),
    ]);
    assert.deepEqual(reports, expected);
    const matrices = of('metrics').map((event) => event.type === 'metrics' && [...event.matrices]);
    const measured = expected.map(([step = 0]) => [0, 1, 2, 3, 4].flatMap((lane) => [lane, -step]));
    assert.deepEqual(matrices, measured);
    const summaries = of('summary').map(
      (event) => event.type === 'summary' && [event.step, ...event.groups.map(({ mean }) => mean)],
    );
    assert.deepEqual(summaries, expected, 'whoever summarises sees every lane');
    const states = of('state').map((event) => event.type === 'state' && event.state);
    assert.deepEqual(states, ['running', 'finished']);
    const told = of('progress').map((event) => (event.type === 'progress' ? event.step : 0));
    assert.deepEqual(
      told,
      told.toSorted((a, b) => a - b),
    );
    assert.equal(told.at(-1), 40);
  });

  test(`pauses and snapshots find every lane at one step, one worker ${slow} times slower`, () => {
    const { run, workers, act, of } = crew(400, slow);
    for (const least of [4, 17, 90]) {
      run.send({ type: 'start' });
      act(() => Math.min(...workers.map(({ step }) => step)) >= least);
      run.send({ type: 'snapshot' });
      const taken = of('snapshot').length;
      act(() => of('snapshot').length > taken);
      assert.equal(of('state').length % 2, 1, 'a snapshot does not end the run');
      run.send({ type: 'pause' });
      run.send({ type: 'snapshot' });
      act();
      assert.equal(new Set(workers.map(({ step }) => step)).size, 1);
      assert.ok(workers.every(({ running }) => !running));
    }
    assert.equal(of('snapshot').length, 6);
  });
}

test('noise measured at a step is a report of its own, and never mixes with another of that step', () => {
  const { run, workers, act, of } = crew(400, 7);
  const noise = () => run.send({ type: 'gradient_noise', batches: 2 });
  const told = () => of('metrics').map((event) => (event.type === 'metrics' ? [...event.values] : []));
  const ofAll = (/** @type {number} */ value) => [0, 1, 2, 3, 4].map((lane) => 1000 * lane + value);
  noise();
  act();
  // Before the first step the opening report comes along with it.
  assert.deepEqual(told(), [ofAll(0), ofAll(0.5)]);
  // A lane that failed leaves a report which never becomes whole.
  run.receive(0, {
    type: 'metrics',
    step: 0,
    lanes: 2,
    values: new Float64Array(2),
    matrices: new Float64Array(),
  });
  noise();
  act();
  assert.deepEqual(told().slice(2), [ofAll(0.5)]);
  run.send({ type: 'start' });
  act(() => (workers[0]?.step ?? 0) >= 12);
  noise();
  run.send({ type: 'pause' });
  act();
  const { step = 0 } = workers[0] ?? {};
  assert.equal(told().filter((values) => String(values) === String(ofAll(step + 0.5))).length, 1);
});

test('commands that crowd in are answered one after the other', () => {
  const { run, workers, act, of } = crew(400, 7);
  run.send({ type: 'start' });
  act(() => (workers[0]?.step ?? 0) >= 12);
  for (const type of /** @type {const} */ (['pause', 'start', 'snapshot', 'reset', 'start', 'pause']))
    run.send({ type });
  act();
  const states = of('state').map((event) => event.type === 'state' && event.state);
  assert.equal(states.at(-1), 'paused');
  assert.equal(of('opened').length, 1);
  assert.equal(of('snapshot').length, 1);
  const steps = workers.map(({ step }) => step);
  assert.equal(new Set(steps).size, 1);
  assert.ok((steps[0] ?? 0) < 12, 'the reset came before the last start');
});

test('a worker that stops for a reason of its own stops the others too', () => {
  const { run, workers, act, of } = crew(400, 1);
  run.send({ type: 'start' });
  act(() => (workers[0]?.step ?? 0) >= 12);
  const [first] = workers;
  assert.ok(first);
  first.running = false;
  first.post({ type: 'state', state: 'paused' });
  first.post({ type: 'rejected', message: 'the loss is NaN' });
  act();
  assert.ok(workers.every(({ running }) => !running));
  const states = of('state').map((event) => event.type === 'state' && event.state);
  assert.deepEqual(states, ['running', 'paused']);
  assert.equal(of('rejected').length, 1);
});
