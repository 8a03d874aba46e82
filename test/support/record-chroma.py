"""Records the folders in test/fixtures/chroma: `python3 test/support/record-chroma.py [VERSION...]`.

Starts each version's own server, writes an awkward set through its HTTP API and keeps
  VERSION/folder.tar.gz    the persistent folder of the server, stopped cleanly
  VERSION/answers.json.gz  {"collections": {"tenant/database/name": {"answer": what `get` gave, "sent": {id: vector}}}}
  where.json               what 1.5.9 answers to each `where` over one set of records
"""

import gzip
import json
import random
import struct
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from chroma_http import PACKAGES, ROOT, Refused, Server, flushed_and_queued, fresh_folder, pack  # noqa: E402

FIXTURES = ROOT / "test/fixtures/chroma"
DIMENSION = 8
EVERYTHING = ["embeddings", "documents", "metadatas", "uris"]
SMALL_FLUSHES = {"hnsw:sync_threshold": 20, "hnsw:batch_size": 10}


def answer_of(collection):
    """The text of the server's answer. Where a record has no vector it would fail, or shift its neighbours: there each is asked for by itself."""
    text = collection.get_raw(include=EVERYTHING[1:]).decode()
    ids = json.loads(text)["ids"]
    try:
        whole = json.loads(collection.get_raw(include=EVERYTHING))["embeddings"]
    except Refused:
        whole = []
    if len(whole) == len(ids):
        return collection.get_raw(include=EVERYTHING).decode()
    single = [json.loads(collection.get_raw(ids=[key], include=["embeddings"]))["embeddings"] for key in ids]
    vectors = json.dumps([found[0] if found else None for found in single])
    return text.replace('"embeddings":null', f'"embeddings":{vectors}', 1)


def as_float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


class Writer:
    """Writes to a collection and remembers the last vector of each id."""

    def __init__(self, collection, seed):
        self.collection = collection
        self.random = random.Random(seed)
        self.sent = {}

    def vector(self):
        return [as_float32(self.random.uniform(-1, 1)) for _ in range(DIMENSION)]

    def put(self, verb, ids, vectors=True, **columns):
        made = [self.vector() for _ in ids] if vectors is True else vectors
        body = {"ids": ids, **columns}
        if made is not None:
            body["embeddings"] = made
        self.collection.write(verb, **body)
        for at, key in enumerate(ids):
            exists = key in self.sent
            if made is None or (verb == "add" and exists) or (verb == "update" and not exists):
                continue
            self.sent[key] = made[at]

    def delete(self, ids):
        self.collection.write("delete", ids=ids)
        for key in ids:
            self.sent.pop(key, None)


def metadata(number):
    return [
        {"n": number, "f": number / 4, "even": number % 2 == 0, "s": f"wort {number} ü"},
        {"n": number},
        None,
        {"whole": float(number), "big": 2**53 + 1 + number, "text": ""},
    ][number % 4]


def rows(start, count):
    numbers = range(start, start + count)
    return {
        "ids": [f"id-{n}" for n in numbers],
        "metadatas": [metadata(n) for n in numbers],
        "documents": [None if n % 5 == 3 else "" if n % 5 == 4 else f"Dokument {n} 🙂" for n in numbers],
        "uris": [f"file:///{n}" if n % 3 == 0 else None for n in numbers],
    }


def write_history(writer):
    """Adds, updates, deletes and adds again, across several flushes, with a tail that is not flushed."""
    for start in range(0, 60, 10):
        writer.put("add", **rows(start, 10))
    writer.put("update", ["id-1", "id-12"])
    writer.put("update", ["id-2"], None, metadatas=[{"n": None, "new": 1.5}], documents=["changed"])
    writer.put("upsert", ["id-3", "fresh-1"], metadatas=[{"u": 1}, {"u": 2}])
    writer.delete(["id-4", "id-5", "id-41", "nobody"])
    writer.put("add", ["id-4"], metadatas=[{"again": True}])
    writer.put("add", ["id-6"], metadatas=[{"ignored": True}])
    writer.put("update", ["nobody"])
    for start in range(60, 90, 10):
        writer.put("add", **rows(start, 10))
    writer.put("add", **rows(90, 7))
    writer.put("update", ["id-7", "id-91"])
    writer.put("update", ["id-8", "id-92"], None, metadatas=[{"late": 1}, {"late": 2.0}])
    writer.delete(["id-9", "id-93"])
    writer.put("add", ["id-9"])
    writer.put("upsert", ["id-10", "fresh-2"])


