/** How to see a part of a chart, and how to come back. */

import { html, nothing } from 'lit';
import { explained, tip } from './tip.js';

/** @import { PlotSpec } from '../plots/line-plot.js' */
/** @import { Lab } from './nm-lab.js' */

/** @param {Lab} lab @param {string} title  Of the chart. @param {PlotSpec} spec */
export function zoomHint({ session }, title, { whole, xRange }) {
  if (!whole) return nothing;
  const showAll = () => session.store.dispatch({ type: 'view/zoomed', zoom: null });
  return html`<span class="zoom">
    ${
      xRange === whole
        ? html`<span class="mouse">${explained(`zoom-${title.replaceAll(/\W/g, '-')}`, 'drag to zoom', 'All charts then show that part. With the keyboard: plus, minus, Escape.')}</span
            ><span class="fingers">pinch to zoom</span>`
        : html`<button type="button" class="link" ${tip('Double-click or Escape does the same')} @click=${showAll}>
            Show all<span class="hidden-label"> of ${title}</span>
          </button>`
    }
  </span>`;
}
