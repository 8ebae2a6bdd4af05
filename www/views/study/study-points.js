/** The results of a study as points along its swept fields. */

import { valueText } from '../../state/changes.js';
import { fieldAt } from '../../state/fields.js';
import { sameJson } from '../../state/paths.js';
import { sweptFields } from '../../state/study.js';

/** @import { FieldSpec, GroupSummary, PlannedCell, StudyCell, StudyResults } from '../../worker/protocol.d.ts' */
/** @import { StudyView } from '../../state/study.js' */

/** A swept field and its values: patterns from dense to sparse, others in the order of the file. @typedef {{ field: string, label: string, values: unknown[], texts: string[] }} Axis */

/** A value of a swept field in words. @param {FieldSpec[]} fields @param {string} field @param {unknown} value */
function textOf(fields, field, value) {
  const spec = fieldAt(fields, field);
  return spec ? valueText(spec, value) : JSON.stringify(value);
}

/** @param {any} value @returns {value is { n: number, m: number }} */
export const isPattern = (value) => typeof value?.n === 'number' && typeof value?.m === 'number';

/**
 * The swept fields of a study, with the values of it and of those drawn behind it.
 *
 * @param {StudyResults} results
 * @param {StudyResults[]} behind
 * @param {FieldSpec[]} fields
 * @returns {Axis[]}
 */
export function axesOf(results, behind, fields) {
  const cells = [results, ...behind].flatMap((one) => one.cells);
  return sweptFields(results).map((field) => {
    /** @type {any[]} */
    const values = [];
    for (const { settings } of cells) {
      if (field in settings && !values.some((known) => sameJson(known, settings[field])))
        values.push(settings[field]);
    }
    // Sparser to the right, in whatever order they were trained.
    if (values.every(isPattern)) values.sort((a, b) => b.n / b.m - a.n / a.m);
    const label = fieldAt(fields, field)?.label ?? field;
    return { field, label, values, texts: values.map((value) => textOf(fields, field, value)) };
  });
}

/** `Feed-forward N:M 1:4, Steps 600`. @param {PlannedCell | StudyCell} cell @param {FieldSpec[]} fields */
export function settingsText({ settings }, fields) {
  const texts = Object.entries(settings).map(
    ([field, value]) => `${fieldAt(fields, field)?.label ?? field} ${textOf(fields, field, value)}`,
  );
  return texts.join(', ') || 'all seeds';
}

/**
 * @typedef {object} Slice  The combinations along one field, the other one held.
 * @property {Axis | null} along
 * @property {Axis | null} held
 * @property {{ at: number, cell: StudyCell }[]} points  `at` counts the values of the field.
 */

/** @param {StudyResults} results @param {Axis[]} axes @param {StudyView} view @returns {Slice} */
export function sliceOf(results, axes, view) {
  const along = axes.find(({ field }) => field === view.along) ?? axes[0] ?? null;
  const held = axes.find((axis) => axis !== along) ?? null;
  const other = held?.values[Math.min(view.other, held.values.length - 1)];
  const cells = results.cells.filter(
    // What does not sweep the held field is the same at all its values.
    ({ settings }) => !held || !(held.field in settings) || sameJson(settings[held.field], other),
  );
  const place = (/** @type {StudyCell} */ { settings }) =>
    along ? along.values.findIndex((value) => sameJson(value, settings[along.field])) : 0;
  const points = cells
    .map((cell) => ({ at: place(cell), cell }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at);
  return { along, held, points };
}

/** Names of all lanes, those of the first slice first, in the order of the file, which is that of their colours. @param {Slice[]} slices @param {string} metric */
export function groupNames(slices, metric) {
  const cells = slices.flatMap(({ points }) => points.map(({ cell }) => cell));
  return [...new Set(cells.flatMap(({ summary }) => (summary[metric] ?? []).map(({ name }) => name)))];
}

/** @param {StudyCell} cell @param {string} metric @param {string} name @returns {GroupSummary | null} */
export function groupOf({ summary }, metric, name) {
  return summary[metric]?.find((group) => group.name === name) ?? null;
}

/** Share of the weights that a group's lanes keep, as measured at the end. @param {StudyCell} cell @param {GroupSummary} group @param {string} key */
function densityOf({ lanes }, group, key) {
  return lanes[group.lanes[0] ?? 0]?.metrics[key] ?? null;
}

/**
 * @typedef {object} Hill  Accuracy against density.
 * @property {string} label                     Of the x axis.
 * @property {number[]} x                       Densities, rising.
 * @property {Map<string, (GroupSummary | null)[]>} groups  By name, one summary for each density.
 * @property {Set<string>} level                Names of the lanes whose density does not change: drawn at all densities.
 */

const DENSITIES = /** @type {const} */ ([
  ['ff_density', 'feed-forward density'],
  ['attention_density', 'attention density'],
]);

/** Null where no density varies. @param {Slice} slice @param {string} metric @returns {Hill | null} */
export function hillOf(slice, metric) {
  const names = groupNames([slice], metric);
  for (const [key, label] of DENSITIES) {
    const found = names.map((name) =>
      slice.points.map(({ cell }) => {
        const group = groupOf(cell, metric, name);
        return group ? { group, density: densityOf(cell, group, key) } : null;
      }),
    );
    const varies = (/** @type {typeof found[number]} */ row) =>
      new Set(row.flatMap((point) => point?.density ?? [])).size > 1;
    if (!found.some(varies)) continue;
    // A lane that keeps all its weights is as good at every density of the others.
    const column = (/** @type {number} */ at) =>
      found.filter(varies).flatMap((row) => row[at]?.density ?? [])[0] ?? null;
    const columns = slice.points.map((_, at) => column(at));
    const x = [...new Set(columns.filter((density) => density !== null))].sort((a, b) => a - b);
    const groups = names.map((name, index) => {
      const row = found[index] ?? [];
      const byDensity = new Map(
        row.flatMap((point, at) => {
          const density = varies(row) ? point?.density : columns[at];
          return point && typeof density === 'number' ? [[density, point.group]] : [];
        }),
      );
      return /** @type {const} */ ([name, x.map((density) => byDensity.get(density) ?? null)]);
    });
    const level = new Set(names.filter((_, index) => !varies(found[index] ?? [])));
    return { label, x, groups: new Map(groups), level };
  }
  return null;
}

/**
 * Where two lines cross: between neighbouring densities at which their order changes, on a straight line between the
 * points as drawn.
 *
 * @param {Hill} hill
 * @param {[string, string]} pair
 * @returns {number[]}
 */
export function crossings({ x, groups }, [first, second]) {
  const [ours, theirs] = [groups.get(first) ?? [], groups.get(second) ?? []];
  const gaps = x.flatMap((density, at) => {
    const [a, b] = [ours[at]?.mean, theirs[at]?.mean];
    return a === undefined || b === undefined ? [] : [{ at: Math.log(density), gap: a - b }];
  });
  return gaps.slice(1).flatMap((right, index) => {
    const left = gaps[index];
    if (!left || left.gap * right.gap >= 0) return [];
    const share = left.gap / (left.gap - right.gap);
    return [Math.exp(left.at + share * (right.at - left.at))];
  });
}
