import { html } from 'lit';
import { latest } from '../state/history.js';
import { presetOf } from '../state/presets.js';
import { colourIndex } from '../state/view.js';
import { formatCount, formatLoss, formatNumber, formatShare, formatWhole, NOTHING } from './format.js';
import { paper } from './paper.js';
import { seedsTable } from './seeds-table.js';
import { swatch } from './swatch.js';

/** @import { OpenedLane } from '../worker/protocol.d.ts' */
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
export function results(lab) {
  const { state, dark } = lab;
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
              <th scope="col" title="FLOPs of one sample through the network that would ship, as a share of the dense network's">
                FLOPs
              </th>
              <th scope="col" title="Size of the network that would ship: kept values of 4 bytes and their indices">
                Packed
              </th>
              <th scope="col" title="Non-zero weights counted in every group of the hardened weights, after the last step">
                Valid N:M
              </th>
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
                ${cost(lane)}
                <td>${validity(latest(history, index, 'invalid_groups'))}</td>
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <p class="note">
        Accuracy and loss
        ${measured}.${run.summary.length === 0 ? ' One seed each: small differences mean nothing yet.' : ''}
        ${presetOf(state.catalog, run.document)?.notes}
      </p>
      ${seedsTable(lab)} ${paper(lab)}
    </section>
  `;
}

/** What the network that would ship takes to run and to store; a recorded run does not know. @param {OpenedLane} lane */
function cost({ inference_flops, dense_flops, packed_bytes, dense_bytes }) {
  if (dense_flops === 0) return html`<td>${NOTHING}</td><td>${NOTHING}</td>`;
  const flops = `${formatNumber(inference_flops / 1e6)} of ${formatNumber(dense_flops / 1e6)} MFLOP per sample`;
  const bytes = `${formatWhole(packed_bytes)} of ${formatWhole(dense_bytes)} bytes`;
  return html`
    <td title=${flops}>${formatShare(inference_flops / dense_flops)}</td>
    <td title=${bytes}>${formatNumber(packed_bytes / 1024)} KiB</td>
  `;
}

/** @param {number | null} invalid */
function validity(invalid) {
  if (invalid === null) return NOTHING;
  return invalid === 0 ? 'yes' : `no: ${formatWhole(invalid)} groups`;
}
