import { html } from 'lit';
import { latest } from '../state/history.js';
import { colourIndex } from '../state/view.js';
import { formatCount, formatLoss, formatShare, formatWhole } from './format.js';
import { swatch } from './swatch.js';

/** @import { Lab } from './nm-lab.js' */

/** Columns of the table: heading, metric, writing, meaning. */
const COLUMNS = /** @type {const} */ ([
  ['Accuracy', 'val_accuracy', formatShare, 'On held-out data with the mask and D as trained'],
  [
    'Hardened',
    'val_accuracy_hard',
    formatShare,
    'On held-out data with the target N:M mask, which is what would ship',
  ],
  ['Val. loss', 'val_loss', formatLoss, 'Mean cross-entropy on held-out data'],
  ['Train loss', 'train_loss', formatLoss, 'Mean cross-entropy over the latest training batches'],
  ['Density', 'ff_density', formatShare, 'Share of the feed-forward weights inside the mask'],
]);

/** Where every lane stands; the final table once the budget is spent. @param {Lab} lab */
export function results({ state, dark }) {
  const { run, history, view } = state;
  const measured = run.phase === 'finished' ? 'after the last step' : 'at the latest evaluation';
  return html`
    <section class="panel results" aria-labelledby="results-title">
      <h2 id="results-title">${run.phase === 'finished' ? 'Final result' : 'So far'}</h2>
      <div class="scroll" tabindex="0" role="region" aria-label="Results by lane">
        <table>
          <thead>
            <tr>
              <th scope="col">Lane</th>
              ${COLUMNS.map(([heading, , , help]) => html`<th scope="col" title=${help}>${heading}</th>`)}
              <th scope="col" title="Trained weights per lane">Weights</th>
            </tr>
          </thead>
          <tbody>
            ${run.lanes.map(
              (lane, index) => html`<tr>
                <th scope="row">${swatch(index, colourIndex(view, index), dark)} ${lane.name}</th>
                ${COLUMNS.map(([, key, format]) => html`<td>${format(latest(history, index, key))}</td>`)}
                <td title="${formatWhole(lane.parameters)}, ${formatWhole(lane.sparse_parameters)} of them under a mask">
                  ${formatCount(lane.parameters)}
                </td>
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <p class="note">Accuracy and loss ${measured}. One seed each: small differences mean nothing yet.</p>
    </section>
  `;
}
