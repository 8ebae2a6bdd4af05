// What every test of the page needs: a server for dist/, a browser, and ways to look at the lab as a visitor does.

import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

/** @import { Browser, BrowserContextOptions, Page } from 'playwright-core' */

export const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
/** The page is served below a path, as on a project's Pages site, so an absolute address fails. */
const BASE = '/below/a/path/';
export const TYPES = /** @type {Record<string, string>} */ ({
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
});

export const FLAGS = [
  '--no-sandbox',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
];
/** With these the browser offers a software WebGPU adapter; without them none. */
export const WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** A worker that trains a small experiment on a slow machine still reports within this time. */
export const PATIENCE_MS = 60_000;
/** And a run is in the browser's storage within this, whether it was saved by itself or paused. */
const SAVED_MS = 40_000;

/** So small that steps are quick on any device, and so long that no test sees its end. */
export const SMALL = /** @satisfies {Record<string, unknown>} */ ({
  version: 1,
  name: 'A small experiment',
  task: { kind: 'shapes', noise: 0.4 },
  model: { layers: 1, heads: 2, d_model: 16, d_ff: 32, patch: 4 },
  lanes: [
    { name: 'Control', recipe: 'dense', learning_rate: 0.002 },
    { name: 'Baseline', recipe: 'sr-ste', ff: { n: 1, m: 4 }, learning_rate: 0.002, lambda: 0.0003 },
  ],
  steps: 100_000,
  batch: 8,
  eval: { every: 20, samples: 32 },
  report_every: 5,
});

/**
 * Serves dist/ and starts a browser around the tests of a file.
 *
 * @param {string[]} flags  More flags for the browser.
 * @param {string} [prelude]  JavaScript to run in every worker before its own: a page's initial scripts do not
 *   reach its workers, and its policy bars every other way in.
 * @returns {{ visit: (hash?: string, options?: BrowserContextOptions, script?: () => void) => Promise<Visit>,
 *   sabotage: (script: () => void) => void }}  `sabotage` exchanges the prelude of workers yet to start.
 */
export function lab(flags = [], prelude = '') {
  /** @type {Browser} */
  let browser;
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname.replace(BASE, '');
    const file = join(DIST, normalize(path === '' ? 'index.html' : path));
    const found = request.url?.startsWith(BASE) && file.startsWith(DIST) && existsSync(file);
    response.writeHead(found ? 200 : 404, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    });
    const first = /(^|\/)worker-[^/]*\.js$/.test(path) ? prelude : '';
    response.end(found ? Buffer.concat([Buffer.from(first), readFileSync(file)]) : '');
  });
  before(async () => {
    if (!existsSync(join(DIST, 'index.html'))) throw new Error('dist/ is missing: run npm run build first');
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    browser = await chromium.launch({ executablePath, args: [...FLAGS, ...flags] });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  });
  after(async () => {
    await browser?.close();
    server.close();
  });
  return {
    visit: async (hash = '', options = {}, script = () => {}) => {
      const context = await browser.newContext({ locale: 'en-US', acceptDownloads: true, ...options });
      const page = await context.newPage();
      const visit = new Visit(page);
      await page.addInitScript(script);
      const address = /** @type {import('node:net').AddressInfo} */ (server.address());
      await page.goto(`http://127.0.0.1:${address.port}${BASE}${hash}`);
      return visit;
    },
    sabotage: (script) => {
      prelude = `(${script})();`;
    },
  };
}

/** A script for `visit`: keeps its workers within reach of the test. */
export function keepWorkers() {
  const workers = /** @type {Worker[]} */ ([]);
  Object.assign(window, { workers });
  window.Worker = class extends Worker {
    /** @param {string | URL} address @param {WorkerOptions} [options] */
    constructor(address, options) {
      super(address, options);
      workers.push(this);
    }
  };
}

/** A whole number as the page writes it. @param {number} value */
export const shown = (value) => value.toLocaleString('en-US');

