import { html, nothing } from 'lit';

/** @import { Lab } from './nm-lab.js' */

/** What the chosen preset shows, and what of its source is scaled down. @param {Lab} lab */
export function presetNote({ state }) {
  const { document } = state.run;
  const preset = state.catalog.presets.find(({ title }) => title === document?.name);
  if (!preset) return nothing;
  return html`<p class="preset-note"><b>${preset.summary}</b> ${preset.notes}</p>`;
}
