/** The cursor of a chart, which the page's other charts over the same axis share. */

import { nearest } from './reading.js';
import { rowsWithin } from './thinning.js';
import { hasInterval } from './whiskers.js';

/** @import uPlot from 'uplot' */
/** @import { PlotSpec } from './line-plot.js' */

/** What charts tell each other; zooming reaches them through the page's state. */
const SHARED = ['mousemove', 'mouseleave'];
/** Where no cursor is seen. */
const AWAY = { left: -10, top: -10 };

export class ChartCursor {
  /** What moves the cursor here. @type {'pointer' | 'keys' | 'other chart'} */
  #reader = 'other chart';
  /** Where it is on the axis. */
  #at = 0;

  /**
   * @param {() => PlotSpec} spec
   * @param {() => void} onDoubleClick
   */
  constructor(spec, onDoubleClick) {
    this.spec = spec;
    this.onDoubleClick = onDoubleClick;
  }

  /** Whether pointer or keys read this chart; otherwise its cursor follows that of another one. */
  get reads() {
    return this.#reader !== 'other chart';
  }

  /** @returns {uPlot.Cursor} */
  options() {
    const { sync, whole, lines } = this.spec();
    return {
      ...(sync ? { sync: this.#shared() } : {}),
      drag: { x: whole !== null, y: false, setScale: false },
      // Where lines stand side by side the reading's cursor is enough.
      points: lines.some(hasInterval) ? { show: false } : { size: 6, width: 2 },
      // Values that are not measured at every report are read where they were.
      dataIdx: (plot, series, row) => {
        if (series === 0) return row;
        const at = nearest(plot.data[series] ?? [], row, rowsWithin(plot.data[0], this.spec().xRange));
        return at < 0 ? null : at;
      },
      bind: {
        mousemove: (_plot, _target, move) => (event) => {
          this.#reader = 'pointer';
          move(event);
          return null;
        },
        dblclick: () => () => {
          this.onDoubleClick();
          return null;
        },
      },
    };
  }

  /** @returns {uPlot.Cursor.Sync} */
  #shared() {
    return {
      key: 'x',
      scales: ['x', null],
      filters: {
        pub: (type) => SHARED.includes(type),
        sub: () => {
          this.#reader = 'other chart';
          return true;
        },
      },
    };
  }

  /** To be called whenever it was moved. @param {uPlot} plot */
  moved(plot) {
    this.#at = plot.posToVal(plot.cursor.left ?? 0, 'x');
  }

  /** Moves it by other means than a mouse. @param {uPlot} plot @param {number} left  In the plot, in CSS pixels. */
  point(plot, left) {
    this.#reader = 'keys';
    this.#move(plot, left);
  }

  /** Takes it away where keys left it. @param {uPlot} plot */
  leave(plot) {
    if (this.#reader === 'keys') this.#move(plot, AWAY.left);
  }

  /** Draws a chart anew: on another part of the axis the pointer is where it was, and any other cursor at its x. @param {uPlot} plot @param {() => void} draw */
  keep(plot, draw) {
    const { left = AWAY.left } = plot.cursor;
    const at = this.#at;
    // At once: later the scale would still be the old one.
    plot.batch(draw);
    if (left < 0 || Math.abs(this.#at - at) <= 1e-9 * Math.abs(at)) return;
    this.#move(plot, this.#reader === 'pointer' ? left : plot.valToPos(at, 'x'));
  }

  /** Here, and in the other charts if this is the one that is read. @param {uPlot} plot @param {number} left */
  #move(plot, left) {
    const { clientWidth, clientHeight } = plot.over;
    const place = left >= 0 && left <= clientWidth ? { left, top: clientHeight / 2 } : AWAY;
    // uPlot's types do not know of the last parameter.
    /** @type {(place: { left: number, top: number }, fire: boolean, publish: boolean) => void} */
    const move = plot.setCursor;
    move(place, true, this.reads);
  }
}
