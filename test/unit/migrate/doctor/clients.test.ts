import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { findClients } from "../../../../src/migrate/doctor/clients.ts";
import { temporaryFolder } from "../../../support/cli.ts";
import { codesOf, examine, only } from "../../../support/doctor-scene.ts";
import { startStub } from "../../../support/stub.ts";

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const rest = "@qdrant/js-client-rest";
const grpc = "@qdrant/js-client-grpc";

describe("the clients of a program", () => {
  it.each([
    ["package.json", `{"dependencies":{"${rest}":"1.9.0"}}`, [rest, "1.9.0"]],
    ["package.json", `{"devDependencies":{"${grpc}":"~1.9"}}`, [grpc, "1.9"]],
    ["package.json", `{"dependencies":{"${rest}":"^1.9.0"}}`, null],
    ["package.json", "no JSON", null],
    [`node_modules/${rest}/package.json`, '{"version":"1.18.0"}', [rest, "1.18.0"]],
    ["requirements-dev.txt", "fastapi\nQdrant\nqdrant-client[fastembed] == 1.7.3\n", "1.7.3"],
    ["pyproject.toml", 'dependencies = ["qdrant_client~=1.8.0"]', "1.8.0"],
    ["pyproject.toml", 'dependencies = ["qdrant_client~=1.8"]', null],
    ["requirements.txt", "qdrant-client==1.8.*", "1.8"],
    ["requirements.txt", "# qdrant-client==1.7.3\nqdrant-client>=1.7\n", null],
    [".venv/lib/python3.12/site-packages/qdrant_client-1.6.0.dist-info/METADATA", "", "1.6.0"],
    ["venv/Lib/site-packages/qdrant_client-1.6.0.dist-info/METADATA", "", "1.6.0"],
  ])("are told by %s: %s", async (path, text, client) => {
    using folder = temporaryFolder();
    write(folder.path, path, text);
    const [name, version] = typeof client === "string" ? ["qdrant-client", client] : (client ?? []);
    const found = await findClients(folder.path);
    expect(found).toMatchObject(name === undefined ? [] : [{ name, version }]);
  });

  it("are those that are installed, whatever is asked for", async () => {
    using folder = temporaryFolder();
    write(folder.path, "package.json", `{"dependencies":{"${rest}":"1.9.0"}}`);
    write(folder.path, `node_modules/${rest}/package.json`, '{"version":"1.17.0"}');
    expect(await findClients(folder.path)).toMatchObject([{ version: "1.17.0" }]);
  });

  it.each([
    ["1.16.9", ["client-version"]],
    ["1.17.0", []],
    ["1.19.0", []],
    ["1.20.0", ["client-version"]],
    ["2.18.0", ["client-version"]],
  ])("of version %s beside a server 1.18.2 are %j", async (version, codes) => {
    using folder = temporaryFolder();
    write(folder.path, `node_modules/${rest}/package.json`, JSON.stringify({ version }));
    await using stub = await startStub(({ path }) =>
      path === "/"
        ? { body: { title: "qdrant", version: "1.18.2" } }
        : path === "/collections"
          ? { body: { result: { collections: [] }, status: "ok", time: 0 } }
          : { status: 404, body: "" },
    );
    const target = `${stub.url}?grpc=off`;
    const findings = await examine({ target, programFolder: folder.path });
    expect(codesOf(findings)).toEqual(codes);
    if (codes.length > 0)
      expect(only(findings, "client-version")).toMatchObject({
        end: "here",
        evidence: { client: rest, version, server: "1.18.2" },
        remedy: `npm install ${rest}@~1.18.0`,
      });
  });
});
