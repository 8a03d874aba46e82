/** Qdrant by Docker Compose (docs.docker.com/reference/compose-file). */
import { type Deployment, type DeployStep, yamlText } from "./file.ts";
import { firewallSteps } from "./firewall.ts";
import { healthTimes, readyScript } from "./health.ts";
import { chromaImage, qdrantImage, reference } from "./image.ts";

export interface ComposeRequest {
  /** `docker.io`, `ghcr.io` or an image. */
  readonly registry: string;
  readonly version: string;
  /** Of the container and of the project, whose volumes bear it too. */
  readonly name: string;
  /** A network that is there already, and that the application's containers are in. */
  readonly network: string | null;
  /** How much memory the container may take: `4g`. */
  readonly memory: string;
  /** A Chroma beside it. */
  readonly withChroma: boolean;
  /** Who may reach the ports, as a CIDR. */
  readonly allowFrom: string;
}

/** The names that Compose looks for; it reads the first that it finds. */
const names = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"] as const;

/** The compose file and what to type. */
export function composeDeployment(request: ComposeRequest): Deployment {
  const [name, ...rivals] = names;
  return { files: [{ name, text: composeText(request), rivals }], steps: steps(request) };
}

function composeText({ name, network, withChroma, ...request }: ComposeRequest): string {
  const test = JSON.stringify(["CMD", "bash", "-c", readyScript]);
  const joined = network === null ? [] : ["    networks:", `      - ${yamlText(network)}`];
  return `${[
    "# Qdrant, as `vecferry deploy compose` writes it. The key comes from QDRANT_API_KEY in the environment or in .env:",
    "# `vecferry deploy env` makes one.",
    `name: ${yamlText(name)}`,
    "services:",
    "  qdrant:",
    `    image: ${reference(qdrantImage(request.registry, request.version))}`,
    `    container_name: ${yamlText(name)}`,
    "    restart: unless-stopped",
    "    # It flushes when it is asked to stop.",
    "    stop_grace_period: 1m",
    "    ports:",
    "      # REST and gRPC, to everybody who reaches this host; 127.0.0.1:6333:6333 is for this host alone.",
    '      - "6333:6333"',
    '      - "6334:6334"',
    "    environment:",
    `      QDRANT__SERVICE__API_KEY: ${JSON.stringify(`\${QDRANT_API_KEY:?is not set; vecferry deploy env makes one}`)}`,
    '      QDRANT__SERVICE__GRPC_PORT: "6334"',
    `      QDRANT__LOG_LEVEL: ${JSON.stringify(`\${QDRANT_LOG_LEVEL:-INFO}`)}`,
    '      QDRANT__STORAGE__ON_DISK_PAYLOAD: "true"',
    '      QDRANT__TELEMETRY_DISABLED: "true"',
    "    volumes:",
    "      - qdrant_storage:/qdrant/storage",
    "      - qdrant_snapshots:/qdrant/snapshots",
    ...joined,
    `    mem_limit: ${JSON.stringify(request.memory)}`,
    "    ulimits:",
    "      nofile: 65536",
    "    healthcheck:",
    "      # The image has no curl, and Qdrant no /health.",
    `      test: ${test}`,
    `      interval: ${healthTimes.interval}`,
    `      timeout: ${healthTimes.timeout}`,
    `      retries: ${healthTimes.retries}`,
    `      start_period: ${healthTimes.startPeriod}`,
    ...(withChroma ? chromaService(request.registry, joined) : []),
    "volumes:",
    "  qdrant_storage:",
    "  qdrant_snapshots:",
    ...(network === null ? [] : ["networks:", `  ${yamlText(network)}:`, "    external: true"]),
  ].join("\n")}\n`;
}

function chromaService(registry: string, joined: readonly string[]): string[] {
  return [
    "  # For the migration. A folder of an older Chroma is changed when this one opens it: give it a copy.",
    "  chroma:",
    `    image: ${reference(chromaImage(registry))}`,
    "    restart: unless-stopped",
    "    ports:",
    '      - "8000:8000"',
    "    volumes:",
    `      - ${JSON.stringify(`\${CHROMA_FOLDER:-./chroma}:/data`)}`,
    ...joined,
  ];
}

function steps({ network, withChroma, allowFrom }: ComposeRequest): DeployStep[] {
  const chroma = withChroma ? "chroma://localhost:8000" : "./chroma";
  return [
    {
      what: "Make the key, unless .env has it",
      commands: ["vecferry deploy env"],
    },
    ...(network === null
      ? []
      : [
          {
            what: "Make the network, unless it is there",
            commands: [`docker network create ${network}`],
          },
        ]),
    {
      what: "Start it, and wait until it is healthy",
      commands: ["docker compose up --detach --wait"],
    },
    {
      what: "Look at it, then migrate",
      commands: [
        "vecferry doctor http://localhost:6333",
        `vecferry migrate ${chroma} http://localhost:6333`,
      ],
    },
    ...firewallSteps(allowFrom, true),
  ];
}
