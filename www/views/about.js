import { html } from 'lit';

/** @import { Lab } from './nm-lab.js' */

const PAPER = 'https://arxiv.org/abs/2402.04744';

/** Terms of the page, with where they come from. @type {[string, string][]} */
const GLOSSARY = [
  [
    'N:M sparsity',
    'In every block of M neighbouring weights only the N largest in magnitude are kept. 1:16 keeps one in sixteen.',
  ],
  [
    'Mask F',
    'One for a kept weight, zero for a pruned one. It is chosen anew as the weights change, so a pruned weight can come back.',
  ],
  [
    'D(j)',
    'The decay factor: a pruned weight counts D times in the forward pass, j steps after pruning starts. D = 0 is a hard mask.',
  ],
  [
    'Straight-through',
    'Pruned weights receive the full gradient although they do not take part in the forward pass.',
  ],
  [
    'SR-STE',
    'Straight-through, plus a pull of pruned weights towards zero, lambda (1 - F) W, that joins the gradient (Zhou et al. 2021).',
  ],
  [
    'MdGf',
    'Mask decay: the mask is the target from the start and D falls from 1 to 0, in a straight line or exponentially.',
  ],
  [
    'SdGf',
    'Structure decay: the mask is hard, the pattern tightens in stages: 15:16, 8:16, 4:16, 2:16, 1:16.',
  ],
  [
    'Gradient noise',
    'How much gradients scatter. The paper watches the variance of |g| and AdamW’s second moment v; the page adds others.',
  ],
  ['Hardened', 'The accuracy with the target N:M mask and D = 0: what a sparse network would ship with.'],
  ['Density', 'The share of weights inside the mask, whatever D is.'],
];

/** What the page shows and how to read it. @param {Lab} lab */
export function about({ session }) {
  const show = (/** @type {() => void} */ action) => (/** @type {Event} */ event) => {
    event.preventDefault();
    action();
    window.scrollTo({ top: 0 });
  };
  const noise = (/** @type {string} */ metric, /** @type {'all' | 'pruned'} */ subset) =>
    show(() =>
      session.store.dispatch({ type: 'view/panel', panel: 'noise', change: { metric, subset, log: null } }),
    );
  return html`
    <details class="panel about">
      <summary><h2>What am I looking at?</h2></summary>
      <div class="prose">
        <p>
          Sparse hardware wants weights in an N:M pattern. Training under such a mask from the start hurts, and the
          sparser the more: the mask cuts gradients off and flips, so updates get noisy. <a href=${PAPER} rel="noopener">Progressive
          gradient flow</a> (Bambhaniya et al., arXiv 2402.04744) argues that fading the pruned weights out, by a decaying
          factor or by tightening the pattern in stages, keeps that noise low and the accuracy up from about 1:8 on.
        </p>
        <p>
          Every lane here is the same small vision transformer with the same initial weights and the same batches. Only
          the recipe differs, so what you see between two lines is the recipe, and the luck of one seed. Watch the
          <button type="button" class="link" @click=${noise('grad_abs_var', 'all')}>variance of |g|</button> or the
          <button type="button" class="link" @click=${noise('v_sum', 'pruned')}>second moment of the pruned weights</button>
          around the vertical marks, where phases and stages change. Try another seed, a milder pattern or a longer budget:
          in a short one the decay recipes spend little time in the target pattern and may well lose.
        </p>
        <dl class="glossary">
          ${GLOSSARY.map(([term, meaning]) => html`<div><dt>${term}</dt><dd>${meaning}</dd></div>`)}
        </dl>
      </div>
    </details>
  `;
}
