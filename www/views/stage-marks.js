/** Marks where lanes change phase or pattern. */

import { dashOf } from '../plots/palette.js';

/** @import { Mark } from '../plots/marks.js' */
/** @import { Schedule } from '../worker/protocol.d.ts' */

/** @typedef {{ lane: number, schedule: Schedule, colour: string }} Marked */

/**
 * Where the given lanes change their pattern and, on an axis that is common to all, their phase. Elsewhere a phase would be
 * marked once for every lane.
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
    const last = schedule.steps.at(-1) ?? 0;
    // What begins with the end does not happen; no warm-up does not end.
    const event = (/** @type {number} */ step, /** @type {string} */ label) =>
      common && step <= last && add(place(lane, step), label, null);
    if (schedule.warmup_steps > 0) event(schedule.warmup_steps, 'warm-up ends');
    event(schedule.dense_end, 'pruning starts');
    event(schedule.finetune_start, 'fine-tune');
    if (schedule.stages.length < 2) continue;
    const [first = 1] = schedule.density;
    for (const { step, label } of schedule.stages) {
      // Dense is what every lane is before anything happens to it.
      if (step > 0 || first < 1) add(place(lane, step), label, own);
    }
  }
  return [...marks.values()];
}
