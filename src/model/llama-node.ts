/**
 * LlamaIndex's nodes, as its vector stores keep them beside the metadata (llama-index-core 0.14, node_to_metadata_dict):
 *
 *   _node_content   JSON text of the node; the text itself stands in it under `text` (of type Node: `text_resource.text`)
 *   _node_type      TextNode, Node, ImageNode, IndexNode, Document …
 *   document_id, doc_id, ref_doc_id   the document that the node was cut from, or "None"
 *
 * A record that LlamaIndex wrote into a Chroma has them among its metadata, with the text taken out of `_node_content` and
 * kept as the record's document; the Qdrant store looks for it inside. Such a node goes over as it is, with its text put
 * back, and the mark notes what stood in the text's place, so that the record comes back as it was.
 */
import { canonicalJson } from "../util/canonical.ts";
import {
  expectCode,
  skipSpace,
  skipString,
  skipValue,
  sliceObject,
  stringOf,
} from "../util/json.ts";
import { byte } from "../util/json-bytes.ts";
import { Members } from "./members.ts";

/** The keys of a node in the payload. */
export const nodeKeys = [
  "_node_content",
  "_node_type",
  "document_id",
  "doc_id",
  "ref_doc_id",
] as const;

/** What stands beside the content of a TextNode without a source document. */
const bareNode = {
  _node_type: "TextNode",
  document_id: "None",
  doc_id: "None",
  ref_doc_id: "None",
} as const;

/** What a mark notes of a text's place in which nothing stood, and of a node whose record has no document. */
const notes = { absent: "absent", untouched: "untouched" } as const;

/** Whether metadata (JSON text of an object) is that of a node which LlamaIndex wrote. @throws SyntaxError */
export function isOwnNode(metadata: string): boolean {
  if (!metadata.includes('"_node_content"')) return false;
  const keys = sliceObject(metadata);
  const [content = "", type = ""] = [keys.get("_node_content"), keys.get("_node_type")];
  if (!content.startsWith('"') || !type.startsWith('"')) return false;
  try {
    const text = stringOf(content);
    JSON.parse(text);
    return sliceObject(text).size > 0;
  } catch {
    return false;
  }
}

/** The members of such a node, its text put back, and what the mark is to note of it. @throws SyntaxError */
export function withText(
  metadata: string,
  document: string | null,
): { readonly metadata: string; readonly note: string } {
  if (document === null) return { metadata, note: notes.untouched };
  const { content, field } = nodeOf(metadata);
  const before = sliceObject(content).get(field);
  const text = JSON.stringify(document);
  const after = field === "text" ? text : resourceWith(before, text);
  return {
    metadata: withMember(
      metadata,
      "_node_content",
      JSON.stringify(withMember(content, field, after)),
    ),
    note: before ?? notes.absent,
  };
}

