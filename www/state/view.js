/** @import { Action } from './store.js' */
/** @import { Preferences, Theme } from './preferences.js' */

/** @typedef {'accuracy' | 'noise' | 'loss' | 'schedule'} PanelId */
/** @typedef {'all' | 'kept' | 'pruned'} Subset  Which weights a noise indicator covers. */

/** The subsets with their names. @type {[Subset, string][]} */
export const SUBSETS = [
  ['all', 'all weights'],
  ['kept', 'kept'],
  ['pruned', 'pruned'],
];

/**
 * @typedef {object} Panel  What a chart shows.
 * @property {string} metric     Key of a metric; for noise without its subset.
 * @property {Subset} subset
 * @property {string} matrix     The one matrix whose noise is drawn; empty for all of them.
 * @property {boolean} hardened  Also draw the value under the hardened mask.
 * @property {boolean} decay     Also draw D(j), behind the lines.
 * @property {boolean | null} log  Logarithmic axis; null is what suits the metric.
 * @property {boolean} table     Whether its numbers are listed.
 */

/**
 * @typedef {object} View
 * @property {Theme} theme
 * @property {boolean} prefersDark         What the system asks for.
 * @property {number} smoothing            Weight of the past in the running average, in [0, 1).
 * @property {boolean} toured              The tour was taken or declined, on this visit or one before.
 * @property {boolean} touring             The tour is under way.
 * @property {number[]} hidden             Lanes that are not drawn.
 * @property {(number | null)[]} colours   Palette entry of each lane; without one a lane takes its own number.
 * @property {string} x                    What charts run along: `step`, `time` or the key of a cost metric.
 * @property {boolean} xLog                Whether that axis is logarithmic.
 * @property {boolean} bands               Whether lanes that differ only in their seed are drawn as one mean with a band.
 * @property {[number, number] | null} zoom  Part of the x axis that is shown; null shows all.
 * @property {number | null} designed      Lane of the draft whose schedule has handles; null picks one.
 * @property {Record<PanelId, Panel>} panels
 */

/**
 * @typedef {{ type: 'view/panel', panel: PanelId, change: Partial<Panel> }
 *   | { type: 'view/theme', theme: Theme }
 *   | { type: 'view/prefers_dark', prefersDark: boolean }
 *   | { type: 'view/smoothing', smoothing: number }
 *   | { type: 'view/lane_toggled', lane: number }
 *   | { type: 'view/lane_coloured', lane: number, colour: number }
 *   | { type: 'view/lanes', hidden: number[], colours: (number | null)[] }
 *   | { type: 'view/touring', touring: boolean }
 *   | { type: 'view/x', x: string, xLog: boolean }
 *   | { type: 'view/bands', bands: boolean }
 *   | { type: 'view/designed', lane: number }
 *   | { type: 'view/linked', view: Partial<View> }
 *   | { type: 'view/zoomed', zoom: [number, number] | null }} ViewAction
 */

/** @param {string} metric @returns {Panel} */
const panel = (metric) => ({
  metric,
  subset: 'all',
  matrix: '',
  hardened: false,
  decay: false,
  log: null,
  table: false,
});

/** @param {Preferences} preferences @param {boolean} prefersDark @returns {View} */
export function defaultView({ theme, smoothing, toured }, prefersDark) {
  return {
    theme,
    prefersDark,
    smoothing,
    toured,
    touring: false,
    hidden: [],
    colours: [],
    x: 'step',
    xLog: false,
    bands: true,
    zoom: null,
    designed: null,
    panels: {
      accuracy: { ...panel('val_accuracy'), hardened: true },
      noise: panel('grad_abs_var'),
      loss: panel('train_loss'),
      schedule: panel('decay'),
    },
  };
}

/** @param {View} view */
export function isDark({ theme, prefersDark }) {
  return theme === 'auto' ? prefersDark : theme === 'dark';
}

/** The palette entry of a lane that trains. @param {View} view @param {number} lane */
export function colourIndex({ colours }, lane) {
  return colours[lane] ?? lane;
}

/** @param {View} view @param {Action} action @returns {View} */
export function view(view, action) {
  switch (action.type) {
    case 'view/panel': {
      const changed = { ...view.panels[action.panel], ...action.change };
      return { ...view, panels: { ...view.panels, [action.panel]: changed } };
    }
    case 'view/theme':
      return { ...view, theme: action.theme };
    case 'view/prefers_dark':
      return { ...view, prefersDark: action.prefersDark };
    case 'view/smoothing':
      return { ...view, smoothing: action.smoothing };
    case 'view/lane_toggled': {
      const { hidden } = view;
      const { lane } = action;
      return {
        ...view,
        hidden: hidden.includes(lane) ? hidden.filter((h) => h !== lane) : [...hidden, lane],
      };
    }
    case 'view/lane_coloured': {
      const last = Math.max(view.colours.length, action.lane + 1);
      const colours = Array.from({ length: last }, (_, lane) => view.colours[lane] ?? null);
      return { ...view, colours: colours.with(action.lane, action.colour) };
    }
    case 'view/lanes':
      return { ...view, hidden: action.hidden, colours: action.colours, designed: null };
    case 'view/touring':
      return { ...view, touring: action.touring, toured: view.toured || !action.touring };
    case 'view/x':
      // A part of one axis means nothing on another.
      return { ...view, x: action.x, xLog: action.xLog, zoom: null };
    case 'view/bands':
      return { ...view, bands: action.bands };
    case 'view/designed':
      return { ...view, designed: action.lane };
    case 'view/linked':
      return { ...view, ...action.view };
    case 'view/zoomed':
      return { ...view, zoom: action.zoom };
    case 'opened':
      // Another experiment has other steps and lanes; a restart of the same one has not.
      return action.step > 0
        ? view
        : { ...view, zoom: null, hidden: view.hidden.filter((h) => h < action.lanes.length) };
    default:
      return view;
  }
}
