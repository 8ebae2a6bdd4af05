import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vite';
import { writeServiceWorker } from './scripts/offline.mjs';
import { dist } from './scripts/paths.mjs';

/**
 * What the shipped page may load: its own files and nothing else. The development server injects
 * inline styles and scripts, so only the build carries the policy.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data:",
  "worker-src 'self'",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** @returns {import('vite').Plugin} */
function contentSecurityPolicy() {
  return {
    name: 'content-security-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: CONTENT_SECURITY_POLICY },
        injectTo: 'head-prepend',
      },
    ],
  };
}

/** Adds the example's recorded run, then the list of all files. @returns {import('vite').Plugin} */
function offline() {
  return {
    name: 'offline',
    apply: 'build',
    closeBundle: () => {
      cpSync('examples/run.json', join(dist, 'examples', 'run.json'));
      writeServiceWorker(dist);
    },
  };
}

export default defineConfig({
  // Relative, so that dist/ works below any path of any file host.
  base: './',
  publicDir: false,
  plugins: [contentSecurityPolicy(), offline()],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    outDir: 'dist',
    // The policy forbids data: modules and the worker resolves its wasm by address.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: ['index.html', 'examples/embed.html'],
      output: {
        // What a visitor may never ask for lies apart: scripts/sizes.mjs does not count it to the first load.
        chunkFileNames: ({ isDynamicEntry }) =>
          isDynamicEntry ? 'assets/later/[name]-[hash].js' : 'assets/[name]-[hash].js',
      },
    },
  },
});
