/** A matrix as a picture: one square per weight, groups outlined. It knows numbers and colours only. */

/**
 * @typedef {object} HeatMap
 * @property {number} rows
 * @property {number} cols
 * @property {(index: number) => number} value     In [-1, 1]: negative and positive have a colour each.
 * @property {(index: number) => number} strength  In [0, 1]: how strongly it stands out of the background.
 * @property {number} m               Weights per group.
 * @property {boolean} alongRows      Whether a group runs down a column, over the rows.
 * @property {boolean} dark
 */

/** Most pixels along an axis, so that a picture of any matrix is painted within a frame. */
const MOST_PIXELS = 1024;
/** Smallest square that leaves room for an outline. */
const OUTLINED_FROM = 4;

/** Ends of the colour scale, which readers with any colour vision can tell apart. */
const COLOURS = {
  light: {
    background: [255, 255, 255],
    negative: [213, 94, 0],
    positive: [0, 114, 178],
    line: [205, 205, 214],
  },
  dark: { background: [25, 25, 29], negative: [240, 121, 58], positive: [74, 168, 224], line: [70, 70, 80] },
};

/** Pixels per weight. @param {number} rows @param {number} cols */
export function scaleOf(rows, cols) {
  return Math.max(1, Math.min(8, Math.floor(MOST_PIXELS / Math.max(rows, cols))));
}

/** @param {HeatMap} map @returns {ImageData} */
export function paint({ rows, cols, value, strength, m, alongRows, dark }) {
  const scale = scaleOf(rows, cols);
  const { background, negative, positive, line } = COLOURS[dark ? 'dark' : 'light'];
  const image = new ImageData(cols * scale, rows * scale);
  const { data, width } = image;
  const outlined = scale >= OUTLINED_FROM && m > 1;
  for (let y = 0; y < image.height; y += 1) {
    const row = Math.floor(y / scale);
    for (let x = 0; x < width; x += 1) {
      const col = Math.floor(x / scale);
      const at = 4 * (y * width + x);
      const edge = alongRows
        ? y % (m * scale) === 0 || x % scale === 0
        : x % (m * scale) === 0 || y % scale === 0;
      const index = row * cols + col;
      const amount = value(index);
      const share = Math.min(1, Math.abs(amount)) * strength(index);
      const colour = amount < 0 ? negative : positive;
      for (let channel = 0; channel < 3; channel += 1) {
        const [from = 0, to = 0, ink = 0] = [background[channel], colour[channel], line[channel]];
        data[at + channel] = outlined && edge ? ink : from + (to - from) * share;
      }
      data[at + 3] = 255;
    }
  }
  return image;
}

/**
 * The weights of the group that holds weight `index`.
 *
 * @param {Pick<HeatMap, 'rows' | 'cols' | 'm' | 'alongRows'>} map
 * @param {number} index
 * @returns {number[]}
 */
export function groupOf({ rows, cols, m, alongRows }, index) {
  const [row, col] = [Math.floor(index / cols), index % cols];
  const start = Math.floor((alongRows ? row : col) / m) * m;
  const end = Math.min(start + m, alongRows ? rows : cols);
  return Array.from({ length: end - start }, (_, at) =>
    alongRows ? (start + at) * cols + col : row * cols + start + at,
  );
}
