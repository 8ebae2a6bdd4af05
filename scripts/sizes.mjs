// What a visitor downloads: the size of every file of dist/, raw and compressed as a web server would send it.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { dist } from './paths.mjs';
import { CommandError } from './process.mjs';

const gzipped = promisify(gzip);
const brotlied = promisify(brotliCompress);

/**
 * @typedef {object} Size All numbers in bytes.
 * @property {string} name
 * @property {number} raw
 * @property {number} gzip At zlib's highest level.
 * @property {number} brotli At quality 9; 11 would take minutes.
 */

/** First load, compressed as a plain web server does it (gzip): above this the build fails. */
const FIRST_LOAD_LIMIT_BYTES = 3_000_000;
/** What the first load should come down to. */
const FIRST_LOAD_GOAL_BYTES = 2_500_000;

/** Files below this folder of dist/ are loaded when a visitor asks for what they hold. */
export const LAZY_FOLDER = 'assets/later/';

/** Sizes of all files below dist/, the largest first. */
async function allSizes() {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dist, name))
    .filter((file) => statSync(file).isFile());
  const sizes = await Promise.all(files.map(measure));
  return sizes.sort((a, b) => b.gzip - a.gzip);
}

/** @param {string} name @param {Size[]} sizes @returns {Size} */
function total(name, sizes) {
  const sum = (/** @type {"raw" | "gzip" | "brotli"} */ key) =>
    sizes.reduce((all, size) => all + size[key], 0);
  return { name, raw: sum('raw'), gzip: sum('gzip'), brotli: sum('brotli') };
}

/** What a visitor's first view downloads. @param {Size[]} sizes */
function firstLoad(sizes) {
  return total(
    'first load',
    sizes.filter(({ name }) => !name.startsWith(LAZY_FOLDER)),
  );
}

/** Bytes of the first load with gzip. */
export async function firstLoadBytes() {
  return firstLoad(await allSizes()).gzip;
}

/** Prints a table of the files below dist/, of their kinds and of the first load. @param {Size[]} sizes */
function printSizes(sizes) {
  const kinds = ['wasm', 'js', 'css', 'html'].map((kind) =>
    total(
      `all .${kind}`,
      sizes.filter(({ name }) => name.endsWith(`.${kind}`)),
    ),
  );
  const other = sizes.filter(({ name }) => !/\.(wasm|js|css|html)$/.test(name));
  console.log('\nCompressed size, kB (1 kB = 1000 bytes)\n      raw     gzip   brotli');
  for (const { name, ...bytes } of [...sizes, ...kinds, total('all data', other), firstLoad(sizes)]) {
    const columns = [bytes.raw, bytes.gzip, bytes.brotli].map((size) => (size / 1000).toFixed(1).padStart(9));
    console.log(`${columns.join('')}  ${name}`);
  }
}

/**
 * Prints all sizes and holds the first load to its limit.
 * @throws {CommandError} When it is too large.
 */
export async function checkSizes() {
  const sizes = await allSizes();
  printSizes(sizes);
  const { gzip } = firstLoad(sizes);
  const [load, limit, goal] = [gzip, FIRST_LOAD_LIMIT_BYTES, FIRST_LOAD_GOAL_BYTES].map(
    (bytes) => `${(bytes / 1e6).toFixed(2)} MB`,
  );
  console.log(`The first load takes ${load} with gzip; the limit is ${limit}, the goal ${goal}.`);
  if (gzip > FIRST_LOAD_LIMIT_BYTES)
    throw new CommandError(
      `the first load takes ${load}, more than ${limit}: the table above says what is large`,
    );
}

/**
 * @param {string} file
 * @returns {Promise<Size>}
 */
async function measure(file) {
  const bytes = readFileSync(file);
  const [small, smaller] = await Promise.all([
    gzipped(bytes, { level: 9 }),
    brotlied(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  ]);
  return {
    name: relative(dist, file).split(sep).join('/'),
    raw: bytes.length,
    gzip: small.length,
    brotli: smaller.length,
  };
}
