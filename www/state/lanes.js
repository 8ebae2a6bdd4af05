/** How the lanes of the draft and those that train belong together. */

import { lanesOf } from './draft.js';
import { fieldAt } from './fields.js';
import { colourIndex } from './view.js';

/** @import { State } from './store.js' */

/**
 * What a lane of the draft is called: by its own name, or by the automatic one, which follows its recipe and pattern.
 * Until the draft is checked that is the recipe's.
 *
 * @param {Pick<State, 'draft' | 'catalog'>} state
 * @param {number} index
 * @returns {string}
 */
export function draftName({ draft, catalog }, index) {
  const lane = lanesOf(draft.document)[index];
  const recipes = fieldAt(catalog.fields, 'lanes[].recipe')?.choices ?? [];
  const label = recipes.find(({ value }) => value === lane?.recipe)?.label;
  return String(lane?.name ?? draft.names[index] ?? label ?? lane?.recipe ?? '');
}

/** The palette entry of a lane of the draft. @param {State} state @param {number} index */
export function draftColour({ draft, view }, index) {
  const origin = draft.origins[index] ?? null;
  return origin === null ? (draft.colours[index] ?? index) : colourIndex(view, origin);
}

/** The first palette entry that no lane of the draft uses. @param {State} state */
export function freeColour(state) {
  const used = state.draft.origins.map((_, index) => draftColour(state, index));
  let free = 0;
  while (used.includes(free)) free += 1;
  return free;
}

/** How the draft's lanes are drawn once they train: with the colour and visibility they have now. @param {State} state */
export function lookOfDraft(state) {
  const { origins } = state.draft;
  return {
    colours: origins.map((_, index) => draftColour(state, index)),
    hidden: origins.flatMap((origin, index) =>
      origin !== null && state.view.hidden.includes(origin) ? [index] : [],
    ),
  };
}