def write_awkward(writer, version):
    ids = ["a b", "ünï-🙂", "quote\"'", "sl/ash", "x" * 300, "y" * 10_000, "new\nline", "0", "00", "id%20"]
    ids += ["\0nul", "nul\0inside", "123e4567-e89b-42d3-a456-426614174000", "123E4567-E89B-42D3-A456-426614174000"]
    if version.startswith("0."):
        ids.append("")
    writer.put("add", ids, metadatas=[{"w": n} for n in range(len(ids))])
    values = {
        "int53": 2**53 + 1, "i64max": 2**63 - 1, "i64min": -(2**63), "float-integral": 2.0, "float-huge": 1e300,
        "float-tiny": 5e-324, "float-2-63": 2.0**63, "third": 1 / 3, "minus-zero": -0.0, "empty": "", "yes": True,
        "no": False, "nul": "a\0b", "quote": '"\\\n\u2028', "emoji": "🙂", "__proto__": "p", "key with \" quote": 1,
    }  # fmt: skip
    if version.startswith("1.5"):
        values |= {"ints": [1, 2, 2**53 + 1], "floats": [1.0, 2.5], "texts": ["a", "", "ü"], "bools": [True, False]}
    for key, value in values.items():
        writer.put("add", [f"v-{key}"], metadatas=[{key: value}])
    writer.put("add", ["all"], metadatas=[values], documents=["line\none\0two"], uris=["s3://bucket/ü?x=1"])
    writer.put("add", ["nothing"])
    writer.put("add", ["zero"], [[0.0] * DIMENSION])
    writer.put("add", ["subnormal"], [[1e-40, -1e-45, 3.4e38, -3.4e38, 1.0, -0.0, 0.1, 1 / 3]])


def record(version):
    with tempfile.TemporaryDirectory() as scratch:
        folder = fresh_folder(Path(scratch) / "folder")
        writers = []
        with Server(version, folder) as server:
            server.create_tenant("acme", "prod")

            def make(name, seed, **fields):
                writer = Writer(server.create_collection(name, **fields), seed)
                writers.append(writer)
                return writer

            write_awkward(make("awkward", 1, metadata={"owner": "x", "n": 3, "f": 2.0, "b": True}), version)
            write_history(make("angles", 2, metadata={"hnsw:space": "cosine", **SMALL_FLUSHES}))
            write_history(make("dots", 3, metadata={"hnsw:space": "ip", **SMALL_FLUSHES}))
            write_history(make("squares", 4, metadata=SMALL_FLUSHES))
            make("empty", 5, metadata={"k": "v"})
            same = {"tenant": "acme", "database": "prod"}
            make("awkward", 6, metadata={"hnsw:space": "cosine"}, **same).put("add", **rows(0, 5))
            if version.startswith("1."):
                write_history(make("configured", 7, configuration={"hnsw": {"space": "cosine", "sync_threshold": 20}}))
            else:
                gaps = make("gaps", 8)
                gaps.put("add", ["before", "after"])
                gaps.put("add", ["gap"], None, documents=["no vector"])
            answers = {
                w.collection.name: {
                    "answer": answer_of(w.collection),
                    "sent": w.sent,
                }
                for w in writers
            }
        for writer in writers:
            flushed, queued = flushed_and_queued(folder, writer.collection.key)
            print(f"  {writer.collection.name}: {len(writer.sent)} records, flushed: {flushed}, queued behind it: {queued}")
            if len(writer.sent) > 80 and not (flushed and queued):
                raise SystemExit("The set must have both flushed and queued records.")
        save(version, folder, answers)


def save(version, folder, answers):
    target = FIXTURES / version
    target.mkdir(parents=True, exist_ok=True)
    pack(folder, target / "folder.tar.gz")
    # The servers' own texts stay as they are: 2 and 2.0 differ in them.
    members = [
        f'{json.dumps(name)}:{{"answer":{entry["answer"]},"sent":{json.dumps(entry["sent"])}}}'
        for name, entry in answers.items()
    ]
    text = '{"collections":{' + ",\n".join(members) + "}}"
    (target / "answers.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def record_where():
    """Records and questions are in where.json; its answers are made anew."""
    path = FIXTURES / "where.json"
    asked = json.loads(path.read_text())
    records = asked["records"]
    with tempfile.TemporaryDirectory() as scratch, Server("1.5.9", fresh_folder(scratch)) as server:
        collection = server.create_collection("where")
        vectors = [[float(n), 1.0] for n in range(len(records))]
        collection.write("add", ids=list(records), embeddings=vectors, metadatas=list(records.values()))
        for question in asked["questions"]:
            try:
                question["ids"] = json.loads(collection.get_raw(where=question["where"], include=[]))["ids"]
            except Refused:
                question["ids"] = None
    lines = [json.dumps(question) for question in asked["questions"]]
    text = f'{{"records":{json.dumps(records)},\n"questions":[\n' + ",\n".join(lines) + "\n]}\n"
    path.write_text(text)


if __name__ == "__main__":
    for version in sys.argv[1:] or list(PACKAGES):
        print(version)
        record(version)
        if version == "1.5.9":
            record_where()
