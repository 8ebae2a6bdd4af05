/** What the charts of a study draw. */

import { colourOf, dashOf } from '../../plots/palette.js';
import { formatLoss, formatNumber, formatPercents, formatShare } from '../format.js';
import { groupNames, groupOf } from './study-points.js';

/** @import { Band, Line, PlotSpec, Tick } from '../../plots/line-plot.js' */
/** @import { GroupSummary } from '../../worker/protocol.d.ts' */
/** @import { Hill, Slice } from './study-points.js' */

/** Metrics with a summary, and their writing. */
export const SUMMARISED = /** @type {const} */ ({
  val_accuracy_hard: {
    label: 'Validation accuracy, hard mask',
    unit: '%',
    read: formatShare,
    axis: formatPercents,
  },
  val_accuracy: { label: 'Validation accuracy', unit: '%', read: formatShare, axis: formatPercents },
  val_loss_hard: { label: 'Validation loss, hard mask', unit: 'nats', read: formatLoss, axis: formatNumber },
  val_bits_hard: {
    label: 'Bits per character, hard mask',
    unit: 'bits',
    read: formatLoss,
    axis: formatNumber,
  },
});

/** @typedef {keyof typeof SUMMARISED} Summarised */

/** Whether less of it is better. @param {Summarised} metric */
export const lessIsBetter = (metric) => SUMMARISED[metric].unit !== '%';

/** Values this far apart, as a ratio, are easier to read on a logarithmic axis. */
const LOG_FROM = 10;
/** Room at both ends of the x axis, as a share of it. */
const MARGIN = 0.04;

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
    marks: [],
  });
}

/**
 * Means and 95 % intervals against density: the hill that sparsity climbs and falls from.
 *
 * @param {Hill} hill
 * @param {string[]} names  Of lanes, in the order of their colours.
 * @param {Summarised} metric
 * @param {boolean} dark
 * @param {{ at: number, label: string }[]} crossings
 * @returns {PlotSpec}
 */
export function hillSpec(hill, names, metric, dark, crossings) {
  const { x } = hill;
  const groups = [...hill.groups].map(([name, summaries]) => ({
    name: hill.level.has(name) ? `${name} (same at every density)` : name,
    index: names.indexOf(name),
    summaries,
  }));
  return common(x, groups, metric, dark, {
    xLog: true,
    xTicks: x.map((at) => ({ at, label: `${formatPercents(at)} %` })),
    xRange: padded(x[0] ?? 0.1, x.at(-1) ?? 1, true),
    xLabel: hill.label,
    marks: crossings.map(({ at, label }) => ({ x: at, label, colour: null })),
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

/** @typedef {{ name: string, index: number, summaries: (GroupSummary | null)[] }} Group */

/**
 * @param {number[]} x
 * @param {Group[]} groups
 * @param {Summarised} metric
 * @param {boolean} dark
 * @param {{ xLog: boolean, xTicks: Tick[], xRange: [number, number], xLabel: string, marks: PlotSpec['marks'] }} axis
 * @returns {PlotSpec}
 */
function common(x, groups, metric, dark, axis) {
  const { label, unit, read, axis: format } = SUMMARISED[metric];
  /** @type {Line[]} */
  const lines = [];
  /** @type {Band[]} */
  const bands = [];
  /** @type {Map<number, Group>} */
  const means = new Map();
  for (const group of groups) {
    const colour = colourOf(group.index, dark);
    const line = {
      label: group.name,
      colour,
      dash: dashOf(group.index),
      width: 2,
      opacity: 1,
      stepped: false,
    };
    // The band would share its edges' transparency; without width they are not drawn.
    const edge = { ...line, dash: [], width: 0, dots: false, read: false };
    bands.push({ high: lines.length, low: lines.length + 1, colour });
    lines.push({ ...edge, values: group.summaries.map((summary) => summary?.mean_interval?.[1] ?? null) });
    lines.push({ ...edge, values: group.summaries.map((summary) => summary?.mean_interval?.[0] ?? null) });
    means.set(lines.length, group);
    lines.push({
      ...line,
      dots: true,
      read: true,
      values: group.summaries.map((summary) => summary?.mean ?? null),
    });
  }
  return {
    ...axis,
    x,
    lines,
    bands,
    whole: null,
    sync: false,
    log: false,
    yLabel: `${label} (${unit})`,
    yLimits: unit === '%' ? [0, 1] : null,
    format,
    read: (value, line, row) => {
      const interval = means.get(line)?.summaries[row]?.mean_interval;
      return interval ? `${read(value)} (${read(interval[0])} to ${read(interval[1])})` : read(value);
    },
    now: null,
    handles: [],
    dark,
  };
}
