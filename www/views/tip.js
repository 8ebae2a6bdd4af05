/** Boxes of words beside what they explain. */

import { html } from 'lit';

/** From the window's edge, in CSS pixels. */
const EDGE = 12;

/**
 * Keeps the box of words beside a field inside the window: for the events that show it.
 *
 * @param {Event} event
 */
export function fitTip({ currentTarget }) {
  const host = /** @type {HTMLElement} */ (currentTarget);
  const tip = /** @type {HTMLElement | null} */ (host.querySelector('.tip'));
  if (!tip) return;
  tip.style.translate = '';
  const { right } = tip.getBoundingClientRect();
  tip.style.translate = `${Math.min(0, document.documentElement.clientWidth - EDGE - right)}px`;
}

/**
 * Words in running text or in a heading whose meaning shows on hover, on focus and by touch.
 *
 * @param {string} id  Of the box, unlike any other on the page.
 * @param {unknown} shown
 * @param {unknown} meaning
 */
export function explained(id, shown, meaning) {
  return html`<span
    class="term"
    tabindex="0"
    role="term"
    aria-describedby=${id}
    @focusin=${show}
    @pointerenter=${show}
    @focusout=${hide}
    @pointerleave=${hide}
    @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && hide(event)}
    >${shown}<span class="tip" popover="manual" role="tooltip" id=${id}>${meaning}</span></span
  >`;
}

/** @param {Event} event */
function show({ currentTarget }) {
  const host = /** @type {HTMLElement} */ (currentTarget);
  const tip = /** @type {HTMLElement} */ (host.querySelector('.tip'));
  // A popover: neither a table that scrolls nor the dock covers a part of it.
  tip.showPopover();
  const { left, top, bottom } = host.getBoundingClientRect();
  const { width, height } = tip.getBoundingClientRect();
  const x = Math.max(EDGE, Math.min(left, document.documentElement.clientWidth - EDGE - width));
  const y = top - height < EDGE ? bottom : top - height;
  Object.assign(tip.style, { left: `${x}px`, top: `${y}px` });
}

/** @param {Event} event */
function hide({ currentTarget }) {
  /** @type {HTMLElement | null} */ (
    /** @type {HTMLElement} */ (currentTarget).querySelector('.tip')
  )?.hidePopover();
}
