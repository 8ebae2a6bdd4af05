import { html, LitElement, nothing, svg } from 'lit';

/** @import { RawPattern } from '../../worker/protocol.d.ts' */

/** Where the tour stops, and what it says there. @type {{ at: string, text: (pattern: RawPattern) => string }[]} */
const STOPS = [
  {
    at: '.intro',
    text: ({ n, m }) =>
      `N:M sparsity: of every M neighbouring weights only the N largest count, the others are pruned to zero. ${n}:${m} keeps ${n} of ${m}. Hardware can skip the rest, but training has to find out which weights to keep.`,
  },
  {
    at: '.legend',
    text: () =>
      'Several copies of one network train at once, the lanes: same initial weights, same batches. Only the recipe for making their weights sparse differs. Each has its line; click a name to hide it.',
  },
  {
    at: '[data-chart=accuracy]',
    text: () =>
      'How often each is right on images or texts it has not seen. The thin second line is the lane hardened: measured with its pruned weights at zero.',
  },
  {
    at: '[data-chart=noise]',
    text: () =>
      'How much the gradients scatter. The recipes differ most around the marks, where pruning starts and patterns tighten.',
  },
  {
    at: '[data-chart=schedule]',
    text: () =>
      'What the recipes prescribe over the whole run. The dots show where each lane is; drag a ring to change a recipe.',
  },
  {
    at: '.lanes',
    text: () =>
      'Everything about a lane can be changed here while the run goes on. Nothing happens until you apply it.',
  },
];

/** Cells of a row of the figure; longer groups are said in words alone. */
const MOST_CELLS = 32;

/** `<nm-tour>`: a card that walks a newcomer over the page. Fires `ended`. */
export class NmTour extends LitElement {
  static properties = { pattern: { attribute: false }, stop: { state: true } };

  /** @type {Element | null} */
  #shown = null;
  /** What had the focus before. @type {Element | null} */
  #before = null;
  /** Whether all stops were seen. */
  #finished = false;

  constructor() {
    super();
    /** The pattern to explain. @type {RawPattern} */
    this.pattern = { n: 1, m: 16 };
    this.stop = 0;
    this.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.#end(true);
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
    // A press of a key has no pointer: then the focus must go somewhere one can see.
    const end = (/** @type {MouseEvent} */ { detail }) => this.#end(detail === 0);
    const next = (/** @type {MouseEvent} */ event) => {
      this.#finished = last;
      if (last) end(event);
      else void this.#go(1);
    };
    return html`<section class="panel tour" role="dialog" aria-labelledby="tour-text">
      <p id="tour-text" aria-live="polite">${STOPS[this.stop]?.text(this.pattern)}</p>
      ${this.stop === 0 ? this.#group() : nothing}
      <div>
        <span>${this.stop + 1} of ${STOPS.length}</span>
        <button type="button" class="quiet" ?hidden=${last} @click=${end}>Skip</button>
        <button type="button" ?hidden=${this.stop === 0} @click=${() => this.#go(-1)}>Back</button>
        <button type="button" class="primary" @click=${next}>${last ? 'Done' : 'Next'}</button>
      </div>
    </section>`;
  }

  /** Two groups of the pattern, the kept weights filled. */
  #group() {
    const { n, m } = this.pattern;
    if (2 * m > MOST_CELLS) return nothing;
    const cells = Array.from({ length: 2 * m }, (_, cell) => {
      // N places of every M, elsewhere in one group than in the other.
      const place = (cell < m ? cell + 2 : cell + Math.ceil(m / 3)) % m;
      const kept = Math.floor(((place + 1) * n) / m) > Math.floor((place * n) / m);
      const x = cell * 10 + (cell < m ? 0 : 6);
      return svg`<rect class=${kept ? 'kept' : 'pruned'} x=${x + 1} y="1" width="8" height="8" rx="1.5" />`;
    });
    return html`<svg
      class="tour-groups"
      viewBox="0 0 ${20 * m + 6} 10"
      role="img"
      aria-label="Two groups of ${m} weights with ${n} kept in each"
    >
      ${cells}
    </svg>`;
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
    if (!this.contains(document.activeElement) || by > 0)
      /** @type {HTMLElement | null} */ (this.querySelector('button.primary'))?.focus();
  }

  /** Where the focus goes: back, or to what the tour showed last when the offer of it is gone; after all of it, to the run. @returns {HTMLElement | null} */
  get goal() {
    const before = this.#before;
    if (this.#finished) return document.querySelector('.run-bar button');
    if (before instanceof HTMLElement && before.isConnected && before !== document.body) return before;
    return (
      this.#shown?.querySelector('button, select, input, [tabindex="0"]') ??
      document.querySelector('.run-bar button')
    );
  }

  /** @param {boolean} byKeyboard */
  #end(byKeyboard) {
    const { goal } = this;
    // Who has seen the whole page goes on where it begins.
    if (this.#finished) document.querySelector('.intro')?.scrollIntoView({ block: 'start' });
    this.dispatchEvent(new CustomEvent('ended'));
    if (byKeyboard) goal?.focus();
  }
}

customElements.define('nm-tour', NmTour);
