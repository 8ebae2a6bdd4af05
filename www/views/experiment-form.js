import { html, nothing } from 'lit';
import { appliesTo } from '../state/fields.js';
import { getAt } from '../state/paths.js';
import { TITLES } from '../state/wording.js';
import { field } from './field.js';

/** @import { FieldSpec } from '../worker/protocol.d.ts' */
/** @import { Lab } from './nm-lab.js' */

/** The fields that all lanes share, from the lab's field table. @param {Lab} lab */
export function experimentForm(lab) {
  const common = lab.state.catalog.fields.filter(
    (spec) => !spec.path.startsWith('lanes[]') && spec.path !== 'version',
  );
  const groups = Map.groupBy(common, ({ path }) => (path.includes('.') ? (path.split('.')[0] ?? '') : ''));
  return html`
    <section class="panel experiment" aria-labelledby="experiment-title">
      <h2 id="experiment-title">Experiment <small>common to all lanes</small></h2>
      ${
        lab.state.draft.document
          ? html`<div class="groups">${[...groups].map(([group, specs]) => fieldGroup(lab, group, specs))}</div>`
          : nothing
      }
    </section>
  `;
}

/** @param {Lab} lab @param {string} group @param {FieldSpec[]} specs */
function fieldGroup(lab, group, specs) {
  const kind = getAt(lab.state.draft.document, 'task.kind');
  const shown = specs.filter((spec) => appliesTo(spec, kind));
  return html`
    <fieldset class="group">
      <legend>${TITLES[group] ?? group}</legend>
      ${shown.map((spec) => field(lab, { spec, path: spec.path, used: true }))}
    </fieldset>
  `;
}
