import { colourOf, dashOf } from '../plots/palette.js';

/** @import { Line } from '../plots/line-plot.js' */

/**
 * A lane's line in any chart.
 *
 * @param {number} lane
 * @param {number} colour  Palette entry.
 * @param {boolean} dark
 * @param {string} label
 * @param {(number | null)[]} values
 * @returns {Line}
 */
export function laneLine(lane, colour, dark, label, values) {
  return {
    label,
    values,
    colour: colourOf(colour, dark),
    dash: dashOf(lane),
    width: 1.75,
    opacity: 1,
    stepped: false,
    dots: false,
    read: true,
  };
}
