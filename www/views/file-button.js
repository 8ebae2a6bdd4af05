import { html } from 'lit';

/** @import { Lab } from './nm-lab.js' */

/** Takes data of the visitor. @param {Lab['session']} session */
export function fileButton(session) {
  const choose = (/** @type {Event & { target: HTMLInputElement }} */ { target }) => {
    const files = [...(target.files ?? [])];
    // Choosing the same files again must count as a change.
    target.value = '';
    if (files.length > 0) void session.useFiles(files);
  };
  return html`<label class="button">
    Choose files<input type="file" multiple class="hidden-label" @change=${choose} />
  </label>`;
}
