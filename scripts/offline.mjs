// Writes the service worker of a finished build: which files it keeps, and which build they are of.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { root } from './paths.mjs';

const NAME = 'service-worker.js';

/**
 * @param {string} folder Of the finished build.
 */
export function writeServiceWorker(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile() && relative(folder, file) !== NAME)
    .sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(file.slice(folder.length)).update(readFileSync(file));
  const names = files.map((file) => relative(folder, file).split(sep).join('/'));
  const version = hash.digest('hex').slice(0, 16);
  const constants = `const VERSION = ${JSON.stringify(version)};\nconst FILES = ${JSON.stringify(names)};\n`;
  writeFileSync(join(folder, NAME), constants + readFileSync(join(root, 'www', NAME), 'utf8'));
}
