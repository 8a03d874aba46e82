/** How this package's modules end: as they are written, or as they are built. A thread begins with one of the same kind. */
export const moduleExtension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
