import { html, nothing } from 'lit';
import { formatShare, NOTHING } from './format.js';

/** @import { GroupSummary } from '../worker/protocol.d.ts' */
/** @import { Lab } from './nm-lab.js' */

const points = new Intl.NumberFormat(undefined, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
  signDisplay: 'exceptZero',
});

/** A difference of shares in percentage points. @param {number} value */
const formatPoints = (value) => points.format(100 * value);

/** @param {[number, number] | null} interval */
function formatInterval(interval) {
  if (interval === null) return NOTHING;
  const [low, high] = interval;
  return `${formatPoints(low)} to ${formatPoints(high)}`;
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
            <th scope="col">Recipe</th>
            <th scope="col" title="Seeds">N</th>
            <th scope="col" title="Mean and standard deviation over the seeds, with the hard target mask">Hardened</th>
            <th scope="col" title="Mean difference of lanes of equal seed, in percentage points">To ${baseline}</th>
            <th scope="col" title="95 % confidence interval of that mean, Student's t">t interval</th>
            <th scope="col" title="95 % percentile bootstrap of that mean">Bootstrap</th>
          </tr>
        </thead>
        <tbody>
          ${summary.map(row)}
        </tbody>
      </table>
    </div>
    <p class="note">
      Differences are of lanes that share initial weights and batches. An interval that holds 0 decides nothing.
    </p>
  `;
}

/** @param {GroupSummary} group */
function row({ name, n, mean, std, difference, t_interval, bootstrap_interval }) {
  const spread = std === null ? nothing : html` ± ${formatShare(std)}`;
  return html`<tr>
    <th scope="row">${name}</th>
    <td>${n}</td>
    <td>${formatShare(mean)}${spread}</td>
    <td>${difference === null ? NOTHING : formatPoints(difference)}</td>
    <td>${formatInterval(t_interval)}</td>
    <td>${formatInterval(bootstrap_interval)}</td>
  </tr>`;
}
