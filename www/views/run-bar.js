import { html, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import { crewOf, workersWanted } from '../state/device.js';
import { expectedOf } from '../state/replay.js';
import { formatDuration, formatNumber, formatWhole } from './format.js';
import { goTo } from './go-to.js';
import { VERDICTS } from './replay.js';
import { tip } from './tip.js';

/** @import { Lab } from './nm-lab.js' */
/** @import { Wanted } from '../worker/protocol.d.ts' */

/** Steps per second on offer; null is full speed. */
const SPEEDS = [null, 50, 20, 10, 5, 2, 1];

const BACKENDS = { cpu: 'CPU (wasm SIMD)', webgpu: 'WebGPU' };

const PHASES = {
  loading: 'Loading',
  idle: 'Ready',
  running: 'Training',
  paused: 'Paused',
  finished: 'Finished',
  failed: 'Stopped',
  recorded: 'Recorded',
};

/** Run controls, progress and device. @param {Lab} lab */
export function runBar(lab) {
  return html`
    <section class="run-bar" aria-label="Run">
      <div class="buttons">${mainButton(lab)} ${otherButtons(lab)} ${speed(lab)}</div>
      ${progress(lab)} ${device(lab)}
    </section>
  `;
}

/** @param {Lab} lab */
function mainButton({ state, session }) {
  const { phase, snapshot, step, document } = state.run;
  if (phase === 'failed') {
    const label = snapshot ? `Restart from step ${formatWhole(snapshot.step)}` : 'Restart';
    return html`<button type="button" class="primary" @click=${() => session.restart()}>${label}</button>`;
  }
  if (phase === 'recorded') {
    return html`<button type="button" class="primary" @click=${() => session.trainRecorded()}>Train it live</button>`;
  }
  if (phase === 'running') {
    return html`<button type="button" class="primary" @click=${() => session.pause()}>Pause</button>`;
  }
  if (phase === 'finished') {
    const again = () => {
      session.reset();
      session.start();
    };
    return html`<button type="button" class="primary" @click=${again}>Run again</button>`;
  }
  return html`<button type="button" class="primary" ?disabled=${!document} @click=${() => session.start()}>
    ${step > 0 ? 'Resume' : 'Start'}
  </button>`;
}

/** @param {Lab} lab */
function otherButtons({ state, session }) {
  const { phase } = state.run;
  const still = phase === 'idle' || phase === 'paused';
  const meaning = 'Back to step 0 with the same initial weights';
  return html`
    <button type="button" ?disabled=${!still} @click=${() => session.step()}>Step</button>
    <button type="button" ?disabled=${!still && phase !== 'running' && phase !== 'finished'} ${tip(meaning)} @click=${() => session.reset()}>
      Reset
    </button>
  `;
}

/** @param {Lab} lab */
function speed({ state, session }) {
  const choose = (/** @type {Event & { target: HTMLSelectElement }} */ { target }) =>
    session.setSpeed(target.value === '' ? null : Number(target.value));
  return html`
    <label class="inline">
      <span class="roomy">Speed</span>
      <select .value=${live(String(state.run.speedLimit ?? ''))} @change=${choose}>
        ${SPEEDS.map((limit) => html`<option value=${limit ?? ''}>${limit ? `${limit} ${limit === 1 ? 'step' : 'steps'}/s` : 'full speed'}</option>`)}
      </select>
    </label>
  `;
}

/** @param {Lab} lab */
function progress({ state }) {
  const { phase, step, steps } = state.run;
  // A screen reader is told of the phase once, not of every kernel.
  const words = phase === 'running' ? activity(state) : PHASES[phase];
  return html`
    <div class="progress">
      <p>
        <strong class="phase" data-phase=${phase} role="status">${words}</strong>
        <span ?hidden=${steps === 0}>step <b>${formatWhole(step)}</b> of ${formatWhole(steps)}</span>
      </p>
      <p class="speed">${phase === 'running' ? pace(state.run) : verdict(state)}</p>
      <progress aria-label="Steps done" max=${steps || 1} .value=${step}></progress>
    </div>
  `;
}

/** What a run that goes on does. @param {Lab['state']} state */
function activity(state) {
  const { step, preparing } = state.run;
  if (step === 0) return preparing ? 'Preparing' : 'Starting';
  return expectedOf(state) ? 'Replaying' : PHASES.running;
}

/** How a shared run came out, with the way to the comparison. @param {Lab['state']} state */
function verdict(state) {
  const { comparison } = state.replay;
  if (!comparison || !expectedOf(state)) return nothing;
  const details = () => goTo(document.querySelector('.replay'), 'h2', 'center');
  return html`<button type="button" class="link verdict" data-verdict=${comparison.verdict} @click=${details}>
    ${VERDICTS[comparison.verdict]}
  </button>`;
}

/**
 * Speed and remaining time, or what is done before there is a speed. They have a line of their own, so that their
 * lengths move nothing beside or below them.
 *
 * @param {Lab['state']['run']} run
 */
function pace({ stepsPerSecond, etaS, preparing }) {
  if (stepsPerSecond) {
    return html`<span>${formatNumber(stepsPerSecond)} steps/s</span><span>${formatDuration(etaS)} left</span>`;
  }
  if (!preparing) return nothing;
  return html`<span>preparing kernels: ${preparing.made} of ${preparing.asked}</span>`;
}

/** @param {Lab} lab */
function device({ state, session }) {
  const { device, run } = state;
  const { used, choice } = device;
  const unknown = run.phase === 'recorded' ? 'Chosen when training begins' : 'Choosing a device';
  const choose = (/** @type {Event & { target: HTMLSelectElement }} */ event) =>
    session.chooseDevice(/** @type {Wanted} */ (event.target.value));
  return html`
    <div class="device">
      <label class="inline">
        <span>Device</span>
        <select .value=${live(choice)} @change=${choose}>
          <option value="auto">Automatic</option>
          <option value="webgpu">WebGPU</option>
          <option value="cpu">CPU</option>
        </select>
      </label>
      ${workers(state, session)}
      ${used ? deviceReason(used, device) : html`<p class="reason">${unknown}</p>`}
    </div>
  `;
}

/** How many CPU workers share the lanes. @param {Lab['state']} state @param {Lab['session']} session */
function workers({ device, run }, session) {
  const lanes = run.lanes.length;
  if (device.used?.backend !== 'cpu' || lanes < 2) return nothing;
  const choose = (/** @type {Event & { target: HTMLSelectElement }} */ { target }) =>
    session.chooseWorkers(target.value === '' ? null : Number(target.value));
  const automatic = crewOf(lanes, workersWanted({ ...device, workers: null }));
  const most = Math.max(navigator.hardwareConcurrency || 1, 4);
  const counts = Array.from({ length: most }, (_, index) => index + 1).filter(
    (count) => crewOf(lanes, count) === count,
  );
  const meaning = 'The lanes are shared out over workers. Their numbers do not depend on how many there are.';
  return html`
    <label class="inline" ${tip(meaning)}>
      <span>Workers</span>
      <select .value=${live(String(device.workers ?? ''))} @change=${choose}>
        <option value="">auto (${automatic})</option>
        ${counts.map((count) => html`<option value=${count}>${count}</option>`)}
      </select>
    </label>
  `;
}

/** How a GPU's kernels cut dense products up; its probe chooses. */
const TILES = {
  narrow: 'tiles of 4 features x 16 rows in registers',
  wide: 'tiles of 8 features x 16 rows in registers',
  broad: 'tiles of 16 features x 16 rows in registers',
  shared: 'tiles of 32 features x 128 rows in workgroup memory',
};

/** @param {NonNullable<Lab['state']['device']['used']>} used @param {Lab['state']['device']} device */
function deviceReason({ backend, adapter, reason, limits, probe }, { crew, saved }) {
  const why = saved ? 'as when this run was saved; a restart takes the device that is chosen above' : reason;
  const probes = [
    ['WebGPU probe', probe.webgpu_ms],
    ['CPU probe', probe.cpu_ms],
  ];
  return html`
    <details class="reason">
      <summary><b>${BACKENDS[backend]}</b>${why ? `: ${why}` : ''}</summary>
      <dl>
        ${crew > 1 ? html`<div><dt>Workers</dt><dd>${crew}, each with its own memory and copy of the data</dd></div>` : nothing}
        ${adapter ? html`<div><dt>Adapter</dt><dd>${adapter}</dd></div>` : nothing}
        ${probes.map(([name, ms]) =>
          typeof ms === 'number' ? html`<div><dt>${name}</dt><dd>${formatNumber(ms)} ms</dd></div>` : nothing,
        )}
        <div>
          <dt>Packed N:M products</dt>
          <dd>${probe.packed_density > 0 ? `up to density ${formatNumber(probe.packed_density)}` : 'dense ones are faster'}</dd>
        </div>
        ${backend === 'webgpu' ? html`<div><dt>Dense products</dt><dd>${TILES[probe.tile]}</dd></div>` : nothing}
        ${limits.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${formatWhole(value)}</dd></div>`)}
      </dl>
    </details>
  `;
}
