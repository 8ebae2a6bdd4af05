/** A chart as a vector drawing of its own: axes, lines, bands, marks and legend. */

import { labelOf, rangeOf } from './axes.js';
import { colourOf, LABEL_ROW, labelsOf, roomAbove, SAMPLE } from './mark-labels.js';
import { BACKDROP_OPACITY, marksWithin, outlines } from './marks.js';
import { bandOpacity } from './palette.js';
import { linearTicks, logTicks } from './ticks.js';
import { BAR, barShape, DOT_RADIUS, hasInterval, lineShape, pointsOf, withIntervals } from './whiskers.js';

/** @import { Line, PlotSpec } from './line-plot.js' */

const FONT = 'system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif';
const BOX = { left: 74, right: 24, top: 28, bottom: 52 };
const LEGEND_ROW = 18;
const LEGEND_COLUMN = 210;
const INKS = {
  light: { paper: '#ffffff', text: '#1c1c22', muted: '#5f5f6b', grid: '#e3e3e8' },
  dark: { paper: '#19191d', text: '#ececf1', muted: '#a2a2ae', grid: '#2d2d34' },
};

/**
 * @typedef {object} Frame
 * @property {number} width
 * @property {number} height       Of the whole drawing, legend included.
 * @property {{ left: number, right: number, top: number, bottom: number }} box  Edges of the plot.
 * @property {[number, number]} xRange
 * @property {[number, number]} yRange
 * @property {(x: number) => number} px
 * @property {(y: number) => number} py
 * @property {(typeof INKS)['light']} ink
 */

/**
 * @param {PlotSpec} spec
 * @param {string} title
 * @param {{ width: number, height: number }} size  In CSS pixels, without the legend.
 * @returns {string} An SVG document.
 */
