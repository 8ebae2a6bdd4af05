/** Marks where lanes change phase or pattern. */

import { dashOf } from '../plots/palette.js';

/** @import { Mark } from '../plots/marks.js' */
/** @import { Schedule } from '../worker/protocol.d.ts' */

/** @typedef {{ lane: number, schedule: Schedule, colour: string }} Marked */

/**
 * Where the given lanes change phase or pattern, and where the common warm-up ends.
 *
 * @param {Marked[]} lanes
 * @param {(lane: number, step: number) => number | null} place  Where a lane's step lies on the x axis.
 * @param {boolean} common  Whether all lanes' steps lie at the same place.
 * @returns {Mark[]}
 */
export function marksOf(lanes, place, common) {
  /** @type {Map<string, Mark>} */
  const marks = new Map();
  const add = (
    /** @type {number | null} */ x,
    /** @type {string} */ label,
    /** @type {{ colour: string, dash: number[] } | null} */ of,
  ) => {
    if (x === null) return;
    // What happens at one step to several lanes is one line; different events there share it.
    const key = `${x} ${of?.colour} ${of?.dash}`;
    const known = marks.get(key);
    if (!known) marks.set(key, { x, label, ...(of ?? { colour: null }) });
    else if (!known.label.split(', ').includes(label)) known.label += `, ${label}`;
  };
  for (const { lane, schedule, colour } of lanes) {
    const own = { colour, dash: dashOf(lane) };
    const phase = common ? null : own;
    add(place(lane, schedule.warmup_steps), 'warm-up ends', phase);
    add(place(lane, schedule.dense_end), 'pruning starts', phase);
    add(place(lane, schedule.finetune_start), 'fine-tune', phase);
    if (schedule.stages.length < 2) continue;
    for (const { step, label } of schedule.stages) add(place(lane, step), label, own);
  }
  return [...marks.values()];
}
