/** The box beside the cursor: every line's value there, greatest first. */

import { placeOf } from './axes.js';
import { SAMPLE } from './mark-labels.js';
import { rowsWithin } from './thinning.js';

/** @import { Line, PlotSpec } from './line-plot.js' */
/** @import { Rows } from './thinning.js' */

const SVG = 'http://www.w3.org/2000/svg';

export class Reading {
  #box = document.createElement('div');

  /**
   * @param {() => PlotSpec} spec
   * @param {(drawn: number) => number} rowOf  The row that a drawn one stands for.
   */
  constructor(spec, rowOf) {
    this.spec = spec;
    this.rowOf = rowOf;
    this.#box.className = 'reading';
    this.#box.hidden = true;
    // The chart's slider says the same to screen readers.
    this.#box.setAttribute('aria-hidden', 'true');
  }

  /** @param {import('uplot')} plot */
  attach(plot) {
    plot.over.append(this.#box);
  }

  /** @param {import('uplot')} plot @param {boolean} open  Whether this is the chart that is read. */
  refresh(plot, open) {
    const { idx, left } = plot.cursor;
    const rows =
      !open || idx === null || idx === undefined || left === undefined || left < 0
        ? []
        : readAt(this.spec(), this.rowOf(idx));
    this.#box.hidden = rows.length === 0;
    if (rows.length === 0 || left === undefined) return;
    const heading = document.createElement('strong');
    heading.textContent = headingOf(this.spec(), rows);
    this.#box.replaceChildren(heading, ...placed(this.spec(), rows).map(rowElement));
    // On the side with more room, and never beyond the plot. Asking for the box's width would lay the page out at every
    // move.
    const width = plot.bbox.width / devicePixelRatio;
    this.#box.style.transform =
      left > width / 2
        ? `translate(max(0px, calc(${left - 12}px - 100%)), 4px)`
        : `translate(min(${left + 12}px, calc(${width}px - 100%)), 4px)`;
  }
}

/** Where the values lie: `step 40`; a range where lanes lie apart. @param {PlotSpec} spec @param {Row[]} rows */
export function headingOf(spec, rows) {
  const { xLabel } = spec;
  const xs = [...new Set(rows.map(({ x }) => x))].sort((a, b) => a - b);
  const [least = 0, most = 0] = [xs[0], xs.at(-1)];
  const [from, to] = [placeOf(spec, least), placeOf(spec, most)];
  return `${xLabel} ${from === to ? from : `${from} to ${to}`}`;
}

/** @typedef {{ line: Line, value: number, text: string, x: number }} Row */

/** Rows that lie apart say where each of them lies. @param {PlotSpec} spec @param {Row[]} rows */
export function placed(spec, rows) {
  const apart = rows.some(({ x }) => x !== rows[0]?.x);
  return rows.map((row) => ({ ...row, where: apart ? `at ${placeOf(spec, row.x)}` : '' }));
}

/**
 * Every line's value at `row` or at the nearest row in sight where it has one, greatest first.
 *
 * @param {PlotSpec} spec
 * @param {number} row
 * @returns {Row[]}
 */
export function readAt({ x, xRange, lines, read }, row) {
  const sight = rowsWithin(x, xRange);
  return lines
    .flatMap((line, index) => {
      const { values } = line;
      if (!line.read) return [];
      const at = nearest(values, row, sight);
      const [value, where] = [values[at] ?? null, x[at]];
      return value === null || where === undefined
        ? []
        : [{ line, value, text: read(value, index, at), x: where }];
    })
    .sort((a, b) => b.value - a.value);
}

/**
 * The row nearest to `row` with a value; -1 when there is none.
 *
 * @param {ArrayLike<number | null | undefined>} values
 * @param {number} row
 * @param {Rows} among
 */
export function nearest(values, row, { first, last }) {
  const from = Math.max(first, Math.min(row, last));
  for (let away = 0; away <= last - first; away += 1) {
    const [before, after] = [from - away, from + away];
    if (before >= first && (values[before] ?? null) !== null) return before;
    if (after <= last && (values[after] ?? null) !== null) return after;
  }
  return -1;
}

/** @param {ReturnType<typeof placed>[number]} row */
function rowElement({ line, text, where }) {
  const element = document.createElement('span');
  const label = document.createElement('bdi');
  label.textContent = line.label;
  const place = document.createElement('small');
  place.textContent = where;
  const value = document.createElement('b');
  value.textContent = text;
  element.append(sampleOf(line), label, ...(where ? [place] : []), value);
  return element;
}

/** A piece of the line, with its dashes. @param {Line} line */
function sampleOf({ colour, dash, width, opacity }) {
  const sample = document.createElementNS(SVG, 'svg');
  const piece = document.createElementNS(SVG, 'path');
  sample.setAttribute('viewBox', `0 0 ${SAMPLE.length} 8`);
  piece.setAttribute('d', `M0 4H${SAMPLE.length}`);
  piece.setAttribute('stroke', colour);
  piece.setAttribute('stroke-width', String(width));
  piece.setAttribute('stroke-dasharray', dash.join(' '));
  piece.setAttribute('opacity', String(opacity));
  sample.append(piece);
  return sample;
}
