// Files, blobs, buffers and addresses as bytes of one's own.

import { BoothError } from "./error.js";
import { settings } from "./requests.js";

/**
 * The bytes of a File, Blob, ArrayBuffer or typed array, copied, so that they may be transferred.
 *
 * @throws {BoothError} of kind "settings" for anything else and for more than `limit` bytes, "io"
 *   if they cannot be read
 */
export async function bytesOf(source, limit) {
  if (source instanceof Blob) {
    within(source.size, limit, source.name ?? "The file");
    try {
      return new Uint8Array(await source.arrayBuffer());
    } catch (cause) {
      throw new BoothError("io", `${source.name ?? "The file"} cannot be read. Choose it again.`, { cause });
    }
  }
  if (ArrayBuffer.isView(source)) {
    within(source.byteLength, limit, "The data");
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice();
  }
  if (source instanceof ArrayBuffer) {
    within(source.byteLength, limit, "The data");
    return new Uint8Array(source).slice();
  }
  throw settings("Give a File, a Blob, an ArrayBuffer or a typed array such as Uint8Array.");
}

/**
 * The bytes of what lies at an address.
 *
 * @throws {BoothError} of kind "io" if they cannot be fetched, "settings" for more than `limit`
 *   bytes, "cancelled" if the signal stops it
 */
export async function fetched(address, limit, signal) {
  const url = new URL(address, globalThis.location.href);
  const failed = (why, cause) =>
    new BoothError("io", `${url.href} cannot be fetched (${why}). Check the address; another site must allow it (CORS).`, { cause });
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) throw failed(`status ${response.status}`);
    within(Number(response.headers.get("content-length") ?? 0), limit, url.href);
    const parts = [];
    let length = 0;
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      length += part.value.byteLength;
      // A server need not say its length, nor tell the truth.
      if (length > limit) await reader.cancel();
      within(length, limit, url.href);
      parts.push(part.value);
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  } catch (error) {
    if (error instanceof BoothError) throw error;
    if (signal?.aborted) throw BoothError.cancelled("open_delta", signal.reason);
    throw failed(error.message, error);
  }
}

function within(length, limit, what) {
  if (length > limit) {
    throw settings(`${what} has more than ${Math.round(limit / 1e6)} MB, too much for what it should be. Choose another.`);
  }
}
