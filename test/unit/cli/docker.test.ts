import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { runDocker } from "../../../src/cli/docker.ts";
import { temporaryFolder } from "../../support/cli.ts";

const { PATH } = process.env;
afterEach(() => {
  process.env["PATH"] = PATH;
});

const { signal } = new AbortController();

describe.skipIf(process.platform === "win32")("the docker that is installed", () => {
  it("is run as it is, and without its login, and its exit status is told", async () => {
    using folder = temporaryFolder();
    const program = join(folder.path, "docker");
    const said = join(folder.path, "said");
    writeFileSync(program, `#!/bin/sh\necho "$* $DOCKER_CONFIG" >> ${said}\nexit 3\n`);
    chmodSync(program, 0o755);
    process.env["PATH"] = `${folder.path}${delimiter}${PATH}`;
    expect(await runDocker(["manifest", "inspect"], "own", signal)).toBe(3);
    expect(await runDocker(["manifest", "inspect"], "none", signal)).toBe(3);
    const [own = "", none = ""] = readFileSync(said, "utf8").split("\n");
    expect(own).toBe(`manifest inspect ${process.env["DOCKER_CONFIG"] ?? ""}`);
    const [, config = ""] = /^manifest inspect (.+vecferry-docker-.+)$/.exec(none) ?? [];
    expect(config).not.toBe("");
    expect(existsSync(config)).toBe(false);
  });

  it("is null where there is none", async () => {
    using folder = temporaryFolder();
    process.env["PATH"] = folder.path;
    expect(await runDocker(["version"], "own", signal)).toBeNull();
  });

  it("that answers nothing is left to itself when the command is interrupted", async () => {
    using folder = temporaryFolder();
    const program = join(folder.path, "docker");
    writeFileSync(program, "#!/bin/sh\nexec sleep 60\n");
    chmodSync(program, 0o755);
    process.env["PATH"] = `${folder.path}${delimiter}${PATH}`;
    const interrupt = new AbortController();
    const answer = runDocker(["version"], "own", interrupt.signal);
    interrupt.abort();
    await expect(answer).rejects.toMatchObject({ code: "E_ABORTED" });
  });
});
