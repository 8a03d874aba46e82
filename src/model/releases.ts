/** The releases of Qdrant and of Chroma that are named to people. */

/** The Qdrant that `vecferry deploy` pins, and that commands which start or upgrade one name: the newest. */
export const qdrantRelease = "1.19.2";
/** Its image at Docker Hub. */
export const qdrantImageName = `qdrant/qdrant:v${qdrantRelease}`;
/** The Chroma that stands beside it during a migration. */
export const chromaRelease = "1.5.9";

/** The newest releases that vecferry was tested with. */
export const testedReleases = { chroma: chromaRelease, qdrant: "1.18.2" } as const;

/** The registries that Qdrant's and Chroma's images are in. Any other is named by its whole image. */
export const registries = ["docker.io", "ghcr.io"] as const;
export type Registry = (typeof registries)[number];

/**
 * Where Qdrant's maintainers publish: Docker Hub, and GitHub's registry beside it (github.com/qdrant/qdrant/issues/4600).
 */
export const qdrantImages: Readonly<Record<Registry, string>> = {
  "docker.io": "docker.io/qdrant/qdrant",
  "ghcr.io": "ghcr.io/qdrant/qdrant/qdrant",
};

/** Qdrant's own binaries of a release. */
export function qdrantDownloads(version: string): string {
  return `https://github.com/qdrant/qdrant/releases/download/v${version}`;
}
