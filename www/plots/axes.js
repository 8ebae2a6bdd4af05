/** Axes and ranges of a line chart. */

import uPlot from 'uplot';

/** @import { PlotSpec, Tick } from './line-plot.js' */

const place = new Intl.NumberFormat();
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
      labelSize: 14,
      size: 26,
      ...(spec().xTicks ? namedTicks(spec().xTicks ?? []) : numberedTicks(common.grid, spec)),
    },
    {
      ...common,
      // Nine lines a decade would drown the curves.
      grid: { ...common.grid, filter: (_, ticks) => (spec().log ? ticks.map(powerOfTen) : ticks) },
      label: spec().yLabel,
      labelSize: 16,
      size: 52,
      // Of what is not measured nobody knows the range: its numbers would be invented.
      values: (_, ticks) =>
        ticks.map((tick) => (tick === null || isEmpty(spec()) ? '' : spec().format(tick))),
    },
  ];
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
