import { html, nothing } from 'lit';
import { BESIDE, fieldName, inWords } from '../state/wording.js';

/** @import { Problem } from '../worker/protocol.d.ts' */
/** @import { Lab } from './nm-lab.js' */

/**
 * What is wrong, field by field: by the labels of the form for who fills it in, with the path for who writes the
 * document.
 *
 * @param {Lab['state']} state
 * @param {Problem[]} problems
 * @param {(lane: number) => string} [laneName]
 */
export function problemList({ catalog: { fields } }, problems, laneName) {
  return html`<ul>
    ${problems.map((problem) => {
      const [name, reason] = [fieldName(problem, fields, laneName), inWords(problem.reason, fields)];
      const path = html`<code>${problem.field}</code>`;
      if (name === null) return html`<li>${path} ${reason}</li>`;
      return html`<li><b>${name}:</b> ${reason} ${problem.field in BESIDE ? nothing : path}</li>`;
    })}
  </ul>`;
}
