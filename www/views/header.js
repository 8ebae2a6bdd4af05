import { html, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import { presetOf } from '../state/presets.js';
import { download, fileName, runFileOf, toCsv } from '../state/sharing.js';
import { tip } from './tip.js';

/** @import { Lab } from './nm-lab.js' */
/** @import { Theme } from '../state/preferences.js' */

/** Name, purpose, presets, sharing and appearance. @param {Lab} lab */
export function header(lab) {
  const { session } = lab;
  const ready = lab.state.run.document !== null;
  const csv = () => download(fileName(lab.state, 'csv'), 'text/csv', toCsv(lab.state));
  const json = () =>
    download(fileName(lab.state, 'json'), 'application/json', JSON.stringify(runFileOf(lab.state)));
  return html`
    <header class="top">
      <div class="brand">
        <h1>nmflow</h1>
        <p class="roomy">Transformers with N:M sparsity, trained in this tab.</p>
        ${tourButton(lab)}
      </div>
      <div class="tools">
        ${presetPicker(lab)}
        <div class="exports">
          <button type="button" ?disabled=${!ready} @click=${() => session.copyLink()}>Copy link</button>
          <button type="button" ?disabled=${!ready} @click=${csv} ${tip('All measurements as a table')}>CSV</button>
          <button type="button" ?disabled=${!ready} @click=${json} ${tip('Experiment and all measurements')}>JSON</button>
        </div>
        ${themePicker(lab)}
      </div>
    </header>
  `;
}

/** Offers newcomers a look around. @param {Lab} lab */
function tourButton({ state, session }) {
  if (state.view.toured || state.view.touring) return nothing;
  const begin = () =>
    session.attempt(async () => {
      await import('./teach/nm-tour.js');
      session.store.dispatch({ type: 'view/touring', touring: true });
    });
  const decline = () => session.store.dispatch({ type: 'view/touring', touring: false });
  return html`<p class="tour-offer">
    <button type="button" class="link" @click=${begin}>Take the tour</button>
    <button type="button" class="link" aria-label="No tour, thanks" @click=${decline}>✕</button>
  </p>`;
}

/** @param {Lab} lab */
function presetPicker({ state, session }) {
  const { presets } = state.catalog;
  // The choice stays with what was chosen while that opens.
  const current =
    presets.find(({ id }) => id === state.run.opening) ?? presetOf(state.catalog, state.run.document);
  const choose = (/** @type {Event & { target: HTMLSelectElement }} */ event) =>
    session.openPreset(event.target.value);
  return html`
    <label class="inline experiments" ${tip(current?.summary ?? '')}>
      <span class="roomy">Experiment</span>
      <select .value=${live(current?.id ?? '')} @change=${choose}>
        <option value="" disabled ?selected=${!current}>${named(state)}</option>
        ${presets.map(
          ({ id, title, summary }) =>
            html`<option value=${id} title=${summary} ?selected=${id === current?.id}>${title}</option>`,
        )}
      </select>
    </label>
  `;
}

/** What an experiment is called that is none of the presets. @param {Lab['state']} state */
function named({ catalog, run }) {
  if (!run.document) return 'Loading';
  const { name } = run.document;
  return catalog.presets.some(({ title }) => title === name) ? `Changed: ${name}` : name;
}

/** @param {Lab} lab */
function themePicker({ state, session }) {
  const choose = (/** @type {Event & { target: HTMLSelectElement }} */ event) =>
    session.store.dispatch({ type: 'view/theme', theme: /** @type {Theme} */ (event.target.value) });
  return html`
    <label class="inline appearance">
      <span class="hidden-label">Appearance</span>
      <select .value=${live(state.view.theme)} @change=${choose}>
        <option value="auto">Auto theme</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  `;
}
