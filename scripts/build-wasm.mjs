// Builds the crate for the browser: cargo, wasm-bindgen, wasm-opt. The result is www/pkg.

import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cargoEnv, cargoFlags, targetFolder } from './cargo.mjs';
import { npmTool, wasmPackage } from './paths.mjs';
import { run, script } from './process.mjs';
import { ensureNodeModules, ensureWasmBindgen, ensureWasmTarget } from './tools.mjs';

const TARGET = 'wasm32-unknown-unknown';

/** Speed first: `-Oz` saves little of the compressed size and slows the CPU kernels down. */
const OPTIMISE = ['-O3'];

/**
 * Builds www/pkg.
 * @param {{ quick?: boolean }} [options] Quick leaves the module unoptimised, which saves minutes while one works on it.
 */
export function buildWasm({ quick = false } = {}) {
  ensureNodeModules();
  ensureWasmTarget();
  const tools = ensureWasmBindgen();
  const unit = ['--release', '--lib', '--crate-type', 'cdylib', '--target', TARGET];
  // wasm-bindgen and wasm-opt read the module's features from a section that the profile's `strip` would remove.
  run('cargo', ['rustc', ...unit, ...cargoFlags, '--', '-C', 'strip=debuginfo'], { env: cargoEnv });

  const module = join(targetFolder(), TARGET, 'release', 'nmflow.wasm');
  const fresh = `${wasmPackage}.new`;
  rmSync(fresh, { recursive: true, force: true });
  run(join(tools, 'wasm-bindgen'), [module, '--target', 'web', '--out-dir', fresh, '--out-name', 'nmflow']);
  const bound = join(fresh, 'nmflow_bg.wasm');
  const before = statSync(bound).size;
  if (!quick) optimize(bound);
  // All at once, so that a page served from www never meets glue and module of different builds.
  rmSync(wasmPackage, { recursive: true, force: true });
  renameSync(fresh, wasmPackage);
  const after = statSync(join(wasmPackage, 'nmflow_bg.wasm')).size;
  const [from, to] = [before, after].map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`);
  console.log(`www/pkg: ${from} from the compiler, ${to} in the page`);
}

/**
 * Replaces a module by its optimised form. That takes longer than an incremental build, so results are kept under the
 * hash of their input.
 * @param {string} module
 */
function optimize(module) {
  const key = createHash('sha256').update(OPTIMISE.join(' ')).update(readFileSync(module)).digest('hex');
  const folder = join(targetFolder(), 'wasm-opt');
  const kept = join(folder, `${key}.wasm`);
  if (!existsSync(kept)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    run(...npmTool('binaryen/bin/wasm-opt', module, ...OPTIMISE, '--output', `${kept}.part`));
    renameSync(`${kept}.part`, kept);
  }
  copyFileSync(kept, module);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await script(() => buildWasm({ quick: process.argv.includes('--quick') }));
}
