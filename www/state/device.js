/** @import { Wanted, Event as LabEvent } from '../worker/protocol.d.ts' */
/** @import { Action } from './store.js' */

/** @typedef {{ type: 'device/chosen' | 'device/opened', choice: Wanted }} DeviceAction */

/**
 * @typedef {object} Device
 * @property {Wanted} choice  What the visitor asks for.
 * @property {Wanted} opened  What was asked for when the experiment was opened.
 * @property {Omit<Extract<LabEvent, { type: 'device' }>, 'type'> | null} used  What the worker uses, and why.
 */

/** @type {Device} */
export const unknownDevice = { choice: 'auto', opened: 'auto', used: null };

/** @param {Device} device @param {Action} action @returns {Device} */
export function device(device, action) {
  switch (action.type) {
    case 'device/chosen':
      return { ...device, choice: action.choice };
    case 'device':
      return { ...device, used: action };
    case 'device/opened':
      return { ...device, opened: action.choice };
    default:
      return device;
  }
}
