import { html, LitElement } from 'lit';
import { isDark } from '../state/view.js';
import { about } from './about.js';
import { charts } from './charts.js';
import { experimentForm } from './experiment-form.js';
import { header } from './header.js';
import { laneTable } from './lane-table.js';
import { legend } from './legend.js';
import { notices } from './notices.js';
import { pending } from './pending.js';
import { results } from './results.js';
import { runBar } from './run-bar.js';
import './nm-drop-zone.js';

/** @import { Editor } from '../state/editing.js' */
/** @import { Session } from '../state/session.js' */
/** @import { State } from '../state/store.js' */

/**
 * What every view receives.
 *
 * @typedef {{ state: State, session: Session, editor: Editor, dark: boolean }} Lab
 */

/** `<nm-lab>`: the page. Draws the state; the views below are functions of it. */
export class NmLab extends LitElement {
  static properties = { session: { attribute: false }, editor: { attribute: false } };

  /** @type {() => void} */
  #unsubscribe = () => {};

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
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#unsubscribe();
  }

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
    return html`
      ${header(lab)}
      <main>
        ${runBar(lab)} ${notices(lab)} ${legend(lab)}
        <div class="stage">
          ${charts(lab)}
          <div class="aside">
            ${results(lab)} ${about(lab)}
            <nm-drop-zone .lab=${lab}></nm-drop-zone>
          </div>
        </div>
        ${laneTable(lab)} ${experimentForm(lab)}
      </main>
      ${pending(lab)}
    `;
  }

  #subscribe() {
    this.#unsubscribe();
    this.#unsubscribe = this.session?.store.subscribe(() => this.requestUpdate()) ?? (() => {});
  }
}

customElements.define('nm-lab', NmLab);
