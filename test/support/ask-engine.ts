import type { Engine } from "../../src/engine/index.ts";
import type { RestOperation } from "../../src/engine/rest/request.ts";
import { isVectorError } from "../../src/errors.ts";

export type EngineCall = [
  operation: RestOperation,
  collection: string,
  body?: unknown,
  params?: Record<string, string>,
];

/** Asks an engine as REST does, `wait=true`; a body that is text or bytes goes as it is. Gives the result, decoded. */
export async function askEngine(
  engine: Engine,
  ...[operation, collection, given, params]: EngineCall
) {
  const body =
    given === undefined || typeof given === "string" || given instanceof Uint8Array
      ? (given ?? null)
      : JSON.stringify(given);
  const request = { operation, collection, params: { wait: "true", ...params }, body };
  return JSON.parse(await engine.ask(request));
}

/** Status and sentence of a refusal; 200 and the result where there is none. */
export async function refusalOf(engine: Engine, ...call: EngineCall): Promise<[unknown, string]> {
  try {
    return [200, JSON.stringify(await askEngine(engine, ...call))];
  } catch (error) {
    if (!isVectorError(error)) throw error;
    return [error.details["status"], error.message];
  }
}

/** Named vectors of every kind: dense, multivectors, float16, uint8, sparse, sparse with IDF. */
export const everyKind = {
  vectors: {
    d: { size: 2, distance: "Dot" },
    m: { size: 2, distance: "Euclid", multivector_config: { comparator: "max_sim" } },
    h: { size: 2, distance: "Dot", datatype: "float16" },
    u: { size: 2, distance: "Cosine", datatype: "uint8" },
  },
  sparse_vectors: { s: {}, i: { modifier: "idf", index: { on_disk: true } } },
};
