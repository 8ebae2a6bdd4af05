import { html, nothing } from 'lit';
import { expectedOf } from '../state/replay.js';
import { formatNumber } from './format.js';

/** @import { Comparison, Verdict } from '../worker/protocol.d.ts' */
/** @import { Lab } from './nm-lab.js' */

/** @type {Record<Verdict, string>} */
export const VERDICTS = {
  exact: 'Reproduced bit for bit',
  within: 'Reproduced within tolerance',
  differs: 'Not reproduced',
  incomparable: 'Cannot be compared',
};

/** How the run compares with the results that its link carries; nothing without such a link. @param {Lab} lab */
export function replay({ state }) {
  const { comparison } = state.replay;
  const expected = expectedOf(state);
  if (!expected) return nothing;
  return html`
    <section class="panel replay" aria-labelledby="replay-title" aria-live="polite">
      <h2 id="replay-title" tabindex="-1">Replay of a shared run</h2>
      ${
        comparison
          ? outcome(comparison, state)
          : html`<p>
            The link carries the results of a run on ${expected.device}. They are compared when this one finishes.
          </p>`
      }
    </section>
  `;
}

/** @param {Comparison} comparison @param {Lab['state']} state */
function outcome({ verdict, summary, lanes, deviations }, { catalog, run }) {
  const label = (/** @type {string} */ key) =>
    catalog.metrics.find((metric) => metric.key === key)?.label ?? key;
  return html`
    <p class="verdict" data-verdict=${verdict}>${summary[0]?.toUpperCase()}${summary.slice(1)}.</p>
    ${
      verdict === 'exact' || verdict === 'incomparable'
        ? nothing
        : html`<details class="data">
          <summary>Lane by lane, metric by metric</summary>
          <ul>${lanes.map((lane, index) => html`<li>${run.lanes[index]?.name}: ${VERDICTS[lane].toLowerCase()}</li>`)}</ul>
          <div class="scroll" tabindex="0" role="region" aria-label="Largest deviations">
            <table>
              <thead>
                <tr><th scope="col">Metric</th><th scope="col">Largest deviation</th><th scope="col">Tolerance</th></tr>
              </thead>
              <tbody>
                ${deviations.map(
                  ({ tolerance: { metric, absolute, relative }, largest }) => html`<tr>
                    <th scope="row">${label(metric)}</th>
                    <td>${Number.isFinite(largest) ? formatNumber(largest) : 'measured once'}</td>
                    <td>${formatNumber(absolute)}${relative > 0 ? ` + ${formatNumber(100 * relative)} %` : ''}</td>
                  </tr>`,
                )}
              </tbody>
            </table>
          </div>
        </details>`
    }
  `;
}
