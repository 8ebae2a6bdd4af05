import { html, nothing } from 'lit';

/** @import { Lab } from './nm-lab.js' */

/** A look inside a matrix. Nothing of it is loaded or read before it is opened. @param {Lab} lab */
export function inspector(lab) {
  const { session, state } = lab;
  const { open } = state.inspector;
  const toggle = (/** @type {Event & { target: HTMLDetailsElement }} */ { target }) => {
    if (target.open === open) return;
    if (target.open) void import('./nm-inspector.js');
    session.store.dispatch({ type: 'inspector/open', open: target.open });
    session.inspect();
  };
  return html`
    <details class="panel inspector" ?open=${open} @toggle=${toggle}>
      <summary><h2>Inside a matrix</h2></summary>
      ${open ? html`<nm-inspector .lab=${lab}></nm-inspector>` : nothing}
    </details>
  `;
}
