/** A chart as a file: the vector drawing itself, or that drawing in pixels. */

import { toSvg } from './svg.js';

/** @import { PlotSpec } from './line-plot.js' */

const SIZE = { width: 840, height: 440 };
/** Pixels for each unit of the drawing, so that a print of it is sharp. */
const PIXEL_RATIO = 2;

/**
 * @param {PlotSpec} spec
 * @param {string} title
 * @param {'svg' | 'png'} format
 * @returns {Promise<Blob>}
 */
export async function imageOf(spec, title, format) {
  const svg = toSvg(spec, title, SIZE);
  if (format === 'svg') return new Blob([svg], { type: 'image/svg+xml' });
  const image = new Image();
  // The page's policy admits data: images and no others from outside.
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth * PIXEL_RATIO;
  canvas.height = image.naturalHeight * PIXEL_RATIO;
  const context = canvas.getContext('2d');
  context?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error('This browser could not write the picture as PNG. Save it as SVG instead.'));
    }, 'image/png');
  });
}
