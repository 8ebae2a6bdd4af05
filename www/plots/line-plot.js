/**
 * A line chart: uPlot with the lab's axes, zoom, marks and reading aid. It knows data and
 * scales only; what the lines mean is the caller's business.
 */

import uPlot from 'uplot';
import { axesOf, drawYLabel, rangeOf, roomAtEnd } from './axes.js';
import { ChartCursor } from './cursor.js';
import { roomAbove } from './mark-labels.js';
import { drawBackdrop, drawMarks, drawNow } from './marks.js';
import { bandOpacity } from './palette.js';
import { Reading } from './reading.js';
import { rowOf, strideFor, thin } from './thinning.js';
import { drawWhiskers, hasInterval, withIntervals } from './whiskers.js';
import { stretched } from './zoom.js';

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
 * @property {import('./whiskers.js').Interval} [interval]  Around each value.
 */

/** @typedef {{ high: number, low: number, colour: string }} Band  Filled between two lines. */
/** @typedef {{ at: number, label: string }} Tick */

/**
 * @typedef {object} PlotSpec
 * @property {number[]} x
 * @property {Line[]} lines
 * @property {Band[]} bands
 * @property {[number, number]} xRange
 * @property {[number, number] | null} whole  The range without a zoom; null where there is no zooming.
 * @property {string} xLabel
 * @property {string} [xHint]  What the axis says besides.
 * @property {boolean} xLog
 * @property {Tick[] | null} xTicks  Named places of x; null has round numbers.
 * @property {boolean} sync          Whether its cursor moves with that of the page's other charts.
 * @property {boolean} log
 * @property {string} yLabel
 * @property {[number, number] | null} yLimits   Values that the axis never leaves.
 * @property {(value: number) => string} format  For the axis.
 * @property {(value: number, line: number, row: number) => string} read  For the reading aid.
 * @property {import('./marks.js').Backdrop[]} [backdrop]
 * @property {import('./marks.js').Mark[]} marks
 * @property {number | null} now                 Where the run is: a line, and a dot on every line of the chart.
 * @property {import('./handles.js').Handle[]} handles  What can be dragged.
 * @property {boolean} dark
 */

/** What a finger took hold of, and where it is. @typedef {{ value: number, clientX: number }} Finger */

export class LinePlot {
  /** @type {uPlot} */
  #plot;
  /** @type {Reading} */
  #reading;
  /** @type {PlotSpec} */
  #spec;
  #structure;
  /** Rows of the data that become two in the drawing. */
  #stride = 1;
  /** @type {ChartCursor} */
  #cursor;

