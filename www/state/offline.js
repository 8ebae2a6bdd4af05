/** Keeps the page usable without a network, and says when a newer build of it is there. */

/** @import { Session } from './session.js' */

const NEWER = 'A newer version of this page is ready. It takes over when all its tabs are closed, or now:';

/**
 * Registers the service worker of the built page; the development server and `file:` have none.
 *
 * @param {Session} session
 */
export async function keepOffline(session) {
  const folder = new URL(/* @vite-ignore */ '../', import.meta.url);
  const served =
    import.meta.env.PROD && location.href.startsWith(folder.href) && location.protocol !== 'file:';
  if (!served || !('serviceWorker' in navigator)) return;
  try {
    const registration = await navigator.serviceWorker.register(new URL('service-worker.js', folder));
    const offer = () => {
      // The first build of a visit replaces nothing.
      if (registration.waiting && navigator.serviceWorker.controller) {
        session.notify('info', NEWER, { action: 'take_over' });
      }
    };
    offer();
    registration.addEventListener('updatefound', () => {
      registration.installing?.addEventListener('statechange', offer);
    });
  } catch {
    // Storage can be switched off; the page then needs the network, as any page does.
  }
}

/** Has the newer build take over, and loads it. @param {Session} session */
export async function takeOver(session) {
  const registration = await navigator.serviceWorker.getRegistration();
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data: pages }) => {
    if (pages > 1) session.notify('info', `Close the other ${pages - 1} tabs or frames of this page first.`);
  };
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  registration?.waiting?.postMessage('take over', [port2]);
}
