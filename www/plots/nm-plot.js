import { LitElement } from 'lit';
import { isEmpty } from './axes.js';
import { Handles } from './handles.js';
import { LinePlot } from './line-plot.js';
import { headingOf, readAt } from './reading.js';

/** @import { PlotSpec } from './line-plot.js' */

/**
 * `<nm-plot>`: a chart that keyboard and screen reader can walk along: a slider over x whose
 * value text reads the lines. Fires `zoom` with the range to show, or null for all, and `handle` with
 * `{id, x}` when one of its handles is moved.
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
    const row = Math.min(this.#row ?? Infinity, spec.x.length - 1);
    const read = readAt(spec, row);
    const readings = read.map(({ label, text }) => `${label} ${text}`);
    this.#canvas.ariaLabel = this.name;
    this.#canvas.ariaValueMin = String(spec.x[0] ?? 0);
    this.#canvas.ariaValueMax = String(spec.x.at(-1) ?? 0);
    this.#canvas.ariaValueNow = String(spec.x[row] ?? 0);
    this.#canvas.ariaValueText =
      readings.length > 0 ? `${headingOf(spec, read)}: ${readings.join(', ')}` : 'nothing measured yet';
  }

  /** @param {[number, number] | null} range */
  #zoom(range) {
    this.dispatchEvent(new CustomEvent('zoom', { detail: range }));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { spec } = this;
    const last = (spec?.x.length ?? 0) - 1;
    const row = this.#row ?? last;
    /** @type {Record<string, number>} */
    const targets = {
      ArrowLeft: row - 1,
      ArrowDown: row - 1,
      ArrowRight: row + 1,
      ArrowUp: row + 1,
      PageDown: row - 10,
      PageUp: row + 10,
      Home: 0,
      End: last,
    };
    const target = targets[event.key];
    if (event.key === 'Escape') this.#zoom(null);
    if (!spec || target === undefined || last < 0) return;
    event.preventDefault();
    this.#row = Math.max(0, Math.min(target, last));
    this.#plot?.pointAt(this.#row);
    this.#describe(spec);
  }
}

customElements.define('nm-plot', NmPlot);
