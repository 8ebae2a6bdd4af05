// Links to experiments, made as the page makes them, and data files made in memory.

import { deflateRawSync, gzipSync } from 'node:zlib';

/** A part of a link. @param {unknown} value */
export function packed(value) {
  return deflateRawSync(JSON.stringify(value)).toString('base64url');
}

/** The hash of a document's link. @param {unknown} document */
export function linkTo(document) {
  return `#e=${packed(document)}`;
}

/**
 * An IDX pair of `count` images of `side * side` bytes in two classes that any model tells apart: upright
 * and lying stripes.
 *
 * @param {number} count
 * @param {number} side
 * @returns {{ name: string, bytes: Uint8Array }[]}
 */
export function idxPair(count, side) {
  const images = Buffer.alloc(16 + count * side * side);
  const labels = Buffer.alloc(8 + count);
  for (const [at, value] of [0x803, count, side, side].entries()) images.writeUInt32BE(value, at * 4);
  for (const [at, value] of [0x801, count].entries()) labels.writeUInt32BE(value, at * 4);
  for (let image = 0; image < count; image += 1) {
    const label = image % 2;
    labels[8 + image] = label;
    for (let pixel = 0; pixel < side * side; pixel += 1) {
      const across = label === 0 ? pixel % side : Math.floor(pixel / side);
      const ink = across % 4 < 2 ? 200 : 20;
      images[16 + image * side * side + pixel] = ink + ((image * 7 + pixel * 3) % 50);
    }
  }
  return [
    { name: 'tiny-images-idx3-ubyte', bytes: images },
    // One of the two packed, because both forms are in use.
    { name: 'tiny-labels-idx1-ubyte.gz', bytes: gzipSync(labels) },
  ];
}
