import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const path = (/** @type {string} */ relative) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  root: path('./page'),
  base: './',
  publicDir: false,
  worker: { format: 'es' },
  logLevel: 'warn',
  build: {
    target: 'es2022',
    outDir: path('../target/bench/page'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    // TensorFlow.js sends the text of one of its functions to its threads: renamed variables would break it.
    minify: false,
    chunkSizeWarningLimit: 10_000,
  },
});
