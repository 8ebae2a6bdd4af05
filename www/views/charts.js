import { html, nothing } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { live } from 'lit/directives/live.js';
import '../plots/nm-plot.js';
import { designedLane, draftTraces, gripsOf } from '../state/designer.js';
import { fileName } from '../state/sharing.js';
import { SUBSETS } from '../state/view.js';
import { dataTable } from './data-table.js';
import { HARDENED_OPACITY, RAW_OPACITY } from './measured-spec.js';
import { PLANNED, plannedOf } from './planned.js';
import { metricOf, plotSpec } from './plot-spec.js';
import { saveButtons } from './save-buttons.js';
import { explained, tip } from './tip.js';
import { zoomHint } from './zoom-hint.js';

/** @import { PlotSpec } from '../plots/line-plot.js' */
/** @import { Lab } from './nm-lab.js' */
/** @import { Panel, PanelId, Subset } from '../state/view.js' */

/** @type {{ id: PanelId, title: string }[]} */
const PANELS = [
  { id: 'accuracy', title: 'Accuracy' },
  { id: 'noise', title: 'Gradient noise' },
  { id: 'loss', title: 'Loss' },
  { id: 'schedule', title: 'Schedule' },
];

/** Batches of a measurement on demand: enough for a variance, few enough to wait for. */
const NOISE_BATCHES = 8;

/** The charts, on one axis of steps. @param {Lab} lab */
export function charts(lab) {
  const { history, view, run, runs, draft, device, catalog, matrices } = lab.state;
  const inputs = [
    history,
    matrices,
    view,
    run.schedule,
    run.step,
    runs.overlays,
    draft,
    device,
    catalog,
    lab.dark,
  ];
  const panels = PANELS.filter(({ id }) => !lab.session.embed.hidden.includes(id));
  if (panels.length === 0) return nothing;
  return html`<div class="charts charts-${panels.length}">
    ${guard(inputs, () => panels.map(({ id, title }) => chart(lab, id, title)))}
  </div>`;
}

/** @param {Lab} lab @param {PanelId} id @param {string} title */
function chart(lab, id, title) {
  const { state, session } = lab;
  const metric = metricOf(state, id);
  const spec = plotSpec(lab, id);
  const zoom = (/** @type {CustomEvent<[number, number] | null>} */ { detail }) =>
    session.store.dispatch({ type: 'view/zoomed', zoom: detail });
  return html`
    <section class="panel chart" aria-labelledby="chart-${id}" data-chart=${id}>
      <div class="panel-head">
        <h2 id="chart-${id}">${explained(`chart-${id}-help`, title, metric.help)}</h2>
        ${options(lab, id)}
      </div>
      <nm-plot
        .spec=${spec}
        .name=${`${title}: ${metric.label} by ${spec.xLabel}`}
        @zoom=${zoom}
        @handle=${(/** @type {CustomEvent<{ id: string, x: number }>} */ { detail }) => moveGrip(lab, detail)}
      ></nm-plot>
      <p class="note caption">${caption(lab, id, metric.help, spec)}</p>
      <div class="chart-foot">
        ${dataTable(metric.label, spec, state.view.panels[id].table, (table) =>
          session.store.dispatch({ type: 'view/panel', panel: id, change: { table } }),
        )}
        ${zoomHint(lab, title, spec)}
        ${saveButtons(
          session,
          title,
          (format) => fileName(state, `${id}.${format}`),
          () => drawing(lab, id, title),
        )}
      </div>
    </section>
  `;
}

/** What is drawn, in a sentence or two. @param {Lab} lab @param {PanelId} id @param {string} help @param {PlotSpec} spec */
function caption({ state }, id, help, { backdrop, lines }) {
  // The whole help, with what is in brackets, is with the heading.
  const [first = ''] = /^.*?\.(?= [A-Z]|$)/.exec(help.replaceAll(/ \([^)]*\)/g, '')) ?? [];
  const thin = state.view.panels[id].hardened && lines.some(({ opacity }) => opacity === HARDENED_OPACITY);
  return [
    first,
    thin ? 'Thin lines: hardened, with pruned weights at zero.' : '',
    lines.some(({ opacity }) => opacity === RAW_OPACITY) ? 'Faint lines: raw; strong: smoothed.' : '',
    backdrop?.length ? 'Areas: D(j) of the lanes that decay, 1 at full height.' : '',
  ].join(' ');
}

/** The chart as it is now. @param {Lab} lab @param {PanelId} id @param {string} title */
function drawing(lab, id, title) {
  const { state } = lab.session.store;
  const name = `${title}: ${metricOf(state, id).label}. ${state.run.document?.name ?? ''}`;
  return { spec: plotSpec({ ...lab, state }, id), title: name };
}

