import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { runCli, temporaryFolder } from "../support/cli.ts";
import { cloudKey, cloudRecords, cloudScene } from "../support/cloud-scene.ts";

const skip = chromaAvailable("1.5.9", true);

describe.skipIf(skip)(
  `compare from Chroma Cloud's stand-in${skip ? ` (skipped: ${skip})` : ""}`,
  () => {
    let server: ChromaServer;
    beforeAll(async () => {
      server = await startChroma({ version: "1.5.9" });
    });
    afterAll(() => server?.[Symbol.asyncDispose]());

    it("stays within the quotas: no more than eight queries in flight", async () => {
      using folder = temporaryFolder();
      await using scene = await cloudScene(server, cloudRecords(350));
      const options = { cwd: folder.path, env: { CHROMA_API_KEY: cloudKey } };
      const asked = ["--compare", "--query-sample", "40", "--min-recall", "0.9", "--json"];
      const ended = await runCli(
        ["migrate", scene.address, "embedded:./target", ...asked],
        options,
      );
      expect(ended.status, ended.stderr).toBe(0);
      const result = ended.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))
        .at(-1);
      const { latency, all } = result.report.compare;
      expect(latency.source.map(({ inFlight }: { inFlight: number }) => inFlight)).toEqual([1, 8]);
      expect(all.recall).toMatchObject({ exact: 1, target: { mean: 1 } });
    });
  },
);
