"""Index files by the faiss library itself.

make FOLDER          a file for each kind of index; prints its names
read FILE ...        what faiss reads in each: kind, dimension, vectors, ids; it writes each again as FILE.again
search FOLDER QUERY  a folder's index file and lines, as a program in Python uses them: the ids of the nearest three
pickle FOLDER        an index file and a metadata.pkl beside it
"""

import json
import os
import pickle
import sys

import faiss
import numpy as np

DIMENSION = 5


def vectors(count):
    return np.random.default_rng(7).standard_normal((count, DIMENSION)).astype("float32")


def kinds():
    for name, flat in (("ip", faiss.IndexFlatIP), ("l2", faiss.IndexFlatL2)):
        for count in (0, 1, 300):
            plain = flat(DIMENSION)
            plain.add(vectors(count))
            yield f"{name}-{count}", plain
            for kind, around in (("map", faiss.IndexIDMap), ("map2", faiss.IndexIDMap2)):
                mapped = around(flat(DIMENSION))
                ids = np.arange(count, dtype="int64") * 3 - 2
                mapped.add_with_ids(vectors(count), ids)
                yield f"{name}-{kind}-{count}", mapped


def told(file):
    index = faiss.read_index(file)
    faiss.write_index(index, file + ".again")
    flat = index if not hasattr(index, "id_map") else faiss.downcast_index(index.index)
    data = flat.reconstruct_n(0, flat.ntotal) if flat.ntotal else np.zeros((0, flat.d), "float32")
    ids = faiss.vector_to_array(index.id_map).tolist() if hasattr(index, "id_map") else None
    return {
        "kind": type(faiss.downcast_index(index)).__name__,
        "flat": type(flat).__name__,
        "dimension": index.d,
        "count": index.ntotal,
        "vectors": data.astype("<f4").tobytes().hex(),
        "ids": ids,
    }


def search(folder, query):
    with open(os.path.join(folder, "collection.json"), encoding="utf-8") as file:
        collection = json.load(file)
    index = faiss.read_index(os.path.join(folder, collection["index"]))
    with open(os.path.join(folder, collection["documents"]), encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    _, rows = index.search(np.array([query], dtype="float32"), 3)
    return [lines[row]["id"] for row in rows[0]]


def pickled(folder):
    os.makedirs(folder)
    index = faiss.IndexFlatIP(DIMENSION)
    data = vectors(3)
    faiss.normalize_L2(data)
    index.add(data)
    faiss.write_index(index, os.path.join(folder, "index.faiss"))
    rows = [{"id": f"doc-{row}", "tenant_id": "acme", "content": f"text {row}", "n": row, "score": row / 2, "tags": ["é"]} for row in range(3)]
    with open(os.path.join(folder, "metadata.pkl"), "wb") as file:
        pickle.dump(rows, file)
    return data.astype("<f4").tobytes().hex()


command, *rest = sys.argv[1:]
if command == "make":
    names = []
    for name, made in kinds():
        faiss.write_index(made, os.path.join(rest[0], name))
        names.append(name)
    print(json.dumps(names))
elif command == "read":
    print(json.dumps([told(file) for file in rest]))
elif command == "search":
    print(json.dumps(search(rest[0], json.loads(rest[1]))))
elif command == "pickle":
    print(json.dumps(pickled(rest[0])))
