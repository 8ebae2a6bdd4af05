/** The box beside the cursor: every line's value there, greatest first. */

import { placeOf } from './axes.js';
import { rowsWithin } from './thinning.js';

/** @import { PlotSpec } from './line-plot.js' */
/** @import { Rows } from './thinning.js' */

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
    this.#box.replaceChildren(heading, ...rows.map(rowElement));
    // On the side with more room. Asking for the box's width would lay the page out at every move.
    const onLeft = left > plot.bbox.width / devicePixelRatio / 2;
    this.#box.style.transform = onLeft
      ? `translate(max(0px, calc(${left - 12}px - 100%)), 4px)`
      : `translate(${left + 12}px, 4px)`;
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

/** @typedef {{ label: string, colour: string, value: number, text: string, x: number }} Row */

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
    .flatMap(({ label, colour, values, read: listed }, index) => {
      if (!listed) return [];
      const at = nearest(values, row, sight);
      const [value, where] = [values[at] ?? null, x[at]];
      return value === null || where === undefined
        ? []
        : [{ label, colour, value, text: read(value, index, at), x: where }];
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

/** @param {Row} row */
function rowElement({ label, colour, text }) {
  const element = document.createElement('span');
  const key = document.createElement('i');
  key.style.background = colour;
  const value = document.createElement('b');
  value.textContent = text;
  element.append(key, label, value);
  return element;
}
