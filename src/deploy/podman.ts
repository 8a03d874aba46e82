/** Qdrant by Podman, as a service of systemd: a quadlet (podman-systemd.unit(5)). */
import type { Deployment } from "./file.ts";
import { firewallSteps } from "./firewall.ts";
import { healthTimes, readyScript } from "./health.ts";
import { qdrantImage, reference } from "./image.ts";

export interface PodmanRequest {
  /** `docker.io`, `ghcr.io` or an image. */
  readonly registry: string;
  readonly version: string;
  /** Of the container, the service, and what its volumes begin with. */
  readonly name: string;
  /** A network of the container's own; null = Podman's usual one. */
  readonly network: string | null;
  /** How much memory the container may take: `4g`. */
  readonly memory: string;
  /** Who may reach the ports, as a CIDR. */
  readonly allowFrom: string;
}

/** The quadlet's files and what to type. */
export function podmanDeployment(request: PodmanRequest): Deployment {
  const { name, network, allowFrom } = request;
  const volumes = ["storage", "snapshots"].map((volume) => ({
    name: `${name}-${volume}.volume`,
    text: `# ${volume} of ${name}.container\n[Volume]\nVolumeName=${name}-${volume}\n`,
  }));
  const networks =
    network === null
      ? []
      : [{ name: `${network}.network`, text: `[Network]\nNetworkName=${network}\n` }];
  const files = [
    { name: `${name}.container`, text: containerText(request) },
    ...volumes,
    ...networks,
  ];
  const folder = "~/.config/containers/systemd";
  return {
    files,
    steps: [
      { what: "Make the key, unless .env has it", commands: ["vecferry deploy env"] },
      {
        what: "Hand it to Podman, which keeps it out of `podman inspect`",
        commands: [
          `(set -a; . ./.env; podman secret create --env=true ${name}-api-key QDRANT_API_KEY)`,
        ],
      },
      {
        what: "Start it, also after the next boot",
        commands: [
          `mkdir -p ${folder} && cp ${files.map((file) => file.name).join(" ")} ${folder}/`,
          "loginctl enable-linger",
          "systemctl --user daemon-reload",
          `systemctl --user start ${name}.service`,
        ],
      },
      {
        what: "Look at it",
        commands: [`podman healthcheck run ${name}`, "vecferry doctor http://localhost:6333"],
      },
      ...firewallSteps(allowFrom, false).slice(0, 2),
    ],
  };
}

function containerText({ name, network, memory, registry, version }: PodmanRequest): string {
  return `${[
    "# Qdrant, as `vecferry deploy podman` writes it.",
    "[Unit]",
    "Description=Qdrant",
    "Wants=network-online.target",
    "After=network-online.target",
    "",
    "[Container]",
    `ContainerName=${name}`,
    `Image=${reference(qdrantImage(registry, version))}`,
    "# REST and gRPC, to everybody who reaches this host; 127.0.0.1:6333:6333 is for this host alone.",
    "PublishPort=6333:6333",
    "PublishPort=6334:6334",
    `Secret=${name}-api-key,type=env,target=QDRANT__SERVICE__API_KEY`,
    "Environment=QDRANT__SERVICE__GRPC_PORT=6334",
    "Environment=QDRANT__LOG_LEVEL=INFO",
    "Environment=QDRANT__STORAGE__ON_DISK_PAYLOAD=true",
    "Environment=QDRANT__TELEMETRY_DISABLED=true",
    `Volume=${name}-storage.volume:/qdrant/storage`,
    `Volume=${name}-snapshots.volume:/qdrant/snapshots`,
    ...(network === null ? [] : [`Network=${network}.network`]),
    "# It flushes when it is asked to stop: Podman alone would kill it after 10 seconds.",
    `PodmanArgs=--memory=${memory} --stop-timeout=60`,
    "Ulimit=nofile=65536:65536",
    "# The image has no curl, and Qdrant no /health.",
    `HealthCmd=bash -c "${readyScript}"`,
    `HealthInterval=${healthTimes.interval}`,
    `HealthTimeout=${healthTimes.timeout}`,
    `HealthRetries=${healthTimes.retries}`,
    `HealthStartPeriod=${healthTimes.startPeriod}`,
    "",
    "[Service]",
    "Restart=always",
    "# The image may have to be pulled first.",
    "TimeoutStartSec=900",
    "TimeoutStopSec=70",
    "",
    "[Install]",
    "WantedBy=default.target",
  ].join("\n")}\n`;
}
