/** `vecferry rollback` that was killed while it restored, where others have written to the Chroma before it goes on. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { collection, RollbackScene, sceneRecords } from "../support/rollback-scene.ts";

const noChroma = chromaAvailable("1.5.9", true);

describe.skipIf(noChroma)(`a rollback that goes on${noChroma ? `: ${noChroma}` : ""}`, () => {
  let chroma: ChromaServer;
  beforeAll(async () => {
    chroma = await startChroma();
  });
  afterAll(async () => {
    await chroma?.[Symbol.asyncDispose]();
  });

  it("names what was written to Chroma since it was killed, and does not write over it", async () => {
    using scene = await RollbackScene.migrated(chroma, "cosine");
    await scene.atQdrant(async (call, pointOf) => {
      for (const id of ["r1", "r2"])
        await call("POST", `/collections/${collection}/points/payload?wait=true`, {
          points: [pointOf(id)],
          payload: { document: `${id} of Qdrant` },
        });
    });
    await scene.drop();
    const env = { VECFERRY_STOP_AT: "after-acknowledge:1" };
    expect((await scene.spawn(["rollback", "run"], env)).status).toBe(null);
    await scene.tellChroma("update", { ids: ["r1"], documents: ["r1 of Chroma"] });

    const back = await scene.rollback();
    const held = await scene.held();
    expect(held.size).toBe(sceneRecords);
    expect(held.get("r1")?.document).toBe("r1 of Chroma");
    expect(held.get("r2")?.document).toBe("r2 of Qdrant");
    expect(back.examples, back.said).toEqual([{ collection, id: "r1", kind: "both" }]);
    expect(back.exit).toBe(4);
  });
});
