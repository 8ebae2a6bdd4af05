// Records the run that examples/embed.html shows: trains the default experiment on the CPU, with the page's own wasm
// module, and writes the file that the page would export. Run `npm run build:wasm` first.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import init, { Lab } from '../www/pkg/nmflow.js';
import { initialState } from '../www/state/initial.js';
import { runFileOf } from '../www/state/sharing.js';
import { Store } from '../www/state/store.js';
import { root, wasmPackage } from './paths.mjs';
import { script } from './process.mjs';

await script(async () => {
  await init({ module_or_path: readFileSync(join(wasmPackage, 'nmflow_bg.wasm')) });
  const store = new Store(initialState({ theme: 'auto', smoothing: 0, toured: true }, false));
  const post = (/** @type {import('../www/state/store.js').Action} */ event) => store.dispatch(event);
  const lab = new Lab(post, { gather() {}, async made() {} });
  await lab.command({ type: 'hello' });
  const document = store.state.catalog.presets[0]?.document;
  const share = { worker: 0, workers: 1 };
  await lab.command({ type: 'open', document, device: 'cpu', files: null, snapshot: null, share });
  await lab.command({ type: 'start' });
  for (let shown = 0; lab.running(); ) {
    await lab.advance();
    const { step, steps } = store.state.run;
    if (step < shown + 50) continue;
    shown = step;
    console.log(`step ${step} of ${steps}`);
  }
  // Six digits draw the same curves in a third of the bytes.
  // A fingerprint of rounded numbers would be none.
  const file = { ...runFileOf(store.state), fingerprint: null };
  const short = JSON.stringify(file, (_, value) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value,
  );
  writeFileSync(join(root, 'examples', 'run.json'), `${short}\n`);
});
