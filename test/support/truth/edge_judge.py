"""Answers Qdrant's REST questions from qdrant-edge, the engine of a real server, one JSON line for each line asked.

A line asked: {"method", "path", "body"}; a line answered: {"status", "result"}: 200, or 400 where the engine refused. Each
collection is a shard in a folder of its own, below the folder named by the first argument. What a server does around its
engine (points as examples, averages, defaults) is done here as a server does it.
"""
import json
import os
import shutil
import sys
from urllib.parse import unquote, urlsplit

import qdrant_edge as edge
from edge_bodies import dense_params, expression_of, filter_of, index_of, listed, order_of, plain_vector, selector, vector_of, without


class NotFound(Exception):
    pass


class LacksVector(NotFound):
    pass


def is_id(value):
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def plain_id(value):
    return value if isinstance(value, int) else str(value)


def rows_of(body):
    """Id, vector and payload of each row, from either form of an upsert."""
    if "points" in body:
        return [(row["id"], row["vector"], row.get("payload")) for row in body["points"]]
    batch = body["batch"]
    ids, vectors = batch["ids"], batch["vectors"]
    payloads = batch.get("payloads") or [None] * len(ids)
    if isinstance(vectors, dict):
        vectors = [{name: column[row] for name, column in vectors.items()} for row in range(len(ids))]
    return list(zip(ids, vectors, payloads))


def average(positives, negatives):
    """What a server searches for by `average_vector`, of dense vectors."""
    if not positives:
        raise ValueError("no positive example")

    def mean(vectors):
        return [sum(column) / len(vectors) for column in zip(*vectors)]

    wanted = mean(positives)
    return wanted if not negatives else [2 * here - there for here, there in zip(wanted, mean(negatives))]


def named_points(query):
    """The ids that a query has as examples."""
    if not isinstance(query, dict):
        examples = [query]
    elif "nearest" in query:
        examples = [query["nearest"]]
    elif "recommend" in query:
        examples = query["recommend"].get("positive", []) + query["recommend"].get("negative", [])
    else:
        told = query.get("discover", query)
        examples = [told.get("target")]
        examples += [pair[side] for pair in listed(told.get("context")) for side in ("positive", "negative")]
    return [example for example in examples if is_id(example)]


def record(point, body):
    """A point as REST answers it."""
    told = {"id": plain_id(point.id)}
    if isinstance(point, edge.ScoredPoint):
        told["score"] = point.score
    if point.payload is not None:
        told["payload"] = point.payload
    if body.get("with_vector", False) is not False:
        told["vector"] = {} if point.vector is None else plain_vector(point.vector)
    if point.order_value is not None:
        told["order_value"] = point.order_value
    return told


