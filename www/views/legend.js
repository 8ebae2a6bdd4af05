import { html, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import { seedGroups, tracesOf } from '../state/seeds.js';
import { colourIndex } from '../state/view.js';
import { xAxes } from '../state/x-axes.js';
import { formatHundredths } from './format.js';
import { overlayChips } from './overlay.js';
import { swatch } from './swatch.js';
import { tip } from './tip.js';

/** @import { Lab } from './nm-lab.js' */
/** @import { Trace } from '../state/seeds.js' */

/** The lanes, one legend for all charts, and what applies to all charts. @param {Lab} lab */
export function legend(lab) {
  const { state, session } = lab;
  const { smoothing } = state.view;
  const smooth = (/** @type {Event & { target: HTMLInputElement }} */ { target }) =>
    session.store.dispatch({ type: 'view/smoothing', smoothing: target.valueAsNumber });
  return html`
    <section class="legend" aria-label="Lanes drawn">
      <ul>
        ${tracesOf(state).map((trace) => chip(lab, trace))}
        ${overlayChips(lab)}
      </ul>
      <div class="chart-options">
        ${bands(lab)} ${axis(lab)}
        <label class="inline" ${tip('Debiased running average of training loss and noise; the raw line stays faint.')}>
          <span>Smoothing</span>
          <input type="range" min="0" max="0.95" step="0.05" .valueAsNumber=${smoothing} @input=${smooth} />
          <output>${formatHundredths(smoothing)}</output>
        </label>
      </div>
    </section>
  `;
}

/** @param {Lab} lab @param {Trace} trace */
function chip({ state, session, dark }, { lanes, label }) {
  const { view, run } = state;
  const [first = 0] = lanes;
  const difference = run.lanes[first]?.difference;
  const shown = lanes.some((lane) => !view.hidden.includes(lane));
  const toggle = () => {
    for (const lane of lanes) {
      if (view.hidden.includes(lane) !== shown) session.store.dispatch({ type: 'view/lane_toggled', lane });
    }
  };
  return html`<li>
    <button
      type="button"
      class="chip"
      aria-pressed=${shown}
      ${tip(`${difference ? `${difference}. ` : ''}Click to show or hide.`)}
      @click=${toggle}
    >
      ${swatch(first, colourIndex(view, first), dark)} ${label}
    </button>
  </li>`;
}

/** Offered where lanes repeat each other with other seeds. @param {Lab} lab */
function bands({ state, session }) {
  if (seedGroups(state.run.document).every((lanes) => lanes.length < 2)) return nothing;
  const change = (/** @type {Event & { target: HTMLInputElement }} */ { target }) =>
    session.store.dispatch({ type: 'view/bands', bands: target.checked });
  return html`<label class="check" ${tip('Mean of lanes that differ only in their seed, with one standard deviation either side.')}>
    <input type="checkbox" .checked=${live(state.view.bands)} @change=${change} />Seeds as mean ± s.d.
  </label>`;
}

/** What charts run along. @param {Lab} lab */
function axis({ state, session }) {
  const { x, xLog } = state.view;
  const axes = xAxes(state.catalog);
  const chosen = axes.find(({ key }) => key === x);
  const set = (/** @type {Event & { target: HTMLSelectElement }} */ { target }) =>
    session.store.dispatch({ type: 'view/x', x: target.value, xLog });
  const setLog = (/** @type {Event & { target: HTMLInputElement }} */ { target }) =>
    session.store.dispatch({ type: 'view/x', x, xLog: target.checked });
  return html`<label class="inline" ${tip(chosen?.help ?? '')}>
      <span>x axis</span>
      <select .value=${live(x)} @change=${set}>
        ${axes.map(({ key, label }) => html`<option value=${key} ?selected=${key === x}>${label}</option>`)}
      </select>
    </label>
    <label class="check"><input type="checkbox" aria-label="Logarithmic x axis" .checked=${live(xLog)} @change=${setLog} />log</label>`;
}
