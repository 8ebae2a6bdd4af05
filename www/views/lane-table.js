import { html, nothing } from 'lit';
import { laneName } from '../state/changes.js';
import { lanesOf } from '../state/draft.js';
import { appliesTo } from '../state/fields.js';
import { field } from './field.js';
import { formatNumber } from './format.js';
import { swatch } from './swatch.js';

/** @import { FieldSpec } from '../worker/protocol.d.ts' */
/** @import { Json } from '../state/paths.js' */
/** @import { Lab } from './nm-lab.js' */

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
        <button type="button" @click=${() => lab.editor.addLane()}>Add lane</button>
      </div>
      <ol>
        ${lanes.map((lane, index) => laneRow(lab, lane, index, specs, lanes.length > 1))}
      </ol>
    </section>
  `;
}

/** @param {Lab} lab @param {Json} lane @param {number} index @param {FieldSpec[]} specs @param {boolean} removable */
function laneRow(lab, lane, index, specs, removable) {
  const { state, editor, dark } = lab;
  const name = laneName(lane, state.catalog.fields);
  const origin = state.draft.origins[index] ?? null;
  const difference =
    state.draft.lanes?.[index]?.difference ?? (origin === null ? '' : state.run.lanes[origin]?.difference);
  const beta = (state.draft.schedule?.[index] ?? state.run.schedule[origin ?? -1])?.beta;
  const place = (/** @type {FieldSpec} */ spec) =>
    field(lab, {
      spec,
      path: spec.path.replace('[]', `[${index}]`),
      used: appliesTo(spec, lane.recipe),
      ...(spec.path.endsWith('.beta') && typeof beta === 'number'
        ? { automatic: `auto: ${formatNumber(beta)}` }
        : {}),
    });
  const inRow = ROW.flatMap((key) => specs.find((spec) => spec.path === `lanes[].${key}`) ?? []);
  const more = specs.filter((spec) => !inRow.includes(spec));
  return html`
    <li class="lane">
      <div class="lane-head">
        ${swatch(index, dark)}
        <h3>${name}</h3>
        <p>${origin === null ? 'new: ' : nothing}${difference === name ? nothing : difference}</p>
        ${visibility(lab, origin, name)}
        <button type="button" class="quiet" aria-label="Copy ${name}" @click=${() => editor.copyLane(index)}>Copy</button>
        <button
          type="button"
          class="quiet"
          aria-label="Remove ${name}"
          ?disabled=${!removable}
          @click=${() => editor.removeLane(index)}
        >
          Remove
        </button>
      </div>
      <div class="lane-fields">${inRow.map(place)}</div>
      <details class="more">
        <summary>More settings<span class="hidden-label"> of ${name}</span></summary>
        <div class="lane-fields">${more.map(place)}</div>
      </details>
    </li>
  `;
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
