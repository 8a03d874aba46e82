/** Which Qdrant is deployed: its version, the images of it, and the Rust that builds it. */
import { VectorError } from "../errors.ts";
import {
  chromaRelease,
  qdrantImages,
  qdrantRelease,
  type Registry,
  registries,
} from "../model/releases.ts";

/** The newest Helm chart that is known to be there (github.com/qdrant/qdrant-helm). */
export const chartVersion = "1.19.0";

const chromaImages: Readonly<Record<Registry, string>> = {
  "docker.io": "docker.io/chromadb/chroma",
  "ghcr.io": "ghcr.io/chroma-core/chroma",
};

/** Where the images of Debian and Rust come from; ghcr.io has neither, and Amazon mirrors Docker's official ones. */
const officialImages: Readonly<Record<Registry, string>> = {
  "docker.io": "docker.io/library",
  "ghcr.io": "public.ecr.aws/docker/library",
};

/** An image: what stands before the last colon, and the tag. */
export interface Image {
  readonly repository: string;
  readonly tag: string;
}

/** The one reference of an image that container programs take. */
export function reference({ repository, tag }: Image): string {
  return tag.startsWith("sha256:") ? `${repository}@${tag}` : `${repository}:${tag}`;
}

/** Whether `word` is one of the registries; else it is an image. */
export function isRegistry(word: string): word is Registry {
  return registries.some((one) => one === word);
}

/** Qdrant's image at `registry`: one of the two, or an image, which keeps the tag that it has. */
export function qdrantImage(registry: string, version: string): Image {
  const tag = `v${version}`;
  if (isRegistry(registry)) return { repository: qdrantImages[registry], tag };
  const [named = "", digest] = registry.split("@");
  if (digest !== undefined) return { repository: named, tag: digest };
  // A colon before a slash is a port's.
  const [, repository, own] = /^(.*):([^/:]+)$/.exec(named) ?? [];
  if (repository === undefined || own === undefined) return { repository: named, tag };
  return { repository, tag: own };
}

/** Chroma's image; where Qdrant's is somebody's own, the one that Docker Hub does not limit. */
export function chromaImage(registry: string): Image {
  const repository = chromaImages[isRegistry(registry) ? registry : "ghcr.io"];
  return { repository, tag: chromaRelease };
}

/** What the names of Docker's official images begin with. */
export function officialPrefix(registry: string): string {
  return isRegistry(registry) ? officialImages[registry] : registry.replace(/\/+$/, "");
}

/**
 * The Rust that each Qdrant is built with by its own maintainers: `FROM …cargo-chef:latest-rust-…` of its Dockerfile at the tag. Of a
 * minor version the newest patch's, which builds those before it too.
 */
const rustVersions: Readonly<Record<string, string>> = {
  "1.10": "1.79.0",
  "1.11": "1.81.0",
  "1.12": "1.83.0",
  "1.13": "1.85.1",
  "1.14": "1.87.0",
  "1.15": "1.90.0",
  "1.16": "1.92.0",
  "1.17": "1.94.0",
  "1.18": "1.96.0",
  "1.19": "1.97.1",
};

/** The Rust that builds this Qdrant. @throws E_USAGE for a version that is not known */
export function rustVersion(version: string): string {
  const minor = version.replace(/\.\d+$/, "");
  const rust = rustVersions[minor];
  if (rust !== undefined) return rust;
  const known = Object.keys(rustVersions);
  throw new VectorError("E_USAGE", `It is not known which Rust builds Qdrant ${version}.`, {
    next: `Choose a version from ${known[0]} to ${known.at(-1)}: --qdrant-version ${qdrantRelease}.`,
  });
}
