import { html } from 'lit';
import { until } from 'lit/directives/until.js';

/** @import { TemplateResult } from 'lit' */
/** @import { Lab } from './nm-lab.js' */

/** @typedef {(lab: Lab) => TemplateResult} View */

/**
 * A view whose code arrives when it is first drawn.
 *
 * @param {() => Promise<View>} load
 * @returns {View}
 */
export function later(load) {
  /** @type {View | null} */
  let view = null;
  const arrived = async (/** @type {Lab} */ lab) => {
    try {
      view = await load();
      return view(lab);
    } catch {
      return html`<p class="problems" role="alert">This part did not load. Check the connection and open it again.</p>`;
    }
  };
  return (lab) => (view ? view(lab) : html`${until(arrived(lab), html`<p class="note">Loading…</p>`)}`);
}
