/** The releases of Qdrant and of Chroma that are named to people. */

/** The Qdrant that `vecferry deploy` pins, and that commands which start or upgrade one name: the newest. */
export const qdrantRelease = "1.19.2";
/** Its image at Docker Hub. */
export const qdrantImageName = `qdrant/qdrant:v${qdrantRelease}`;
/** The Chroma that stands beside it during a migration. */
export const chromaRelease = "1.5.9";

/** The newest releases that vecferry was tested with. */
export const testedReleases = { chroma: chromaRelease, qdrant: "1.18.2" } as const;