export function toSvg(spec, title, size) {
  const frame = frameOf(spec, size);
  const { width, height, box, ink } = frame;
  const clip = `<clipPath id="plot"><rect x="${box.left}" y="${box.top}" width="${box.right - box.left}" height="${box.bottom - box.top}"/></clipPath>`;
  const parts = [
    `<rect width="${width}" height="${height}" fill="${ink.paper}"/>`,
    text(title, 20, 26, ink.text, 'font-size="15" font-weight="600"'),
    ...axes(spec, frame),
    ...outlines(spec).map((outline) => area(frame, outline)),
    ...marks(spec, frame),
    `<g clip-path="url(#plot)">`,
    ...spec.bands.map(({ high, low, colour }) => band(spec, frame, high, low, colour)),
    ...spec.lines.map((line) => (hasInterval(line) ? '' : path(spec, frame, line))),
    ...whiskers(spec, frame),
    '</g>',
    ...legend(spec, frame),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family='${FONT}' font-size="11"><title>${escaped(title)}</title><defs>${clip}</defs>${parts.join('')}</svg>\n`;
}

/** @param {PlotSpec} spec @param {{ width: number, height: number }} size @returns {Frame} */
function frameOf(spec, { width, height }) {
  const columns = Math.max(1, Math.floor((width - BOX.left) / LEGEND_COLUMN));
  const rows = Math.ceil(spec.lines.filter(({ read }) => read).length / columns);
  const box = {
    left: BOX.left,
    right: width - BOX.right,
    top: BOX.top + roomAbove(spec.marks),
    bottom: height - BOX.bottom,
  };
  const { xRange } = spec;
  const yRange = rangeOf(...withIntervals(spec, ...extent(spec)), spec);
  return {
    width,
    height: height + rows * LEGEND_ROW + 8,
    box,
    xRange,
    yRange,
    px: scale(xRange, [box.left, box.right], spec.xLog),
    py: scale(yRange, [box.bottom, box.top], spec.log),
    ink: INKS[spec.dark ? 'dark' : 'light'],
  };
}

/** Least and greatest value in sight. @param {PlotSpec} spec @returns {[number | null, number | null]} */
function extent({ x, lines, xRange, log }) {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { values } of lines) {
    values.forEach((value, row) => {
      const at = x[row] ?? Number.NaN;
      if (value === null || !(at >= xRange[0] && at <= xRange[1]) || (log && value <= 0)) return;
      least = Math.min(least, value);
      most = Math.max(most, value);
    });
  }
  return least <= most ? [least, most] : [null, null];
}

/** @param {[number, number]} from @param {[number, number]} to @param {boolean} log @returns {(value: number) => number} */
function scale([low, high], [start, end], log) {
  const along = log
    ? (/** @type {number} */ value) => Math.log(value / low) / Math.log(high / low)
    : (/** @type {number} */ value) => (value - low) / (high - low);
  return (value) => round(start + (end - start) * along(value));
}

/** @param {PlotSpec} spec @param {Frame} frame @returns {string[]} */
function axes(spec, { box, xRange, yRange, px, py, ink }) {
  const numbers = spec.xLog ? logTicks(...xRange) : linearTicks(...xRange, 8);
  const xTicks = spec.xTicks ?? numbers.map((at) => ({ at, label: at.toLocaleString() }));
  const yTicks = spec.log ? logTicks(...yRange) : linearTicks(...yRange, 6);
  const middle = (box.top + box.bottom) / 2;
  return [
    ...xTicks.flatMap(({ at, label }) => [
      line(px(at), box.top, px(at), box.bottom, ink.grid),
      text(label, px(at), box.bottom + 16, ink.muted, 'text-anchor="middle"'),
    ]),
    ...yTicks.flatMap((tick) => [
      line(box.left, py(tick), box.right, py(tick), ink.grid),
      text(spec.format(tick), box.left - 8, py(tick) + 4, ink.muted, 'text-anchor="end"'),
    ]),
    text(
      labelOf(spec),
      (box.left + box.right) / 2,
      box.bottom + 38,
      ink.text,
      'text-anchor="middle" font-size="12"',
    ),
    text(
      spec.yLabel,
      0,
      0,
      ink.text,
      `text-anchor="middle" font-size="12" transform="translate(20 ${middle}) rotate(-90)"`,
    ),
  ];
}

/** @param {Frame} frame @param {{ colour: string, points: [number, number][] }} outline */
function area({ box, px }, { colour, points }) {
  const height = box.bottom - box.top;
  const edge = points.map(([x, share]) => `L${px(x)} ${round(box.bottom - share * height)}`).join('');
  const [from = 0, to = 0] = [points[0]?.[0], points.at(-1)?.[0]];
  return `<path d="M${px(from)} ${box.bottom}${edge}L${px(to)} ${box.bottom}Z" fill="${colour}" opacity="${BACKDROP_OPACITY}"/>`;
}

/** @param {PlotSpec} spec @param {Frame} frame @returns {string[]} */
function marks({ marks, xRange }, { box, px, ink }) {
  const inside = marksWithin(marks, xRange);
  const uprights = inside.map(({ x, colour }) =>
    line(px(x), box.top, px(x), box.bottom, colour ?? ink.muted, 'stroke-dasharray="3 3" opacity="0.5"'),
  );
  const room = { from: box.left, to: box.right + BOX.right, ratio: 1 };
  const named = labelsOf(inside, px, widthOf, room).flatMap((label) => {
    const foot = box.top - 5 - label.row * LABEL_ROW;
    const dashed = label.keys.filter(({ dash }) => dash);
    const samples = dashed.map(({ colour, dash }, index) => {
      const style = `stroke-width="${SAMPLE.width}" stroke-dasharray="${dash?.join(' ') || 'none'}"`;
      const left = label.left + index * SAMPLE.room;
      return line(left, foot - 4, left + SAMPLE.length, foot - 4, colour ?? ink.muted, style);
    });
    const left = label.left + dashed.length * SAMPLE.room;
    return [...samples, text(label.text, left, foot, colourOf(label) ?? ink.muted, 'font-size="10"')];
  });
  return [...uprights, ...named];
}

/** Letters of this size are about six units wide. @param {string} words */
const widthOf = (words) => words.length * 5.6;

/** @param {PlotSpec} spec @param {Frame} frame @param {Line} drawn @returns {string} */
function path(spec, frame, { values, colour, dash, width, opacity, stepped, dots }) {
  const points = placed(spec, frame, values);
  if (points.length === 0 || width === 0) return '';
  const d = points
    .map(([x, y], index) => `${index === 0 ? 'M' : stepped ? `H${x}V` : 'L'}${pair(x, y, index, stepped)}`)
    .join('');
  const dashes = dash.length > 0 ? ` stroke-dasharray="${dash.join(' ')}"` : '';
  const curve = `<path d="${d}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round" opacity="${opacity}"${dashes}/>`;
  // Of a single point no line can be drawn.
  const circles =
    dots || points.length === 1
      ? points.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="${dots ? 2 : 3}" fill="${colour}"/>`)
      : [];
  return curve + circles.join('');
}

