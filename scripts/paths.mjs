// Where things lie: in the repository, and in the folder that outlives a clone.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** Output of wasm-bindgen and wasm-opt, imported by the worker. */
export const wasmPackage = join(root, 'www', 'pkg');

/** The finished page. */
export const dist = join(root, 'dist');

/** True on a continuous-integration machine. */
export const ci = Boolean(process.env.CI);

/** Tools and, in CI, compiled dependencies: shared by all clones of this user, safe to delete. */
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nmflow');

/**
 * The command line of a program that an npm package brings.
 * @param {string} path Its script, below node_modules.
 * @param {string[]} args
 * @returns {[string, string[]]}
 */
export function npmTool(path, ...args) {
  return [process.execPath, [join(root, 'node_modules', path), ...args]];
}
