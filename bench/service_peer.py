"""The chromadb client on the same documents and queries: service_peer.py HOST PORT FOLDER. Prints one line of JSON.

FOLDER holds vectors.f32 and documents.jsonl (id, tenant, document, metadata), queries.f32 and queries.jsonl (tenant, truth).
"""
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import chromadb
import numpy

host, port, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
client = chromadb.HttpClient(host=host, port=port)
collection = client.create_collection("bench", configuration={"hnsw": {"space": "cosine"}})


def lines(name):
    with open(f"{folder}/{name}", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


documents, queries = lines("documents.jsonl"), lines("queries.jsonl")
vectors = numpy.fromfile(f"{folder}/vectors.f32", dtype=numpy.float32).reshape(len(documents), -1)
asked = numpy.fromfile(f"{folder}/queries.f32", dtype=numpy.float32).reshape(len(queries), -1)

started = time.perf_counter()
for start in range(0, len(documents), 1000):
    some = documents[start : start + 1000]
    collection.add(
        ids=[one["id"] for one in some],
        embeddings=vectors[start : start + 1000],
        documents=[one["document"] for one in some],
        metadatas=[{**one["metadata"], "tenant_id": one["tenant"]} for one in some],
    )
add_ms = (time.perf_counter() - started) * 1000


def ask(at):
    began = time.perf_counter()
    found = collection.query(
        query_embeddings=asked[at : at + 1],
        n_results=10,
        where={"tenant_id": queries[at]["tenant"]},
        include=["documents", "metadatas", "distances"],
    )
    return (time.perf_counter() - began) * 1000, found["ids"][0]


for at in range(min(50, len(queries))):
    ask(at)
answers = [ask(at) for at in range(len(queries))]
times = sorted(ms for ms, _ in answers)
hits = sum(len(set(ids) & set(queries[at]["truth"])) for at, (_, ids) in enumerate(answers))


def rate(workers):
    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(ask, range(len(queries))))
    return len(queries) / (time.perf_counter() - began)


print(
    json.dumps(
        {
            "p50": times[len(times) // 2],
            "p99": times[int(len(times) * 0.99)],
            "qps8": rate(8),
            "qps32": rate(32),
            "recall": hits / (10 * len(queries)),
            "addPerSecond": len(documents) * 1000 / add_ms,
        }
    )
)
