// Keeps the page, the engine, the embedded base and the samples, so that a later visit needs no
// connection. The build writes its number and its files below. A page is served from one build as
// long as any tab of it is open: page and engine never come from different versions.
const BUILD = "development";
const FILES = [];
// Others on the same host, at other paths, keep theirs.
const OWN = `deltabooth ${self.registration.scope} `;
const CACHE = OWN + BUILD;

self.addEventListener("install", (event) => {
  // The page registers this when it has fetched everything: 'no-cache' asks the server whether what
  // the browser still has is this build's, and fetches only what is not.
  const files = FILES.map((file) => new Request(file, { cache: "no-cache" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(files)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith(OWN) && name !== CACHE) await caches.delete(name);
      }
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  // Only what the build made: deltas at other addresses, other bases and parts of files go their
  // own way.
  if (request.method !== "GET" || url.origin !== self.location.origin || request.headers.has("range")) return;
  event.respondWith(
    (async () => {
      const cache = await caches.open(CACHE);
      const kept = await cache.match(request, { ignoreSearch: true });
      return kept ?? fetch(request);
    })(),
  );
});
