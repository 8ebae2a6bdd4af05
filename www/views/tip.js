/**
 * Keeps the box of words beside a field or a term inside the window: for the events that show it.
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

/** From the window's edge, in CSS pixels. */
const EDGE = 12;
