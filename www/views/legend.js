import { html } from 'lit';
import { colourIndex } from '../state/view.js';
import { swatch } from './swatch.js';

/** @import { Lab } from './nm-lab.js' */

/** The lanes, one legend for all charts, and what applies to all charts. @param {Lab} lab */
export function legend({ state, session, dark }) {
  const { hidden, smoothing, zoom } = state.view;
  const smooth = (/** @type {Event & { target: HTMLInputElement }} */ { target }) =>
    session.store.dispatch({ type: 'view/smoothing', smoothing: target.valueAsNumber });
  return html`
    <section class="legend" aria-label="Lanes drawn">
      <ul>
        ${state.run.lanes.map(
          ({ name, difference }, lane) => html`<li>
            <button
              type="button"
              class="chip"
              aria-pressed=${!hidden.includes(lane)}
              title="${difference}. Click to show or hide."
              @click=${() => session.store.dispatch({ type: 'view/lane_toggled', lane })}
            >
              ${swatch(lane, colourIndex(state.view, lane), dark)} ${name}
            </button>
          </li>`,
        )}
      </ul>
      <div class="chart-options">
        <button type="button" class="quiet" ?hidden=${!zoom} @click=${() => session.store.dispatch({ type: 'view/zoomed', zoom: null })}>
          Show all steps
        </button>
        <label class="inline" title="Debiased running average of training loss and noise; the raw line stays faint.">
          <span>Smoothing</span>
          <input type="range" min="0" max="0.95" step="0.05" .valueAsNumber=${smoothing} @input=${smooth} />
          <output>${smoothing.toFixed(2)}</output>
        </label>
      </div>
    </section>
  `;
}
