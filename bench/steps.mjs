// Whole training steps: ours by lanes and device, and the same step in other libraries.

import { crewOf, MOST_WORKERS } from '../www/state/device.js';
import { MODEL } from './model.js';
import { printTable, short, spread, words } from './statistics.mjs';

/** @import { Bench } from './driver.mjs' */
/** @import { Spread } from './statistics.mjs' */

/** Steps after which the losses of all contenders are compared, one by one. */
const COMPARED_STEPS = 6;
/**
 * How far a loss may be from ours on the CPU, relative. Sums run in another order everywhere; AdamW's division by the
 * gradient's own scale amplifies that in its first steps.
 */
export const LOSS_TOLERANCE = 2e-3;
/** A round lasts about this long, so that reading one loss back does not count. */
const ROUND_MS = 600;
/** Slower steps than this are left out by `--skip-slow`. */
const SLOW_MS = 2000;

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {string} kind
 * @property {{ device: string, lanes?: number }} options
 * @property {number} [workers] Each with a share of the lanes.
 * @property {number} lanes Over all workers.
 */

/**
 * @typedef {object} StepResult
 * @property {string} name
 * @property {string} kind
 * @property {string} device
 * @property {number} lanes
 * @property {number} [parameters]
 * @property {number[]} [losses]
 * @property {Spread} [ms] Per step of all lanes.
 * @property {Record<string, number>} [calls] WebGPU calls per step.
 * @property {string} [error] Why it has no times.
 */

/** @param {number} cores @returns {Contender[]} */
export function contenders(cores) {
  /** @type {Contender[]} */
  const ours = [];
  for (const lanes of [1, 4, 8, 16])
    ours.push({
      name: `nmflow webgpu, ${lanes} lanes`,
      kind: 'nmflow',
      options: { device: 'webgpu', lanes },
      lanes,
    });
  for (const lanes of [1, 4, 8, 16]) {
    // As many as the page employs.
    const workers = crewOf(lanes, Math.min(cores, MOST_WORKERS));
    const name = `nmflow cpu, ${lanes} lanes${workers > 1 ? `, ${workers} workers` : ''}`;
    ours.push({ name, kind: 'nmflow', options: { device: 'cpu', lanes }, workers, lanes });
  }
  const peers = [
    ['jax', 'webgpu', 'jax-js webgpu'],
    ['jax', 'wasm', 'jax-js wasm'],
    ['tfjs', 'webgpu', 'TensorFlow.js webgpu'],
    ['tfjs', 'wasm', 'TensorFlow.js wasm'],
    ['tfjs', 'cpu', 'TensorFlow.js cpu'],
    ['burn', 'webgpu', 'stock Burn webgpu'],
  ].map(([kind = '', device = '', name = '']) => ({ name, kind, options: { device }, lanes: 1 }));
  return [...ours, ...peers];
}

/**
 * Opens a contender and trains its first steps; its losses must be ours.
 * @param {Bench} bench
 * @param {Contender} contender
 * @param {number[] | undefined} expected Our losses on the CPU; none yet for that contender itself.
 * @returns {Promise<StepResult>}
 */
async function prepare(bench, { name, kind, options, workers, lanes }, expected) {
  /** @type {StepResult} */
  const result = { name, kind, device: options.device, lanes };
  try {
    const { parameters } = await bench.open(name, kind, options, workers);
    if (!expected) await bench.share(name);
    const losses = [];
    for (let step = 0; step < COMPARED_STEPS; step += 1)
      losses.push((await bench.call(name, 'train', 1)).loss);
    Object.assign(result, { parameters, losses });
    losses.forEach((loss, step) => {
      const ours = expected?.[step] ?? loss;
      if (!(Math.abs(loss - ours) <= LOSS_TOLERANCE * Math.abs(ours)))
        throw new Error(`other work: the loss of step ${step + 1} is ${loss}, ours is ${ours}`);
    });
  } catch (error) {
    result.error = words(error);
    await bench.close(name);
  }
  return result;
}

/**
 * Times rounds of steps, all contenders in turn in every round.
 * @param {Bench} bench
 * @param {StepResult[]} results Those without an error take part.
 * @param {{ rounds: number, skipSlow: boolean }} options
 */
