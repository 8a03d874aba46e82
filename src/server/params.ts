/** Path and query parameters, checked by Qdrant's rules. */
import type { Context } from "hono";
import { badInput, invalid } from "../engine/index.ts";

/** The collection's name in the path. @throws E_INPUT (422) */
export function collectionName(c: Context): string {
  const name = c.req.param("collection") ?? "";
  const fault = nameFault(name);
  if (fault === null) return name;
  throw invalid(`Validation error in path parameters: [collection_name: ${fault}]`);
}

/** What is wrong with a collection's name; null where nothing is. */
export function nameFault(name: string): string | null {
  if (name.length < 1 || name.length > 255) return "must be between 1 and 255 characters";
  const found = ["/", "\0"].find((character) => name.includes(character));
  return found === undefined ? null : `collection name cannot contain "${found}" char`;
}

/** Whether the caller waits for the write. Every write is on disk when it is answered; this decides only the word. @throws E_INPUT (400) */
export function waits(c: Context): boolean {
  const wait = c.req.query("wait") ?? "false";
  if (wait !== "true" && wait !== "false") {
    throw badInput(
      "Deserialize error in query parameters: provided string was not `true` or `false`",
    );
  }
  return wait === "true";
}

/** Checks `timeout`, which nothing here takes long enough to need. @throws E_INPUT (400) */
export function checkTimeout(c: Context): void {
  const timeout = c.req.query("timeout");
  if (timeout !== undefined && !/^[1-9]\d*$/.test(timeout)) {
    throw badInput(
      `Deserialize error in query parameters: invalid value: \`${timeout.slice(0, 40)}\`, expected a nonzero u64`,
    );
  }
}
