/** Phases, stages and the present step behind the lines of a chart. */

/** @import { PlotSpec } from './line-plot.js' */

/**
 * @typedef {object} Mark
 * @property {number} x
 * @property {string} label   Drawn above the plot where there is room.
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

/** Labels closer than this to the one before are left out, in CSS pixels. */
export const LABEL_GAP = 8;
/** The piece of its line before a label, and the room it takes: a whole period of the longest common dash. */
export const SAMPLE = { length: 18, room: 22, width: 1.75 };

/** @param {import('uplot')} plot @param {PlotSpec} spec @param {CSSStyleDeclaration} ink */
export function drawMarks(plot, { marks, now, xRange }, ink) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = `${10 * ratio}px ${ink.fontFamily}`;
  ctx.textBaseline = 'bottom';
  ctx.textAlign = 'left';
  ctx.lineWidth = ratio;
  const inside = marks.filter(({ x }) => x > xRange[0] && x < xRange[1]).sort((a, b) => a.x - b.x);
  ctx.globalAlpha = 0.4;
  for (const { x, colour } of inside) {
    ctx.strokeStyle = colour ?? ink.color;
    upright(ctx, plot.valToPos(x, 'x', true), bbox, [3 * ratio, 3 * ratio]);
  }
  ctx.globalAlpha = 1;
  let free = Number.NEGATIVE_INFINITY;
  for (const mark of inside) {
    const left = plot.valToPos(mark.x, 'x', true);
    const room = (mark.dash ? SAMPLE.room * ratio : 0) + ctx.measureText(mark.label).width;
    if (left < free || left + room > bbox.left + bbox.width) continue;
    name(ctx, mark, left, bbox.top - 3 * ratio, ink);
    free = left + room + LABEL_GAP * ratio;
  }
  if (now !== null && now > xRange[0] && now < xRange[1]) {
    ctx.globalAlpha = 0.8;
    ctx.strokeStyle = ink.color;
    upright(ctx, plot.valToPos(now, 'x', true), bbox, []);
  }
  ctx.restore();
}

/** A mark's label, after a piece of the line that it is of. @param {CanvasRenderingContext2D} ctx @param {Mark} mark @param {number} left @param {number} foot @param {CSSStyleDeclaration} ink */
function name(ctx, { label, colour, dash }, left, foot, ink) {
  const ratio = devicePixelRatio;
  ctx.fillStyle = colour ?? ink.color;
  if (!dash) return ctx.fillText(label, left, foot);
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle;
  ctx.lineWidth = SAMPLE.width * ratio;
  ctx.setLineDash(dash.map((length) => length * ratio));
  ctx.beginPath();
  ctx.moveTo(left, foot - 5 * ratio);
  ctx.lineTo(left + SAMPLE.length * ratio, foot - 5 * ratio);
  ctx.stroke();
  ctx.restore();
  ctx.fillText(label, left + SAMPLE.room * ratio, foot);
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
