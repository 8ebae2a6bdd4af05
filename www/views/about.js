import { html } from 'lit';

/** @import { Lab } from './nm-lab.js' */

/** The teaching text, which is loaded when it is first opened. @param {Lab} lab */
export function about(lab) {
  const load = (/** @type {Event & { target: HTMLDetailsElement }} */ { target }) => {
    if (target.open) void lab.session.attempt(() => import('./teach/nm-teach.js'));
  };
  return html`
    <details class="panel about" @toggle=${load}>
      <summary><h2>What am I looking at?</h2></summary>
      <nm-teach .session=${lab.session}></nm-teach>
    </details>
  `;
}
