import { html, nothing } from 'lit';
import { presetOf } from '../state/presets.js';
import { tracesOf } from '../state/seeds.js';
import { goTo } from './go-to.js';
import { nowOf } from './now.js';

/** @import { Lab } from './nm-lab.js' */

/** What is compared, what happens now, and the way to the explanation. @param {Lab} lab */
export function intro({ state, session }) {
  return html`
    <section class="intro" aria-label="What is shown">
      <p class="what">${whatOf(state)}</p>
      <p class="now">
        ${nowOf(state.run, tracesOf(state))}
        ${
          session.embed.hidden.includes('about')
            ? nothing
            : html`<button type="button" class="link" @click=${explain}>What am I looking at?</button>`
        }
      </p>
    </section>
  `;
}

/** What is compared. @param {Lab['state']} state */
function whatOf({ catalog, run }) {
  const { document, lanes } = run;
  if (!document) return nothing;
  const preset = presetOf(catalog, document);
  if (preset) return preset.summary;
  const names = new Intl.ListFormat('en').format(lanes.map(({ name }) => name));
  return lanes.length < 5
    ? `${names} learn the same task side by side; “Lanes” below says how they differ.`
    : `${lanes.length} lanes learn the same task side by side; “Lanes” below says how they differ.`;
}

/** Opens the teaching text and brings it into sight. */
function explain() {
  const about = /** @type {HTMLDetailsElement | null} */ (document.querySelector('.about'));
  if (!about) return;
  about.open = true;
  goTo(about, 'summary', 'start');
}
