/* A name that nothing else has. randomUUID() would do, but browsers keep it from pages that come without TLS. */

export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(15))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
