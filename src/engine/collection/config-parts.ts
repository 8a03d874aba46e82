/** What all parts of a configuration are checked and put together with. */
import { isObject } from "../../util/json.ts";
import type { JsonObject } from "../api.ts";

const forbidden = ["<", ">", ":", '"', "/", "\\", "|", "?", "*", "\0", "\x1f"];

/** A character that no name may have; undefined where there is none. */
export function forbiddenIn(name: string): string | undefined {
  return forbidden.find((character) => name.includes(character));
}

/** What is wrong with a vector's name; null where nothing is. */
export function vectorNameFault(name: string): string | null {
  if (Buffer.byteLength(name) > 200) return "vector name must be at most 200 bytes long";
  const found = forbiddenIn(name);
  return found === undefined ? null : `vector name cannot contain "${found}" char`;
}

/**
 * Numbers in place of the bigints that lossless JSON gives. Those beyond 64 bits stay, and fail the check; a float is boxed,
 * whole or not, since it is no integer: `real` takes it.
 */
export function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value < 2n ** 64n ? Number(value) : value;
  if (typeof value === "number") return Object(value);
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

/** Neither null nor undefined. */
export function isSettled<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}

/** Only what is set. */
export function given(value: Readonly<Record<string, unknown>> | null | undefined): JsonObject {
  const entries = Object.entries(value ?? {}).filter(([, member]) => isSettled(member));
  return Object.fromEntries(entries) as JsonObject;
}

/** Qdrant's second spellings of some fields. */
export function unalias(body: Record<string, unknown>): Record<string, unknown> {
  const { optimizer_config, quantization, ...rest } = body;
  return {
    ...(optimizer_config === undefined ? {} : { optimizers_config: optimizer_config }),
    ...(quantization === undefined ? {} : { quantization_config: quantization }),
    ...rest,
  };
}

export function cleanQuantization(value: unknown): JsonObject | null {
  if (!isObject(value)) return null;
  return Object.fromEntries(
    Object.entries(value).map(([kind, settings]) => [
      kind,
      given(isObject(settings) ? settings : {}),
    ]),
  );
}
