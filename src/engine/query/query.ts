/** What can be asked of a collection's points, after its JSON was read: Qdrant's universal query. Types only. */
import type { JsonObject, PayloadSelector, VectorSelector } from "../api.ts";
import type { QueryVector } from "../vectors/vector-set.ts";
import type { Formula } from "./formula.ts";
import type { OrderBy } from "./order-by.ts";

/** What to be near: a vector, or that of a point. */
export type VectorInput =
  | { readonly kind: "id"; readonly id: string }
  | { readonly kind: "vector"; readonly vector: QueryVector };

export interface ContextPair<Input> {
  readonly positive: Input;
  readonly negative: Input;
}

export interface Mmr {
  /** 0 = only relevance, 1 = only diversity; Qdrant's default is 0.5. */
  readonly diversity: number;
  /** How many of the nearest to choose from; null = as many as are asked for. */
  readonly candidates: number | null;
}

export type RecommendStrategy = "average_vector" | "best_score" | "sum_scores";

/** A question that vectors answer. */
export type VectorQuery<Input> =
  | { readonly kind: "nearest"; readonly input: Input; readonly mmr: Mmr | null }
  | {
      readonly kind: "recommend";
      readonly strategy: RecommendStrategy;
      readonly positives: readonly Input[];
      readonly negatives: readonly Input[];
    }
  | {
      readonly kind: "discover";
      /** Whether a target without the vector leaves the context alone to judge by, as the older routes have it. */
      readonly targetMayLack?: boolean;
      readonly target: Input;
      readonly pairs: readonly ContextPair<Input>[];
    }
  | { readonly kind: "context"; readonly pairs: readonly ContextPair<Input>[] };

export type Fusion =
  | { readonly method: "rrf"; readonly k: number; readonly weights: readonly number[] | null }
  | { readonly method: "dbsf" };

export type Query<Input> =
  | VectorQuery<Input>
  | { readonly kind: "fusion"; readonly fusion: Fusion }
  | { readonly kind: "order-by"; readonly orderBy: OrderBy }
  | { readonly kind: "formula"; readonly formula: Formula }
  | { readonly kind: "sample" };

/** Where the vectors of points that a query names are looked up; null = in the collection itself. */
export interface LookupLocation {
  readonly collection: string;
  /** null = the name that the query uses. */
  readonly vector: string | null;
}

/** How an index of neighbours is asked, where there is one. */
export interface SearchParams {
  /** Whether every point is compared all the same. */
  readonly exact: boolean;
  /** How many points it looks at (`hnsw_ef`); null = as it likes. */
  readonly ef: number | null;
}

/** Points to fetch, and how to rank them. `query` null = in the order of ids. */
export interface Prefetch {
  readonly prefetches: readonly Prefetch[];
  readonly query: Query<VectorInput> | null;
  /** Name of the vector; '' = the unnamed one. */
  readonly using: string;
  readonly filter: JsonObject | null;
  readonly scoreThreshold: number | null;
  readonly limit: number;
  readonly params: SearchParams;
  readonly lookupFrom: LookupLocation | null;
}

export interface QueryRequest extends Prefetch {
  readonly offset: number;
  readonly withPayload: PayloadSelector;
  readonly withVector: VectorSelector;
}

/** A point that was found: its slot and its score. */
export interface Hit {
  readonly slot: number;
  readonly score: number;
  /** What it was ordered by; null = nothing. */
  readonly orderValue: number | bigint | null;
}
