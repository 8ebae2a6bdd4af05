/** Starts the page: store, session, views. */

import 'uplot/dist/uPlot.min.css';
import { Editor } from './state/editing.js';
import { initialState } from './state/initial.js';
import { loadPreferences, savePreferences } from './state/preferences.js';
import { Session } from './state/session.js';
import { Store } from './state/store.js';
import './views/nm-lab.js';

const systemDark = matchMedia('(prefers-color-scheme: dark)');
const store = new Store(initialState(loadPreferences(), systemDark.matches));
const session = new Session(store);

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
  savePreferences(view);
  clearTimeout(addressTimer);
  addressTimer = window.setTimeout(() => session.showViewInAddress(), ADDRESS_AFTER_MS);
});

window.addEventListener('hashchange', () => void session.followLink());

const page = document.querySelector('nm-lab');
if (page) Object.assign(page, { session, editor: new Editor(session) });
void session.boot();
