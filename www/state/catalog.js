/** @import { FieldSpec, MetricColumn, PaperTable, Preset } from '../worker/protocol.d.ts' */
/** @import { Action } from './store.js' */

/**
 * @typedef {object} Catalog
 * @property {string | null} version  Of the wasm package; null until it has loaded.
 * @property {FieldSpec[]} fields
 * @property {MetricColumn[]} metrics
 * @property {Preset[]} presets
 * @property {PaperTable[]} paper     What the paper reports.
 */

/** @type {Catalog} */
export const emptyCatalog = { version: null, fields: [], metrics: [], presets: [], paper: [] };

/** @param {Catalog} catalog @param {Action} action @returns {Catalog} */
export function catalog(catalog, action) {
  if (action.type !== 'ready') return catalog;
  const { version, fields, metrics, presets, paper } = action;
  return { version, fields, metrics, presets, paper };
}
