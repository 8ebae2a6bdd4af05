// Where a step's time goes: every dispatch of a step, timed alone.

import { experiment } from './model.js';
import { printTable, short, spread } from './statistics.mjs';

/** @import { Bench } from './driver.mjs' */

/** Steps before the one that is looked at, which compile its kernels. */
const WARM = 2;

/** The common model with a pruned lane that measures its noise in every step. */
function measuring() {
  const document = experiment(1);
  const lanes = document.lanes.map((lane) => ({ ...lane, recipe: 'sr-ste', ff: { n: 1, m: 8 } }));
  return { ...document, lanes, report_every: 1 };
}

const STEPS = [
  { id: 'dense', title: 'the common model', document: experiment(1) },
  { id: 'measuring', title: 'SR-STE at 1:8, reporting its noise in that step', document: measuring() },
];

/**
 * @typedef {object} Profile
 * @property {string} id
 * @property {string} title
 * @property {{ kernel: string, dispatches: number, ms: number }[]} kernels The slowest first.
 */

/**
 * @param {Bench} bench
 * @param {{ rounds: number }} options
 * @returns {Promise<Profile[]>}
 */
export async function measureProfile(bench, { rounds }) {
  /** @type {Profile[]} */
  const profiles = [];
  for (const { id, title, document } of STEPS) {
    const name = `profile of ${id}`;
    await bench.open(name, 'nmflow', { device: 'webgpu', document });
    await bench.call(name, 'train', WARM);
    /** @type {{ kernel: string, ms: number[] }[]} */
    const dispatches = (await bench.call(name, 'profile', rounds)).dispatches;
    await bench.close(name);
    /** @type {Map<string, { kernel: string, dispatches: number, ms: number }>} */
    const kernels = new Map();
    for (const { kernel, ms } of dispatches) {
      const own = kernels.get(kernel) ?? { kernel, dispatches: 0, ms: 0 };
      kernels.set(kernel, { kernel, dispatches: own.dispatches + 1, ms: own.ms + spread(ms).median });
    }
    profiles.push({ id, title, kernels: [...kernels.values()].sort((a, b) => b.ms - a.ms) });
  }
  return profiles;
}

/** @param {Profile} profile */
const total = ({ kernels }) => kernels.reduce((sum, { ms }) => sum + ms, 0);

/** @param {Profile[]} profiles */
export function printProfiles(profiles) {
  for (const profile of profiles) {
    const rows = profile.kernels.map(({ kernel, dispatches, ms }) => [
      kernel,
      String(dispatches),
      short(ms),
      `${short((100 * ms) / total(profile))} %`,
    ]);
    printTable(`Kernels of one step: ${profile.title}`, ['', 'dispatches', 'ms', 'share'], rows);
  }
}

/** @param {Profile[]} profiles @returns {Record<string, number>} */
export function profileFigures(profiles) {
  const measuring = profiles.find(({ id }) => id === 'measuring');
  if (!measuring) return {};
  const noise = measuring.kernels.filter(({ kernel }) => kernel.startsWith('noise_'));
  return { noise_share_of_step: noise.reduce((sum, { ms }) => sum + ms, 0) / total(measuring) };
}
