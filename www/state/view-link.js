/**
 * View settings in a link: what the sender had chosen to show, and nothing that is a matter of the
 * reader's taste such as the theme. Only what differs from the defaults is written.
 */

import { sameJson } from './paths.js';
import { defaultView, SUBSETS } from './view.js';
import { xKeys } from './x-axes.js';

/** @import { Problem } from '../worker/protocol.d.ts' */
/** @import { Catalog } from './catalog.js' */
/** @import { Json } from './paths.js' */
/** @import { View } from './view.js' */

/** The settings that a link carries. */
const SHARED = /** @type {const} */ (['colours', 'hidden', 'x', 'xLog', 'bands', 'panels']);
const DEFAULTS = defaultView({ theme: 'auto', smoothing: 0, toured: true }, false);
const MOST_LANES = 64;

/** @typedef {Pick<View, (typeof SHARED)[number]>} SharedView */

/** @param {View} view @returns {string} Empty when everything is as the page opens. */
export function encodeView(view) {
  const changed = SHARED.filter((key) => !sameJson(view[key], DEFAULTS[key]));
  if (changed.length === 0) return '';
  const text = JSON.stringify(Object.fromEntries(changed.map((key) => [key, view[key]])));
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * The settings of a link, checked one by one.
 *
 * @param {string} text
 * @param {Catalog} catalog  Which axes there are.
 * @returns {{ view: Partial<SharedView>, problems: Problem[] }}
 */
export function decodeView(text, catalog) {
  /** @type {unknown} */
  let json;
  try {
    json = JSON.parse(atob(text.replaceAll('-', '+').replaceAll('_', '/')));
  } catch {
    json = null;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return { view: {}, problems: [{ field: 'v', reason: 'is cut off or damaged; copy the link again' }] };
  }
  /** @type {Problem[]} */
  const problems = [];
  /** @type {Json} */
  const view = {};
  for (const [key, value] of Object.entries(json)) {
    const reason = CHECKS[/** @type {keyof typeof CHECKS} */ (key)]?.(value, catalog) ?? unknown(key);
    if (reason === '') view[key] = value;
    else problems.push({ field: `v.${key}`, reason });
  }
  return { view: /** @type {Partial<SharedView>} */ (view), problems };
}

/** @param {string} key */
const unknown = (key) => (key in CHECKS ? '' : 'is no setting of this version; remove it');

/** @param {unknown} value @param {boolean} gaps  Whether null may stand for a lane without a choice. */
function lanes(value, gaps) {
  const listed =
    Array.isArray(value) &&
    value.length <= MOST_LANES &&
    value.every(
      (lane) => (gaps && lane === null) || (Number.isInteger(lane) && lane >= 0 && lane < MOST_LANES),
    );
  return listed ? '' : `must be a list of at most ${MOST_LANES} whole numbers below ${MOST_LANES}`;
}

/** @param {unknown} value */
const flag = (value) => (typeof value === 'boolean' ? '' : 'must be true or false');

/** What is wrong with a setting; empty when nothing is. */
const CHECKS = {
  colours: (/** @type {unknown} */ value) => lanes(value, true),
  hidden: (/** @type {unknown} */ value) => lanes(value, false),
  x: (/** @type {unknown} */ value, /** @type {Catalog} */ catalog) => {
    const keys = xKeys(catalog);
    return keys.some((key) => key === value) ? '' : `must be one of ${keys.join(', ')}`;
  },
  xLog: (/** @type {unknown} */ value) => flag(value),
  bands: (/** @type {unknown} */ value) => flag(value),
  panels: (/** @type {unknown} */ value) => panels(value),
};

/** @param {unknown} value */
function panels(value) {
  const known = DEFAULTS.panels;
  const whole =
    typeof value === 'object' && value !== null && sameJson(Object.keys(value), Object.keys(known));
  if (!whole) return `must hold the panels ${Object.keys(known).join(', ')}`;
  for (const [id, panel] of Object.entries(/** @type {Json} */ (value))) {
    const { metric, subset, matrix, hardened, decay, log, table } = /** @type {Json} */ (panel ?? {});
    const fits =
      typeof metric === 'string' &&
      /^[a-z0-9_]{1,40}$/.test(metric) &&
      SUBSETS.some(([key]) => key === subset) &&
      // A link of an older version knows neither matrix nor decay.
      (matrix === undefined || (typeof matrix === 'string' && /^[a-z0-9_.]{0,60}$/.test(matrix))) &&
      typeof hardened === 'boolean' &&
      (decay === undefined || typeof decay === 'boolean') &&
      (log === null || typeof log === 'boolean') &&
      typeof table === 'boolean';
    if (!fits) return `names for ${id} what no chart shows; copy the link again`;
  }
  return '';
}
