/** How a page that embeds the lab wants it: attributes of `<nm-lab>`, or parameters of the address. */

/** @import { Problem } from '../worker/protocol.d.ts' */
/** @import { Theme } from './preferences.js' */

/** Parts that can be left out, in the page's order. */
export const PARTS = /** @type {const} */ ([
  'header',
  'run',
  'legend',
  'accuracy',
  'noise',
  'loss',
  'schedule',
  'results',
  'about',
  'data',
  'inspector',
  'runs',
  'study',
  'lanes',
  'experiment',
]);

/** @typedef {(typeof PARTS)[number]} Part */

/**
 * @typedef {object} Embed
 * @property {Part[]} hidden           Parts that are left out.
 * @property {string | null} preset    Id of the experiment to open; a link in the hash goes before it.
 * @property {string | null} recording Address of a finished run's JSON file, shown instead of training.
 * @property {boolean} autostart       Whether training starts by itself.
 * @property {Theme | null} theme
 * @property {Problem[]} problems      What could not be read.
 */

export const NAMES = ['hide', 'show', 'preset', 'recording', 'autostart', 'theme'];
/** @type {readonly (string | null)[]} */
const THEMES = ['auto', 'light', 'dark'];

/**
 * @param {(name: string) => string | null} attribute
 * @param {URLSearchParams} parameters  Win over attributes.
 * @returns {Embed}
 */
export function embedOf(attribute, parameters) {
  const [hide, show, preset, recording, autostart, theme] = NAMES.map(
    (name) => parameters.get(name) ?? attribute(name),
  );
  /** @type {Problem[]} */
  const problems = [];
  const list = (/** @type {string} */ field, /** @type {string | null | undefined} */ text) => {
    const names = (text ?? '').split(/[\s,]+/).filter(Boolean);
    for (const name of names.filter((name) => !isPart(name))) {
      problems.push({ field, reason: `does not know "${name}"; the parts are ${PARTS.join(', ')}` });
    }
    return names.filter(isPart);
  };
  const shown = list('show', show);
  const left = show ? PARTS.filter((part) => !shown.includes(part)) : [];
  if (theme && !THEMES.includes(theme)) {
    problems.push({ field: 'theme', reason: `must be one of ${THEMES.join(', ')}` });
  }
  if (autostart && autostart !== 'on' && autostart !== 'off') {
    problems.push({ field: 'autostart', reason: 'must be on or off' });
  }
  return {
    hidden: [...new Set([...left, ...list('hide', hide)])],
    preset: preset ?? null,
    recording: recording ?? null,
    autostart: autostart !== 'off',
    theme: theme && THEMES.includes(theme) ? /** @type {Theme} */ (theme) : null,
    problems,
  };
}

/** @param {string} name @returns {name is Part} */
function isPart(name) {
  return PARTS.some((part) => part === name);
}
