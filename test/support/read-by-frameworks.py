"""Reads a collection with LangChain's and LlamaIndex's own Qdrant stores and prints what they see as JSON.

Usage: read-by-frameworks.py URL KEY LANGCHAIN_COLLECTION LLAMAINDEX_COLLECTION (KEY may be empty)
Needs langchain-qdrant and llama-index-vector-stores-qdrant.
"""
import json
import sys

from langchain_core.embeddings import Embeddings
from langchain_qdrant import QdrantVectorStore as LangChainStore
from llama_index.core.vector_stores import MetadataFilter, MetadataFilters, VectorStoreQuery
from llama_index.vector_stores.qdrant import QdrantVectorStore as LlamaIndexStore
from qdrant_client import QdrantClient

url, key, langchain, llamaindex = sys.argv[1:]
client = QdrantClient(url=url, api_key=key or None, check_compatibility=False)


class OneVector(Embeddings):
    def embed_documents(self, texts):
        return [[1.0, 0.0, 0.0] for _ in texts]

    def embed_query(self, text):
        return [1.0, 0.0, 0.0]


found = LangChainStore(client=client, collection_name=langchain, embedding=OneVector())
documents = [
    {
        "text": document.page_content,
        "metadata": {k: v for k, v in document.metadata.items() if not k.startswith("_")},
    }
    for document in found.similarity_search("anything", k=3)
]
store = LlamaIndexStore(client=client, collection_name=llamaindex)
only = MetadataFilters(filters=[MetadataFilter(key="k", value=1)])


def query(filters):
    wanted = VectorStoreQuery(query_embedding=[1.0, 0.0, 0.0], similarity_top_k=3, filters=filters)
    return store.query(wanted).nodes


nodes = [{"id": n.node_id, "text": n.text, "metadata": n.metadata} for n in query(None)]
by_id = [n.node_id for n in store.get_nodes(node_ids=[nodes[0]["id"]])]
answer = {
    "langchain": documents,
    "llamaindex": nodes,
    "filtered": [n.node_id for n in query(only)],
    "byId": by_id,
}
print(json.dumps(answer))
