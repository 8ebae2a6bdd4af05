import { html, nothing } from 'lit';
import { patternText } from '../state/changes.js';
import { formatNumber, formatShare, formatWhole } from './format.js';

/** @import { OpenedLane, RawLane } from '../worker/protocol.d.ts' */
/** @import { Lab } from './nm-lab.js' */

/** Which matrices a lane prunes, under which pattern. @param {RawLane} lane */
function pruned({ ff, attention, locations }) {
  const parts = [
    ...(ff ? [`${patternText(ff)} holds for the feed-forward matrices`] : []),
    ...(attention
      ? [`${patternText(attention)} for ${locations.join(', ').toUpperCase()} of the attention`]
      : []),
  ];
  return parts.join(' and ');
}

/**
 * Why FLOPs and memory fall less than the density, in the numbers of the lane that saves most; nothing where all
 * lanes are dense or a recorded run does not know.
 *
 * @param {Lab['state']} state
 */
export function costNote({ run }) {
  const sparse = run.lanes.filter((lane) => lane.inference_flops < lane.dense_flops);
  const [lane] = sparse.toSorted((a, b) => share(a) - share(b));
  const recipe = lane && run.document?.lanes[run.lanes.indexOf(lane)];
  const target = recipe?.ff ?? recipe?.attention;
  if (!lane || !recipe || !target) return nothing;
  const { parameters, sparse_parameters, packed_bytes, dense_bytes } = lane;
  return html`<p class="note">
    Why ${formatShare(share(lane))} of the FLOPs and not
    ${formatShare(target.n / target.m)}? For ${lane.name}, ${pruned(recipe)}:
    ${formatWhole(sparse_parameters)} of ${formatWhole(parameters)} weights
    (${formatShare(sparse_parameters / parameters)}). All others stay dense. In memory it takes
    ${formatNumber(packed_bytes / 1024)} of ${formatNumber(dense_bytes / 1024)} KiB
    (${formatShare(packed_bytes / dense_bytes)}), because every kept weight is stored with its place.
  </p>`;
}

/** @param {OpenedLane} lane */
function share({ inference_flops, dense_flops }) {
  return inference_flops / dense_flops;
}
