/** Boxes of words beside what they explain. */

import { html, noChange } from 'lit';
import { Directive, directive } from 'lit/directive.js';

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

/** What is explained now, and in which box: one thing at a time. @type {{ host: HTMLElement, box: HTMLElement } | null} */
let open = null;

/** Follows the page while a box is open. */
const following = {
  begin() {
    document.addEventListener('scroll', place, { capture: true, passive: true });
    document.addEventListener('pointerdown', following.touched, { capture: true });
  },
  end() {
    document.removeEventListener('scroll', place, { capture: true });
    document.removeEventListener('pointerdown', following.touched, { capture: true });
  },
  /** @param {PointerEvent} event */
  touched({ target }) {
    if (!open?.host.contains(/** @type {Node} */ (target))) hide();
  },
};

/** @param {HTMLElement} host @param {HTMLElement} box  A popover: neither a table that scrolls nor the dock covers a part of it. */
function show(host, box) {
  if (open?.box !== box) hide();
  open = { host, box };
  following.begin();
  box.showPopover();
  place();
}

function hide() {
  open?.box.hidePopover();
  open = null;
  following.end();
}

/** Above what is explained, or below where there is no room. */
function place() {
  if (!open) return;
  const { left, top, bottom } = open.host.getBoundingClientRect();
  const { width, height } = open.box.getBoundingClientRect();
  const x = Math.max(EDGE, Math.min(left, document.documentElement.clientWidth - EDGE - width));
  const y = top - height < EDGE ? bottom : top - height;
  Object.assign(open.box.style, { left: `${x}px`, top: `${y}px` });
}

/**
 * A finger leaves at once what it points at: what it opened stays until another place is touched.
 *
 * @param {PointerEvent} event
 */
function leave({ pointerType }) {
  if (pointerType !== 'touch') hide();
}

/** @param {KeyboardEvent} event */
function onKey({ key }) {
  if (key === 'Escape') hide();
}

/**
 * Words in running text or in a heading whose meaning shows on hover, on focus and by touch.
 *
 * @param {string} id  Of the box, unlike any other on the page.
 * @param {unknown} shown
 * @param {unknown} meaning
 */
export function explained(id, shown, meaning) {
  const explain = (/** @type {Event} */ { currentTarget }) => {
    const host = /** @type {HTMLElement} */ (currentTarget);
    show(host, /** @type {HTMLElement} */ (host.querySelector('.tip')));
  };
  return html`<span
    class="term"
    tabindex="0"
    role="term"
    aria-describedby=${id}
    @focusin=${explain}
    @pointerenter=${explain}
    @focusout=${hide}
    @pointerleave=${leave}
    @keydown=${onKey}
    >${shown}<span class="tip" popover="manual" role="tooltip" id=${id}>${meaning}</span></span
  >`;
}

/** The box that all controls share. @type {HTMLElement | null} */
let shared = null;

class Tip extends Directive {
  /** @type {HTMLElement | null} */
  #host = null;
  #words = '';

  /** @param {string} words */
  render(words) {
    return words;
  }

  /** @param {import('lit').ElementPart} part @param {[string]} words */
  update({ element }, [words]) {
    const host = /** @type {HTMLElement} */ (element);
    this.#words = words;
    if (!this.#host) this.#attach(host);
    const control = (host instanceof HTMLLabelElement && host.control) || host;
    // What only repeats the name would be said twice.
    control.ariaDescription = words === control.ariaLabel ? null : words || null;
    if (open?.host === host) this.#show(host);
    return noChange;
  }

  /** @param {HTMLElement} host */
  #attach(host) {
    this.#host = host;
    const show = () => this.#show(host);
    host.addEventListener('focusin', show);
    host.addEventListener('pointerenter', show);
    host.addEventListener('focusout', hide);
    host.addEventListener('pointerleave', leave);
    host.addEventListener('keydown', onKey);
  }

  /** @param {HTMLElement} host */
  #show(host) {
    if (!this.#words) return hide();
    if (!shared) {
      shared = document.createElement('span');
      shared.className = 'tip';
      shared.popover = 'manual';
      shared.role = 'tooltip';
    }
    shared.textContent = this.#words;
    // Whatever takes the control away takes its box along.
    if (host.nextElementSibling !== shared) host.after(shared);
    show(host, shared);
  }
}

/** Says more about a button or a labelled field on hover, on focus and by touch: `<button ${tip('more')}>`. */
export const tip = directive(Tip);
