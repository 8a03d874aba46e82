/** What `doctor` can find before an end is read: see `codes.ts`. */
import { qdrantImageName } from "../../model/releases.ts";
import type { CodeEntry } from "./code-entry.ts";

export const reachCodes = {
  "host-not-found": {
    group: "reach",
    severity: "error",
    means: "No address is known for the host's name.",
    remedy: "getent hosts {host}",
  },
  "connection-refused": {
    group: "reach",
    severity: "error",
    means: "The host is there, and nothing listens at the port.",
    remedy: "{start}",
  },
  "no-answer": {
    group: "reach",
    severity: "error",
    means: "Nothing came back in time: a firewall, a wrong port, or a server that hangs.",
    remedy: "curl -v --max-time 60 {url}",
  },
  "connection-lost": {
    group: "reach",
    severity: "error",
    means: "A connection could be made, and was closed before an answer.",
    remedy: "curl -v --max-time 60 {url}",
  },
  "tls-wanted": {
    group: "reach",
    severity: "error",
    means: "The server speaks TLS, and the address does not say so.",
    remedy: "{doctor}",
  },
  "tls-not-spoken": {
    group: "reach",
    severity: "error",
    means: "The address says TLS, and the server does not speak it.",
    remedy: "{doctor}",
  },
  "certificate-untrusted": {
    group: "reach",
    severity: "error",
    means:
      "The server's certificate is signed by nobody who is trusted here, has run out, or is for another name.",
    remedy: "{doctor} {caFlag} FILE",
  },
  "server-fault": {
    group: "reach",
    severity: "error",
    means: "The server answers with a fault of its own, or with what is no answer of its kind.",
    remedy: "curl -v {url}",
  },
  "rate-limited": {
    group: "reach",
    severity: "warning",
    means: "The server lets no more requests through at present.",
    remedy: "vecferry migrate {ends} --max-rows-per-second 500",
  },
  "not-chroma": {
    group: "reach",
    severity: "error",
    means: "What answers at the source's address is no Chroma.",
    remedy: "vecferry doctor chroma://HOST:8000",
  },
  "not-qdrant": {
    group: "reach",
    severity: "error",
    means: "What answers at the target's address is no Qdrant.",
    remedy: "vecferry doctor http://HOST:6333",
  },
  "is-qdrant": {
    group: "reach",
    severity: "error",
    means: "The source's address is a Qdrant's.",
    remedy: "vecferry doctor chroma://{host}:8000 {url}",
  },
  "is-chroma": {
    group: "reach",
    severity: "error",
    means: "The target's address is a Chroma's.",
    remedy: "vecferry doctor {chroma} http://{host}:6333",
  },
  "setting-wrong": {
    group: "reach",
    severity: "error",
    means: "What was said of an end does not fit together.",
    remedy: "vecferry help doctor",
  },
  "tenant-not-found": {
    group: "reach",
    severity: "error",
    means: "The source has no tenant or database of this name.",
    remedy: "vecferry doctor {root}/TENANT/DATABASE",
  },
  unforeseen: {
    group: "reach",
    severity: "error",
    means: "A part of the examination failed; what it would have found is not known.",
    remedy: "{doctor} --json",
  },
  "key-missing": {
    group: "key",
    severity: "error",
    means: "The server wants a key, and none is given.",
    remedy: "{keyFlag} FILE",
  },
  "key-refused": {
    group: "key",
    severity: "error",
    means: "The server does not take the key that is given.",
    remedy: "{keyFlag} FILE",
  },
  "key-read-only": {
    group: "key",
    severity: "error",
    means: "The target's key may read, and not write.",
    remedy: "{keyFlag} FILE",
  },
  "key-limited": {
    group: "key",
    severity: "warning",
    means: "The target's key may write to some collections alone, so none can be made.",
    remedy: "{keyFlag} FILE",
  },
  version: {
    group: "version",
    severity: "info",
    means: "What the end is, as far as it tells.",
    remedy: "",
  },
  "version-too-old": {
    group: "version",
    severity: "error",
    means: "This version, or this format, cannot be used.",
    remedy: "{upgrade}",
  },
  "version-old": {
    group: "version",
    severity: "warning",
    means: "This version can be used, and lacks something that a migration would use.",
    remedy: `docker pull ${qdrantImageName}`,
  },
  "version-newer": {
    group: "version",
    severity: "warning",
    means: "This version is newer than any that vecferry was tested with.",
    remedy: "vecferry quick-test {source} {targetWord}",
  },
  "client-version": {
    group: "version",
    severity: "warning",
    means:
      "A client of Qdrant that the program has is more than one minor version from the server: what one of the two does not know fails when it is used.",
    remedy: "{install}",
  },
  "grpc-port-as-rest": {
    group: "version",
    severity: "error",
    means: "The target's address names the gRPC port, where the REST port belongs.",
    remedy: "{doctor}",
  },
  "rest-port-as-grpc": {
    group: "version",
    severity: "error",
    means: "The gRPC port that was named is a REST port.",
    remedy: "{doctor} --qdrant-grpc-port {port}",
  },
  "grpc-port-wrong": {
    group: "version",
    severity: "error",
    means: "The gRPC port that was named cannot be used.",
    remedy: "{doctor} --qdrant-grpc-port off",
  },
  "rest-alone": {
    group: "version",
    severity: "info",
    means: "Points go by REST, which takes several times as long as gRPC.",
    remedy: "{doctor} --qdrant-grpc-port PORT",
  },
  "clock-skew": {
    group: "version",
    severity: "warning",
    means:
      "The server's clock and this machine's differ: tokens and certificates may be taken for expired.",
    remedy: "timedatectl set-ntp true",
  },
} as const satisfies Record<string, CodeEntry>;
