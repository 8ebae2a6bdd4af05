/** Saved runs as the page shows them. */

/** @import { RunFile } from '../worker/protocol.d.ts' */
/** @import { Entry } from '../storage/database.js' */
/** @import { Action } from './store.js' */

/** A saved run drawn behind the present one. @typedef {{ id: string, name: string, file: RunFile }} Overlay */

/**
 * @typedef {object} Runs
 * @property {Entry[]} entries       The newest first.
 * @property {string | null} current Of the run on the page, once it has an entry of its own.
 * @property {Overlay[]} overlays
 * @property {string | null} removing  Asked to be removed, not yet confirmed.
 * @property {string | null} trouble   Why nothing can be saved.
 */

/**
 * @typedef {{ type: 'runs/listed', entries: Entry[] }
 *   | { type: 'runs/current', id: string | null }
 *   | { type: 'runs/overlaid', overlay: Overlay }
 *   | { type: 'runs/overlay_removed', id: string }
 *   | { type: 'runs/removing', id: string | null }
 *   | { type: 'runs/trouble', message: string | null }} RunsAction
 */

/** @type {Runs} */
export const emptyRuns = { entries: [], current: null, overlays: [], removing: null, trouble: null };

/** @param {Runs} runs @param {Action} action @returns {Runs} */
export function runs(runs, action) {
  switch (action.type) {
    case 'runs/listed': {
      const name = (/** @type {Overlay} */ { id, name }) =>
        action.entries.find((entry) => entry.id === id)?.name ?? name;
      return {
        ...runs,
        entries: action.entries,
        overlays: runs.overlays.map((overlay) => ({ ...overlay, name: name(overlay) })),
      };
    }
    case 'runs/current':
      return { ...runs, current: action.id };
    case 'runs/overlaid':
      return { ...runs, overlays: [...runs.overlays, action.overlay] };
    case 'runs/overlay_removed':
      return { ...runs, overlays: runs.overlays.filter(({ id }) => id !== action.id) };
    case 'runs/removing':
      return { ...runs, removing: action.id };
    case 'runs/trouble':
      return { ...runs, trouble: action.message };
    default:
      return runs;
  }
}
