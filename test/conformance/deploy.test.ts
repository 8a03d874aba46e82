/** The units and manifests of deploy/: well formed as far as this machine can tell, and their commands run as they stand there. */
import { execFile, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import { packageVersion } from "../../src/util/version.ts";
import { mainFile, temporaryFolder } from "../support/cli.ts";
import { projectRoot } from "../support/files.ts";

const run = promisify(execFile);
const systemd = join(projectRoot, "deploy/systemd");
const manifest = join(projectRoot, "deploy/kubernetes/vecferry-backup.yaml");
const noSystemd = spawnSync("systemd-analyze", ["--version"]).status !== 0;
const noYaml = spawnSync("python3", ["-c", "import yaml"]).status !== 0;

/** A folder with an embedded Qdrant to back up, and programs called vecferry and npx that run the command as built. */
async function scene(folder: string): Promise<NodeJS.ProcessEnv> {
  const engine = await openEngine(join(folder, "data"));
  await engine.createCollection("docs", { vectors: { size: 2, distance: "Dot" } });
  const data = Float32Array.of(1, 2, 3, 4);
  const vectors = new Map([["", { kind: "dense" as const, dimension: 2, data, present: null }]]);
  await engine.upsert("docs", { ids: ["1", "2"], vectors, payloads: ["{}", '{"a":1}'] });
  await engine.close();
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const command = `exec ${JSON.stringify(process.execPath)} ${JSON.stringify(mainFile)} "$@"\n`;
  writeFileSync(join(bin, "vecferry"), `#!/bin/sh\n${command}`, { mode: 0o755 });
  // npx --yes vecferry@VERSION ...
  writeFileSync(join(bin, "npx"), `#!/bin/sh\nshift 2\n${command}`, { mode: 0o755 });
  return {
    PATH: `${bin}:${process.env["PATH"]}`,
    NO_COLOR: "1",
    VECFERRY_BACKUP_SOURCE: `embedded:${join(folder, "data")}`,
    VECFERRY_BACKUP_ARCHIVE: join(folder, "archive"),
    VECFERRY_KEEP_LAST: "7",
    VECFERRY_KEEP_DAILY: "30",
    VECFERRY_STATE: join(folder, "state"),
  };
}

describe("deploy/systemd", () => {
  it.skipIf(noSystemd)("has units that systemd takes", async () => {
    using folder = temporaryFolder();
    const units = readdirSync(systemd).filter((name) => /\.(service|timer)$/.test(name));
    expect(units).toHaveLength(4);
    for (const unit of units) copyFileSync(join(systemd, unit), join(folder.path, unit));
    const paths = units.map((unit) => join(folder.path, unit));
    await expect(run("systemd-analyze", ["verify", ...paths])).resolves.toBeDefined();
  });

  it("names every variable that it reads in the example", () => {
    const example = readFileSync(join(systemd, "vecferry-backup.env.example"), "utf8");
    for (const unit of ["backup", "drill"]) {
      const text = readFileSync(join(systemd, `vecferry-${unit}.service`), "utf8");
      const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => name);
      expect(names.length).toBeGreaterThan(0);
      expect(names.filter((name) => !example.includes(`\n${name}=`))).toEqual([]);
    }
  });

  it.skipIf(process.platform === "win32")("backs up, adds a generation, and drills", async () => {
    using folder = temporaryFolder();
    const env = await scene(folder.path);
    const start = async (unit: string) => {
      const text = readFileSync(join(systemd, `vecferry-${unit}.service`), "utf8");
      const [, line = ""] = /^ExecStart=(.*)$/m.exec(text) ?? [];
      const own = line.replace("/var/lib/vecferry/", `${folder.path}/`);
      return await run("sh", ["-c", own], { cwd: folder.path, env });
    };
    await start("backup");
    await start("backup");
    const { stdout } = await start("drill");
    expect(stdout).toContain("2 records restored and compared");
    expect(stdout).toContain("The archive can be restored.");
  });
});

describe("deploy/kubernetes", () => {
  it.skipIf(noYaml)(
    "is a claim and two CronJobs that run one at a time, unprivileged",
    async () => {
      const program =
        "import json,sys,yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";
      const { stdout } = await run("python3", ["-c", program, manifest]);
      const [claim, ...jobs] = JSON.parse(stdout);
      expect(claim).toMatchObject({ kind: "PersistentVolumeClaim" });
      expect(jobs).toHaveLength(2);
      for (const { apiVersion, kind, spec } of jobs) {
        expect({ apiVersion, kind }).toEqual({ apiVersion: "batch/v1", kind: "CronJob" });
        expect(spec.concurrencyPolicy).toBe("Forbid");
        const job = spec.jobTemplate.spec;
        const pod = job.template.spec;
        const [container] = pod.containers;
        expect(pod.restartPolicy).toBe("Never");
        expect(pod.securityContext.runAsNonRoot).toBe(true);
        expect(container.securityContext).toMatchObject({ allowPrivilegeEscalation: false });
        expect(job.podFailurePolicy.rules[0].onExitCodes.containerName).toBe(container.name);
        expect(pod.volumes[0].persistentVolumeClaim.claimName).toBe(claim.metadata.name);
        expect(container.args[0]).toContain(`vecferry@${packageVersion} `);
      }
    },
  );

  it.skipIf(process.platform === "win32")("runs its commands, and takes 3 for done", async () => {
    using folder = temporaryFolder();
    const env = await scene(folder.path);
    const scripts = [...readFileSync(manifest, "utf8").matchAll(/- \|\n((?: {18}.*\n)+)/g)];
    expect(scripts).toHaveLength(2);
    for (const [, script = ""] of scripts) {
      const own = script.replaceAll("/archive/vectors", join(folder.path, "vectors"));
      await run("sh", ["-c", own], { cwd: folder.path, env });
    }
    expect(existsSync(join(folder.path, "vectors/manifest.json"))).toBe(true);
    const [[, script = ""] = []] = scripts;
    for (const [said, ends] of [
      [3, 0],
      [5, 5],
      [0, 0],
    ] as const) {
      writeFileSync(join(folder.path, "bin/npx"), `#!/bin/sh\nexit ${said}\n`, { mode: 0o755 });
      expect(spawnSync("sh", ["-c", script], { env }).status).toBe(ends);
    }
  });
});
