import { html } from 'lit';
import { later } from './later.js';

/** @import { Lab } from './nm-lab.js' */

const kernelBench = later(async () => (await import('./kernel-bench.js')).kernelBench);

/** The kernel bench, closed until a visitor asks for it. @param {Lab} lab */
export function benchPanel(lab) {
  const { shown } = lab.state.kernels;
  const toggled = (/** @type {Event & { target: HTMLDetailsElement }} */ { target, currentTarget }) => {
    // The tables inside open and close as well.
    if (target === currentTarget) lab.session.store.dispatch({ type: 'kernels/shown', shown: target.open });
  };
  return html`
    <details class="panel bench" ?open=${shown} @toggle=${toggled}>
      <summary><h2>How fast are N:M kernels here?</h2></summary>
      ${shown ? kernelBench(lab) : ''}
    </details>
  `;
}
