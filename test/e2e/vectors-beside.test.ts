/** A collection that has sparse vectors beside the migrated ones: what another program put there stays, and is named. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { runCli, temporaryFolder } from "../support/cli.ts";
import { makeFolder } from "../support/make-folder.ts";
import { serveFolder } from "../support/qdrant-places.ts";

describe("a point to which another program has added a vector of another name", () => {
  it("is not written over where the source has changed, and verify names it", async () => {
    using folder = temporaryFolder();
    await using target = await serveFolder(":memory:");
    const cwd = folder.path;
    makeFolder(join(cwd, "chroma"), { records: 5, dimension: 4, name: "docs" });
    await target.call("PUT", "/collections/docs", {
      vectors: { size: 4, distance: "Euclid" },
      sparse_vectors: { words: {} },
    });
    const ends = ["./chroma", target.url];
    const first = await runCli(["migrate", ...ends], { cwd });
    expect(first.status, first.stderr).toBe(0);
    interface Point {
      readonly id: string;
      readonly vector: Record<string, unknown>;
    }
    const all = { limit: 9, with_vector: true };
    const points = async (): Promise<readonly Point[]> =>
      (await target.call<{ points: Point[] }>("POST", "/collections/docs/points/scroll", all))
        .points;
    const [point] = await points();
    const words = { indices: [1, 2], values: [1, 2] };
    await target.call("PUT", "/collections/docs/points/vectors?wait=true", {
      points: [{ id: point?.id, vector: { words } }],
    });
    const named = await runCli(["verify", ...ends], { cwd });
    expect(named.status, named.stdout).toBe(4);
    {
      const database = new DatabaseSync(join(cwd, "chroma", "chroma.sqlite3"));
      database.exec("update embedding_metadata set int_value = int_value + 1000 where key = 'k0'");
      database.close();
    }
    const again = await runCli(["migrate", ...ends], { cwd });
    expect(again.status, again.stdout).toBe(4);
    const kept = (await points()).find(({ id }) => id === point?.id);
    expect(kept?.vector["words"]).toEqual(words);
  });
});
