/** Which of the lab's presets an experiment is. */

import { patternText } from './changes.js';
import { lanesOf } from './draft.js';
import { appliesTo, fieldAt } from './fields.js';
import { sameExperiment } from './labels.js';

/** @import { RawExperiment } from '../worker/protocol.d.ts' */
/** @import { Catalog } from './catalog.js' */
/** @import { Json } from './paths.js' */
/** @import { State } from './store.js' */

const LIST = new Intl.ListFormat('en-GB');

/** As many recipes or patterns are named. */
const MOST_NAMED = 3;

/**
 * The preset that trains the same; null for any other experiment, also for a preset that was changed under its name.
 *
 * @param {Catalog} catalog
 * @param {RawExperiment | null} document
 */
export function presetOf({ presets }, document) {
  return (
    presets.find((preset) => preset.title === document?.name && sameExperiment(preset.document, document)) ??
    null
  );
}

/**
 * The draft under a name that fits it: a preset's title or an automatic name goes on to say what trains. A name that the
 * visitor gave stays.
 *
 * @param {Pick<State, 'draft' | 'run' | 'catalog'>} state
 * @returns {Json | null}
 */
export function ownName({ draft, run, catalog }) {
  const { document } = draft;
  if (!document) return document;
  const running = /** @type {Json | null} */ (/** @type {unknown} */ (run.document));
  const automatic = [...catalog.presets.map(({ title }) => title), described(lanesOf(running), catalog)];
  if (!automatic.includes(String(document.name))) return document;
  const preset = catalog.presets.find((each) => sameExperiment(each.document, document));
  return { ...document, name: preset?.title ?? described(lanesOf(document), catalog) };
}

/** Recipes and feed-forward patterns of lanes: "SR-STE and MdGf-Exp at 1:32". @param {Json[]} lanes @param {Catalog} catalog */
function described(lanes, { fields }) {
  const [recipe, ff] = [fieldAt(fields, 'lanes[].recipe'), fieldAt(fields, 'lanes[].ff')];
  const recipes = new Set(
    lanes.map((lane) => recipe?.choices.find(({ value }) => value === lane.recipe)?.label ?? ''),
  );
  const pruned = lanes.filter((lane) => ff && appliesTo(ff, lane.recipe));
  const patterns = new Set(pruned.map((lane) => patternText(lane.ff)));
  const what = recipes.size > MOST_NAMED ? `${recipes.size} recipes` : LIST.format([...recipes]);
  if (patterns.size === 0) return what;
  return `${what} at ${patterns.size > MOST_NAMED ? `${patterns.size} patterns` : LIST.format([...patterns])}`;
}
