import { html } from 'lit';

/** @import { PaperTable } from '../worker/protocol.d.ts' */
/** @import { Lab } from './nm-lab.js' */

/** The paper's own numbers, beside the lab's and never among them. @param {Lab} lab */
export function paper({ state }) {
  return html`
    <details class="paper">
      <summary>What the paper reports</summary>
      <p class="note">
        Bambhaniya et al., <a href="https://arxiv.org/abs/2402.04744">arXiv 2402.04744</a>, as printed: large networks
        and long training. Sparse feed-forward matrices unless said otherwise. The lab's own numbers come from networks
        a thousand times smaller; compare the order of the recipes, not the values.
      </p>
      ${state.catalog.paper.map(table)}
    </details>
  `;
}

/** @param {PaperTable} table */
function table({ title, dense, recipes, rows }) {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label=${title}>
      <table>
        <caption>
          <span>${title}; dense ${dense}</span>
        </caption>
        <thead>
          <tr>
            <th scope="col">N:M</th>
            ${recipes.map((recipe) => html`<th scope="col">${recipe}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ sparsity, values }) => html`<tr>
              <th scope="row">${sparsity}</th>
              ${values.map((value) => html`<td>${value}</td>`)}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  `;
}
