import { html, nothing } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { live } from 'lit/directives/live.js';
import { repeat } from 'lit/directives/repeat.js';
import { patternText } from '../state/changes.js';
import { download } from '../state/sharing.js';
import { formatShare, formatWhole } from './format.js';
import { tip } from './tip.js';

/** @import { Entry } from '../storage/database.js' */
/** @import { Lab } from './nm-lab.js' */

/** The run on the page and the saved ones. @param {Lab} lab */
export function runs(lab) {
  const { entries, trouble, current } = lab.state.runs;
  const others = entries.filter(({ id }) => id !== current);
  return html`
    <section class="panel runs" aria-labelledby="runs-title">
      <div class="panel-head">
        <h2 id="runs-title">Runs <small>saved in this browser every 15 seconds</small></h2>
        ${importButton(lab)}
      </div>
      ${trouble ? html`<p class="trouble" role="alert">${trouble}</p>` : nothing} ${present(lab)}
      ${others.length > 0 ? table(lab, others) : nothing}
    </section>
  `;
}

/** @param {Lab} lab */
function importButton({ session }) {
  const choose = (/** @type {Event & { target: HTMLInputElement }} */ { target }) => {
    const [file] = target.files ?? [];
    if (file) void session.openFile(file);
    target.value = '';
  };
  return html`<label class="button" ${tip('A run, or the results of a study')}>
    Open results<input type="file" accept=".json,application/json" class="hidden-label" @change=${choose} />
  </label>`;
}

/** The run on the page: keep it, take its files out. @param {Lab} lab */
function present({ state, session }) {
  const { run, runs } = state;
  const entry = runs.entries.find(({ id }) => id === runs.current);
  const keep = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const field = /** @type {HTMLInputElement} */ (form.elements.namedItem('name'));
    field.value = field.value.trim() || (run.document?.name ?? '');
    void session.keeper.keep(field.value);
  };
  return html`
    <form class="keep" @submit=${keep}>
      <label class="inline">
        <span>This run</span>
        ${
          // Another run has nothing of what was typed for the one before it.
          keyed(
            runs.current,
            html`<input type="text" name="name" maxlength="80" .value=${entry?.name ?? run.document?.name ?? ''} />`,
          )
        }
      </label>
      <button type="submit" ?disabled=${!run.document}>${entry?.kept ? 'Rename' : 'Keep'}</button>
      <details class="more">
        <summary>Files of this run</summary>
        <p>
          ${run.lanes.map(
            ({ name }, lane) =>
              html`<button type="button" class="link" @click=${() => session.exportWeights(lane)}>
                Weights of ${name}
              </button> `,
          )}
          <button type="button" class="link" @click=${() => session.exportAuthors()}>Config in the authors’ keys</button>
        </p>
      </details>
    </form>
  `;
}

/** @param {Lab} lab @param {Entry[]} entries */
function table(lab, entries) {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Saved runs">
      <table>
        <thead>
          <tr>
            <th scope="col">Saved run</th>
            <th scope="col"><span class="hidden-label">Actions</span></th>
            <th scope="col">Steps</th>
            <th scope="col">Accuracy, hardened</th>
          </tr>
        </thead>
        <tbody>
          ${repeat(
            entries,
            ({ id }) => id,
            (entry) => row(lab, entry),
          )}
        </tbody>
      </table>
    </div>
  `;
}

/** @param {Lab} lab @param {Entry} entry */
function row({ state, session }, entry) {
  const { id, name, kept, document, saved_ms, phase, step, steps, lanes, resumable } = entry;
  const { keeper } = session;
  const overlaid = state.runs.overlays.some((overlay) => overlay.id === id);
  const rename = (/** @type {Event & { target: HTMLInputElement }} */ { target }) => {
    const wanted = target.value.trim();
    if (wanted && wanted !== name) void keeper.rename(entry, wanted);
    else target.value = name;
  };
  const date = new Date(saved_ms).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  const share = (/** @type {number | null} */ value) => (value === null ? '–' : formatShare(value));
  return html`<tr>
    <th scope="row">
      <input type="text" class="name" maxlength="80" aria-label="Name of ${name}" .value=${name} @change=${rename} />
      <small>${[date, ...patternsOf(document), ...(kept ? [] : ['not kept'])].join(', ')}</small>
    </th>
    <td class="actions">
      <label class="check">
        <input type="checkbox" aria-label="Draw ${name}" .checked=${live(overlaid)} @change=${() => keeper.toggleOverlay(entry)} />
        Draw
      </label>
      ${
        resumable
          ? html`<button type="button" class="quiet" aria-label="${phase === 'finished' ? 'Open' : 'Continue'} ${name}" @click=${() => session.openSaved(entry)}>
            ${phase === 'finished' ? 'Open' : 'Continue'}
          </button>`
          : nothing
      }
      <button type="button" class="quiet" aria-label="Export ${name}" @click=${() => save(session, entry)}>Export</button>
      ${removal(session, entry, state.runs.removing === id)}
    </td>
    <td>${formatWhole(step)} of ${formatWhole(steps)}</td>
    <td>${lanes.map((lane) => html`<div>${lane.name} <b>${share(lane.hardened ?? lane.accuracy)}</b></div>`)}</td>
  </tr>`;
}

/** What its lanes are pruned to, such as 1:16. @param {Entry['document']} experiment */
function patternsOf({ lanes }) {
  const patterns = lanes.flatMap(({ recipe, ff, attention }) => (recipe === 'dense' ? [] : [ff, attention]));
  return new Set(patterns.filter(Boolean).map(patternText));
}

/** @param {Lab['session']} session @param {Entry} entry @param {boolean} asked */
function removal({ store, keeper }, { id, name }, asked) {
  if (!asked) {
    const ask = () => store.dispatch({ type: 'runs/removing', id });
    return html`<button type="button" class="quiet" aria-label="Delete ${name}" @click=${ask}>Delete</button>`;
  }
  const cancel = () => store.dispatch({ type: 'runs/removing', id: null });
  return html`
    <button type="button" class="quiet danger" aria-label="Really delete ${name}" @click=${() => keeper.remove(id)}>
      Really delete
    </button>
    <button type="button" class="quiet" @click=${cancel}>Cancel</button>
  `;
}

/** @param {Lab['session']} session @param {Entry} entry */
async function save({ keeper }, { id, name }) {
  const file = await keeper.file(id);
  const words = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  if (file) download(`nmflow-${words}.json`, 'application/json', JSON.stringify(file));
}
