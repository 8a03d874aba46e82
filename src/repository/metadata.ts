/** A document's metadata, and the type of a filter over it: a misspelt key or operator does not compile. */

/** A value of a document's metadata. An integral number is written as an integer. */
export type MetadataValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly MetadataValue[]
  | { readonly [key: string]: MetadataValue };

/** Any metadata: what a document's type parameter is where none is named. */
export interface DocumentMetadata {
  readonly [key: string]: MetadataValue;
}

type Scalar = string | number | bigint | boolean;
/** What one member of a key's value is: a list holds its members. */
type Member<Value> = Value extends readonly (infer One)[]
  ? Extract<One, Scalar>
  : Extract<Value, Scalar>;
type Numeric<Value> = Extract<Member<Value>, number | bigint>;

/** Chroma's operators for one key, exactly one of them. */
export type Operators<Value> =
  | { readonly $eq: Member<Value> }
  | { readonly $ne: Member<Value> }
  | { readonly $in: readonly Member<Value>[] }
  | { readonly $nin: readonly Member<Value>[] }
  | { readonly $contains: Member<Value> }
  | { readonly $not_contains: Member<Value> }
  | ([Numeric<Value>] extends [never]
      ? never
      :
          | { readonly $gt: Numeric<Value> }
          | { readonly $gte: Numeric<Value> }
          | { readonly $lt: Numeric<Value> }
          | { readonly $lte: Numeric<Value> });

/** A range: at least one bound. */
export interface Range<Value> {
  readonly gt?: Value;
  readonly gte?: Value;
  readonly lt?: Value;
  readonly lte?: Value;
}

type Condition<Value> =
  | Member<Value>
  | readonly Member<Value>[]
  | Operators<Value>
  | ([Numeric<Value>] extends [never] ? never : Range<Numeric<Value>>);

/** All of its conditions at once: plain equality, a list (any of them), a range, Chroma's operators; `$and` and `$or` join filters. */
export type MetadataFilter<M extends object = DocumentMetadata> = {
  readonly [Key in keyof M]?: Condition<Exclude<M[Key], null | undefined>>;
} & {
  readonly $and?: readonly MetadataFilter<M>[];
  readonly $or?: readonly MetadataFilter<M>[];
};
