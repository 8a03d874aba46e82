/** Questions of a caller in this process, answered and counted as the routes do it, without a request and a response. */
import type { Engine, RestOperation, RestRequest } from "../engine/index.ts";
import { visible } from "./answer.ts";
import { routes } from "./routes.ts";
import type { Statistics } from "./statistics.ts";

/** The JSON text of `result`; or the words of the refusal, with a status other than 200. */
export interface DirectAnswer {
  readonly status: number;
  readonly text: string;
  readonly seconds: number;
}

/** Asks; the question is on its way to the engine's thread when the call returns. An error is an answer too. */
export type DirectRoad = (request: Omit<RestRequest, "twice">) => Promise<DirectAnswer>;

export function directRoad(engine: Engine, statistics: Statistics): DirectRoad {
  return async (request) => {
    const startedMs = performance.now();
    const told = await engine.ask(request).then(
      (text) => ({ status: 200, text }),
      (error: unknown) => {
        const { status, message } = visible(error);
        return { status, text: message };
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
