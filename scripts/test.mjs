// `npm test`: everything that must hold, the cheapest first. It goes on after a failure, so that one run shows all of
// them, and ends with totals over all suites. `npm test -- clippy page` runs only those steps.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBrowser, vulkanEnv } from './browser.mjs';
import { bundle } from './build.mjs';
import { buildWasm } from './build-wasm.mjs';
import { cargoEnv, cargoFlags } from './cargo.mjs';
import { libtestCounts, tapCounts } from './counts.mjs';
import { npmTool, root } from './paths.mjs';
import { CommandError, observe, script } from './process.mjs';
import { checkSizes } from './sizes.mjs';
import {
  ensureLinters,
  ensureNodeModules,
  ensureWasmBindgen,
  ensureWasmPack,
  ensureWasmTarget,
  pathWith,
} from './tools.mjs';

/** @typedef {import('./counts.mjs').Counts} Counts */

/** One thing that holds or not: a lint, a build. */
const HOLDS = { passed: 1, failed: 0, skipped: 0, reasons: [] };
/** @type {Counts} */
const BROKEN = { passed: 0, failed: 1, skipped: 0, reasons: [] };

/**
 * A step that passes as a whole.
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<Counts>}
 */
async function check(program, args) {
  if (program === 'cargo') ensureLinters();
  const { code } = await observe(program, args, { env: cargoEnv });
  return code === 0 ? HOLDS : BROKEN;
}

/**
 * A step that counts tests. A runner that fails without a failed test, or that ran none, is a failure too.
 * @param {Counts} counts
 * @param {number} code Exit status of the runner.
 * @returns {Counts}
 */
function suite(counts, code) {
  const broken = code !== 0 && counts.failed === 0;
  const empty = counts.passed + counts.failed + counts.skipped === 0;
  if (broken) console.error('The runner failed although no test did: see above.');
  else if (empty) console.error('The runner ran no test.');
  return broken || empty ? { ...counts, failed: 1 } : counts;
}

/**
 * Runs all tests below a folder with Node's runner.
 * @param {string} folder
 * @param {Record<string, string>} [env]
 */
async function nodeTests(folder, env) {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.test\.m?js$/.test(file))
    .map((file) => join(folder, file));
  if (files.length === 0) return suite({ passed: 0, failed: 0, skipped: 0, reasons: [] }, 0);
  const scratch = mkdtempSync(join(tmpdir(), 'nmflow-'));
  const tap = join(scratch, 'tap');
  const reporters = ['spec', 'stdout', 'tap', tap].map((value, i) =>
    i % 2 ? `--test-reporter-destination=${value}` : `--test-reporter=${value}`,
  );
  // One file at a time: each page trains, and two at once would only disturb each other's timing.
  const args = ['--test', '--test-concurrency=1', ...reporters, ...files];
  const { code } = await observe(process.execPath, args, { env });
  const counts = tapCounts(readFileSync(tap, 'utf8'));
  rmSync(scratch, { recursive: true });
  return suite(counts, code);
}

async function nativeTests() {
  const env = { ...cargoEnv, ...vulkanEnv(ensureBrowser()) };
  const args = ['test', '--release', '--no-fail-fast', ...cargoFlags, '--', '--show-output'];
  const { code, output } = await observe('cargo', args, { env });
  return suite(libtestCounts(output), code);
}

async function browserTests() {
  const { chromedriver } = ensureBrowser();
  ensureWasmTarget();
  const path = pathWith(ensureWasmBindgen(), ensureWasmPack());
  // The runner's default limit of 20 s does not cover the compilation of shaders on a software adapter.
  const env = { ...cargoEnv, PATH: path, WASM_BINDGEN_TEST_TIMEOUT: '900' };
  const pack = [
    'test',
    '--headless',
    '--chrome',
    '--release',
    '--mode',
    'no-install',
    '--chromedriver',
    chromedriver,
  ];
  const cargo = ['--lib', '--test', '*', ...cargoFlags, '--', '--nocapture'];
  const { code, output } = await observe('wasm-pack', [...pack, '--', ...cargo], { env });
  return suite(libtestCounts(output), code);
}

/**
 * @param {() => void | Promise<void>} build
 * @returns {Promise<Counts>}
 */
async function builds(build) {
  await build();
  return HOLDS;
}

const CLIPPY = ['clippy', '--release', ...cargoFlags];
const DENY = ['--', '--deny', 'warnings'];
const WASM = ['--target', 'wasm32-unknown-unknown'];

/** @type {Record<string, () => Counts | Promise<Counts>>} */
const STEPS = {
  rustfmt: () => check('cargo', ['fmt', '--check']),
  biome: () => check(...npmTool('@biomejs/biome/bin/biome', 'check')),
  scripts: () => nodeTests('tests/scripts'),
  clippy: () => check('cargo', [...CLIPPY, '--all-targets', ...DENY]),
  'clippy-wasm': () => {
    ensureWasmTarget();
    return check('cargo', [...CLIPPY, '--lib', ...WASM, ...DENY]);
  },
  native: nativeTests,
  wasm: () => builds(buildWasm),
  // Only now: the worker's types come from www/pkg.
  tsc: () => check(...npmTool('typescript/bin/tsc', '--project', '.')),
  browser: browserTests,
  bundle: () => builds(bundle),
  size: () => builds(checkSizes),
  page: () => nodeTests('tests/e2e', { CHROMIUM: ensureBrowser().chromium }),
};

/**
 * Runs one step; what it throws is its failure.
 * @param {string} name
 * @returns {Promise<Counts>}
 */
async function perform(name) {
  try {
    return await /** @type {() => Promise<Counts>} */ (STEPS[name])();
  } catch (error) {
    console.error(error instanceof CommandError ? `error: ${error.message}` : error);
    return BROKEN;
  }
}

/** @typedef {Counts & { name: string, seconds: number }} Row */

/**
 * Prints a line for each step, the reasons of all skips and the totals.
 * @param {Row[]} rows
 * @returns {boolean} Whether nothing failed.
 */
function summarise(rows) {
  console.log('\n=== summary: passed, failed, skipped, time');
  for (const { name, seconds, passed, failed, skipped } of rows) {
    const mark = failed > 0 ? 'FAILED' : 'ok';
    const numbers = [passed, failed, skipped].map((count) => String(count).padStart(5)).join('');
    console.log(`${mark.padEnd(7)}${name.padEnd(12)}${numbers}${seconds.toFixed(0).padStart(6)} s`);
  }
  for (const { name, reasons } of rows)
    for (const reason of reasons) console.log(`skipped in ${name}: ${reason}`);
  const sum = (/** @type {'passed' | 'failed' | 'skipped'} */ key) =>
    rows.reduce((all, row) => all + row[key], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
  return sum('failed') === 0;
}

await script(async () => {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !(name in STEPS));
  if (unknown.length > 0) {
    throw new CommandError(`no such step: ${unknown.join(', ')}; there are ${Object.keys(STEPS).join(', ')}`);
  }
  ensureNodeModules();
  /** @type {Row[]} */
  const rows = [];
  for (const name of Object.keys(STEPS).filter((step) => wanted.length === 0 || wanted.includes(step))) {
    console.log(`\n=== ${name}`);
    const start = performance.now();
    const counts = await perform(name);
    rows.push({ name, seconds: (performance.now() - start) / 1000, ...counts });
  }
  if (!summarise(rows)) process.exitCode = 1;
});
