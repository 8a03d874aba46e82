import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { listenerBytes } from "../../../src/util/listener-memory.ts";

async function withListener(use: (port: number) => void): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    use(typeof address === "object" && address !== null ? address.port : 0);
  } finally {
    server.close();
  }
}

const onLinux = process.platform === "linux";

describe.skipIf(!onLinux)("memory of who listens (skipped where there is no /proc)", () => {
  it("is the resident memory of the process at the port", () =>
    withListener((port) => {
      const bytes = listenerBytes(`http://127.0.0.1:${port}`, /node/) ?? 0;
      const own = process.memoryUsage.rss();
      expect(bytes).toBeGreaterThan(own / 2);
      expect(bytes).toBeLessThan(own * 2);
    }));

  it("is not told of another program than the one that is meant", () =>
    withListener((port) => {
      expect(listenerBytes(`http://localhost:${port}`, /chroma-that-is-not-there/)).toBeNull();
    }));

  it("is not told of another machine, though the same port listens here", () =>
    withListener((port) => {
      expect(listenerBytes(`http://192.0.2.1:${port}`, /node/)).toBeNull();
    }));

  it("is not told where nobody listens", () => {
    expect(listenerBytes("http://127.0.0.1:1", /./)).toBeNull();
  });
});
