// @ts-nocheck The page's types and those of a service worker exclude each other.

/**
 * Serves the page without a network after the first visit. The build puts two constants in front:
 * `VERSION`, a hash of all its files, and `FILES`, their addresses relative to this one.
 *
 * Everything of one build lies in one cache. A page that runs keeps the cache it started with; a new
 * build waits until no page of the old one is open, so files of two builds never meet.
 */

/* global VERSION, FILES */

const MINE = `nmflow ${self.registration.scope} `;
const CACHE = MINE + VERSION;

self.addEventListener('install', (event) => {
  // Addresses with a hash in them never change, so the browser's own copy will do; other files may have changed.
  const requests = FILES.map(
    (file) => new Request(file, { cache: file.startsWith('assets/') ? 'default' : 'reload' }),
  );
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(requests)));
});

self.addEventListener('activate', (event) => event.waitUntil(deleteOlder()));

async function deleteOlder() {
  const names = await caches.keys();
  const older = names.filter((name) => name.startsWith(MINE) && name !== CACHE);
  await Promise.all(older.map((name) => caches.delete(name)));
}

self.addEventListener('message', (event) => {
  if (event.data === 'take over') event.waitUntil(takeOver(event.ports[0]));
});

/** Replaces the old build at once, unless other pages still use it; says how many pages there are. */
async function takeOver(port) {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  port.postMessage(pages.length);
  if (pages.length === 1) await self.skipWaiting();
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method === 'GET' && request.url.startsWith(self.registration.scope)) {
    event.respondWith(answer(request));
  }
});

async function answer(request) {
  const cache = await caches.open(CACHE);
  // Settings in an address are read by the page; the file is the same. A folder means its index.
  const address = new URL(request.url);
  const path = address.pathname.replace(/\/$/, '/index.html');
  return (await cache.match(new URL(path, address))) ?? fetch(request);
}
