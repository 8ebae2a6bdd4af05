/** Points of a chart that can be dragged along x, by pointer or by keyboard. */

/** @import { LinePlot } from './line-plot.js' */

/**
 * @typedef {object} Handle
 * @property {string} id
 * @property {string} label   What it changes.
 * @property {string} text    Its present value in words.
 * @property {string} colour
 * @property {number} x
 * @property {number | null} y  null is the lower edge of the plot.
 * @property {number} min     Least and greatest x.
 * @property {number} max
 * @property {number} step    What an arrow key moves it by.
 */

/** From a handle's centre to the words about it, in CSS pixels. */
const CLEARANCE = 14;

export class Handles {
  /** @type {Map<string, HTMLElement>} */
  #elements = new Map();
  /** @type {Handle[]} */
  #handles = [];
  /** Says what a handle is and where, to those who see it: beside the one that is pointed at or has the focus. */
  #words = document.createElement('span');
  /** @type {string | null} */
  #told = null;

  /**
   * @param {HTMLElement} host  Holds the handles; positioned.
   * @param {() => LinePlot | null} plot
   * @param {(id: string, x: number) => void} onMove
   */
  constructor(host, plot, onMove) {
    this.host = host;
    this.plot = plot;
    this.onMove = onMove;
    this.#words.className = 'tip';
    this.#words.ariaHidden = 'true';
  }

  /** @param {Handle[]} handles @param {[number, number]} xRange */
  update(handles, xRange) {
    this.#handles = handles;
    for (const [id, element] of this.#elements) {
      if (handles.some((handle) => handle.id === id)) continue;
      element.remove();
      this.#elements.delete(id);
      if (id === this.#told) this.#turnTo(null);
    }
    for (const handle of handles) {
      const element = this.#elements.get(handle.id) ?? this.#add(handle.id);
      element.hidden = handle.x < xRange[0] || handle.x > xRange[1];
      element.ariaLabel = handle.label;
      element.ariaValueMin = String(handle.min);
      element.ariaValueMax = String(handle.max);
      element.ariaValueNow = String(handle.x);
      element.ariaValueText = handle.text;
      element.style.setProperty('--ink', handle.colour);
    }
    this.place();
  }

  /** Puts the handles where the chart's scales have them now. */
  place() {
    for (const { id, x, y } of this.#handles) {
      const element = this.#elements.get(id);
      const at = this.plot()?.place(x, y);
      if (element && at) element.style.transform = `translate(${at.left}px, ${at.top}px)`;
      if (at && id === this.#told) this.#tell(at);
    }
  }

  /** @param {{ left: number, top: number }} at */
  #tell({ left, top }) {
    const handle = this.#handles.find(({ id }) => id === this.#told);
    if (!handle) return;
    this.#words.textContent = `${handle.label}: ${handle.text}`;
    this.host.append(this.#words);
    const { offsetWidth: width, offsetHeight: height } = this.#words;
    const x = Math.max(0, Math.min(left - width / 2, this.host.clientWidth - width));
    const y = top - CLEARANCE - height < 0 ? top + CLEARANCE : top - CLEARANCE - height;
    this.#words.style.transform = `translate(${x}px, ${y}px)`;
  }

  /** @param {string | null} id  null says nothing more. */
  #turnTo(id) {
    this.#told = id;
    this.#words.remove();
    this.place();
  }

  /** @param {string} id */
  #add(id) {
    const element = document.createElement('div');
    element.className = 'handle';
    element.dataset.handle = id;
    element.tabIndex = 0;
    element.setAttribute('role', 'slider');
    element.addEventListener('keydown', (event) => this.#onKey(id, event));
    for (const type of ['focus', 'pointerenter']) element.addEventListener(type, () => this.#turnTo(id));
    element.addEventListener('blur', () => this.#turnTo(null));
    element.addEventListener('pointerleave', () => {
      if (document.activeElement !== element) this.#turnTo(null);
    });
    element.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      element.focus();
      element.setPointerCapture(event.pointerId);
    });
    element.addEventListener('pointermove', (event) => {
      const x = element.hasPointerCapture(event.pointerId) ? this.plot()?.xAt(event.clientX) : undefined;
      if (x !== undefined) this.#move(id, x);
    });
    this.host.append(element);
    this.#elements.set(id, element);
    return element;
  }

  /** @param {string} id @param {KeyboardEvent} event */
  #onKey(id, event) {
    const handle = this.#handles.find((candidate) => candidate.id === id);
    if (!handle) return;
    const { x, min, max, step } = handle;
    /** @type {Record<string, number>} */
    const targets = {
      ArrowLeft: x - step,
      ArrowDown: x - step,
      ArrowRight: x + step,
      ArrowUp: x + step,
      PageDown: x - 10 * step,
      PageUp: x + 10 * step,
      Home: min,
      End: max,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    // The chart below has keys of its own.
    event.stopPropagation();
    this.#move(id, target);
  }

  /** @param {string} id @param {number} x */
  #move(id, x) {
    const handle = this.#handles.find((candidate) => candidate.id === id);
    if (!handle) return;
    const target = Math.max(handle.min, Math.min(Math.round(x), handle.max));
    if (target !== handle.x) this.onMove(id, target);
  }
}
