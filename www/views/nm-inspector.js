import { html, LitElement } from 'lit';
import { groupOf, paint, scaleOf } from '../plots/heat-map.js';
import { shownFrames } from '../state/inspector.js';
import { formatNumber, formatShare, formatWhole } from './format.js';

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

  /** What the canvas shows. @type {unknown[]} */
  #painted = [];

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
  #picture({ state, session }, frame, before) {
    const { inspector } = state;
    const { frames, shown } = inspector;
    const at = frames.indexOf(frame);
    const scrub = (/** @type {Event & { target: HTMLInputElement }} */ { target }) => {
      const chosen = frames[target.valueAsNumber];
      const step = chosen && chosen !== frames.at(-1) ? chosen.step : null;
      session.store.dispatch({ type: 'inspector/step', step });
    };
    const pick = (/** @type {MouseEvent & { target: HTMLCanvasElement }} */ { target, offsetX, offsetY }) => {
      const [x, y] = [offsetX / target.clientWidth, offsetY / target.clientHeight];
      const weight = Math.floor(y * frame.rows) * frame.cols + Math.floor(x * frame.cols);
      session.store.dispatch({ type: 'inspector/weight', weight });
    };
    const kept = frame.mask.reduce((sum, bit) => sum + bit, 0);
    const earlier = shown === 'flips_first' ? firstBefore(inspector.first, frame) : before;
    const flips = earlier ? frame.mask.filter((bit, index) => bit !== earlier.mask[index]).length : null;
    return html`
      <p class="note">${SHOWN.find(([key]) => key === shown)?.[2]}</p>
      <canvas
        role="img"
        aria-label="${frame.tensor} at step ${frame.step}: ${frame.rows} inputs down, ${frame.cols} outputs across"
        @click=${pick}
      ></canvas>
      <label class="inline scrub">
        <span>Step ${formatWhole(frame.step)}</span>
        <input type="range" min="0" max=${Math.max(0, frames.length - 1)} .valueAsNumber=${at} @input=${scrub} />
        <span>${at + 1} of ${frames.length} frames</span>
      </label>
      <p>
        ${frame.n === frame.m ? 'Nothing is pruned at this step' : `${frame.n}:${frame.m}, D = ${formatNumber(frame.decay)}`};
        ${formatShare(kept / frame.mask.length)} of ${formatWhole(frame.mask.length)} weights kept${
          flips === null
            ? ''
            : `, ${formatWhole(flips)} flipped since step ${formatWhole(earlier?.step ?? 0)}`
        }.
      </p>
      ${this.#microscope(frame, Math.min(inspector.weight, frame.mask.length - 1), session)}
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

  updated() {
    const canvas = this.querySelector('canvas');
    if (!this.lab || !canvas) return;
    const { state, dark } = this.lab;
    const { frame, before } = shownFrames(state.inspector);
    const { shown, weight, first } = state.inspector;
    const earlier = shown === 'flips_first' ? firstBefore(first, frame) : before;
    const inputs = [canvas, frame, earlier, shown, weight, dark];
    if (!frame || inputs.every((input, at) => input === this.#painted[at])) return;
    this.#painted = inputs;
    const map = { rows: frame.rows, cols: frame.cols, m: frame.m, alongRows: frame.along_inputs, dark };
    const image = paint({ ...map, ...coloursOf(frame, earlier, shown) });
    Object.assign(canvas, { width: image.width, height: image.height });
    const context = canvas.getContext('2d');
    if (!context) return;
    context.putImageData(image, 0, 0);
    outline(context, groupOf({ ...map, m: Math.max(frame.m, 4) }, weight), frame, dark);
  }
}

/** The first mask, unless an earlier frame is shown. @param {Frame | null} first @param {Frame | null} frame */
function firstBefore(first, frame) {
  return first && frame && first.step <= frame.step ? first : null;
}

/**
 * @param {Frame} frame
 * @param {Frame | null} before
 * @param {Shown} shown
 */
function coloursOf(frame, before, shown) {
  const full = () => 1;
  if (shown === 'flips' || shown === 'flips_first') {
    const change = (/** @type {number} */ index) =>
      before ? (frame.mask[index] ?? 0) - (before.mask[index] ?? 0) : 0;
    return { value: change, strength: full };
  }
  const values = frame[shown];
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  // Most weights are far smaller than the largest: the root lets them be seen.
  const value = (/** @type {number} */ index) => {
    const share = (values[index] ?? 0) / largest;
    return Math.sign(share) * Math.sqrt(Math.abs(share));
  };
  const strength =
    shown === 'weights' ? (/** @type {number} */ index) => (frame.mask[index] ? 1 : frame.decay) : full;
  return { value, strength };
}

/** @param {CanvasRenderingContext2D} context @param {number[]} group @param {Frame} frame @param {boolean} dark */
function outline(context, group, { rows, cols }, dark) {
  const scale = scaleOf(rows, cols);
  const [first = 0, last = 0] = [group[0], group.at(-1)];
  const [left, top] = [(first % cols) * scale, Math.floor(first / cols) * scale];
  const [right, bottom] = [((last % cols) + 1) * scale, (Math.floor(last / cols) + 1) * scale];
  context.strokeStyle = dark ? '#ffffff' : '#000000';
  context.lineWidth = 2;
  context.strokeRect(left, top, right - left, bottom - top);
}

customElements.define('nm-inspector', NmInspector);
