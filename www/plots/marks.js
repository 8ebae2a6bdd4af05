/** Phases, stages and the present step behind the lines of a chart. */

/** @import { PlotSpec } from './line-plot.js' */

/**
 * @typedef {object} Mark
 * @property {number} x
 * @property {string} label   Drawn at the top where there is room.
 * @property {string | null} colour  null takes the chart's ink.
 */

/** Labels closer than this to the one before are left out, in CSS pixels. */
const LABEL_GAP = 8;

/** @param {import('uplot')} plot @param {PlotSpec} spec @param {CSSStyleDeclaration} ink */
export function drawMarks(plot, { marks, now, xRange }, ink) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = `${10 * ratio}px ${ink.fontFamily}`;
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
  ctx.lineWidth = ratio;
  let free = Number.NEGATIVE_INFINITY;
  for (const { x, label, colour } of [...marks].sort((a, b) => a.x - b.x)) {
    if (x <= xRange[0] || x >= xRange[1]) continue;
    const left = plot.valToPos(x, 'x', true);
    ctx.strokeStyle = colour ?? ink.color;
    ctx.globalAlpha = colour ? 0.45 : 0.35;
    line(ctx, left, bbox, [3 * ratio, 3 * ratio]);
    const width = ctx.measureText(label).width;
    if (left > free && left + width + 4 * ratio < bbox.left + bbox.width) {
      ctx.globalAlpha = 0.9;
      ctx.fillStyle = colour ?? ink.color;
      ctx.fillText(label, left + 3 * ratio, bbox.top + ratio);
      free = left + width + LABEL_GAP * ratio;
    }
  }
  if (now !== null && now > xRange[0] && now < xRange[1]) {
    ctx.globalAlpha = 0.8;
    ctx.strokeStyle = ink.color;
    line(ctx, plot.valToPos(now, 'x', true), bbox, []);
  }
  ctx.restore();
}

/** @param {CanvasRenderingContext2D} ctx @param {number} x @param {{ top: number, height: number }} box @param {number[]} dash */
function line(ctx, x, { top, height }, dash) {
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(Math.round(x) + 0.5, top);
  ctx.lineTo(Math.round(x) + 0.5, top + height);
  ctx.stroke();
}
