// Takes the pictures of the README from the built page. Run `npm run build` first; names choose among the pictures.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { preview } from 'vite';
import { ensureBrowser } from './browser.mjs';
import { root } from './paths.mjs';
import { script } from './process.mjs';

/** @import { Page } from 'playwright-core' */

/** Far enough that every curve says something, and not yet at the end. */
const STEP = 420;
/** A slow machine with a software adapter gets there too. */
const PATIENCE_MS = 600_000;

/** The default experiment while it trains. @param {Page} page */
async function training(page) {
  await page.waitForFunction(
    (step) => Number(document.querySelector('.progress b')?.textContent?.replaceAll(',', '')) >= step,
    STEP,
    { timeout: PATIENCE_MS },
  );
  return {};
}

/** Results of a study, dropped on the page. @param {Page} page */
async function study(page) {
  await page.locator('.phase', { hasText: 'Training' }).waitFor({ timeout: PATIENCE_MS });
  const text = readFileSync(join(root, 'studies', 'results', 'patterns.json'), 'utf8');
  const dataTransfer = await page.evaluateHandle((content) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], 'patterns.json'));
    return transfer;
  }, text);
  await page.dispatchEvent('main', 'drop', { dataTransfer });
  await page.getByRole('button', { name: 'Dismiss' }).click();
  const panel = page.locator('.panel.study');
  await panel.scrollIntoViewIfNeeded();
  const box = await panel.boundingBox();
  const charts = await panel.locator('.charts').first().boundingBox();
  if (!box || !charts) throw new Error('the study is not drawn');
  const top = box.y + (await page.evaluate(() => window.scrollY));
  return {
    fullPage: true,
    clip: { x: box.x, y: top, width: box.width, height: charts.y + charts.height - box.y },
  };
}

/** @type {{ name: string, colorScheme: 'light' | 'dark', show: (page: Page) => Promise<import('playwright-core').PageScreenshotOptions> }[]} */
const PICTURES = [
  { name: 'lab', colorScheme: 'light', show: training },
  { name: 'study', colorScheme: 'dark', show: study },
];

await script(async () => {
  const wanted = process.argv.slice(2);
  const server = await preview({ preview: { host: '127.0.0.1', open: false } });
  const flags = [
    '--no-sandbox',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
  ];
  const browser = await chromium.launch({ executablePath: ensureBrowser().chromium, args: flags });
  try {
    for (const { name, colorScheme, show } of PICTURES) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      const page = await browser.newPage({
        viewport: { width: 1280, height: 900 },
        deviceScaleFactor: 1.5,
        locale: 'en-US',
        colorScheme,
      });
      await page.goto(server.resolvedUrls?.local[0] ?? '');
      const options = await show(page);
      await page.screenshot({ ...options, path: join(root, 'docs', `${name}.png`) });
      await page.close();
    }
  } finally {
    await browser.close();
    await server.close();
  }
});
