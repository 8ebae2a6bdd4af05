import { html } from 'lit';
import { explained } from '../tip.js';

/** Terms of the page with their meaning and where they come from. @type {Record<string, [string, string]>} */
const TERMS = {
  lane: [
    'One configuration that trains beside the others: recipe, pattern, rates and seed. Lanes of equal seed start from the same weights and see the same batches.',
    'this page',
  ],
  'N:M sparsity': [
    'In every block of M neighbouring weights only the N largest in magnitude are kept. 1:16 keeps one in sixteen.',
    'Zhou et al. 2021, arXiv 2102.04010',
  ],
  'mask F': [
    'One for a kept weight, zero for a pruned one. It is chosen anew as the weights change, so a pruned weight can come back.',
    'arXiv 2402.04744, section 3',
  ],
  'D(j)': [
    'The decay factor: a pruned weight counts D times in the forward pass, j steps after pruning starts. D = 0 is a hard mask.',
    'arXiv 2402.04744, section 3',
  ],
  'straight-through': [
    'Pruned weights receive the full gradient although they do not take part in the forward pass.',
    'Bengio et al. 2013, arXiv 1308.3432',
  ],
  'SR-STE': [
    'Straight-through, plus a pull of pruned weights towards zero, lambda (1 - F) W, that joins the gradient.',
    'Zhou et al. 2021, arXiv 2102.04010',
  ],
  MdGf: [
    'Mask decay: the mask is the target from the start and D falls from 1 to 0, in a straight line or exponentially.',
    'arXiv 2402.04744, section 3',
  ],
  SdGf: [
    'Structure decay: the mask is hard, the pattern tightens in stages, such as 15:16, 8:16, 4:16, 2:16, 1:16.',
    'arXiv 2402.04744, section 3',
  ],
  'gradient noise': [
    'How much gradients scatter: the variance of |g| and AdamW’s second moment v, among others, over the sparse matrices.',
    'arXiv 2402.04744, section 4',
  ],
  hardened: [
    'Evaluated under the target N:M mask with D = 0: pruned weights are exactly zero, as sparse hardware would run the network.',
    'this page',
  ],
  density: ['The share of weights inside the mask, whatever D is.', 'this page'],
  phases: [
    'In the dense phase every weight trains; then pruning starts; while fine-tuning the mask has the target pattern and D = 0. The warm-up is the learning rate’s own: it rises to its peak.',
    'arXiv 2402.04744, section 3',
  ],
  'training FLOPs': [
    'Honest: a product costs N/M only while its matrix is hard-masked, and all of it while D > 0. Ideal: N/M of the mask at any time.',
    'this page',
  ],
  packed: [
    'Stored as the kept values and their places in the block, log2 M bits each, rounded up.',
    'this page',
  ],
};

/** A term in running text. @param {string} name @param {string} [shown] */
export function term(name, shown = name) {
  const [meaning, source] = TERMS[name] ?? ['', ''];
  const id = `term-${name.replaceAll(/[^a-z]+/gi, '-')}-${shown.length}`;
  return explained(id, shown, html`${meaning} <cite>${source}</cite>`);
}

/** Every term. */
export function glossary() {
  return html`<dl class="glossary">
    ${Object.entries(TERMS).map(
      ([name, [meaning, source]]) => html`<div>
        <dt>${name}</dt>
        <dd>${meaning} <cite>${source}</cite></dd>
      </div>`,
    )}
  </dl>`;
}
