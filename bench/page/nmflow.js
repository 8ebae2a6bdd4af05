// nmflow's own step, as the page's training worker makes it.

import init, { TrainingBench } from '../../www/pkg/nmflow.js';
import { experiment } from '../model.js';
import { profiled } from './gpu-profile.js';
import { serve, timed } from './serve.js';

/** @type {TrainingBench} */
let run;

serve({
  async open({ device, lanes, document = experiment(lanes), worker, workers }) {
    await init();
    run = await TrainingBench.open(document, device, worker, workers);
    return { parameters: run.parameters(), note: run.device() };
  },
  weights: () => run.weights(),
  batches: (count) => run.batches(count),
  async train(steps) {
    const { ms, value } = await timed(() => run.train(steps));
    return { ms, loss: value[0] };
  },
  profile: async (rounds) => ({ dispatches: await profiled(() => run.train(1), rounds) }),
});
