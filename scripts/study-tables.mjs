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
// 95 % t interval, bold where the interval excludes zero) or `curve` (the mean over the seeds at some steps of one cell).

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
/** Columns of a table of a curve. */
const POINTS = 8;

/** What a table's metric is shown in: accuracies in percent. @param {string} metric @param {number} value */
function shown(metric, value) {
  if (metric.includes('accuracy') || metric.includes('match')) return (100 * value).toFixed(1);
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
  return known.map((group) => {
    const values = group.lanes.map((lane) => lanes[lane]?.metrics[metric] ?? Number.NaN);
    const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
    const squares = values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
    const std = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null;
    return { ...group, mean, std, difference: null, t_interval: null };
  });
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

/** @param {string} metric @param {Group} group */
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
  const points = Array.from({ length: POINTS }, (_, point) => Math.round(((point + 1) * last) / POINTS));
  const rows = (Object.values(cell.summary)[0] ?? []).map(({ name, lanes }) => {
    const mean = (/** @type {number} */ point) =>
      lanes.reduce((sum, lane) => sum + (cell.lanes[lane]?.curves[metric]?.[point] ?? Number.NaN), 0) /
      lanes.length;
    return [name, ...points.map((point) => shown(metric, mean(point)))];
  });
  return table(['step', ...points.map((point) => String(cell.steps[point]))], rows);
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
    });
    const make = kinds[kind];
    if (!make) throw new Error(`${kind} is no kind of table: write values, differences or curve`);
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
