/** docs/runtimes.md: Electron, where VECFERRY_ELECTRON is the path of its binary; and the same application over a stand-in of it. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer } from "../../src/testing/server.ts";
import { cleanEnvironment } from "../support/cli.ts";
import { writeElectronApp, writeStandIn } from "../support/electron.ts";
import { unpackPackage } from "../support/packed.ts";
import { scan, scanHelpers } from "../support/scan-app.ts";

const run = promisify(execFile);
const binary = process.env["VECFERRY_ELECTRON"] ?? "";
const why = binary === "" ? " (VECFERRY_ELECTRON is not set)" : "";

interface Result {
  readonly place: "main" | "utility";
  readonly what: string;
  readonly [more: string]: unknown;
}

/** Chromium's sandbox does not start for root; nothing of it is used. */
const flags = ["--no-sandbox", "--disable-gpu"];

/** Starts the application, and gives the results that it printed, in their order. */
async function results(program: string, app: string, folder: string): Promise<Result[]> {
  await using server = await startServer();
  mkdirSync(folder);
  const env = { ...cleanEnvironment(), SMOKE: JSON.stringify({ folder, url: server.url, scan }) };
  const { stdout } = await run(program, [...flags, app], { env, timeout: 120_000 });
  const lines = stdout.split("\n").filter((line) => line.startsWith('{"place"'));
  return lines.map((line) => JSON.parse(line) as Result);
}

/** What both processes do, one after the other. The server keeps what the first has written. */
function expected(electron: unknown): unknown[] {
  const places = ["main", "utility"].flatMap((place, before) => [
    { place, what: "versions", node: expect.any(String), electron },
    { place, what: "memory", before: 0, found: 1 },
    { place, what: "folder", before: 0, found: 1 },
    { place, what: "folder again", before: 1, found: 2 },
    { place, what: "server", before, found: before + 1 },
    { place, what: "scan", nearest: scan.nearest, helpers: expect.toSatisfy(enough) },
  ]);
  return [...places, { place: "main", what: "utility ended", status: 0 }];
}

/** Only Linux tells how many threads a process has. */
function enough(helpers: unknown): boolean {
  return process.platform === "linux" ? Number(helpers) >= scanHelpers : helpers === null;
}

describe("an Electron application with the package unpacked", () => {
  let folder = "";
  let app = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "vecferry-electron-"));
    app = join(folder, "app");
    mkdirSync(app);
    await unpackPackage(app, ["@qdrant/js-client-rest"]);
    writeElectronApp(app);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.skipIf(binary === "")(
    `works in Electron's main process and in a utility process${why}`,
    async () => {
      const said = await results(binary, app, join(folder, "electron-data"));
      expect(said).toEqual(expected(expect.any(String)));
    },
    150_000,
  );

  it.skipIf(process.platform === "win32")(
    "works over a stand-in, which is Node: no Electron runs here",
    async () => {
      const standIn = writeStandIn(join(folder, "stand-in"));
      const said = await results(standIn, app, join(folder, "stand-in-data"));
      expect(said).toEqual(expected(null));
    },
    150_000,
  );
});
