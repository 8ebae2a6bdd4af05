import { LitElement } from 'lit';
import { isEmpty } from './axes.js';
import { Handles } from './handles.js';
import { LinePlot } from './line-plot.js';
import { headingOf, placed, readAt } from './reading.js';
import { rowsWithin } from './thinning.js';
import { Touch } from './touch.js';
import { zoomed } from './zoom.js';

/** @import { PlotSpec } from './line-plot.js' */

/** The smallest part of an axis that is shown, as a share of one: less is no choice but a slip. */
const DEEPEST = 10_000;

/**
 * `<nm-plot>`: a chart that keyboard and screen reader can walk along: a slider over x whose
 * value text reads the lines; plus and minus show less and more of x. Fires `zoom` with the range to show, or null
 * for all, and `handle` with `{id, x}` when one of its handles is moved.
 */
export class NmPlot extends LitElement {
  static properties = {
    spec: { attribute: false },
    name: { attribute: false },
  };

  /** @type {LinePlot | null} */
  #plot = null;
  /** Row that the keyboard points at; null is the newest. @type {number | null} */
  #row = null;
  #observer = new ResizeObserver(() => this.#plot?.resize());
  /** What the chart is drawn in. Handles lie beside it, since a slider may not hold other controls. */
  #canvas = document.createElement('div');
  /** Says why there are no lines. The slider's text says the same to screen readers. */
  #empty = document.createElement('p');
  #handles = new Handles(
    this,
    () => this.#plot,
    (id, x) => this.dispatchEvent(new CustomEvent('handle', { detail: { id, x } })),
  );

  constructor() {
    super();
    /** @type {PlotSpec | null} */
    this.spec = null;
    /** What is drawn, for screen readers. */
    this.name = '';
    this.#canvas.className = 'canvas';
    this.#canvas.tabIndex = 0;
    this.#canvas.setAttribute('role', 'slider');
    this.#canvas.addEventListener('keydown', (event) => this.#onKey(event));
    this.#canvas.addEventListener('blur', () => this.#plot?.leave());
    new Touch(this.#canvas, () => this.#plot);
    this.#empty.className = 'empty';
    this.#empty.ariaHidden = 'true';
    this.#empty.textContent = 'Nothing measured yet';
  }

  /** Light DOM: uPlot's style sheet is the page's. */
  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.append(this.#canvas, this.#empty);
    this.#observer.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#observer.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
  }

  /** Every chart draws in a task of its own: together they would hold the page up. */
  async scheduleUpdate() {
    await new Promise((resolve) => setTimeout(resolve));
    super.scheduleUpdate();
  }

  updated() {
    const { spec } = this;
    if (!spec) return;
    if (this.#plot) this.#plot.update(spec);
    else {
      const placeHandles = () => this.#handles.place();
      this.#plot = new LinePlot(this.#canvas, spec, (range) => this.#zoom(range), placeHandles);
    }
    this.#empty.hidden = !isEmpty(spec);
    this.#handles.update(spec.handles, spec.xRange);
    this.#describe(spec);
  }

  /** @param {PlotSpec} spec */
  #describe(spec) {
    const { x } = spec;
    const { first, row, last } = this.#place(spec);
    const read = readAt(spec, row);
    const readings = placed(spec, read).map(({ line, text, where }) =>
      [line.label, where, text].filter(Boolean).join(' '),
    );
    this.#canvas.ariaLabel = this.name;
    this.#canvas.ariaValueMin = String(x[first] ?? 0);
    this.#canvas.ariaValueMax = String(x[last] ?? 0);
    this.#canvas.ariaValueNow = String(x[row] ?? 0);
    const nothing = isEmpty(spec) ? 'nothing measured yet' : 'nothing measured in this part';
    this.#canvas.ariaValueText =
      readings.length > 0 ? `${headingOf(spec, read)}: ${readings.join(', ')}` : nothing;
  }

  /** The row that the keyboard points at, among those in sight. @param {PlotSpec} spec */
  #place({ x, xRange }) {
    const { first, last } = rowsWithin(x, xRange);
    return { first, last, row: Math.max(first, Math.min(this.#row ?? last, last)) };
  }

  /** @param {[number, number] | null} range */
  #zoom(range) {
    const { whole } = this.spec ?? {};
    if (!whole || (range && (range[1] - range[0]) * DEEPEST < whole[1] - whole[0])) return;
    this.dispatchEvent(new CustomEvent('zoom', { detail: range }));
  }

  /** @param {PlotSpec} spec @param {number} row  What stays where it is. @param {'in' | 'out'} direction */
  #rangeOf({ x, xRange, whole, xLog }, row, direction) {
    return whole && zoomed(xRange, whole, xLog, x[row] ?? xRange[0], direction);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { spec } = this;
    if (!spec) return;
    const { first, row, last } = this.#place(spec);
    if (event.key === 'Escape') this.#zoom(null);
    if (event.key === '+') this.#zoom(this.#rangeOf(spec, row, 'in'));
    if (event.key === '-') this.#zoom(this.#rangeOf(spec, row, 'out'));
    /** @type {Record<string, number>} */
    const targets = {
      ArrowLeft: row - 1,
      ArrowDown: row - 1,
      ArrowRight: row + 1,
      ArrowUp: row + 1,
      PageDown: row - 10,
      PageUp: row + 10,
      Home: first,
      End: last,
    };
    const target = targets[event.key];
    if (target === undefined || last < first) return;
    event.preventDefault();
    this.#row = Math.max(first, Math.min(target, last));
    this.#plot?.pointAt(this.#row);
    this.#describe(spec);
  }
}

customElements.define('nm-plot', NmPlot);