/** The record's own metadata and document, from what `withText` gave; null where another has changed them so that nothing is left of it. */
export function withoutText(
  metadata: string,
  note: string,
): { readonly metadata: string; readonly document: string | null } | null {
  try {
    if (note === notes.untouched) return { metadata, document: null };
    const { content, field } = nodeOf(metadata);
    const there = sliceObject(content).get(field) ?? "";
    const text = field === "text" ? there : (sliceObject(there).get("text") ?? "");
    if (!text.startsWith('"')) return null;
    const before =
      note === notes.absent ? withoutFirst(content, field) : withMember(content, field, note);
    const own = withMember(metadata, "_node_content", JSON.stringify(before));
    return { metadata: own, document: stringOf(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function nodeOf(metadata: string): { content: string; field: "text" | "text_resource" } {
  const keys = sliceObject(metadata);
  const content = stringOf(keys.get("_node_content") ?? "null");
  return { content, field: keys.get("_node_type") === '"Node"' ? "text_resource" : "text" };
}

function resourceWith(before: string | undefined, text: string): string {
  return before?.startsWith("{") ? withMember(before, "text", text) : `{"text":${text}}`;
}

/** The object with `json` at `key`: in its place, else in front of all others. @throws SyntaxError */
function withMember(object: string, key: string, json: string): string {
  const place = memberPlace(object, key);
  if (place !== null) return object.slice(0, place.start) + json + object.slice(place.end);
  const inside = expectCode(object, skipSpace(object, 0), openBrace);
  const rest = object.slice(inside);
  const comma = rest.trimStart().startsWith("}") ? "" : ",";
  return `${object.slice(0, inside)}${JSON.stringify(key)}:${json}${comma}${rest}`;
}

/** Undoes the putting in front. */
function withoutFirst(object: string, key: string): string {
  const inside = expectCode(object, skipSpace(object, 0), openBrace);
  const place = memberPlace(object, key);
  if (place === null || !object.startsWith(`${JSON.stringify(key)}:`, inside)) return object;
  const after = object.charCodeAt(place.end) === comma ? place.end + 1 : place.end;
  return object.slice(0, inside) + object.slice(after);
}

const { comma, colon, openBrace, closeBrace } = byte;

/** Where the value of `key` stands, the last one where the key stands twice. @throws SyntaxError */
function memberPlace(object: string, key: string): { start: number; end: number } | null {
  let found: { start: number; end: number } | null = null;
  let at = skipSpace(object, expectCode(object, skipSpace(object, 0), openBrace));
  while (object.charCodeAt(at) !== closeBrace) {
    const keyEnd = skipString(object, at);
    const start = skipSpace(object, expectCode(object, skipSpace(object, keyEnd), colon));
    const end = skipValue(object, start);
    if (stringOf(object.slice(at, keyEnd)) === key) found = { start, end };
    at = skipSpace(object, end);
    if (object.charCodeAt(at) === comma) at = skipSpace(object, at + 1);
  }
  return found;
}

/** What LlamaIndex writes for a TextNode without a source document. The node's id is the point's: the framework reads and deletes by it. */
export function nodeMembers(
  point: string,
  document: string | null,
  metadata: string,
): Record<(typeof nodeKeys)[number], string> {
  return { _node_content: nodeContent(point, document, metadata), ...bareNode };
}

function nodeContent(point: string, document: string | null, metadata: string): string {
  const text = document === null ? "" : `"text":${JSON.stringify(document)},`;
  return (
    `{"id_":${JSON.stringify(point)},"embedding":null,"metadata":${metadata},` +
    '"excluded_embed_metadata_keys":[],"excluded_llm_metadata_keys":[],"relationships":{},' +
    `"metadata_template":"{key}: {value}","metadata_separator":"\\n",${text}"mimetype":"text/plain",` +
    '"start_char_idx":null,"end_char_idx":null,"text_template":"{metadata_str}\\n\\n{content}","class_name":"TextNode"}'
  );
}

/** Takes LlamaIndex's own keys out where they say what we would write; the document is the node's text. */
export function takeNode(members: Members, point: string, metadata: string): string | null {
  const content = members.takeString("_node_content");
  const document = content === null ? null : takeText(content);
  if (content === null || !sameNode(content, nodeContent(point, document, metadata))) {
    const found = content === null ? members.take("_node_content") : JSON.stringify(content);
    members.put("_node_content", found ?? "null");
  }
  for (const [key, value] of Object.entries(bareNode)) {
    const found = members.take(key) ?? "null";
    if (found !== JSON.stringify(value)) members.put(key, found);
  }
  return document;
}

function takeText(content: string): string | null {
  try {
    const members = new Members();
    members.read(content);
    return members.takeString("text");
  } catch {
    return null;
  }
}

function sameNode(content: string, wanted: string): boolean {
  if (content === wanted) return true;
  try {
    return canonicalJson(content) === canonicalJson(wanted);
  } catch {
    return false;
  }
}
