// Makes sure that what the build needs is there, in the version that the lock files name, and installs what is not.

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cache, root } from './paths.mjs';
import { CommandError, capture, run } from './process.mjs';

/** wasm-pack drives the tests in the browser; its version is ours to choose. */
const WASM_PACK = '0.15.1';

/** Installs the npm packages unless exactly those of the lock file are there. */
export function ensureNodeModules() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && sameVersions(join(root, 'package-lock.json'), installed)) return;
  run('npm', ['ci', '--no-audit', '--no-fund']);
}

/**
 * Whether every package that `wanted` demands is in `installed` in the same version. Optional packages are binaries
 * for other platforms and may be absent.
 * @param {string} wanted
 * @param {string} installed
 */
function sameVersions(wanted, installed) {
  const packages = (/** @type {string} */ file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const have = packages(installed);
  return Object.entries(packages(wanted)).every(
    ([path, entry]) => path === '' || entry.optional || have[path]?.version === entry.version,
  );
}

function ensureRust() {
  if (capture('cargo', ['--version'])) return;
  throw new CommandError('cargo does not run: install Rust through rustup (https://rustup.rs)');
}

/** Installs the formatter and the linter of the active Rust toolchain, which minimal installations lack. */
export function ensureLinters() {
  ensureRust();
  for (const [component, command] of /** @type {const} */ ([
    ['rustfmt', 'fmt'],
    ['clippy', 'clippy'],
  ])) {
    if (!capture('cargo', [command, '--version'])) run('rustup', ['component', 'add', component]);
  }
}

/** Installs the WebAssembly target of the active Rust toolchain. */
export function ensureWasmTarget() {
  ensureRust();
  const target = 'wasm32-unknown-unknown';
  const folder = capture('rustc', ['--print', 'target-libdir', '--target', target]);
  if (folder && existsSync(folder)) return;
  run('rustup', ['target', 'add', target]);
}

/**
 * wasm-bindgen and its test runner. Their version must be exactly that of the crate, or the generated code does not fit.
 * @returns {string} The folder that holds both, or "" when those on PATH fit.
 */
export function ensureWasmBindgen() {
  const version = lockedVersion('wasm-bindgen');
  const fits = ['wasm-bindgen', 'wasm-bindgen-test-runner'].every((tool) =>
    capture(tool, ['--version'])?.endsWith(` ${version}`),
  );
  // The published lock file names a crate that was withdrawn, so `--locked` cannot be used.
  return fits ? '' : cargoInstall('wasm-bindgen-cli', version, 'wasm-bindgen', []);
}

/** @returns {string} The folder that holds wasm-pack, or "" when the one on PATH fits. */
export function ensureWasmPack() {
  if (capture('wasm-pack', ['--version']) === `wasm-pack ${WASM_PACK}`) return '';
  return cargoInstall('wasm-pack', WASM_PACK, 'wasm-pack', ['--locked']);
}

/**
 * PATH with more folders in front.
 * @param {string[]} folders Empty ones are left out.
 */
export function pathWith(...folders) {
  return [...folders.filter(Boolean), process.env.PATH].join(delimiter);
}

/**
 * Version of a crate in Cargo.lock.
 * @param {string} name
 */
function lockedVersion(name) {
  const lock = readFileSync(join(root, 'Cargo.lock'), 'utf8');
  const version = lock.match(new RegExp(`^name = "${name}"\nversion = "(.+)"$`, 'm'))?.[1];
  if (!version) throw new CommandError(`Cargo.lock does not name ${name}`);
  return version;
}

/**
 * Installs a crate's programs into a folder of their own in the cache, once for each version.
 * @param {string} name
 * @param {string} version
 * @param {string} program One of the programs it brings.
 * @param {string[]} flags
 */
function cargoInstall(name, version, program, flags) {
  const folder = join(cache, 'tools', `${name}-${version}`);
  const bin = join(folder, 'bin');
  if (existsSync(join(bin, program))) return bin;
  console.log(`Installing ${name} ${version} into ${folder}; once, some minutes.`);
  mkdirSync(folder, { recursive: true });
  // Outside of the repository, so that neither its target folder nor its cargo configuration has a part in it.
  const env = { CARGO_TARGET_DIR: undefined, RUSTFLAGS: undefined };
  run('cargo', ['install', name, '--version', version, '--root', folder, ...flags], { cwd: cache, env });
  return bin;
}
