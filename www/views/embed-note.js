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
  return html`<footer class="embed-note">
    <p>
      <b>${experiment.name}</b>, ${experiment.steps.toLocaleString()} steps of ${experiment.batch}:
      ${lanes.map(({ name, difference }) => (difference === name ? name : `${name} (${difference})`)).join(', ')}.
    </p>
    <a href=${wholePage() + location.hash} target="_blank" rel="noopener">Open the whole lab</a>
  </footer>`;
}

/** The page itself, which lies above the built scripts. */
function wholePage() {
  return new URL(import.meta.env.PROD ? '../index.html' : '/index.html', import.meta.url).href;
}
