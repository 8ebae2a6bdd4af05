import { html } from 'lit';
import { downloadBlob } from '../state/sharing.js';

/** @import { PlotSpec } from '../plots/line-plot.js' */
/** @import { Session } from '../state/session.js' */

/**
 * A chart as a file, drawn with what it shows at the moment.
 *
 * @param {Session} session
 * @param {string} title  Of the chart, for screen readers.
 * @param {(format: 'svg' | 'png') => string} fileName
 * @param {() => { spec: PlotSpec, title: string }} drawing
 */
export function saveButtons(session, title, fileName, drawing) {
  const save = async (/** @type {'svg' | 'png'} */ format) => {
    const { imageOf } = await import('../plots/save-image.js');
    const drawn = drawing();
    downloadBlob(fileName(format), await imageOf(drawn.spec, drawn.title, format));
  };
  const button = (/** @type {'svg' | 'png'} */ format) => html`<button
    type="button"
    class="link"
    aria-label="Save ${title} as ${format.toUpperCase()}"
    @click=${() => session.attempt(() => save(format))}
  >
    ${format.toUpperCase()}
  </button>`;
  return html`<span class="save">${button('png')} ${button('svg')}</span>`;
}
