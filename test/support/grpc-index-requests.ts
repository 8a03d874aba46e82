/** Payload indexes made, described and taken away by gRPC, with the status code that Qdrant ends each call with. */
import { FieldType, TokenizerType } from "@qdrant/js-client-grpc";
import type { Request } from "./grpc-scene.ts";

const words = (more: object) => ({
  fieldType: FieldType.FieldTypeText,
  fieldIndexParams: { indexParams: { case: "textIndexParams" as const, value: more } },
});
const indexed = (what: string, code: number, path: string, more: object): Request => [
  what,
  code,
  ({ points, collectionName }) =>
    points.createFieldIndex({ collectionName, wait: true, fieldName: path, ...more }),
];

/** In this order, on one collection with payload: behind a change that is not waited for comes one that is, before anything is described. */
export const indexRequests: readonly Request[] = [
  indexed("index, not waiting", 0, "when", { fieldType: FieldType.FieldTypeDatetime, wait: false }),
  indexed("index of integers", 0, "n", { fieldType: FieldType.FieldTypeInteger }),
  indexed("index of words, told how", 0, "struct.text", {
    ...words({
      tokenizer: TokenizerType.Word,
      lowercase: false,
      minTokenLen: 2n,
      stopwords: { languages: ["english"], custom: ["the", "The", "LAZY"] },
      stemmer: { stemmingParams: { case: "snowball", value: { language: "english" } } },
    }),
  }),
  indexed("index of tenants, without parameters", 0, "tenant", {
    fieldType: FieldType.FieldTypeKeyword,
    fieldIndexParams: { indexParams: { case: "keywordIndexParams", value: { isTenant: true } } },
  }),
  indexed("index whose parameters are empty", 0, "city", {
    fieldType: FieldType.FieldTypeKeyword,
    fieldIndexParams: {},
  }),
  indexed("index without a type", 3, "x", {}),
  indexed("index of another type than its parameters", 3, "x", {
    ...words({ tokenizer: TokenizerType.Word }),
    fieldType: FieldType.FieldTypeKeyword,
  }),
  indexed("index of words without a tokenizer", 3, "x", words({})),
  indexed("index of words of no language", 3, "x", {
    ...words({ tokenizer: TokenizerType.Word, stopwords: { languages: ["klingon"] } }),
  }),
  indexed("index of no path", 3, "a[", { fieldType: FieldType.FieldTypeKeyword }),
  indexed("index of a path without content", 3, "", { fieldType: FieldType.FieldTypeKeyword }),
  [
    "index in none",
    5,
    ({ points, absent: collectionName }) =>
      points.createFieldIndex({
        collectionName,
        fieldName: "n",
        fieldType: FieldType.FieldTypeFloat,
      }),
  ],
  [
    "describe what is indexed",
    0,
    ({ collections, collectionName }) => collections.get({ collectionName }),
  ],
  [
    "index that is not there taken away",
    0,
    ({ points, collectionName }) => points.deleteFieldIndex({ collectionName, fieldName: "x" }),
  ],
  [
    "index taken away",
    0,
    ({ points, collectionName }) =>
      points.deleteFieldIndex({ collectionName, wait: true, fieldName: "tenant" }),
  ],
  [
    "index taken away in none",
    5,
    ({ points, absent: collectionName }) =>
      points.deleteFieldIndex({ collectionName, fieldName: "n" }),
  ],
  [
    "describe what is still indexed",
    0,
    ({ collections, collectionName }) => collections.get({ collectionName }),
  ],
];
