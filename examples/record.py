"""Records examples/chroma.tar.gz, the folder that the demo migrates: `python3 examples/record.py DATA`.

DATA is a folder with debian.jsonl.gz (id, document and metadata a line) and debian.f32 (their embeddings by
all-MiniLM-L6-v2, 384 float32 each, in the same order). Chroma 1.5.9 itself writes the folder: three collections, each
of one section of the Debian archive. Of debian_admin and debian_science the larger part is flushed to the vector files
and the rest is queued; debian_games was never flushed.
"""

import array
import gzip
import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test/support"))
from chroma_http import Server, flushed_and_queued, fresh_folder, pack  # noqa: E402

DIMENSION = 384
BATCH = 100
# Name, section, records, writes between two flushes.
COLLECTIONS = [
    ("debian_admin", "admin", 700, 300),
    ("debian_science", "science", 700, 300),
    ("debian_games", "games", 600, 1000),
]


def read_section(data, section, count):
    """Every so many records of the section, so that all of it is represented."""
    with gzip.open(data / "debian.jsonl.gz", "rt") as lines:
        records = [(row, json.loads(line)) for row, line in enumerate(lines)]
    found = [(row, record) for row, record in records if record["metadata"]["section"] == section]
    return found[:: len(found) // count][:count]


def vectors_of(data, rows):
    with open(data / "debian.f32", "rb") as file:
        for row in rows:
            file.seek(row * DIMENSION * 4)
            vector = array.array("f")
            vector.frombytes(file.read(DIMENSION * 4))
            yield vector.tolist()


def write(server, data, name, section, count, threshold):
    configuration = {"hnsw": {"space": "cosine", "sync_threshold": threshold}}
    metadata = {"description": f"Packages of the Debian section {section}"}
    collection = server.create_collection(name, configuration=configuration, metadata=metadata)
    found = read_section(data, section, count)
    for start in range(0, len(found), BATCH):
        part = found[start : start + BATCH]
        collection.write(
            "add",
            ids=[record["id"] for _, record in part],
            documents=[record["document"] for _, record in part],
            metadatas=[record["metadata"] for _, record in part],
            embeddings=list(vectors_of(data, [row for row, _ in part])),
        )
    # Reading makes the server take in what is queued.
    collection.get_raw(limit=1)
    return collection


def main(data):
    with tempfile.TemporaryDirectory() as scratch:
        folder = fresh_folder(Path(scratch) / "chroma")
        with Server("1.5.9", folder) as server:
            collections = [write(server, data, *collection) for collection in COLLECTIONS]
        for collection in collections:
            flushed, queued = flushed_and_queued(folder, collection.key)
            print(f"{collection.name}: flushed: {flushed}, queued: {queued}")
        pack(folder, ROOT / "examples/chroma.tar.gz")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
