/** What all charts of a study share: title, drawing, data table, files. */

import '../../plots/nm-plot.js';
import { html, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import { dataTable } from '../data-table.js';
import { saveButtons } from '../save-buttons.js';

/** @import { PlotSpec } from '../../plots/line-plot.js' */
/** @import { ChartId } from '../../state/study.js' */
/** @import { Lab } from '../nm-lab.js' */

/** @param {Lab} lab @param {ChartId} id @param {string} title @param {PlotSpec} spec @param {unknown} [foot] */
export function chart(lab, id, title, spec, foot = nothing) {
  const { session, state } = lab;
  const { table } = state.study.view;
  const name = (/** @type {string} */ format) => {
    const words = (state.study.results?.name ?? '').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    return `nmflow-study-${words}-${id}.${format}`;
  };
  const drawing = () => ({ spec, title: `${title}. ${state.study.results?.name ?? ''}` });
  return html`
    <section class="chart" aria-labelledby="study-${id}" data-chart="study-${id}">
      <h4 id="study-${id}">${title}</h4>
      <nm-plot .spec=${spec} .name=${title}></nm-plot>
      ${foot}
      <div class="chart-foot">
        ${dataTable(title, spec, table === id, (open) => {
          // Closing the one must not close the other.
          const now = session.store.state.study.view.table;
          if (open || now === id)
            session.store.dispatch({ type: 'study/view', change: { table: open ? id : null } });
        })}
        ${saveButtons(session, title, name, drawing)}
      </div>
    </section>
  `;
}

/** @param {string} label @param {string} value @param {[string, string][]} choices @param {(value: string) => void} set */
export function choice(label, value, choices, set) {
  const change = (/** @type {Event & { target: HTMLSelectElement }} */ { target }) => set(target.value);
  return html`<label class="inline">
    <span>${label}</span>
    <select .value=${live(value)} @change=${change}>
      ${choices.map(([key, text]) => html`<option value=${key} ?selected=${key === value}>${text}</option>`)}
    </select>
  </label>`;
}
