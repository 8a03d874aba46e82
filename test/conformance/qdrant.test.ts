import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { openEmbedded, openQdrant } from "../../src/adapters/qdrant/store.ts";
import { targetSuite } from "../../src/testing/target-suite.ts";

const kit = { describe, it };

targetSuite(kit, {
  name: "embedded :memory:",
  keeps: false,
  open: () => openEmbedded(":memory:"),
});

const folder = mkdtempSync(join(tmpdir(), "vecferry-conformance-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
targetSuite(kit, { name: "embedded folder", keeps: true, open: () => openEmbedded(folder) });

const url = process.env["QDRANT_URL"];
const apiKey = process.env["QDRANT_API_KEY"];
if (url) {
  const options = apiKey ? { apiKey } : {};
  targetSuite(kit, {
    name: "Qdrant server",
    keeps: true,
    open: () => openQdrant({ url }, options),
  });
} else {
  describe.skip("Qdrant server as a target (QDRANT_URL is not set)", () => {
    it("passes the suite", () => undefined);
  });
}
