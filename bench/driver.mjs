// Serves the bench page to one headless Chromium and calls its contenders.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';

/** @import { AddressInfo } from 'node:net' */

const TYPES = /** @type {Record<string, string>} */ ({
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
});

const FLAGS = [
  '--no-sandbox',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--enable-unsafe-webgpu',
];

/** No call of a contender takes longer, not even the compilation of hundreds of shaders on a software adapter. */
const PATIENCE_MS = 600_000;

/**
 * @typedef {object} Environment
 * @property {string} browser
 * @property {number} cores
 * @property {boolean} isolated Whether libraries may start threads that share memory.
 * @property {string | null} adapter
 * @property {string[]} features
 */

/** @param {Record<string, string>} folders What to serve, by the start of its path; the longest one counts. */
function serve(folders) {
  const starts = Object.entries(folders).sort(([a], [b]) => b.length - a.length);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const [start, folder] = starts.find(([path]) => pathname.startsWith(path)) ?? ['/', ''];
    const file = join(
      folder,
      normalize(`/${pathname === '/' ? 'index.html' : pathname.slice(start.length)}`),
    );
    const found = existsSync(file) && statSync(file).isFile();
    response.writeHead(found ? 200 : 404, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      // With these a page may share memory between threads: the other libraries then run at their best.
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    response.end(found ? readFileSync(file) : '');
  });
  return new Promise((/** @type {(started: typeof server) => void} */ resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(server)),
  );
}

/**
 * Opens the bench page.
 * @param {Record<string, string>} folders What to serve, by path.
 * @param {{ executablePath: string, software: boolean }} browser `software` asks for Chromium's own adapter.
 */
export async function openBench(folders, { executablePath, software }) {
  const server = await serve(folders);
  const args = software ? [...FLAGS, '--use-webgpu-adapter=swiftshader'] : FLAGS;
  const browser = await chromium.launch({ executablePath, args });
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const { port } = /** @type {AddressInfo} */ (server.address());
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.waitForFunction(() => 'bench' in globalThis);

  /** @param {string} method @param {unknown[]} args */
  const ask = (method, ...args) =>
    page.evaluate(
      ([name, values]) => /** @type {any} */ (globalThis).bench[name](...values),
      /** @type {[string, any[]]} */ ([method, args]),
    );
  return {
    version: browser.version(),
    /** @returns {Promise<Environment>} */
    environment: () => ask('environment'),
    /** @param {string} name @param {string} kind @param {unknown} options @param {number} [workers] */
    open: (name, kind, options, workers = 1) => ask('open', name, kind, options, workers),
    /** @param {string} name */
    share: (name) => ask('share', name),
    /** @param {string} name @param {string} method @param {unknown[]} args */
    call: (name, method, ...args) => ask('call', name, method, ...args),
    /** @param {string} name */
    close: (name) => ask('close', name),
    async end() {
      await browser.close();
      server.close();
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof openBench>>} Bench */
