import { VectorError } from "../errors.ts";
import type { CallOptions, Engine } from "./api.ts";

/** Opens the folder (made where it is not there), or ':memory:'. @throws E_LOCKED, E_STORAGE, E_NOT_SUPPORTED, E_ABORTED */
export async function openEngine(_path: string, _options: CallOptions = {}): Promise<Engine> {
  throw new VectorError("E_NOT_SUPPORTED", "The embedded engine is not there yet.");
}
