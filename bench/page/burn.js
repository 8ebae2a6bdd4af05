// The same step in Burn as it comes; `bench/stock-burn` is the crate.

import { MODEL, OPTIMIZER } from '../model.js';
import { serve, timed } from './serve.js';

let run;

serve({
  async open({ weights, batches }) {
    // Served beside this page rather than bundled, so that the other contenders run without it.
    const { default: init, StockBurn } = await import(
      /* @vite-ignore */ `${location.origin}/burn/stock_burn.js`
    );
    await init();
    run = await StockBurn.open(weights, batches, MODEL, OPTIMIZER);
    return { parameters: run.parameters(), note: 'fusion, no autotune' };
  },
  async train(steps) {
    const { ms, value } = await timed(() => run.train(steps));
    return { ms, loss: value };
  },
});
