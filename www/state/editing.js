/** Edits the draft and has it checked shortly after the last edit. */

import { laneName } from './changes.js';
import { lanesOf } from './draft.js';
import { appliesTo } from './fields.js';
import { draftColour, freeColour } from './lanes.js';
import { getAt, setAt } from './paths.js';

/** @import { FieldSpec } from '../worker/protocol.d.ts' */
/** @import { Edit } from './draft.js' */
/** @import { Json } from './paths.js' */
/** @import { Session } from './session.js' */

const CHECK_AFTER_MS = 200;

export class Editor {
  #timer = 0;
  #checking = false;
  #stale = false;

  /** @param {Session} session */
  constructor(session) {
    this.session = session;
  }

  /**
   * @param {string} path
   * @param {unknown} value  As typed where it cannot be read; validation explains.
   * @param {boolean} [atOnce]  Has it checked without waiting for a pause, as a drag wants it.
   */
  set(path, value, atOnce = false) {
    const document = this.#draft.document;
    if (!document) return;
    const edited =
      path === 'task.kind' ? this.#withTask(document, String(value)) : setAt(document, path, value);
    this.#edit({ ...this.#draft, document: edited }, atOnce);
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

  /** Adds every lane again with the next seeds, so that each is trained `count` times. @param {number} count */
  repeatOverSeeds(count) {
    const { document, origins, colours } = this.#draft;
    if (!document) return;
    const lanes = lanesOf(document);
    const again = Array.from({ length: count - 1 }, (_, repetition) =>
      lanes.map((lane) => {
        const seed = Number(lane.seed) + repetition + 1;
        return { ...lane, name: `${laneName(lane, this.#fields)}, seed ${seed}`, seed };
      }),
    ).flat();
    const look = again.map((_, index) => draftColour(this.session.store.state, index % lanes.length));
    this.#edit({
      document: { ...document, lanes: [...lanes, ...again] },
      origins: [...origins, ...again.map(() => null)],
      colours: [...colours, ...look],
    });
  }

  /** @param {number} index */
  removeLane(index) {
    this.#splice((list) => list.toSpliced(index, 1));
  }

  /** Moves a lane among the others; the first is what all are compared with. @param {number} index @param {number} by */
  moveLane(index, by) {
    this.#splice((list) => {
      const [moved] = list.slice(index, index + 1);
      return moved === undefined ? list : list.toSpliced(index, 1).toSpliced(index + by, 0, moved);
    });
  }

  /** Draws a lane in another colour, at once where it trains already. @param {number} index @param {number} colour */
  colourLane(index, colour) {
    const lane = this.#draft.origins[index] ?? null;
    this.session.store.dispatch(
      lane === null
        ? { type: 'draft/lane_coloured', lane: index, colour }
        : { type: 'view/lane_coloured', lane, colour },
    );
  }

  /** @param {number} index @param {Json} lane */
  #insert(index, lane) {
    const { document, origins, colours } = this.#draft;
    if (!document) return;
    const colour = freeColour(this.session.store.state);
    this.#edit({
      document: { ...document, lanes: lanesOf(document).toSpliced(index, 0, lane) },
      origins: origins.toSpliced(index, 0, null),
      colours: colours.toSpliced(index, 0, colour),
    });
  }

  /** Rearranges everything that goes by lane. @param {<T>(list: T[]) => T[]} rearrange */
  #splice(rearrange) {
    const { document, origins, colours } = this.#draft;
    if (!document) return;
    const lanes = rearrange(lanesOf(document));
    this.#edit({
      document: { ...document, lanes },
      origins: rearrange(origins),
      colours: rearrange(colours),
    });
  }

  /** The fields of a task depend on its kind, and a document with fields of another kind is refused. @param {Json} document @param {string} kind */
  #withTask(document, kind) {
    const fields = this.#fields.filter(
      (spec) => spec.path.startsWith('task.') && spec.path !== 'task.kind' && appliesTo(spec, kind),
    );
    const kept = fields.map((spec) => [spec.path.slice(5), getAt(document, spec.path) ?? spec.default]);
    return { ...document, task: { kind, ...Object.fromEntries(kept) } };
  }

  /** @param {Omit<Edit, 'document'> & { document: Json | null }} edit @param {boolean} [atOnce] */
  #edit({ document, origins, colours }, atOnce = false) {
    if (!document) return;
    this.session.store.dispatch({ type: 'draft/edited', document, origins, colours });
    clearTimeout(this.#timer);
    if (atOnce) void this.#checkNow();
    else this.#timer = window.setTimeout(() => void this.session.check(), CHECK_AFTER_MS);
  }

  /** One check at a time: what was edited meanwhile is checked after it. */
  async #checkNow() {
    this.#stale = true;
    if (this.#checking) return;
    this.#checking = true;
    while (this.#stale) {
      this.#stale = false;
      await this.session.check();
    }
    this.#checking = false;
  }

  get #draft() {
    return this.session.store.state.draft;
  }

  /** @returns {FieldSpec[]} */
  get #fields() {
    return this.session.store.state.catalog.fields;
  }
}
