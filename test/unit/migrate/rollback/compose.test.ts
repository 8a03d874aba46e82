import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseServices, readComposeFiles } from "../../../../src/migrate/rollback/compose.ts";
import { storeVariables } from "../../../../src/migrate/rollback/variables.ts";
import { temporaryFolder } from "../../../support/cli.ts";

const file = `# an installation
services:
  chroma:
    image: chromadb/chroma:1.5.9   # the old one
    volumes:
      - ./data:/data
  qdrant:
    image: "qdrant/qdrant:v1.18.2"
  app:
    build: .
    environment:
      VECTOR_DB_TYPE: qdrant
      QDRANT_URL: "http://qdrant:6333"
      QDRANT_API_KEY: \${KEY}
      OTHER: x
  worker:
    image: acme/worker
    environment:
      - USE_QDRANT=true
      - "QDRANT_HOST=qdrant"
      - OTHER=1
  cache:
    image: redis
    environment: { VECTOR_DB_TYPE: qdrant }

volumes:
  qdrant: {}
`;

describe("the services of a compose file", () => {
  it("are told by their image, or by the variables that they are given", () => {
    const services = parseServices(file, storeVariables);
    expect(services.map(({ name, role }) => [name, role])).toEqual([
      ["chroma", "chroma"],
      ["qdrant", "qdrant"],
      ["app", "application"],
      ["worker", "application"],
      ["cache", "other"],
    ]);
    expect(services[0]?.image).toBe("chromadb/chroma:1.5.9");
    expect(services[2]?.variables).toEqual({
      VECTOR_DB_TYPE: "qdrant",
      QDRANT_URL: "http://qdrant:6333",
      QDRANT_API_KEY: "$" + "{KEY}",
    });
    expect(services[3]?.variables).toEqual({ USE_QDRANT: "true", QDRANT_HOST: "qdrant" });
  });

  it.each([
    "",
    "services:",
    "services: {}",
    "{}",
    "version: '3'",
    "\t",
    "services:\n  - a\n",
    "- a\n- b",
  ])("are none in %j", (text) => {
    expect(parseServices(text, storeVariables)).toEqual([]);
  });

  it("are read from every compose file of a folder, whatever its end", () => {
    using folder = temporaryFolder();
    for (const name of ["compose.yaml", "docker-compose.prod.yml", "podman-compose.yml"])
      writeFileSync(join(folder.path, name), file.replaceAll("\n", "\r\n"));
    writeFileSync(join(folder.path, "compose.txt"), file);
    writeFileSync(join(folder.path, "compose.large.yaml"), "x".repeat(1024 * 1024 + 1));
    const files = readComposeFiles(folder.path, storeVariables);
    expect(files.map(({ file, services, fault }) => [file, services.length, fault])).toEqual([
      ["compose.large.yaml", 0, "It has more than a MiB."],
      ["compose.yaml", 5, null],
      ["docker-compose.prod.yml", 5, null],
      ["podman-compose.yml", 5, null],
    ]);
    expect(readComposeFiles(join(folder.path, "none"), storeVariables)).toEqual([]);
  });
});
