/** Requests that a client could have sent, spoilt in one to three ways. */
import fc from "fast-check";
import { Draw } from "../truth/draw.ts";
import { drawSteps, type Step } from "../truth/steps.ts";
import { type Mutation, mutated, mutations, type RawRequest } from "./mutations.ts";

/** Collections of the requests begin with this. */
const prefix = "fuzz-";

const abilities = { server: true, as1182: true, whole: true };

/** Valid requests, drawn once: they make collections, fill them and ask about them. */
export const validSteps: readonly Step[] = drawSteps(20_260, 1_500, prefix, abilities);

/** What `validSteps` leaves out. */
const otherSteps: readonly Step[] = [
  other("GET", "/collections"),
  other("GET", "/aliases"),
  other("POST", "/collections/aliases", {
    actions: [
      { create_alias: { collection_name: `${prefix}a`, alias_name: `${prefix}alias` } },
      { delete_alias: { alias_name: `${prefix}alias` } },
    ],
  }),
  other("PATCH", `/collections/${prefix}a`, {
    optimizers_config: { indexing_threshold: 10 },
    metadata: { a: 1 },
  }),
  other("GET", `/collections/${prefix}a/exists`),
  other("GET", `/collections/${prefix}a/aliases`),
  other("GET", "/telemetry?details_level=3"),
  other("GET", `/collections/${prefix}a/snapshots`),
  other("PUT", `/collections/${prefix}a/snapshots/recover`, {
    location: "file:///absent.snapshot",
    priority: "snapshot",
  }),
  other("POST", `/collections/${prefix}a/points/search/matrix/pairs`, { sample: 5, limit: 2 }),
];

function other(method: string, path: string, body?: unknown): Step {
  const text = body === undefined ? null : JSON.stringify(body);
  return { method: method as Step["method"], path, body: text, ranking: "any" };
}

/** A collection's creation and removal among the rest, but seldom. */
const chosen = [
  ...validSteps.filter(({ path }) => path.split("/").length > 3),
  ...otherSteps,
  ...otherSteps,
];
const creations = validSteps.filter(
  ({ method, path }) => method === "PUT" && path.split("/").length === 3,
);

/** The valid request that a number stands for. */
function requestOf(number: number): RawRequest {
  const draw = new Draw(number);
  const { method, path, body } = draw.chance(0.04) ? draw.of(creations) : draw.of(chosen);
  return { method, path, body, contentType: "application/json" };
}

export interface SpoiltRequest {
  readonly valid: number;
  readonly mutations: readonly Mutation[];
}

export const spoiltRequests: fc.Arbitrary<SpoiltRequest> = fc.record({
  valid: fc.nat({ max: 2 ** 31 - 1 }),
  mutations: fc.array(mutations, { minLength: 1, maxLength: 3 }),
});

/** Applies the mutations in their order. */
export function rawOf({ valid, mutations: changes }: SpoiltRequest): RawRequest {
  return changes.reduce(
    (request, change, at) => mutated(request, change, at === 0),
    requestOf(valid),
  );
}

const encoder = new TextEncoder();

/** The body as it is sent; null = none, as of a GET. */
export function bodyOf({ method, body }: RawRequest): Uint8Array<ArrayBuffer> | null {
  if (body === null || method === "GET") return null;
  return typeof body === "string" ? encoder.encode(body) : Uint8Array.from(body);
}

/** As a person reads it in a failure. */
export function told({ method, path, body, contentType }: RawRequest): string {
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : (body ?? "");
  return `${method} ${JSON.stringify(path)} ${contentType} ${text.length > 600 ? `${text.slice(0, 600)}… (${text.length})` : text}`;
}