class Collection:
    """One shard, asked as a collection."""

    def __init__(self, folder, body):
        dense = body["vectors"] if "size" not in body["vectors"] else {"": body["vectors"]}
        sparse = {
            name: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf if params.get("modifier") == "idf" else None)
            for name, params in body.get("sparse_vectors", {}).items()
        }
        config = edge.EdgeConfig(
            vectors={name: edge.EdgeVectorParams(**dense_params(params)) for name, params in dense.items()},
            sparse_vectors=sparse,
            max_search_threads=1,
        )
        os.makedirs(folder)
        self.folder = folder
        self.shard = edge.EdgeShard.create(folder, config)

    def drop(self):
        self.shard.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Changes

    def update(self, operation, *arguments):
        self.shard.update(getattr(edge.UpdateOperation, operation)(*arguments))

    def selected(self, operation, body, *arguments):
        if "points" in body:
            self.update(operation, body["points"], *arguments)
        else:
            self.update(f"{operation}_by_filter", filter_of(body["filter"]), *arguments)

    def upsert(self, body):
        mode = {
            "insert_only": edge.UpdateMode.InsertOnly,
            "update_only": edge.UpdateMode.UpdateOnly,
        }.get(body.get("update_mode"))
        points = [edge.Point(id, vector_of(vector), payload) for id, vector, payload in rows_of(body)]
        self.update("upsert_points", points, filter_of(body.get("update_filter")), mode)

    def set_payload(self, body):
        self.selected("set_payload", body, body["payload"], body.get("key"))

    def overwrite_payload(self, body):
        self.selected("overwrite_payload", body, body["payload"])

    def delete_payload(self, body):
        self.selected("delete_payload", body, body["keys"])

    def clear_payload(self, body):
        self.selected("clear_payload", body)

    def delete(self, body):
        if "points" in body:
            self.update("delete_points", body["points"])
        else:
            self.update("delete_points_by_filter", filter_of(body["filter"]))

    def update_vectors(self, body):
        rows = [edge.PointVectors(row["id"], vector_of(row["vector"])) for row in body["points"]]
        self.update("update_vectors", rows, filter_of(body.get("update_filter")))

    def delete_vectors(self, body):
        self.selected("delete_vectors", body, body["vector"])

    def batch(self, body):
        for operation in body["operations"]:
            (kind, change), = operation.items()
            getattr(self, kind)(change)

    def create_index(self, body):
        self.update("create_field_index", body["field_name"], index_of(body["field_schema"]))

    def create_vector(self, name, body):
        if "sparse" in body:
            self.update("create_sparse_vector", name)
        else:
            params = dense_params(body["dense"])
            self.update("create_dense_vector", name, *params.values())

    # Questions

    def example(self, value, using, named):
        """A query's vector; where it names a point, that point's, and the point is noted in `named`."""
        if not is_id(value):
            return vector_of(value)
        found = self.shard.retrieve([value], False, True)
        if not found:
            raise NotFound("the example is absent")
        named.append(value)
        vectors = found[0].vector
        vector = vectors.get(using) if isinstance(vectors, dict) else vectors if using == "" else None
        if vector is None:
            raise LacksVector("the example lacks the vector")
        return vector

    def pairs(self, body, example):
        return [edge.ContextPair(example(pair["positive"]), example(pair["negative"])) for pair in listed(body)]

    def recommend(self, body, using, example):
        def examples(values):
            """Points that lack the vector are passed over."""
            for value in values:
                try:
                    yield example(value)
                except LacksVector:
                    pass

        positives = list(examples(body.get("positive", [])))
        negatives = list(examples(body.get("negative", [])))
        strategy = body.get("strategy", "average_vector")
        if strategy == "average_vector":
            return edge.Query.Nearest(average(positives, negatives), using)
        make = edge.Query.RecommendBestScore if strategy == "best_score" else edge.Query.RecommendSumScores
        return make(edge.RecommendQuery(positives, negatives), using)

    def query_of(self, query, using, limit, named):
        def example(value):
            return self.example(value, using, named)

        if query is None:
            return None
        if is_id(query) or isinstance(query, list) or "indices" in query:
            return edge.Query.Nearest(example(query), using)
        if "mmr" in query:
            mmr = query["mmr"]
            balance = 1.0 - mmr.get("diversity", 0.5)
            return edge.Mmr(example(query["nearest"]), balance, mmr.get("candidates_limit", limit), using)
        if "nearest" in query:
            return edge.Query.Nearest(example(query["nearest"]), using)
        if "recommend" in query:
            return self.recommend(query["recommend"], using, example)
        if "discover" in query:
            target = example(query["discover"]["target"])
            return edge.Query.Discover(edge.DiscoverQuery(target, self.pairs(query["discover"]["context"], example)), using)
        if "context" in query:
            return edge.Query.Context(edge.ContextQuery(self.pairs(query["context"], example)), using)
        if "order_by" in query:
            return order_of(query["order_by"])
        if "sample" in query:
            return edge.Sample.Random
        if "fusion" in query:
            return edge.Fusion.Rrf(k=2) if query["fusion"] == "rrf" else edge.Fusion.Dbsf()
        if "rrf" in query:
            return edge.Fusion.Rrf(k=query["rrf"].get("k", 2), weights=query["rrf"].get("weights"))
        return edge.Formula(expression_of(query["formula"]), query.get("defaults"))

    def stage(self, body, named):
        """What a query and a prefetch have in common; the points that it names as examples go into `named`."""
        limit = body.get("limit", 10)
        query = self.query_of(body.get("query"), body.get("using", ""), limit, named)
        return {
            "limit": limit,
            "query": query,
            "prefetches": [edge.Prefetch(**self.stage(one, named)) for one in listed(body.get("prefetch"))] or None,
            "filter": filter_of(body.get("filter")),
            "score_threshold": body.get("score_threshold"),
        }

    def look_up(self, body):
        """A server looks for the examples of all parts before anything else."""
        for value in named_points(body.get("query")):
            if not self.shard.retrieve([value], False, False):
                raise NotFound("the example is absent")
        for one in listed(body.get("prefetch")):
            self.look_up(one)

    def need_vectors(self, body):
        """Then for the vectors of examples that must have one."""
        query = body.get("query")
        if not (isinstance(query, dict) and "recommend" in query):
            for value in named_points(query):
                self.example(value, body.get("using", ""), [])
        for one in listed(body.get("prefetch")):
            self.need_vectors(one)

    def query(self, body):
        self.look_up(body)
        self.need_vectors(body)
        wanted = {"with_payload": selector(body.get("with_payload", False)), "with_vector": body.get("with_vector", False)}
        named = []
        stage = self.stage(body, named)
        stage["filter"] = without(body.get("filter"), named)
        ordered = isinstance(stage["query"], edge.OrderBy)
        # The engine answers a point once for each of its values, a server answers it once.
        request = edge.QueryRequest(**{**stage, "limit": 1000} if ordered else stage, offset=body.get("offset"), **wanted)
        points = {point.id: point for point in reversed(self.shard.query(request))}
        return {"points": [record(point, body) for point in reversed(points.values())][: stage["limit"]]}

    def scroll(self, body):
        order = order_of(body["order_by"]) if "order_by" in body else None
        points, offset = self.shard.scroll(
            edge.ScrollRequest(
                body.get("offset"),
                body.get("limit", 10),
                filter_of(body.get("filter")),
                selector(body.get("with_payload", True)),
                body.get("with_vector", False),
                order,
            )
        )
        following = None if offset is None else offset if isinstance(offset, int) else str(offset)
        return {"points": [record(point, body) for point in points], "next_page_offset": following}

    def retrieve(self, body):
        points = self.shard.retrieve(body["ids"], selector(body.get("with_payload", False)), body.get("with_vector", False))
        return [record(point, body) for point in points]

    def count(self, body):
        return {"count": self.shard.count(edge.CountRequest(True, filter_of(body.get("filter"))))}

    def facet(self, body):
        request = edge.FacetRequest(body["key"], body.get("limit", 10), True, filter_of(body.get("filter")))
        return {"hits": [{"value": plain_id(hit.value), "count": hit.count} for hit in self.shard.facet(request).hits]}


