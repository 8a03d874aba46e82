/** `"a", "b" and 3 more`: the first `max` names as JSON; `none` where there are none. */
export function nameList(names: readonly string[], max = 20): string {
  if (names.length === 0) return "none";
  const first = names.slice(0, max).map((name) => JSON.stringify(name));
  const more = names.length > max ? ` and ${names.length - max} more` : "";
  return `${first.join(", ")}${more}`;
}
