import { Workbox } from 'workbox-window';
import { trustedScriptUrl } from './trusted-types.ts';

/** Registers the service worker. @param onWaiting told once when a newer app is ready, with what applies it */
export function registerServiceWorker(onWaiting: (apply: () => void) => void): void {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return;
  const workbox = new Workbox(trustedScriptUrl('/sw.js'));
  workbox.addEventListener('waiting', () => {
    onWaiting(() => {
      workbox.addEventListener('controlling', () => location.reload());
      workbox.messageSkipWaiting();
    });
  });
  void workbox.register();
}
