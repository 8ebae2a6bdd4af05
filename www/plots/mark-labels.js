/**
 * Where the labels of marks stand: above the plot, each at its mark. What is common to all lines has a row of its own, and
 * so has a line with several marks, so that nothing pushes them aside. Labels that would run into each other are joined,
 * never left out.
 */

/** @import { Mark } from './marks.js' */

/** Look of a line. @typedef {{ colour: string | null, dash?: number[] }} Key */

/**
 * @typedef {object} Piece  Labels of the same lines, in their order.
 * @property {Key[]} keys
 * @property {string[]} labels
 */

/** Pieces side by side, in the drawing's own units. @typedef {{ at: number, pieces: Piece[], short: boolean, left: number, end: number }} Cluster */
/** @typedef {{ row: number, left: number, keys: Key[], text: string }} Label  `row` counts from the plot upwards. */
/** How wide a text is, in the drawing's own units. @typedef {(text: string) => number} Measure */

/** Between two labels, in CSS pixels. */
const GAP = 8;
/** The piece of a line before a label, and the room it takes: a whole period of the longest common dash. */
export const SAMPLE = { length: 18, room: 22, width: 1.75 };
/** Longer lists are given by their ends. */
const MOST_LISTED = 6;
/** Height of a row, in CSS pixels. */
export const LABEL_ROW = 12;

/** Rows of labels from the plot upwards: lines with several marks, all others, what is common. @param {Mark[]} marks @returns {{ marks: Mark[], staged: boolean }[]} */
function rowsOf(marks) {
  const own = marks.filter(({ colour }) => colour !== null);
  const lines = grouped(own, ({ colour, dash }) => `${colour} ${dash}`);
  const places = (/** @type {Mark[]} */ line) => line.map(({ x, label }) => `${x} ${label}`).join();
  const staged = lines.filter((line) => line.some(({ x }) => x !== line[0]?.x));
  // Lines that do the same are named together.
  const stagedRows = grouped(staged, places).map((same) => same.flat());
  const others = [
    lines.filter((line) => !staged.includes(line)).flat(),
    marks.filter(({ colour }) => colour === null),
  ];
  return [
    ...stagedRows.map((row) => ({ marks: row, staged: true })),
    ...others.filter((row) => row.length > 0).map((row) => ({ marks: row, staged: false })),
  ];
}

/**
 * @template T
 * @param {T[]} list
 * @param {(item: T) => string} keyOf
 * @returns {T[][]}
 */
function grouped(list, keyOf) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const item of list) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
}

/** Room for the labels above a plot, in CSS pixels. @param {Mark[]} marks */
export function roomAbove(marks) {
  return 10 + rowsOf(marks).length * LABEL_ROW;
}

/**
 * @param {Mark[]} marks  Those in sight; of all marks, so that rows stay where they are.
 * @param {(x: number) => number} place
 * @param {Measure} measure
 * @param {{ from: number, to: number, ratio: number }} room  Where labels may stand, and what a CSS pixel is there.
 * @returns {Label[]}
 */
export function labelsOf(marks, place, measure, { from, to, ratio }) {
  const widthOf = (/** @type {Piece[]} */ pieces, /** @type {boolean} */ short) =>
    pieces.reduce(
      (sum, { keys, labels }) => sum + samples(keys) * ratio + measure(textOf(labels, short)),
      0,
    ) +
    (pieces.length - 1) * GAP * ratio;
  return rowsOf(marks).flatMap(({ marks: row, staged }, index) => {
    // One sample does for a row of the same lines. It hangs before the first mark, and the words stand at theirs.
    const known = merged(row).map(({ x, piece }, at) => ({
      x,
      piece: staged && at > 0 ? { ...piece, keys: piece.keys.map(({ colour }) => ({ colour })) } : piece,
    }));
    const hanging = (/** @type {Piece | undefined} */ piece) =>
      staged && piece ? samples(piece.keys) * ratio : 0;
    const edge = Math.max(0, from - hanging(known[0]?.piece));
    const fitted = (/** @type {number} */ at, /** @type {Piece[]} */ pieces) => {
      const short = widthOf(pieces, false) > to - edge;
      const width = widthOf(pieces, short);
      const left = Math.max(edge, Math.min(at, to - width));
      return { at, pieces, short, left, end: left + width + GAP * ratio };
    };
    const single = known.map(({ x, piece }) => fitted(place(x) - hanging(piece), [piece]));
    return clusters(single, fitted).flatMap(({ left, pieces, short }) => {
      let at = left;
      return pieces.map((piece) => {
        const label = { row: index, left: at, keys: piece.keys, text: textOf(piece.labels, short) };
        at += widthOf([piece], short) + GAP * ratio;
        return label;
      });
    });
  });
}

/** What several lines do at one place is one label, after a piece of each. @param {Mark[]} marks */
function merged(marks) {
  /** @type {Map<string, { x: number, piece: Piece }>} */
  const places = new Map();
  for (const { x, label, colour, dash } of marks.toSorted((a, b) => a.x - b.x)) {
    const key = { colour, ...(dash ? { dash } : {}) };
    const known = places.get(`${x} ${label}`);
    if (known) known.piece.keys.push(key);
    else places.set(`${x} ${label}`, { x, piece: { keys: [key], labels: [label] } });
  }
  return [...places.values()];
}

/** Joins what overlaps, from left to right. @param {Cluster[]} single @param {(at: number, pieces: Piece[]) => Cluster} fitted */
function clusters(single, fitted) {
  /** @type {Cluster[]} */
  const placed = [];
  for (let next of single) {
    for (let last = placed.at(-1); last && next.left < last.end; last = placed.at(-1)) {
      placed.pop();
      next = fitted(last.at, joined(last.pieces, next.pieces));
    }
    placed.push(next);
  }
  return placed;
}

/** @param {Piece[]} before @param {Piece[]} after @returns {Piece[]} */
function joined(before, after) {
  const pieces = before.map(({ keys, labels }) => ({ keys, labels: [...labels] }));
  for (const { keys, labels } of after) {
    const same = pieces.find((piece) => JSON.stringify(piece.keys) === JSON.stringify(keys));
    if (!same) pieces.push({ keys, labels });
    else same.labels.push(...labels.filter((label) => !same.labels.includes(label)));
  }
  return pieces;
}

/** Words take the colour of their line; null where they are of several. @param {Label} label */
export function colourOf({ keys }) {
  const [first] = keys;
  return keys.every(({ colour }) => colour === first?.colour) ? (first?.colour ?? null) : null;
}

/** `8:16`; `8:16, 4:16`; `31:32 … 1:32` where there are too many or the list is too long. @param {string[]} labels @param {boolean} short */
function textOf(labels, short) {
  const ends = labels.length > (short ? 2 : MOST_LISTED);
  return ends ? `${labels[0]} … ${labels.at(-1)}` : labels.join(', ');
}

/** Room for the pieces of lines before a label, in CSS pixels. @param {Key[]} keys */
function samples(keys) {
  return keys.filter(({ dash }) => dash).length * SAMPLE.room;
}
