/** What a visitor's next visit remembers. */

/** @typedef {'auto' | 'light' | 'dark'} Theme */
/** @typedef {{ theme: Theme, smoothing: number, toured: boolean }} Preferences  `toured`: the tour was taken or declined. */

const KEY = 'nmflow.preferences';
/** @type {Preferences} */
const DEFAULTS = { theme: 'auto', smoothing: 0.6, toured: false };

/** @returns {Preferences} The defaults where nothing usable is stored. */
export function loadPreferences() {
  try {
    const { theme, smoothing, toured } = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return {
      theme: theme === 'light' || theme === 'dark' ? theme : DEFAULTS.theme,
      smoothing: smoothing >= 0 && smoothing < 1 ? smoothing : DEFAULTS.smoothing,
      toured: toured === true,
    };
  } catch {
    // Storage can be switched off or hold another program's text; the page works without it.
    return DEFAULTS;
  }
}

/** @param {Preferences} preferences */
export function savePreferences({ theme, smoothing, toured }) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ theme, smoothing, toured }));
  } catch {
    // Storage can be switched off or full; the choice then lasts for this visit.
  }
}
