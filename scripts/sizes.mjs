// What a visitor downloads: the size of every file of dist/, raw and compressed as a web server would send it.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { dist } from './paths.mjs';

const gzipped = promisify(gzip);
const brotlied = promisify(brotliCompress);

/**
 * @typedef {object} Size All numbers in bytes.
 * @property {string} name
 * @property {number} raw
 * @property {number} gzip At zlib's highest level.
 * @property {number} brotli At quality 11.
 */

/** Prints a table of the files below dist/ and their total. */
export async function printSizes() {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dist, name))
    .filter((file) => statSync(file).isFile());
  const sizes = await Promise.all(files.map(measure));
  sizes.sort((a, b) => b.gzip - a.gzip);
  const sum = (/** @type {"raw" | "gzip" | "brotli"} */ key) =>
    sizes.reduce((total, size) => total + size[key], 0);
  const total = {
    name: 'everything the page loads',
    raw: sum('raw'),
    gzip: sum('gzip'),
    brotli: sum('brotli'),
  };

  console.log('\nCompressed size, kB (1 kB = 1000 bytes)\n      raw     gzip   brotli');
  for (const { name, ...bytes } of [...sizes, total]) {
    const columns = [bytes.raw, bytes.gzip, bytes.brotli].map((size) => (size / 1000).toFixed(1).padStart(9));
    console.log(`${columns.join('')}  ${name}`);
  }
}

/**
 * @param {string} file
 * @returns {Promise<Size>}
 */
async function measure(file) {
  const bytes = readFileSync(file);
  const [small, smaller] = await Promise.all([gzipped(bytes, { level: 9 }), brotlied(bytes)]);
  return { name: relative(dist, file), raw: bytes.length, gzip: small.length, brotli: smaller.length };
}
