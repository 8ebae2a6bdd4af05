import { html, svg } from 'lit';
import { colourOf, dashOf } from '../plots/palette.js';

/**
 * The lane's line as charts draw it.
 *
 * @param {number} lane
 * @param {number} colour  Palette entry.
 * @param {boolean} dark
 */
export function swatch(lane, colour, dark) {
  const dash = dashOf(lane).join(' ');
  return html`<svg class="swatch" viewBox="0 0 26 10" width="26" height="10" aria-hidden="true">
    ${svg`<line x1="1" y1="5" x2="25" y2="5" stroke=${colourOf(colour, dark)} stroke-width="2.5" stroke-dasharray=${dash} />`}
  </svg>`;
}
