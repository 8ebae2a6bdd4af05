/** The charts of a study. */

import { html, nothing } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { swatch } from '../swatch.js';
import { behindChips, withBehind } from './study-behind.js';
import { chart, choice } from './study-chart.js';
import { axesOf, crossings, groupNames, hillOf, sliceOf } from './study-points.js';
import { hillSpec, lessIsBetter, reachesBeyond, SUMMARISED, sweepSpec } from './study-spec.js';

/** @import { StudyResults } from '../../worker/protocol.d.ts' */
/** @import { StudyView } from '../../state/study.js' */
/** @import { Lab } from '../nm-lab.js' */
/** @import { Axis, Hill, Slice } from './study-points.js' */
/** @import { Summarised } from './study-spec.js' */

/** @param {Lab} lab */
export function studyCharts(lab) {
  const { study, catalog } = lab.state;
  const { results, behind, view } = study;
  if (!results) return nothing;
  return guard([results, behind, view, catalog, lab.dark], () => drawn(lab, results, view));
}

/** @param {Lab} lab @param {StudyResults} results @param {StudyView} view */
function drawn(lab, results, view) {
  const { dark, state } = lab;
  const metric = metricOf(results, view);
  const axes = axesOf(results, state.study.behind, state.catalog.fields);
  const slice = sliceOf(results, axes, view);
  const others = state.study.behind.map((other) => ({ name: other.name, slice: sliceOf(other, axes, view) }));
  const names = groupNames([slice, ...others.map((other) => other.slice)], metric);
  const hill = hillOf(slice, metric);
  const sweep = withBehind(
    sweepSpec(slice, names, metric, dark),
    others.map((other) => ({ name: other.name, spec: sweepSpec(other.slice, names, metric, dark) })),
  );
  return html`
    ${options(lab, axes, results, slice, metric)} ${lanes(lab, names)}
    <div class="charts">
      ${chart(lab, 'sweep', `${SUMMARISED[metric].label} by ${slice.along?.label ?? 'lane'}`, sweep)}
      ${hill ? hillChart(lab, hill, others, names, metric) : nothing}
    </div>
    <p class="note">
      Dots are means over the seeds, bars their 95 % intervals (Student’s t).
      ${reachesBeyond(sweep) ? 'A bar without a stroke at its end goes on beyond 0 or 100 %, of which a t interval knows nothing.' : ''}
      ${hill ? '' : 'A sweep over patterns also draws accuracy against density.'}
    </p>
  `;
}

/** Metrics that some point has. @param {StudyResults} results */
const measuredOf = ({ cells }) =>
  /** @type {Summarised[]} */ (Object.keys(SUMMARISED)).filter((key) =>
    cells.some(({ summary }) => key in summary),
  );

/** The chosen metric, or the first that was measured. @param {StudyResults} results @param {StudyView} view @returns {Summarised} */
export function metricOf(results, { metric }) {
  const measured = measuredOf(results);
  return measured.find((key) => key === metric) ?? measured[0] ?? 'val_accuracy_hard';
}

/** @param {Lab} lab @param {Axis[]} axes @param {StudyResults} results @param {Slice} slice @param {Summarised} metric */
function options(lab, axes, results, slice, metric) {
  const { along, held } = slice;
  const set = (/** @type {Partial<StudyView>} */ change) =>
    lab.session.store.dispatch({ type: 'study/view', change });
  const metrics = measuredOf(results).map(
    (key) => /** @type {[string, string]} */ ([key, SUMMARISED[key].label]),
  );
  const other = Math.min(lab.state.study.view.other, (held?.values.length ?? 1) - 1);
  return html`
    <div class="chart-options">
      ${choice('Measure', metric, metrics, (key) => set({ metric: key }))}
      ${
        held && along
          ? html`${choice(
              'Along',
              along.field,
              axes.map(({ field, label }) => [field, label]),
              (field) => set({ along: field, other: 0 }),
            )}
          ${choice(
            held.label,
            String(other),
            held.texts.map((text, index) => [String(index), text]),
            (index) => set({ other: Number(index) }),
          )}`
          : nothing
      }
    </div>
  `;
}

