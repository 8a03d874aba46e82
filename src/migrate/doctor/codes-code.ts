/** What `doctor --code` can find in a program: see `codes.ts`. */
import type { CodeEntry } from "./code-entry.ts";

export const codeCodes = {
  "code-import": {
    group: "code",
    severity: "warning",
    means: "A module imports Chroma's client.",
    remedy: "{instead}",
  },
  "code-framework": {
    group: "code",
    severity: "warning",
    means: "A module uses the Chroma of LangChain or LlamaIndex.",
    remedy: "{instead}",
  },
  "code-client": {
    group: "code",
    severity: "warning",
    means: "A client of Chroma is made.",
    remedy: "{instead}",
  },
  "code-collection": {
    group: "code",
    severity: "warning",
    means: "A collection of Chroma's is made, taken or dropped (`get_or_create_collection`).",
    remedy: "{instead}",
  },
  "code-write": {
    group: "code",
    severity: "warning",
    means: "Records are written to a collection of Chroma's.",
    remedy: "{instead}",
  },
  "code-query": {
    group: "code",
    severity: "warning",
    means: "A collection of Chroma's is searched by embedding, or read by id.",
    remedy: "{instead}",
  },
  "code-query-texts": {
    group: "code",
    severity: "warning",
    means:
      "A collection of Chroma's is searched by text (`query_texts`): Chroma embeds it, and a Qdrant takes embeddings.",
    remedy: "{instead}",
  },
  "code-where": {
    group: "code",
    severity: "warning",
    means: "A filter in Chroma's words (`where`).",
    remedy: "{instead}",
  },
  "code-dependency": {
    group: "code",
    severity: "warning",
    means: "A package of Chroma's is among the dependencies.",
    remedy: "{instead}",
  },
  "code-service": {
    group: "code",
    severity: "warning",
    means: "A compose file, a manifest or a Dockerfile starts a Chroma.",
    remedy: "{instead}",
  },
  "code-variable": {
    group: "code",
    severity: "warning",
    means: "A variable of Chroma's is set or read.",
    remedy: "{instead}",
  },
  "code-unread": {
    group: "code",
    severity: "warning",
    means: "A file, or a folder, of the program could not be looked at.",
    remedy: "vecferry doctor --code {code}",
  },
} as const satisfies Record<string, CodeEntry>;
