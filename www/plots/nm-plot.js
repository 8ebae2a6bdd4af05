import { LitElement } from 'lit';
import { LinePlot } from './line-plot.js';
import { readAt } from './reading.js';

/** @import { PlotSpec } from './line-plot.js' */

/**
 * `<nm-plot>`: a chart that keyboard and screen reader can walk along: a slider over the steps whose
 * value text reads the lines. Fires `zoom` with the steps to show, or null for all.
 */
export class NmPlot extends LitElement {
  static properties = {
    spec: { attribute: false },
    name: { attribute: false },
    row: { state: true },
  };

  /** @type {LinePlot | null} */
  #plot = null;
  #observer = new ResizeObserver(() => this.#plot?.resize());

  constructor() {
    super();
    /** @type {PlotSpec | null} */
    this.spec = null;
    /** What is drawn, for screen readers. */
    this.name = '';
    /** Row that the keyboard points at; null is the newest. @type {number | null} */
    this.row = null;
    this.addEventListener('keydown', (event) => this.#onKey(event));
  }

  /** Light DOM: uPlot's style sheet is the page's. */
  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.tabIndex = 0;
    this.setAttribute('role', 'slider');
    this.#observer.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#observer.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
  }

  updated() {
    const { spec } = this;
    if (!spec) return;
    if (this.#plot) this.#plot.update(spec);
    else this.#plot = new LinePlot(this, spec, (range) => this.#zoom(range));
    const row = Math.min(this.row ?? Infinity, spec.x.length - 1);
    const readings = readAt(spec, row).map(({ label, text }) => `${label} ${text}`);
    this.ariaLabel = this.name;
    this.ariaValueMin = String(spec.x[0] ?? 0);
    this.ariaValueMax = String(spec.x.at(-1) ?? 0);
    this.ariaValueNow = String(spec.x[row] ?? 0);
    this.ariaValueText =
      readings.length > 0 ? `step ${spec.x[row]}: ${readings.join(', ')}` : 'nothing measured yet';
  }

  /** @param {[number, number] | null} range */
  #zoom(range) {
    this.dispatchEvent(new CustomEvent('zoom', { detail: range }));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const last = (this.spec?.x.length ?? 0) - 1;
    const row = this.row ?? last;
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
    if (target === undefined || last < 0) return;
    event.preventDefault();
    this.row = Math.max(0, Math.min(target, last));
    this.#plot?.pointAt(this.row);
  }
}

customElements.define('nm-plot', NmPlot);
