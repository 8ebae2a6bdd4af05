import { html } from 'lit';
import { ref } from 'lit/directives/ref.js';
import { notices } from './notices.js';
import { pending } from './pending.js';

/** @import { Lab } from './nm-lab.js' */

/** What lies above the page's lower edge. @param {Lab} lab */
export function dock(lab) {
  return html`<div class="dock" ${ref(watch)} @click=${pressed}>${notices(lab)} ${pending(lab)}</div>`;
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

/** What was edited when the dock last changed. @type {Element | null} */
let edited = null;
/** Whether a key pressed the button that had the focus last in the dock. */
let byKeyboard = false;

/** @param {MouseEvent} event  A press of a key has no pointer. */
function pressed({ detail }) {
  byKeyboard = detail === 0;
}

/**
 * Keeps what has the focus clear of the dock, which grows while one types: by the browser's own scrolling from then
 * on, by ours where the dock covers it at once. A button that leaves with the dock hands the keyboard back.
 *
 * @param {HTMLElement} dock
 * @param {number} height
 */
function keepClear(dock, height) {
  document.documentElement.style.setProperty('--dock', `${height + GAP}px`);
  const focused = document.activeElement;
  if (!focused || focused === document.body) return void (byKeyboard && handBack());
  if (dock.contains(focused)) return;
  edited = focused;
  byKeyboard = false;
  const field = edited.closest('.field');
  const parts = field ? [edited, ...field.querySelectorAll('.help, .problem')] : [edited];
  const foot = Math.max(...parts.map((part) => part.getBoundingClientRect().bottom));
  const { top } = dock.getBoundingClientRect();
  const covered = foot + GAP - top;
  if (covered > 0 && edited.getBoundingClientRect().top < innerHeight)
    scrollBy({ top: covered, behavior: 'instant' });
}

/** To what was edited, or to the run's controls when that is gone. */
function handBack() {
  byKeyboard = false;
  const goal = edited?.isConnected ? edited : document.querySelector('.run-bar button');
  /** @type {HTMLElement | null} */ (goal)?.focus();
}
