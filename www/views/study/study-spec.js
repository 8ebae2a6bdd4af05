/** What the charts of a study draw. */

import { colourOf, dashOf } from '../../plots/palette.js';
import { formatLoss, formatNumber, formatPercents, formatShare } from '../format.js';
import { groupNames, groupOf, isPattern } from './study-points.js';

/** @import { PlotSpec, Tick } from '../../plots/line-plot.js' */
/** @import { GroupSummary } from '../../worker/protocol.d.ts' */
/** @import { Hill, Slice } from './study-points.js' */

/** Metrics with a summary, and their writing. */
export const SUMMARISED = /** @type {const} */ ({
  val_accuracy_hard: {
    label: 'Validation accuracy, hardened',
    unit: '%',
    read: formatShare,
    axis: formatPercents,
  },
  val_accuracy: { label: 'Validation accuracy', unit: '%', read: formatShare, axis: formatPercents },
  val_loss_hard: { label: 'Validation loss, hardened', unit: 'nats', read: formatLoss, axis: formatNumber },
  val_bits_hard: {
    label: 'Bits per character, hardened',
    unit: 'bits',
    read: formatLoss,
    axis: formatNumber,
  },
});

/** @typedef {keyof typeof SUMMARISED} Summarised */

/** Whether less of it is better. @param {Summarised} metric */
export const lessIsBetter = (metric) => SUMMARISED[metric].unit !== '%';

/** Which way patterns and densities run. */
const SPARSER = 'sparser to the right';
/** Values this far apart, as a ratio, are easier to read on a logarithmic axis. */
const LOG_FROM = 10;
/** Between the bars of neighbouring lanes, and of all of them together, in CSS pixels. */
const MOST_APART = 6;
const BARS_WIDTH = 32;
/** Room at both ends of the x axis, as a share of it. */
const MARGIN = 0.08;

/**
 * Means and 95 % intervals along the swept field.
 *
 * @param {Slice} slice
 * @param {string[]} names  Of lanes, in the order of their colours.
 * @param {Summarised} metric
 * @param {boolean} dark
 * @returns {PlotSpec}
 */
export function sweepSpec(slice, names, metric, dark) {
  const { along, points } = slice;
  const values = along?.values ?? [];
  const numeric = values.length > 1 && values.every((value) => typeof value === 'number');
  const placed = points
    .map((point) => ({ ...point, x: numeric ? Number(values[point.at]) : point.at }))
    .sort((a, b) => a.x - b.x);
  const x = placed.map((point) => point.x);
  const [least, most] = [x[0] ?? 0, x.at(-1) ?? 1];
  const xLog = numeric && least > 0 && most / least >= LOG_FROM;
  const ticks = along
    ? along.texts.map((label, at) => ({ at: numeric ? Number(values[at]) : at, label }))
    : [{ at: 0, label: '' }];
  const groups = groupNames([slice], metric).map((name) => ({
    name,
    index: names.indexOf(name),
    summaries: placed.map(({ cell }) => groupOf(cell, metric, name)),
  }));
  return common(x, groups, metric, dark, {
    xLog,
    xTicks: ticks.sort((a, b) => a.at - b.at),
    xRange: numeric ? padded(least, most, xLog) : [-0.5, Math.max(0, values.length - 1) + 0.5],
    xLabel: along?.label ?? 'all seeds',
    ...(along && values.every(isPattern) ? { xHint: SPARSER } : {}),
    marks: [],
  });
}

/**
 * Means and 95 % intervals against density, which falls to the right as it does from pattern to pattern.
 *
 * @param {Hill} hill
 * @param {string[]} names  Of lanes, in the order of their colours.
 * @param {Summarised} metric
 * @param {boolean} dark
 * @param {{ at: number, label: string }[]} crossings
 * @returns {PlotSpec}
 */
export function hillSpec(hill, names, metric, dark, crossings) {
  const densities = hill.x.toReversed();
  // Weights per kept one rise where the density falls, evenly on the same logarithmic axis.
  const place = (/** @type {number} */ density) => 1 / density;
  const x = densities.map(place);
  const groups = [...hill.groups].map(([name, summaries]) => ({
    name: hill.level.has(name) ? `${name} (same at every density)` : name,
    index: names.indexOf(name),
    summaries: summaries.toReversed(),
  }));
  return common(x, groups, metric, dark, {
    xLog: true,
    xTicks: densities.map((density) => ({ at: place(density), label: `${formatPercents(density)} %` })),
    xRange: padded(x[0] ?? 1, x.at(-1) ?? 10, true),
    xLabel: hill.label,
    xHint: SPARSER,
    marks: crossings.map(({ at, label }) => ({ x: place(at), label, colour: null })),
  });
}

/** @param {number} least @param {number} most @param {boolean} log @returns {[number, number]} */
function padded(least, most, log) {
  if (!log) {
    const margin = (most - least) * MARGIN || Math.abs(most) * MARGIN || 1;
    return [least - margin, most + margin];
  }
  const factor = Math.max((most / least) ** MARGIN, 1.05);
  return [least / factor, most * factor];
}

/** Whether some interval is longer than the axis can be. @param {PlotSpec} spec */
export const reachesBeyond = ({ yLimits, lines }) =>
  yLimits !== null &&
  lines.some(({ interval }) =>
    [...(interval?.low ?? []), ...(interval?.high ?? [])].some(
      (end) => end !== null && (end < yLimits[0] || end > yLimits[1]),
    ),
  );

/** @typedef {{ name: string, index: number, summaries: (GroupSummary | null)[] }} Group */

/**
 * @param {number[]} x
 * @param {Group[]} groups
 * @param {Summarised} metric
 * @param {boolean} dark
 * @param {{ xLog: boolean, xTicks: Tick[], xRange: [number, number], xLabel: string, xHint?: string, marks: PlotSpec['marks'] }} axis
 * @returns {PlotSpec}
 */
function common(x, groups, metric, dark, axis) {
  const { label, unit, read, axis: format } = SUMMARISED[metric];
  const apart = Math.min(MOST_APART, BARS_WIDTH / groups.length);
  const lines = groups.map(({ name, index, summaries }, at) => ({
    label: name,
    colour: colourOf(index, dark),
    dash: dashOf(index),
    width: 2,
    opacity: 1,
    stepped: false,
    dots: true,
    read: true,
    values: summaries.map((summary) => summary?.mean ?? null),
    interval: {
      low: summaries.map((summary) => summary?.mean_interval?.[0] ?? null),
      high: summaries.map((summary) => summary?.mean_interval?.[1] ?? null),
      shift: (at - (groups.length - 1) / 2) * apart,
    },
  }));
  return {
    ...axis,
    x,
    lines,
    bands: [],
    whole: null,
    sync: false,
    log: false,
    yLabel: `${label} (${unit})`,
    yLimits: unit === '%' ? [0, 1] : null,
    format,
    read: (value, line, row) => {
      const interval = groups[line]?.summaries[row]?.mean_interval;
      return interval ? `${read(value)} (${read(interval[0])} to ${read(interval[1])})` : read(value);
    },
    now: null,
    handles: [],
    dark,
  };
}