/** One visit to the page. */
export class Visit {
  /** Console messages and failures of the page; none are allowed. @type {string[]} */
  complaints = [];
  /** Addresses that the page asked for. @type {string[]} */
  requests = [];

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    page.on('console', (message) => {
      // What a test asked for: a context without service workers.
      if (message.text() === 'Service Worker registration blocked by Playwright') return;
      this.complaints.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`error: ${error.message}`));
    page.on('requestfailed', (request) => this.complaints.push(`failed: ${request.url()}`));
    page.on('request', (request) => this.requests.push(request.url()));
  }

  /** Waits for one of the states of a run. @param {string} phase @param {number} [timeout] */
  async phase(phase, timeout = PATIENCE_MS) {
    await this.page.locator('.phase', { hasText: phase }).waitFor({ timeout });
  }

  /** Steps done, as the page says. */
  async step() {
    const text = await this.page.locator('.progress b').innerText();
    return Number(text.replaceAll(',', ''));
  }

  /** Waits until the page has done `step` steps. @param {number} step @param {number} [timeout] */
  async reach(step, timeout = PATIENCE_MS) {
    await this.page.waitForFunction(
      (least) => {
        const shown = document.querySelector('.progress b')?.textContent ?? '';
        return Number(shown.replaceAll(',', '')) >= least;
      },
      step,
      { timeout },
    );
  }

  /** Pauses, and waits until the page shows where. @returns {Promise<number>} Steps done. */
  async pause() {
    await this.press('Pause');
    await this.phase('Paused');
    for (let before = -1; ; ) {
      const step = await this.step();
      if (step === before) return step;
      before = step;
      await this.page.waitForTimeout(250);
    }
  }

  /** @param {string} name */
  async press(name) {
    await this.page.getByRole('button', { name, exact: true }).click();
  }

  /** Runs a finished experiment again, and waits until that has begun: the page shows the end until then. */
  async again() {
    const begun = this.page.evaluate(
      () =>
        new Promise((/** @type {(begun: void) => void} */ resolve) => {
          const phase = /** @type {HTMLElement} */ (document.querySelector('.phase'));
          new MutationObserver((_, observer) => {
            if (phase.dataset.phase === 'finished') return;
            observer.disconnect();
            resolve();
          }).observe(phase, { attributes: true });
        }),
    );
    await this.press('Run again');
    await begun;
  }

  /** Waits until the browser's storage holds so many runs of at least `step` steps. @param {number} step @param {number} [runs] */
  async saved(step, runs = 1) {
    const found = async () =>
      (await this.stored('entries')).filter((entry) => entry.step >= step).length >= runs;
    for (const deadline = Date.now() + SAVED_MS; !(await found()); ) {
      if (Date.now() > deadline) throw new Error(`nothing was saved at step ${step}`);
      await this.page.waitForTimeout(200);
    }
  }

  /** What the browser's storage holds of one kind. @param {'entries' | 'studies'} kind @returns {Promise<any[]>} */
  stored(kind) {
    return this.page.evaluate(
      (store) =>
        new Promise((resolve) => {
          const opening = indexedDB.open('nmflow');
          opening.onsuccess = () => {
            const request = opening.result.transaction(store).objectStore(store).getAll();
            request.onsuccess = () => {
              opening.result.close();
              resolve(request.result);
            };
          };
        }),
      kind,
    );
  }

  /** Everything measured so far, through the page's own export. @returns {Promise<Exported>} */
  async exported() {
    const [download] = await Promise.all([this.page.waitForEvent('download'), this.press('JSON')]);
    return JSON.parse(readFileSync(await download.path(), 'utf8'));
  }

  /**
   * What the page exports as soon as `done` holds of it.
   *
   * @param {(run: Exported) => boolean} done
   */
  async exportedOnce(done) {
    for (const deadline = Date.now() + PATIENCE_MS; ; ) {
      const run = await this.exported();
      if (done(run)) return run;
      if (Date.now() > deadline) throw new Error(`the run came no further than step ${run.steps.at(-1)}`);
      await this.page.waitForTimeout(250);
    }
  }

  /** Opens a chart's table and reads it: one text per cell. @param {string} chart @returns {Promise<string[][]>} */
  async chartTable(chart) {
    const details = this.page.locator(`[data-chart=${chart}] details.data`);
    if ((await details.getAttribute('open')) === null) await details.locator('summary').click();
    const rows = details.locator('tbody tr');
    await rows.first().waitFor();
    return rows.evaluateAll((all) =>
      all.map((row) => [...row.children].map((cell) => cell.textContent?.trim() ?? '')),
    );
  }

  /** Charts draw in tasks of their own, after the page. @param {string} chart */
  async #drawn(chart) {
    await this.page.evaluate(async (id) => {
      for (const element of ['nm-lab', `[data-chart=${id}] nm-plot`]) {
        await /** @type {any} */ (document.querySelector(element)).updateComplete;
      }
    }, chart);
  }

  /** Pixels of a chart's canvas in each lane's colour, as the legend shows it. @param {string} chart @returns {Promise<number[]>} */
  async linePixels(chart) {
    await this.#drawn(chart);
    return this.page.evaluate((id) => {
      const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector(`[data-chart=${id}] canvas`));
      const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')).getImageData(
        0,
        0,
        canvas.width,
        canvas.height,
      );
      const lines = [...document.querySelectorAll('.legend .swatch line')];
      return lines.map((line) => {
        const hex = Number.parseInt((line.getAttribute('stroke') ?? '').slice(1), 16);
        const [r, g, b] = [hex >> 16, (hex >> 8) & 255, hex & 255];
        let count = 0;
        for (let at = 0; at < data.length; at += 4) {
          if (data[at] === r && data[at + 1] === g && data[at + 2] === b && data[at + 3] === 255) count += 1;
        }
        return count;
      });
    }, chart);
  }

  /** Pixels of a chart's canvas that a band alone covers. @param {string} chart @returns {Promise<number>} */
  async bandPixels(chart) {
    await this.#drawn(chart);
    return this.page.evaluate((id) => {
      const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector(`[data-chart=${id}] canvas`));
      const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      // Bands are the only thing drawn with this transparency.
      return data.filter((value, at) => at % 4 === 3 && Math.abs(value - 0x2e) <= 1).length;
    }, chart);
  }

  /** Lets files fall on the page. @param {DataFile[]} files */
  async drop(files) {
    const transfer = await this.page.evaluateHandle(
      (all) => {
        const data = new DataTransfer();
        for (const { name, base64, type } of all) {
          const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
          data.items.add(new File([bytes], name, { type }));
        }
        return data;
      },
      files.map(({ name, bytes, type = '' }) => ({
        name,
        base64: Buffer.from(bytes).toString('base64'),
        type,
      })),
    );
    await this.page.dispatchEvent('main', 'drop', { dataTransfer: transfer });
  }

  close() {
    return this.page.context().close();
  }
}

/** @typedef {import('../../www/worker/protocol.d.ts').RunFile} Exported */
/** @typedef {{ name: string, bytes: Uint8Array, type?: string }} DataFile */
