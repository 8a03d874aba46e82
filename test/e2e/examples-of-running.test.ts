/** examples/ that are no programs: their commands run as they stand there, by the command as built. */
import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { packageVersion } from "../../src/util/version.ts";
import { mainFile, temporaryFolder } from "../support/cli.ts";
import { projectRoot } from "../support/files.ts";
import { programFile } from "../support/programs.ts";

const run = promisify(execFile);
const read = (name: string): string => readFileSync(join(projectRoot, "examples", name), "utf8");

/** The shell's lines that stand in a YAML's blocks. */
function scriptsOf(text: string): string[] {
  return [...text.matchAll(/(?:- |run: )\|\n((?: {10,}.*\n)+)/g)].map(([, script = ""]) => script);
}

/** A folder with the demonstration's Chroma, and an npx that runs the command as built. */
async function scene(folder: string): Promise<NodeJS.ProcessEnv> {
  const chroma = join(folder, "chroma_data");
  mkdirSync(chroma);
  await run("tar", ["-xzf", join(projectRoot, "examples/chroma.tar.gz"), "-C", chroma]);
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const command = `exec ${JSON.stringify(process.execPath)} ${JSON.stringify(mainFile)} "$@"\n`;
  writeFileSync(join(bin, "npx"), `#!/bin/sh\nshift 2\n${command}`, { mode: 0o755 });
  return { PATH: `${bin}:${process.env["PATH"]}`, NO_COLOR: "1" };
}

describe("examples/", () => {
  it("are YAML: a claim, and a Job that mounts it and runs unprivileged; a workflow with one job", () => {
    const [claim, job] = parseAllDocuments(read("kubernetes-job.yaml")).map((one) => one.toJS());
    expect(claim.kind).toBe("PersistentVolumeClaim");
    expect([job.apiVersion, job.kind]).toEqual(["batch/v1", "Job"]);
    const pod = job.spec.template.spec;
    const [container] = pod.containers;
    expect(pod.securityContext.runAsNonRoot).toBe(true);
    expect(pod.volumes[0].persistentVolumeClaim.claimName).toBe(claim.metadata.name);
    expect(job.spec.podFailurePolicy.rules[0].onExitCodes.containerName).toBe(container.name);
    const workflow = parse(read("github-actions.yml"));
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(workflow.jobs.rehearse.steps).toHaveLength(6);
  });
});

const noKubectl = spawnSync("kubectl", ["version", "--client"]).status !== 0;

describe("programs that read them", () => {
  it.skipIf(noKubectl)("kubectl takes the claim and the Job for what they are", async () => {
    const file = join(projectRoot, "examples/kubernetes-job.yaml");
    const args = ["label", "--local", "--filename", file, "a=b", "--output", "name"];
    const { stdout } = await run("kubectl", args);
    expect(stdout.trim().split("\n")).toEqual([
      "persistentvolumeclaim/vecferry-state",
      "job.batch/vecferry-migrate",
    ]);
  });

  it("the demonstration moves three tenants, and finds the same again", async () => {
    const { stdout } = await run(
      process.execPath,
      programFile(join(projectRoot, "examples/demo.ts")),
    );
    expect(stdout).toContain("The report is demo-out/migration_report.json.");
  });
});

describe.skipIf(process.platform === "win32")("as they stand there", () => {
  it("kubernetes-job.yaml migrates, and goes on from its volume", async () => {
    using folder = temporaryFolder();
    const scripts = scriptsOf(read("kubernetes-job.yaml"));
    expect(scripts).toHaveLength(1);
    expect(scripts[0]).toContain(`vecferry@${packageVersion} `);
    const env = {
      ...(await scene(folder.path)),
      VECFERRY_SOURCE: "./chroma_data",
      VECFERRY_TARGET: "embedded:./qdrant_data",
      VECFERRY_STATE: join(folder.path, "state"),
    };
    const pod = () => run("sh", ["-c", scripts[0] ?? ""], { cwd: folder.path, env });
    await pod();
    const { stdout } = await pod();
    expect(stdout).toContain("0 added, 0 changed, 0 deleted");
  });

  it("github-actions.yml examines, migrates and compares", async () => {
    using folder = temporaryFolder();
    const scripts = scriptsOf(read("github-actions.yml"));
    expect(scripts).toHaveLength(3);
    const env = await scene(folder.path);
    for (const script of scripts) {
      expect(script).toContain(`vecferry@${packageVersion} `);
      await run("sh", ["-c", script], { cwd: folder.path, env });
    }
    const report: unknown = JSON.parse(readFileSync(join(folder.path, "report.json"), "utf8"));
    expect(report).toMatchObject({ exit: 0 });
  });
});
