// `npm run bench`: our kernels and training step beside those of other libraries, in one browser, in one run.
// docs/BENCH.md says how to read it.

import { existsSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDawn } from '../bench/dawn.mjs';
import { openBench } from '../bench/driver.mjs';
import { growthFigures, measureGrowth } from '../bench/growth.mjs';
import { kernelFigures, measureKernels, printKernels } from '../bench/kernels.mjs';
import { measureProfile, printProfiles, profileFigures } from '../bench/profile.mjs';
import { printTable, short } from '../bench/statistics.mjs';
import { measureSteps, printSteps, stepFigures } from '../bench/steps.mjs';
import { ensureBrowser } from './browser.mjs';
import { build, bundle } from './build.mjs';
import { dist, npmTool, root } from './paths.mjs';
import { CommandError, capture, run, script } from './process.mjs';
import { firstLoadBytes } from './sizes.mjs';
import { ensureNodeModules, ensureWasmBindgen, ensureWasmTarget } from './tools.mjs';

const folder = join(root, 'bench');
const built = join(root, 'target', 'bench', 'page');
const burnTarget = join(root, 'target', 'bench', 'stock-burn');
const burnPackage = join(root, 'target', 'bench', 'burn');
const USUAL = ['kernels', 'steps', 'size'];
const PARTS = [...USUAL, 'profile', 'growth'];

const OPTIONS = /** @type {const} */ ({
  json: { type: 'string' },
  only: { type: 'string' },
  contender: { type: 'string' },
  rounds: { type: 'string', default: '7' },
  'skip-slow': { type: 'boolean', default: false },
  'no-build': { type: 'boolean', default: false },
  'no-burn': { type: 'boolean', default: false },
  dawn: { type: 'boolean', default: false },
  hardware: { type: 'boolean', default: false },
});

function options() {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    const rounds = Number(values.rounds);
    if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number above 0');
    const parts = values.only ? values.only.split(',') : USUAL;
    const unknown = parts.filter((part) => !PARTS.includes(part));
    if (unknown.length > 0) throw new Error(`--only takes ${PARTS.join(', ')}; not ${unknown.join(', ')}`);
    return { ...values, rounds, parts };
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  }
}

/** Installs the other libraries and bundles the bench page. */
function prepare() {
  ensureNodeModules();
  if (!existsSync(join(folder, 'node_modules', '.package-lock.json')))
    run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder });
  run(...npmTool('vite/bin/vite.js', 'build', '--config', join(folder, 'vite.config.js')));
}

/**
 * Builds Burn as it comes. Its features must not reach the lab's dependencies, so it is a workspace with a target
 * folder of its own; that takes about ten minutes the first time. A failure is no reason to measure nothing.
 */
function buildBurn() {
  try {
    ensureWasmTarget();
    const unit = ['--release', '--lib', '--locked', '--target', 'wasm32-unknown-unknown'];
    run('cargo', ['rustc', ...unit, '--', '-C', 'strip=debuginfo'], {
      cwd: join(folder, 'stock-burn'),
      env: { CARGO_TARGET_DIR: burnTarget },
    });
    const module = join(burnTarget, 'wasm32-unknown-unknown', 'release', 'stock_burn.wasm');
    run(join(ensureWasmBindgen(), 'wasm-bindgen'), [module, '--target', 'web', '--out-dir', burnPackage]);
  } catch (error) {
    console.error(`stock Burn will be missing: ${error instanceof Error ? error.message : error}`);
  }
}

/** @param {boolean} hardware Whether the browser may choose a real adapter. */
function browser(hardware) {
  const { chromium: executablePath } = ensureBrowser();
  return openBench({ '/': built, '/burn/': burnPackage }, { executablePath, software: !hardware });
}

/** Node with Dawn in place of a browser. */
async function dawn() {
  if (!existsSync(join(folder, 'dawn', 'node_modules')))
    run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: join(folder, 'dawn') });
  return openDawn();
}

await script(async () => {
  const { parts, rounds, contender, json, ...flags } = options();
  if (!flags['no-build']) {
    await build();
    if (parts.includes('steps') && !flags['no-burn']) buildBurn();
  }
  prepare();
  const bench = flags.dawn ? await dawn() : await browser(flags.hardware);
  /** @type {Record<string, number>} */
  const figures = {};
  const environment = await bench.environment();
  /** @type {Record<string, unknown>} */
  const context = {
    date: new Date().toISOString(),
    commit: capture('git', ['describe', '--always', '--dirty', '--abbrev=12']) ?? 'unknown',
    cpu: cpus()[0]?.model ?? 'unknown',
    ...environment,
    chromium: bench.version,
    rounds,
  };
  console.log(`\n${environment.adapter ?? 'no adapter'}, ${environment.cores} cores, ${rounds} rounds`);
  try {
    if (parts.includes('kernels')) {
      const kernels = await measureKernels(bench, { rounds });
      printKernels(kernels);
      Object.assign(figures, kernelFigures(kernels));
      context.kernels = kernels;
    }
    if (parts.includes('steps')) {
      const { cores } = environment;
      const steps = await measureSteps(bench, {
        cores,
        rounds,
        skipSlow: flags['skip-slow'],
        only: contender,
      });
      printSteps(steps);
      Object.assign(figures, stepFigures(steps));
      context.steps = steps;
    }
    if (parts.includes('profile')) {
      const profiles = await measureProfile(bench, { rounds });
      printProfiles(profiles);
      Object.assign(figures, profileFigures(profiles));
      context.profiles = profiles;
    }
    if (parts.includes('growth')) {
      const growth = await measureGrowth(bench, { rounds });
      Object.assign(figures, growthFigures(growth));
      context.growth = growth;
    }
    if (parts.includes('size')) {
      if (!existsSync(dist)) bundle();
      figures.first_load_compressed_bytes = await firstLoadBytes();
    }
  } finally {
    await bench.end();
  }
  printTable(
    'Figures',
    ['', ''],
    Object.entries(figures).map(([id, value]) => [id, short(value)]),
  );
  if (json) writeFileSync(json, `${JSON.stringify({ figures, context }, null, 2)}\n`);
});