/** The legend of both charts. @param {Lab} lab @param {string[]} names */
function lanes(lab, names) {
  return html`<ul class="study-lanes" aria-label="Lanes of the study">
    ${names.map((name, index) => html`<li>${swatch(index, index, lab.dark)} ${name}</li>`)} ${behindChips(lab)}
  </ul>`;
}

/**
 * @param {Lab} lab
 * @param {Hill} hill
 * @param {{ name: string, slice: Slice }[]} others  Studies behind.
 * @param {string[]} names
 * @param {Summarised} metric
 */
function hillChart(lab, hill, others, names, metric) {
  const pair = pairOf(hill, lab.state.study.view.pair, lab.state.study.results, metric);
  const found = pair ? crossings(hill, pair) : [];
  const marks = found.map((at) => ({ at, label: `cross at ${formatRatio(100 * at)} %` }));
  const spec = withBehind(
    hillSpec(hill, names, metric, lab.dark, marks),
    others.flatMap(({ name, slice }) => {
      const other = hillOf(slice, metric);
      return other ? [{ name, spec: hillSpec(other, names, metric, lab.dark, []) }] : [];
    }),
  );
  const set = (/** @type {[string, string]} */ next) =>
    lab.session.store.dispatch({ type: 'study/view', change: { pair: next } });
  const listed = [...hill.groups.keys()].map((name) => /** @type {[string, string]} */ ([name, name]));
  const foot = pair
    ? html`<div class="chart-options crossover">
      ${choice('Crossover of', pair[0], listed, (name) => set([name, pair[1]]))}
      ${choice('and', pair[1], listed, (name) => set([pair[0], name]))}
      <span>${crossoverText(hill, pair, found, metric)}</span>
    </div>`
    : nothing;
  return chart(lab, 'hill', `${SUMMARISED[metric].label} against density`, spec, foot);
}

/**
 * The chosen lanes; otherwise the baseline and the first lane whose line crosses it.
 *
 * @param {Hill} hill
 * @param {[string, string] | null} chosen
 * @param {StudyResults | null} results
 * @param {string} metric
 * @returns {[string, string] | null}
 */
function pairOf(hill, chosen, results, metric) {
  if (chosen?.every((name) => hill.groups.has(name))) return chosen;
  const baseline = results?.cells[0]?.summary[metric]?.find((group) => group.baseline === null)?.name;
  const others = [...hill.groups.keys()].filter((name) => name !== baseline && !hill.level.has(name));
  const [first] = others;
  if (!baseline || !first || !hill.groups.has(baseline)) return null;
  const other = others.find((name) => crossings(hill, [baseline, name]).length > 0) ?? first;
  return [baseline, other];
}

/** Means of few seeds differ by chance as well. */
const HOW_SURE = 'The table says how sure that is.';

/** @param {Hill} hill @param {[string, string]} pair @param {number[]} found @param {Summarised} metric */
function crossoverText({ groups, x }, [first, second], found, metric) {
  const gaps = x.flatMap((_, at) => {
    const [a, b] = [groups.get(first)?.[at]?.mean, groups.get(second)?.[at]?.mean];
    return a === undefined || b === undefined ? [] : [lessIsBetter(metric) ? b - a : a - b];
  });
  if (first === second || gaps.length === 0) return 'Choose two lanes.';
  const ahead = (/** @type {number} */ gap) => (gap > 0 ? first : second);
  if (found.length === 0)
    return gaps.every((gap) => gap === 0)
      ? 'They are level.'
      : `They do not cross here: the mean of ${ahead(gaps.find((gap) => gap !== 0) ?? 0)} is ahead throughout. ${HOW_SURE}`;
  const places = found.map((at) => `${formatRatio(100 * at)} % (about 1:${formatRatio(1 / at)})`);
  return `Means cross at ${places.join(' and ')}; at the sparsest point ${ahead(gaps[0] ?? 0)} is ahead. ${HOW_SURE}`;
}

const ratio = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });

/** @param {number} value */
const formatRatio = (value) => ratio.format(value);
