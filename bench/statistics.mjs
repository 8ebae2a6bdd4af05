// Medians and spreads of repeated timings, and tables of them.

/**
 * @typedef {object} Spread
 * @property {number} median
 * @property {number} low First quartile.
 * @property {number} high Third quartile.
 * @property {number} count
 */

/** @param {number[]} values @returns {Spread} */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => {
    const place = share * (sorted.length - 1);
    const below = sorted[Math.floor(place)] ?? Number.NaN;
    const above = sorted[Math.ceil(place)] ?? Number.NaN;
    return below + (place % 1) * (above - below);
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75), count: sorted.length };
}

/**
 * A number with about four digits.
 * @param {number} value
 */
export function short(value) {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toLocaleString('en-US', {
    minimumFractionDigits: Math.min(digits, 3),
    maximumFractionDigits: Math.min(digits, 3),
  });
}

/**
 * Prints rows under a header, the first column to the left, all others to the right.
 * @param {string} title
 * @param {string[]} header
 * @param {string[][]} rows
 */
export function printTable(title, header, rows) {
  const all = [header, ...rows];
  // A row of one cell is a remark and may be as long as it likes.
  const cells = all.filter((row) => row.length > 1);
  const widths = header.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  console.log(`\n${title}`);
  for (const row of all) {
    const padded = widths.map((width, column) => {
      const cell = row[column] ?? '';
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    console.log(`  ${padded.join('  ')}`.trimEnd());
  }
}

/**
 * What a failure in the browser says, without the layers that it came through.
 * @param {unknown} error
 */
export function words(error) {
  const text = error instanceof Error ? error.message : String(error);
  const [own = ''] = text.replace(/^page\.evaluate: ((page\.evaluate|Error): )*/, '').split('\n    at ');
  return own.trim().split('\n').join(' ').slice(0, 300);
}
