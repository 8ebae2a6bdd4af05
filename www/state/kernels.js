/** @import { Event as LabEvent, KernelTiming } from '../worker/protocol.d.ts' */
/** @import { Action } from './store.js' */

/** @typedef {{ type: 'kernels/asked' } | { type: 'kernels/shown', shown: boolean }} KernelsAction */
/** @typedef {Omit<Extract<LabEvent, { type: 'kernels' }>, 'type'>} Measured */

/**
 * @typedef {object} Kernels  Times of matrix products on the visitor's device.
 * @property {boolean} shown     Whether the panel is open.
 * @property {boolean} running   Whether the worker is timing.
 * @property {Measured | null} measured  The medians so far.
 */

/** @type {Kernels} */
export const noKernels = { shown: false, running: false, measured: null };

/** @param {Kernels} kernels @param {Action} action @returns {Kernels} */
export function kernels(kernels, action) {
  switch (action.type) {
    case 'kernels/shown':
      return { ...kernels, shown: action.shown };
    case 'kernels/asked':
      return { ...kernels, running: true };
    case 'kernels':
      return { ...kernels, running: !action.finished, measured: action };
    case 'failed':
      return { ...kernels, running: false };
    default:
      return kernels;
  }
}

/**
 * The products of one shape, dense first.
 * @param {KernelTiming[]} timings
 * @returns {KernelTiming[][]}
 */
export function byShape(timings) {
  /** @type {Map<string, KernelTiming[]>} */
  const groups = new Map();
  for (const timing of timings) {
    const key = Object.values(timing.shape).join();
    groups.set(key, [...(groups.get(key) ?? []), timing]);
  }
  return [...groups.values()];
}
