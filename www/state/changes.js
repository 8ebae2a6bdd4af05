/** What applying the draft would change, in words. */

import { lanesOf } from './draft.js';
import { relabels } from './labels.js';
import { draftName } from './lanes.js';
import { getAt, sameJson } from './paths.js';

/** @import { FieldSpec, RawExperiment } from '../worker/protocol.d.ts' */
/** @import { Json } from './paths.js' */
/** @import { State } from './store.js' */

/** @typedef {{ what: string, before: string, after: string }} Change */

/** @param {State} state @returns {Change[]} */
export function changes(state) {
  const { draft, run, device, catalog } = state;
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
  const names = run.lanes.map(({ name }) => name);
  names.forEach((name, index) => {
    if (!draft.origins.includes(index)) list.push({ what: 'Lane', before: name, after: 'removed' });
  });
  const kept = draft.origins.filter((origin) => origin !== null);
  if (kept.some((origin, index) => origin < (kept[index - 1] ?? 0))) {
    const after = draft.origins.map((_, index) => draftName(state, index));
    list.push({ what: 'Order of lanes', before: names.join(', '), after: after.join(', ') });
  }
  lanesOf(edited).forEach((lane, index) => {
    const origin = draft.origins[index] ?? null;
    if (origin === null) list.push({ what: 'Lane', before: '', after: `${draftName(state, index)} added` });
    // An automatic name may change with the field: the lane is known by the one that it trains under.
    else
      list.push(...fieldChanges(laneFields, running.lanes[origin], lane, `${lane.name ?? names[origin]}: `));
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
  if (value === null) return spec.empty;
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

/** @param {import('../worker/protocol.d.ts').Wanted} choice */
export function deviceName(choice) {
  return { auto: 'automatic', cpu: 'CPU', webgpu: 'WebGPU' }[choice];
}
