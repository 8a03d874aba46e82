/** Those that are asked: a server by HTTP, and the embedded one without a socket. Each answers a step with a status and a result. */
import { openEngine } from "../../../src/engine/index.ts";
import { createServer } from "../../../src/server/index.ts";
import { type JsonValue, parseLossless } from "../../../src/util/json.ts";
import type { Answer } from "./agree.ts";
import type { Step } from "./steps.ts";

export interface Judge extends AsyncDisposable {
  readonly name: string;
  ask(step: Step): Promise<Answer>;
}

const headers = { "content-type": "application/json" };

/** A Qdrant server at `url`. */
export function serverJudge(url: string, key: string | undefined): Judge {
  return {
    name: url,
    async ask({ method, path, body }) {
      const sent = { ...headers, ...(key ? { "api-key": key } : {}) };
      const response = await fetch(url.replace(/\/+$/, "") + path, {
        method,
        body,
        headers: sent,
      }).catch(hungUp);
      return response === null ? { status: 0, result: null } : answerOf(response);
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** The embedded Qdrant in `folder`, asked through its application without a socket. */
export async function embeddedJudge(folder = ":memory:"): Promise<Judge> {
  const engine = await openEngine(folder);
  const app = createServer(engine, { checkHost: false });
  return {
    name: "embedded",
    async ask({ method, path, body }) {
      return answerOf(await app.request(path, { method, body, headers }));
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** Null where the server closed the connection without a word. */
function hungUp(error: unknown): null {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && "code" in cause && cause.code === "UND_ERR_SOCKET") return null;
  throw error;
}

/** Status and result of an HTTP answer; a refusal's result is its sentence. */
async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const answer = parsed(text);
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) {
    return { status: response.status, result: answer };
  }
  const told = answer["status"];
  const refused = typeof told === "object" && told !== null && !Array.isArray(told);
  return { status: response.status, result: (refused ? told["error"] : answer["result"]) ?? null };
}

function parsed(text: string): JsonValue {
  try {
    return parseLossless(text);
  } catch {
    return text;
  }
}
