import { html } from 'lit';
import { ref } from 'lit/directives/ref.js';
import { notices } from './notices.js';
import { pending } from './pending.js';

/** @import { Lab } from './nm-lab.js' */

/** What lies above the page's lower edge. @param {Lab} lab */
export function dock(lab) {
  return html`<div class="dock" ${ref(watch)}>${notices(lab)} ${pending(lab)}</div>`;
}

/** Room between the dock and what is edited, in CSS pixels. */
const GAP = 8;

const observer = new ResizeObserver(([entry]) => {
  if (entry) keepClear(/** @type {HTMLElement} */ (entry.target), entry.contentRect.height);
});

/** @param {Element | undefined} dock */
function watch(dock) {
  observer.disconnect();
  if (dock) observer.observe(dock);
}

/**
 * Keeps what has the focus clear of the dock, which grows while one types: by the browser's own scrolling from then
 * on, by ours where the dock covers it at once.
 *
 * @param {HTMLElement} dock
 * @param {number} height
 */
function keepClear(dock, height) {
  document.documentElement.style.setProperty('--dock', `${height + GAP}px`);
  const edited = document.activeElement;
  if (!edited || edited === document.body || dock.contains(edited)) return;
  const field = edited.closest('.field');
  const parts = field ? [edited, ...field.querySelectorAll('.help, .problem')] : [edited];
  const foot = Math.max(...parts.map((part) => part.getBoundingClientRect().bottom));
  const { top } = dock.getBoundingClientRect();
  const covered = foot + GAP - top;
  if (covered > 0 && edited.getBoundingClientRect().top < innerHeight)
    scrollBy({ top: covered, behavior: 'instant' });
}
