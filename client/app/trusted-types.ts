interface Policy {
  createScriptURL(url: string): string;
}
interface Factory {
  createPolicy(name: string, rules: { readonly createScriptURL: (url: string) => string }): Policy;
}

/** Only the built worker and the service worker may be run by URL. @throws TypeError for any other */
function onlyOurs(url: string): string {
  const { origin, pathname } = new URL(url, location.href);
  const isOurs =
    origin === location.origin && (import.meta.env.DEV || pathname === '/sw.js' || /^\/assets\/engine-[\w.-]+\.js$/.test(pathname));
  if (!isOurs) throw new TypeError(`not a script of this app: ${url}`);
  return url;
}

const factory = (globalThis as { readonly trustedTypes?: Factory }).trustedTypes;
const policy = factory?.createPolicy('examsgraph', { createScriptURL: onlyOurs });

/** Passes a script URL through the page's Trusted Types policy, where the browser has them. */
export function trustedScriptUrl(url: string): string {
  return policy ? policy.createScriptURL(url) : onlyOurs(url);
}
