/** What happens at this moment, in one plain sentence. */

import { formatShare, formatWhole } from './format.js';

/** @import { Schedule } from '../worker/protocol.d.ts' */
/** @import { Run } from '../state/run.js' */
/** @import { Trace } from '../state/seeds.js' */

/** As many lanes are named; more would be a list and no sentence. */
const MOST_NAMED = 2;
/** A pruned weight that counts less than this counts nothing to a reader of two digits. */
const LEAST_DECAY = 0.005;

/** @param {Run} run @param {Trace[]} traces  What is drawn as one is spoken of as one. @returns {string} */
export function nowOf(run, traces) {
  switch (run.phase) {
    case 'loading':
      return 'The training code is loading.';
    case 'idle':
      return 'All is ready: Start trains the lanes in step with each other.';
    case 'failed':
      return 'The run has stopped; the message below says why.';
    case 'recorded':
      return 'This is a recorded run: nothing trains until you say so.';
    case 'finished':
      return 'All steps are done: charts and table show where each lane ended.';
    case 'running':
      if (run.step === 0)
        return run.preparing
          ? 'Now the GPU’s kernels are compiled; then training begins.'
          : 'Now the first step is on its way.';
      return `Now ${stageOf(run, traces)}`;
    case 'paused':
      return `Paused: ${stageOf(run, traces)}`;
  }
}

/** What the recipes do to the weights at the present step. @param {Run} run @param {Trace[]} traces */
function stageOf({ lanes, schedule, step }, traces) {
  const sparse = traces.flatMap((trace) => {
    const [first = 0] = trace.lanes;
    const of = schedule[first];
    return of?.density.some((share) => share < 1)
      ? [{ of, name: lanes[first]?.name ?? '', count: trace.lanes.length }]
      : [];
  });
  if (sparse.length === 0) return 'every lane trains with all its weights.';
  const start = Math.min(...sparse.map(({ of }) => of.dense_end));
  if (step < start)
    return `all lanes still train with every weight; pruning starts at step ${formatWhole(start)}.`;
  const moving = sparse.flatMap(({ of, name, count }) =>
    onTheWay(of, name, step).map((words) => ({ words, count })),
  );
  const sum = (/** @type {{ count: number }[]} */ all) => all.reduce((total, { count }) => total + count, 0);
  if (moving.length > MOST_NAMED)
    return `${sum(moving)} of ${sum(sparse)} sparse lanes are on the way to their final pattern.`;
  if (moving.length > 0) return `${moving.map(({ words }) => words).join(', ')}.`;
  const tuning = sparse.every(({ of }) => step >= of.finetune_start);
  return tuning ? 'fine-tuning: masks have their final pattern.' : 'every sparse lane has its final pattern.';
}

/** How a lane differs from its end; nothing once it has arrived. @param {Schedule} of @param {string} name @param {number} step @returns {string[]} */
function onTheWay({ steps, decay, n, m }, name, step) {
  const at = steps.findLastIndex((sampled) => sampled <= step);
  const [kept = 0, group = 0, counts = 0] = [n[at], m[at], decay[at]];
  if (kept === n.at(-1) && group === m.at(-1) && counts < LEAST_DECAY) return [];
  if (kept === group) return [`${name} keeps every weight`];
  return counts < LEAST_DECAY
    ? [`${name} keeps ${kept} of ${group} weights`]
    : [`${name} still counts pruned weights at ${formatShare(counts)}`];
}