  /**
   * @param {HTMLElement} host
   * @param {PlotSpec} spec
   * @param {(range: [number, number] | null) => void} onZoom  null asks for the whole range.
   * @param {() => void} onDraw  Called after every drawing: scales may have changed.
   */
  constructor(host, spec, onZoom, onDraw) {
    this.host = host;
    this.onZoom = onZoom;
    this.onDraw = onDraw;
    this.#spec = spec;
    this.#structure = structureOf(spec);
    this.#cursor = new ChartCursor(
      () => this.#spec,
      () => this.onZoom(null),
    );
    this.#reading = new Reading(
      () => this.#spec,
      (drawn) => rowOf(drawn, this.#stride, this.#spec.x.length),
    );
    this.#plot = this.#build();
  }

  /** @param {PlotSpec} spec */
  update(spec) {
    this.#spec = spec;
    const structure = structureOf(spec);
    if (structure === this.#structure) {
      this.#cursor.keep(this.#plot, () => this.#plot.setData(this.#data()));
    } else {
      this.#structure = structure;
      this.#plot.destroy();
      this.#plot = this.#build();
    }
    this.#reading.refresh(this.#plot, this.#cursor.reads);
  }

  /** Fits the chart to its host. */
  resize() {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width <= 0 || height <= 0) return;
    this.#plot.setSize({ width, height });
    if (this.#strideNow() !== this.#stride) this.#plot.setData(this.#data());
  }

  /** Moves the cursor, here and in the other charts, to a row. @param {number} row */
  pointAt(row) {
    const x = this.#spec.x[row];
    if (x !== undefined) this.#cursor.point(this.#plot, this.#plot.valToPos(x, 'x'));
  }

  /** Moves the cursor to a place in the window. @param {number} clientX */
  pointTo(clientX) {
    this.#cursor.point(this.#plot, clientX - this.#plot.over.getBoundingClientRect().left);
  }

  /** Takes the cursor away where keys left it. */
  leave() {
    this.#cursor.leave(this.#plot);
  }

  /** Shows the part of the axis on which two values lie where their fingers are. @param {[Finger, Finger]} fingers */
  stretch([first, second]) {
    const { whole, xLog } = this.#spec;
    if (!whole) return;
    const { left, width } = this.#plot.over.getBoundingClientRect();
    const share = (/** @type {Finger} */ { clientX }) => (clientX - left) / width;
    this.onZoom(stretched([first.value, second.value], [share(first), share(second)], whole, xLog));
  }

  /**
   * Where a point lies in the host, in CSS pixels.
   *
   * @param {number} x
   * @param {number | null} y  null is the lower edge of the plot.
   */
  place(x, y) {
    const { left, top, height } = this.#plot.bbox;
    const down = y === null ? height / devicePixelRatio : this.#plot.valToPos(y, 'y');
    return {
      left: left / devicePixelRatio + this.#plot.valToPos(x, 'x'),
      top: top / devicePixelRatio + down,
    };
  }

  /** The x below a point of the window. @param {number} clientX */
  xAt(clientX) {
    return this.#plot.posToVal(clientX - this.#plot.over.getBoundingClientRect().left, 'x');
  }

  destroy() {
    this.#plot.destroy();
  }

  #build() {
    const { clientWidth: width, clientHeight: height } = this.host;
    const ink = getComputedStyle(this.host);
    const alpha = Math.round(255 * bandOpacity(this.#spec.bands.length))
      .toString(16)
      .padStart(2, '0');
    /** @type {uPlot.Options} */
    const options = {
      width: Math.max(width, 120),
      height: Math.max(height, 80),
      // Marks are named above the plot, where no line runs through their words.
      padding: [roomAbove(this.#spec.marks), () => roomAtEnd(this.#spec), 0, 0],
      legend: { show: false },
      cursor: this.#cursor.options(),
      scales: {
        x: { time: false, distr: this.#spec.xLog ? 3 : 1, range: () => this.#spec.xRange },
        y: {
          distr: this.#spec.log ? 3 : 1,
          range: (_, min, max) => rangeOf(...withIntervals(this.#spec, min, max), this.#spec),
        },
      },
      axes: axesOf(ink, () => this.#spec),
      series: [{}, ...this.#spec.lines.map(seriesOf)],
      bands: this.#spec.bands.map(({ high, low, colour }) => ({
        series: [high + 1, low + 1],
        fill: colour + alpha,
      })),
      hooks: {
        drawAxes: [
          (plot) => drawYLabel(plot, this.#spec, ink),
          (plot) => drawBackdrop(plot, this.#spec),
          (plot) => drawMarks(plot, this.#spec, ink),
        ],
        draw: [
          (plot) => drawWhiskers(plot, this.#spec),
          (plot) => drawNow(plot, this.#spec),
          () => this.onDraw(),
        ],
        setCursor: [
          (plot) => {
            this.#cursor.moved(plot);
            this.#reading.refresh(plot, this.#cursor.reads);
          },
        ],
        setSelect: [(plot) => this.#zoomTo(plot)],
        ready: [(plot) => this.#reading.attach(plot)],
      },
    };
    return new uPlot(options, this.#data(), this.host);
  }

  /** @returns {uPlot.AlignedData} */
  #data() {
    const { x, lines, log } = this.#spec;
    this.#stride = this.#strideNow();
    const xs = /** @type {number[]} */ (thin(x, this.#stride, false));
    return [xs, ...lines.map(({ values }) => thin(values, this.#stride, log))];
  }

  #strideNow() {
    return strideFor(this.#spec.x, this.#spec.xRange, this.host.clientWidth);
  }

  /** @param {uPlot} plot */
  #zoomTo(plot) {
    const { left, width } = plot.select;
    // Anything narrower is a click, not a selection.
    if (width < 6 || !this.#spec.whole) return;
    const from = plot.posToVal(left, 'x');
    const to = plot.posToVal(left + width, 'x');
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.onZoom([from, to]);
  }
}

/** What uPlot cannot change after it was made. @param {PlotSpec} spec */
function structureOf({ lines, bands, log, xLog, xTicks, xLabel, xHint, yLabel, dark, marks, sync, whole }) {
  const styles = lines.map((line) => {
    const { label, colour, dash, width, opacity, stepped } = line;
    return [label, colour, dash, width, opacity, stepped, hasInterval(line)];
  });
  const cursor = [sync, whole !== null];
  return JSON.stringify([
    styles,
    bands,
    log,
    xLog,
    xTicks,
    xLabel,
    xHint,
    yLabel,
    dark,
    roomAbove(marks),
    cursor,
  ]);
}

/** @param {Line} line @returns {uPlot.Series} */
function seriesOf(line) {
  const { label, colour, dash, width, opacity, stepped, dots } = line;
  // Drawn with its bars.
  if (hasInterval(line)) return { label, paths: () => null, points: { show: false } };
  return {
    label,
    stroke: colour,
    dash,
    width,
    alpha: opacity,
    spanGaps: true,
    points: {
      // Of a single point no line can be drawn.
      show: (plot, series, first, last) => dots || (width > 0 && isSingle(plot.data[series], first, last)),
      size: dots ? 4 : 6,
      fill: colour,
    },
    ...(stepped && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
  };
}

/** Whether a column has one value between two rows. @param {ArrayLike<number | null | undefined> | undefined} values @param {number} first @param {number} last */
function isSingle(values = [], first, last) {
  let count = 0;
  for (let row = first; row <= last && count < 2; row += 1) count += (values[row] ?? null) === null ? 0 : 1;
  return count === 1;
}
