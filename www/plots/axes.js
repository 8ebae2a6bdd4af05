/** Axes and ranges of a line chart. */

import uPlot from 'uplot';
import { roomAbove } from './mark-labels.js';

/** @import { PlotSpec, Tick } from './line-plot.js' */

const place = new Intl.NumberFormat();
/** Height of the x axis with its label, and of its numbers alone; width of a line of the y axis' label, and of its numbers. In CSS pixels. */
const X_AXIS = 40;
const X_NUMBERS = 26;
const LABEL_LINE = 14;
const Y_NUMBERS = 54;
/** A label may be so much longer than its axis. */
const BEYOND = 20;

const reading = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 6 });

/** Of a scale with limits an axis shows no less: between a few hundred samples, smaller differences are chance. */
const LEAST_SPAN = 0.05;

/**
 * The axes of x and of values.
 *
 * @param {CSSStyleDeclaration} ink  Text in its colour, grid lines in its border's.
 * @param {() => PlotSpec} spec
 * @returns {uPlot.Axis[]}
 */
export function axesOf(ink, spec) {
  const common = {
    stroke: ink.color,
    grid: { stroke: ink.borderTopColor, width: 1 },
    ticks: { stroke: ink.borderTopColor, width: 1, size: 4 },
    font: `11px ${ink.fontFamily}`,
    labelFont: `11px ${ink.fontFamily}`,
    labelGap: 0,
    gap: 4,
  };
  return [
    {
      ...common,
      label: labelOf(spec()),
      labelSize: X_AXIS - X_NUMBERS,
      size: X_NUMBERS,
      ...(spec().xTicks ? namedTicks(spec().xTicks ?? []) : numberedTicks(common.grid, spec)),
    },
    {
      ...common,
      // Nine lines a decade would drown the curves.
      grid: { ...common.grid, filter: (_, ticks) => (spec().log ? ticks.map(powerOfTen) : ticks) },
      // Its label is drawn by `drawYLabel`: uPlot knows none of several lines.
      size: (plot) => Y_NUMBERS + LABEL_LINE * yLabelLines(plot, spec(), ink).length,
      // Of what is not measured nobody knows the range: its numbers would be invented.
      values: (_, ticks) =>
        ticks.map((tick) => (tick === null || isEmpty(spec()) ? '' : spec().format(tick))),
    },
  ];
}

/** The y axis' label in as many lines as it takes beside a chart of this height. @param {uPlot} plot @param {PlotSpec} spec @param {CSSStyleDeclaration} ink */
function yLabelLines({ ctx, height }, { yLabel, marks }, ink) {
  ctx.save();
  ctx.font = `11px ${ink.fontFamily}`;
  const room = height - roomAbove(marks) - X_AXIS + BEYOND;
  const lines = wrapped(yLabel, room, (text) => ctx.measureText(text).width);
  ctx.restore();
  return lines;
}

/**
 * A text in lines of at most some width; a single word that is wider has a line of its own.
 *
 * @param {string} text
 * @param {number} room
 * @param {(text: string) => number} measure
 */
export function wrapped(text, room, measure) {
  const lines = /** @type {string[]} */ ([]);
  for (const word of text.split(' ')) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : word;
    if (lines.length > 0 && measure(longer) <= room) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** @param {uPlot} plot @param {PlotSpec} spec @param {CSSStyleDeclaration} ink */
export function drawYLabel(plot, spec, ink) {
  const { ctx, bbox } = plot;
  const lines = yLabelLines(plot, spec, ink);
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px ${ink.fontFamily}`;
  ctx.fillStyle = ink.color;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.translate(0, bbox.top + bbox.height / 2);
  ctx.rotate(-Math.PI / 2);
  for (const [row, line] of lines.entries())
    ctx.fillText(line, 0, (row + 0.5) * LABEL_LINE * devicePixelRatio);
  ctx.restore();
}

/** What stands below the x axis. @param {PlotSpec} spec */
export const labelOf = ({ xLabel, xHint }) => (xHint ? `${xLabel}, ${xHint}` : xLabel);

/** Whether there is nothing to draw. @param {PlotSpec} spec */
export function isEmpty({ lines }) {
  return lines.every(({ values }) => values.every((value) => (value ?? null) === null));
}

/** @param {uPlot.Axis.Grid} grid @param {() => PlotSpec} spec @returns {uPlot.Axis} */
function numberedTicks(grid, spec) {
  return {
    grid: { ...grid, filter: (_, ticks) => (spec().xLog ? ticks.map(powerOfTen) : ticks) },
    values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : place.format(tick))),
  };
}

/** @param {Tick[]} named @returns {uPlot.Axis} */
function namedTicks(named) {
  return {
    splits: () => named.map(({ at }) => at),
    // Every name is there to be read; uPlot would thin them out on a logarithmic axis.
    filter: (_, ticks) => ticks,
    values: () => named.map(({ label }) => label),
  };
}

/** Half of the last number may stand beyond the end of the axis: room for it, in CSS pixels. @param {PlotSpec} spec */
export function roomAtEnd({ xRange }) {
  // A digit is about six pixels wide.
  return Math.max(20, 3 * place.format(Math.round(xRange[1])).length + 5);
}

/** A place on the x axis in words. @param {PlotSpec} spec @param {number} x */
export function placeOf({ xTicks }, x) {
  return xTicks?.find(({ at }) => at === x)?.label ?? reading.format(x);
}

/** @param {number} tick @returns {number | null} The tick if it is a power of ten. */
function powerOfTen(tick) {
  const exponent = Math.log10(tick);
  return Math.abs(exponent - Math.round(exponent)) < 1e-6 ? tick : null;
}

/**
 * The values that an axis spans.
 *
 * @param {number | null} min  Least value in sight; null when there is none.
 * @param {number | null} max
 * @param {PlotSpec} spec
 * @returns {[number, number]}
 */
export function rangeOf(min, max, { log, yLimits }) {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) {
    return log ? [0.1, 10] : (yLimits ?? [0, 1]);
  }
  if (log) {
    const [low, high] = uPlot.rangeLog(min, max, 10, false);
    return [low ?? min, high ?? max];
  }
  const [least, most] = yLimits ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const missing = yLimits ? LEAST_SPAN * (most - least) - (max - min) : 0;
  const pad = Math.max((max - min) * 0.06, Math.abs(max) * 0.01, missing / 2, 1e-12);
  return [Math.max(min - pad, least), Math.min(max + pad, most)];
}
