/** What may happen to a call between us and a server, drawn by a seed: the same whether the call is REST or gRPC. */
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../src/util/seeded-random.ts";
import type { ProxyRules } from "./proxy.ts";

export type Fault =
  | { readonly kind: "delay"; readonly delayMs: number }
  /** The connection is gone. `done`: the server has done what it was asked. */
  | { readonly kind: "reset"; readonly done: boolean }
  /** Nothing comes, ever. */
  | { readonly kind: "stall"; readonly done: boolean }
  /** Half of the answer, then the end of the connection. */
  | { readonly kind: "cut" }
  /** Half of the answer, then nothing, ever. */
  | { readonly kind: "stall-within" }
  /** An answer in the server's place. In gRPC 429 is RESOURCE_EXHAUSTED, 503 UNAVAILABLE, and the others come from a proxy. */
  | {
      readonly kind: "refusal";
      readonly status: 429 | 500 | 502 | 503;
      /** What Retry-After says; null = it is not there. */
      readonly retryAfter: string | null;
    };

export interface FaultSchedule {
  /**
   * What happens to the next call of a kind (its method and path); null = it passes. Each kind has its own row of faults: the
   * same seed fails the same calls again, in whatever order the kinds come.
   */
  next(call: string): Fault | null;
  /** Ends what would go on until somebody mends it. Faults of single calls go on. */
  mend(): void;
  /** No fault from here on. */
  end(): void;
  /** How often each fault came. */
  readonly tally: Map<string, number>;
}

/** A server that asks for a longer wait than the tool waits. */
const tooLongS = 600;

/** Faults of one end, drawn by a number from 0 to 1: some servers fail seldom, some often, and every third breaks down until it is mended. */
export function faultSchedule(drawn: number): FaultSchedule {
  const random = seededRandom(drawn * 2 ** 32);
  const rows = new Map<string, () => number>();
  const share = 0.02 + random() * 0.13;
  const breakdown = random() < 0.33 ? drawBreakdown(random) : null;
  const beginsAt = 4 + Math.floor(random() * 30);
  const tally = new Map<string, number>();
  let calls = 0;
  let state: "failing" | "mended" | "ended" = "failing";
  const count = (fault: Fault, what: string): Fault => {
    tally.set(what, (tally.get(what) ?? 0) + 1);
    return fault;
  };
  return {
    tally,
    mend: () => {
      state = "mended";
    },
    end: () => {
      state = "ended";
    },
    next(call) {
      calls += 1;
      const kind = kindOf(call);
      const row = rows.get(kind) ?? seededRandom(drawn * 2 ** 32 + sumOf(kind));
      rows.set(kind, row);
      const fault = row() < share ? drawFault(row) : null;
      if (state === "ended") return null;
      if (breakdown !== null && state === "failing" && calls >= beginsAt)
        return count(breakdown, `breakdown: ${faultName(breakdown)}`);
      return fault === null ? null : count(fault, faultName(fault));
    },
  };
}

/** A call without its query, and without the names that are made for one run. */
function kindOf(call: string): string {
  return call.replace(/\?.*/, "").replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "");
}

function sumOf(text: string): number {
  return [...text].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) | 0, 0);
}

function drawFault(random: () => number): Fault {
  const pick = <const Value>(values: readonly [Value, ...Value[]]): Value =>
    values[Math.floor(random() * values.length)] ?? values[0];
  const kind = pick(["delay", "reset", "stall", "cut", "stall-within", "refusal", "refusal"]);
  switch (kind) {
    case "delay":
      return { kind, delayMs: Math.floor(random() * 120) };
    case "reset":
    case "stall":
      return { kind, done: random() < 0.5 };
    case "refusal": {
      const status = pick([429, 429, 500, 502, 503]);
      const date = new Date(Date.now() + 1000).toUTCString();
      return {
        kind,
        status,
        retryAfter: status === 429 ? pick([null, null, "0", "1", date]) : null,
      };
    }
    default:
      return { kind };
  }
}

/** Mostly one that the tool does not wait for: the others cost the seconds of all its attempts. */
function drawBreakdown(random: () => number): Fault {
  if (random() < 0.75) return { kind: "refusal", status: 429, retryAfter: String(tooLongS) };
  return random() < 0.5
    ? { kind: "refusal", status: 503, retryAfter: null }
    : { kind: "reset", done: false };
}

function faultName(fault: Fault): string {
  if (fault.kind === "refusal") {
    const { status, retryAfter } = fault;
    const after =
      retryAfter === null
        ? ""
        : ` with Retry-After ${/^\d/.test(retryAfter) ? retryAfter : "as a date"}`;
    return `${status}${after}`;
  }
  return "done" in fault
    ? `${fault.kind} ${fault.done ? "after" : "before"} it is done`
    : fault.kind;
}

/** The schedule as rules of an HTTP proxy. */
export function faultRules(schedule: FaultSchedule): ProxyRules {
  const afterwards = new WeakMap<object, Fault>();
  return {
    async before(request) {
      const fault = schedule.next(`${request.method} ${request.path}`);
      if (fault === null) return undefined;
      switch (fault.kind) {
        case "delay":
          await sleep(fault.delayMs);
          return undefined;
        case "refusal": {
          const { status, retryAfter } = fault;
          return {
            status,
            ...(retryAfter === null ? {} : { headers: { "retry-after": retryAfter } }),
          };
        }
        case "reset":
        case "stall":
          if (!fault.done) return fault.kind === "reset" ? "reset" : "silence";
      }
      afterwards.set(request, fault);
      return undefined;
    },
    after(request) {
      const fault = afterwards.get(request);
      if (fault === undefined) return undefined;
      if (fault.kind === "stall") return "silence";
      if (fault.kind === "stall-within") return "stall";
      return fault.kind === "cut" ? "cut" : "reset";
    },
  };
}
