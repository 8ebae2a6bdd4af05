// The system's part of the tests: Chromium, its driver, and a Vulkan driver for GPU tests on machines without a GPU.

import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { CommandError, capture, run } from './process.mjs';

const PACKAGES = ['chromium', 'chromium-driver', 'libvulkan1'];

/** Where Vulkan drivers announce themselves. */
const VULKAN_DRIVERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'];

/**
 * @typedef {object} Browser
 * @property {string} chromium Path of the browser.
 * @property {string} chromedriver Path of its driver.
 */

/**
 * Finds Chromium and its driver, and installs them where that is possible without asking.
 * @returns {Browser}
 */
export function ensureBrowser() {
  let found = findBrowser();
  if (!found || !hasVulkanLoader()) {
    installPackages();
    found = findBrowser();
  }
  if (!found)
    throw new CommandError(`the packages ${PACKAGES.join(' and ')} brought no chromium or chromedriver`);
  return found;
}

/**
 * Variables under which a native program finds a Vulkan driver: none where the system has one, otherwise the software
 * driver (SwiftShader) that Chromium brings.
 * @param {Browser} browser
 * @returns {Record<string, string>}
 */
export function vulkanEnv({ chromium }) {
  const chosen = process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES;
  const installed = VULKAN_DRIVERS.some((folder) => existsSync(folder) && readdirSync(folder).length > 0);
  if (chosen || installed) return {};
  const software = [dirname(realpathSync(chromium)), '/usr/lib/chromium']
    .map((folder) => join(folder, 'vk_swiftshader_icd.json'))
    .find(existsSync);
  return software ? { VK_ICD_FILENAMES: software } : {};
}

/** @returns {Browser | undefined} */
function findBrowser() {
  const chromium = process.env.CHROMIUM || onPath('chromium') || onPath('google-chrome');
  const chromedriver = process.env.CHROMEDRIVER || onPath('chromedriver');
  return chromium && chromedriver ? { chromium, chromedriver } : undefined;
}

function hasVulkanLoader() {
  return (
    process.platform !== 'linux' || Boolean(capture('/sbin/ldconfig', ['-p'])?.includes('libvulkan.so.1'))
  );
}

function installPackages() {
  const root = process.getuid?.() === 0;
  const sudo = !root && capture('sudo', ['-n', 'true']) !== undefined;
  if (!onPath('apt-get') || !(root || sudo)) {
    const remedy = `install ${PACKAGES.join(', ')} with your system's package manager`;
    throw new CommandError(`the tests need Chromium, its driver and the Vulkan loader: ${remedy}`);
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (/** @type {string[]} */ ...args) =>
    root
      ? run('apt-get', args, { env })
      : run('sudo', ['-n', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args]);
  apt('update');
  apt('install', '--yes', '--no-install-recommends', ...PACKAGES);
}

/** @param {string} program */
function onPath(program) {
  // Debian keeps ldconfig and others out of a user's PATH; nothing here is of that kind.
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find(existsSync);
}
