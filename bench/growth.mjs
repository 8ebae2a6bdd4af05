// How our own step grows with the number of lanes, the width, the tokens and the group size, on both devices.

import { experiment, MODEL } from './model.js';
import { printTable, short, spread, words } from './statistics.mjs';

/** @import { Bench } from './driver.mjs' */
/** @import { Spread } from './statistics.mjs' */

/** A round lasts about this long. */
const ROUND_MS = 400;
const DEVICES = ['cpu', 'webgpu'];
/** Pixels along a side of the generated images. */
const SIDE = MODEL.patch * Math.sqrt(MODEL.tokens);

/** Changes to the common model. @param {number} lanes @param {object} model @param {object} lane */
function changed(lanes, model, lane = {}) {
  const document = experiment(lanes);
  return {
    ...document,
    model: { ...document.model, ...model },
    lanes: document.lanes.map((one) => ({ ...one, ...lane })),
  };
}

/** @type {{ id: string, title: string, values: number[], document: (value: number) => object }[]} */
const SERIES = [
  { id: 'lanes', title: 'lanes', values: [1, 2, 4, 8, 16, 32], document: (lanes) => changed(lanes, {}) },
  {
    id: 'width',
    title: 'width, 4 times that in the feed-forward layer',
    values: [32, 64, 128, 256],
    document: (width) => changed(1, { d_model: width, d_ff: 4 * width }),
  },
  {
    id: 'tokens',
    title: 'tokens of an image',
    values: [4, 16, 64],
    document: (tokens) => changed(1, { patch: SIDE / Math.sqrt(tokens) }),
  },
  {
    id: 'group',
    title: 'M of a feed-forward pattern 1:M under a hard mask (STE)',
    values: [2, 4, 8, 16, 32, 64],
    document: (m) => changed(1, {}, { recipe: 'ste', dense_frac: 0, ff: { n: 1, m } }),
  },
];

/**
 * @typedef {object} Growth
 * @property {string} id
 * @property {string} title
 * @property {number[]} values
 * @property {Record<string, { ms: (Spread | null)[], exponent: number, error?: string }>} devices
 */

/** Slope of a straight line through the points in logarithms: time grows as the value to this power. @param {number[]} values @param {(Spread | null)[]} ms */
function exponentOf(values, ms) {
  const points = values.flatMap((value, at) => {
    const time = ms[at]?.median;
    return time ? [[Math.log(value), Math.log(time)]] : [];
  });
  const mean = (/** @type {number} */ axis) =>
    points.reduce((sum, point) => sum + (point[axis] ?? 0), 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const sum = (/** @type {(a: number, b: number) => number} */ term) =>
    points.reduce((total, [a = 0, b = 0]) => total + term(a - x, b - y), 0);
  return sum((a, b) => a * b) / sum((a) => a * a);
}

/**
 * @param {Bench} bench
 * @param {{ rounds: number }} options
 * @returns {Promise<Growth[]>}
 */
export async function measureGrowth(bench, { rounds }) {
  /** @type {Growth[]} */
  const results = [];
  for (const { id, title, values, document } of SERIES) {
    /** @type {Growth} */
    const result = { id, title, values, devices: {} };
    for (const device of DEVICES) {
      /** @type {(Spread | null)[]} */
      const ms = [];
      let error;
      for (const value of values) {
        try {
          ms.push(await time(bench, { device, document: document(value) }, rounds));
        } catch (reason) {
          ms.push(null);
          error = words(reason);
        }
      }
      result.devices[device] = { ms, exponent: exponentOf(values, ms), ...(error ? { error } : {}) };
    }
    printOne(result);
    results.push(result);
  }
  return results;
}

/** @param {Bench} bench @param {{ device: string, document: object }} options @param {number} rounds */
async function time(bench, options, rounds) {
  const name = 'growth';
  await bench.open(name, 'nmflow', options);
  try {
    // The first step compiles, the second shows how many fit into a round.
    await bench.call(name, 'train', 1);
    const { ms } = await bench.call(name, 'train', 1);
    const steps = Math.min(20, Math.max(1, Math.round(ROUND_MS / ms)));
    const times = [];
    for (let round = 0; round < rounds; round += 1)
      times.push((await bench.call(name, 'train', steps)).ms / steps);
    return spread(times);
  } finally {
    await bench.close(name);
  }
}

/** @param {Growth} growth */
function printOne({ title, values, devices }) {
  const rows = values.map((value, at) => [
    String(value),
    ...DEVICES.map((device) => short(devices[device]?.ms[at]?.median ?? Number.NaN)),
  ]);
  rows.push(['exponent', ...DEVICES.map((device) => short(devices[device]?.exponent ?? Number.NaN))]);
  for (const [device, { error }] of Object.entries(devices)) if (error) rows.push([`${device}: ${error}`]);
  printTable(`ms per step by ${title}`, ['', ...DEVICES], rows);
}

/** @param {Growth[]} results @returns {Record<string, number>} */
export function growthFigures(results) {
  const figures = results.flatMap(({ id, devices }) =>
    Object.entries(devices).map(([device, { exponent }]) => [`growth_${id}_${device}`, exponent]),
  );
  return Object.fromEntries(figures.filter(([, value]) => Number.isFinite(value)));
}
