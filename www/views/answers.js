import { html } from 'lit';
import { later } from './later.js';

/** @import { Lab } from './nm-lab.js' */

const samples = later(async () => (await import('./answers-samples.js')).answersSamples);

/** What the networks answer, closed until a visitor asks. @param {Lab} lab */
export function answers(lab) {
  const { session, state } = lab;
  const { open } = state.answers;
  const toggle = (/** @type {Event & { target: HTMLDetailsElement }} */ { target }) => {
    if (target.open === open) return;
    session.store.dispatch({ type: 'answers/open', open: target.open });
    void session.asker.now();
  };
  return html`
    <details class="panel answers" ?open=${open} @toggle=${toggle}>
      <summary><h2>What it answers</h2></summary>
      ${open ? html`<div class="shown">${samples(lab)}</div>` : ''}
    </details>
  `;
}
