/** What telemetry and metrics tell of the collections. */
import { encodeConfig } from "../collection/config.ts";
import { reading } from "./operation.ts";

export const telemetryOperations = {
  /** `[{"id", "points", "vectors": {name: how many points have it}, "snapshots", "config"}]`, without damaged collections. */
  getTelemetry: reading((host) => {
    const sound = host.listCollections().filter((name) => !host.damaged.has(name));
    const collections = sound.map((name) => {
      const { ids, vectors, config } = host.collection(name);
      const counts = [...vectors].map(([vector, set]) => [vector, set.count]);
      const head = JSON.stringify({
        id: name,
        points: ids.count,
        vectors: Object.fromEntries(counts),
      });
      return `${head.slice(0, -1)},"config":${encodeConfig(config)}}`;
    });
    return `[${collections.join(",")}]`;
  }),
};
