/**
 * A line chart over steps: uPlot with the lab's axes, zoom, marks and reading aid. It knows data and
 * scales only; what the lines mean is the caller's business.
 */

import uPlot from 'uplot';
import { axesOf, rangeOf } from './axes.js';
import { drawMarks } from './marks.js';
import { nearest, Reading } from './reading.js';

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {string} colour
 * @property {number[]} dash
 * @property {number} width           In CSS pixels.
 * @property {number} opacity
 * @property {boolean} stepped        Holds its value until the next one.
 * @property {boolean} dots           Marks each value, for lines of few values.
 * @property {boolean} read           Whether the reading aid lists it.
 * @property {(number | null)[]} values  One per x.
 */

/**
 * @typedef {object} PlotSpec
 * @property {number[]} x
 * @property {Line[]} lines
 * @property {[number, number]} xRange
 * @property {boolean} log
 * @property {string} yLabel
 * @property {[number, number] | null} yLimits   Values that the axis never leaves.
 * @property {(value: number) => string} format  For the axis.
 * @property {(value: number, line: number, row: number) => string} read  For the reading aid.
 * @property {import('./marks.js').Mark[]} marks
 * @property {number | null} now                 Step to point at.
 * @property {boolean} dark
 */

/** Charts of the page share the cursor. */
const SYNC_KEY = 'steps';

export class LinePlot {
  /** @type {uPlot} */
  #plot;
  /** @type {Reading} */
  #reading;
  /** @type {PlotSpec} */
  #spec;
  #structure;

  /**
   * @param {HTMLElement} host
   * @param {PlotSpec} spec
   * @param {(range: [number, number] | null) => void} onZoom  null asks for the whole range.
   */
  constructor(host, spec, onZoom) {
    this.host = host;
    this.onZoom = onZoom;
    this.#spec = spec;
    this.#structure = structureOf(spec);
    this.#reading = new Reading(() => this.#spec);
    this.#plot = this.#build();
  }

  /** @param {PlotSpec} spec */
  update(spec) {
    this.#spec = spec;
    const structure = structureOf(spec);
    if (structure === this.#structure) {
      this.#plot.setData(dataOf(spec));
    } else {
      this.#structure = structure;
      this.#plot.destroy();
      this.#plot = this.#build();
    }
    this.#reading.refresh(this.#plot);
  }

  /** Fits the chart to its host. */
  resize() {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width > 0 && height > 0) this.#plot.setSize({ width, height });
  }

  /** Moves the cursor, here and in the other charts, to a row. @param {number} row */
  pointAt(row) {
    const x = this.#spec.x[row];
    if (x === undefined) return;
    this.#plot.setCursor({ left: this.#plot.valToPos(x, 'x'), top: this.#plot.over.clientHeight / 2 });
  }

  destroy() {
    this.#plot.destroy();
  }

  #build() {
    const { clientWidth: width, clientHeight: height } = this.host;
    const ink = getComputedStyle(this.host);
    /** @type {uPlot.Options} */
    const options = {
      width: Math.max(width, 120),
      height: Math.max(height, 80),
      padding: [10, 20, 0, 0],
      legend: { show: false },
      cursor: {
        // Zooming reaches the other charts through the page's state, not through uPlot.
        sync: {
          key: SYNC_KEY,
          scales: ['x', null],
          filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' },
        },
        drag: { x: true, y: false, setScale: false },
        points: { size: 6, width: 2 },
        // Values that are not measured at every report are read where they were.
        dataIdx: (plot, series, row) => (series === 0 ? row : nearest(plot.data[series] ?? [], row)),
        bind: {
          dblclick: () => () => {
            this.onZoom(null);
            return null;
          },
        },
      },
      scales: {
        x: { time: false, range: () => this.#spec.xRange },
        y: {
          distr: this.#spec.log ? 3 : 1,
          range: (_, min, max) => rangeOf(min, max, this.#spec),
        },
      },
      axes: axesOf(ink, () => this.#spec),
      series: [{}, ...this.#spec.lines.map(seriesOf)],
      hooks: {
        drawAxes: [(plot) => drawMarks(plot, this.#spec, ink)],
        setCursor: [(plot) => this.#reading.refresh(plot)],
        setSelect: [(plot) => this.#zoomTo(plot)],
        ready: [(plot) => this.#reading.attach(plot)],
      },
    };
    return new uPlot(options, dataOf(this.#spec), this.host);
  }

  /** @param {uPlot} plot */
  #zoomTo(plot) {
    const { left, width } = plot.select;
    // Anything narrower is a click, not a selection.
    if (width < 6) return;
    const from = plot.posToVal(left, 'x');
    const to = plot.posToVal(left + width, 'x');
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.onZoom([from, to]);
  }
}

/** @param {PlotSpec} spec @returns {uPlot.AlignedData} */
function dataOf({ x, lines, log }) {
  const values = lines.map((line) =>
    log ? line.values.map((v) => (v !== null && v > 0 ? v : null)) : line.values,
  );
  return [x, ...values];
}

/** What uPlot cannot change after it was made. @param {PlotSpec} spec */
function structureOf({ lines, log, yLabel, dark }) {
  const styles = lines.map(({ label, colour, dash, width, opacity, stepped }) => [
    label,
    colour,
    dash,
    width,
    opacity,
    stepped,
  ]);
  return JSON.stringify([styles, log, yLabel, dark]);
}

/** @param {Line} line @returns {uPlot.Series} */
function seriesOf({ label, colour, dash, width, opacity, stepped, dots }) {
  return {
    label,
    stroke: colour,
    dash,
    width,
    alpha: opacity,
    spanGaps: true,
    points: { show: dots, size: 4, fill: colour },
    ...(stepped && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
  };
}
