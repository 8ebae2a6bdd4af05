import { html, nothing } from 'lit';
import { formatWhole } from './format.js';
import './nm-picture.js';

/** @import { Prediction } from '../worker/protocol.d.ts' */
/** @import { Asked } from '../state/answers.js' */
/** @import { Lab } from './nm-lab.js' */

const TEMPERATURES = [0, 0.5, 0.8, 1];
/** The worker answers as many at a time. */
const SAMPLES = 8;

/** The samples with their answers, and what to ask. @param {Lab} lab */
export function answersSamples(lab) {
  const { answered } = lab.state.answers;
  return html`
    <p class="note">
      Held-out samples, answered by the lane’s network, hardened: with its pruned weights at zero. Asking leaves no trace in the run.
    </p>
    ${choices(lab)}
    ${
      answered
        ? html`<p>${lab.state.run.lanes[answered.lane]?.name ?? ''} at step ${formatWhole(answered.step)}</p>
            ${shown(answered.samples)}`
        : html`<p>Asking the network.</p>`
    }
  `;
}

/** @param {Lab} lab */
function choices({ state, session }) {
  const { answers, run } = state;
  const choose = (/** @type {Partial<Asked>} */ chosen) => {
    session.store.dispatch({ type: 'answers/chosen', ...chosen });
    void session.asker.now();
  };
  const value = (/** @type {Event} */ event) => Number(/** @type {HTMLSelectElement} */ (event.target).value);
  const isText = answers.answered?.samples[0]?.right === null;
  const next = answers.first + SAMPLES;
  const others = next < (answers.answered?.held_out ?? 0) ? next : 0;
  return html`<div class="chart-options">
    <label class="inline"><span>Lane</span>
      <select @change=${(/** @type {Event} */ event) => choose({ lane: value(event) })}>
        ${run.lanes.map(({ name }, lane) => html`<option value=${lane} ?selected=${lane === answers.lane}>${name}</option>`)}
      </select>
    </label>
    ${
      isText
        ? html`<label class="inline"><span>Temperature</span>
            <select @change=${(/** @type {Event} */ event) => choose({ temperature: value(event) })}>
              ${TEMPERATURES.map(
                (at) => html`<option value=${at} ?selected=${at === answers.temperature}>
                  ${at === 0 ? '0, the likeliest' : at}
                </option>`,
              )}
            </select>
          </label>`
        : nothing
    }
    <button type="button" @click=${() => choose({ first: others })}>Other samples</button>
  </div>`;
}

/** @param {Prediction[]} samples */
function shown(samples) {
  const [first] = samples;
  if (first?.image) return pictures(samples);
  return first?.right === null ? continuations(samples) : translations(samples);
}

/** Right or wrong, in a sign and in words. @param {Prediction} sample */
function verdict({ right }) {
  return right
    ? html`<span class="right" role="img" aria-label="right">✓</span>`
    : html`<span class="wrong" role="img" aria-label="wrong">✗</span>`;
}

/** @param {Prediction[]} samples */
function pictures(samples) {
  return html`<ul class="pictures">
    ${samples.map(
      (sample) => html`<li>
        <nm-picture .picture=${sample.image} label=${sample.truth}></nm-picture>
        <span>${verdict(sample)} ${sample.answer}</span>
        ${sample.right ? nothing : html`<span class="note">is ${sample.truth}</span>`}
      </li>`,
    )}
  </ul>`;
}

/** @param {Prediction[]} samples */
function translations(samples) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Translations">
    <table>
      <thead>
        <tr><th scope="col">Given</th><th scope="col">Answer</th><th scope="col">Right answer</th></tr>
      </thead>
      <tbody>
        ${samples.map(
          (sample) => html`<tr>
            <th scope="row">${sample.input}</th>
            <td>${verdict(sample)} ${sample.answer}</td>
            <td>${sample.truth}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** @param {Prediction[]} samples */
function continuations(samples) {
  return html`<ul class="continuations">
    ${samples.map(
      ({ input, answer, truth }) => html`<li>
        <p class="text">${input}<mark>${answer}</mark></p>
        <p class="note">The text goes on: ${truth}</p>
      </li>`,
    )}
  </ul>`;
}
