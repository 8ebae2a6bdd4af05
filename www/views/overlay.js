/** Saved runs behind the lines of the present one. */

import { html } from 'lit';
import { colourOf, dashOf } from '../plots/palette.js';

/** @import { Line, PlotSpec } from '../plots/line-plot.js' */
/** @import { Overlay } from '../state/runs.js' */
/** @import { Lab } from './nm-lab.js' */
/** @import { Shown } from './plot-spec.js' */

/** Old runs stay behind the present one. */
const FAINT = 0.4;

/**
 * Adds the same metric of the overlaid runs to the lines of a chart over steps.
 *
 * @param {Lab} lab
 * @param {Shown} shown
 * @param {PlotSpec} chart
 * @returns {PlotSpec}
 */
export function withOverlays({ state, dark }, { key, matrix }, chart) {
  // Saved runs hold nothing of single matrices.
  if (matrix) return chart;
  // A saved run knows its steps; its other axes may have been counted in another way.
  if (state.view.x !== 'step') return chart;
  const overlays = state.runs.overlays.filter(({ file }) => file.lanes.some(({ metrics }) => key in metrics));
  if (overlays.length === 0) return chart;
  const x = [...new Set([...chart.x, ...overlays.flatMap(({ file }) => file.steps)])].sort((a, b) => a - b);
  const rowOf = new Map(x.map((step, row) => [step, row]));
  const spread = (/** @type {number[]} */ steps, /** @type {(number | null)[]} */ values) => {
    /** @type {(number | null)[]} */
    const rows = x.map(() => null);
    steps.forEach((step, at) => {
      const row = rowOf.get(step);
      if (row !== undefined) rows[row] = values[at] ?? null;
    });
    return rows;
  };
  const own = chart.lines.map((line) => ({ ...line, values: spread(chart.x, line.values) }));
  const old = overlays.flatMap((overlay) => linesOf(overlay, key, dark, spread));
  // The bands of the present run name its lines by number: the old ones come after them.
  return { ...chart, x, lines: [...own, ...old] };
}

/**
 * @param {Overlay} overlay
 * @param {string} key
 * @param {boolean} dark
 * @param {(steps: number[], values: (number | null)[]) => (number | null)[]} spread
 * @returns {Line[]}
 */
function linesOf({ name, file }, key, dark, spread) {
  return file.lanes.map((lane, index) => ({
    label: `${name}: ${lane.name}`,
    values: spread(file.steps, lane.metrics[key] ?? []),
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
  return state.runs.overlays.map(
    ({ id, name }) => html`<li>
      <button
        type="button"
        class="chip overlay"
        aria-label="${name}, take away"
        title="A saved run, drawn faintly with the dashes of its lanes. Click to take it away."
        @click=${() => session.store.dispatch({ type: 'runs/overlay_removed', id })}
      >
        ${name} <span aria-hidden="true">✕</span>
      </button>
    </li>`,
  );
}
