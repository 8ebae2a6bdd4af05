import { html, nothing } from 'lit';
import { placeOf } from '../plots/axes.js';

/** @import { PlotSpec } from '../plots/line-plot.js' */

/** Rows of the table: the newest. */
const MOST_ROWS = 20;

/**
 * The chart's numbers for readers who cannot use the drawing.
 *
 * @param {string} caption
 * @param {PlotSpec} spec
 * @param {boolean} open  A closed table costs nothing while training.
 * @param {(open: boolean) => void} toggled
 */
export function dataTable(caption, spec, open, toggled) {
  const toggle = (/** @type {Event & { target: HTMLDetailsElement }} */ { target }) => toggled(target.open);
  return html`
    <details class="data" ?open=${open} @toggle=${toggle}>
      <summary>Data<span class="hidden-label"> of ${caption}</span></summary>
      ${open ? table(caption, spec) : nothing}
    </details>
  `;
}

/** @param {string} caption @param {PlotSpec} spec */
function table(caption, spec) {
  const { x, xLabel, lines, read } = spec;
  const listed = lines.map((line, index) => ({ line, index })).filter(({ line }) => line.read);
  const measured = x
    .map((_, row) => row)
    .filter((row) => listed.some(({ line }) => (line.values[row] ?? null) !== null));
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Data: ${caption}">
      <table>
        <caption>
          <span>${caption}, the last ${Math.min(MOST_ROWS, measured.length)} of ${measured.length} points</span>
        </caption>
        <thead>
          <tr>
            <th scope="col">${xLabel}</th>
            ${listed.map(({ line }) => html`<th scope="col">${line.label}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${measured.slice(-MOST_ROWS).map(
            (row) => html`<tr>
              <th scope="row">${placeOf(spec, x[row] ?? Number.NaN)}</th>
              ${listed.map(({ line, index }) => {
                const value = line.values[row] ?? null;
                return html`<td>${value === null ? '' : read(value, index, row)}</td>`;
              })}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  `;
}
