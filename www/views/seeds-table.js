import { html, nothing } from 'lit';
import { formatLoss, formatShare, NOTHING } from './format.js';
import { explained } from './tip.js';

/** @import { GroupSummary } from '../worker/protocol.d.ts' */
/** @import { Lab } from './nm-lab.js' */

const points = new Intl.NumberFormat(undefined, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
  signDisplay: 'exceptZero',
});

const losses = new Intl.NumberFormat(undefined, {
  minimumFractionDigits: 3,
  maximumFractionDigits: 3,
  signDisplay: 'exceptZero',
});

const loss = { value: formatLoss, difference: (/** @type {number} */ value) => losses.format(value) };

/** How values and their differences are written, by the unit of the values. */
const WRITINGS = {
  '%': {
    value: formatShare,
    difference: (/** @type {number} */ value) => points.format(100 * value),
    unit: 'percentage points',
  },
  nats: { ...loss, unit: 'nats' },
  bits: { ...loss, unit: 'bits' },
};

/** @typedef {keyof typeof WRITINGS} Measure */

/** @param {[number, number] | null} interval @param {(value: number) => string} write */
function formatInterval(interval, write) {
  if (interval === null) return NOTHING;
  const [low, high] = interval;
  return `${write(low)} to ${write(high)}`;
}

/** Mean over seeds and paired difference to the baseline, once lanes repeat each other. @param {Lab} lab */
export function seedsTable({ state }) {
  const { summary } = state.run;
  if (summary.length === 0) return nothing;
  const baseline = summary.find(({ baseline }) => baseline === null)?.name;
  return html`
    <h3>Over seeds</h3>
    <div class="scroll" tabindex="0" role="region" aria-label="Results over seeds">
      <table>
        <thead>
          <tr>
            ${groupHeadings('seeds', baseline ?? '', '%', 'Hardened')}
          </tr>
        </thead>
        <tbody>
          ${summary.map((group) => groupRow(group, '%'))}
        </tbody>
      </table>
    </div>
    <p class="note">${groupNote('%')}</p>
  `;
}

/** Below this many pairs the percentile bootstrap is too narrow to be read. */
const FEWEST_FOR_BOOTSTRAP = 10;

/** How the columns of {@link groupRow} are read. @param {Measure} measure */
export function groupNote(measure) {
  const unit = measure === '%' ? ', in percentage points' : '';
  return html`± is one standard deviation over the seeds. Differences are of lanes that share initial weights and
    batches${unit}; both intervals are of their mean. The bootstrap assumes no bell curve, but is too narrow below
    ${FEWEST_FOR_BOOTSTRAP} seeds and left out there. An interval that holds 0 decides nothing.`;
}

/** Headings of the columns of {@link groupRow}. @param {string} id  Of the table. @param {string} baseline @param {Measure} measure @param {string} value  What the mean is of. */
export function groupHeadings(id, baseline, measure, value) {
  return html`
    <th scope="col">Recipe</th>
    <th scope="col">Seeds</th>
    <th scope="col">${explained(`${id}-mean`, `${value} ± s.d.`, 'Mean and standard deviation over the seeds')}</th>
    <th scope="col">${explained(`${id}-difference`, `To ${baseline}`, `Mean difference of lanes of equal seed, in ${WRITINGS[measure].unit}`)}</th>
    <th scope="col">${explained(`${id}-t`, '95 % t interval', '95 % confidence interval of that mean, Student’s t')}</th>
    <th scope="col">${explained(`${id}-bootstrap`, '95 % bootstrap', '95 % percentile bootstrap of that mean')}</th>
  `;
}

/** @param {GroupSummary} group @param {Measure} measure @param {unknown} [first]  Cells in front. */
export function groupRow(group, measure, first = nothing) {
  const { name, n, mean, std, pairs, difference, t_interval, bootstrap_interval } = group;
  const write = WRITINGS[measure];
  const spread = std === null ? nothing : html` ± ${write.value(std)}`;
  return html`<tr>
    ${first}
    <th scope="row">${name}</th>
    <td>${n}</td>
    <td>${write.value(mean)}${spread}</td>
    <td>${difference === null ? NOTHING : write.difference(difference)}</td>
    <td>${formatInterval(t_interval, write.difference)}</td>
    <td>${formatInterval(pairs < FEWEST_FOR_BOOTSTRAP ? null : bootstrap_interval, write.difference)}</td>
  </tr>`;
}
