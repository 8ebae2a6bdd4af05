// Single kernels: ours against hand-written WGSL, N:M products against our own dense one.

import { printTable, short, spread, words } from './statistics.mjs';

/** @import { Bench } from './driver.mjs' */
/** @import { Spread } from './statistics.mjs' */

/** The shape that the figures are about, and others for the table. */
const SHAPES = [
  { rows: 1024, inputs: 128, outputs: 512 },
  { rows: 1024, inputs: 64, outputs: 256 },
  { rows: 2048, inputs: 256, outputs: 1024 },
];
/** @type {[number, number][]} */
const PATTERNS = [
  [2, 4],
  [1, 4],
  [1, 8],
  [1, 16],
  [1, 32],
];
/** Our dense kernels; `dense` without a name is the one that the probe chose. */
const OWN_TILES = ['narrow', 'wide', 'broad', 'shared'];
/** Masks and packing work on this many weights, as the copy kernel does. */
const SELECTED = { rows: 4, inputs: 1024, outputs: 1024 };
/** A timing lasts about this long, so that waiting for the device does not count. */
const TIMING_MS = 60;

/**
 * @typedef {object} KernelResult
 * @property {string} name
 * @property {string} team Whose kernel.
 * @property {string} shape
 * @property {number} [flops] Of the dense product.
 * @property {Spread} [ms]
 * @property {string} [error]
 */

const text = (/** @type {{ rows: number, inputs: number, outputs: number }} */ { rows, inputs, outputs }) =>
  `${rows} x ${inputs} x ${outputs}`;

/**
 * Prepares all kernels; one that does not run is listed with its error.
 * @param {Bench} bench
 * @returns {Promise<KernelResult[]>}
 */
async function prepare(bench) {
  /** @type {KernelResult[]} */
  const results = [];
  const attempt = async (/** @type {KernelResult} */ result, /** @type {() => Promise<unknown>} */ work) => {
    try {
      await work();
    } catch (error) {
      result.error = words(error);
    }
    results.push(result);
  };
  await bench.open('kernels', 'kernels', { device: 'webgpu' });
  await bench.open('wgsl', 'wgsl', {});
  for (const shape of SHAPES) {
    const flops = 2 * shape.rows * shape.inputs * shape.outputs;
    const { names } = await bench.call('wgsl', 'shape', shape);
    for (const name of names) results.push({ name, team: 'wgsl', shape: text(shape), flops });
    for (const tile of OWN_TILES) {
      const name = `dense, ${tile} tile, ${text(shape)}`;
      await attempt({ name, team: 'kernels', shape: text(shape), flops }, () =>
        bench.call('kernels', 'add', name, 'product', [1, 1], shape, tile),
      );
    }
    for (const [n, m] of [[1, 1], ...PATTERNS]) {
      const name = `${n === m ? 'dense' : `product ${n}:${m}`}, ${text(shape)}`;
      await attempt({ name, team: 'kernels', shape: text(shape), flops }, () =>
        bench.call('kernels', 'add', name, 'product', [n, m], shape),
      );
    }
  }
  const selected = text(SELECTED);
  for (const name of ['copy', 'copy twice']) results.push({ name, team: 'wgsl', shape: selected });
  for (const kernel of ['mask', 'pack'])
    for (const [n, m] of PATTERNS) {
      const name = `${kernel} ${n}:${m}`;
      await attempt({ name, team: 'kernels', shape: selected }, () =>
        bench.call('kernels', 'add', name, kernel, [n, m], SELECTED),
      );
    }
  return results;
}

/**
 * @param {Bench} bench
 * @param {{ rounds: number }} options
 * @returns {Promise<KernelResult[]>}
 */
export async function measureKernels(bench, { rounds }) {
  const results = await prepare(bench);
  const running = results
    .filter(({ error }) => !error)
    .map((result) => ({ result, repeats: 1, times: /** @type {number[]} */ ([]) }));
  for (const run of running) {
    await bench.call(run.result.team, 'time', run.result.name, 1);
    const { ms } = await bench.call(run.result.team, 'time', run.result.name, 1);
    run.repeats = Math.min(64, Math.max(1, Math.round(TIMING_MS / ms)));
  }
  for (let round = 0; round < rounds; round += 1)
    for (const { result, repeats, times } of running)
      times.push((await bench.call(result.team, 'time', result.name, repeats)).ms);
  for (const { result, times } of running) result.ms = spread(times);
  for (const name of ['kernels', 'wgsl']) await bench.close(name);
  return results;
}

/** @param {KernelResult[]} results @returns {Record<string, number>} */
export function kernelFigures(results) {
  const median = (/** @type {string} */ name) =>
    results.find((result) => result.name === name)?.ms?.median ?? Number.NaN;
  const shape = text(/** @type {(typeof SHAPES)[0]} */ (SHAPES[0]));
  const dense = median(`dense, ${shape}`);
  const tiles = results.filter((result) => result.team === 'wgsl' && result.shape === shape && result.ms);
  /** @type {Record<string, number>} */
  const figures = { dense_vs_best_tile: Math.min(...tiles.map(({ name }) => median(name))) / dense };
  for (const [n, m] of PATTERNS)
    figures[`nm_${n}_${m}_vs_dense`] = dense / median(`product ${n}:${m}, ${shape}`);
  figures.mask_2_4_vs_copy = median('mask 2:4') / median('copy');
  figures.mask_1_16_vs_copy = median('mask 1:16') / median('copy');
  figures.mask_2_4_vs_copy_twice = median('mask 2:4') / median('copy twice');
  figures.mask_1_16_vs_copy_twice = median('mask 1:16') / median('copy twice');
  figures.pack_vs_mask = median('pack 1:16') / median('mask 1:16');
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => Number.isFinite(value)));
}

/** @param {KernelResult[]} results */
export function printKernels(results) {
  // Of the hand-written tiles only the best of each shape is worth a line; the JSON has them all.
  const best = new Map();
  for (const { shape, ms, flops } of results.filter(({ team }) => team === 'wgsl'))
    if (flops && ms) best.set(shape, Math.min(ms.median, best.get(shape) ?? Number.POSITIVE_INFINITY));
  const shown = results.filter(
    ({ team, flops, shape, ms }) => team !== 'wgsl' || !flops || ms?.median === best.get(shape),
  );
  const rows = shown.map(({ name, ms, flops, error }) => {
    if (!ms) return [`${name}: ${error ?? 'not timed'}`];
    const speed = flops ? short(flops / ms.median / 1e6) : '';
    return [name, short(ms.median), `${short(ms.low)}–${short(ms.high)}`, speed];
  });
  printTable('Kernels (GFLOP/s: those of the dense product)', ['', 'ms', 'quartiles', 'GFLOP/s'], rows);
}
