// Builds the page into dist/: static files for any host and any path, and says how large they are.

import { pathToFileURL } from 'node:url';
import { buildWasm } from './build-wasm.mjs';
import { npmTool } from './paths.mjs';
import { run, script } from './process.mjs';
import { checkSizes } from './sizes.mjs';

/** Bundles www/ and www/pkg into dist/. */
export function bundle() {
  run(...npmTool('vite/bin/vite.js', 'build'));
}

/** Builds the whole page from whatever is there. */
export async function build() {
  buildWasm();
  bundle();
  await checkSizes();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await script(build);
