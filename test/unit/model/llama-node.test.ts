import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conflicts, PayloadDecoder } from "../../../src/model/layout.ts";
import { isOwnNode, withoutText, withText } from "../../../src/model/llama-node.ts";
import type { PointBatch } from "../../../src/model/record.ts";
import { canonicalJson } from "../../../src/util/canonical.ts";
import { encodePayload } from "../../support/encode-payload.ts";

const common =
  '"embedding": null, "metadata": {"k": 1}, "excluded_embed_metadata_keys": [], "relationships": {"1": {"node_id": "doc-1"}}, "metadata_separator": "\\n"';
/** As node_to_metadata_dict of llama-index-core 0.14 writes them for a Chroma: without their text. */
const contents = {
  TextNode: `{"id_": "n-1", ${common}, "text": "", "mimetype": "text/plain", "class_name": "TextNode"}`,
  Document: `{"id_": "n-1", ${common}, "image_resource": null, "class_name": "Document", "text": ""}`,
  ImageNode: `{"id_": "n-1", ${common}, "text": "", "image_url": "http://x/y.png", "class_name": "ImageNode"}`,
  Node: `{"id_": "n-1", ${common}, "image_resource": null, "class_name": "Node"}`,
};
/** As earlier versions left a Node: with its text also in Chroma. */
const oldNode = `{"id_": "n-1", ${common}, "text_resource": {"text": "as it was", "mimetype": null}, "text": ""}`;

const metadataOf = (type: string, content: string): string =>
  `{"k":1,"f":2.0,"_node_content":${JSON.stringify(content)},"_node_type":"${type}","document_id":"doc-1","doc_id":"doc-1","ref_doc_id":"doc-1"}`;

const point = "00000000-0000-5000-8000-000000000001";
function batchOf(document: string | null, metadata: string): PointBatch {
  return {
    ids: ["n-1"],
    vectors: new Map(),
    payload: { documents: [document], uris: [null], metadata: [metadata] },
    placement: {
      points: [point],
      tenants: ["acme"],
      norms: Float64Array.of(Number.NaN),
      runs: ["0123456789abcdef"],
      collections: [null],
      rest: [null],
    },
  };
}

const encode = (document: string | null, metadata: string): string =>
  encodePayload(batchOf(document, metadata), 0, "llamaindex");
const decode = (payload: string) => new PayloadDecoder("llamaindex").decode(payload, point);

describe("a record that LlamaIndex wrote", () => {
  it.each(Object.entries(contents))(
    "of type %s has its text back in the payload",
    (type, content) => {
      const metadata = metadataOf(type, content);
      expect(conflicts(metadata, "llamaindex")).toEqual([]);
      expect(conflicts(metadata, "flat")).toEqual([]);
      const payload = JSON.parse(encode("hello é", metadata));
      expect(payload).toMatchObject({ k: 1, doc_id: "doc-1", _node_type: type, tenant_id: "acme" });
      const node = JSON.parse(payload._node_content);
      const { text_resource, text, ...rest } = node;
      expect(type === "Node" ? text_resource.text : text).toBe("hello é");
      const { text: _, ...before } = JSON.parse(content);
      expect(rest).toEqual(before);
    },
  );

  it.each([...Object.entries(contents), ["Node", oldNode] as const])(
    "of type %s comes back as it was, to the letter",
    (type, content) => {
      const metadata = metadataOf(type, content);
      fc.assert(
        fc.property(fc.option(fc.string({ unit: "binary" })), (document) => {
          const back = decode(encode(document, metadata));
          expect(back).toMatchObject({ id: "n-1", document, tenant: "acme", rest: null });
          expect(canonicalJson(back.metadata ?? "")).toBe(canonicalJson(metadata));
        }),
        { numRuns: 100 },
      );
    },
  );

  it("keeps what else stood in the place of its text", () => {
    const metadata = metadataOf("Node", oldNode);
    const { text_resource } = JSON.parse(JSON.parse(encode("new", metadata))._node_content);
    expect(text_resource).toEqual({ text: "new", mimetype: null });
  });

  it.each(["text", "id_", "relationships"])("lets a change of its %s be seen", (key) => {
    const payload = JSON.parse(encode("hello", metadataOf("TextNode", contents.TextNode)));
    const node = JSON.parse(payload._node_content);
    const altered = JSON.stringify({
      ...payload,
      _node_content: JSON.stringify({ ...node, [key]: "other" }),
    });
    const { document, metadata } = decode(altered);
    const before = decode(JSON.stringify(payload));
    expect([document, metadata]).not.toEqual([before.document, before.metadata]);
  });

  it.each([
    ["without its note", (mark: object) => ({ ...mark, node: undefined })],
    ["with a note of another type", (mark: object) => ({ ...mark, node: 7 })],
  ])("%s in the mark shows as changed", (_, change) => {
    const payload = JSON.parse(encode("hello", metadataOf("TextNode", contents.TextNode)));
    const altered = JSON.stringify({ ...payload, _vecferry: change(payload._vecferry) });
    expect(decode(altered).rest).not.toBeNull();
  });

  it("whose content is gone at the target shows as changed", () => {
    const { _node_content, ...payload } = JSON.parse(
      encode("hello", metadataOf("TextNode", contents.TextNode)),
    );
    expect(decode(JSON.stringify(payload)).rest).toContain("node");
    expect(decode(JSON.stringify({ ...payload, _node_content: "{" })).rest).toContain("node");
  });
});

describe("keys of a node", () => {
  it.each([
    ["alone", '{"document_id":"x"}', ["document_id"]],
    ["with content that is no JSON", '{"_node_content":"{","_node_type":"TextNode"}', null],
    ["with content that is no object", '{"_node_content":"[]","_node_type":"TextNode"}', null],
    ["with an empty node", '{"_node_content":"{}","_node_type":"TextNode"}', null],
    ["without a type", '{"_node_content":"{\\"a\\":1}"}', ["_node_content"]],
  ])("are reserved %s", (_, metadata, keys) => {
    expect(isOwnNode(metadata)).toBe(false);
    expect(conflicts(metadata, "llamaindex")).toEqual(keys ?? ["_node_content", "_node_type"]);
  });
});

describe("putting the text back", () => {
  it("takes it out again from any node", () => {
    const member = fc.dictionary(fc.constantFrom("text", "a", "b", "text_resource"), fc.json());
    fc.assert(
      fc.property(
        member,
        fc.string(),
        fc.constantFrom("Node", "TextNode"),
        (members, document, type) => {
          const content = `{ ${['"id_": 1', ...Object.entries(members).map(([key, value]) => `"${key}": ${value}`)].join(" , ")} }`;
          const metadata = metadataOf(type, content);
          const put = withText(metadata, document);
          const back = withoutText(put.metadata, put.note);
          expect(back?.document).toBe(document);
          expect(JSON.parse(back?.metadata ?? "")._node_content).toBe(content);
        },
      ),
      { numRuns: 300 },
    );
  });
});
