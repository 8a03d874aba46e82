/** Path and query parameters, checked by Qdrant's rules. */
import { badInput, invalid } from "../errors.ts";
import type { RestRequest } from "./request.ts";

/** @throws E_INPUT (422) where the path's name cannot be a collection's */
export function checkCollectionName(name: string): void {
  const fault = name === "" ? null : nameFault(name);
  if (fault === null) return;
  throw invalid(`Validation error in path parameters: [collection_name: ${fault}]`);
}

/** What is wrong with a collection's name; null where nothing is. */
export function nameFault(name: string): string | null {
  if (name.length < 1 || name.length > 255) return "must be between 1 and 255 characters";
  const found = ["/", "\0"].find((character) => name.includes(character));
  return found === undefined ? null : `collection name cannot contain "${found}" char`;
}

/** Checks the parameters that any operation may have. Nothing here takes long enough to need `timeout`. @throws E_INPUT (400) */
export function checkParams({ wait, timeout }: RestRequest["params"]): void {
  if (wait !== undefined && wait !== "true" && wait !== "false") {
    throw badInput(
      "Deserialize error in query parameters: provided string was not `true` or `false`",
    );
  }
  if (timeout !== undefined && !/^[1-9]\d*$/.test(timeout)) {
    throw badInput(
      `Deserialize error in query parameters: invalid value: \`${timeout.slice(0, 40)}\`, expected a nonzero u64`,
    );
  }
}
