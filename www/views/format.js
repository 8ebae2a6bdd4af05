/** Numbers, times and names as readers of any locale write them. */

const percent = new Intl.NumberFormat(undefined, {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const percents = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const hundredth = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 3 });
const significant = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
const loss = new Intl.NumberFormat(undefined, { minimumFractionDigits: 3, maximumFractionDigits: 3 });
const scientific = new Intl.NumberFormat(undefined, { notation: 'scientific', maximumSignificantDigits: 3 });

export const NOTHING = '–';

/** A share in [0, 1] as per cent. @param {number | null | undefined} value */
export function formatShare(value) {
  return value === null || value === undefined ? NOTHING : percent.format(value);
}

/** A share as a bare number of per cents, for an axis that names the unit. @param {number} value */
export function formatPercents(value) {
  return percents.format(value * 100);
}

/** Two decimals, for settings that move in hundredths. @param {number} value */
export function formatHundredths(value) {
  return hundredth.format(value);
}

/** @param {number | null | undefined} value */
export function formatWhole(value) {
  return value === null || value === undefined ? NOTHING : whole.format(value);
}

/** `106K`. @param {number} value */
export function formatCount(value) {
  return compact.format(value);
}

/** @param {number | null | undefined} value */
export function formatLoss(value) {
  return value === null || value === undefined ? NOTHING : loss.format(value);
}

/** Three digits, in powers of ten where that is shorter. @param {number | null | undefined} value */
export function formatNumber(value) {
  if (value === null || value === undefined) return NOTHING;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return scientific.format(value).replace('E', 'e');
  return significant.format(value);
}

/** `1 h 4 min`, `3 min 20 s`, `12 s`. @param {number | null | undefined} seconds */
export function formatDuration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return NOTHING;
  const total = Math.round(seconds);
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${total % 60} s` : `${total} s`;
}

/** How a metric's values are written. @param {import('../worker/protocol.d.ts').MetricColumn | undefined} metric */
export function formatterOf(metric) {
  if (metric?.chart === 'accuracy') return formatShare;
  if (metric?.chart === 'loss') return formatLoss;
  return formatNumber;
}
