/** Reads a finished run from the JSON file that the page exports. */

/** @import { RawExperiment } from '../worker/protocol.d.ts' */
/** @import { Column } from './history.js' */

/**
 * @typedef {object} Recording
 * @property {RawExperiment} document
 * @property {string[]} keys
 * @property {number[]} steps
 * @property {Column} elapsed_s  Seconds of training until each report; null where not known.
 * @property {{ name: string, difference: string }[]} names  By lane.
 * @property {Column[][]} lanes                             `[lane][key]`.
 */

/** @typedef {{ type: 'recording/loaded', recording: Recording }} RecordingAction */

/**
 * @param {string} address  Relative to the page.
 * @returns {Promise<Recording>}
 */
export async function loadRecording(address) {
  const response = await fetch(new URL(address, document.baseURI));
  if (!response.ok) {
    throw new Error(
      `The recorded run ${address} is not there (${response.status}). Put the file beside the page, or leave it out.`,
    );
  }
  return recordingOf(await response.json());
}

/** @param {any} json @returns {Recording} */
export function recordingOf(json) {
  const { document, metrics, steps, lanes } = json ?? {};
  // Files of version 1 had no times.
  const elapsed_s = json?.elapsed_s ?? (Array.isArray(steps) ? steps.map(() => null) : null);
  const reason =
    (!Number.isInteger(document?.steps) && 'document') ||
    (!isList(metrics, (metric) => typeof metric?.key === 'string') && 'metrics') ||
    (!isList(steps, (step) => Number.isInteger(step)) && 'steps') ||
    (!isColumn(elapsed_s, steps.length) && 'elapsed_s') ||
    (!isList(lanes, (lane) => isMeasured(lane, steps.length)) && 'lanes') ||
    (lanes.length !== document.lanes?.length && 'lanes');
  if (reason)
    throw new Error(
      `The recorded run is no export of this page: look at its "${reason}", or export it again.`,
    );
  const keys = metrics.map((/** @type {{ key: string }} */ { key }) => key);
  return {
    document,
    keys,
    steps,
    elapsed_s,
    names: lanes.map((/** @type {any} */ { name, difference }) => ({ name, difference })),
    lanes: lanes.map((/** @type {any} */ lane) =>
      keys.map((/** @type {string} */ key) => lane.metrics[key] ?? steps.map(() => null)),
    ),
  };
}

/** @param {unknown} value @param {(item: any) => boolean} fits */
function isList(value, fits) {
  return Array.isArray(value) && value.length > 0 && value.every(fits);
}

/** @param {any} lane @param {number} rows */
function isMeasured(lane, rows) {
  const columns = Object.values(lane?.metrics ?? {});
  return (
    typeof lane?.name === 'string' &&
    typeof lane.difference === 'string' &&
    columns.length > 0 &&
    columns.every((column) => isColumn(column, rows))
  );
}

/** @param {any} column @param {number} rows */
function isColumn(column, rows) {
  return isList(column, (value) => value === null || Number.isFinite(value)) && column.length === rows;
}
