/** Lists of what a server has. */
import { notChroma } from "./answer.ts";

/** Entries of a page: the server's own default, and within the quota of every hosted one. */
const pageMax = 100;

/** All entries of a list, each once by its key; asks for pages until one is empty. `what` names them. @throws E_BAD_RESPONSE */
export async function listWhole<Entry>(
  what: string,
  ask: (limit: number, offset: number) => Promise<Entry[]>,
  keyOf: (entry: Entry) => string,
): Promise<Entry[]> {
  const found = new Map<string, Entry>();
  for (let offset = 0; ; ) {
    const page = await ask(pageMax, offset);
    if (page.length === 0) return [...found.values()];
    if (offset > 0 && page.every((entry) => found.has(keyOf(entry))))
      throw notChroma(`a list of ${what} that never ends`);
    for (const entry of page) found.set(keyOf(entry), entry);
    offset += page.length;
  }
}
