// `npm start`: from a fresh clone to the page, served at an address that it prints. It runs before anything is
// installed, so all scripts here use Node's own modules only.

import { build } from './build.mjs';
import { npmTool } from './paths.mjs';
import { run, script } from './process.mjs';

await script(async () => {
  await build();
  console.log('\nServing dist/; Ctrl+C ends it.');
  // Vite takes the next free port when its own is taken. Arguments after `npm start --` go to it, such as --port 8080.
  run(...npmTool('vite/bin/vite.js', 'preview', '--host', '127.0.0.1', ...process.argv.slice(2)));
});