/** Lines with intervals: before the lines stand what was measured. @param {PlotSpec} spec @param {Frame} frame */
function whiskers(spec, { px, py }) {
  const drawn = spec.lines
    .filter(hasInterval)
    .map((line) => ({ ...line, points: pointsOf(spec, line, px, py, 1) }));
  const stroke = (/** @type {string} */ d, /** @type {string} */ colour, /** @type {string} */ style) =>
    `<path d="${d}" fill="none" stroke="${colour}" ${style}/>`;
  const lines = drawn.map(({ points, colour, width, dash }) =>
    stroke(
      lineShape(points),
      colour,
      `stroke-width="${width}" stroke-dasharray="${dash.join(' ') || 'none'}"`,
    ),
  );
  const measured = drawn.flatMap(({ points, colour }) => [
    stroke(barShape(points, 1), colour, `stroke-width="${BAR.width}"`),
    ...points.map(({ left, top }) => `<circle cx="${left}" cy="${top}" r="${DOT_RADIUS}" fill="${colour}"/>`),
  ]);
  return [...lines, ...measured];
}

/** @param {number} x @param {number} y @param {number} index @param {boolean} stepped */
const pair = (x, y, index, stepped) => (index > 0 && stepped ? `${y}` : `${x} ${y}`);

/** @param {PlotSpec} spec @param {Frame} frame @param {(number | null)[]} values @returns {[number, number][]} */
function placed({ x, log, xRange }, { px, py }, values) {
  return values.flatMap((value, row) => {
    const at = x[row] ?? Number.NaN;
    const inside = value !== null && at >= xRange[0] && at <= xRange[1] && (!log || value > 0);
    return inside ? [/** @type {[number, number]} */ ([px(at), py(value)])] : [];
  });
}

/** @param {PlotSpec} spec @param {Frame} frame @param {number} high @param {number} low @param {string} colour @returns {string} */
function band(spec, frame, high, low, colour) {
  const upper = placed(spec, frame, spec.lines[high]?.values ?? []);
  const lower = placed(spec, frame, spec.lines[low]?.values ?? []).reverse();
  const points = [...upper, ...lower].map((point) => point.join(' '));
  return points.length > 0
    ? `<path d="M${points.join('L')}Z" fill="${colour}" fill-opacity="${round(bandOpacity(spec.bands.length))}" stroke="none"/>`
    : '';
}

/** @param {PlotSpec} spec @param {Frame} frame @returns {string[]} */
function legend({ lines }, { width, height, box, ink }) {
  const named = lines.filter(({ read }) => read);
  const columns = Math.max(1, Math.floor((width - box.left) / LEGEND_COLUMN));
  const top = height - Math.ceil(named.length / columns) * LEGEND_ROW - 4;
  return named.flatMap(({ label, colour, dash, width: stroke, opacity }, index) => {
    const x = box.left + (index % columns) * LEGEND_COLUMN;
    const y = top + Math.floor(index / columns) * LEGEND_ROW;
    const style = `stroke-width="${stroke + 0.5}" opacity="${opacity}" stroke-dasharray="${dash.join(' ') || 'none'}"`;
    return [line(x, y, x + 26, y, colour, style), text(label, x + 34, y + 4, ink.text)];
  });
}

/** @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 @param {string} stroke @param {string} [more] */
function line(x1, y1, x2, y2, stroke, more = '') {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${stroke}" ${more}/>`;
}

/** @param {string} words @param {number} x @param {number} y @param {string} fill @param {string} [more] */
function text(words, x, y, fill, more = '') {
  return `<text x="${x}" y="${y}" fill="${fill}" ${more}>${escaped(words)}</text>`;
}

/** @param {string} words */
function escaped(words) {
  return words.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}
