/** The matrix under the lens, and its pictures over the steps. */

import { firstSparse } from './run.js';

/** @import { Event as LabEvent } from '../worker/protocol.d.ts' */
/** @import { Action } from './store.js' */

/** A matrix at one step. @typedef {Omit<Extract<LabEvent, { type: 'inspected' }>, 'type'>} Frame */
/** What is drawn. @typedef {'weights' | 'flips' | 'flips_first' | 'gradient' | 'second_moment'} Shown */

/**
 * @typedef {object} Inspector
 * @property {boolean} open
 * @property {number} lane
 * @property {string} tensor          Name of the matrix; empty until one is chosen.
 * @property {Shown} shown
 * @property {Frame[]} frames         Rising in steps.
 * @property {Frame | null} first     The first one that was seen with a mask.
 * @property {number | null} step     Step of the frame that is shown; null shows the newest.
 * @property {number} weight          A weight of the group under the microscope.
 */

/**
 * @typedef {{ type: 'inspector/open', open: boolean }
 *   | { type: 'inspector/chosen', lane: number, tensor: string }
 *   | { type: 'inspector/shown', shown: Shown }
 *   | { type: 'inspector/step', step: number | null }
 *   | { type: 'inspector/weight', weight: number }} InspectorAction
 */

/** More frames are thinned to half, so that they span the run at any length. */
const MOST_FRAMES = 32;

/** @type {Inspector} */
export const emptyInspector = {
  open: false,
  lane: 0,
  tensor: '',
  shown: 'weights',
  frames: [],
  first: null,
  step: null,
  weight: 0,
};

/** @param {Inspector} inspector @param {Action} action @returns {Inspector} */
export function inspector(inspector, action) {
  switch (action.type) {
    case 'opened': {
      const kept = action.matrices.includes(inspector.tensor) && inspector.lane < action.lanes.length;
      const { lane, tensor } = kept
        ? inspector
        : { lane: firstSparse(action.lanes), tensor: firstOf(action.matrices) };
      return { ...inspector, lane, tensor, frames: [], first: null, step: null, weight: 0 };
    }
    case 'inspector/open':
      return { ...inspector, open: action.open };
    case 'inspector/chosen':
      return {
        ...inspector,
        lane: action.lane,
        tensor: action.tensor,
        frames: [],
        first: null,
        step: null,
        weight: 0,
      };
    case 'inspector/shown':
      return { ...inspector, shown: action.shown };
    case 'inspector/step':
      return { ...inspector, step: action.step };
    case 'inspector/weight':
      return { ...inspector, weight: action.weight };
    case 'inspected':
      return action.lane === inspector.lane && action.tensor === inspector.tensor
        ? {
            ...inspector,
            frames: appended(inspector.frames, action),
            first: firstOfMasks(inspector.first, action),
          }
        : inspector;
    default:
      return inspector;
  }
}

/** The paper prunes the feed-forward matrices. @param {string[]} matrices */
function firstOf(matrices) {
  return matrices.find((name) => name.includes('.ff1.')) ?? matrices[0] ?? '';
}

/** @param {Frame[]} frames @param {Frame} frame @returns {Frame[]} */
function appended(frames, frame) {
  const earlier = frames.filter(({ step }) => step < frame.step);
  const thinned = earlier.length < MOST_FRAMES ? earlier : earlier.filter((_, at) => at % 2 === 0);
  return [...thinned, frame];
}

/** Kept apart, because old frames are thinned. @param {Frame | null} first @param {Frame} frame */
function firstOfMasks(first, frame) {
  if (first && first.step <= frame.step) return first;
  return frame.n < frame.m ? frame : null;
}

/** The frame that is shown and the one before it. @param {Inspector} inspector */
export function shownFrames({ frames, step }) {
  const found = step === null ? frames.length - 1 : frames.findIndex((frame) => frame.step >= step);
  const at = found < 0 ? frames.length - 1 : found;
  return { at, frame: frames[at] ?? null, before: frames[at - 1] ?? null };
}
