import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';

import { takeOver } from '../state/offline.js';
import { fileButton } from './file-button.js';
import { problemList } from './problem-list.js';

/** @import { Lab } from './nm-lab.js' */
/** @import { Notice } from '../state/notices.js' */

/** Why the run stopped, when it did. @param {Lab} lab */
export function failure({ state }) {
  const { failure } = state.run;
  return failure
    ? html`<div class="notice error" role="alert">
        <div>
          <p><b>${failure.message}</b></p>
          <p>${failure.remedy}</p>
        </div>
      </div>`
    : nothing;
}

/** What the visitor must know meanwhile: refused files, a copied link. @param {Lab} lab */
export function notices(lab) {
  return html`
    <div class="notices" aria-live="polite">
      ${repeat(
        lab.state.notices,
        ({ id }) => id,
        (notice) => noticeView(lab, notice),
      )}
    </div>
  `;
}

/** @param {Lab} lab @param {Notice} notice */
function noticeView({ state, session }, { id, kind, text, problems, copyable, action, preset }) {
  const open = () => {
    session.dismiss(id);
    session.discard();
    session.openPreset(preset ?? '');
  };
  return html`
    <div class="notice ${kind}">
      <div>
        <p>${text}</p>
        ${problems?.length ? problemList(state, problems) : nothing}
        ${
          copyable
            ? html`<input type="text" readonly aria-label="Link" .value=${copyable} @focus=${selectAll} />`
            : nothing
        }
        ${
          action === 'take_over'
            ? html`<button type="button" @click=${() => takeOver(session)}>Use the new version</button>`
            : nothing
        }
        ${action === 'choose_files' ? fileButton(session) : nothing}
        ${
          action === 'open_preset'
            ? html`<button type="button" @click=${open}>Discard the changes and open it</button>`
            : nothing
        }
      </div>
      <button type="button" class="quiet" aria-label="Dismiss" @click=${() => session.dismiss(id)}>✕</button>
    </div>
  `;
}

/** @param {FocusEvent & { target: HTMLInputElement }} event */
function selectAll({ target }) {
  target.select();
}
