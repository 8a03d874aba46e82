"""Starts a real Chroma server of a given version and speaks to it by plain HTTP, so that folders can be recorded."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path

# From 1.0 on the wheel alone is enough; the Python servers need their dependencies.
PACKAGES = {
    "0.4.24": ["chromadb==0.4.24", "numpy<2", "fastapi==0.110.0"],
    "0.5.23": ["chromadb==0.5.23"],
    "0.6.3": ["chromadb==0.6.3"],
    "1.0.20": ["--no-deps", "--only-binary", ":all:", "chromadb==1.0.20"],
    "1.5.9": ["--no-deps", "--only-binary", ":all:", "chromadb==1.5.9"],
}
RUST_MAIN = "import sys, chromadb_rust_bindings as b; b.cli(['chroma', *sys.argv[1:]])"
PYTHON_MAIN = "from chromadb.cli.cli import app; app()"
START_SECONDS = 60

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("VECFERRY_CACHE") or ROOT / ".cache")


def install(version):
    """The folder that the version's packages stand in; installed there once."""
    target = CACHE / f"chroma-{version}"
    if not target.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", f"{target}.tmp"]
        subprocess.run(pip + PACKAGES[version], check=True)
        Path(f"{target}.tmp").rename(target)
    return target


class Refused(Exception):
    """The server answered with an error status."""


class Server:
    """A running server; `with` stops it cleanly."""

    def __init__(self, version, path):
        self.version = version
        self.path = Path(path)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.api = "v1" if version.startswith("0.4") else "v2"

    def __enter__(self):
        main = RUST_MAIN if self.version.startswith("1.") else PYTHON_MAIN
        env = {**os.environ, "PYTHONPATH": str(install(self.version)), "ANONYMIZED_TELEMETRY": "False"}
        arguments = ["run", "--path", str(self.path), "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", main, *arguments],
            env=env,
            cwd=self.path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.call("GET", "/heartbeat")
                return self
            except (OSError, Refused):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.process.kill()
                    raise
                time.sleep(0.05)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def raw(self, method, path, body=None):
        """The answer's bytes."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/{self.api}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(f"{method} {path}: {error.code} {error.read()[:300]}") from error

    def call(self, method, path, body=None):
        return json.loads(self.raw(method, path, body) or b"null")

    def create_tenant(self, tenant, database):
        self.call("POST", "/tenants", {"name": tenant})
        if self.api == "v1":
            self.call("POST", f"/databases?tenant={tenant}", {"name": database})
        else:
            self.call("POST", f"/tenants/{tenant}/databases", {"name": database})

    def create_collection(self, name, tenant="default_tenant", database="default_database", **fields):
        if self.api == "v1":
            path = f"/collections?tenant={tenant}&database={database}"
        else:
            path = f"/tenants/{tenant}/databases/{database}/collections"
        made = self.call("POST", path, {"name": name, **fields})
        return Collection(self, path.split("?")[0], made["id"], f"{tenant}/{database}/{name}")


class Collection:
    def __init__(self, server, path, key, name):
        self.server = server
        self.base = f"{path}/{key}"
        self.key = key
        self.name = name

    def write(self, verb, **columns):
        self.server.call("POST", f"{self.base}/{verb}", columns)

    def get_raw(self, **body):
        return self.server.raw("POST", f"{self.base}/get", body)


def flushed_and_queued(folder, key):
    """Whether the collection has a flushed index, and how many rows of the queue are behind it."""
    import sqlite3

    database = sqlite3.connect(f"file:{folder}/chroma.sqlite3?mode=ro", uri=True)
    (segment,) = database.execute(
        "select id from segments where collection = ? and scope = 'VECTOR'", [key]
    ).fetchone()
    row = database.execute("select seq_id from max_seq_id where segment_id = ?", [segment]).fetchone()
    pickle = (Path(folder) / segment / "index_metadata.pickle").exists()
    behind = 0 if row is None else row[0]
    behind = int.from_bytes(behind, "big") if isinstance(behind, bytes) else behind
    (queued,) = database.execute(
        "select count(*) from embeddings_queue where topic like ? and seq_id > ?", [f"%{key}", behind]
    ).fetchone()
    database.close()
    return pickle, queued


def pack(folder, archive):
    """A tar.gz of the folder's content that has no names or times of this machine in it."""

    def plain(info):
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mtime = 1_700_000_000
        return info

    with tarfile.open(archive, "w:gz", compresslevel=9) as tar:
        for path in sorted(Path(folder).iterdir()):
            tar.add(path, path.name, filter=plain)


def fresh_folder(path):
    shutil.rmtree(path, ignore_errors=True)
    Path(path).mkdir(parents=True)
    return Path(path)
