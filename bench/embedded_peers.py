"""Measures one embedded vector store of Python: python3 embedded_peers.py KIND VECTORS QUERIES RECORDS DIMENSION FOLDER.

The same rows, payloads and questions as embedding.ts has; prints the figures as one line of JSON.
"""
import json
import os
import statistics
import sys
import time

import numpy as np

NAME = "bench"
BATCH = 1000
SEARCHES = 200
PART = 20_000
LIMIT = 10
TENANTS = 50


def payload_of(row):
    return {
        "tenant": f"t{row % TENANTS}",
        "rank": row,
        "text": f"The text of record {row}, which is about as long as a short sentence usually is.",
    }


def rss_mb():
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


class Local:
    """qdrant-client's local mode. On disk it commits each point by itself: it is measured in memory, and has nothing to open."""

    def __init__(self, folder, dimension):
        from qdrant_client import QdrantClient, models

        self.models = models
        self.client = QdrantClient(":memory:")
        self.client.create_collection(NAME, vectors_config=models.VectorParams(size=dimension, distance=models.Distance.COSINE))

    def make(self, rows, vectors):
        point = self.models.PointStruct
        return [point(id=row, vector=vector, payload=payload_of(row)) for row, vector in zip(rows, vectors.tolist())]

    def upsert(self, points):
        self.client.upsert(NAME, points, wait=True)

    def reopen(self):
        return None

    def filter(self, kind, records):
        models = self.models
        if kind == "tenant":
            return models.Filter(must=[models.FieldCondition(key="tenant", match=models.MatchValue(value="t7"))])
        return models.Filter(must=[models.FieldCondition(key="rank", range=models.Range(lt=records / 2))])

    def search(self, vector, condition=None, exact=False):
        found = self.client.query_points(NAME, query=vector, limit=LIMIT, query_filter=condition, with_payload=True)
        return [point.score for point in found.points]

    def scroll(self, offset):
        points, offset = self.client.scroll(NAME, limit=1000, offset=offset)
        return len(points), offset


class Edge:
    def __init__(self, folder, dimension):
        import qdrant_edge as edge

        self.edge = edge
        self.folder = os.path.join(folder, "edge")
        os.makedirs(self.folder)
        config = edge.EdgeConfig(vectors={"": edge.EdgeVectorParams(size=dimension, distance=edge.Distance.Cosine)})
        self.shard = edge.EdgeShard.create(self.folder, config)
        self.index("tenant", edge.PayloadSchemaType.Keyword)
        self.index("rank", edge.PayloadSchemaType.Integer)

    def index(self, field, kind):
        self.shard.update(self.edge.UpdateOperation.create_field_index(field, kind))

    def make(self, rows, vectors):
        return [self.edge.Point(row, vector, payload_of(row)) for row, vector in zip(rows, vectors.tolist())]

    def upsert(self, points):
        self.shard.update(self.edge.UpdateOperation.upsert_points(points))

    def reopen(self):
        self.shard.flush()
        self.shard.optimize()
        self.shard.close()
        started = time.perf_counter()
        self.shard = self.edge.EdgeShard.load(self.folder)
        return (time.perf_counter() - started) * 1000

    def filter(self, kind, records):
        edge = self.edge
        if kind == "tenant":
            return edge.Filter(must=[edge.FieldCondition("tenant", match=edge.MatchValue("t7"))])
        return edge.Filter(must=[edge.FieldCondition("rank", range=edge.RangeFloat(lt=records / 2))])

    def search(self, vector, condition=None, exact=False):
        edge = self.edge
        request = edge.QueryRequest(
            query=edge.Query.Nearest(vector),
            limit=LIMIT,
            filter=condition,
            with_payload=True,
            params=edge.SearchParams(exact=exact),
        )
        return [point.score for point in self.shard.query(request)]

    def scroll(self, offset):
        points, offset = self.shard.scroll(self.edge.ScrollRequest(limit=1000, offset=offset, with_payload=True))
        return len(points), offset


