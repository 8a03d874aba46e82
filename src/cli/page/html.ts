/** HTML as values: what is put into a template is escaped, unless it is HTML already. */

/** A piece of HTML that may stand in a page as it is. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Part = Html | string | number | null | readonly Part[];

/** html`<td>${name}</td>`: texts and numbers are escaped, lists are joined, null is nothing. */
export function html(pieces: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const texts = pieces.map((piece, at) =>
    at === 0 ? piece : textOf(parts[at - 1] ?? null) + piece,
  );
  return new Html(texts.join(""));
}

function textOf(part: Part): string {
  if (part === null) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(textOf).join("");
  return escapeHtml(String(part));
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text for use between tags and in quoted attributes. Control characters, which HTML does not have, become U+FFFD. */
export function escapeHtml(text: string): string {
  return text
    .replace(/[&<>"']/g, (sign) => entities[sign] ?? "")
    .replace(/[^\P{Cc}\t\n]/gu, "\u{fffd}");
}

/** A table; a cell that is a number stands to the right. `more` = rows that are left out. */
export function table(head: readonly string[], rows: readonly (readonly Part[])[], more = 0): Html {
  const right = head.map((_, at) => rows.some((row) => isNumeric(row[at] ?? null)));
  const cell = (part: Part, at: number): Html =>
    right[at] === true ? html`<td class="n">${part}</td>` : html`<td>${part}</td>`;
  const top = head.map((name, at) =>
    right[at] === true
      ? html`<th scope="col" class="n">${name}</th>`
      : html`<th scope="col">${name}</th>`,
  );
  const left =
    more > 0
      ? html`<p class="quiet">… ${more.toLocaleString("en-US")} more in report.json.</p>`
      : null;
  return html`<div class="wide"><table><thead><tr>${top}</tr></thead><tbody>${rows.map((row) => html`<tr>${row.map(cell)}</tr>`)}</tbody></table></div>${left}`;
}

function isNumeric(part: Part): boolean {
  return (
    typeof part === "number" ||
    (typeof part === "string" && /^[\d,.]+( ?[A-Za-z%×/]+)?$/.test(part))
  );
}
