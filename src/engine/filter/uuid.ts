const hyphened = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const simple = /^[\da-f]{32}$/;

/** A UUID in lower case with hyphens, from any of the forms that Rust's uuid crate reads (plain, hyphened, braced, urn:uuid:); null where it is none. */
export function uuidOf(text: string): string | null {
  const lower = text.toLowerCase();
  if (simple.test(lower)) return lower.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  const bare = /^(?:urn:uuid:(.*)|\{(.*)\})$/.exec(lower);
  const inner = bare?.[1] ?? bare?.[2] ?? lower;
  return hyphened.test(inner) ? inner : null;
}
