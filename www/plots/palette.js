/**
 * Colours and dashes of the lanes: the Okabe-Ito palette, which readers with any colour vision can
 * tell apart, and a dash pattern, so that colour is never the only difference.
 */

/** Light and dark variant of each colour; the first is the ink, for the control. */
const COLOURS = [
  { name: 'Ink', light: '#1c1c22', dark: '#ececf1' },
  { name: 'Vermilion', light: '#d55e00', dark: '#f0793a' },
  { name: 'Blue', light: '#0072b2', dark: '#4aa8e0' },
  { name: 'Green', light: '#009e73', dark: '#22bd8f' },
  { name: 'Purple', light: '#cc79a7', dark: '#dc94bb' },
  { name: 'Orange', light: '#e69f00', dark: '#f0b429' },
  { name: 'Sky blue', light: '#56b4e9', dark: '#8fd0f5' },
  { name: 'Yellow', light: '#a89b00', dark: '#f0e442' },
];

/** Names of the palette's entries, in order. */
export const COLOUR_NAMES = COLOURS.map(({ name }) => name);

/** Lengths of line and gap in CSS pixels; the empty pattern is a solid line. */
const DASHES = [[], [10, 4], [2, 3], [10, 3, 2, 3], [6, 3], [14, 3, 3, 3, 3, 3], [4, 6], [1, 5]];

/** @param {number} index  Of the palette's entry; it starts over at its end. @param {boolean} dark @returns {string} */
export function colourOf(index, dark) {
  const colour = COLOURS[index % COLOURS.length] ?? COLOURS[0];
  return colour ? colour[dark ? 'dark' : 'light'] : '';
}

/** The dash goes by the lane's place, so that lanes given the same colour still differ. @param {number} lane @returns {number[]} */
export function dashOf(lane) {
  return DASHES[(lane + Math.floor(lane / COLOURS.length)) % DASHES.length] ?? [];
}

/** How much of its colour a band shows: where many lie over each other, less. @param {number} count  Bands of the chart. */
export const bandOpacity = (count) => Math.min(0.18, 0.54 / count);
