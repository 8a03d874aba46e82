import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isArchive } from "../../../../src/adapters/archive/index.ts";
import { VectorError } from "../../../../src/errors.ts";
import { findBackups } from "../../../../src/migrate/rollback/backups.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "vecferry-backups-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function manifestAt(...steps: string[]): void {
  const place = path.join(folder, ...steps);
  mkdirSync(place, { recursive: true });
  writeFileSync(path.join(place, "manifest.json"), "{}");
}

describe("the archives of an installation", () => {
  it("are each found once, however many generations they have", async () => {
    manifestAt("kept");
    manifestAt("kept", "generation-0002");
    manifestAt("elsewhere", "let-go", "generation-0003");
    const found = await findBackups({
      folders: [folder],
      named: null,
      chroma: null,
      now: new Date(),
      signal: AbortSignal.timeout(10_000),
      isArchive,
      openArchive: () => Promise.reject(new VectorError("E_ARCHIVE_DAMAGED", "It is damaged.")),
    });
    expect(found.map((one) => path.relative(folder, one.path)).toSorted()).toEqual([
      path.join("elsewhere", "let-go"),
      "kept",
    ]);
  });
});
