import { html, LitElement, nothing, svg } from 'lit';
import { formatHundredths, formatShare } from '../format.js';

/** @import { Session } from '../../state/session.js' */

/** Sixteen weights to look at, as a layer might hold them. */
const WEIGHTS = [
  0.31, -0.92, 0.14, 0.48, -0.22, 0.77, -0.05, 0.39, 0.83, -0.44, 0.09, -0.61, 0.27, 0.55, -0.36, 0.18,
];
/** Rows of masks in the figure of noise. */
const ROWS = 24;

/** @typedef {{ n: number, m: number, decay: number, noise: number, rows: number }} Setting */
/** @typedef {{ weights: Float64Array, mask: Float64Array, forward: Float64Array }} Drawn */

/**
 * What a figure lets the reader change.
 *
 * @type {Record<'mask' | 'structure' | 'noise', { title: string, patterns: string[], decay: boolean, noise: boolean }>}
 */
const KINDS = {
  mask: {
    title: 'A mask and its decay',
    patterns: ['2:4', '1:4', '2:8', '1:8', '1:16'],
    decay: true,
    noise: false,
  },
  structure: {
    title: 'Structure decay, stage by stage',
    patterns: ['15:16', '8:16', '4:16', '2:16', '1:16'],
    decay: false,
    noise: false,
  },
  noise: {
    title: 'Noise flips masks',
    patterns: ['8:16', '4:16', '2:16', '1:16'],
    decay: false,
    noise: true,
  },
};

/**
 * `<nm-mask-figure kind="mask">`: weights under a mask that the reader sets. The masks come from the
 * code that trains.
 */
export class NmMaskFigure extends LitElement {
  static properties = {
    kind: {},
    session: { attribute: false },
    setting: { state: true },
    drawn: { state: true },
  };

  constructor() {
    super();
    /** @type {keyof typeof KINDS} */
    this.kind = 'mask';
    /** @type {Session | null} */
    this.session = null;
    /** @type {Setting} */
    this.setting = { n: 2, m: 4, decay: 0.3, noise: 0, rows: 1 };
    /** @type {Drawn | null} */
    this.drawn = null;
  }

  /** Light DOM: the page's style sheet holds. */
  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    const { patterns, decay, noise } = KINDS[this.kind];
    this.#set({
      ...patternOf(patterns[0] ?? '2:4'),
      decay: decay ? 0.3 : 0,
      noise: noise ? 0.1 : 0,
      rows: noise ? ROWS : 1,
    });
  }

  render() {
    const { title, patterns, decay, noise } = KINDS[this.kind];
    const { n, m } = this.setting;
    const shown = `${n}:${m}`;
    return html`
      <figure class="mask-figure" aria-label=${title}>
        <div class="figure-controls">
          <label class="inline">Pattern
            <input
              type="range"
              min="0"
              max=${patterns.length - 1}
              .valueAsNumber=${patterns.indexOf(shown)}
              aria-valuetext=${shown}
              @input=${(/** @type {Event & { target: HTMLInputElement }} */ { target }) =>
                this.#set(patternOf(patterns[target.valueAsNumber] ?? shown))}
            />
            <output>${shown}</output>
          </label>
          ${decay ? this.#slider('D', 'decay', 1) : nothing} ${noise ? this.#slider('Noise', 'noise', 0.4) : nothing}
        </div>
        ${this.drawn ? (noise ? this.#raster(this.drawn) : this.#bars(this.drawn)) : nothing}
        <figcaption aria-live="polite">${this.drawn ? this.#caption(this.drawn) : 'Asking the training code.'}</figcaption>
      </figure>
    `;
  }

  /** @param {string} label @param {'decay' | 'noise'} key @param {number} most */
  #slider(label, key, most) {
    const value = this.setting[key];
    return html`<label class="inline">${label}
      <input
        type="range"
        min="0"
        max=${most}
        step="0.05"
        .valueAsNumber=${value}
        @input=${(/** @type {Event & { target: HTMLInputElement }} */ { target }) =>
          this.#set({ [key]: target.valueAsNumber })}
      />
      <output>${formatHundredths(value)}</output>
    </label>`;
  }

  /** @param {Partial<Setting>} change */
  #set(change) {
    this.setting = { ...this.setting, ...change };
    const { setting } = this;
    void this.session?.attempt(async () => {
      const drawn = await this.session?.figure({ weights: WEIGHTS, ...setting });
      // An answer to an older question comes too late.
      if (drawn && setting === this.setting) this.drawn = drawn;
    });
  }

  /** Each weight as an outline, and filled what the forward pass reads of it. @param {Drawn} drawn */
  #bars({ weights, mask, forward }) {
    const { m } = this.setting;
    const bar = (/** @type {number} */ index) => {
      const [weight = 0, kept = 0, read = 0] = [weights[index], mask[index], forward[index]];
      const x = index * 20 + 3;
      const box = (/** @type {number} */ value, /** @type {string} */ name) =>
        svg`<rect class=${name} x=${x} width="14" y=${value > 0 ? 50 - value * 46 : 50} height=${Math.abs(value) * 46} rx="1.5" />`;
      return svg`<g class=${kept ? 'kept' : 'pruned'}>${box(weight, 'whole')}${box(read, 'read')}</g>`;
    };
    const borders = Array.from({ length: 16 / m + 1 }, (_, group) => group * m * 20);
    return html`<svg viewBox="-2 0 324 100" aria-hidden="true">
      ${borders.map((x) => svg`<line class="border" x1=${x} x2=${x} y1="0" y2="100" />`)}
      <line class="zero" x1="0" x2="320" y1="50" y2="50" />
      ${WEIGHTS.map((_, index) => bar(index))}
    </svg>`;
  }

  /** One row of cells for each time the weights were disturbed. @param {Drawn} drawn */
  #raster({ mask }) {
    const cells = Array.from(mask, (kept, cell) =>
      kept
        ? svg`<rect x=${(cell % 16) * 20 + 1} y=${Math.floor(cell / 16) * 6} width="18" height="5" />`
        : nothing,
    );
    return html`<svg class="raster" viewBox="-2 0 324 ${ROWS * 6}" aria-hidden="true">${cells}</svg>`;
  }

  /** @param {Drawn} drawn */
  #caption({ mask }) {
    const { n, m, decay, noise } = this.setting;
    const kept = mask.reduce((sum, bit) => sum + bit, 0);
    if (this.kind !== 'noise') {
      const rest =
        decay > 0 ? `; the others count ${formatHundredths(decay)} times` : '; the others count nothing';
      return `${n}:${m} keeps ${kept} of ${mask.length} weights${rest}.`;
    }
    const flips = mask.slice(16).reduce((sum, bit, cell) => sum + (bit === mask[cell] ? 0 : 1), 0);
    const share = formatShare(flips / (2 * (kept - n * (16 / m))));
    return noise > 0
      ? `${ROWS} disturbances of the same weights: from row to row ${share} of the kept weights are exchanged.`
      : 'Without noise every row is the same.';
  }
}

/** @param {string} text @returns {{ n: number, m: number }} */
function patternOf(text) {
  const [n = 1, m = 1] = text.split(':').map(Number);
  return { n, m };
}

customElements.define('nm-mask-figure', NmMaskFigure);
