import { html, nothing } from 'lit';
import { changes } from '../state/changes.js';
import { needsFiles } from '../state/files.js';
import { draftName } from '../state/lanes.js';
import { fileButton } from './file-button.js';
import { problemList } from './problem-list.js';
import { tip } from './tip.js';

/** @import { Lab } from './nm-lab.js' */

/** What the edits would change and what is wrong with them; nothing without edits. @param {Lab} lab */
export function pending({ state, session }) {
  const list = changes(state);
  const { problems, document } = state.draft;
  if (list.length === 0) return nothing;
  const ask = needsFiles(document) && !needsFiles(state.run.document);
  // Not disabled while the draft is being checked: a press begins by leaving the field, which has the draft checked once
  // more, and would never become a click.
  return html`
    <section class="panel pending" aria-labelledby="pending-title">
      <div class="pending-head">
        <h2 id="pending-title">Changed: restart needed</h2>
        <button
          type="button"
          class="primary"
          aria-keyshortcuts="Control+Enter"
          ?disabled=${problems.length > 0}
          ${tip('From any field: Ctrl + Enter')}
          @click=${() => session.apply()}
        >
          Apply &amp; restart
        </button>
        <button type="button" @click=${() => session.discard()}>Discard</button>
      </div>
      <ul class="changes" tabindex=${list.length > 3 ? 0 : nothing} aria-labelledby="pending-title">
        ${list.map(
          ({ what, before, after }) =>
            html`<li><span>${what}</span> ${before ? html`<del>${before}</del> ` : nothing}<ins>${after}</ins></li>`,
        )}
      </ul>
      ${
        ask
          ? html`<p>
            This task trains on your files: drop them anywhere on the page, or choose them. ${fileButton(session)}
          </p>`
          : nothing
      }
      ${
        problems.length > 0
          ? html`<div class="problems" role="alert">
            <p>${problems.length === 1 ? 'One thing is' : `${problems.length} things are`} in the way:</p>
            ${problemList(state, problems, (lane) => draftName(state, lane))}
          </div>`
          : nothing
      }
    </section>
  `;
}
