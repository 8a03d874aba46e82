/** Point ids: how a record's id becomes the id of its point. Frozen: every point that was ever written rests on it. */
import { hash } from "node:crypto";

/** Namespace of vecferry's UUIDv5 names (RFC 9562, section 5.5). Never changes. */
export const pointNamespace = "7c0f4a5e-3f0b-5d0c-9b1e-6a1d2f8e4c57";

const canonicalUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const namespaceBytes = uuidToBytes(pointNamespace);

/** Whether `text` is a UUID in the one spelling that a plain collection keeps: lower case, with hyphens. */
export function isCanonicalUuid(text: string): boolean {
  return canonicalUuid.test(text);
}

/** The point of `id` in a plain collection: a canonical UUID keeps its value, every other id becomes UUIDv5(namespace, id). */
export function plainPointId(id: string): string {
  return isCanonicalUuid(id) ? id : uuidV5(id);
}

/** The point of `id` in a tenanted collection: UUIDv5(namespace, JSON.stringify([tenant, id])), so that no tenant can name another's point. */
export function tenantPointId(tenant: string, id: string): string {
  return uuidV5(JSON.stringify([tenant, id]));
}

function uuidV5(name: string): string {
  const digits = hash("sha1", namedBytes(name), "hex");
  const variant = variants[Number.parseInt(digits.charAt(16), 16) & 3];
  return (
    `${digits.slice(0, 8)}-${digits.slice(8, 12)}-5${digits.slice(13, 16)}-` +
    `${variant}${digits.slice(17, 20)}-${digits.slice(20, 32)}`
  );
}

/** The variant's digit with the two bits that follow it. */
const variants = ["8", "9", "a", "b"];
/** The namespace with room for a name behind it: most ids are short, and there are many. */
const named = Buffer.concat([namespaceBytes, Buffer.alloc(1024)]);

/** The namespace and a name behind it, valid until the next call. */
function namedBytes(name: string): Uint8Array {
  // A UTF-16 unit takes three bytes of UTF-8 at most.
  if (name.length * 3 > named.length - namespaceBytes.length)
    return Buffer.concat([namespaceBytes, Buffer.from(name, "utf8")]);
  return named.subarray(0, namespaceBytes.length + named.write(name, namespaceBytes.length));
}

/** The 16 bytes of a canonical UUID. */
export function uuidToBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll("-", ""), "hex");
}

/** The canonical UUID of 16 bytes. */
export function bytesToUuid(bytes: Uint8Array): string {
  return hexToUuid(Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString("hex"));
}

/** Where a UUID's text is put together: slices and what joins them would take eight times its memory, for each of many points. */
const uuidText = Buffer.alloc(36, "-");

/** What makes a letter a small one; of a digit it is a part. */
const lowerCase = 0x20;

/** The UUID of 32 hex digits, no fewer. */
export function hexToUuid(hex: string): string {
  let at = 0;
  for (let digit = 0; digit < hex.length; digit += 1) {
    if (digit === 8 || digit === 12 || digit === 16 || digit === 20) at += 1;
    uuidText[at++] = hex.charCodeAt(digit) | lowerCase;
  }
  return uuidText.toString("latin1");
}
