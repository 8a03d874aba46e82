import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { VectorError } from "../../../src/errors.ts";
import { lockMigration } from "../../../src/migrate/lock.ts";
import { newestEnds, readStatus } from "../../../src/migrate/status.ts";
import { fakeContext } from "../../support/fake-migration.ts";
import { Scene } from "../../support/fake-scene.ts";
import { FakeTarget } from "../../support/fake-store.ts";
import { programText } from "../../support/programs.ts";

const statusOf = (scene: Scene) => {
  const [status] = readStatus(scene.context.stateFolder).migrations;
  if (status === undefined) throw new Error("There is no migration.");
  return status;
};

describe("status", () => {
  it("tells state, counts, rate and what to do next after a run", async () => {
    const scene = new Scene(new FakeTarget());
    scene.source.record("ants", "ants-3").vector = [0, 0, 0, 0];
    await scene.migrate();
    const status = statusOf(scene);
    expect(status).toMatchObject({
      source: "chroma://fake:8000",
      target: "http://fake:6333",
      state: "VERIFIED",
      runningPid: null,
      diedPid: null,
      reason: null,
      counts: { listed: 100, written: 99, quarantined: 1 },
      quarantine: { byReason: { "zero-vector": 1 } },
    });
    expect(status.recordsPerSecond).toBeGreaterThan(0);
    expect(status.collections.map(({ name, tenant }) => [name, tenant])).toEqual([
      ["ants", "acme"],
      ["bees", "bolt"],
      ["cats", "acme"],
    ]);
    expect(status.next[0]).toContain("vecferry verify chroma://fake:8000 http://fake:6333");
    expect(newestEnds(scene.context.stateFolder)).toEqual({
      source: "chroma://fake:8000",
      target: "http://fake:6333",
    });
  });

  it("tells which process is at work, while it is", async () => {
    const scene = new Scene(new FakeTarget());
    const seen: ReturnType<typeof statusOf>[] = [];
    scene.source.beforeRead = () => {
      if (seen.length === 0) seen.push(statusOf(scene));
    };
    await scene.migrate();
    expect(seen).toMatchObject([{ runningPid: process.pid, counts: { listed: 100, written: 0 } }]);
  });

  it("tells why a run failed, and how to go on", async () => {
    const scene = new Scene(new FakeTarget());
    let reads = 0;
    scene.source.beforeRead = () => {
      reads += 1;
      if (reads === 5)
        throw new VectorError("E_STORAGE", "The disk is gone.", { next: "Plug it in." });
    };
    await expect(scene.migrate()).rejects.toMatchObject({ code: "E_STORAGE" });
    const status = statusOf(scene);
    expect(status.state).toBe("PAUSED");
    expect(status.reason).toBe("The disk is gone.");
    expect(status.next).toEqual([
      "Plug it in.",
      "`vecferry migrate chroma://fake:8000 http://fake:6333` goes on where it stopped.",
    ]);
  });

  it("tells that a process died at its work", async () => {
    const scene = new Scene(new FakeTarget());
    await scene.migrate();
    const { run } = statusOf(scene);
    const lockModule = new URL("../../../src/migrate/lock.ts", import.meta.url).href;
    const program = `import { lockMigration } from ${JSON.stringify(lockModule)};
      await lockMigration(${JSON.stringify(scene.context.stateFolder)}, ${JSON.stringify(run)});
      console.log("held"); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, programText(program), {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    expect(statusOf(scene)).toMatchObject({ runningPid: child.pid, diedPid: null });
    await expect(scene.migrate()).rejects.toMatchObject({
      code: "E_LOCKED",
      exit: 5,
      message: expect.stringContaining(`Process ${child.pid}`),
    });
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(statusOf(scene)).toMatchObject({ runningPid: null, diedPid: child.pid });
    expect((await scene.migrate()).exit).toBe(0);
  });

  it("says that there is no migration where there is none", () => {
    const { stateFolder } = fakeContext();
    expect(() => readStatus(stateFolder)).toThrow(
      expect.objectContaining({ code: "E_NO_MIGRATION" }),
    );
    expect(newestEnds(stateFolder)).toBeNull();
  });
});

describe("two runs at once", () => {
  it.each(["migrate", "verify"] as const)("are refused: %s beside another", async (verb) => {
    const scene = new Scene(new FakeTarget());
    await scene.migrate();
    await using _lock = await lockMigration(scene.context.stateFolder, statusOf(scene).run);
    await expect(verb === "migrate" ? scene.migrate() : scene.verify()).rejects.toMatchObject({
      code: "E_LOCKED",
      details: { pid: process.pid },
    });
  });
});
