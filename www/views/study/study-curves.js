/** How the lanes of a study went, where its results hold curves: means over the seeds, step by step. */

import { html, nothing } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { colourOf } from '../../plots/palette.js';
import { sameJson } from '../../state/paths.js';
import { spread } from '../../state/seeds.js';
import { formatNumber, formatPercents, formatterOf } from '../format.js';
import { laneLine } from '../lane-line.js';
import { withBehind } from './study-behind.js';
import { chart, choice } from './study-chart.js';
import { axesOf, groupNames, settingsText, sliceOf } from './study-points.js';

/** @import { Band, Line, PlotSpec } from '../../plots/line-plot.js' */
/** @import { Catalog } from '../../state/catalog.js' */
/** @import { StudyView } from '../../state/study.js' */
/** @import { StudyCell, StudyResults } from '../../worker/protocol.d.ts' */
/** @import { Lab } from '../nm-lab.js' */

/** Nothing where no curves were kept. @param {Lab} lab */
export function studyCurves(lab) {
  const { study, catalog } = lab.state;
  const { results, behind, view } = study;
  if (!results || curvesOf(results.cells).length === 0) return nothing;
  return guard([results, behind, view, catalog, lab.dark], () => drawn(lab, results, view));
}

/** Keys of the metrics whose curves were kept. @param {StudyCell[]} cells */
function curvesOf(cells) {
  const keys = cells.flatMap(({ lanes }) => lanes.flatMap(({ curves }) => Object.keys(curves)));
  return [...new Set(keys)];
}

/** @param {Lab} lab @param {StudyResults} results @param {StudyView} view */
function drawn(lab, results, view) {
  const { catalog } = lab.state;
  const cells = results.cells.filter((cell) => curvesOf([cell]).length > 0);
  const at = Math.min(view.cell ?? Infinity, cells.length - 1);
  const cell = cells[at];
  if (!cell) return nothing;
  const keys = curvesOf([cell]);
  const key = keys.find((known) => known === view.curve) ?? keys[0] ?? '';
  const label = (/** @type {string} */ one) =>
    catalog.metrics.find((metric) => metric.key === one)?.label ?? one;
  const set = (/** @type {Partial<StudyView>} */ change) =>
    lab.session.store.dispatch({ type: 'study/view', change });
  // The colours are those of the other charts.
  const measured = Object.keys(cell.summary)[0] ?? '';
  const all = [results, ...lab.state.study.behind];
  const axes = axesOf(results, [], catalog.fields);
  const slices = all.map((one) => sliceOf(one, axes, view));
  const names = groupNames(slices, measured);
  const spec = withBehind(
    curveSpec(cell, key, names, catalog, lab.dark),
    lab.state.study.behind.flatMap(({ name, cells: others }) =>
      others
        .filter((other) => sameJson(other.settings, cell.settings) && curvesOf([other]).includes(key))
        .map((other) => ({ name, spec: curveSpec(other, key, names, catalog, lab.dark) })),
    ),
  );
  return html`
    <h4>On the way there</h4>
    <div class="chart-options">
      ${choice(
        'Curve',
        key,
        keys.map((one) => [one, label(one)]),
        (curve) => set({ curve }),
      )}
      ${
        cells.length > 1
          ? choice(
              'Point',
              String(at),
              cells.map((one, index) => [String(index), settingsText(one, catalog.fields)]),
              (index) => set({ cell: Number(index) }),
            )
          : nothing
      }
    </div>
    ${chart(lab, 'curves', `${label(key)}, ${settingsText(cell, catalog.fields)}`, spec)}
    <p class="note">Lines are means over the seeds; bands and ± are one standard deviation either side.</p>
  `;
}

/**
 * @param {StudyCell} cell
 * @param {string} key
 * @param {string[]} names  Of the lanes, in the order of their colours.
 * @param {Catalog} catalog
 * @param {boolean} dark
 * @returns {PlotSpec}
 */
function curveSpec({ experiment, lanes, steps, summary }, key, names, catalog, dark) {
  const metric = catalog.metrics.find((one) => one.key === key);
  const share = metric?.chart === 'accuracy';
  const [groups = []] = Object.values(summary);
  /** @type {{ lines: Line[], bands: Band[] }} */
  const { lines, bands } = { lines: [], bands: [] };
  /** One standard deviation of each mean, by its line. @type {Map<number, (number | null)[]>} */
  const deviations = new Map();
  for (const group of groups) {
    const kept = group.lanes.flatMap((lane) =>
      [lanes[lane]?.curves[key]].filter((column) => column !== undefined),
    );
    // A lane without a mask has no noise of one.
    if (kept.flat().every((value) => value === null)) continue;
    const index = Math.max(0, names.indexOf(group.name));
    const { mean, low, high } = spread(kept);
    const line = (/** @type {(number | null)[]} */ values) =>
      laneLine(index, index, dark, group.name, values);
    // An edge is no line of its own: it ends the band, which would share its transparency.
    const edge = { dash: [], width: 0, read: false };
    bands.push({ high: lines.length, low: lines.length + 1, colour: colourOf(index, dark) });
    lines.push({ ...line(high), ...edge }, { ...line(low), ...edge }, { ...line(mean), dots: true });
    if (kept.length > 1)
      deviations.set(
        lines.length - 1,
        high.map((top, row) => (top === null ? null : top - (mean[row] ?? top))),
      );
  }
  const format = formatterOf(metric);
  const unit = share ? '%' : (metric?.unit ?? '');
  return {
    x: steps,
    lines,
    bands,
    read: (value, at, row) => {
      const deviation = deviations.get(at)?.[row] ?? null;
      return deviation === null ? format(value) : `${format(value)} ± ${format(deviation)}`;
    },
    xRange: [0, Math.max(experiment.steps, 1)],
    xLabel: 'step',
    xLog: false,
    xTicks: null,
    whole: null,
    sync: false,
    log: metric?.log ?? false,
    yLabel: (metric?.label ?? key) + (unit ? ` (${unit})` : ''),
    yLimits: share ? [0, 1] : null,
    format: share ? formatPercents : formatNumber,
    marks: [],
    now: null,
    handles: [],
    dark,
  };
}
