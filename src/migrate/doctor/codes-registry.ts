/** What `doctor --registry` can find: see `codes.ts`. */
import type { CodeEntry } from "./code-entry.ts";

export const registryCodes = {
  "image-there": {
    group: "registry",
    severity: "info",
    means: "Docker Hub gives Qdrant's image.",
    remedy: "docker pull {image}",
  },
  "image-refused": {
    group: "registry",
    severity: "error",
    means:
      "Docker Hub gives nobody without a login Qdrant's image, or a token for it (docker says: failed to fetch oauth token: 401 Unauthorized). What to type is the first of these that answers: the other registry, Qdrant's own binary, embedded; and there is Qdrant Cloud.",
    remedy: "{choice}",
  },
  "image-login": {
    group: "registry",
    severity: "error",
    means:
      "Docker gets Qdrant's image without a login, and not with the one that it keeps for Docker Hub: that has run out or was withdrawn.",
    remedy: "docker logout",
  },
  "image-docker-fails": {
    group: "registry",
    severity: "error",
    means:
      "This machine is given Qdrant's image, and docker is not, with a login or without: what lies between (a proxy, its certificates) is docker's own.",
    remedy: "docker manifest inspect {image}",
  },
} as const satisfies Record<string, CodeEntry>;
