/** Questions of a caller in this process, answered and counted as the routes do it, without a request and a response. */
import type { Engine, RestOperation, RestRequest } from "../engine/index.ts";
import { visible } from "./answer.ts";
import { routes } from "./routes.ts";
import type { Statistics } from "./statistics.ts";

/** The JSON text of `result`, in UTF-8; or the words of the refusal. */
export type DirectAnswer = { readonly seconds: number } & (
  | { readonly status: 200; readonly result: Uint8Array }
  | { readonly status: number; readonly result: null; readonly refusal: string }
);

/** Asks; the question is on its way to the engine's thread when the call returns. An error is an answer too. */
export type DirectRoad = (request: Omit<RestRequest, "twice">) => Promise<DirectAnswer>;

export function directRoad(engine: Engine, statistics: Statistics): DirectRoad {
  return async (request) => {
    const startedMs = performance.now();
    const told = await engine.askBytes(request).then(
      (result) => ({ status: 200, result }) as const,
      (error: unknown) => {
        const { status, message } = visible(error);
        return { status, result: null, refusal: message } as const;
      },
    );
    const seconds = (performance.now() - startedMs) / 1000;
    const { operation, collection } = request;
    const endpoint = endpointOf(operation);
    statistics.add({ protocol: "rest", endpoint, status: told.status, seconds, collection });
    return { ...told, seconds };
  };
}

const endpoints = new Map(
  routes.flatMap(({ method, path, does }) =>
    "operation" in does ? [[does.operation, `${method} ${path}`] as const] : [],
  ),
);

function endpointOf(operation: RestOperation): string {
  return endpoints.get(operation) ?? operation;
}
