import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { examinationText } from "../../../src/cli/output/doctor.ts";
import { runCli } from "../../../src/cli/run.ts";
import * as registries from "../../../src/migrate/doctor/registry.ts";
import type { SourceEnd, TargetEnd } from "../../../src/migrate/doctor/request.ts";
import { makeFolder } from "../../support/make-folder.ts";
import { type Stub, startStub } from "../../support/stub.ts";

// What is asked over the network is asked of nobody.
vi.mock("../../../src/migrate/doctor/registry.ts", { spy: true });

let folder: string;
let qdrant: Stub;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "vecferry-doctor-"));
  // A Qdrant that lacks notes, which is a warning.
  qdrant = await startStub(({ path }) =>
    path === "/"
      ? { body: { title: "qdrant", version: "1.15.9" } }
      : path === "/collections"
        ? { body: { result: { collections: [] }, status: "ok", time: 0 } }
        : { status: 404, body: "" },
  );
});
afterEach(async () => {
  await qdrant[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

interface Printed {
  readonly exit: number;
  readonly lines: { type: string; code?: string; end?: string; remedy?: string; text?: string }[];
}

async function doctor(
  argv: readonly string[],
  variables: Record<string, string> = {},
): Promise<Printed> {
  let text = "";
  const stdout = new Writable({
    write: (chunk, _encoding, done) => {
      text += chunk;
      done();
    },
  });
  const stderr = new Writable({ write: (_chunk, _encoding, done) => done() });
  const exit = await runCli({
    argv: ["doctor", ...argv, "--json", "--state", join(folder, "state")],
    variables,
    folder,
    stdout,
    stderr,
    signal: new AbortController().signal,
  });
  const lines = text
    .trim()
    .split("\n")
    .filter((line) => line !== "");
  return { exit, lines: lines.map((line) => JSON.parse(line)) };
}

const endsOf = ({ lines }: Printed): string[] =>
  [...new Set(lines.flatMap(({ end }) => end ?? []))].sort();

describe("vecferry doctor", () => {
  it("ends with 6 where a finding is as grave as --fail-on says", async () => {
    const target = `${qdrant.url}?grpc=off`;
    const exitOf = async (...argv: string[]) => (await doctor(argv)).exit;
    expect(await exitOf(target)).toBe(0);
    expect(await exitOf(target, "--fail-on", "error")).toBe(0);
    expect(await exitOf(target, "--fail-on", "warning")).toBe(6);
    expect(await exitOf("http://127.0.0.1:1")).toBe(0);
    expect(await exitOf("http://127.0.0.1:1", "--fail-on", "error")).toBe(6);
    expect(await exitOf("http://127.0.0.1:1", "--fail-on", "warning")).toBe(6);
  });

  it.each([
    [["--fail-on", "info"]],
    [["--full", "--sample", "3"]],
    [["--code", ".", "./chroma"]],
    [["--code", ".", "--target-only"]],
    [["--code", ".", "http://a:6333", "http://b:6333"]],
    [["--registry", "http://a:6333"]],
    [["--registry", "--full"]],
    [["--registry", "--code", "."]],
    [["--code", "./no-such-folder"]],
    [["--source-only", "--target-only"]],
    [["http://a:6333", "http://b:6333"]],
    [["./chroma", "./chroma"]],
    [["qdrant+tls://a"]],
    [["./chroma", "--tenant-mapping", "no-such-file"]],
  ])("refuses %j", async (argv) => {
    const { exit, lines } = await doctor(argv);
    expect([exit, lines.map(({ type }) => type)]).toEqual([2, ["error"]]);
  });

  it("looks at a program's code alone, and fails where it still uses Chroma", async () => {
    writeFileSync(join(folder, "app.py"), "import chromadb\n");
    const { exit, lines } = await doctor(["--code", folder, "--fail-on", "warning"]);
    expect([exit, lines.map(({ type, code }) => code ?? type)]).toEqual([
      6,
      ["code-import", "doctor"],
    ]);
    rmSync(join(folder, "app.py"));
    expect((await doctor(["--code", folder, "--fail-on", "warning"])).exit).toBe(0);
  });

  it("looks at a program's code whatever its own variables say of ends", async () => {
    const variables = { QDRANT_URL: "nowhere", CHROMA_PORT: "none" };
    expect((await doctor(["--code", folder], variables)).exit).toBe(0);
  });

  it("holds the client of a program against the server beside its code", async () => {
    writeFileSync(join(folder, "requirements.txt"), "qdrant-client==1.9.1\n");
    const { exit, lines } = await doctor(["--code", folder, qdrant.url, "--fail-on", "warning"]);
    expect([exit, lines.map(({ type, code }) => code ?? type)]).toEqual([
      6,
      ["client-version", "doctor"],
    ]);
    expect(lines[0]?.remedy).toMatch(/^pip install 'qdrant-client~=1\.\d+\.0'$/);
  });

  it("says which ends it looked at, for they need not have been named", () => {
    const nothing = { findings: [], errors: 0, warnings: 0, infos: 0 };
    const target = { text: "http://a:6333" } as TargetEnd;
    const source = { text: "./chroma" } as SourceEnd;
    const text = (ends: { source: SourceEnd | null; target: TargetEnd | null }): string =>
      examinationText(nothing, ends).split("\n")[0] ?? "";
    expect(text({ source, target })).toBe("Looked at ./chroma and http://a:6333.");
    expect(text({ source: null, target })).toBe("Looked at http://a:6333 alone.");
  });

  it("waits for the registries as long as --timeout-ms says", async () => {
    const nothing = { findings: [], errors: 0, warnings: 0, infos: 0 };
    const asked = vi.mocked(registries.examineRegistry).mockResolvedValue(nothing);
    await doctor(["--registry", "--timeout-ms", "1234"]);
    await doctor(["--registry"], { VECFERRY_TIMEOUT_MS: "4321" });
    await doctor(["--registry"]);
    expect(asked.mock.calls.map(([{ reachMs }]) => reachMs)).toEqual([1234, 4321, 10_000]);
  });

  it("takes one address for the end that it can be", async () => {
    expect(endsOf(await doctor(["http://127.0.0.1:1"]))).toEqual(["target"]);
    expect(endsOf(await doctor(["chroma://127.0.0.1:1"]))).toEqual(["source"]);
    expect(endsOf(await doctor(["./none"]))).toEqual(["source"]);
  });

  it("takes the other end too where a flag or a variable names it, unless one is to be left out", async () => {
    const both = ["chroma://127.0.0.1:1", "--qdrant-url", "http://127.0.0.1:1"];
    expect(endsOf(await doctor(both))).toEqual(["source", "target"]);
    const named = { CHROMA_PORT: "1", CHROMA_HOST: "127.0.0.1", QDRANT_URL: "http://127.0.0.1:1" };
    expect(endsOf(await doctor([], named))).toEqual(["source", "target"]);
    expect(endsOf(await doctor(["--source-only"], named))).toEqual(["source"]);
    expect(endsOf(await doctor(["--target-only"], named))).toEqual(["target"]);
    expect(endsOf(await doctor(["--target-only", qdrant.url], named))).toEqual(["target"]);
  });

  it("keeps the flags that were typed in its remedies, and no key", async () => {
    makeFolder(join(folder, "chroma"), { records: 3, dimension: 2 });
    const { lines } = await doctor([
      join(folder, "chroma"),
      "--default-tenant",
      "a b",
      "--qdrant-api-key=s3cret",
      "--rename=made=x/y",
      "--fail-on",
      "error",
    ]);
    const found = lines.find(({ code }) => code === "name-refused");
    expect(found?.remedy).toBe(
      `vecferry migrate ${join(folder, "chroma")} TARGET --default-tenant 'a b' --qdrant-api-key='***' --state ${join(folder, "state")} --rename made=NEW`,
    );
  });
});
