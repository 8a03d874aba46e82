import { describe, expect, it } from "vitest";
import { isNearHost } from "../../../src/util/near-host.ts";

describe("a host that is near", () => {
  it.each([
    "localhost",
    "127.0.0.1",
    "[::1]",
    "10.1.2.3",
    "172.31.0.1",
    "192.168.1.1",
    "[fd00::1]",
    "qdrant",
    "qdrant.db.svc.cluster.local",
    "a.internal.",
  ])("%s is", (host) => {
    expect(isNearHost(`http://${host}:6333`)).toBe(true);
  });

  it.each(["x.cloud.qdrant.io", "8.8.8.8", "172.32.0.1", "[2001:db8::1]", "10.example.com"])(
    "%s is not",
    (host) => {
      expect(isNearHost(`https://${host}:6333`)).toBe(false);
    },
  );
});
