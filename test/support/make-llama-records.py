"""Prints nodes of LlamaIndex and the records that its ChromaVectorStore makes of them, as JSON.

The store's `add` sends, for each node: id = node_id, document = get_content(), metadata = node_to_metadata_dict(node,
remove_text=True, flat_metadata=True). Needs llama-index-core.
"""
import json

from llama_index.core.schema import (
    Document,
    ImageNode,
    IndexNode,
    MediaResource,
    MetadataMode,
    Node,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
)
from llama_index.core.vector_stores.utils import node_to_metadata_dict

source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="report.pdf", metadata={"page": 3})}
nodes = [
    TextNode(
        id_="3f8a1f9c-6f0d-4a53-9e0e-0d8b5a1c7e01",
        text='A passage with "quotes", ünïcödé and 🚢.',
        metadata={"page": 3, "share": 0.5, "whole": 2.0, "draft": True, "s": "Bericht"},
        relationships=source,
        start_char_idx=10,
        end_char_idx=48,
    ),
    TextNode(
        id_="3f8a1f9c-6f0d-4a53-9e0e-0d8b5a1c7e02", text="", metadata={"page": 4}, relationships=source
    ),
    Document(id_="3f8a1f9c-6f0d-4a53-9e0e-0d8b5a1c7e03", text="A document.", metadata={"page": 5}),
    ImageNode(
        id_="3f8a1f9c-6f0d-4a53-9e0e-0d8b5a1c7e04",
        text="A caption.",
        image_url="https://example.org/a.png",
        metadata={"page": 6},
    ),
    IndexNode(id_="3f8a1f9c-6f0d-4a53-9e0e-0d8b5a1c7e05", text="A sub-index.", index_id="sub"),
    Node(
        id_="3f8a1f9c-6f0d-4a53-9e0e-0d8b5a1c7e06",
        text_resource=MediaResource(text="A passage of a node."),
        metadata={"page": 7},
    ),
]
print(
    json.dumps(
        [
            {
                "id": node.node_id,
                "type": node.class_name(),
                "text": node.get_content(metadata_mode=MetadataMode.NONE),
                "metadata": json.dumps(node_to_metadata_dict(node, remove_text=True, flat_metadata=True)),
                "own": node.metadata,
                "fields": {**node.model_dump(mode="json"), "embedding": None},
            }
            for node in nodes
        ]
    )
)
