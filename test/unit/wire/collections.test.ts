import {
  CollectionExistsRequestSchema,
  CollectionExistsResponseSchema,
  CollectionOperationResponseSchema,
  CreateCollectionSchema,
  DeleteCollectionSchema,
  GetCollectionInfoRequestSchema,
  HealthCheckReplySchema,
  ListCollectionsRequestSchema,
  ListCollectionsResponseSchema,
} from "@qdrant/js-client-grpc";
import { describe, expect, it } from "vitest";
import { parseLossless } from "../../../src/util/json.ts";
import {
  decodeCreate,
  decodeDone,
  decodeExists,
  decodeList,
  decodeName,
  encodeCreate,
  encodeDone,
  encodeEmpty,
  encodeExists,
  encodeList,
  encodeName,
} from "../../../src/wire/collections.ts";
import { decodeHealth, encodeHealth } from "../../../src/wire/health.ts";
import { bytesOf, messageOf } from "../../support/qdrant-proto.ts";
import { settings, textOf } from "../../support/qdrant-settings.ts";

describe("making a collection", () => {
  it.each(settings)("says %s as the generated classes do, both ways", (_, json, init) => {
    const wanted = bytesOf(CreateCollectionSchema, { collectionName: "c", ...init });
    const frame = encodeCreate("c", textOf(json));
    const message = messageOf(CreateCollectionSchema, frame);
    expect(message).toEqual(
      messageOf(CreateCollectionSchema, Buffer.concat([Buffer.alloc(5), wanted])),
    );
    const { collection, config } = decodeCreate(wanted);
    expect(collection).toBe("c");
    expect(parseLossless(config)).toEqual(json);
  });

  it("knows a setting that the generated classes of 1.18.0 have not yet", () => {
    const frame = encodeCreate("c", '{"strict_mode_config":{"max_disk_usage_percent":90}}');
    expect(frame.subarray(8).toString("hex")).toBe("8a0103b0015a");
    expect(decodeCreate(frame.subarray(5)).config).toContain('"max_disk_usage_percent":90');
  });

  it("passes over what is null or unknown", () => {
    const body = '{"hnsw_config":null,"metadata":null,"init_from":{"collection":"x"}}';
    expect(encodeCreate("c", body)).toEqual(encodeCreate("c", "{}"));
  });

  it.each([
    "[]",
    '{"shard_number":-1}',
    '{"shard_number":1.5}',
    '{"shard_number":"2"}',
    '{"on_disk_payload":1}',
    '{"hnsw_config":[]}',
    '{"vectors":{"size":4,"distance":"Hamming"}}',
    '{"metadata":[]}',
  ])("refuses %s", (body) => {
    expect(() => encodeCreate("c", body)).toThrow(expect.objectContaining({ code: "E_INPUT" }));
  });
});

describe("the small messages of collections", () => {
  it("name a collection", () => {
    for (const name of ["", "a/é 漢", "x".repeat(255)]) {
      const frame = encodeName(name);
      for (const schema of [
        GetCollectionInfoRequestSchema,
        CollectionExistsRequestSchema,
        DeleteCollectionSchema,
      ]) {
        expect(messageOf(schema, frame)).toMatchObject({ collectionName: name });
        expect(decodeName(bytesOf(schema, { collectionName: name }))).toBe(name);
      }
    }
    expect(messageOf(ListCollectionsRequestSchema, encodeEmpty()).$unknown).toBeUndefined();
    expect(encodeEmpty()).toHaveLength(5);
  });

  it("say whether one was made, and whether one exists", () => {
    for (const flag of [true, false]) {
      const done = encodeDone(flag, 0.5);
      expect(messageOf(CollectionOperationResponseSchema, done)).toMatchObject({
        result: flag,
        time: 0.5,
      });
      expect(decodeDone(done.subarray(5))).toBe(flag);
      const exists = encodeExists(flag, 0.5);
      expect(messageOf(CollectionExistsResponseSchema, exists)).toMatchObject({
        result: { exists: flag },
        time: 0.5,
      });
      expect(decodeExists(exists.subarray(5))).toBe(flag);
    }
  });

  it("list collections", () => {
    for (const names of [[], ["b", "a/é"]]) {
      const frame = encodeList(names, 0.5);
      expect(messageOf(ListCollectionsResponseSchema, frame)).toMatchObject({
        collections: names.map((name) => ({ name })),
        time: 0.5,
      });
      expect(decodeList(frame.subarray(5))).toEqual(names);
    }
  });

  it("say which server answers", () => {
    const frame = encodeHealth({ title: "t", version: "1.18.2", commit: "c" });
    expect(messageOf(HealthCheckReplySchema, frame)).toMatchObject({
      title: "t",
      version: "1.18.2",
      commit: "c",
    });
    expect(decodeHealth(frame.subarray(5))).toEqual({ title: "t", version: "1.18.2", commit: "c" });
    const short = encodeHealth({ title: "t", version: "1" }).subarray(5);
    expect(decodeHealth(short)).toEqual({ title: "t", version: "1", commit: null });
  });
});
