"""Searches a migrated collection with a framework's own Qdrant store and prints what it sees as JSON.

Usage: search-by-frameworks.py FRAMEWORK URL KEY COLLECTION VECTOR K FILTER_KEY FILTER_VALUE
FRAMEWORK is langchain or llamaindex; KEY may be empty; VECTOR and FILTER_VALUE are JSON.
Needs langchain-qdrant or llama-index-vector-stores-qdrant.
"""
import json
import sys

from qdrant_client import QdrantClient

framework, url, key, collection, vector, k, filter_key, filter_value = sys.argv[1:]
vector, k, filter_value = json.loads(vector), int(k), json.loads(filter_value)
client = QdrantClient(url=url, api_key=key or None, check_compatibility=False)


def langchain():
    from langchain_core.embeddings import Embeddings
    from langchain_qdrant import QdrantVectorStore
    from qdrant_client.models import FieldCondition, Filter, MatchValue

    class OneVector(Embeddings):
        def embed_documents(self, texts):
            return [vector for _ in texts]

        def embed_query(self, text):
            return vector

    store = QdrantVectorStore(client=client, collection_name=collection, embedding=OneVector())

    def found(**chosen):
        documents = store.similarity_search("anything", k=k, **chosen)
        # The store adds the point's id and the collection's name to what is stored.
        return [
            {
                "text": one.page_content,
                "metadata": {n: v for n, v in one.metadata.items() if n not in ("_id", "_collection_name")},
            }
            for one in documents
        ]

    match = FieldCondition(key=f"metadata.{filter_key}", match=MatchValue(value=filter_value))
    return {"found": found(), "filtered": found(filter=Filter(must=[match]))}


def llamaindex():
    from llama_index.core.vector_stores import MetadataFilter, MetadataFilters, VectorStoreQuery
    from llama_index.vector_stores.qdrant import QdrantVectorStore

    store = QdrantVectorStore(client=client, collection_name=collection)

    def shown(node):
        fields = {**node.model_dump(mode="json"), "embedding": None}
        return {"id": node.node_id, "text": node.get_content(), "metadata": node.metadata, "fields": fields}

    def found(filters):
        query = VectorStoreQuery(query_embedding=vector, similarity_top_k=k, filters=filters)
        return [shown(node) for node in store.query(query).nodes]

    only = MetadataFilters(filters=[MetadataFilter(key=filter_key, value=filter_value)])
    everything = found(None)
    ids = [one["id"] for one in everything[:2]]
    by_id = [node.node_id for node in store.get_nodes(node_ids=ids)]
    return {"found": everything, "filtered": found(only), "byId": sorted(by_id), "asked": sorted(ids)}


print(json.dumps({"langchain": langchain, "llamaindex": llamaindex}[framework]()))
