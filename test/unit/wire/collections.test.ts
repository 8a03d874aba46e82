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
  decodeList,
  decodeName,
  encodeDescription,
  encodeDone,
  encodeEmpty,
  encodeExists,
  encodeList,
  encodeName,
} from "../../../src/wire/collections.ts";
import { decodeHealth, encodeHealth } from "../../../src/wire/health.ts";
import { bytesOf, messageOf } from "../../support/qdrant-proto.ts";
import { settings } from "../../support/qdrant-settings.ts";

describe("making a collection", () => {
  it.each(settings)("says %s as the generated classes do", (_, json, init) => {
    const message = bytesOf(CreateCollectionSchema, { collectionName: "c", ...init });
    const { collection, config } = decodeCreate(message);
    expect(collection).toBe("c");
    expect(parseLossless(config)).toEqual(json);
  });

  it("knows a setting that the generated classes of 1.18.0 have not yet", () => {
    const { config } = decodeCreate(Buffer.from("8a0103b0015a", "hex"));
    expect(config).toBe('{"strict_mode_config":{"max_disk_usage_percent":90}}');
  });
});

describe("describing a collection", () => {
  it("passes over what is null or unknown", () => {
    const text = '{"points_count":null,"config":null,"init_from":{"collection":"x"}}';
    expect(encodeDescription(text, 0)).toEqual(encodeDescription("{}", 0));
  });

  it.each([
    "[]",
    '{"points_count":-1}',
    '{"points_count":1.5}',
    '{"points_count":"2"}',
    '{"config":[]}',
    '{"config":{"params":{"on_disk_payload":1}}}',
    '{"config":{"params":{"vectors":{"size":4,"distance":"Hamming"}}}}',
    '{"config":{"metadata":[]}}',
  ])("refuses %s", (text) => {
    expect(() => encodeDescription(text, 0)).toThrow(expect.objectContaining({ code: "E_INPUT" }));
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
      const exists = encodeExists(flag, 0.5);
      expect(messageOf(CollectionExistsResponseSchema, exists)).toMatchObject({
        result: { exists: flag },
        time: 0.5,
      });
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
    const health = { title: "t", version: "1.18.2" };
    expect(messageOf(HealthCheckReplySchema, encodeHealth(health))).toMatchObject(health);
    const message = bytesOf(HealthCheckReplySchema, { ...health, commit: "c" });
    expect(decodeHealth(message)).toEqual(health);
  });
});