/** Sets the field of a handle that was moved. @param {Lab} lab @param {{ id: string, x: number }} moved */
function moveGrip({ session, editor }, { id, x }) {
  // Of the state now: several moves can come before the next drawing.
  const { state } = session.store;
  const grip = gripsOf(state, designedLane(state)).find((candidate) => candidate.id === id);
  if (grip) editor.setEach(grip.paths, grip.value(x), true);
}

/** Which lane's schedule has the handles. @param {Lab} lab */
function designed({ state, session }) {
  const all = draftTraces(state);
  const chosen = all.find(({ lanes }) => lanes.includes(designedLane(state)));
  return choice(
    'Handles of',
    String(chosen?.lanes[0] ?? ''),
    all.map(({ lanes, label }) => /** @type {[string, string]} */ ([String(lanes[0]), label])),
    (lane) => session.store.dispatch({ type: 'view/designed', lane: Number(lane) }),
  );
}

/** @param {Lab} lab @param {PanelId} id */
function options(lab, id) {
  const { state } = lab;
  const panel = state.view.panels[id];
  const hasHardened = state.catalog.metrics.some(({ key }) => key === `${panel.metric}_hard`);
  const set = (/** @type {Partial<Panel>} */ change) =>
    lab.session.store.dispatch({ type: 'view/panel', panel: id, change });
  return html`
    <div class="chart-options">
      ${choice('Shown', panel.metric, choicesOf(lab, id), (metric) => set({ metric, log: null }))}
      ${
        id === 'noise'
          ? choice('Weights', panel.subset, SUBSETS, (subset) =>
              set({ subset: /** @type {Subset} */ (subset) }),
            )
          : nothing
      }
      ${id === 'noise' ? noiseOptions(lab, panel, set) : nothing}
      ${plannedOf(panel.metric) && id === 'schedule' ? designed(lab) : nothing}
      ${hasHardened ? check('also hardened', panel.hardened, (hardened) => set({ hardened })) : nothing}
      ${id === 'noise' ? check('D(j)', panel.decay ?? false, (decay) => set({ decay }), 'How much pruned weights still count, as areas behind the lines') : nothing}
      ${id === 'accuracy' ? nothing : check('log', metricOf(state, id).log, (log) => set({ log }))}
    </div>
  `;
}

/** Of which matrix; what is measured on demand has a button instead. @param {Lab} lab @param {Panel} panel @param {(change: Partial<Panel>) => void} set */
function noiseOptions({ state, session }, { metric, subset, matrix }, set) {
  const { names, keys } = state.matrices;
  if (keys.includes(`${metric}_${subset}`)) {
    const listed = names.map((name) => /** @type {[string, string]} */ ([name, name]));
    return choice('Matrix', matrix, [['', 'all matrices'], ...listed], (chosen) => set({ matrix: chosen }));
  }
  return html`<button
    type="button"
    ${tip(`The gradient of ${NOISE_BATCHES} fresh batches at the weights of this step; training does not see them`)}
    ?disabled=${!state.run.document || ['loading', 'failed', 'recorded'].includes(state.run.phase)}
    @click=${() => session.measureNoise(NOISE_BATCHES)}
  >
    Measure now
  </button>`;
}

/** @param {Lab} lab @param {PanelId} id @returns {[string, string][]} */
function choicesOf({ state }, id) {
  const own = state.catalog.metrics.filter(({ chart }) => chart === id);
  if (id === 'noise') {
    const suffix = '_all';
    return own
      .filter(({ key }) => key.endsWith(suffix))
      .map(({ key, label }) => [key.slice(0, -suffix.length), label.split(', ')[0] ?? label]);
  }
  if (id === 'schedule') {
    const measured = own.filter(({ key }) => !PLANNED.some(({ measuredAs }) => measuredAs.includes(key)));
    return [...PLANNED, ...measured].map(({ key, label }) => [key, label]);
  }
  return own.filter(({ key }) => !key.endsWith('_hard')).map(({ key, label }) => [key, label]);
}

/** @param {string} label @param {string} value @param {[string, string][]} choices @param {(value: string) => void} set */
function choice(label, value, choices, set) {
  const change = (/** @type {Event & { target: HTMLSelectElement }} */ { target }) => set(target.value);
  return html`<label class="inline">
    <span class="hidden-label">${label}</span>
    <select .value=${live(value)} @change=${change}>
      ${choices.map(([key, text]) => html`<option value=${key} ?selected=${key === value}>${text}</option>`)}
    </select>
  </label>`;
}

/** @param {string} label @param {boolean} checked @param {(checked: boolean) => void} set @param {string} [meaning] */
function check(label, checked, set, meaning = '') {
  const change = (/** @type {Event & { target: HTMLInputElement }} */ { target }) => set(target.checked);
  return html`<label class="check" ${tip(meaning)}><input type="checkbox" .checked=${live(checked)} @change=${change} />${label}</label>`;
}
