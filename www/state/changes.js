/** What applying the draft would change, in words. */

import { lanesOf } from './draft.js';
import { fieldAt } from './fields.js';
import { relabels } from './labels.js';
import { getAt, sameJson } from './paths.js';

/** @import { FieldSpec, RawExperiment } from '../worker/protocol.d.ts' */
/** @import { Json } from './paths.js' */
/** @import { State } from './store.js' */

/** @typedef {{ what: string, before: string, after: string }} Change */

/** @param {State} state @returns {Change[]} */
export function changes({ draft, run, device, catalog }) {
  if (!draft.document || !run.document) return [];
  const running = /** @type {RawExperiment & Json} */ (run.document);
  const edited = draft.document;
  // Names need no restart.
  const fields = catalog.fields.filter(({ path }) => !(relabels(run) && /^(lanes\[\]\.)?name$/.test(path)));
  const commonFields = fields.filter((spec) => !spec.path.startsWith('lanes[]'));
  const laneFields = fields.filter((spec) => spec.path.startsWith('lanes[]'));
  const list = fieldChanges(commonFields, running, edited, '');
  if (device.choice !== device.opened) {
    list.unshift({ what: 'Device', before: deviceName(device.opened), after: deviceName(device.choice) });
  }
  running.lanes.forEach((lane, index) => {
    if (!draft.origins.includes(index))
      list.push({ what: 'Lane', before: laneName(lane, catalog.fields), after: 'removed' });
  });
  const kept = draft.origins.filter((origin) => origin !== null);
  if (kept.some((origin, index) => origin < (kept[index - 1] ?? 0))) {
    const names = (/** @type {unknown[]} */ lanes) =>
      lanes.map((lane) => laneName(lane, catalog.fields)).join(', ');
    list.push({ what: 'Order of lanes', before: names(running.lanes), after: names(lanesOf(edited)) });
  }
  lanesOf(edited).forEach((lane, index) => {
    const origin = draft.origins[index] ?? null;
    if (origin === null)
      list.push({ what: 'Lane', before: '', after: `${laneName(lane, catalog.fields)} added` });
    else
      list.push(
        ...fieldChanges(laneFields, running.lanes[origin], lane, `${laneName(lane, catalog.fields)}: `),
      );
  });
  return list;
}

/**
 * @param {FieldSpec[]} specs
 * @param {unknown} before
 * @param {unknown} after
 * @param {string} prefix
 * @returns {Change[]}
 */
function fieldChanges(specs, before, after, prefix) {
  return specs.flatMap((spec) => {
    const path = spec.path.replace('lanes[].', '');
    const [old, now] = [getAt(before, path), getAt(after, path)];
    if (sameJson(old, now)) return [];
    return [{ what: prefix + spec.label, before: valueText(spec, old), after: valueText(spec, now) }];
  });
}

/** A field's value as a reader writes it. @param {FieldSpec} spec @param {unknown} value @returns {string} */
export function valueText(spec, value) {
  if (value === undefined) return '–';
  if (value === null) return spec.kind === 'pattern' ? 'dense' : 'automatic';
  if (spec.kind === 'pattern') return patternText(value);
  if (spec.kind === 'choice')
    return spec.choices.find((choice) => choice.value === value)?.label ?? String(value);
  if (Array.isArray(value)) return value.length > 0 ? value.join(', ').toUpperCase() : 'none';
  return String(value);
}

/** `{n: 1, m: 16}` as `1:16`; anything else as it stands. @param {unknown} value @returns {string} */
export function patternText(value) {
  const n = getAt(value, 'n');
  const m = getAt(value, 'm');
  if (n === undefined && m === undefined) return value === null || value === undefined ? '' : String(value);
  return `${n}:${m}`;
}

/** A lane's name, or its recipe's while it has none. @param {unknown} lane @param {FieldSpec[]} fields @returns {string} */
export function laneName(lane, fields) {
  const recipe = getAt(lane, 'recipe');
  const label = fieldAt(fields, 'lanes[].recipe')?.choices.find((choice) => choice.value === recipe)?.label;
  return String(getAt(lane, 'name') ?? label ?? recipe);
}

/** @param {import('../worker/protocol.d.ts').Wanted} choice */
export function deviceName(choice) {
  return { auto: 'automatic', cpu: 'CPU', webgpu: 'WebGPU' }[choice];
}
