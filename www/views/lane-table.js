import { html, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import { COLOUR_NAMES } from '../plots/palette.js';
import { lanesOf } from '../state/draft.js';
import { appliesTo } from '../state/fields.js';
import { draftColour, draftName } from '../state/lanes.js';
import { field } from './field.js';
import { formatNumber } from './format.js';
import { swatch } from './swatch.js';
import { tip } from './tip.js';

/** @import { FieldSpec } from '../worker/protocol.d.ts' */
/** @import { Json } from '../state/paths.js' */
/** @import { Lab } from './nm-lab.js' */

/** The fewest seeds that give an interval worth reading. */
const SEEDS = 3;
/** Lanes of an experiment. */
const MOST_LANES = 32;
/** Fields in a lane's row; the others are behind "More". */
const ROW = ['name', 'recipe', 'ff', 'beta', 'lambda', 'gradient', 'learning_rate', 'seed'];

/** The lanes and what tells them apart. @param {Lab} lab */
export function laneTable(lab) {
  const lanes = lanesOf(lab.state.draft.document);
  const specs = lab.state.catalog.fields.filter((spec) => spec.path.startsWith('lanes[].'));
  return html`
    <section class="panel lanes" aria-labelledby="lanes-title">
      <div class="panel-head">
        <h2 id="lanes-title">Lanes <small>same start, same batches, different recipes</small></h2>
        <div class="head-actions">
          ${repeat(lab, lanes.length)}
          <button type="button" @click=${(/** @type {Event} */ event) => reveal(event, lab.editor.addLane())}>
            Add lane
          </button>
        </div>
      </div>
      <ol>
        ${lanes.map((lane, index) => laneRow(lab, lane, index, specs, lanes.length))}
      </ol>
    </section>
  `;
}

/** @param {Lab} lab @param {number} count */
function repeat({ editor }, count) {
  const possible = count > 0 && count * SEEDS <= MOST_LANES;
  const meaning = possible
    ? 'Adds every lane again with the next two seeds: means, bands and paired differences need them'
    : `${count} lanes over ${SEEDS} seeds are more than the ${MOST_LANES} lanes of an experiment: remove some first`;
  return html`<button type="button" ${tip(meaning)} aria-disabled=${!possible} @click=${() => possible && editor.repeatOverSeeds(SEEDS)}>
    Repeat over ${SEEDS} seeds
  </button>`;
}

/** @param {Lab} lab @param {Json} lane @param {number} index @param {FieldSpec[]} specs @param {number} count */
function laneRow(lab, lane, index, specs, count) {
  const { state } = lab;
  const name = draftName(state, index);
  const origin = state.draft.origins[index] ?? null;
  const difference = differenceOf(state, index);
  const beta = (state.draft.schedule?.[index] ?? state.run.schedule[origin ?? -1])?.beta;
  /** @type {Record<string, string>} */
  const automatic = { 'lanes[].name': name };
  if (typeof beta === 'number') automatic['lanes[].beta'] = `auto: ${formatNumber(beta)}`;
  const place = (/** @type {FieldSpec} */ spec) =>
    field(lab, {
      spec,
      path: spec.path.replace('[]', `[${index}]`),
      used: appliesTo(spec, lane.recipe),
      automatic: automatic[spec.path],
    });
  const inRow = ROW.flatMap((key) => specs.find((spec) => spec.path === `lanes[].${key}`) ?? []);
  const more = specs.filter((spec) => !inRow.includes(spec));
  return html`
    <li class="lane">
      <div class="lane-head">
        ${colourPicker(lab, index, name)}
        <h3>${name}</h3>
        <p>${origin === null ? 'new: ' : nothing}${difference === name ? nothing : difference}</p>
        ${visibility(lab, origin, name)}
        ${laneButtons(lab, index, name, count)}
      </div>
      <div class="lane-fields">${inRow.map(place)}</div>
      <details class="more">
        <summary>More settings<span class="hidden-label"> of ${name}</span></summary>
        <div class="lane-fields">${more.map(place)}</div>
      </details>
    </li>
  `;
}

/** What tells a lane from the first one; nothing while that is not known. @param {Lab['state']} state @param {number} index */
function differenceOf({ draft, run }, index) {
  const [first, origin] = [draft.origins[0], draft.origins[index] ?? null];
  const trained = first === 0 && origin !== null ? run.lanes[origin]?.difference : undefined;
  return draft.lanes?.[index]?.difference ?? trained ?? '';
}

/** @param {Lab} lab @param {number} index @param {string} name @param {number} count */
function laneButtons({ editor }, index, name, count) {
  const move = (/** @type {MouseEvent} */ event, /** @type {number} */ by) => {
    editor.moveLane(index, by);
    void follow(event, index + by);
  };
  const remove = (/** @type {MouseEvent} */ event) => {
    editor.removeLane(index);
    void follow(event, Math.min(index, count - 2));
  };
  /** @type {[string, string, boolean, (event: MouseEvent) => void][]} */
  const buttons = [
    ['↑', `Move ${name} up`, index > 0, (event) => move(event, -1)],
    ['↓', `Move ${name} down`, index < count - 1, (event) => move(event, 1)],
    ['Copy', `Copy ${name}`, true, (event) => reveal(event, editor.copyLane(index))],
    ['Remove', `Remove ${name}`, count > 1, remove],
  ];
  return html`<span class="lane-buttons">
    ${buttons.map(
      ([text, label, enabled, act]) =>
        html`<button type="button" class="quiet" aria-label=${label} ${tip(label)} ?disabled=${!enabled} @click=${act}>
          ${text}
        </button>`,
    )}
  </span>`;
}

/**
 * Brings a new lane into sight, with the focus on what one would choose first.
 *
 * @param {Event} event  Of the button that made it.
 * @param {number} index
 */
async function reveal({ currentTarget }, index) {
  const lane = await drawnLane(currentTarget, index);
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  lane?.scrollIntoView({ block: 'center', behavior: calm ? 'instant' : 'smooth' });
  /** @type {HTMLElement | null | undefined} */ (lane?.querySelector('select[id$=recipe]'))?.focus({
    preventScroll: true,
  });
}

/**
 * Keeps the focus with the lane that was moved, or with the one that came in the place of a removed one.
 *
 * @param {MouseEvent} event  Of the button that did it.
 * @param {number} index  Where that lane is now.
 */
async function follow({ currentTarget, detail }, index) {
  const button = /** @type {HTMLElement} */ (currentTarget);
  const place = [...(button.parentElement?.children ?? [])].indexOf(button);
  const lane = await drawnLane(button, index);
  const buttons = [...(lane?.querySelectorAll('.lane-buttons button') ?? [])];
  const [possible] = [buttons[place], ...buttons].filter((each) => each && !each.matches(':disabled'));
  // Below a pointer nothing moves.
  /** @type {HTMLElement | undefined} */ (possible)?.focus({ preventScroll: detail > 0 });
}

/** A lane's row once the page is drawn anew. @param {EventTarget | null} within @param {number} index */
async function drawnLane(within, index) {
  const lab = /** @type {HTMLElement} */ (within).closest('nm-lab');
  await /** @type {import('./nm-lab.js').NmLab | null} */ (lab)?.updateComplete;
  return lab?.querySelectorAll('.lane')[index];
}

/** The lane's line, which is also the choice of its colour. @param {Lab} lab @param {number} index @param {string} name */
function colourPicker({ state, editor, dark }, index, name) {
  const colour = draftColour(state, index);
  const value = String(colour % COLOUR_NAMES.length);
  const change = (/** @type {Event & { target: HTMLSelectElement }} */ { target }) =>
    editor.colourLane(index, Number(target.value));
  return html`<label class="tint" ${tip('Colour in charts')}>
    ${swatch(index, colour, dark)}
    <select class="tint-names" aria-label="Colour of ${name}" .value=${live(value)} @change=${change}>
      ${COLOUR_NAMES.map((text, entry) => html`<option value=${entry} ?selected=${String(entry) === value}>${text}</option>`)}
    </select>
  </label>`;
}

/** @param {Lab} lab @param {number | null} lane @param {string} name */
function visibility({ state, session }, lane, name) {
  if (lane === null) return nothing;
  return html`<label class="check">
    <input
      type="checkbox"
      aria-label="Show ${name} in charts"
      .checked=${!state.view.hidden.includes(lane)}
      @change=${() => session.store.dispatch({ type: 'view/lane_toggled', lane })}
    />
    Show
  </label>`;
}
