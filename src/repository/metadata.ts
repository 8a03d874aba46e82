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
type ScalarOf<Value> = Extract<Value, Scalar>;
/** What a list holds. */
type MemberOf<Value> = Value extends readonly (infer One)[] ? Extract<One, Scalar> : never;
type NumberOf<Value> = Extract<Value, number | bigint>;

/** Chroma's operators for one key; all of them hold. Those for lists are of keys that hold lists, those for order of numbers. */
export type Operators<Value> = ([ScalarOf<Value>] extends [never]
  ? unknown
  : {
      readonly $eq?: ScalarOf<Value>;
      readonly $ne?: ScalarOf<Value>;
      readonly $in?: readonly ScalarOf<Value>[];
      readonly $nin?: readonly ScalarOf<Value>[];
    }) &
  ([NumberOf<Value>] extends [never]
    ? unknown
    : {
        readonly $gt?: NumberOf<Value>;
        readonly $gte?: NumberOf<Value>;
        readonly $lt?: NumberOf<Value>;
        readonly $lte?: NumberOf<Value>;
      }) &
  ([MemberOf<Value>] extends [never]
    ? unknown
    : { readonly $contains?: MemberOf<Value>; readonly $not_contains?: MemberOf<Value> });

/** A range: at least one bound. */
export interface Range<Value> {
  readonly gt?: Value;
  readonly gte?: Value;
  readonly lt?: Value;
  readonly lte?: Value;
}

type Condition<Value> =
  | ScalarOf<Value>
  | readonly ScalarOf<Value>[]
  | Operators<Value>
  | ([NumberOf<Value>] extends [never] ? never : Range<NumberOf<Value>>);

/** All of its conditions at once: plain equality, a list (any of them), a range, Chroma's operators; `$and` and `$or` join filters. */
export type MetadataFilter<M extends object = DocumentMetadata> = string extends keyof M
  ? { readonly [key: string]: Condition<M[keyof M]> | readonly MetadataFilter<M>[] }
  : {
      readonly [Key in keyof M]?: Condition<Exclude<M[Key], null | undefined>>;
    } & {
      readonly $and?: readonly MetadataFilter<M>[];
      readonly $or?: readonly MetadataFilter<M>[];
    };
