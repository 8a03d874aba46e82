/** prom-client, an optional peer dependency: its types, and its classes when a registry is handed over. */
import { createRequire } from "node:module";
import { VectorError } from "../errors.ts";
import { errorCode } from "../util/error-code.ts";

// biome-ignore lint/suspicious/noTsIgnore: an error is what those get who have not installed it, and their compiler reads this too.
/** @ts-ignore Where `prom-client` is not installed this is `any`. */
export type MetricsRegistry = import("prom-client").Registry;
// biome-ignore lint/suspicious/noTsIgnore: as above.
/** @ts-ignore As above. */
export type PromClient = typeof import("prom-client");

/** The installed package: at once, for constructors cannot wait. @throws {VectorError} E_CONFIG where none is installed */
export function loadPromClient(): PromClient {
  try {
    return createRequire(import.meta.url)("prom-client") as PromClient;
  } catch (cause) {
    if (errorCode(cause) !== "MODULE_NOT_FOUND") throw cause;
    throw new VectorError("E_CONFIG", "The package prom-client is not installed.", {
      cause,
      next: "Install it: npm install prom-client (15 or newer), or leave `metrics` out.",
    });
  }
}