class Chroma:
    def __init__(self, folder, dimension):
        import chromadb

        self.chromadb = chromadb
        self.folder = os.path.join(folder, "chroma")
        self.client = chromadb.PersistentClient(self.folder)
        self.collection = self.client.create_collection(NAME, metadata={"hnsw:space": "cosine"})

    def make(self, rows, vectors):
        return {"ids": [str(row) for row in rows], "embeddings": vectors, "metadatas": [payload_of(row) for row in rows]}

    def upsert(self, points):
        self.collection.upsert(**points)

    def reopen(self):
        self.chromadb.api.shared_system_client.SharedSystemClient.clear_system_cache()
        started = time.perf_counter()
        self.client = self.chromadb.PersistentClient(self.folder)
        self.collection = self.client.get_collection(NAME)
        return (time.perf_counter() - started) * 1000

    def filter(self, kind, records):
        return {"tenant": "t7"} if kind == "tenant" else {"rank": {"$lt": records // 2}}

    def search(self, vector, condition=None, exact=False):
        found = self.collection.query(query_embeddings=[vector], n_results=LIMIT, where=condition, include=["metadatas", "distances"])
        return [1 - distance for distance in found["distances"][0]]

    def scroll(self, offset):
        offset = offset or 0
        count = len(self.collection.get(limit=1000, offset=offset, include=["metadatas"])["ids"])
        return count, offset + count if count == 1000 else None


def nearest_of(vectors, queries):
    """How near the tenth is to each query by all vectors, a part of them at a time."""
    units = [np.array(query) / np.linalg.norm(query) for query in queries]
    best = np.full((len(units), LIMIT), -2.0)
    for start in range(0, len(vectors), PART):
        part = np.array(vectors[start : start + PART])
        near = np.array(units) @ (part / np.linalg.norm(part, axis=1, keepdims=True)).T
        best = np.sort(np.hstack([best, near]))[:, -LIMIT:]
    return best[:, 0] - 1e-6


def main(kind, file, asked, records, dimension, folder):
    vectors = np.memmap(file, dtype="<f4", mode="r", shape=(records, dimension))
    store = {"local": Local, "edge": Edge, "chroma": Chroma}[kind](folder, dimension)
    figures = {"loadMs": 0.0}
    for start in range(0, records, BATCH):
        rows = range(start, min(start + BATCH, records))
        points = store.make(rows, np.array(vectors[start : rows.stop]))
        started = time.perf_counter()
        store.upsert(points)
        figures["loadMs"] += (time.perf_counter() - started) * 1000
    figures["openMs"] = store.reopen()
    asked = np.fromfile(asked, dtype="<f4").reshape(-1, dimension).tolist()
    # Local mode takes a second a filtered search.
    queries = asked[:: len(asked) // (20 if kind == "local" else SEARCHES)]
    if kind == "local":
        asked = queries

    def ask(name, *words, of=queries, **named):
        took, found = [], []
        for query in of:
            started = time.perf_counter()
            found.append(store.search(query, *words, **named))
            took.append((time.perf_counter() - started) * 1000)
        figures[f"{name}Ms"] = statistics.median(took)
        return found

    ask("warm")
    truth = nearest_of(vectors, asked)
    ask("exact", exact=True)
    if kind == "chroma":
        del figures["exactMs"]
    found = ask("search", of=asked)
    figures["recall"] = statistics.mean(sum(score >= bound for score in scores) / LIMIT for scores, bound in zip(found, truth))
    ask("tenant", store.filter("tenant", records))
    ask("range", store.filter("range", records))
    started, scrolled, offset = time.perf_counter(), 0, None
    while True:
        count, offset = store.scroll(offset)
        scrolled += count
        if offset is None or scrolled >= min(records, 100_000):
            break
    figures["scrolledPerSecond"] = scrolled / (time.perf_counter() - started)
    figures["rssAfterMb"] = rss_mb()
    print(json.dumps(figures))


main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
