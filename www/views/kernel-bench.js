import { html, nothing } from 'lit';
import { bars } from '../plots/bars.js';
import { byShape } from '../state/kernels.js';
import '../styles/kernel-bench.css';
import { explained } from './tip.js';

/** @import { KernelTiming } from '../worker/protocol.d.ts' */
/** @import { Lab } from './nm-lab.js' */

const label = (/** @type {KernelTiming} */ { n, m }) => (n === m ? 'Dense' : `${n}:${m}`);
const shapeOf = (/** @type {KernelTiming} */ { shape: { rows, inputs, outputs } }) =>
  `${rows} × ${inputs} × ${outputs}`;

/** @param {number} value */
const short = (value) =>
  value.toLocaleString(undefined, { maximumSignificantDigits: 3, minimumSignificantDigits: 2 });

/** Times as fast as the dense product of the same shape. @param {KernelTiming} timing @param {KernelTiming[]} group */
const speedUp = (timing, group) => (group[0]?.ms ?? Number.NaN) / timing.ms;

/** @param {KernelTiming} timing */
const gigaflops = ({ shape: { rows, inputs, outputs }, ms }) => (2 * rows * inputs * outputs) / ms / 1e6;

/** Dense and N:M matrix products, timed on the visitor's own device. @param {Lab} lab */
export function kernelBench(lab) {
  const { measured, running } = lab.state.kernels;
  const device = (measured?.backend === 'webgpu' ? measured.adapter : 'CPU (wasm SIMD)') ?? '';
  return html`
    <div class="prose">
      <p>
        How much faster is a product with N:M weights on your device? One kernel reads all weights, the other
        only the kept ones with their places. Training rests while this is timed, for some seconds.
      </p>
    </div>
    <div class="kernel-actions">
      <button type="button" ?disabled=${running} @click=${() => lab.session.timeKernels('auto')}>
        ${running ? 'Timing…' : measured ? 'Time again' : 'Time the kernels'}
      </button>
      <button type="button" class="quiet" ?disabled=${running} @click=${() => lab.session.timeKernels('cpu')}>
        On the CPU
      </button>
    </div>
    <div aria-live="polite" class="kernel-device">
      ${
        measured
          ? html`<strong>${device}</strong>${
              measured.backend === 'cpu' && measured.reason ? html`: ${measured.reason}` : nothing
            }`
          : nothing
      }
    </div>
    ${measured ? results(measured.timings) : nothing}
  `;
}

/** @param {KernelTiming[]} timings */
function results(timings) {
  const groups = byShape(timings);
  const most = Math.max(...groups.flatMap((group) => group.map((timing) => speedUp(timing, group))));
  return html`
    ${groups.map((group) => {
      const [dense] = group;
      if (!dense) return nothing;
      const drawn = group.map((timing) => ({
        label: label(timing),
        value: speedUp(timing, group),
        reading: `${short(speedUp(timing, group))}×`,
        reference: timing === dense,
      }));
      return html`
        <figure>
          <figcaption>${shapeOf(dense)} <small>rows × inputs × outputs</small></figcaption>
          ${bars(drawn, most)}
        </figure>
      `;
    })}
    <p class="note">Bars: times as fast as the dense product of the same shape, the vertical line.</p>
    ${table(groups, timings[0]?.rounds ?? 0)}
  `;
}

/** @param {KernelTiming[][]} groups @param {number} rounds */
function table(groups, rounds) {
  return html`
    <details class="data">
      <summary>Data<span class="hidden-label"> of the kernel bench</span></summary>
      <div class="scroll" tabindex="0" role="region" aria-label="Data of the kernel bench">
        <table>
          <caption>
            <span>Medians of ${rounds} rounds</span>
          </caption>
          <thead>
            <tr>
              <th scope="col">Weights</th>
              <th scope="col">Shape</th>
              <th scope="col">ms</th>
              <th scope="col">
                ${explained(
                  'kernels-gflops',
                  'GFLOP/s',
                  'Operations of the dense product per second: what a sparse one saves counts as done.',
                )}
              </th>
              <th scope="col">vs. dense</th>
            </tr>
          </thead>
          <tbody>
            ${groups.map((group) =>
              group.map(
                (timing) => html`<tr>
                  <th scope="row">${label(timing)}</th>
                  <td>${shapeOf(timing)}</td>
                  <td>${short(timing.ms)}</td>
                  <td>${short(gigaflops(timing))}</td>
                  <td>${short(speedUp(timing, group))}×</td>
                </tr>`,
              ),
            )}
          </tbody>
        </table>
      </div>
    </details>
  `;
}
