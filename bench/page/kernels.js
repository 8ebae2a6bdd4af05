// nmflow's single kernels, called as the training step calls them.

import init, { KernelBench } from '../../www/pkg/nmflow.js';
import { serve } from './serve.js';

/** @type {KernelBench} */
let bench;
/** @type {Map<string, number>} */
const cases = new Map();

serve({
  async open({ device }) {
    await init();
    bench = await KernelBench.open(device);
    return { note: bench.device(), tile: bench.tile() };
  },
  add(name, kernel, [n, m], shape, tile) {
    cases.set(name, bench.add(kernel, n, m, shape, tile));
  },
  async time(name, repeats) {
    return { ms: await bench.time(cases.get(name), repeats) };
  },
});
