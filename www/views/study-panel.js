import { html } from 'lit';
import { later } from './later.js';

/** @import { Lab } from './nm-lab.js' */

const study = later(async () => (await import('./study/study.js')).study);

/** Sweeps and results of studies, closed until a visitor asks for them. @param {Lab} lab */
export function studyPanel(lab) {
  const { shown, phase } = lab.state.study;
  const toggled = (/** @type {Event & { target: HTMLDetailsElement }} */ { target, currentTarget }) => {
    // The tables inside open and close as well.
    if (target === currentTarget && target.open !== shown)
      lab.session.store.dispatch({ type: 'study/shown', shown: target.open });
  };
  return html`
    <details class="panel study" ?open=${shown} @toggle=${toggled}>
      <summary>
        <h2>
          Sweeps and studies <small>lanes over seeds and values, with intervals${phase === 'running' ? '; training' : ''}</small>
        </h2>
      </summary>
      ${shown ? study(lab) : ''}
    </details>
  `;
}
