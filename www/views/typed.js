import { noChange } from 'lit';
import { Directive, directive, PartType } from 'lit/directive.js';
import { sameJson } from '../state/paths.js';

/** @import { ElementPart, PartInfo } from 'lit/directive.js' */

class Typed extends Directive {
  /** @param {PartInfo} part */
  constructor(part) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error('typed() belongs on an <input> element');
  }

  /**
   * @param {string} _text
   * @param {(text: string) => unknown} _read
   */
  render(_text, _read) {
    return noChange;
  }

  /**
   * @param {ElementPart} part
   * @param {[string, (text: string) => unknown]} arguments
   */
  update(part, [text, read]) {
    const input = /** @type {HTMLInputElement} */ (part.element);
    if (!sameJson(read(input.value), read(text))) input.value = text;
    return noChange;
  }
}

/**
 * Keeps an input at `text` without rewriting another spelling of the same value: `0.0` on its way
 * to `0.002`, or `2e-4` for `0.0002`.
 */
export const typed = directive(Typed);
