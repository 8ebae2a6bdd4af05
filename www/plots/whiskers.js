/** Lines of few values with their intervals: a bar through each value, side by side where several lines have one. */

/** @import { Line, PlotSpec } from './line-plot.js' */

/**
 * @typedef {object} Interval  Around the values of a line, one for each.
 * @property {(number | null)[]} low
 * @property {(number | null)[]} high
 * @property {number} shift   How far right of its place the line is drawn, in CSS pixels, so that bars stand clear.
 */

/** A value in the drawing's own units. @typedef {{ left: number, top: number, low: number | null, high: number | null }} Point */

/** Of a bar, and half the length of the stroke at its ends, in CSS pixels. */
export const BAR = { width: 1.5, cap: 3 };
export const DOT_RADIUS = 3;

/**
 * @param {PlotSpec} spec
 * @param {Line & { interval: Interval }} line
 * @param {(x: number) => number} px
 * @param {(y: number) => number} py
 * @param {number} ratio  What a CSS pixel is in the drawing.
 * @returns {Point[]}
 */
export function pointsOf({ x }, { values, interval }, px, py, ratio) {
  const { low, high, shift } = interval;
  const placed = (/** @type {number | null | undefined} */ value) =>
    (value ?? null) === null ? null : py(Number(value));
  return values.flatMap((value, row) => {
    const at = x[row];
    if (value === null || at === undefined) return [];
    return [{ left: px(at) + shift * ratio, top: py(value), low: placed(low[row]), high: placed(high[row]) }];
  });
}

/** The line through the values, as path data. @param {Point[]} points */
export const lineShape = (points) =>
  points.map(({ left, top }, at) => `${at ? 'L' : 'M'}${left} ${top}`).join('');

/** The bars, as path data. @param {Point[]} points @param {number} ratio */
export function barShape(points, ratio) {
  const cap = BAR.cap * ratio;
  return points
    .filter(({ low, high }) => low !== null && high !== null)
    .map(({ left, low, high }) => {
      const end = (/** @type {number | null} */ y) => `M${left - cap} ${y}H${left + cap}`;
      return `M${left} ${low}V${high}${end(low)}${end(high)}`;
    })
    .join('');
}

/** @param {Line} line @returns {line is Line & { interval: Interval }} */
export const hasInterval = (line) => line.interval !== undefined;

/** Least and greatest value in sight, with the intervals. @param {PlotSpec} spec @param {number | null} min @param {number | null} max @returns {[number | null, number | null]} */
export function withIntervals({ x, xRange, lines }, min, max) {
  const ends = lines
    .filter(hasInterval)
    .flatMap(({ interval }) =>
      [interval.low, interval.high].flatMap((column) =>
        column.filter((_, row) => (x[row] ?? Number.NaN) >= xRange[0] && (x[row] ?? Number.NaN) <= xRange[1]),
      ),
    );
  const all = [...ends, min, max].filter((value) => value !== null);
  return all.length > 0 ? [Math.min(...all), Math.max(...all)] : [null, null];
}

/** @param {import('uplot')} plot @param {PlotSpec} spec */
export function drawWhiskers(plot, spec) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  // What reaches beyond the axis has no end there, and so no stroke.
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const px = (/** @type {number} */ x) => Math.round(plot.valToPos(x, 'x', true)) + 0.5;
  const py = (/** @type {number} */ y) => plot.valToPos(y, 'y', true);
  const drawn = spec.lines
    .filter(hasInterval)
    .map((line) => ({ line, points: pointsOf(spec, line, px, py, ratio) }));
  const stroke = (
    /** @type {Line} */ { colour },
    /** @type {number} */ width,
    /** @type {string} */ shape,
  ) => {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width * ratio;
    ctx.stroke(new Path2D(shape));
  };
  for (const { line, points } of drawn) {
    ctx.setLineDash(line.dash.map((length) => length * ratio));
    stroke(line, line.width, lineShape(points));
  }
  ctx.setLineDash([]);
  // Bars and dots stand before all lines: they are what was measured.
  for (const { line, points } of drawn) {
    stroke(line, BAR.width, barShape(points, ratio));
    ctx.fillStyle = line.colour;
    for (const { left, top } of points) {
      ctx.beginPath();
      ctx.arc(left, top, DOT_RADIUS * ratio, 0, 2 * Math.PI);
      ctx.fill();
    }
  }
  ctx.restore();
}
