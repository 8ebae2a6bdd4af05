/** Starts the page: store, session, views. */

import 'uplot/dist/uPlot.min.css';
import { Editor } from './state/editing.js';
import { embedOf } from './state/embed.js';
import { initialState } from './state/initial.js';
import { keepOffline } from './state/offline.js';
import { loadPreferences, savePreferences } from './state/preferences.js';
import { Session } from './state/session.js';
import { Store } from './state/store.js';
import './views/nm-lab.js';

const systemDark = matchMedia('(prefers-color-scheme: dark)');
const page = document.querySelector('nm-lab');
const embed = embedOf((name) => page?.getAttribute(name) ?? null, new URLSearchParams(location.search));
const preferences = loadPreferences();
const store = new Store(
  initialState({ ...preferences, theme: embed.theme ?? preferences.theme }, systemDark.matches),
);
const session = new Session(store, embed);

systemDark.addEventListener('change', ({ matches }) => {
  store.dispatch({ type: 'view/prefers_dark', prefersDark: matches });
});

/** A slider in motion changes the view many times; the browser limits how often the address may follow. */
const ADDRESS_AFTER_MS = 300;
let addressTimer = 0;

let { view } = store.state;
const showTheme = () => {
  document.documentElement.dataset.theme = store.state.view.theme;
};
showTheme();
store.subscribe(() => {
  if (store.state.view === view) return;
  view = store.state.view;
  showTheme();
  // A theme that the embedding page chose is not the reader's.
  if (!embed.theme) savePreferences(view);
  clearTimeout(addressTimer);
  addressTimer = window.setTimeout(() => session.showViewInAddress(), ADDRESS_AFTER_MS);
});

window.addEventListener('hashchange', () => void session.followLink());

if (page) Object.assign(page, { session, editor: new Editor(session) });
void session.boot();
// What is kept for later must not compete with what is needed now.
window.addEventListener('load', () => setTimeout(() => void keepOffline(session), 2000));
