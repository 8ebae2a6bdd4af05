/** Edits the draft and has it checked shortly after the last edit. */

import { lanesOf } from './draft.js';
import { appliesTo } from './fields.js';
import { draftColour, freeColour } from './lanes.js';
import { getAt, sameJson, setAt } from './paths.js';

/** @import { FieldSpec } from '../worker/protocol.d.ts' */
/** @import { Edit } from './draft.js' */
/** @import { Json } from './paths.js' */
/** @import { Session } from './session.js' */

const CHECK_AFTER_MS = 200;
/** What a new lane can be under any pattern; the first is what the paper compares with. */
const RECIPES = ['sr-ste', 'ste', 'mdgf-exponential', 'mdgf-linear'];

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
    this.setEach([path], value, atOnce);
  }

  /**
   * Sets a field of several lanes to one value.
   *
   * @param {string[]} paths
   * @param {unknown} value
   * @param {boolean} [atOnce]
   */
  setEach(paths, value, atOnce = false) {
    const document = this.#draft.document;
    if (!document) return;
    const [path = ''] = paths;
    const edited =
      path === 'task.kind'
        ? this.#withTask(document, String(value))
        : paths.reduce((changed, each) => setAt(changed, each, value), document);
    // What a lane is called may depend on it.
    const named = /^lanes\[\d+\]\.recipe$/.test(path);
    this.#edit({ ...this.#draft, document: edited }, atOnce || named);
  }

  /**
   * Adds a lane that has what most of the others have, under a recipe that none of them has.
   *
   * @returns {number} Its index.
   */
  addLane() {
    const lanes = lanesOf(this.#draft.document);
    const fields = this.#fields.filter((spec) => spec.path.startsWith('lanes[].'));
    const shared = fields.map((spec) => [spec.path.slice(8), sharedValue(spec, lanes)]);
    // A lane that only repeats another shows nothing.
    const recipe = RECIPES.find((each) => !lanes.some((lane) => lane.recipe === each)) ?? RECIPES[0];
    return this.#insert(lanes.length, { ...Object.fromEntries(shared), name: null, recipe });
  }

  /** @param {number} index @returns {number} Index of the copy. */
  copyLane(index) {
    const lanes = lanesOf(this.#draft.document);
    const lane = lanes[index] ?? {};
    const taken = lanes.map(({ name }) => name);
    let name = lane.name === null ? null : `${lane.name} copy`;
    for (let number = 2; name !== null && taken.includes(name); number += 1)
      name = `${lane.name} copy ${number}`;
    return this.#insert(index + 1, { ...lane, name });
  }

  /** Adds every lane again with the next seeds, so that each is trained `count` times. @param {number} count */
  repeatOverSeeds(count) {
    const { document, origins, colours, names, ...checked } = this.#draft;
    if (!document) return;
    const lanes = lanesOf(document);
    const again = Array.from({ length: count - 1 }, (_, repetition) =>
      lanes.map((lane) => {
        const seed = Number(lane.seed) + repetition + 1;
        // An automatic name tells the seed by itself.
        return { ...lane, name: lane.name === null ? null : `${lane.name}, seed ${seed}`, seed };
      }),
    ).flat();
    const look = again.map((_, index) => draftColour(this.session.store.state, index % lanes.length));
    this.#edit({
      document: { ...document, lanes: [...lanes, ...again] },
      origins: [...origins, ...again.map(() => null)],
      colours: [...colours, ...look],
      names: [...names, ...again.map(() => null)],
      lanes: checked.lanes,
      schedule: checked.schedule,
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

  /** @param {number} index @param {Json} lane @returns {number} The index. */
  #insert(index, lane) {
    const { document, origins, colours, names, lanes, schedule } = this.#draft;
    if (!document) return index;
    const colour = freeColour(this.session.store.state);
    const edit = {
      document: { ...document, lanes: lanesOf(document).toSpliced(index, 0, lane) },
      origins: origins.toSpliced(index, 0, null),
      colours: colours.toSpliced(index, 0, colour),
      names: names.toSpliced(index, 0, null),
      lanes: lanes?.toSpliced(index, 0, null) ?? null,
      schedule,
    };
    this.#edit(edit, true);
    return index;
  }

  /** Rearranges everything that goes by lane. @param {<T>(list: T[]) => T[]} rearrange */
  #splice(rearrange) {
    const { document, origins, colours, names, lanes, schedule } = this.#draft;
    if (!document) return;
    const [first] = lanesOf(document);
    const rearranged = rearrange(lanesOf(document));
    const edit = {
      document: { ...document, lanes: rearranged },
      origins: rearrange(origins),
      colours: rearrange(colours),
      names: rearrange(names),
      // All were compared with the lane that was the first.
      lanes: lanes && rearranged[0] === first ? rearrange(lanes) : null,
      schedule: schedule && rearrange(schedule),
    };
    this.#edit(edit, true);
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
  #edit({ document, origins, colours, names, lanes, schedule }, atOnce = false) {
    if (!document) return;
    const edit = { document, origins, colours, names, lanes, schedule };
    this.session.store.dispatch({ type: 'draft/edited', ...edit });
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

/**
 * The value of a field that most lanes have whose recipe uses it.
 *
 * @param {FieldSpec} spec
 * @param {Json[]} lanes
 */
function sharedValue(spec, lanes) {
  const key = spec.path.slice(8);
  const values = lanes.filter(({ recipe }) => appliesTo(spec, recipe)).map((lane) => lane[key]);
  const votes = values.map((value) => values.filter((other) => sameJson(value, other)).length);
  return values.length > 0 ? values[votes.indexOf(Math.max(...votes))] : spec.default;
}
