/** @import { Wanted, Event as LabEvent } from '../worker/protocol.d.ts' */
/** @import { Action } from './store.js' */

/**
 * @typedef {{ type: 'device/chosen', choice: Wanted }
 *   | { type: 'device/opened', choice: Wanted, saved?: boolean }
 *   | { type: 'device/workers', workers: number | null }} DeviceAction
 */

/**
 * @typedef {object} Device
 * @property {Wanted} choice  What the visitor asks for.
 * @property {Wanted} opened  What was asked for when the experiment was opened.
 * @property {boolean} saved  The device is that of a saved run, whatever is asked for.
 * @property {number | null} workers  CPU workers that the visitor asks for; null is as many as the CPU has room for.
 * @property {number} crew     Workers that share the lanes.
 * @property {Omit<Extract<LabEvent, { type: 'device' }>, 'type'> | null} used  What the worker uses, and why.
 */

/** @type {Device} */
export const unknownDevice = {
  choice: 'auto',
  opened: 'auto',
  saved: false,
  workers: null,
  crew: 1,
  used: null,
};

/** @param {Device} device @param {Action} action @returns {Device} */
export function device(device, action) {
  switch (action.type) {
    case 'device/chosen':
      return { ...device, choice: action.choice };
    case 'device':
      return { ...device, used: action };
    case 'device/workers':
      return { ...device, workers: action.workers };
    case 'opened':
      return { ...device, crew: action.workers };
    case 'device/opened':
      return { ...device, opened: action.choice, saved: action.saved ?? false };
    default:
      return device;
  }
}

/** Most CPU workers that are employed unasked: each holds a module, memory and a copy of the data. */
export const MOST_WORKERS = 8;

/** Workers there may be; the page itself needs little of a core. @param {Device} device @returns {number} */
export function workersWanted({ workers }) {
  return workers ?? Math.min(navigator.hardwareConcurrency || 1, MOST_WORKERS);
}

/**
 * Workers that are employed when there may be `workers`: as many as shorten the longest share.
 *
 * @param {number} lanes
 * @param {number} workers
 */
export function crewOf(lanes, workers) {
  return Math.ceil(lanes / Math.ceil(lanes / workers));
}
