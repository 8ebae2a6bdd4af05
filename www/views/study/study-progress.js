/** How far a sweep is. */

import { html, nothing } from 'lit';
import { nextCell } from '../../state/study.js';
import { formatDuration, formatWhole } from '../format.js';
import { tip } from '../tip.js';
import { settingsText } from './study-points.js';

/** @import { Study } from '../../state/study.js' */
/** @import { Lab } from '../nm-lab.js' */

/** @param {Lab} lab */
export function studyProgress({ state, session }) {
  const { study, catalog } = state;
  const { phase, cells, results, progress, trouble, document } = study;
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
      ${phase === 'running' ? pausing(session) : continuing(session, trouble !== null && at >= 0)}
      ${ending(session, study)}
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

/** @param {Lab['session']} session */
const pausing = ({ studies }) =>
  html`<button type="button" @click=${() => studies.pause()}>Pause the sweep</button>`;

/** @param {Lab['session']} session @param {boolean} stuck  Whether its point cannot be trained. */
const continuing = ({ studies }, stuck) => html`
  <button type="button" class="primary" @click=${() => studies.resume()}>Continue the sweep</button>
  ${stuck ? html`<button type="button" @click=${() => studies.skip()}>Skip this point</button>` : nothing}
`;

/** Its end before the last point. @param {Lab['session']} session @param {Study} study */
function ending({ studies, store }, { results, discarding }) {
  const ask = (/** @type {boolean} */ asked) => () =>
    store.dispatch({ type: 'study/discarding', discarding: asked });
  if (discarding)
    return html`
      <button type="button" class="quiet danger" @click=${() => studies.close()}>Really discard</button>
      <button type="button" class="quiet" @click=${ask(false)}>Cancel</button>
    `;
  const trained = (results?.cells.length ?? 0) > 0;
  const meaning = 'The finished points stay, with their charts and table; the one that trains is dropped';
  return html`
    ${trained ? html`<button type="button" ${tip(meaning)} @click=${() => studies.stop()}>Stop and keep what is done</button>` : nothing}
    <button type="button" class="quiet" ${tip('All its points are forgotten')} @click=${ask(true)}>Discard the sweep</button>
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
