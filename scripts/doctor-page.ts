/** docs/doctor.md as text, from the one table of what `doctor` can find. */
import { codeUses } from "../src/migrate/chroma-use/kinds.ts";
import { groups } from "../src/migrate/doctor/code-entry.ts";
import { findingCodes } from "../src/migrate/doctor/codes.ts";
import { qdrantImageName } from "../src/model/releases.ts";

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
    vecferry doctor ./chroma                          # the source alone
    vecferry doctor http://localhost:6333             # the target alone
    vecferry doctor --source-only                     # of the newest migration, or of what flags and variables name; --target-only
    vecferry doctor --code ./my-app                   # a program's code, and no end

Doctor reads, and changes nothing: not at the source, not at the target (an embedded Qdrant is looked at without being
opened, and none is made), not in the state folder. An end that cannot be reached keeps no finding of the other away. Take the flags
that the migration will have (\`--layout\`, \`--tenant-mapping\`, \`--rename\`, \`--index\` and so on): the findings are about that migration.

Each finding has a code, which does not change between major versions; a severity; the end that it is about (\`here\` is this machine)
and the collection, if it is about one; its evidence; and what to type. \`error\`: a migration would fail, or lose something.
\`warning\`: it works, and something is to be known before. \`info\`: a fact. \`--fail-on warning\` and \`--fail-on error\` end with exit 6
where such a finding, or a graver one, is there; without the flag the exit status is 0 whatever is found.

With \`--json\` every finding is a line of its own on stdout as soon as it is made, and the counts are the last one:

\`\`\`json
{"format":1,"type":"finding","code":"id-collision","severity":"error","end":"source","collection":"notes","text":"…","evidence":{"ids":["1"]},"remedy":"vecferry migrate …"}
{"format":1,"type":"doctor","errors":1,"warnings":0,"infos":2,"failOn":"error","failed":true}
\`\`\`

A folder is looked at as a whole. Of a server's collections the first 3,000 records are (\`--full\`: all; \`--sample N\`: N), and the
evidence says of how many; the ids of collections that share a target are always compared all of them. What cannot be seen: an update
of a record in a server while it is examined (only a folder tells), and what another user's processes have open. Points that no
migration wrote are looked for among the first 100,000 of a target collection, places that other points have taken among the first
10,000 records of each source collection; \`migrate\` looks at all of them. A damaged collection file in an embedded target hides
the target's other collections.

What a server's description does not tell is measured at its ten largest collections (of a plan's, where there is one). Twenty stored
vectors are searched for as an application would, and by exact search: the share of near points that is found, and where that is below
90 % again with rescoring and with more candidates, which tells the cause; each of the two steps is given up after five seconds. Exact
search reads every vector, so above a million points it takes \`--full\`. At the largest one a search is timed by turns, with compressed answers accepted and without. Of a collection whose
points name tenants those without one are counted (at the hundred largest). Where strict mode counts requests, nothing is measured.

\`vecferry doctor --registry\` asks whether Qdrant's image can be had: the docker that is installed, and, where that does not get it or is not
there, Docker Hub, ghcr.io and GitHub, without any login. Nothing is pulled, and without the flag nobody is asked. The version of the program's
client of Qdrant is read in the current folder (in the folder of \`--code\`, with the server's address beside it): in \`node_modules\`, \`.venv\`, \`venv\`
or \`env\`; else a single version in \`package.json\`, \`requirements*.txt\` or \`pyproject.toml\`.

${parts.join("\n")}
${codePart()}`;
}

/** What stands in the place of each use of Chroma. */
function codePart(): string {
  const rows = Object.entries(codeUses).flatMap(([language, uses]) =>
    uses.map(
      ({ kind, instead }) =>
        `| ${language === "python" ? "Python" : "TypeScript, JavaScript"} | \`code-${kind}\` | ${codeCell(instead)} |`,
    ),
  );
  return `## What takes Chroma's place in a program

\`--code FOLDER\` reads the program's text, and runs nothing of it: TypeScript, JavaScript (\`.vue\` and \`.svelte\` too) and Python by line, without
comments; \`package.json\`, \`requirements*.txt\`, \`pyproject.toml\`, \`Pipfile\`, \`setup.py\`, \`setup.cfg\` and \`environment.yml\`; compose files,
manifests and Dockerfiles; \`.env\` files. Each finding names its file and line. Names are told, values never: they may be keys. Words that others use too
(\`where\`, \`collection.get\`) count in a file that names Chroma by a word of its own. Not looked at: notebooks, lock files, what is called by
a name made while the program runs, \`node_modules\`, \`.venv\` and what tools make, links, and files of more than 2 MiB, which are named.
\`--fail-on warning\` ends with exit 6 as long as anything uses Chroma: the last check before it goes.

| language | code | instead |
|---|---|---|
${rows.join("\n")}

Point ids in Python are made as \`vecferry migrate\` makes them without tenants; an id that is a UUID already stays as it is. \`metadata.KEY\` is where
the layout \`vecferry\` keeps metadata: see [layouts.md](layouts.md).
`;
}

/** Words in backticks stand beside the code. */
function codeCell(text: string): string {
  return cell(text.includes("`") ? text : `\`${text}\``);
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
  start: `docker run -p 6333:6333 -p 6334:6334 ${qdrantImageName}`,
  upgrade: `docker pull ${qdrantImageName}`,
  stop: "kill PID",
  root: "chroma://HOST:8000",
  chroma: "chroma://HOST:8000",
  wanted: "NUMBER",
  ef: "512",
  m: "32",
  links: "m",
  efConstruct: "200",
  install: "npm install @qdrant/js-client-rest@~VERSION",
  image: `docker.io/${qdrantImageName}`,
  choice: "vecferry deploy compose --registry ghcr.io",
  code: "FOLDER",
  target: "COLLECTION",
  url: "http://HOST:6333",
};

/** Its {words} as they may be, or in capitals. */
function remedyCell(remedy: string): string {
  if (remedy === "") return "";
  if (remedy === "{instead}") return "see below";
  const text = remedy.replaceAll(
    /\{([a-zA-Z]+)\}/g,
    (_, name: string) => placeholders[name] ?? name.toUpperCase(),
  );
  return `\`${cell(text)}\``;
}
