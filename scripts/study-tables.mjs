// The tables of docs/STUDIES.md, from the results in studies/results/.
//
//     node scripts/study-tables.mjs [RESULTS.json...]
//
// Results of `nmflow study` that are named are first taken into studies/results/, with six digits of every number.
//
// A table stands between two comments, and the first says what it shows:
//
//     <!-- table: FILE KIND METRIC [CELL] -->
//     <!-- end -->
//
// KIND is `values` (mean and standard deviation over the seeds), `differences` (mean paired difference to SR-STE with its
// 95 % t interval, bold where the interval excludes zero), `curve` (the mean over the seeds at some steps of one cell) or
// `iso` (mean and standard deviation at equal training FLOPs, each seed interpolated between the cells' budgets).

import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { root } from './paths.mjs';

/**
 * @typedef {{ name: string, lanes: number[], mean: number, std: number | null, difference: number | null,
 *   t_interval: [number, number] | null }} Group
 * @typedef {{ settings: Record<string, unknown>, summary: Record<string, Group[]>, steps: number[],
 *   lanes: { metrics: Record<string, number>, curves: Record<string, (number | null)[]> }[] }} Cell
 * @typedef {{ cells: Cell[] }} Results
 */

const BLOCK = /(<!-- table: (\S+) (\S+) (\S+)(?: (\d+))? -->\n)[\s\S]*?(<!-- end -->)/g;
/** Columns of a table of a curve, if it has as many points. */
const POINTS = 8;
/** Columns of a table at equal FLOPs. */
const ISO_POINTS = 4;

/** What a table's metric is shown in: accuracies in percent, bits with three decimals. @param {string} metric @param {number} value */
function shown(metric, value) {
  if (metric.includes('accuracy') || metric.includes('match')) return (100 * value).toFixed(1);
  if (metric.includes('bits')) return value.toFixed(3);
  if (value === 0) return '0';
  return Math.abs(value) < 0.01 ? value.toExponential(1) : value.toPrecision(3);
}

/** @param {number} value @param {string} text */
const signed = (value, text) => (value > 0 ? `+${text}` : text);

/** A swept value in words. @param {unknown} value */
function words(value) {
  const pattern = /** @type {{ n?: number, m?: number } | null} */ (value);
  return pattern && typeof pattern === 'object' && 'n' in pattern
    ? `${pattern.n}:${pattern.m}`
    : String(value);
}

/** @param {Cell} cell */
const heading = (cell) => Object.values(cell.settings).map(words).join(', ') || 'all';

