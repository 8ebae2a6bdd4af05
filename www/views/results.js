import { html } from 'lit';
import { latest } from '../state/history.js';
import { presetOf } from '../state/presets.js';
import { colourIndex } from '../state/view.js';
import { costNote } from './cost-note.js';
import { formatCount, formatLoss, formatNumber, formatShare, formatWhole, NOTHING } from './format.js';
import { paper } from './paper.js';
import { seedsTable } from './seeds-table.js';
import { swatch } from './swatch.js';
import { explained } from './tip.js';

/** @import { OpenedLane } from '../worker/protocol.d.ts' */
/** @import { Lab } from './nm-lab.js' */

/** Columns of what is measured: heading, metric, writing. */
const MEASURED = /** @type {const} */ ([
  ['Accuracy', 'val_accuracy', formatShare],
  ['Hardened', 'val_accuracy_hard', formatShare],
  ['Val. loss', 'val_loss', formatLoss],
  ['Train loss', 'train_loss', formatLoss],
  ['Density', 'ff_density', formatShare],
]);

/** Columns of the hardened network: heading and meaning. */
const COUNTED = /** @type {const} */ ([
  ['Weights', 'Trained numbers of a lane, those that its mask prunes included.'],
  [
    'FLOPs',
    'Multiplications and additions for one sample, hardened, as a share of the dense network’s. Below the table it says why they fall less than the density.',
  ],
  ['Packed', 'Size in memory, hardened: kept values of 4 bytes, each with its place in its group.'],
  [
    'Valid N:M',
    'After the last step the hardened weights are counted, group by group: none may hold more than N that are not zero. A dense network has no groups.',
  ],
]);

/** Where every lane stands; the final table once the budget is spent. @param {Lab} lab */
export function results(lab) {
  const { state, dark } = lab;
  const { run, history, view, catalog } = state;
  const measured = run.phase === 'finished' ? 'after the last step' : 'at the latest evaluation';
  const help = (/** @type {string} */ key) => catalog.metrics.find((metric) => metric.key === key)?.help;
  const headings = [...MEASURED.map(([heading, key]) => [heading, help(key)]), ...COUNTED];
  return html`
    <section class="panel results" aria-labelledby="results-title">
      <h2 id="results-title">${run.phase === 'finished' ? 'Final result' : 'So far'}</h2>
      <div class="scroll" tabindex="0" role="region" aria-label="Results by lane">
        <table>
          <thead>
            <tr>
              <th scope="col">Lane</th>
              ${headings.map(
                ([heading, meaning], column) =>
                  html`<th scope="col">${explained(`results-heading-${column}`, heading, meaning)}</th>`,
              )}
            </tr>
          </thead>
          <tbody>
            ${run.lanes.map(
              (lane, index) => html`<tr>
                <th scope="row">${swatch(index, colourIndex(view, index), dark)} ${lane.name}</th>
                ${MEASURED.map(([, key, format]) => html`<td>${format(latest(history, index, key))}</td>`)}
                ${cost(lane)}
                <td>${validity(lab, index)}</td>
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <p class="note">
        Accuracy and loss
        ${measured}.${run.summary.length === 0 ? ' One seed each: small differences mean nothing yet.' : ''}
        ${presetOf(catalog, run.document)?.notes}
      </p>
      ${costNote(state)} ${seedsTable(lab)} ${paper(lab)}
    </section>
  `;
}

/** What the hardened network takes to run and to store; a recorded run does not know. @param {OpenedLane} lane */
function cost({ parameters, inference_flops, dense_flops, packed_bytes }) {
  if (dense_flops === 0) return [1, 2, 3].map(() => html`<td>${NOTHING}</td>`);
  return html`
    <td>${formatCount(parameters)}</td>
    <td>${formatShare(inference_flops / dense_flops)}</td>
    <td>${formatNumber(packed_bytes / 1024)} KiB</td>
  `;
}

/** @param {Lab} lab @param {number} lane */
function validity({ state: { run, history } }, lane) {
  const { inference_flops = 0, dense_flops = 0 } = run.lanes[lane] ?? {};
  const dense =
    dense_flops > 0 ? inference_flops === dense_flops : run.document?.lanes[lane]?.recipe === 'dense';
  if (dense) return 'dense';
  const invalid = latest(history, lane, 'invalid_groups');
  if (invalid === null) return NOTHING;
  return invalid === 0 ? 'yes' : `no: ${formatWhole(invalid)} groups`;
}
