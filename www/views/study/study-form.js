/** The form of a sweep. */

import { html, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import { fieldAt } from '../../state/fields.js';
import { timeAt } from '../../state/history.js';
import { documentOf, studyLaneName, suggested, sweepable } from '../../state/study-form.js';
import { inWords } from '../../state/wording.js';
import { formatDuration, formatWhole } from '../format.js';
import { problemList } from '../problem-list.js';
import { tip } from '../tip.js';

/** @import { FieldSpec } from '../../worker/protocol.d.ts' */
/** @import { Sweep } from '../../state/study.js' */
/** @import { Lab } from '../nm-lab.js' */

/** @param {Lab} lab */
export function studyForm(lab) {
  const { state, session } = lab;
  const { sweeps, seeds, problems } = state.study;
  const set = (/** @type {Sweep[]} */ next, /** @type {string} */ count = seeds) =>
    session.store.dispatch({ type: 'study/form', sweeps: next, seeds: count });
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    void session.studies.start();
  };
  const rows = sweeps.length < 2 ? [...sweeps, { field: '', values: null }] : sweeps;
  return html`
    <form class="study-form" @submit=${submit}>
      <p>
        Trains the lanes again for every value, each over several seeds, and compares them with intervals. The
        experiment on the page rests meanwhile.
      </p>
      <div class="study-fields">
        ${rows.map((sweep, index) => sweepRow(lab, sweep, index, (next) => set(rows.with(index, next).filter(({ field }, at) => at === 0 || field !== ''))))}
        <label class="study-field">
          <span>Seeds</span>
          <input
            type="text"
            inputmode="numeric"
            autocomplete="off"
            class="seeds"
            .value=${live(seeds)}
            @input=${(/** @type {Event & { target: HTMLInputElement }} */ { target }) => set(sweeps, target.value)}
          />
        </label>
      </div>
      <p class="study-go">
        <button type="submit" class="primary">Train the sweep</button>
        <span class="note">${workOf(lab)} Or drop a file of results here; a second one is drawn behind the first.</span>
      </p>
      ${
        problems.length > 0
          ? html`<div class="problems" role="alert">
            ${problemList(state, problems, (lane) => studyLaneName(state, lane))}
          </div>`
          : nothing
      }
    </form>
  `;
}

/** How much there is to train. @param {Lab} lab */
function workOf({ state, session }) {
  const { lanes, cells, steps } = documentOf(state);
  const seeds = Number(state.study.seeds);
  if (!Number.isInteger(seeds) || seeds < 1) return '';
  const draft = session.edited ? ' It takes the fields as they stand, applied or not.' : '';
  return `${lanes} lanes × ${cells} ${cells === 1 ? 'point' : 'points'} × ${seeds} seeds: ${formatWhole(lanes * cells * seeds)} trainings${lengthOf(state, steps, lanes * seeds)}.${draft}`;
}

/** Their steps and the time they take; nothing while there is no point, or a budget is no number. @param {Lab['state']} state @param {number[]} steps  Of each cell. @param {number} repeated */
function lengthOf(state, steps, repeated) {
  if (steps.length === 0 || steps.some((budget) => !(budget > 0))) return '';
  const [least, most] = [Math.min(...steps), Math.max(...steps)].map(formatWhole);
  const total = steps.reduce((sum, budget) => sum + budget, 0);
  return ` of ${least === most ? least : `${least} to ${most}`} steps${timeOf(state, repeated * total)}`;
}

/** How long so many steps of a lane take, where the run on the page shows it. @param {Lab['state']} state @param {number} laneSteps */
function timeOf({ run, history }, laneSteps) {
  const passed_s = timeAt(history, run.step);
  const done = run.step * run.lanes.length;
  if (!passed_s || done === 0) return '';
  return `, ${formatDuration((passed_s / done) * laneSteps)} at the pace of the run above`;
}

/** @param {Lab} lab @param {Sweep} sweep @param {number} index @param {(sweep: Sweep) => void} set */
function sweepRow({ state }, { field, values }, index, set) {
  const [often, others] = sweepable(state.catalog.fields);
  const spec = fieldAt(state.catalog.fields, field);
  const choose = (/** @type {Event & { target: HTMLSelectElement }} */ { target }) =>
    set({ field: target.value, values: null });
  const type = (/** @type {Event & { target: HTMLInputElement }} */ { target }) =>
    set({ field, values: target.value });
  const option = (/** @type {FieldSpec} */ { path, label }) =>
    html`<option value=${path} ?selected=${path === field}>${label}</option>`;
  const which = index === 0 ? 'Sweep' : 'and';
  return html`
    <label class="study-field">
      <span>${which}</span>
      <select aria-label=${index === 0 ? 'Field to sweep' : 'Second field to sweep'} .value=${live(field)} @change=${choose}>
        <option value="" ?selected=${field === ''}>${index === 0 ? 'seeds only' : 'no second field'}</option>
        <optgroup label="Often swept">${often.map(option)}</optgroup>
        <optgroup label="All others">${others.map(option)}</optgroup>
      </select>
    </label>
    ${
      field === ''
        ? nothing
        : html`<label class="study-field values">
          <span>over</span>
          <input
            type="text"
            autocomplete="off"
            spellcheck="false"
            aria-label="Values of ${spec?.label ?? field}"
            ${tip(inWords(spec?.help ?? '', state.catalog.fields))}
            .value=${live(values ?? suggested(state, field))}
            @input=${type}
          />
        </label>`
    }
  `;
}
