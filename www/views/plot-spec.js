/** Turns the state into what a chart draws. */

import { hasOf } from '../state/matrices.js';
import { measuredSpec } from './measured-spec.js';
import { withOverlays } from './overlay.js';
import { plannedOf } from './planned.js';
import { plannedSpec } from './schedule-spec.js';

/** @import { PlotSpec } from '../plots/line-plot.js' */
/** @import { PanelId } from '../state/view.js' */
/** @import { State } from '../state/store.js' */
/** @import { Lab } from './nm-lab.js' */

/**
 * @typedef {object} Shown  What a chart shows.
 * @property {string} key
 * @property {string} label
 * @property {string} help
 * @property {string} unit
 * @property {string} matrix  The one matrix it is drawn of; empty for all.
 * @property {boolean} log  Whether its axis is logarithmic.
 */

/** @param {State} state @param {PanelId} id @returns {Shown} */
export function metricOf(state, id) {
  const panel = state.view.panels[id];
  const key = id === 'noise' ? `${panel.metric}_${panel.subset}` : panel.metric;
  const found = plannedOf(key) ?? state.catalog.metrics.find((metric) => metric.key === key);
  const matrix = hasOf(state.matrices, panel.matrix ?? '', key) ? panel.matrix : '';
  return {
    key,
    // Before the catalogue is there, no name is better than a key.
    label: (found?.label ?? '') + (matrix ? ` of ${matrix}` : ''),
    help: found?.help ?? '',
    unit: found && 'unit' in found ? found.unit : '',
    matrix,
    log: panel.log ?? found?.log ?? false,
  };
}

/** @param {Lab} lab @param {PanelId} id @returns {PlotSpec} */
export function plotSpec(lab, id) {
  const shown = metricOf(lab.state, id);
  const planned = plannedOf(shown.key);
  return planned
    ? plannedSpec(lab, planned, shown.log)
    : withOverlays(lab, shown, measuredSpec(lab, id, shown));
}
