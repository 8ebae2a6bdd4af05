import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';

/** @import { Lab } from './nm-lab.js' */
/** @import { Notice } from '../state/notices.js' */

/** What the visitor must know: a stopped run, refused files, a copied link. @param {Lab} lab */
export function notices(lab) {
  const { failure } = lab.state.run;
  return html`
    <div class="notices" aria-live="polite">
      ${
        failure
          ? html`<div class="notice error" role="alert"><div><p><b>${failure.message}</b></p><p>${failure.remedy}</p></div></div>`
          : nothing
      }
      ${repeat(
        lab.state.notices,
        ({ id }) => id,
        (notice) => noticeView(lab, notice),
      )}
    </div>
  `;
}

/** @param {Lab} lab @param {Notice} notice */
function noticeView({ session }, { id, kind, text, problems, copyable }) {
  return html`
    <div class="notice ${kind}">
      <div>
        <p>${text}</p>
        ${
          problems?.length
            ? html`<ul>${problems.map(({ field, reason }) => html`<li><code>${field}</code> ${reason}</li>`)}</ul>`
            : nothing
        }
        ${
          copyable
            ? html`<input type="text" readonly aria-label="Link" .value=${copyable} @focus=${selectAll} />`
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
