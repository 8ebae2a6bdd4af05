/**
 * Brings a part of the page into sight and takes the keyboard there.
 *
 * @param {Element | null} part
 * @param {string} focused  What of it has the focus then.
 * @param {ScrollLogicalPosition} block  Where it comes to lie.
 */
export function goTo(part, focused, block) {
  part?.scrollIntoView({ block });
  /** @type {HTMLElement | null | undefined} */ (part?.querySelector(focused))?.focus({
    preventScroll: true,
  });
}
