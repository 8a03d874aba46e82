/** What `vecferry deploy` writes, held against the real parser of its kind, and a real Qdrant where one is at hand (QDRANT_BINARY); Podman's and Helm's own programs where they are named. */
import { execFile, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { matrixMarkdown } from "../../src/deploy/choose.ts";
import { composeDeployment } from "../../src/deploy/compose.ts";
import { dockerfileDeployment } from "../../src/deploy/dockerfile.ts";
import type { Deployment } from "../../src/deploy/file.ts";
import { readyScript } from "../../src/deploy/health.ts";
import { kubernetesDeployment } from "../../src/deploy/kubernetes.ts";
import { nativeDeployment } from "../../src/deploy/native.ts";
import { podmanDeployment } from "../../src/deploy/podman.ts";
import { temporaryFolder } from "../support/cli.ts";
import { usualDeployment as usual } from "../support/deployment.ts";
import { readProjectFile } from "../support/files.ts";

const run = promisify(execFile);
const missing = (program: string): boolean => spawnSync(program, ["--version"]).error !== undefined;
const noSystemd = missing("systemd-analyze");
const noKubectl = spawnSync("kubectl", ["version", "--client"]).status !== 0;
const binary = process.env["QDRANT_BINARY"];
const quadlet = process.env["VECFERRY_QUADLET"] ?? "";
const noQuadlet = quadlet === "" ? " (VECFERRY_QUADLET is not set)" : "";
const helm = process.env["VECFERRY_HELM"] ?? "";
const chart = process.env["QDRANT_HELM_CHART"] ?? "";
const noHelm =
  helm === "" || chart === "" ? " (VECFERRY_HELM or QDRANT_HELM_CHART is not set)" : "";

function textOf({ files }: Deployment, name: string): string {
  return files.find((file) => file.name === name)?.text ?? "";
}

const duration = z.string().regex(/^\d+(s|m)$/);
const port = z.string().regex(/^(?:[\d.]+:)?\d+:\d+$/);
const mount = z.string().regex(/^[^:]+(?::-[^:}]+\})?:\/[\w/]+$/);
const service = {
  image: z.string().regex(/^[\w.:/@-]+$/),
  restart: z.literal("unless-stopped"),
  ports: z.array(port).length(2),
  volumes: z.array(mount).min(1),
  networks: z.array(z.string()).optional(),
};

/** What is written of compose-spec's schema (github.com/compose-spec/compose-spec, schema/compose-spec.json), and nothing beside it. */
const composeFile = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/),
  services: z.strictObject({
    qdrant: z.strictObject({
      ...service,
      container_name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/),
      stop_grace_period: duration,
      environment: z.record(z.string().regex(/^QDRANT__[A-Z_]+$/), z.string()),
      mem_limit: z.string().regex(/^\d+[kmg]$/),
      ulimits: z.strictObject({ nofile: z.int() }),
      healthcheck: z.strictObject({
        test: z.tuple([z.literal("CMD"), z.literal("bash"), z.literal("-c"), z.string()]),
        interval: duration,
        timeout: duration,
        retries: z.int(),
        start_period: duration,
      }),
    }),
    chroma: z.strictObject({ ...service, ports: z.array(port).length(1) }).optional(),
  }),
  volumes: z.strictObject({ qdrant_storage: z.null(), qdrant_snapshots: z.null() }),
  networks: z.record(z.string(), z.strictObject({ external: z.literal(true) })).optional(),
});

/** Every line of a shell that a deployment says. */
function commandsOf({ steps }: Deployment): string[] {
  return steps.flatMap(({ commands }) => commands);
}

