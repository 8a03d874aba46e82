import { describe, expect, it } from "vitest";
import {
  bytesToUuid,
  plainPointId,
  tenantPointId,
  uuidToBytes,
} from "../../../src/model/point-id.ts";

// Expected values by Python's uuid.uuid5 over the same namespace and names.
describe("point ids are frozen", () => {
  it.each([
    ["", "b3c44699-0ecc-58f5-8b07-ce66062957a9", "958a85d0-ae40-5940-bd18-f5ad63b49e98"],
    ["a", "7ab194df-30b2-5ce7-95f8-20f7b9f2d00e", "cf8cb57f-cd7b-5557-b6ea-d6cf2cef88eb"],
    [
      "550E8400-E29B-41D4-A716-446655440000",
      "8862b733-439f-5523-97d5-40b03580d6aa",
      "7d293c61-3fea-5e61-87ca-267d8e6fc4d3",
    ],
    ["ünï-🙂", "0f09fd13-0db4-52d7-a624-7df5f9bccad2", "54d5a52b-6ea5-5c73-ae57-1e56408ded83"],
  ])("names the point of %j", (id, plain, ofTenant) => {
    expect(plainPointId(id)).toBe(plain);
    expect(tenantPointId("acme", id)).toBe(ofTenant);
  });

  it("keeps a canonical UUID in a plain collection, and not in a tenanted one", () => {
    const uuid = "550e8400-e29b-41d4-a716-446655440000";
    expect(plainPointId(uuid)).toBe(uuid);
    expect(tenantPointId("acme", uuid)).toBe("2768c360-db62-51f8-9535-eed08f10234a");
  });

  it("tells apart a tenant and an id that run into each other", () => {
    expect(tenantPointId("a", "bc")).not.toBe(tenantPointId("ab", "c"));
  });

  it("goes to bytes and back", () => {
    const uuid = "00112233-4455-6677-8899-aabbccddeeff";
    expect(bytesToUuid(uuidToBytes(uuid))).toBe(uuid);
  });
});
