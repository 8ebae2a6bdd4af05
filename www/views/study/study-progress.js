/** How far a sweep is. */

import { html, nothing } from 'lit';
import { nextCell } from '../../state/study.js';
import { formatDuration, formatWhole } from '../format.js';
import { settingsText } from './study-points.js';

/** @import { Lab } from '../nm-lab.js' */

/** @param {Lab} lab */
export function studyProgress({ state, session }) {
  const { study, catalog } = state;
  const { phase, cells, results, progress, trouble, document } = study;
  const { studies } = session;
  const at = nextCell(study);
  const cell = cells[at];
  const steps = Number(cell?.experiment.steps ?? 0);
  const done = (results?.cells.length ?? 0) + study.skipped.length;
  const parts = cell?.parts.length ?? 1;
  const inside = progress && steps > 0 ? (progress.part + progress.step / steps) / parts : 0;
  const words = cell
    ? html`Point <b>${formatWhole(done + 1)}</b> of ${formatWhole(cells.length)}: ${settingsText(cell, catalog.fields)}`
    : html`${formatWhole(done)} points of “${document?.name}” are trained`;
  const left = phase === 'running' ? secondsLeft(state, inside) : null;
  return html`
    <div class="study-progress">
      ${
        phase === 'running'
          ? html`<button type="button" @click=${() => studies.pause()}>Pause the sweep</button>`
          : html`<button type="button" class="primary" @click=${() => studies.resume()}>Continue the sweep</button>
            ${trouble && cell ? html`<button type="button" @click=${() => studies.skip()}>Skip this point</button>` : nothing}
            <button type="button" class="quiet" @click=${() => studies.close()}>Give it up</button>`
      }
      <p>
        <strong role="status">${phase === 'running' ? 'Training' : 'Paused'}</strong>
        <span>${words}</span>
        ${progress && phase === 'running' ? html`<span>step ${formatWhole(progress.step)} of ${formatWhole(steps)}</span>` : nothing}
        ${left === null ? nothing : html`<span>about ${formatDuration(left)} left</span>`}
      </p>
      <progress aria-label="Points trained" max=${cells.length || 1} .value=${Math.min(done + inside, cells.length)}></progress>
      ${trouble ? html`<p class="trouble" role="alert">${trouble}</p>` : nothing}
    </div>
  `;
}

/** At the present speed. @param {Lab['state']} state @param {number} inside  Share of the present point that is done. */
function secondsLeft({ study }, inside) {
  const { cells, progress } = study;
  const at = nextCell(study);
  if (!progress || !(progress.stepsPerSecond > 0) || at < 0) return null;
  const stepsOf = (/** @type {number} */ index) =>
    (cells[index]?.experiment.steps ?? 0) * (cells[index]?.parts.length ?? 1);
  const whole = cells.slice(at + 1).reduce((sum, _, offset) => sum + stepsOf(at + 1 + offset), 0);
  return (whole + stepsOf(at) * (1 - inside)) / progress.stepsPerSecond;
}
