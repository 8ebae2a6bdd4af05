/** Sweeps that are trained on the page, and results of studies from files. */

import './study.css';
import { html, nothing } from 'lit';
import { studyCharts } from './study-charts.js';
import { studyCurves } from './study-curves.js';
import { studyForm } from './study-form.js';
import { studyProgress } from './study-progress.js';
import { studyTable } from './study-table.js';

/** @import { Study } from '../../state/study.js' */
/** @import { Lab } from '../nm-lab.js' */

/** @param {Lab} lab */
export function study(lab) {
  const { results, phase } = lab.state.study;
  const ready = phase === 'none' || phase === 'finished' || phase === 'file';
  const measured = results !== null && results.cells.length > 0;
  return html`
    ${ready ? nothing : studyProgress(lab)} ${measured ? heading(lab) : nothing}
    ${measured ? html`${studyCharts(lab)} ${studyCurves(lab)} ${studyTable(lab)}` : nothing}
    ${ready ? studyForm(lab) : nothing}
  `;
}

/** `3 points`; `3 of 5 points` where it was stopped. @param {Study} study */
function pointsOf({ phase, cells, results }) {
  const trained = results?.cells.length ?? 0;
  if (phase === 'finished' && trained < cells.length) return `${trained} of ${cells.length} points`;
  return trained === 1 ? 'One point' : `${trained} points`;
}

/** What is drawn, and where it leaves the page. @param {Lab} lab */
function heading({ state, session }) {
  const { results, phase } = state.study;
  if (!results) return nothing;
  const { name, notes, device, nmflow, cells } = results;
  const seeds = Math.max(...cells.map(({ summary }) => Object.values(summary)[0]?.[0]?.n ?? 0));
  return html`
    <div class="study-head">
      <h3>${name}</h3>
      <p class="note">
        ${notes} ${pointsOf(state.study)}, ${seeds === 1 ? 'one seed' : `${seeds} seeds`},
        trained on ${device || 'an unnamed device'} with nmflow ${nmflow}.
      </p>
      <button type="button" @click=${() => session.studies.export()}>Export results</button>
      ${
        phase === 'finished' || phase === 'file'
          ? html`<button type="button" class="quiet" @click=${() => session.studies.close()}>Close results</button>`
          : nothing
      }
    </div>
  `;
}
