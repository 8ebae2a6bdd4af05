/** Saved runs behind the lines of the present one. */

import { html } from 'lit';
import { colourOf, dashOf } from '../plots/palette.js';
import { placedOn, union } from '../plots/shared-axis.js';
import { isCommon } from '../state/x-axes.js';
import { tip } from './tip.js';

/** @import { Line, PlotSpec } from '../plots/line-plot.js' */
/** @import { RunFile } from '../worker/protocol.d.ts' */
/** @import { Overlay } from '../state/runs.js' */
/** @import { Lab } from './nm-lab.js' */
/** @import { Shown } from './plot-spec.js' */

/** Old runs stay behind the present one. */
const FAINT = 0.4;

/**
 * Adds the same metric of the overlaid runs to the lines of a chart over steps or time.
 *
 * @param {Lab} lab
 * @param {Shown} shown
 * @param {PlotSpec} chart
 * @returns {PlotSpec}
 */
export function withOverlays({ state, dark }, { key, matrix }, chart) {
  // Saved runs hold nothing of single matrices.
  if (matrix) return chart;
  // A saved run knows its steps and times; its costs may have been counted in another way.
  if (!isCommon(state.view.x)) return chart;
  const xOf = (/** @type {RunFile} */ { steps, elapsed_s }) => (state.view.x === 'step' ? steps : elapsed_s);
  const overlays = state.runs.overlays.filter(({ file }) => file.lanes.some(({ metrics }) => key in metrics));
  if (overlays.length === 0) return chart;
  const x = union([chart.x, ...overlays.map(({ file }) => xOf(file))]);
  const spread = placedOn(x);
  const own = chart.lines.map((line) => ({ ...line, values: spread(chart.x, line.values) }));
  const old = overlays.flatMap((overlay) =>
    linesOf(overlay, key, dark, (values) => spread(xOf(overlay.file), values)),
  );
  // The bands of the present run name its lines by number: the old ones come after them.
  return { ...chart, x, lines: [...own, ...old] };
}

/**
 * @param {Overlay} overlay
 * @param {string} key
 * @param {boolean} dark
 * @param {(values: (number | null)[]) => (number | null)[]} spread  Puts them on the chart's axis.
 * @returns {Line[]}
 */
function linesOf({ name, file }, key, dark, spread) {
  return file.lanes.map((lane, index) => ({
    label: `${name}: ${lane.name}`,
    values: spread(lane.metrics[key] ?? []),
    colour: colourOf(index, dark),
    dash: dashOf(index),
    width: 1.25,
    opacity: FAINT,
    stepped: false,
    dots: false,
    read: true,
  }));
}

/** Legend entries of the overlaid runs; a click takes one away. @param {Lab} lab */
export function overlayChips({ state, session }) {
  const meaning = 'A saved run, drawn faintly with the dashes of its lanes. Click to take it away.';
  return state.runs.overlays.map(({ id, name }) =>
    overlayChip(name, meaning, () => session.store.dispatch({ type: 'runs/overlay_removed', id })),
  );
}

/** A legend entry of what lies behind a chart's own lines. @param {string} name @param {string} meaning @param {() => void} remove */
export function overlayChip(name, meaning, remove) {
  return html`<li>
    <button type="button" class="chip overlay" aria-label="${name}, take away" ${tip(meaning)} @click=${remove}>
      ${name} <span aria-hidden="true">✕</span>
    </button>
  </li>`;
}
