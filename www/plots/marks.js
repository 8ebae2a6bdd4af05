/** Phases, stages and the present step behind the lines of a chart. */

import { colourOf, LABEL_ROW, labelsOf, SAMPLE } from './mark-labels.js';

/** @import { PlotSpec } from './line-plot.js' */

/**
 * @typedef {object} Mark
 * @property {number} x
 * @property {string} label   Drawn above the plot.
 * @property {string | null} colour  Of the line that it belongs to; null is of all lines, in the chart's ink.
 * @property {number[]} [dash]  Of that line, a piece of which stands before the label.
 */

/** Shares drawn as an area behind the lines: 0 at the foot of the plot and 1 at its head, whatever the y axis shows. @typedef {{ colour: string, values: (number | null)[] }} Backdrop */

/** How much of a backdrop's colour is seen. */
export const BACKDROP_OPACITY = 0.12;
/** As many points give the outline of a backdrop; charts are not much wider. */
const BACKDROP_POINTS = 1000;

/**
 * The outlines of the backdrops, from their first known value to their last.
 *
 * @param {PlotSpec} spec
 * @returns {{ colour: string, points: [number, number][] }[]}  Points of x and share.
 */
export function outlines({ x, xRange, backdrop = [] }) {
  if (backdrop.length === 0) return [];
  const inside = x.flatMap((at, row) => (at >= xRange[0] && at <= xRange[1] ? [row] : []));
  const stride = Math.ceil(inside.length / BACKDROP_POINTS);
  return backdrop.map(({ colour, values }) => {
    const known = inside.filter((row) => (values[row] ?? null) !== null);
    const kept = known.filter((_, index) => index % stride === 0 || index === known.length - 1);
    return { colour, points: kept.map((row) => [x[row] ?? 0, values[row] ?? 0]) };
  });
}

/** @param {import('uplot')} plot @param {PlotSpec} spec */
export function drawBackdrop(plot, spec) {
  const { ctx, bbox } = plot;
  const foot = bbox.top + bbox.height;
  ctx.save();
  ctx.globalAlpha = BACKDROP_OPACITY;
  for (const { colour, points } of outlines(spec)) {
    const placed = points.map(([x, share]) => [plot.valToPos(x, 'x', true), foot - share * bbox.height]);
    ctx.beginPath();
    ctx.moveTo(placed[0]?.[0] ?? 0, foot);
    for (const [left = 0, top = 0] of placed) ctx.lineTo(left, top);
    ctx.lineTo(placed.at(-1)?.[0] ?? 0, foot);
    ctx.fillStyle = colour;
    ctx.fill();
  }
  ctx.restore();
}

/** @param {import('uplot')} plot @param {PlotSpec} spec @param {CSSStyleDeclaration} ink */
export function drawMarks(plot, { marks, now, xRange }, ink) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = ratio;
  const inside = marksWithin(marks, xRange);
  ctx.globalAlpha = 0.4;
  for (const { x, colour } of inside) {
    ctx.strokeStyle = colour ?? ink.color;
    upright(ctx, plot.valToPos(x, 'x', true), bbox, [3 * ratio, 3 * ratio]);
  }
  ctx.globalAlpha = 1;
  drawLabels(plot, inside, ink);
  if (now !== null && now > xRange[0] && now < xRange[1]) {
    ctx.globalAlpha = 0.8;
    ctx.strokeStyle = ink.color;
    upright(ctx, plot.valToPos(now, 'x', true), bbox, []);
  }
  ctx.restore();
}

/** Marks in sight, with the borders of the chart: a stage may begin with the first step, and as late as the latest report came in time. @param {Mark[]} marks @param {[number, number]} range */
export function marksWithin(marks, [from, to]) {
  return marks.filter(({ x }) => x >= from && x <= to);
}

/** @param {import('uplot')} plot @param {Mark[]} inside @param {CSSStyleDeclaration} ink */
function drawLabels({ ctx, bbox, valToPos, width }, inside, ink) {
  const ratio = devicePixelRatio;
  ctx.font = `${10 * ratio}px ${ink.fontFamily}`;
  ctx.textBaseline = 'bottom';
  ctx.textAlign = 'left';
  const place = (/** @type {number} */ x) => valToPos(x, 'x', true);
  const measure = (/** @type {string} */ text) => ctx.measureText(text).width;
  const room = { from: bbox.left, to: width * ratio, ratio };
  for (const label of labelsOf(inside, place, measure, room)) {
    const foot = bbox.top - (3 + label.row * LABEL_ROW) * ratio;
    let left = label.left;
    for (const { colour, dash } of label.keys) {
      if (!dash) continue;
      sample(ctx, left, foot - 5 * ratio, colour ?? ink.color, dash);
      left += SAMPLE.room * ratio;
    }
    ctx.fillStyle = colourOf(label) ?? ink.color;
    ctx.fillText(label.text, left, foot);
  }
}

/** A piece of a line. @param {CanvasRenderingContext2D} ctx @param {number} left @param {number} middle @param {string} colour @param {number[]} dash */
function sample(ctx, left, middle, colour, dash) {
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = SAMPLE.width * ratio;
  ctx.setLineDash(dash.map((length) => length * ratio));
  ctx.beginPath();
  ctx.moveTo(left, middle);
  ctx.lineTo(left + SAMPLE.length * ratio, middle);
  ctx.stroke();
  ctx.restore();
}

/** A dot on every line where the run is. @param {import('uplot')} plot @param {PlotSpec} spec */
export function drawNow(plot, { x, lines, now, xRange }) {
  if (now === null || now < xRange[0] || now > xRange[1]) return;
  const { ctx } = plot;
  const row = x.findLastIndex((step) => step <= now);
  ctx.save();
  for (const { values, colour } of lines) {
    const value = values.slice(0, row + 1).findLast((known) => known !== null) ?? null;
    if (value === null) continue;
    ctx.fillStyle = colour;
    ctx.beginPath();
    ctx.arc(
      plot.valToPos(now, 'x', true),
      plot.valToPos(value, 'y', true),
      4 * devicePixelRatio,
      0,
      2 * Math.PI,
    );
    ctx.fill();
  }
  ctx.restore();
}

/** @param {CanvasRenderingContext2D} ctx @param {number} x @param {{ top: number, height: number }} box @param {number[]} dash */
function upright(ctx, x, { top, height }, dash) {
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(Math.round(x) + 0.5, top);
  ctx.lineTo(Math.round(x) + 0.5, top + height);
  ctx.stroke();
}
