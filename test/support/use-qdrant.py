"""Writes to a Qdrant by a client's or a framework's own means, asks it, and prints what it answers as JSON.

Usage: use-qdrant.py CLIENT URL KEY COLLECTION
CLIENT is qdrant, langchain or llamaindex; KEY may be empty.
Needs qdrant-client, langchain-qdrant or llama-index-vector-stores-qdrant.
"""
import json
import math
import sys
import uuid

from qdrant_client import QdrantClient, models

chosen, url, key, collection = sys.argv[1:]
client = QdrantClient(url=url, api_key=key or None, check_compatibility=False)
texts = [f"text {n}" for n in range(8)]
ids = [str(uuid.UUID(int=n + 1)) for n in range(8)]


def vector(n):
    return [math.cos(n), math.sin(n), 0.5]


def number_of(text):
    """The number at a text's end; 0 where a framework embeds a text of its own."""
    last = text.split()[-1]
    return int(last) if last.isdigit() else 0


def sparse(n):
    return {"indices": [1, 2 + n], "values": [1.0, 0.5 + n]}


def qdrant():
    client.create_collection(
        collection,
        vectors_config={"text": models.VectorParams(size=3, distance=models.Distance.COSINE)},
        sparse_vectors_config={"words": models.SparseVectorParams(modifier=models.Modifier.IDF)},
    )
    client.create_payload_index(collection, "n", models.PayloadSchemaType.INTEGER, wait=True)
    points = [
        models.PointStruct(
            id=2**64 - 1 - n,
            vector={"text": vector(n), "words": models.SparseVector(**sparse(n))},
            payload={"n": n, "kind": "even" if n % 2 == 0 else "odd", "large": 2**63 - 1 - n},
        )
        for n in range(8)
    ]
    client.upload_points(collection, points[:4], batch_size=2, parallel=1, wait=True)
    client.upsert(collection, points[4:], wait=True)
    even = models.Filter(must=[models.FieldCondition(key="kind", match=models.MatchValue(value="even"))])
    client.set_payload(collection, {"seen": True}, points=even, wait=True)
    found = client.query_points(collection, vector(2), using="text", query_filter=even, limit=3).points
    fused = client.query_points(
        collection,
        query=models.FusionQuery(fusion=models.Fusion.RRF),
        prefetch=[
            models.Prefetch(query=vector(3), using="text", limit=4),
            models.Prefetch(query=models.SparseVector(**sparse(3)), using="words", limit=4),
        ],
        limit=1,
    ).points
    ordered, _ = client.scroll(collection, order_by=models.OrderBy(key="n", direction="desc"), limit=3)
    groups = client.query_points_groups(collection, group_by="kind", query=vector(0), using="text", limit=2).groups
    counts = client.facet(collection, "n", limit=10) if client.count(collection).count == 8 else None
    client.delete(collection, models.FilterSelector(filter=even), wait=True)
    return {
        "found": [[str(one.id), {**one.payload, "large": str(one.payload["large"])}] for one in found],
        "fused": [str(one.id) for one in fused],
        "ordered": [one.payload["n"] for one in ordered],
        "groups": sorted([group.id, len(group.hits)] for group in groups),
        "facet": sorted(hit.value for hit in counts.hits),
        "left": client.count(collection).count,
        "exists": [client.collection_exists(collection), client.collection_exists(collection + "-none")],
    }


def langchain():
    from langchain_core.embeddings import Embeddings
    from langchain_qdrant import QdrantVectorStore, RetrievalMode
    from langchain_qdrant.sparse_embeddings import SparseEmbeddings, SparseVector

    class Numbered(Embeddings):
        def embed_documents(self, texts):
            return [self.embed_query(text) for text in texts]

        def embed_query(self, text):
            return vector(number_of(text))

    class NumberedWords(SparseEmbeddings):
        def embed_documents(self, texts):
            return [self.embed_query(text) for text in texts]

        def embed_query(self, text):
            return SparseVector(**sparse(number_of(text)))

    store = QdrantVectorStore.from_texts(
        texts,
        Numbered(),
        metadatas=[{"n": n} for n in range(8)],
        ids=ids,
        url=url,
        api_key=key or None,
        check_compatibility=False,
        collection_name=collection,
        sparse_embedding=NumberedWords(),
        retrieval_mode=RetrievalMode.HYBRID,
    )
    small = models.Filter(must=[models.FieldCondition(key="metadata.n", range=models.Range(lt=4))])
    answers = {
        "found": [one.page_content for one in store.similarity_search("text 5", k=1)],
        "filtered": [one.page_content for one in store.similarity_search("text 3", k=1, filter=small)],
        "byId": sorted(one.page_content for one in store.get_by_ids(ids[:2])),
    }
    dense = QdrantVectorStore(client=client, collection_name=collection, embedding=Numbered())
    scored = dense.similarity_search_with_score("text 6", k=1)
    answers["score"] = [[one.page_content, round(score, 4)] for one, score in scored]
    answers["diverse"] = len(dense.max_marginal_relevance_search("text 6", k=3, fetch_k=6))
    dense.delete(ids[:3])
    answers["left"] = client.count(collection).count
    return answers


def llamaindex():
    from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
    from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters, VectorStoreQuery
    from llama_index.core.vector_stores.types import VectorStoreQueryMode
    from llama_index.vector_stores.qdrant import QdrantVectorStore

    def words(texts):
        vectors = [sparse(number_of(text)) for text in texts]
        return [one["indices"] for one in vectors], [one["values"] for one in vectors]

    store = QdrantVectorStore(
        client=client,
        collection_name=collection,
        enable_hybrid=True,
        sparse_doc_fn=words,
        sparse_query_fn=words,
    )
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="document")}
    store.add(
        [
            TextNode(id_=one, text=text, embedding=vector(n), metadata={"n": n}, relationships=source if n < 3 else {},
                     excluded_embed_metadata_keys=["n"])
            for n, (one, text) in enumerate(zip(ids, texts))
        ]
    )

    def found(n, **more):
        query = VectorStoreQuery(query_embedding=vector(n), query_str=f"text {n}", similarity_top_k=1, **more)
        return [node.get_content() for node in store.query(query).nodes]

    small = MetadataFilters(filters=[MetadataFilter(key="n", value=4, operator=FilterOperator.LT)])
    answers = {
        "found": found(5),
        "filtered": found(3, filters=small),
        "hybrid": found(6, mode=VectorStoreQueryMode.HYBRID, sparse_top_k=2, hybrid_top_k=1),
        "byId": sorted(node.get_content() for node in store.get_nodes(node_ids=ids[:2])),
    }
    store.delete("document")
    answers["left"] = client.count(collection).count
    return answers


print(json.dumps({"qdrant": qdrant, "langchain": langchain, "llamaindex": llamaindex}[chosen]()))
