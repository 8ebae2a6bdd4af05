import { html, LitElement } from 'lit';

/** Where the tour stops, and what it says there. @type {{ at: string, text: string }[]} */
const STOPS = [
  {
    at: '.legend',
    text: 'Several copies of one network train at once: same initial weights, same batches. Only the recipe for making their weights sparse differs. Each has its line; click a name to hide it.',
  },
  {
    at: '[data-chart=accuracy]',
    text: 'How often each is right on images it has not seen. The thin second line is the network as it would ship, without its pruned weights.',
  },
  {
    at: '[data-chart=noise]',
    text: 'How much the gradients scatter. The recipes differ most around the marks, where pruning starts and patterns tighten.',
  },
  {
    at: '[data-chart=schedule]',
    text: 'What the recipes prescribe over the whole run. The dots show where each lane is; drag a ring to change a recipe.',
  },
  {
    at: '.lanes',
    text: 'Everything about a lane can be changed here while the run goes on. Nothing happens until you apply it.',
  },
];

/** `<nm-tour>`: a card that walks a newcomer over the page. Fires `ended`. */
export class NmTour extends LitElement {
  static properties = { stop: { state: true } };

  /** @type {Element | null} */
  #shown = null;
  /** What had the focus before. @type {Element | null} */
  #before = null;

  constructor() {
    super();
    this.stop = 0;
    this.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.#end();
    });
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#before = document.activeElement;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#shown?.classList.remove('toured');
  }

  render() {
    const last = this.stop === STOPS.length - 1;
    return html`<section class="panel tour" role="dialog" aria-labelledby="tour-text">
      <p id="tour-text" aria-live="polite">${STOPS[this.stop]?.text}</p>
      <div>
        <span>${this.stop + 1} of ${STOPS.length}</span>
        <button type="button" class="quiet" @click=${() => this.#end()}>${last ? 'Close' : 'Skip'}</button>
        <button type="button" ?hidden=${this.stop === 0} @click=${() => this.#go(-1)}>Back</button>
        <button type="button" class="primary" ?hidden=${last} @click=${() => this.#go(1)}>Next</button>
      </div>
    </section>`;
  }

  firstUpdated() {
    /** @type {HTMLElement | null} */ (this.querySelector('button.primary'))?.focus();
  }

  updated() {
    this.#shown?.classList.remove('toured');
    this.#shown = document.querySelector(STOPS[this.stop]?.at ?? 'none');
    this.#shown?.classList.add('toured');
    this.#shown?.scrollIntoView({ block: 'center' });
  }

  /** @param {number} by */
  async #go(by) {
    this.stop += by;
    await this.updateComplete;
    // The button that was pressed may be gone.
    const next = this.querySelector('button.primary:not([hidden])') ?? this.querySelector('button.quiet');
    if (!this.contains(document.activeElement) || by > 0) /** @type {HTMLElement} */ (next)?.focus();
  }

  /** Where the focus goes: back, or to what the tour showed last when the offer of it is gone. @returns {HTMLElement | null} */
  get goal() {
    const before = this.#before;
    if (before instanceof HTMLElement && before.isConnected && before !== document.body) return before;
    return (
      this.#shown?.querySelector('button, select, input, [tabindex="0"]') ??
      document.querySelector('.run-bar button')
    );
  }

  #end() {
    const { goal } = this;
    this.dispatchEvent(new CustomEvent('ended'));
    goal?.focus();
  }
}

customElements.define('nm-tour', NmTour);
