import { html, LitElement } from 'lit';
import { goTo } from '../go-to.js';
import './nm-mask-figure.js';
import { glossary, term } from './terms.js';

/** @import { Session } from '../../state/session.js' */
/** @import { Panel, PanelId } from '../../state/view.js' */

const PAPER = 'https://arxiv.org/abs/2402.04744';

/** `<nm-teach>`: what the page shows, with figures to try and links that set the lab. */
export class NmTeach extends LitElement {
  static properties = { session: { attribute: false } };

  constructor() {
    super();
    /** @type {Session | null} */
    this.session = null;
  }

  /** Light DOM: the page's style sheet holds. */
  createRenderRoot() {
    return this;
  }

  render() {
    return html`<div class="prose">
      ${[this.#masks(), this.#structure(), this.#noise(), honest()].map((part) => html`<section>${part}</section>`)}
      <section class="terms">
        <h3>Terms</h3>
        ${glossary()}
      </section>
    </div>`;
  }

  #masks() {
    return html`
      <p>
        Sparse hardware wants weights in an ${term('N:M sparsity', 'N:M pattern')}. Training under such a hard
        ${term('mask F', 'mask')} from the start costs accuracy, and the sparser the more.
        <a href=${PAPER} rel="noopener">Progressive gradient flow</a> (Bambhaniya et al., arXiv 2402.04744) lets the
        pruned weights fade instead: they still count ${term('D(j)')} times, and D falls to zero. Every lane here is the
        same small transformer with the same initial weights and the same batches; only the recipe differs.
        Words after a ▶ start another experiment, unless it runs already; the browser’s Back leads back to this one.
      </p>
      <nm-mask-figure kind="mask" .session=${this.session}></nm-mask-figure>
      <p>
        ${this.#link('See D fall over the run', 'default', 'schedule', { metric: 'decay' })} and drag its handle, or compare
        ${this.#link('a mild with a strong pattern', 'patterns', 'accuracy', { metric: 'val_accuracy' })}.
      </p>
    `;
  }

  #structure() {
    return html`
      <h3>Structure decay</h3>
      <p>
        ${term('SdGf')} keeps the mask hard and tightens the pattern in stages. Each stage keeps a part of what the one
        before it kept.
      </p>
      <nm-mask-figure kind="structure" .session=${this.session}></nm-mask-figure>
      <p>${this.#link('See the stages of SdGf-Stepwise', 'default', 'schedule', { metric: 'density' })}.</p>
    `;
  }

  #noise() {
    return html`
      <h3>Noise</h3>
      <p>
        Weights of nearly equal size change places when updates are noisy, and with a hard mask every exchange changes
        the network at once. ${term('SR-STE')} pulls pruned weights towards zero against that; a soft mask makes an
        exchange cheap.
      </p>
      <nm-mask-figure kind="noise" .session=${this.session}></nm-mask-figure>
      <p>
        ${this.#link('Watch SR-STE flip at 1:16', 'default', 'schedule', { metric: 'mask_flip_rate' })}, or look at the
        ${term('gradient noise')} itself:
        ${this.#link('the variance of |g|', null, 'noise', { metric: 'grad_abs_var', subset: 'all' })} and
        ${this.#link('the second moment of the pruned weights', null, 'noise', { metric: 'v_sum', subset: 'pruned' })}.
        ${this.#link('What should pruned weights learn from?', 'gradient-rules', 'accuracy', { metric: 'val_accuracy' })}
      </p>
    `;
  }

  /**
   * A link that opens an experiment, unless it is the one that runs, and shows a chart of it.
   *
   * @param {string} text
   * @param {string | null} preset  null stays with the experiment that runs.
   * @param {PanelId} panel
   * @param {Partial<Panel>} change
   */
  #link(text, preset, panel, change) {
    const follow = () => {
      const { session } = this;
      if (!session) return;
      session.store.dispatch({ type: 'view/panel', panel, change: { ...change, log: null } });
      if (preset) session.showPreset(preset);
      goTo(document.querySelector(`[data-chart=${panel}]`), '.canvas', 'center');
    };
    const title = preset
      ? 'Starts the experiment of this chart; the browser’s Back returns to the present one'
      : '';
    const kind = preset ? 'link opens' : 'link';
    return html`<button type="button" class=${kind} title=${title} @click=${follow}>${text}</button>`;
  }
}

/** Where paper, code and this page differ. */
function honest() {
  return html`
    <h3>Read with care</h3>
    <ul class="care">
      <li>
        The paper’s abstract restricts the gradient of pruned weights step by step; the authors’ code passes all of it
        (${term('straight-through')}). Each lane offers both, and neither is called the right one.
      </li>
      <li>SdGf-Geometric starts at k = 16 in the paper and at k = 8 in the authors’ code; here k is a field.</li>
      <li>
        The paper’s figures of noise have no dense control and one seed. Here the dense lane runs along; repeat the lanes
        over three seeds, and read no difference that is smaller than their spread.
      </li>
      <li>
        The authors’ code evaluates with the mask as trained. Here both numbers stand side by side: as trained and
        ${term('hardened')}.
      </li>
      <li>
        A short run spends few steps in the target pattern, so decay recipes may well lose here. The page shows what it
        measures, also where that contradicts the paper.
      </li>
      <li>
        Training FLOPs are counted by a written-out formula, honest or ideal; they say nothing about the time on this
        device.
      </li>
    </ul>
  `;
}

customElements.define('nm-teach', NmTeach);
