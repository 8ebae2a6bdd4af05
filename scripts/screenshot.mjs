// Takes the picture of the README from the built page, while the default experiment trains. Run `npm run build` first.

import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { preview } from 'vite';
import { ensureBrowser } from './browser.mjs';
import { root } from './paths.mjs';
import { script } from './process.mjs';

/** Far enough that every curve says something, and not yet at the end. */
const STEP = 420;
/** A slow machine with a software adapter gets there too. */
const PATIENCE_MS = 600_000;

await script(async () => {
  const server = await preview({ preview: { host: '127.0.0.1', open: false } });
  const flags = [
    '--no-sandbox',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
  ];
  const browser = await chromium.launch({ executablePath: ensureBrowser().chromium, args: flags });
  try {
    const page = await browser.newPage({
      viewport: { width: 1280, height: 900 },
      deviceScaleFactor: 1.5,
      locale: 'en-US',
      colorScheme: 'light',
    });
    await page.goto(server.resolvedUrls?.local[0] ?? '');
    await page.waitForFunction(
      (step) => Number(document.querySelector('.progress b')?.textContent?.replaceAll(',', '')) >= step,
      STEP,
      { timeout: PATIENCE_MS },
    );
    await page.screenshot({ path: join(root, 'docs', 'lab.png') });
  } finally {
    await browser.close();
    await server.close();
  }
});
