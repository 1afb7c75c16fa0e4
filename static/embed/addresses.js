// Where the engine and the base lie, and what an address calls its file.

import { settings } from "./requests.js";

/**
 * The worker's script: browsers start workers of the page's own origin only.
 * @throws {BoothError} of kind "settings" for another origin, and for a file on disk
 */
export function ownScript(engine) {
  const { href, origin } = globalThis.location;
  const url = new URL(engine, href);
  if (url.protocol === "file:") {
    throw settings(
      "A browser starts no engine from a file on disk. Serve the folder over HTTP, for example with 'python3 -m http.server', and open it from there.",
    );
  }
  if (url.origin === origin) return url;
  throw settings(
    `The engine lies at ${url.origin}, but this page is of ${origin}, and browsers start workers of a page's own site only. Copy DeltaBooth's dist folder to your own site and give its engine_loader.js as 'engine'.`,
  );
}

/**
 * The address of a folder, with a trailing slash.
 * @throws {BoothError} of kind "settings" if it has a query or a fragment
 */
export function folder(address) {
  const url = new URL(address, globalThis.location.href);
  if (url.search || url.hash) {
    throw settings(`The base's address ${url.href} has a '?' or '#', but it must be that of a folder. Leave that part out.`);
  }
  return url.href.endsWith("/") ? url.href : `${url.href}/`;
}

/** The last part of an address's path, decoded. */
export function nameOf(address) {
  const last = new URL(address, globalThis.location.href).pathname.split("/").pop();
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
