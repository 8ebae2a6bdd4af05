import { html, LitElement, nothing } from 'lit';
import { groupOf, paint, scaleOf } from '../plots/heat-map.js';
import { cellOf, neighbour } from './matrix-cell.js';

/** @import { Frame, Shown } from '../state/inspector.js' */

/**
 * `<nm-matrix>`: a matrix as a picture. The weight below the pointer is read beside it, and so is the one that the
 * arrow keys lead to. Fires `weight` with the number of the one that is chosen.
 */
export class NmMatrix extends LitElement {
  static properties = {
    frame: { attribute: false },
    earlier: { attribute: false },
    shown: { attribute: false },
    weight: { attribute: false },
    dark: { attribute: false },
    pointed: { state: true },
  };

  /** What the canvas shows. @type {unknown[]} */
  #painted = [];

  constructor() {
    super();
    /** @type {Frame | null} */
    this.frame = null;
    /** The mask that flips are counted against. @type {Frame | null} */
    this.earlier = null;
    /** @type {Shown} */
    this.shown = 'weights';
    /** The weight whose group is outlined. */
    this.weight = 0;
    this.dark = false;
    /** The weight that is read. @type {number | null} */
    this.pointed = null;
  }

  createRenderRoot() {
    return this;
  }

  render() {
    const { frame, earlier, shown } = this;
    if (!frame) return nothing;
    const { tensor, step, rows, cols, mask } = frame;
    const at = Math.min(this.pointed ?? this.weight, mask.length - 1);
    const read = cellOf(frame, earlier, shown, at);
    const point = (/** @type {PointerEvent} */ event) => {
      this.pointed = weightAt(event, frame);
    };
    // The keyboard's reading stays when the pointer leaves; a finger leaves at once, and has then clicked.
    const leave = () => {
      this.pointed = this.querySelector('canvas:focus-visible') ? this.weight : null;
    };
    const click = (/** @type {PointerEvent} */ event) => {
      point(event);
      this.#choose(weightAt(event, frame));
    };
    return html`
      <canvas
        role="slider"
        tabindex="0"
        aria-label="${tensor} at step ${step}: ${rows} inputs down, ${cols} outputs across"
        aria-valuemin="0"
        aria-valuemax=${mask.length - 1}
        aria-valuenow=${at}
        aria-valuetext="${read.place}: ${read.rows.map((words) => words.join(' ')).join(', ')}"
        @pointermove=${point}
        @pointerleave=${leave}
        @focus=${leave}
        @blur=${leave}
        @keydown=${(/** @type {KeyboardEvent} */ event) => this.#onKey(event, frame)}
        @click=${click}
      ></canvas>
      ${
        this.pointed === null
          ? nothing
          : html`<div class="pointed" aria-hidden="true"></div>
            <div class="reading" aria-hidden="true">
              <strong>${read.place}</strong>
              ${read.rows.map(([label, value]) => html`<span>${label}<b>${value}</b></span>`)}
            </div>`
      }
    `;
  }

  /** @param {KeyboardEvent} event @param {Frame} frame */
  #onKey(event, frame) {
    const next = neighbour(frame, this.weight, event.key);
    if (next === null) return;
    event.preventDefault();
    this.pointed = next;
    this.#choose(next);
  }

  /** @param {number} weight */
  #choose(weight) {
    this.dispatchEvent(new CustomEvent('weight', { detail: weight }));
  }

  updated() {
    const { frame, earlier, shown, weight, dark } = this;
    const canvas = this.querySelector('canvas');
    if (!frame || !canvas) return;
    this.#placeReading(frame);
    const inputs = [canvas, frame, earlier, shown, weight, dark];
    if (inputs.every((input, at) => input === this.#painted[at])) return;
    this.#painted = inputs;
    const map = { rows: frame.rows, cols: frame.cols, m: frame.m, alongRows: frame.along_inputs, dark };
    const image = paint({ ...map, ...coloursOf(frame, earlier, shown) });
    Object.assign(canvas, { width: image.width, height: image.height });
    const context = canvas.getContext('2d');
    if (!context) return;
    context.putImageData(image, 0, 0);
    outline(context, groupOf({ ...map, m: Math.max(frame.m, 4) }, weight), frame, dark);
  }

  /** Puts the mark on the weight that is read, and the words beside it, on the side with more room. @param {Frame} frame */
  #placeReading({ rows, cols }) {
    const mark = /** @type {HTMLElement | null} */ (this.querySelector('.pointed'));
    const words = /** @type {HTMLElement | null} */ (this.querySelector('.reading'));
    if (!mark || !words || this.pointed === null) return;
    const share = (/** @type {number} */ at, /** @type {number} */ count) => `${(100 * at) / count}%`;
    const at = Math.min(this.pointed, rows * cols - 1);
    const [row, col] = [Math.floor(at / cols), at % cols];
    const [before, above] = [col > cols / 2, row > rows / 2];
    const place = { left: share(col, cols), top: share(row, rows) };
    Object.assign(mark.style, { ...place, width: share(1, cols), height: share(1, rows) });
    Object.assign(words.style, {
      left: before ? place.left : share(col + 1, cols),
      top: above ? place.top : share(row + 1, rows),
      translate: [before, above].map((back) => (back ? 'calc(-100% - 6px)' : '6px')).join(' '),
    });
  }
}

/** The weight below the pointer. @param {PointerEvent} event @param {Frame} frame */
function weightAt({ currentTarget, offsetX, offsetY }, { rows, cols }) {
  const { clientWidth, clientHeight } = /** @type {HTMLCanvasElement} */ (currentTarget);
  const place = (/** @type {number} */ share, /** @type {number} */ count) =>
    Math.max(0, Math.min(Math.floor(share * count), count - 1));
  return place(offsetY / clientHeight, rows) * cols + place(offsetX / clientWidth, cols);
}

/**
 * @param {Frame} frame
 * @param {Frame | null} before
 * @param {Shown} shown
 */
function coloursOf(frame, before, shown) {
  const full = () => 1;
  if (shown === 'flips' || shown === 'flips_first') {
    const change = (/** @type {number} */ index) =>
      before ? (frame.mask[index] ?? 0) - (before.mask[index] ?? 0) : 0;
    return { value: change, strength: full };
  }
  const values = frame[shown];
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  // Most weights are far smaller than the largest: the root lets them be seen.
  const value = (/** @type {number} */ index) => {
    const share = (values[index] ?? 0) / largest;
    return Math.sign(share) * Math.sqrt(Math.abs(share));
  };
  const strength =
    shown === 'weights' ? (/** @type {number} */ index) => (frame.mask[index] ? 1 : frame.decay) : full;
  return { value, strength };
}

/** @param {CanvasRenderingContext2D} context @param {number[]} group @param {Frame} frame @param {boolean} dark */
function outline(context, group, { rows, cols }, dark) {
  const scale = scaleOf(rows, cols);
  const [first = 0, last = 0] = [group[0], group.at(-1)];
  const [left, top] = [(first % cols) * scale, Math.floor(first / cols) * scale];
  const [right, bottom] = [((last % cols) + 1) * scale, (Math.floor(last / cols) + 1) * scale];
  context.strokeStyle = dark ? '#ffffff' : '#000000';
  context.lineWidth = 2;
  context.strokeRect(left, top, right - left, bottom - top);
}

customElements.define('nm-matrix', NmMatrix);
