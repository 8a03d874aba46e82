"""Bodies of Qdrant's REST API as qdrant-edge's own objects: filters, vectors, formulas, indexes, selectors."""
import qdrant_edge as edge

DISTANCES = {name: getattr(edge.Distance, name) for name in ("Cosine", "Dot", "Euclid", "Manhattan")}
DATATYPES = {
    "float16": edge.VectorStorageDatatype.Float16,
    "uint8": edge.VectorStorageDatatype.Uint8,
    "float32": edge.VectorStorageDatatype.Float32,
}


def listed(value):
    return [] if value is None else value if isinstance(value, list) else [value]


def is_id(value):
    return isinstance(value, (int, str)) and not isinstance(value, bool)


# Conditions


def match_of(match):
    (kind, value), = match.items()
    makers = {
        "value": edge.MatchValue,
        "text": edge.MatchText,
        "text_any": edge.MatchTextAny,
        "phrase": edge.MatchPhrase,
        "any": edge.MatchAny,
        "except": edge.MatchExcept,
    }
    return makers[kind](value)


def range_of(limits):
    kind = edge.RangeDateTime if any(isinstance(bound, str) for bound in limits.values()) else edge.RangeFloat
    return kind(**limits)


def geo_point(point):
    return edge.GeoPoint(point["lon"], point["lat"])


def ring(line):
    return [geo_point(point) for point in line["points"]]


FIELD = {
    "match": match_of,
    "range": range_of,
    "geo_radius": lambda value: edge.GeoRadius(geo_point(value["center"]), value["radius"]),
    "geo_bounding_box": lambda value: edge.GeoBoundingBox(geo_point(value["top_left"]), geo_point(value["bottom_right"])),
    "geo_polygon": lambda value: edge.GeoPolygon(ring(value["exterior"]), [ring(line) for line in value.get("interiors", [])]),
    "values_count": lambda value: edge.ValuesCount(**value),
    "is_empty": lambda value: value,
    "is_null": lambda value: value,
}


def condition_of(condition):
    if "has_id" in condition:
        return edge.HasIdCondition(set(condition["has_id"]))
    if "has_vector" in condition:
        return edge.HasVectorCondition(condition["has_vector"])
    if "nested" in condition:
        nested = condition["nested"]
        return edge.NestedCondition(nested["key"], filter_of(nested["filter"]))
    if "key" in condition:
        return edge.FieldCondition(**{key: FIELD[key](value) if key in FIELD else value for key, value in condition.items()})
    if "is_empty" in condition:
        return edge.IsEmptyCondition(condition["is_empty"]["key"])
    if "is_null" in condition:
        return edge.IsNullCondition(condition["is_null"]["key"])
    return filter_of(condition)


def filter_of(body):
    if body is None:
        return None
    clauses = {key: [condition_of(one) for one in listed(body[key])] for key in ("must", "should", "must_not") if key in body}
    least = body.get("min_should")
    if least is not None:
        clauses["min_should"] = edge.MinShould([condition_of(one) for one in least["conditions"]], least["min_count"])
    return edge.Filter(**clauses)


def without(body_filter, ids):
    """A server never answers the points that a query or its prefetches named."""
    if not ids:
        return filter_of(body_filter)
    others = {"must_not": [{"has_id": ids}]}
    return filter_of(others if body_filter is None else {"must": [body_filter], **others})


# Vectors


def vector_of(value):
    if isinstance(value, dict):
        if "indices" in value and "values" in value:
            return edge.SparseVector(value["indices"], value["values"])
        return {name: vector_of(one) for name, one in value.items()}
    return value


def plain_vector(value):
    if isinstance(value, edge.SparseVector):
        return {"indices": list(value.indices), "values": list(value.values)}
    if isinstance(value, dict):
        return {name: plain_vector(one) for name, one in value.items()}
    return value


def dense_params(body):
    multi = edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim) if "multivector_config" in body else None
    return {
        "size": body["size"],
        "distance": DISTANCES[body["distance"]],
        "multivector_config": multi,
        "datatype": DATATYPES[body.get("datatype", "float32")],
    }


# Formulas


def expressions(items):
    return [expression_of(item) for item in items]


def decay(kind):
    def make(body):
        target = expression_of(body["target"]) if "target" in body else None
        return edge.Expression.Decay(kind, expression_of(body["x"]), target, body.get("midpoint"), body.get("scale"))

    return make


def division(body):
    return edge.Expression.Div(expression_of(body["left"]), expression_of(body["right"]), body.get("by_zero_default"))


def one_below(make):
    return lambda body: make(expression_of(body))


EXPRESSIONS = {
    "sum": lambda body: edge.Expression.Sum(expressions(body)),
    "mult": lambda body: edge.Expression.Mult(expressions(body)),
    "neg": one_below(edge.Expression.Neg),
    "abs": one_below(edge.Expression.Abs),
    "sqrt": one_below(edge.Expression.Sqrt),
    "exp": one_below(edge.Expression.Exp),
    "log10": one_below(edge.Expression.Log10),
    "ln": one_below(edge.Expression.Ln),
    "div": division,
    "pow": lambda body: edge.Expression.Pow(expression_of(body["base"]), expression_of(body["exponent"])),
    "datetime": lambda body: edge.Expression.Datetime(body),
    "datetime_key": lambda body: edge.Expression.DatetimeKey(body),
    "geo_distance": lambda body: edge.Expression.GeoDistance(geo_point(body["origin"]), body["to"]),
    "lin_decay": decay(edge.DecayKind.Lin),
    "exp_decay": decay(edge.DecayKind.Exp),
    "gauss_decay": decay(edge.DecayKind.Gauss),
}


def expression_of(body):
    if isinstance(body, (int, float)):
        return edge.Expression.Constant(float(body))
    if isinstance(body, str):
        return edge.Expression.Variable(body)
    for kind, make in EXPRESSIONS.items():
        if kind in body:
            return make(body[kind])
    return edge.Expression.Condition(condition_of(body))


# Indexes, orders, selectors


def stopwords_of(value):
    if isinstance(value, str):
        return getattr(edge.Language, value.capitalize())
    languages = {getattr(edge.Language, one.capitalize()) for one in value.get("languages", [])}
    return edge.StopwordsSet(languages, set(value.get("custom", [])))


def index_of(schema):
    if isinstance(schema, str):
        return getattr(edge.PayloadSchemaType, schema.capitalize())
    params = {key: value for key, value in schema.items() if key != "type"}
    kind = schema["type"].capitalize()
    if kind == "Text":
        if "tokenizer" in params:
            params["tokenizer"] = getattr(edge.TokenizerType, params["tokenizer"].capitalize())
        if "stopwords" in params:
            params["stopwords"] = stopwords_of(params["stopwords"])
        if "stemmer" in params:
            params["stemmer"] = edge.SnowballParams(getattr(edge.SnowballLanguage, params["stemmer"]["language"].capitalize()))
    return getattr(edge, f"{kind}IndexParams")(**params)


def order_of(body):
    if isinstance(body, str):
        return edge.OrderBy(body)
    direction = edge.Direction.Desc if body.get("direction") == "desc" else edge.Direction.Asc
    return edge.OrderBy(body["key"], direction, body.get("start_from"))


def selector(value):
    if isinstance(value, dict):
        if "include" in value:
            return edge.PayloadSelector.Include(value["include"])
        return edge.PayloadSelector.Exclude(value["exclude"])
    return value
