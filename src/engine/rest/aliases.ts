/** Aliases over the REST door. */
import { z } from "zod";
import { malformed } from "../errors.ts";
import type { AliasChange } from "../storage/catalog.ts";
import { fields, struct } from "../struct-list.ts";
import { Members } from "./body.ts";
import { changingCollections, reading } from "./operation.ts";

const created = struct({ collection_name: z.string(), alias_name: z.string() });
const deleted = struct({ alias_name: z.string() });
const renamed = struct({ old_alias_name: z.string(), new_alias_name: z.string() });

const actionsFields = fields("actions");

/** One element of `actions`: the first of the three that is in it counts. */
const action = z.union([
  struct({ create_alias: created }).transform(({ create_alias }): AliasChange => {
    const { alias_name, collection_name } = create_alias;
    return { kind: "create", alias: alias_name, collection: collection_name };
  }),
  struct({ delete_alias: deleted }).transform(({ delete_alias }): AliasChange => {
    return { kind: "delete", alias: delete_alias.alias_name };
  }),
  struct({ rename_alias: renamed }).transform(({ rename_alias }): AliasChange => {
    return { kind: "rename", alias: rename_alias.old_alias_name, to: rename_alias.new_alias_name };
  }),
]);

function listed(aliases: Iterable<readonly [string, string]>): string {
  return JSON.stringify({
    aliases: Array.from(aliases, ([alias_name, collection_name]) => ({
      alias_name,
      collection_name,
    })),
  });
}

export const aliasOperations = {
  listAliases: reading((host) => listed(host.aliases)),
  listCollectionAliases: reading((host, { collection }) =>
    listed([...host.aliases].filter(([, meant]) => meant === collection)),
  ),
  updateAliases: changingCollections((host, request) => {
    const actions = Members.of(request, actionsFields).need("actions", z.array(z.unknown()));
    const changes = actions.map((each) => {
      const { data, success } = action.safeParse(each);
      if (success) return data;
      throw malformed("data did not match any variant of untagged enum AliasOperations");
    });
    host.changeAliases(changes);
    return "true";
  }),
};
