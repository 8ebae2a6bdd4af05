import { html, LitElement, nothing } from 'lit';
import { isDark } from '../state/view.js';
import { about } from './about.js';
import { answers } from './answers.js';
import { benchPanel } from './bench-panel.js';
import { charts } from './charts.js';
import { colophon } from './colophon.js';
import { dock } from './dock.js';
import { embedNote } from './embed-note.js';
import { experimentForm } from './experiment-form.js';
import { goTo } from './go-to.js';
import { header } from './header.js';
import { inspector } from './inspector.js';
import { intro } from './intro.js';
import { laneTable } from './lane-table.js';
import { legend } from './legend.js';
import { failure } from './notices.js';
import { replay } from './replay.js';
import { results } from './results.js';
import { runBar } from './run-bar.js';
import { runs } from './runs.js';
import { studyPanel } from './study-panel.js';
import './nm-drop-zone.js';

/** @import { Part } from '../state/embed.js' */
/** @import { Editor } from '../state/editing.js' */
/** @import { Session } from '../state/session.js' */
/** @import { Action, State } from '../state/store.js' */

/**
 * What every view receives.
 *
 * @typedef {{ state: State, session: Session, editor: Editor, dark: boolean }} Lab
 */

/** Readers follow no faster. */
const MEASUREMENTS_EVERY_MS = 120;
/** What comes with every report. */
const STREAMED = ['metrics', 'summary', 'progress', 'history/clock', 'study/progress'];
/** Times the last drawing that the page then leaves to everything else. */
const DRAWING_SHARE = 4;

/** `<nm-lab>`: the page. Draws the state; the views below are functions of it. */
export class NmLab extends LitElement {
  static properties = { session: { attribute: false }, editor: { attribute: false } };

  /** @type {() => void} */
  #unsubscribe = () => {};
  /** Timer of the next drawing of measurements; 0 when none is due. */
  #timer = 0;
  /** How long the latest drawing took. */
  #drawing_ms = 0;

  constructor() {
    super();
    /** @type {Session | null} */
    this.session = null;
    /** @type {Editor | null} */
    this.editor = null;
  }

  /** Light DOM: labels, headings and the page's style sheet work across views. */
  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#subscribe();
    this.addEventListener('keydown', this.#onKey);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#unsubscribe();
    this.removeEventListener('keydown', this.#onKey);
  }

  /** Applies what was edited, from wherever the keyboard is. @param {KeyboardEvent} event */
  #onKey = ({ key, ctrlKey, metaKey, target }) => {
    const { session } = this;
    if (key !== 'Enter' || !(ctrlKey || metaKey) || !session?.edited) return;
    // There the key sends the form.
    if (/** @type {HTMLElement} */ (target).closest('form')) return;
    if (session.store.state.draft.problems.length === 0) session.apply();
  };

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('session')) this.#subscribe();
  }

  render() {
    const { session, editor } = this;
    if (!session || !editor) return html``;
    const { state } = session.store;
    /** @type {Lab} */
    const lab = { state, session, editor, dark: isDark(state.view) };
    const part = (/** @type {Part} */ name, /** @type {() => unknown} */ view) =>
      session.embed.hidden.includes(name) ? nothing : view();
    return html`
      ${part('header', skipLink)} ${part('header', () => header(lab))}
      <main>
        ${part('header', () => intro(lab))}
        ${part('run', () => runBar(lab))} ${failure(lab)} ${part('legend', () => legend(lab))}
        <div class="stage">
          ${charts(lab)}
          <div class="aside">
            ${replay(lab)} ${part('results', () => results(lab))}
            ${part('about', () => html`${about(lab)} ${benchPanel(lab)}`)}
            ${part('data', () => html`<nm-drop-zone .lab=${lab}></nm-drop-zone>`)}
          </div>
        </div>
        ${part('inspector', () => html`${answers(lab)} ${inspector(lab)}`)} ${part('runs', () => runs(lab))}
        ${part('study', () => studyPanel(lab))}
        ${part('lanes', () => laneTable(lab))} ${part('experiment', () => experimentForm(lab))} ${embedNote(lab)}
        ${part('header', colophon)}
      </main>
      ${dock(lab)}
      ${tour(lab)}
    `;
  }

  /** @param {Map<string, unknown>} changed */
  update(changed) {
    const start = performance.now();
    super.update(changed);
    const plots = /** @type {Iterable<import('../plots/nm-plot.js').NmPlot>} */ (
      this.querySelectorAll('nm-plot')
    );
    void Promise.all(Array.from(plots, (plot) => plot.updateComplete)).then(() => {
      this.#drawing_ms = performance.now() - start;
    });
  }

  #subscribe() {
    this.#unsubscribe();
    this.#unsubscribe = this.session?.store.subscribe((action) => this.#draw(action)) ?? (() => {});
  }

  /**
   * What the visitor does shows at once. Measurements can come faster than they can be drawn, so they
   * wait for each other, and a page that draws slowly draws less often.
   *
   * @param {Action} action
   */
  #draw({ type }) {
    if (!STREAMED.includes(type)) return this.requestUpdate();
    if (this.#timer) return;
    const wait_ms = Math.max(MEASUREMENTS_EVERY_MS, DRAWING_SHARE * this.#drawing_ms);
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      this.requestUpdate();
    }, wait_ms);
  }
}

/** The keyboard's way past the header; the address's fragment holds the experiment, so it is no link. */
const skipLink = () => html`<button type="button" class="skip" @click=${skip}>Skip to the run</button>`;

function skip() {
  goTo(document.querySelector('.run-bar'), 'button', 'start');
}

/** The tour while it is taken; it explains the first pattern that the lanes have. @param {Lab} lab */
function tour({ state, session }) {
  if (!state.view.touring) return nothing;
  const sparse = state.run.document?.lanes.find(
    ({ recipe, ff, attention }) => recipe !== 'dense' && (ff ?? attention),
  );
  const pattern = sparse?.ff ?? sparse?.attention ?? { n: 1, m: 16 };
  const ended = () => session.store.dispatch({ type: 'view/touring', touring: false });
  return html`<nm-tour .pattern=${pattern} @ended=${ended}></nm-tour>`;
}

customElements.define('nm-lab', NmLab);
