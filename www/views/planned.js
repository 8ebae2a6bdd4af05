/** What a recipe prescribes, drawn before the first step. */

/** @import { Schedule } from '../worker/protocol.d.ts' */

/**
 * @typedef {object} Planned
 * @property {'decay' | 'density' | 'learning_rate'} key  Column of a lane's schedule.
 * @property {string} label
 * @property {string} help
 * @property {boolean} log
 * @property {string[]} grips       What can be dragged in its chart.
 * @property {string[]} measuredAs  Metrics that report the same, step by step.
 */

/** @type {Planned[]} */
export const PLANNED = [
  {
    key: 'decay',
    label: 'Mask decay D(j)',
    help: 'Pruned weights count D times in the forward pass (arXiv 2402.04744, section 3).',
    log: false,
    grips: ['beta', 'dense', 'finetune'],
    measuredAs: ['ff_decay'],
  },
  {
    key: 'density',
    label: 'Density N / M',
    help: 'Share of the weights inside the mask, whatever D is.',
    log: false,
    grips: ['dense', 'finetune'],
    measuredAs: ['ff_density', 'ff_n', 'ff_m'],
  },
  {
    key: 'learning_rate',
    label: 'Learning rate',
    help: 'AdamW’s rate: a straight warm-up, then a cosine.',
    log: false,
    grips: ['warmup'],
    measuredAs: ['learning_rate'],
  },
];

/** @param {string} key */
export function plannedOf(key) {
  return PLANNED.find((planned) => planned.key === key) ?? null;
}

/**
 * @typedef {object} Plan
 * @property {number[]} x          Steps at which some lane's schedule is sampled.
 * @property {(number | null)[][]} rows  `[lane][x]`: the lane's sample at that step, null where it has none.
 * @property {number[][]} held     `[lane][x]`: the lane's newest sample up to that step.
 */

/** Aligned schedules; they change only with the experiment. @type {WeakMap<Schedule[], Plan>} */
const plans = new WeakMap();

/** Puts the lanes' schedules, each sampled densely around its own jumps, on one axis. @param {Schedule[]} schedules @returns {Plan} */
export function planOf(schedules) {
  const known = plans.get(schedules);
  if (known) return known;
  const x = [...new Set(schedules.flatMap(({ steps }) => steps))].sort((a, b) => a - b);
  const held = schedules.map(({ steps }) => {
    let sample = 0;
    return x.map((step) => {
      while ((steps[sample + 1] ?? Number.POSITIVE_INFINITY) <= step) sample += 1;
      return sample;
    });
  });
  const rows = held.map((samples, lane) =>
    samples.map((sample, row) => (schedules[lane]?.steps[sample] === x[row] ? sample : null)),
  );
  const plan = { x, rows, held };
  plans.set(schedules, plan);
  return plan;
}

/** The pattern at a sample of a schedule, as text. @param {Schedule} schedule @param {number} sample */
export function patternAt(schedule, sample) {
  const [n, m] = [schedule.n[sample], schedule.m[sample]];
  return n === m ? 'dense' : `${n}:${m}`;
}