async function time(bench, results, { rounds, skipSlow }) {
  /** @type {Map<StepResult, { steps: number, times: number[], calls: Record<string, number> }>} */
  const running = new Map();
  for (const result of results.filter(({ error }) => !error)) {
    const { ms } = await bench.call(result.name, 'train', 1);
    if (skipSlow && ms > SLOW_MS) {
      result.error = `skipped: a step takes ${short(ms / 1000)} s`;
      await bench.close(result.name);
      continue;
    }
    const steps = Math.min(20, Math.max(1, Math.round(ROUND_MS / ms)));
    running.set(result, { steps, times: [], calls: {} });
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const [result, { steps, times, calls }] of running) {
      if (result.error) continue;
      try {
        const before = await bench.call(result.name, 'calls');
        times.push((await bench.call(result.name, 'train', steps)).ms / steps);
        const after = await bench.call(result.name, 'calls');
        for (const [key, count] of Object.entries(after))
          calls[key] = (calls[key] ?? 0) + (count - before[key]) / (steps * rounds);
      } catch (error) {
        result.error = words(error);
      }
    }
  }
  for (const [result, { times, calls }] of running)
    if (!result.error) Object.assign(result, { calls, ms: spread(times) });
}

/**
 * Runs all contenders.
 * @param {Bench} bench
 * @param {{ cores: number, rounds: number, skipSlow: boolean, only?: string }} options `only` is a part of names.
 * @returns {Promise<StepResult[]>}
 */
export async function measureSteps(bench, options) {
  const ours = ['nmflow cpu, 1 lanes', 'nmflow webgpu, 1 lanes'];
  const wanted = contenders(options.cores).filter(
    ({ name }) => !options.only || name.includes(options.only) || ours.includes(name),
  );
  const reference = wanted.findIndex(({ name }) => name === 'nmflow cpu, 1 lanes');
  wanted.unshift(...wanted.splice(reference, 1));
  /** @type {StepResult[]} */
  const results = [];
  for (const contender of wanted) {
    const result = await prepare(bench, contender, results[0]?.losses);
    console.log(
      `${contender.name}: ${result.error ?? `ready, first losses ${result.losses?.map(short).join(' ')}`}`,
    );
    results.push(result);
    if (results[0]?.error) throw new Error(`our own step does not run on the CPU: ${results[0].error}`);
  }
  await time(bench, results, options);
  for (const { name } of results) await bench.close(name);
  return results;
}

/** Lane-steps per second. @param {StepResult | undefined} result */
const speed = (result) => (result?.ms ? (result.lanes * 1000) / result.ms.median : Number.NaN);

/** @param {StepResult[]} results @returns {Record<string, number>} */
export function stepFigures(results) {
  const named = (/** @type {string} */ name) => results.find((result) => result.name === name);
  const best = (/** @type {(result: StepResult) => boolean} */ filter) =>
    Math.max(...results.filter((result) => result.ms && filter(result)).map(speed));
  const gpu = named('nmflow webgpu, 1 lanes');
  const onGpu = (/** @type {StepResult} */ { device }) => device === 'webgpu';
  const peer = (/** @type {StepResult} */ { kind }) => kind !== 'nmflow';
  const figures = {
    dispatches_per_step: gpu?.calls?.dispatches ?? Number.NaN,
    step_vs_stock_burn_webgpu: speed(gpu) / speed(named('stock Burn webgpu')),
    step_vs_best_peer_webgpu: speed(gpu) / best((r) => onGpu(r) && peer(r) && r.kind !== 'burn'),
    lane_steps_8_vs_1_webgpu: speed(named('nmflow webgpu, 8 lanes')) / speed(gpu),
    step_vs_best_peer_cpu: best((r) => !onGpu(r) && !peer(r)) / best((r) => !onGpu(r) && peer(r)),
    step_vs_jax_wasm: best((r) => !onGpu(r) && !peer(r)) / speed(named('jax-js wasm')),
    step_vs_tfjs_wasm: best((r) => !onGpu(r) && !peer(r)) / speed(named('TensorFlow.js wasm')),
  };
  return Object.fromEntries(
    Object.entries(figures).filter(([, value]) => Number.isFinite(value) && value > 0),
  );
}

/** @param {StepResult[]} results */
export function printSteps(results) {
  const { layers, d_model, tokens, batch } = MODEL;
  const title =
    `Training step: ${layers} layers, width ${d_model}, ${tokens} tokens, batch ${batch}, ` +
    `${results[0]?.parameters?.toLocaleString('en-US')} parameters, AdamW, f32`;
  const rows = results.map((result) => {
    const { name, ms, calls, error } = result;
    if (!ms) return [`${name}: ${error ?? 'not timed'}`];
    const onGpu = result.device === 'webgpu';
    return [
      name,
      short(ms.median),
      `${short(ms.low)}–${short(ms.high)}`,
      short(speed(result)),
      onGpu ? short(calls?.dispatches ?? 0) : '',
      onGpu ? short(calls?.submits ?? 0) : '',
    ];
  });
  printTable(title, ['', 'ms/step', 'quartiles', 'lane-steps/s', 'dispatches', 'submits'], rows);
}
