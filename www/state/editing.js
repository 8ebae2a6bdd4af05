/** Edits the draft and has it checked shortly after the last edit. */

import { lanesOf } from './draft.js';
import { appliesTo } from './fields.js';
import { getAt, setAt } from './paths.js';

/** @import { FieldSpec } from '../worker/protocol.d.ts' */
/** @import { Json } from './paths.js' */
/** @import { Session } from './session.js' */

const CHECK_AFTER_MS = 200;

export class Editor {
  #timer = 0;

  /** @param {Session} session */
  constructor(session) {
    this.session = session;
  }

  /** @param {string} path @param {unknown} value  As typed where it cannot be read; validation explains. */
  set(path, value) {
    const document = this.#draft.document;
    if (!document) return;
    const edited =
      path === 'task.kind' ? this.#withTask(document, String(value)) : setAt(document, path, value);
    this.#edit(edited, this.#draft.origins);
  }

  /** Adds a lane with the table's defaults. */
  addLane() {
    const lane = Object.fromEntries(
      this.#fields
        .filter((spec) => spec.path.startsWith('lanes[].'))
        .map((spec) => [spec.path.slice(8), spec.default]),
    );
    // A lane that only repeats the control shows nothing, so a new one starts as the baseline recipe.
    this.#insert(lanesOf(this.#draft.document).length, { ...lane, recipe: 'sr-ste' });
  }

  /** @param {number} index */
  copyLane(index) {
    const lane = lanesOf(this.#draft.document)[index];
    const name = lane?.name === null || lane?.name === undefined ? null : `${lane.name} copy`;
    if (lane) this.#insert(index + 1, { ...lane, name });
  }

  /** @param {number} index */
  removeLane(index) {
    const { document, origins } = this.#draft;
    if (!document) return;
    this.#edit({ ...document, lanes: lanesOf(document).toSpliced(index, 1) }, origins.toSpliced(index, 1));
  }

  /** @param {number} index @param {Json} lane */
  #insert(index, lane) {
    const { document, origins } = this.#draft;
    if (!document) return;
    this.#edit(
      { ...document, lanes: lanesOf(document).toSpliced(index, 0, lane) },
      origins.toSpliced(index, 0, null),
    );
  }

  /** The fields of a task depend on its kind, and a document with fields of another kind is refused. @param {Json} document @param {string} kind */
  #withTask(document, kind) {
    const fields = this.#fields.filter(
      (spec) => spec.path.startsWith('task.') && spec.path !== 'task.kind' && appliesTo(spec, kind),
    );
    const kept = fields.map((spec) => [spec.path.slice(5), getAt(document, spec.path) ?? spec.default]);
    return { ...document, task: { kind, ...Object.fromEntries(kept) } };
  }

  /** @param {Json} document @param {(number | null)[]} origins */
  #edit(document, origins) {
    this.session.store.dispatch({ type: 'draft/edited', document, origins });
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.session.check(), CHECK_AFTER_MS);
  }

  get #draft() {
    return this.session.store.state.draft;
  }

  /** @returns {FieldSpec[]} */
  get #fields() {
    return this.session.store.state.catalog.fields;
  }
}
