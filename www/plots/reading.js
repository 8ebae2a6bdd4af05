/** The box beside the cursor: every line's value there, greatest first. */

/** @import { PlotSpec } from './line-plot.js' */

export class Reading {
  #box = document.createElement('div');

  /** @param {() => PlotSpec} spec */
  constructor(spec) {
    this.spec = spec;
    this.#box.className = 'reading';
    this.#box.hidden = true;
    // The chart's slider says the same to screen readers.
    this.#box.setAttribute('aria-hidden', 'true');
  }

  /** @param {import('uplot')} plot */
  attach(plot) {
    plot.over.append(this.#box);
  }

  /** @param {import('uplot')} plot */
  refresh(plot) {
    const { idx, left } = plot.cursor;
    const rows =
      idx === null || idx === undefined || left === undefined || left < 0 ? [] : readAt(this.spec(), idx);
    this.#box.hidden = rows.length === 0;
    if (rows.length === 0 || left === undefined) return;
    const steps = new Set(rows.map((row) => row.step));
    const heading = document.createElement('strong');
    heading.textContent = `step ${[...steps].map((step) => step.toLocaleString()).join(', ')}`;
    this.#box.replaceChildren(heading, ...rows.map(rowElement));
    const room = plot.over.clientWidth - left;
    const beside = room > this.#box.offsetWidth + 24 ? left + 12 : left - this.#box.offsetWidth - 12;
    this.#box.style.transform = `translate(${Math.max(0, beside)}px, 4px)`;
  }
}

/** @typedef {{ label: string, colour: string, value: number, text: string, step: number }} Row */

/**
 * Every line's value at `row` or at the nearest row where it has one, greatest first.
 *
 * @param {PlotSpec} spec
 * @param {number} row
 * @returns {Row[]}
 */
export function readAt({ x, lines, read }, row) {
  return lines
    .flatMap(({ label, colour, values, read: listed }, index) => {
      if (!listed) return [];
      const at = nearest(values, Math.min(row, x.length - 1));
      const [value, step] = [values[at] ?? null, x[at]];
      return value === null || step === undefined
        ? []
        : [{ label, colour, value, text: read(value, index, at), step }];
    })
    .sort((a, b) => b.value - a.value);
}

/** The row nearest to `row` with a value; -1 when there is none. @param {ArrayLike<number | null | undefined>} values @param {number} row */
export function nearest(values, row) {
  for (let away = 0; away <= values.length; away += 1) {
    if ((values[row - away] ?? null) !== null) return row - away;
    if ((values[row + away] ?? null) !== null) return row + away;
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
