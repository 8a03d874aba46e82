/** The health check of what `vecferry deploy` writes, run as it stands in the files: against `vecferry serve`, and a Qdrant on this host where QDRANT_URL names one. */
import { spawn } from "node:child_process";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { composeDeployment } from "../../src/deploy/compose.ts";
import { podmanDeployment } from "../../src/deploy/podman.ts";
import { type Engine, openEngine } from "../../src/engine/index.ts";
import { type Serving, serve } from "../../src/server/serve.ts";
import { usualDeployment as request } from "../support/deployment.ts";
import { readProjectFile } from "../support/files.ts";

const real = URL.parse(process.env["QDRANT_URL"] ?? "");
const local = real !== null && ["127.0.0.1", "localhost"].includes(real.hostname);
const why = local ? "" : " (QDRANT_URL names none on this host)";

/** The words of the compose file, behind `CMD`. */
function composeWords(): string[] {
  const [file] = composeDeployment({ ...request, withChroma: false }).files;
  const [kind, ...words] = parse(file?.text ?? "").services.qdrant.healthcheck.test;
  expect(kind).toBe("CMD");
  return words;
}

/** Podman has a shell read the quadlet's line. */
function podmanWords(): string[] {
  const [file] = podmanDeployment(request).files;
  return ["sh", "-c", /^HealthCmd=(.*)$/m.exec(file?.text ?? "")?.[1] ?? ""];
}

async function statusOf(words: readonly string[], port: string): Promise<number | null> {
  const [program = "", ...args] = words.map((word) => word.replace("/6333 ", `/${port} `));
  const child = spawn(program, args, { stdio: "ignore" });
  return await new Promise((settle) => child.once("exit", settle));
}

const checks = [
  { of: "compose", words: composeWords() },
  { of: "podman", words: podmanWords() },
];

describe.skipIf(process.platform === "win32")("the health check of a deployment", () => {
  let engine: Engine;
  let server: Serving;

  beforeAll(async () => {
    engine = await openEngine(":memory:");
    server = await serve(engine, { port: 0, grpcPort: null });
  });
  afterAll(async () => {
    await server.close();
    await engine.close();
  });

  it.each(checks)("finds `vecferry serve` ready: $of", async ({ words }) => {
    expect(await statusOf(words, `${server.port}`)).toBe(0);
  });

  it.each(checks)("fails where nothing listens: $of", async ({ words }) => {
    const gone = await serve(engine, { port: 0, grpcPort: null });
    await gone.close();
    expect(await statusOf(words, `${gone.port}`)).not.toBe(0);
  });

  it.skipIf(!local).each(checks)(`finds a real Qdrant ready${why}: $of`, async ({ words }) => {
    expect(await statusOf(words, real?.port || "80")).toBe(0);
  });

  it("is what docs/guide-corrections.md says", () => {
    const list = JSON.stringify(["CMD", ...composeWords()]).replaceAll('","', '", "');
    expect(readProjectFile("docs/guide-corrections.md")).toContain(`  test: ${list}\n`);
  });
});
