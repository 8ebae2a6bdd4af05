import { html, nothing } from 'lit';

/** @import { Lab } from './nm-lab.js' */

/**
 * What an embedding page left out, in words: which experiment this is, how its lanes differ, and the
 * way to the whole lab. Nothing where nothing was left out.
 *
 * @param {Lab} lab
 */
export function embedNote({ state, session }) {
  const { document: experiment, lanes } = state.run;
  if (session.embed.hidden.length === 0 || !experiment) return nothing;
  return html`<footer class="foot embed-note">
    <p>
      <b>${experiment.name}</b>, ${experiment.steps.toLocaleString()} steps of ${experiment.batch}:
      ${lanes.map(({ name, difference }) => (difference === name ? name : `${name} (${difference})`)).join(', ')}.
    </p>
    <a href=${addressOf('index.html') + location.hash} target="_blank" rel="noopener">Open the whole lab</a>
  </footer>`;
}

/** The address of one of the pages, which lie above the built scripts. @param {string} page */
export function addressOf(page) {
  return new URL(import.meta.env.PROD ? `../${page}` : `/${page}`, import.meta.url).href;
}