/** @param {string[]} heads @param {string[][]} rows */
function table(heads, rows) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`;
  return `${[line(heads), line(heads.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')}\n`;
}

/** Groups of lanes with the mean and deviation of a metric that the study did not summarise. @param {Cell} cell @param {string} metric */
function grouped({ summary, lanes }, metric) {
  const [known = []] = Object.values(summary);
  return known.map((group) => ({
    ...group,
    ...spread(group.lanes.map((lane) => lanes[lane]?.metrics[metric] ?? Number.NaN)),
    difference: null,
    t_interval: null,
  }));
}

/** Mean and standard deviation. @param {number[]} values */
function spread(values) {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const squares = values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return { mean, std: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null };
}

/** @param {Results} results @param {string} metric @param {(group: Group) => string} text */
function byCell({ cells: measured }, metric, text) {
  const cells = measured.map((cell) => ({
    ...cell,
    summary: { [metric]: cell.summary[metric] ?? grouped(cell, metric) },
  }));
  const groups = cells[0]?.summary[metric] ?? [];
  const rows = groups.map(({ name }) => [
    name,
    ...cells.map((cell) => {
      const group = cell.summary[metric]?.find((candidate) => candidate.name === name);
      return group ? text(group) : '';
    }),
  ]);
  return table(['', ...cells.map(heading)], rows);
}

/** @param {string} metric @param {Pick<Group, 'mean' | 'std'>} group */
function value(metric, { mean, std }) {
  return `${shown(metric, mean)}${std === null ? '' : ` ± ${shown(metric, std)}`}`;
}

/** @param {string} metric @param {Group} group */
function difference(metric, { difference, t_interval }) {
  if (difference === null || t_interval === null) return '–';
  const [low, high] = t_interval.map((end) => signed(end, shown(metric, end)));
  const text = `${signed(difference, shown(metric, difference))} [${low}, ${high}]`;
  return t_interval[0] > 0 || t_interval[1] < 0 ? `**${text}**` : text;
}

/** @param {Results} results @param {string} metric @param {number} at */
function curve({ cells }, metric, at) {
  const cell = cells[at];
  if (!cell) throw new Error(`there is no cell ${at}: the results have ${cells.length}`);
  const last = cell.steps.length - 1;
  const columns = Math.min(POINTS, last);
  const points = Array.from({ length: columns }, (_, point) => Math.round(((point + 1) * last) / columns));
  const rows = (Object.values(cell.summary)[0] ?? []).map(({ name, lanes }) => {
    const mean = (/** @type {number} */ point) =>
      lanes.reduce((sum, lane) => sum + (cell.lanes[lane]?.curves[metric]?.[point] ?? Number.NaN), 0) /
      lanes.length;
    return [name, ...points.map((point) => shown(metric, mean(point)))];
  });
  return table(['step', ...points.map((point) => String(cell.steps[point]))], rows);
}

/** Honest training FLOPs against a metric, a lane's points in the order of the cells. @param {Cell[]} cells @param {string} metric @param {number} lane */
function spentBy(cells, metric, lane) {
  return cells.map(({ lanes }) => {
    const { train_gflop_honest: spent = Number.NaN, [metric]: value = Number.NaN } =
      lanes[lane]?.metrics ?? {};
    return { spent, value };
  });
}

/** The value where `spent` FLOPs are spent, along a straight line over log FLOPs. @param {{ spent: number, value: number }[]} points @param {number} spent */
function valueAt(points, spent) {
  const upper = Math.max(
    1,
    points.findIndex((point) => point.spent >= spent * (1 - 1e-9)),
  );
  const [a, b] = points.slice(upper - 1, upper + 1);
  if (!a || !b) return Number.NaN;
  return a.value + ((b.value - a.value) * Math.log(spent / a.spent)) / Math.log(b.spent / a.spent);
}

/** At budgets that every lane's range holds. @param {Results} results @param {string} metric */
function iso({ cells }, metric) {
  const [first] = cells;
  const groups = Object.values(first?.summary ?? {})[0] ?? [];
  const ranges = groups.flatMap(({ lanes }) => lanes.map((lane) => spentBy(cells, metric, lane)));
  const low = Math.max(...ranges.map((points) => points[0]?.spent ?? Number.NaN));
  const high = Math.min(...ranges.map((points) => points.at(-1)?.spent ?? Number.NaN));
  if (!(low < high)) throw new Error('the lanes have no budget in common: sweep `steps`, in rising order');
  const budgets = Array.from(
    { length: ISO_POINTS },
    (_, at) => low * (high / low) ** (at / (ISO_POINTS - 1)),
  );
  const rows = groups.map((group) => [
    group.name,
    ...budgets.map((budget) => {
      const values = group.lanes.map((lane) => valueAt(spentBy(cells, metric, lane), budget));
      return value(metric, spread(values));
    }),
  ]);
  return table(['GFLOP', ...budgets.map((budget) => budget.toFixed(1))], rows);
}

/**
 * The text with every table made anew.
 *
 * @param {string} text
 * @param {(file: string) => Results} read
 */
export function withTables(text, read) {
  return text.replace(BLOCK, (_, head, file, kind, metric, cell, end) => {
    const results = read(file);
    const kinds = /** @type {Record<string, () => string>} */ ({
      values: () => byCell(results, metric, (group) => value(metric, group)),
      differences: () => byCell(results, metric, (group) => difference(metric, group)),
      curve: () => curve(results, metric, Number(cell ?? 0)),
      iso: () => iso(results, metric),
    });
    const make = kinds[kind];
    if (!make) throw new Error(`${kind} is no kind of table: write values, differences, curve or iso`);
    return `${head}${make()}${end}`;
  });
}

/** @param {string} file */
export const readResults = (file) => JSON.parse(readFileSync(join(root, 'studies/results', file), 'utf8'));

export const STUDIES = join(root, 'docs/STUDIES.md');

if (argv[1] === fileURLToPath(import.meta.url)) {
  for (const path of argv.slice(2)) {
    const short = JSON.stringify(JSON.parse(readFileSync(path, 'utf8')), (_, value) =>
      typeof value === 'number' ? Number(value.toPrecision(6)) : value,
    );
    writeFileSync(join(root, 'studies/results', basename(path)), `${short}\n`);
  }
  writeFileSync(STUDIES, withTables(readFileSync(STUDIES, 'utf8'), readResults));
}
