/** Results of other studies behind those of one. */

import { placedOn, union } from '../../plots/shared-axis.js';
import { overlayChip } from '../overlay.js';

/** @import { PlotSpec } from '../../plots/line-plot.js' */
/** @import { Lab } from '../nm-lab.js' */

/** What lies behind is fainter and thinner. */
const FAINT = 0.45;

/**
 * The lines of other studies behind a chart; their intervals are read, not drawn.
 *
 * @param {PlotSpec} chart
 * @param {{ name: string, spec: PlotSpec }[]} others  The same chart of other studies.
 * @returns {PlotSpec}
 */
export function withBehind(chart, others) {
  if (others.length === 0) return chart;
  const all = [{ name: '', spec: chart }, ...others];
  const x = union(all.map(({ spec }) => spec.x));
  const spread = placedOn(x);
  const drawn = all.flatMap(({ name, spec }) =>
    spec.lines.flatMap((line, at) => {
      if (spec !== chart && !line.read) return [];
      const { interval, ...bare } = line;
      const placed = { ...bare, values: spread(spec.x, line.values) };
      if (spec !== chart)
        return [
          { spec, at, line: { ...placed, label: `${name}: ${line.label}`, width: 1.25, opacity: FAINT } },
        ];
      const ends = (/** @type {(number | null)[]} */ column) => spread(spec.x, column);
      const own = interval && { ...interval, low: ends(interval.low), high: ends(interval.high) };
      return [{ spec, at, line: own ? { ...placed, interval: own } : placed }];
    }),
  );
  const ticks = all.flatMap(({ spec }) => spec.xTicks ?? []);
  const ranges = all.map(({ spec }) => spec.xRange);
  return {
    ...chart,
    x,
    lines: drawn.map(({ line }) => line),
    xTicks: chart.xTicks && [...new Map(ticks.map((tick) => [tick.at, tick])).values()],
    xRange: [Math.min(...ranges.map(([least]) => least)), Math.max(...ranges.map(([, most]) => most))],
    read: (value, index, row) => {
      const { spec, at } = drawn[index] ?? { spec: chart, at: index };
      return spec.read(value, at, spec.x.indexOf(x[row] ?? Number.NaN));
    },
  };
}

/** Legend entries of the studies behind; a click takes one away. @param {Lab} lab */
export function behindChips({ state, session }) {
  const title = 'Another study, drawn faintly in the colours of its lanes. Click to take it away.';
  return state.study.behind.map(({ name }, at) =>
    overlayChip(name, title, () => session.store.dispatch({ type: 'study/behind_removed', at })),
  );
}