class Judge:
    def __init__(self, folder):
        self.folder = folder
        self.made = 0
        self.collections = {}

    def whole(self, method, name, body):
        """A collection's creation and removal."""
        if method == "PUT":
            self.made += 1
            self.collections[name] = Collection(os.path.join(self.folder, str(self.made)), body)
        elif name in self.collections:
            self.collections.pop(name).drop()
        return True

    def answer(self, method, path, body):
        _, _, name, *below = [unquote(part) for part in urlsplit(path).path.split("/")]
        if not below:
            return self.whole(method, name, body)
        result = self.below(self.collections[name], method, below, body)
        changed = {"operation_id": 0, "status": "completed"}
        if below == ["points", "batch"]:
            return [changed for _ in body["operations"]]
        return changed if result is None else result

    def below(self, collection, method, below, body):
        if below[0] == "index" and method == "DELETE":
            return collection.update("delete_field_index", below[1])
        if below[0] == "vectors":
            if method == "DELETE":
                return collection.update("delete_vector_name", below[1])
            return collection.create_vector(below[1], body)
        return getattr(collection, ROUTES[f"{method} {'/'.join(below)}"])(body)


ROUTES = {
    "PUT points": "upsert",
    "POST points": "retrieve",
    "POST points/payload": "set_payload",
    "PUT points/payload": "overwrite_payload",
    "POST points/payload/delete": "delete_payload",
    "POST points/payload/clear": "clear_payload",
    "PUT points/vectors": "update_vectors",
    "POST points/vectors/delete": "delete_vectors",
    "POST points/delete": "delete",
    "POST points/batch": "batch",
    "POST points/query": "query",
    "POST points/scroll": "scroll",
    "POST points/count": "count",
    "POST facet": "facet",
    "PUT index": "create_index",
}


def main():
    judge = Judge(sys.argv[1])
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            result = judge.answer(asked["method"], asked["path"], asked["body"])
            told = {"status": 200, "result": result}
        except Exception as error:
            absent = isinstance(error, NotFound) or "No point with id" in str(error)
            told = {"status": 404 if absent else 400, "result": f"{type(error).__name__}: {error}"}
        print(json.dumps(told), flush=True)


main()
