import { html } from 'lit';

/**
 * @typedef {object} Bar
 * @property {string} label
 * @property {number} value
 * @property {string} reading  The value in words.
 * @property {boolean} [reference]  What the other bars are compared with.
 */

/**
 * Horizontal bars on one scale, with a line where the reference ends. Purely a drawing: the numbers stand beside the
 * bars as text.
 *
 * @param {Bar[]} bars
 * @param {number} most  The value of a bar of full length.
 */
export function bars(bars, most) {
  const share = (/** @type {number} */ value) => `${(100 * Math.min(1, value / most)).toFixed(2)}%`;
  const reference = bars.find((bar) => bar.reference);
  return html`
    <div class="bars">
      ${bars.map(
        ({ label, value, reading, reference: isReference }) => html`
          <span class="bar-label">${label}</span>
          <svg class="bar ${isReference ? 'reference' : ''}" aria-hidden="true">
            <rect class="fill" width=${share(value)} height="100%" rx="2"></rect>
            ${
              reference
                ? html`<svg><line x1=${share(reference.value)} x2=${share(reference.value)} y1="0" y2="100%"></line></svg>`
                : ''
            }
          </svg>
          <span class="bar-reading">${reading}</span>
        `,
      )}
    </div>
  `;
}
