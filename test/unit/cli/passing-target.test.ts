/** An embedded target that a verb only passes through: taken away where the verb made it, and nobody else's ever. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { openEmbedded } from "../../../src/adapters/qdrant/index.ts";
import { openPassingTarget } from "../../../src/cli/passing-target.ts";
import { Session } from "../../../src/cli/session.ts";
import { testSpec } from "../../../src/testing/target-records.ts";
import { temporaryFolder } from "../../support/cli.ts";

function open(path: string) {
  const io = {
    argv: [],
    variables: {},
    folder: ".",
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    signal: new AbortController().signal,
  };
  return openPassingTarget(new Session(io, []), { kind: "embedded", path }, {});
}

const spec = testSpec();

async function fill(path: string): Promise<void> {
  await using store = await openEmbedded(path);
  await store.ensure(spec);
}

describe("an embedded target that is passed through", () => {
  it("is gone afterwards, with the folders above it that were made", async () => {
    using folder = temporaryFolder();
    {
      await using passing = await open(join(folder.path, "a/b/c"));
      await passing.store.ensure(spec);
      const [info] = await passing.store.collections();
      if (info !== undefined) await passing.store.remove(info, { everything: true });
      expect(existsSync(join(folder.path, "a/b/c/lock"))).toBe(true);
    }
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("leaves folders in which something else stands", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "a/b");
    const passing = await open(path);
    await fill(join(folder.path, "a/other"));
    await passing[Symbol.asyncDispose]();
    expect(readdirSync(join(folder.path, "a"))).toEqual(["other"]);
  });

  it("stays where it was there before, empty or not", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "q");
    await (await openEmbedded(path))[Symbol.asyncDispose]();
    await (await open(path))[Symbol.asyncDispose]();
    expect(existsSync(join(path, "engine.sqlite"))).toBe(true);
  });

  it("stays where a collection stands in it", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "q");
    const passing = await open(path);
    await passing.store.ensure(spec);
    await passing[Symbol.asyncDispose]();
    await using store = await openEmbedded(path);
    expect(await store.collections()).toMatchObject([{ name: spec.name }]);
  });

  it("stays where another has opened it since, and where another has it open", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "q");
    const passing = await open(path);
    await passing.store[Symbol.asyncDispose]();
    await using other = await openEmbedded(path);
    await passing[Symbol.asyncDispose]();
    await expect(open(path)).rejects.toMatchObject({ code: "E_LOCKED" });
    await other.ensure(spec);
    expect(await other.collections()).toHaveLength(1);
    expect(existsSync(join(path, "engine.sqlite"))).toBe(true);
  });
});
