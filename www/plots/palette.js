/**
 * Colours and dashes of the lanes: the Okabe-Ito palette, which readers with any colour vision can
 * tell apart, and a dash pattern, so that colour is never the only difference.
 */

/** Light and dark variant of each colour; the first is the ink, for the control. */
const COLOURS = [
  { light: '#1c1c22', dark: '#ececf1' },
  { light: '#d55e00', dark: '#f0793a' },
  { light: '#0072b2', dark: '#4aa8e0' },
  { light: '#009e73', dark: '#22bd8f' },
  { light: '#cc79a7', dark: '#dc94bb' },
  { light: '#e69f00', dark: '#f0b429' },
  { light: '#56b4e9', dark: '#8fd0f5' },
  { light: '#a89b00', dark: '#f0e442' },
];

/** Lengths of line and gap in CSS pixels; the empty pattern is a solid line. */
const DASHES = [[], [10, 4], [2, 3], [10, 3, 2, 3], [6, 3], [14, 3, 3, 3, 3, 3], [4, 6], [1, 5]];

/** @param {number} lane @param {boolean} dark @returns {string} */
export function colourOf(lane, dark) {
  const colour = COLOURS[lane % COLOURS.length] ?? COLOURS[0];
  return colour ? colour[dark ? 'dark' : 'light'] : '';
}

/** Lanes that share a colour differ in their dash. @param {number} lane @returns {number[]} */
export function dashOf(lane) {
  return DASHES[(lane + Math.floor(lane / COLOURS.length)) % DASHES.length] ?? [];
}
