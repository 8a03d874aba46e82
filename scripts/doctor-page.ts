/** docs/doctor.md as text, from the one table of what `doctor` can find. */
import { groups } from "../src/migrate/doctor/code-entry.ts";
import { findingCodes } from "../src/migrate/doctor/codes.ts";

/** The whole page. The same table always gives the same text. */
export function doctorPage(): string {
  const parts = Object.entries(groups).map(([group, title]) => {
    const rows = Object.entries(findingCodes)
      .filter(([, entry]) => entry.group === group)
      .map(
        ([code, { severity, means, remedy }]) =>
          `| \`${code}\` | ${severity} | ${cell(means)} | ${remedyCell(remedy)} |`,
      );
    return `## ${title}\n\n| code | severity | means | what to type |\n|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `# What \`vecferry doctor\` finds

Made by \`npm run docs\` from \`src/migrate/doctor/codes-*.ts\`; do not edit it here.

    vecferry doctor ./chroma http://localhost:6333
    vecferry doctor ./chroma                          the source alone
    vecferry doctor http://localhost:6333             the target alone
    vecferry doctor --source-only | --target-only     where flags, variables or the newest migration name both

Doctor reads, and changes nothing: not at the source, not at the target (an embedded Qdrant is looked at without being
opened, and none is made), not in the state folder. An end that cannot be reached keeps no finding of the other away. Take the flags
that the migration will have (\`--layout\`, \`--tenant-mapping\`, \`--rename\`, \`--index\` and so on): the findings are about that migration.

Each finding has a code, which does not change between major versions; a severity; the end that it is about (\`here\` is this machine)
and the collection, if it is about one; its evidence; and what to type. \`error\`: a migration would fail, or lose something.
\`warning\`: it works, and something is to be known before. \`info\`: a fact. \`--fail-on warning\` and \`--fail-on error\` end with exit 6
where such a finding, or a graver one, is there; without the flag the exit status is 0 whatever is found.

With \`--json\` every finding is a line of its own on stdout as soon as it is made, and the counts are the last one:

    {"format":1,"type":"finding","code":"id-collision","severity":"error","end":"source","collection":"notes","text":"…","evidence":{…},"remedy":"vecferry migrate …"}
    {"format":1,"type":"doctor","errors":1,"warnings":0,"infos":2,"failOn":"error","failed":true}

A folder is looked at as a whole. Of a server's collections the first 3,000 records are (\`--full\`: all; \`--sample N\`: N), and the
evidence says of how many; the ids of collections that share a target are always compared all of them. What cannot be seen: an update
of a record in a server while it is examined (only a folder tells), and what another user's processes have open. Points that no
migration wrote are looked for among the first 100,000 of a target collection, places that other points have taken among the first
10,000 records of each source collection; \`migrate\` looks at all of them. A damaged collection file in an embedded target hides
the target's other collections.

${parts.join("\n")}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

const placeholders: Readonly<Record<string, string>> = {
  ends: "SOURCE TARGET",
  targetWord: "TARGET",
  doctor: "vecferry doctor …",
  keyFlag: "vecferry doctor … --qdrant-api-key-file",
  caFlag: "--qdrant-ca-file",
  start: "docker run -p 6333:6333 -p 6334:6334 qdrant/qdrant:v1.18.2",
  upgrade: "docker pull qdrant/qdrant:v1.18.2",
  stop: "kill PID",
  root: "chroma://HOST:8000",
  chroma: "chroma://HOST:8000",
  wanted: "NUMBER",
  target: "COLLECTION",
  url: "http://HOST:6333",
};

/** Its {words} as they may be, or in capitals. */
function remedyCell(remedy: string): string {
  if (remedy === "") return "";
  const text = remedy.replaceAll(
    /\{([a-zA-Z]+)\}/g,
    (_, name: string) => placeholders[name] ?? name.toUpperCase(),
  );
  return `\`${cell(text)}\``;
}