describe("deploy compose", () => {
  const compose = (request: object = {}) =>
    parse(textOf(composeDeployment({ ...usual, withChroma: false, ...request }), "compose.yaml"));

  it("is a service qdrant with both ports, a key, volumes, a limit and a health check", () => {
    const { services, volumes, networks } = compose();
    expect(services.qdrant).toMatchObject({
      image: "docker.io/qdrant/qdrant:v1.19.2",
      container_name: "qdrant",
      restart: "unless-stopped",
      ports: ["6333:6333", "6334:6334"],
      mem_limit: "4g",
      volumes: ["qdrant_storage:/qdrant/storage", "qdrant_snapshots:/qdrant/snapshots"],
      healthcheck: {
        test: ["CMD", "bash", "-c", readyScript],
        interval: "30s",
        timeout: "10s",
        retries: 3,
      },
    });
    expect(services.qdrant.environment).toMatchObject({
      QDRANT__SERVICE__API_KEY: expect.stringMatching(/^\$\{QDRANT_API_KEY:\?/),
      QDRANT__LOG_LEVEL: expect.stringContaining("QDRANT_LOG_LEVEL"),
      QDRANT__STORAGE__ON_DISK_PAYLOAD: "true",
    });
    expect(volumes).toHaveProperty("qdrant_storage");
    expect(networks).toBeUndefined();
  });

  it.each([
    {},
    { registry: "ghcr.io", network: "on", withChroma: true, memory: "512m" },
    { registry: "registry.example.com:5000/a/b", name: "my_vectors" },
  ])("holds nothing but what compose-spec knows: %j", (request) => {
    composeFile.parse(compose(request));
  });

  it("names both ends of the migration as they are typed", () => {
    const both = composeDeployment({ ...usual, withChroma: true });
    expect(commandsOf(both)).toContain(
      "vecferry migrate chroma://localhost:8000 http://localhost:6333",
    );
  });

  it("takes the other registry, a network, a name and a Chroma beside it", () => {
    const { name, services, networks } = compose({
      registry: "ghcr.io",
      network: "on",
      name: "vectors",
      withChroma: true,
    });
    expect(name).toBe("vectors");
    expect(services.qdrant.image).toBe("ghcr.io/qdrant/qdrant/qdrant:v1.19.2");
    expect(services.chroma.image).toBe("ghcr.io/chroma-core/chroma:1.5.9");
    expect(services.chroma.networks).toEqual(["on"]);
    expect(networks).toEqual({ on: { external: true } });
  });

  it.each([
    ["registry.example.com:5000/qdrant/qdrant", "registry.example.com:5000/qdrant/qdrant:v1.19.2"],
    ["qdrant:v1.18.2", "qdrant:v1.18.2"],
    ["a.io/q@sha256:12ab", "a.io/q@sha256:12ab"],
  ])("takes the image %s", (registry, image) => {
    expect(compose({ registry }).services.qdrant.image).toBe(image);
  });
});

describe("deploy native", () => {
  it("is a configuration with Qdrant's own names", () => {
    const native = nativeDeployment({ ...usual, host: "127.0.0.1", data: "/var/lib/qdrant" });
    expect(parse(textOf(native, "config.yaml"))).toMatchObject({
      storage: { storage_path: "/var/lib/qdrant/storage", on_disk_payload: true },
      service: { http_port: 6333, grpc_port: 6334 },
      cluster: { enabled: false },
      telemetry_disabled: true,
    });
  });

  it("downloads the binary of the machine that it is typed on", async () => {
    const native = nativeDeployment({ ...usual, host: "127.0.0.1", data: "/var/lib/qdrant" });
    const lines = commandsOf(native).filter((line) => line.startsWith("curl"));
    const files = lines.map((line) => / (https:\S+?\/qdrant-.*\.tar\.gz) \|/.exec(line)?.[1]);
    expect(files).toEqual([
      expect.stringMatching(/\/v1\.19\.2\/qdrant-\$\(uname -m\)-unknown-linux-musl\.tar\.gz$/),
      expect.stringMatching(/\$\(uname -m \| sed s\/arm64\/aarch64\/\)-apple-darwin\.tar\.gz$/),
    ]);
  });

  it.skipIf(noSystemd)("has a unit that systemd takes", async () => {
    using folder = temporaryFolder();
    const native = nativeDeployment({ ...usual, host: "127.0.0.1", data: "/var/lib/qdrant" });
    const program = join(folder.path, "qdrant");
    writeFileSync(program, "#!/bin/sh\n");
    chmodSync(program, 0o755);
    const unit = join(folder.path, "qdrant.service");
    writeFileSync(unit, textOf(native, "qdrant.service").replace("/usr/local/bin/qdrant", program));
    const { stderr } = await run("systemd-analyze", ["verify", unit]);
    expect(stderr).not.toContain(unit);
  });

  it.skipIf(binary === undefined)(
    "starts a real Qdrant, which its health check finds",
    async () => {
      using folder = temporaryFolder();
      const native = nativeDeployment({ ...usual, host: "127.0.0.1", data: folder.path });
      const [rest, grpc] = [await freePort(), await freePort()];
      const config = join(folder.path, "config.yaml");
      const text = textOf(native, "config.yaml")
        .replace("6333", `${rest}`)
        .replace("6334", `${grpc}`);
      writeFileSync(config, text);
      const healthy = (): number | null =>
        spawnSync("bash", ["-c", readyScript.replace("6333", `${rest}`)]).status;
      expect(healthy()).not.toBe(0);
      const env = { ...process.env, QDRANT__SERVICE__API_KEY: "a-key" };
      const options = { cwd: folder.path, env, stdio: "ignore" as const };
      const server = spawn(binary ?? "", ["--config-path", config], options);
      const ended = new Promise((resolve) => server.once("exit", resolve));
      try {
        for (let tries = 0; tries < 200 && healthy() !== 0; tries += 1) await sleep(100);
        expect(healthy()).toBe(0);
        const url = `http://127.0.0.1:${rest}/collections`;
        expect((await fetch(url)).status).toBe(401);
        expect((await fetch(url, { headers: { "api-key": "a-key" } })).status).toBe(200);
      } finally {
        server.kill("SIGTERM");
        await ended;
      }
    },
    60_000,
  );
});

describe("deploy podman", () => {
  it("is a quadlet of a container with its volumes and its network", () => {
    const { files } = podmanDeployment({ ...usual, network: "backend" });
    expect(files.map(({ name }) => name)).toEqual([
      "qdrant.container",
      "qdrant-storage.volume",
      "qdrant-snapshots.volume",
      "backend.network",
    ]);
    const lines = textOf({ files, steps: [] }, "qdrant.container").split("\n");
    // Those that podman-systemd.unit(5) knows, since Podman 4.5; the others of the file are systemd's.
    const known =
      "ContainerName Image PublishPort Secret Environment Volume Network PodmanArgs Ulimit HealthCmd HealthInterval HealthTimeout HealthRetries HealthStartPeriod".split(
        " ",
      );
    const text = lines.slice(lines.indexOf("[Container]") + 1, lines.indexOf("[Service]"));
    const keys = text.flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []);
    expect(keys.filter((key) => !known.includes(key))).toEqual([]);
    expect(keys).toEqual(expect.arrayContaining(["Image", "Secret", "HealthCmd"]));
    expect(lines).toContain(`HealthCmd=bash -c "${readyScript}"`);
    expect(lines.filter((line) => !/^(\[\w+\]|\w+=.+|# .+|)$/.test(line))).toEqual([]);
    // Each of these two is read by a unit, a shell or a compose file in its own way.
    expect(readyScript).not.toMatch(/[$%]/);
  });
});

describe("deploy podman, by Podman's own generator", () => {
  it.skipIf(noQuadlet !== "")(
    `becomes a service that stops in its own time${noQuadlet}`,
    async () => {
      using folder = temporaryFolder();
      for (const { name, text } of podmanDeployment({ ...usual, network: "backend" }).files)
        writeFileSync(join(folder.path, name), text);
      const env = { ...process.env, QUADLET_UNIT_DIRS: folder.path };
      const { stdout } = await run(quadlet, ["-dryrun", "-user"], { env });
      for (const name of ["backend-network", "qdrant-storage-volume", "qdrant-snapshots-volume"]) {
        expect(stdout).toContain(`---${name}.service---`);
        expect(stdout).toContain(`Requires=${name}.service`);
      }
      const start = /^ExecStart=.* run .*$/m.exec(stdout)?.[0].replaceAll("\\x20", " ");
      for (const words of [
        "--name qdrant",
        "--publish 6333:6333 --publish 6334:6334",
        "--secret qdrant-api-key,type=env,target=QDRANT__SERVICE__API_KEY",
        "-v qdrant-storage:/qdrant/storage -v qdrant-snapshots:/qdrant/snapshots",
        `--health-cmd "bash -c \\"${readyScript.replaceAll("\\", "\\\\")}\\""`,
        "--memory=4g --stop-timeout=60 docker.io/qdrant/qdrant:v1.19.2",
      ])
        expect(start).toContain(words);
    },
  );
});

describe("deploy dockerfile", () => {
  it.each([
    ["1.19.2", "1.97.1"],
    ["1.18.2", "1.96.0"],
    ["1.10.0", "1.79.0"],
  ])("builds %s with Rust %s", (version, rust) => {
    const text = textOf(dockerfileDeployment({ ...usual, version }), "Dockerfile");
    expect(text).toContain(`FROM docker.io/library/rust:${rust}-bookworm AS build`);
    expect(text).toContain(`/tags/v${version}.tar.gz`);
  });

  it("refuses a version whose Rust is not known", () => {
    expect(() => dockerfileDeployment({ ...usual, version: "2.0.0" })).toThrow(
      expect.objectContaining({ code: "E_USAGE" }),
    );
  });
});

describe("deploy k8s", () => {
  const files = kubernetesDeployment({ ...usual, memory: "16g", disk: "50Gi" });

  it("is three nodes that replicate", () => {
    expect(parse(textOf(files, "qdrant-values.yaml"))).toMatchObject({
      replicaCount: 3,
      image: { repository: "docker.io/qdrant/qdrant", tag: "v1.19.2" },
      config: {
        cluster: { enabled: true },
        telemetry_disabled: true,
        storage: { collection: { replication_factor: 2 } },
      },
      env: [
        {
          name: "QDRANT__SERVICE__API_KEY",
          valueFrom: { secretKeyRef: { name: "qdrant-api-key", key: "api-key" } },
        },
      ],
      resources: { limits: { memory: "16Gi" } },
    });
  });

  it.skipIf(noHelm !== "")(`is what Qdrant's chart makes three nodes of${noHelm}`, async () => {
    using folder = temporaryFolder();
    const values = join(folder.path, "values.yaml");
    writeFileSync(values, textOf(files, "qdrant-values.yaml"));
    const { stdout } = await run(helm, ["template", "qdrant", chart, "--values", values]);
    const made = parseAllDocuments(stdout).map((document) => document.toJS());
    const byKind = (kind: string) => made.filter((one) => one?.kind === kind);
    const { spec } = byKind("StatefulSet")[0];
    expect(spec.replicas).toBe(3);
    const [container] = spec.template.spec.containers;
    expect(container.image).toBe("docker.io/qdrant/qdrant:v1.19.2");
    expect(container.env).toContainEqual({
      name: "QDRANT__SERVICE__API_KEY",
      valueFrom: { secretKeyRef: { name: "qdrant-api-key", key: "api-key" } },
    });
    expect(container.readinessProbe.httpGet).toEqual({ path: "/readyz", port: 6333 });
    expect(container.resources.limits).toEqual({ memory: "16Gi" });
    const claims = spec.volumeClaimTemplates.map(
      (claim: { metadata: { name: string }; spec: { resources: object } }) => [
        claim.metadata.name,
        claim.spec.resources,
      ],
    );
    const size = { requests: { storage: "50Gi" } };
    expect(claims).toEqual([
      ["qdrant-storage", size],
      ["qdrant-snapshots", size],
    ]);
    const { data } = byKind("ConfigMap").find(({ metadata }) => metadata.name === "qdrant");
    expect(parse(data["production.yaml"])).toMatchObject({
      cluster: { enabled: true, p2p: { port: 6335 } },
      storage: { collection: { replication_factor: 2 }, on_disk_payload: true },
      telemetry_disabled: true,
    });
    expect(byKind("PodDisruptionBudget")[0].spec.maxUnavailable).toBe(1);
    // What the policy and the affinity choose pods by.
    const labels = { "app.kubernetes.io/name": "qdrant", "app.kubernetes.io/instance": "qdrant" };
    expect(spec.template.metadata.labels).toMatchObject(labels);
  });

  it.skipIf(noKubectl)("has a network policy that kubectl reads", async () => {
    using folder = temporaryFolder();
    mkdirSync(folder.path, { recursive: true });
    const file = join(folder.path, "policy.yaml");
    writeFileSync(file, textOf(files, "qdrant-network-policy.yaml"));
    const args = ["label", "--local", "--filename", file, "a=b", "--output", "json"];
    const { stdout } = await run("kubectl", args);
    const { spec } = JSON.parse(stdout);
    expect(spec.ingress[0].ports).toEqual([
      expect.objectContaining({ port: 6333 }),
      expect.objectContaining({ port: 6334 }),
    ]);
  });
});

describe("docs/deployment.md", () => {
  it("has the matrix of `deploy choose`", () => {
    expect(readProjectFile("docs/deployment.md")).toContain(matrixMarkdown());
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
