/** Every point of a study: means, spreads, paired differences. */

import { html } from 'lit';
import { groupHeadings, groupNote, groupRow } from '../seeds-table.js';
import { metricOf } from './study-charts.js';
import { settingsText } from './study-points.js';
import { SUMMARISED } from './study-spec.js';

/** @import { Lab } from '../nm-lab.js' */

/** @param {Lab} lab */
export function studyTable({ state }) {
  const { results, view } = state.study;
  if (!results) return html``;
  const metric = metricOf(results, view);
  const cells = results.cells.filter(({ summary }) => metric in summary);
  const baseline = cells[0]?.summary[metric]?.find((group) => group.baseline === null)?.name ?? '';
  const measure = SUMMARISED[metric].unit;
  return html`
    <h4>Paired differences to ${baseline}</h4>
    <div class="scroll" tabindex="0" role="region" aria-label="Results of the study">
      <table>
        <caption>
          <span>${SUMMARISED[metric].label}</span>
        </caption>
        <thead>
          <tr>
            <th scope="col">Point</th>
            ${groupHeadings('study', baseline, measure, 'Mean')}
          </tr>
        </thead>
        ${cells.map((cell) => {
          const groups = cell.summary[metric] ?? [];
          return html`<tbody>
            ${groups.map((group, index) =>
              groupRow(
                group,
                measure,
                index === 0
                  ? html`<th scope="rowgroup" rowspan=${groups.length}>${settingsText(cell, state.catalog.fields)}</th>`
                  : '',
              ),
            )}
          </tbody>`;
        })}
      </table>
    </div>
    <p class="note">${groupNote(measure)}</p>
  `;
}
