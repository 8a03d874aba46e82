import { VectorError } from "../errors.ts";

/** Characters that Qdrant refuses in a collection's name (its `validate_collection_name`, 1.18). */
const refused = /[<>:"/\\|?*\0\u001f]/;
/** A name is a folder's name at the server. */
const nameBytesMax = 255;

/**
 * Refuses a name that a Qdrant collection cannot have: an empty one, one of more than 255 bytes, `.` and `..`, or one with
 * any of `< > : " / \ | ? *`, NUL or U+001F. @throws E_NAME
 */
export function assertCollectionName(name: string): void {
  const reason = whyRefused(name);
  if (reason === null) return;
  throw new VectorError(
    "E_NAME",
    `Qdrant takes no collection named ${JSON.stringify(name)}: ${reason}.`,
    {
      details: { collection: name },
    },
  );
}

function whyRefused(name: string): string | null {
  if (name === "") return "the name is empty";
  if (name === "." || name === "..") return "no address can hold it";
  if (Buffer.byteLength(name) > nameBytesMax) return `it has more than ${nameBytesMax} bytes`;
  const [character] = refused.exec(name) ?? [];
  return character === undefined ? null : `it has the character ${JSON.stringify(character)}`;
}
