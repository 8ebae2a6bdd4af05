// After the first visit the page needs no network, and two builds of it never mix.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { linkTo } from './link.mjs';
import { DIST, FLAGS, lab, SMALL, TYPES, Visit } from './support.mjs';

const { visit } = lab();

/** @param {Visit} page */
async function kept({ page }) {
  await page.evaluate(async () => (await navigator.serviceWorker.ready).active?.state);
}

test('without a network the page loads again and trains', async () => {
  const page = await visit(linkTo(SMALL));
  await page.reach(5);
  await kept(page);
  await page.page.context().setOffline(true);
  await page.page.reload();
  await page.reach(10);
  await page.press('Save Loss as SVG');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

/** The build that the server below has: its mark stands in the page's title. */
let build = 'A';
/** @type {import('playwright-core').Browser} */
let browser;
const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1) || 'index.html';
  const file = join(DIST, path);
  const found = existsSync(file);
  response.writeHead(found ? 200 : 404, { 'content-type': TYPES[/\.\w+$/.exec(path)?.[0] ?? ''] ?? '' });
  let body = found ? readFileSync(file) : Buffer.from('');
  if (path === 'index.html') body = Buffer.from(body.toString().replace('<title>', `<title>${build} `));
  if (path === 'service-worker.js')
    body = Buffer.from(body.toString().replace('VERSION = "', `VERSION = "${build}`));
  response.end(body);
});
before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: FLAGS,
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
});
after(async () => {
  await browser?.close();
  server.close();
});

test('a newer build waits, whole, until it is asked for', async () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const page = new Visit(await browser.newPage());
  await page.page.goto(`http://127.0.0.1:${port}/${linkTo(SMALL)}`);
  await page.reach(5);
  await kept(page);
  await page.page.reload();
  build = 'B';
  await page.page.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()));
  const notice = page.page.getByRole('button', { name: 'Use the new version' });
  await notice.waitFor();
  await page.page.reload();
  assert.match(await page.page.title(), /^A /, 'a reload alone stays with the old build');
  await notice.click();
  await page.page.waitForFunction(() => document.title.startsWith('B '));
  await page.reach(5);
  assert.deepEqual(
    await page.page.evaluate(async () => (await caches.keys()).map((name) => name.split(' ').at(-1)?.[0])),
    ['B'],
  );
  assert.deepEqual(page.complaints, []);
});
