/** The flags of `deploy`. */
import { isIP } from "node:net";
import { keepers, uses } from "../deploy/choose.ts";
import { qdrantRelease, registries } from "../model/releases.ts";
import type { FlagTable } from "./setting.ts";
import { listenAddress, oneOf, onOff, text, wholeNumber } from "./values.ts";

/** Where the files go. */
export const deployFileFlags = {
  to: {
    flag: "--to <folder>",
    help: "where the files go; default: this folder",
    schema: text,
  },
  stdout: {
    flag: "--stdout",
    help: "print them instead; what to do with them then stands on stderr",
    schema: onOff,
  },
  force: {
    flag: "--force",
    help: "write over files that are there already",
    schema: onOff,
  },
} as const satisfies FlagTable;

const version = {
  flag: "--qdrant-version <version>",
  help: `default ${qdrantRelease}`,
  schema: text.regex(/^\d+\.\d+\.\d+$/, `must be a version in full, such as ${qdrantRelease}`),
};

const imageText = text.regex(
  /^[a-z0-9]([a-z0-9._:/@-]*[A-Za-z0-9])?$|^[a-z0-9][a-z0-9._/-]*(:\d+\/[a-z0-9._/-]+)?:[\w.-]+$/,
  `must be ${registries.join(", ")}, or the name of an image`,
);

const imageFlags = {
  registry: {
    flag: "--registry <registry>",
    help: "docker.io (default), ghcr.io, or the whole name of an image: the way round a Docker Hub that answers 401",
    schema: imageText,
  },
  version,
} as const satisfies FlagTable;

const nameFlags = {
  name: {
    flag: "--name <name>",
    help: "what it is called; default qdrant",
    schema: text.regex(
      /^[a-z0-9][a-z0-9_-]{0,62}$/,
      "must be lowercase letters, digits, _ and -, 63 at most",
    ),
  },
} as const satisfies FlagTable;

const memoryFlags = {
  memory: {
    flag: "--memory <size>",
    help: "the most memory that it may take; default 4g (`vecferry plan` says what a migration needs)",
    schema: text.regex(/^[1-9]\d{0,6}[mg]$/, "must be a whole number with m or g, such as 4g"),
  },
} as const satisfies FlagTable;

const fromFlags = {
  allowFrom: {
    flag: "--allow-from <network>",
    help: "who may reach it, for the firewall lines; default 10.0.0.0/8",
    schema: text.refine(isNetwork, "must be a network such as 10.0.0.0/8 or 2001:db8::/32"),
  },
} as const satisfies FlagTable;

const networkFlags = {
  network: {
    flag: "--network <name>",
    help: "the network that the container joins",
    schema: text.regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/, "must be the name of a network"),
  },
} as const satisfies FlagTable;

export const composeFlags = {
  ...imageFlags,
  ...nameFlags,
  ...networkFlags,
  ...memoryFlags,
  withChroma: {
    flag: "--with-chroma",
    help: "a Chroma beside it, for the migration",
    schema: onOff,
  },
  ...fromFlags,
} as const satisfies FlagTable;

export const podmanFlags = {
  ...imageFlags,
  ...nameFlags,
  ...networkFlags,
  ...memoryFlags,
  ...fromFlags,
} as const satisfies FlagTable;

export const nativeFlags = {
  version,
  data: {
    flag: "--data <folder>",
    help: "where its data go; default /var/lib/qdrant; a relative one is for a server that is started by hand, without a unit",
    schema: text.regex(/^[^\n\r"%]+$/, "must be a folder"),
  },
  host: {
    flag: "--host <address>",
    help: "the address that it listens at; default 127.0.0.1, and 0.0.0.0 is every one",
    schema: listenAddress,
  },
  ...memoryFlags,
  ...fromFlags,
} as const satisfies FlagTable;

export const dockerfileFlags = {
  registry: {
    flag: "--registry <registry>",
    help: "where Rust's and Debian's images come from: docker.io (default), ghcr.io (by Amazon's mirror), or what their names begin with",
    schema: imageText,
  },
  version,
} as const satisfies FlagTable;

export const kubernetesFlags = {
  ...imageFlags,
  ...nameFlags,
  ...memoryFlags,
  disk: {
    flag: "--disk <size>",
    help: "the disk of each node, and of its snapshots; default 50Gi",
    schema: text.regex(/^[1-9]\d{0,5}[GT]i$/, "must be a whole number with Gi or Ti, such as 50Gi"),
  },
} as const satisfies FlagTable;

export const cloudFlags = {
  test: {
    flag: "--test",
    help: "write nothing: try the address, the key and gRPC, as the variables or the flags below give them",
    schema: onOff,
  },
} as const satisfies FlagTable;

export const environmentFlags = {
  file: {
    flag: "--file <file>",
    help: "the file of variables that gets the key; default .env",
    schema: text,
  },
  stdout: {
    flag: "--stdout",
    help: "only show: make no key, write nothing",
    schema: onOff,
  },
  force: {
    flag: "--force",
    help: "add the key to a file that is there already; its other lines stay",
    schema: onOff,
  },
} as const satisfies FlagTable;

export const chooseFlags = {
  use: {
    flag: "--use <use>",
    help: `what searches the vectors: ${uses.join(", ")}`,
    schema: oneOf(uses),
  },
  vectors: {
    flag: "--vectors <count>",
    help: "how many it will be in a year",
    schema: wholeNumber(1, 1e14),
  },
  keeper: {
    flag: "--kept-by <keeper>",
    help: `who keeps it running: ${keepers.join(", ")}`,
    schema: oneOf(keepers),
  },
} as const satisfies FlagTable;

function isNetwork(network: string): boolean {
  const [address = "", bits = "", ...rest] = network.split("/");
  const family = isIP(address);
  return (
    family !== 0 &&
    rest.length === 0 &&
    /^\d{1,3}$/.test(bits) &&
    Number(bits) <= (family === 4 ? 32 : 128)
  );
}
