import { html, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import { patternText } from '../state/changes.js';
import { readText } from '../state/fields.js';
import { getAt } from '../state/paths.js';
import { inWords } from '../state/wording.js';
import { fitTip } from './tip.js';
import { typed } from './typed.js';

/** @import { FieldSpec, Problem } from '../worker/protocol.d.ts' */
/** @import { Lab } from './nm-lab.js' */

/**
 * @typedef {object} FieldPlace
 * @property {FieldSpec} spec
 * @property {string} path     In the draft: `lanes[2].beta`.
 * @property {boolean} used    Whether the field has a meaning beside the others' values.
 * @property {string} [automatic]  What an empty field comes to, where that is known.
 */

/** A labelled control of one field, with its help and its problem. @param {Lab} lab @param {FieldPlace} place */
export function field(lab, { spec, path, used, automatic }) {
  const id = `field-${path.replaceAll(/[^a-z0-9]+/gi, '-')}`;
  const { fields } = lab.state.catalog;
  const problem = inWords(problemAt(lab.state.draft.problems, path) ?? '', fields) || null;
  const described = `${id}-help ${problem ? `${id}-problem` : ''}`;
  // A value without effect would say that it has one.
  const value = used ? getAt(lab.state.draft.document, path) : null;
  const set = (/** @type {unknown} */ next) => lab.editor.set(path, next);
  const chosen = spec.choices.find((option) => option.value === value)?.help ?? '';
  const control = { id, spec, automatic, value, set, disabled: !used, described, invalid: problem !== null };
  return html`
    <div
      class="field kind-${spec.kind} ${problem ? 'invalid' : ''} ${used ? '' : 'unused'}"
      @focusin=${fitTip}
      @pointerenter=${fitTip}
    >
      ${
        spec.kind === 'locations'
          ? locations(control)
          : html`<label for=${id}>${spec.label}${unitOf(spec)}</label>
            ${spec.kind === 'choice' ? choice(control) : line(control)}`
      }
      <p class="help tip" id="${id}-help">${inWords(spec.help, fields)} ${chosen}${used ? '' : ' Has no effect with the choices beside it.'}</p>
      ${problem ? html`<p class="problem" id="${id}-problem">${problem}</p>` : nothing}
    </div>
  `;
}

/** The unit behind a label that does not end with it. @param {FieldSpec} spec */
function unitOf({ label, unit }) {
  return unit && !label.endsWith(unit) ? html` <small>(${unit})</small>` : nothing;
}

/**
 * @typedef {object} Control
 * @property {string} id
 * @property {FieldSpec} spec
 * @property {string | undefined} automatic
 * @property {unknown} value
 * @property {(value: unknown) => void} set
 * @property {boolean} disabled
 * @property {string} described
 * @property {boolean} invalid
 */

/** @param {Control} control */
function choice({ id, spec, value, set, disabled, described, invalid }) {
  const change = (/** @type {Event & { target: HTMLSelectElement }} */ { target }) => set(target.value);
  return html`<select
    id=${id}
    .value=${live(String(value))}
    ?disabled=${disabled}
    aria-describedby=${described}
    aria-invalid=${invalid}
    @change=${change}
  >
    ${disabled ? html`<option value="null" selected>–</option>` : nothing}
    ${spec.choices.map(
      (option) =>
        html`<option value=${option.value} ?selected=${option.value === value}>${option.label}</option>`,
    )}
  </select>`;
}

/** @param {Control} control */
function line({ id, spec, automatic, value, set, disabled, described, invalid }) {
  const input = (/** @type {Event & { target: HTMLInputElement }} */ { target }) =>
    set(readText(spec, target.value));
  const numeric = spec.kind === 'integer' || spec.kind === 'number';
  return html`<input
    id=${id}
    type="text"
    inputmode=${numeric ? 'decimal' : 'text'}
    autocomplete="off"
    spellcheck="false"
    placeholder=${placeholder(spec, disabled, automatic)}
    ${typed(textOf(spec, value), (text) => readText(spec, text))}
    ?disabled=${disabled}
    aria-describedby=${described}
    aria-invalid=${invalid}
    @input=${input}
  />`;
}

/** @param {Control} control */
function locations({ id, spec, value, set, disabled, described, invalid }) {
  const chosen = Array.isArray(value) ? value : [];
  const toggle = (/** @type {string} */ location, /** @type {boolean} */ on) =>
    set(spec.choices.map((c) => c.value).filter((v) => (v === location ? on : chosen.includes(v))));
  return html`<fieldset id=${id} aria-describedby=${described} ?disabled=${disabled} aria-invalid=${invalid}>
    <legend>${spec.label}</legend>
    ${spec.choices.map(
      (option) => html`<label>
        <input
          type="checkbox"
          .checked=${live(chosen.includes(option.value))}
          @change=${(/** @type {Event & { target: HTMLInputElement }} */ { target }) => toggle(option.value, target.checked)}
        />
        ${option.label}
      </label>`,
    )}
  </fieldset>`;
}

/** @param {FieldSpec} spec @param {boolean} unused @param {string | undefined} automatic */
function placeholder(spec, unused, automatic) {
  if (unused && spec.kind !== 'pattern') return '–';
  return automatic ?? spec.empty;
}

/** @param {FieldSpec} spec @param {unknown} value */
function textOf(spec, value) {
  if (value === null || value === undefined) return '';
  return spec.kind === 'pattern' ? patternText(value) : String(value);
}

/** What is wrong at a path or inside it. @param {Problem[]} problems @param {string} path @returns {string | null} */
export function problemAt(problems, path) {
  const own = problems.filter(
    ({ field }) => field === path || field.startsWith(`${path}.`) || field.startsWith(`${path}[`),
  );
  return own.length > 0 ? own.map(({ reason }) => reason).join('; ') : null;
}
