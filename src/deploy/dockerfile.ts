/** An image of Qdrant from its source, for who may not or cannot pull one. */
import type { Deployment } from "./file.ts";
import { officialPrefix, rustVersion } from "./image.ts";

export interface DockerfileRequest {
  /** `docker.io`, `ghcr.io` (which has no Rust: Amazon's mirror then), or what the names of Debian's and Rust's images begin with. */
  readonly registry: string;
  readonly version: string;
}

/** The Dockerfile and what to type. @throws E_USAGE for a version whose Rust is not known */
export function dockerfileDeployment({ registry, version }: DockerfileRequest): Deployment {
  const text = dockerfileText(officialPrefix(registry), version, rustVersion(version));
  const image = `qdrant:v${version}`;
  return {
    files: [{ name: "Dockerfile", text }],
    steps: [
      {
        what: "Build it: about 8 GiB of memory, and half an hour on 8 cores",
        commands: [`docker build --tag ${image} .`],
      },
      { what: "Use it", commands: [`vecferry deploy compose --registry ${image}`] },
    ],
  };
}

/** The steps are those of Qdrant's own Dockerfile for one platform, without its web page. */
function dockerfileText(prefix: string, version: string, rust: string): string {
  return `${[
    "# Qdrant from its source, as `vecferry deploy dockerfile` writes it.",
    `FROM ${prefix}/rust:${rust}-bookworm AS build`,
    "RUN apt-get update \\",
    "    && apt-get install -y --no-install-recommends clang cmake libunwind-dev lld pkg-config protobuf-compiler \\",
    "    && rm -rf /var/lib/apt/lists/*",
    "WORKDIR /build",
    `RUN curl --fail --location https://github.com/qdrant/qdrant/archive/refs/tags/v${version}.tar.gz \\`,
    "    | tar -xz --strip-components 1",
    "# Otherwise rustup would fetch another Rust where the source names one.",
    `ENV RUSTUP_TOOLCHAIN=${rust}`,
    "RUN cargo build --release --locked --features stacktrace --bin qdrant",
    "",
    `FROM ${prefix}/debian:13-slim`,
    "RUN apt-get update \\",
    "    && apt-get install -y --no-install-recommends ca-certificates libunwind8 tzdata \\",
    "    && rm -rf /var/lib/apt/lists/*",
    "WORKDIR /qdrant",
    "COPY --from=build /build/target/release/qdrant ./qdrant",
    "COPY --from=build /build/config ./config",
    "COPY --from=build /build/tools/entrypoint.sh ./entrypoint.sh",
    "ENV TZ=Etc/UTC RUN_MODE=production",
    "EXPOSE 6333 6334",
    'CMD ["./entrypoint.sh"]',
  ].join("\n")}\n`;
}
