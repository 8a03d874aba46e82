/** docs/qdrant-compatibility.md as text, from the server's table of routes and the results of Qdrant's own suites. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { followed } from "../src/server/followed.ts";
import { type Route, routes, type Tier } from "../src/server/routes.ts";

const suitesSchema = z.array(
  z.object({
    suite: z.string(),
    version: z.string(),
    date: z.iso.date(),
    parts: z.array(
      z.object({
        part: z.string(),
        passed: z.int(),
        total: z.int(),
        /** What a server of the followed version passes; null where it was not tried. */
        reference: z.int().nullable(),
      }),
    ),
  }),
);

/** In the order of the page. */
const tiers: readonly (readonly [Tier, string])[] = [
  ["A", "What applications use"],
  ["legacy", "Deprecated, and called by older clients"],
  ["B", "What tools use"],
  ["C", "Clusters"],
];

function answered({ does }: Route): string {
  return "missing" in does ? `501: ${does.missing}` : "yes";
}

function tierText([tier, heading]: readonly [Tier, string]): string {
  const rows = routes
    .filter((route) => route.tier === tier)
    .map((route) => `| ${route.method} | \`${route.path}\` | ${answered(route)} |`);
  return `## ${heading}\n\n| method | path | answered |\n|---|---|---|\n${rows.join("\n")}\n`;
}

function suiteRows(): string {
  const text = readFileSync(new URL("../docs/qdrant-suites.json", import.meta.url), "utf8");
  return suitesSchema
    .parse(JSON.parse(text))
    .flatMap(({ suite, version, date, parts }) =>
      parts.map(
        ({ part, passed, total, reference }) =>
          `| ${suite} | ${version} | ${part} | ${passed} of ${total} | ${reference ?? "–"} | ${date} |`,
      ),
    )
    .join("\n");
}

/** The whole page. The same table and results always give the same text. */
export function compatibilityPage(): string {
  const there = routes.filter(({ does }) => !("missing" in does)).length;
  return `# What of Qdrant the embedded engine answers

Made by \`npm run docs\` from \`src/server/routes.ts\` and \`docs/qdrant-suites.json\`; do not edit it here.

\`vecferry serve\` and \`openEmbedded\` answer Qdrant's REST API as ${followed.version} does: bodies, statuses and the words of
errors. Of the ${routes.length} routes below ${there} are answered; the others answer 501 with a sentence, and \`GET /\` says ${followed.version}.

## Qdrant's own suites

Run beside this project; they are no part of it. "Server" is what a Qdrant server ${followed.version} passes of the same cases.

| suite | version | part | passed | server | date |
|---|---|---|---|---|---|
${suiteRows()}

Left out of them: clusters, shards and their snapshots, strict mode, TurboQuant and its storage, optimizers and their queues, and
the memory placements of 1.19; and three cases that skip themselves. The REST suite asked a \`vecferry serve --allow-url-recovery\`;
one of its cases asks by gRPC. The congruence suite asked by REST alone, where one of its cases waits for an error that only gRPC has;
the other seven that fail ask for a distance matrix or for relevance feedback.

${tiers.map(tierText).join("\n")}`;
}
