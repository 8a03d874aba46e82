/** What a route that the server answers by itself is given, and gives. Types only. */
import type { Context } from "hono";
import type { Engine } from "../engine/index.ts";
import type { Timed } from "./answer.ts";
import type { Statistics } from "./statistics.ts";

export interface Served {
  readonly engine: Engine;
  readonly statistics: Statistics;
  /** Whether a snapshot may be recovered from an http or https address, which this process then fetches. */
  readonly urlRecovery: boolean;
}

export type Service = (c: Context<Timed>, served: Served) => Response | Promise<Response>;
