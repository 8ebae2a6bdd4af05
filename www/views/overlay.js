/** Saved runs behind the lines of the present one. */

import { html, nothing } from 'lit';
import { placedOn, union } from '../plots/shared-axis.js';
import { spread, traces, tracesOf } from '../state/seeds.js';
import { colourIndex } from '../state/view.js';
import { isCommon } from '../state/x-axes.js';
import { laneLine } from './lane-line.js';
import { swatch } from './swatch.js';
import { tip } from './tip.js';

/** @import { Line, PlotSpec } from '../plots/line-plot.js' */
/** @import { RunFile } from '../worker/protocol.d.ts' */
/** @import { Overlay } from '../state/runs.js' */
/** @import { Trace } from '../state/seeds.js' */
/** @import { State } from '../state/store.js' */
/** @import { Lab } from './nm-lab.js' */
/** @import { Shown } from './plot-spec.js' */

/** Old runs stay behind the present one. */
const FAINT = 0.4;

/** How a saved run's lanes are drawn: `place` gives the dashes, `colour` is a palette entry. @typedef {Trace & { place: number, colour: number }} OldTrace */

/**
 * The lines of the saved runs. A lane has the colour of the present one of its name, any other a colour of its own;
 * dashes go on after those of the present run, so that the two differ.
 *
 * @param {State} state
 * @returns {{ overlay: Overlay, traces: OldTrace[] }[]}
 */
function oldTraces(state) {
  const { run, view, runs } = state;
  const colours = new Map(
    tracesOf(state).map(({ lanes: [first = 0] }) => [run.lanes[first]?.name ?? '', colourIndex(view, first)]),
  );
  let place = run.lanes.length;
  return runs.overlays.map((overlay) => {
    const names = overlay.file.lanes.map(({ name }) => name);
    const drawn = traces(overlay.file.document, names, view.bands).map((trace) => {
      const name = names[trace.lanes[0] ?? 0] ?? '';
      const colour = colours.get(name) ?? unused([...colours.values()]);
      colours.set(name, colour);
      place += 1;
      return { ...trace, place: place - 1, colour };
    });
    return { overlay, traces: drawn };
  });
}

/** @param {number[]} used */
function unused(used) {
  let free = 0;
  while (used.includes(free)) free += 1;
  return free;
}

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
  const overlays = oldTraces(state).filter(({ overlay: { file } }) =>
    file.lanes.some(({ metrics }) => key in metrics),
  );
  if (overlays.length === 0) return chart;
  const x = union([chart.x, ...overlays.map(({ overlay }) => xOf(overlay.file))]);
  const place = placedOn(x);
  const own = chart.lines.map((line) => ({ ...line, values: place(chart.x, line.values) }));
  const old = overlays.flatMap(({ overlay, traces }) =>
    traces.map((trace) => lineOf(overlay, trace, key, dark, (values) => place(xOf(overlay.file), values))),
  );
  // The bands of the present run name its lines by number: the old ones come after them.
  return { ...chart, x, lines: [...own, ...old] };
}

/**
 * @param {Overlay} overlay
 * @param {OldTrace} trace
 * @param {string} key
 * @param {boolean} dark
 * @param {(values: (number | null)[]) => (number | null)[]} placed  Puts them on the chart's axis.
 * @returns {Line}
 */
function lineOf({ name, file }, { lanes, label, place, colour }, key, dark, placed) {
  const { mean } = spread(lanes.map((lane) => file.lanes[lane]?.metrics[key] ?? []));
  const line = laneLine(place, colour, dark, `${name}: ${label}`, placed(mean));
  return { ...line, width: 1.25, opacity: FAINT };
}

/** Legend entries of the overlaid runs; a click takes one away. @param {Lab} lab */
export function overlayChips({ state, session, dark }) {
  const meaning = 'A saved run, drawn faintly; of repetitions the mean. Click to take it away.';
  return oldTraces(state).map(({ overlay: { id, name }, traces }) => {
    const remove = () => session.store.dispatch({ type: 'runs/overlay_removed', id });
    const lines = traces.map(
      ({ label, place, colour }) => html`<span class="old">${swatch(place, colour, dark)} ${label}</span>`,
    );
    return overlayChip(name, meaning, remove, lines);
  });
}

/**
 * A legend entry of what lies behind a chart's own lines.
 *
 * @param {string} name
 * @param {string} meaning
 * @param {() => void} remove
 * @param {unknown} [lines]  What is drawn of it.
 */
export function overlayChip(name, meaning, remove, lines = nothing) {
  return html`<li>
    <button type="button" class="chip overlay" aria-label="${name}, take away" ${tip(meaning)} @click=${remove}>
      ${name} ${lines} <span aria-hidden="true">✕</span>
    </button>
  </li>`;
}
