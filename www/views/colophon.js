import { html } from 'lit';
import { addressOf } from './embed-note.js';

/** What this is and where else it can be shown, below everything. */
export function colophon() {
  return html`<footer class="foot">
    <p>
      nmflow is free software under MIT or Apache 2.0. Training, data and saved runs stay in this browser.
    </p>
    <a href=${addressOf('examples/embed.html')}>Show it in your own page</a>
  </footer>`;
}
