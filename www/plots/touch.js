/** Fingers on a chart: one moves the cursor, two stretch the axis. */

/** @import { LinePlot } from './line-plot.js' */

export class Touch {
  /** Fingers on the chart: where they are now, and on which value they came down. @type {Map<number, { clientX: number, value: number }>} */
  #fingers = new Map();

  /**
   * @param {HTMLElement} host
   * @param {() => LinePlot | null} plot
   */
  constructor(host, plot) {
    this.plot = plot;
    host.addEventListener('pointerdown', (event) => this.#onDown(event));
    host.addEventListener('pointermove', (event) => this.#onMove(event));
    // The browser takes a finger away when it scrolls the page.
    for (const end of /** @type {const} */ (['pointerup', 'pointercancel']))
      host.addEventListener(end, ({ pointerId }) => this.#fingers.delete(pointerId));
  }

  /** @param {PointerEvent} event */
  #onDown({ pointerType, pointerId, clientX }) {
    const plot = this.plot();
    if (pointerType !== 'touch' || !plot) return;
    this.#fingers.set(pointerId, { clientX, value: plot.xAt(clientX) });
    if (this.#fingers.size === 1) plot.pointTo(clientX);
  }

  /** @param {PointerEvent} event */
  #onMove({ pointerId, clientX }) {
    const finger = this.#fingers.get(pointerId);
    if (!finger) return;
    finger.clientX = clientX;
    const fingers = [...this.#fingers.values()].sort((a, b) => a.value - b.value);
    const [first, second] = fingers;
    if (first && second) this.plot()?.stretch([first, second]);
    else this.plot()?.pointTo(clientX);
  }
}
