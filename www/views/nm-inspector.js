import { html, LitElement } from 'lit';
import { groupOf } from '../plots/heat-map.js';
import { shownFrames } from '../state/inspector.js';
import { formatNumber, formatShare, formatWhole } from './format.js';
import './nm-matrix.js';

/** @import { Frame, Shown } from '../state/inspector.js' */
/** @import { Lab } from './nm-lab.js' */

/** @type {[Shown, string, string][]} */
const SHOWN = [
  [
    'weights',
    'Weights',
    'Orange is negative, blue positive. Pruned weights are as bright as D: gone when D is 0.',
  ],
  ['flips', 'Flips', 'Against the frame before: blue came into the mask, orange left it.'],
  [
    'flips_first',
    'Flips since the first mask',
    'Against the first mask seen here: blue came into it since, orange left it.',
  ],
  ['gradient', 'Gradient', 'On the next batch, after the gradient rule and before clipping.'],
  ['second_moment', 'AdamW’s v', 'The second moment: where gradients have been large.'],
];

/** `<nm-inspector>`: heat map, scrubber over the recorded frames, and one group under the microscope. */
export class NmInspector extends LitElement {
  static properties = { lab: { attribute: false } };

  constructor() {
    super();
    /** @type {Lab | null} */
    this.lab = null;
  }

  createRenderRoot() {
    return this;
  }

  render() {
    if (!this.lab) return html``;
    const { frame, before } = shownFrames(this.lab.state.inspector);
    return html`
      ${this.#choices(this.lab)}
      ${frame ? this.#picture(this.lab, frame, before) : html`<p>Reading the matrix.</p>`}
    `;
  }

  /** @param {Lab} lab */
  #choices({ state, session }) {
    const { inspector, run } = state;
    const { store } = session;
    const choose = (/** @type {number} */ lane, /** @type {string} */ tensor) => {
      store.dispatch({ type: 'inspector/chosen', lane, tensor });
      session.inspect();
    };
    const value = (/** @type {Event} */ event) => /** @type {HTMLSelectElement} */ (event.target).value;
    return html`<div class="chart-options">
      <label class="inline"><span>Lane</span>
        <select @change=${(/** @type {Event} */ event) => choose(Number(value(event)), inspector.tensor)}>
          ${run.lanes.map(({ name }, lane) => html`<option value=${lane} ?selected=${lane === inspector.lane}>${name}</option>`)}
        </select>
      </label>
      <label class="inline"><span>Matrix</span>
        <select @change=${(/** @type {Event} */ event) => choose(inspector.lane, value(event))}>
          ${run.matrices.map((name) => html`<option ?selected=${name === inspector.tensor}>${name}</option>`)}
        </select>
      </label>
      <label class="inline"><span>Shown</span>
        <select @change=${(/** @type {Event} */ event) =>
          store.dispatch({ type: 'inspector/shown', shown: /** @type {Shown} */ (value(event)) })}>
          ${SHOWN.map(([key, label]) => html`<option value=${key} ?selected=${key === inspector.shown}>${label}</option>`)}
        </select>
      </label>
    </div>`;
  }

  /** @param {Lab} lab @param {Frame} frame @param {Frame | null} before */
  #picture({ state, session, dark }, frame, before) {
    const { inspector } = state;
    const { frames, shown } = inspector;
    const weight = Math.min(inspector.weight, frame.mask.length - 1);
    const at = frames.indexOf(frame);
    const scrub = (/** @type {Event & { target: HTMLInputElement }} */ { target }) => {
      const chosen = frames[target.valueAsNumber];
      const step = chosen && chosen !== frames.at(-1) ? chosen.step : null;
      session.store.dispatch({ type: 'inspector/step', step });
    };
    const kept = frame.mask.reduce((sum, bit) => sum + bit, 0);
    const earlier = shown === 'flips_first' ? firstBefore(inspector.first, frame) : before;
    const flips = earlier ? frame.mask.filter((bit, index) => bit !== earlier.mask[index]).length : null;
    return html`
      <p class="note">
        ${SHOWN.find(([key]) => key === shown)?.[2]} Point at a weight to read it, click to see its group below.
      </p>
      <nm-matrix
        .frame=${frame}
        .earlier=${earlier}
        .shown=${shown}
        .weight=${weight}
        .dark=${dark}
        @weight=${(/** @type {CustomEvent<number>} */ { detail }) =>
          session.store.dispatch({ type: 'inspector/weight', weight: detail })}
      ></nm-matrix>
      <label class="inline scrub">
        <span>Step ${formatWhole(frame.step)}</span>
        <input type="range" min="0" max=${Math.max(0, frames.length - 1)} .valueAsNumber=${at} @input=${scrub} />
        <span>${at + 1} of ${frames.length} frames</span>
      </label>
      <p class="note">
        Frames are recorded while this is open: of masks before step ${formatWhole(frames[0]?.step ?? 0)} nothing is known here.
      </p>
      <p>
        ${frame.n === frame.m ? 'Nothing is pruned at this step' : `${frame.n}:${frame.m}, D = ${formatNumber(frame.decay)}`};
        ${formatShare(kept / frame.mask.length)} of ${formatWhole(frame.mask.length)} weights kept${
          flips === null
            ? ''
            : `, ${formatWhole(flips)} flipped since step ${formatWhole(earlier?.step ?? 0)}`
        }.
      </p>
      ${this.#microscope(frame, weight, session)}
    `;
  }

  /** @param {Frame} frame @param {number} weight @param {Lab['session']} session */
  #microscope(frame, weight, { store }) {
    const group = groupOf({ ...frame, m: Math.max(frame.m, 4), alongRows: frame.along_inputs }, weight);
    const move = (/** @type {Event & { target: HTMLInputElement }} */ { target }) => {
      const { valueAsNumber } = target;
      if (Number.isInteger(valueAsNumber) && valueAsNumber >= 0 && valueAsNumber < frame.mask.length) {
        store.dispatch({ type: 'inspector/weight', weight: valueAsNumber });
      }
    };
    const place = (/** @type {number} */ index) => `${Math.floor(index / frame.cols)}, ${index % frame.cols}`;
    return html`
      <h3>One group</h3>
      <label class="inline">
        <span>The group of weight number</span>
        <input type="number" min="0" max=${frame.mask.length - 1} .valueAsNumber=${weight} @change=${move} />
      </label>
      <div class="scroll" tabindex="0" role="region" aria-label="One group">
        <table>
          <thead>
            <tr>
              <th scope="col">Input, output</th><th scope="col">|w|</th><th scope="col">Kept</th>
              <th scope="col">Gradient</th><th scope="col">m</th><th scope="col">v</th>
            </tr>
          </thead>
          <tbody>
            ${group.map(
              (index) => html`<tr class=${frame.mask[index] ? 'kept' : ''}>
                <th scope="row">${place(index)}</th>
                <td>${formatNumber(Math.abs(frame.weights[index] ?? 0))}</td>
                <td>${frame.mask[index] ? 'yes' : 'no'}</td>
                <td>${formatNumber(frame.gradient[index] ?? 0)}</td>
                <td>${formatNumber(frame.first_moment[index] ?? 0)}</td>
                <td>${formatNumber(frame.second_moment[index] ?? 0)}</td>
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
    `;
  }
}

/** The first mask, unless an earlier frame is shown. @param {Frame | null} first @param {Frame | null} frame */
function firstBefore(first, frame) {
  return first && frame && first.step <= frame.step ? first : null;
}

customElements.define('nm-inspector', NmInspector);
