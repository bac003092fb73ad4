"""Random JSON schemas, and documents with the verdict of Python's jsonschema.

    pip install 'jsonschema[format]==4.25.1'
    python json_schemas.py ../resources/grammar/schemas.json

A document that is valid is spelled as answers are: properties in the order of the schema, no properties that an object with
properties does not name. oneOf counts as anyOf. What is not valid is a valid document with something changed, or a document of another schema.
"""

import json
import random
import sys

import jsonschema

rng = random.Random(17)
WORDS = ["name", "a", "box", "größe", "x y", 'q"uote', "label", "id", "日", ""]
TEXTS = ["", "a", "red", "grün", "日本", "tab\there", 'say "hi"', "back\\slash", "🙂", "line\nbreak", "x" * 9, "é" * 5]
PATTERNS = [
    ("^[a-z]+$", ["a", "zebra"]),
    ("^\\d{2,4}-[A-F]$", ["12-A", "1234-F"]),
    ("b+", ["b", "abba", "xxbb"]),
    ("^(foo|bar)", ["foo", "bar baz"]),
    ("end$", ["end", "the end"]),
    ("^(?:[^x]|xy)*$", ["", "abxy", "xyxy"]),
    ("^.{1,3}$|^long\\.$", ["a", "äöü", "long."]),
]
FORMATS = {
    "date": ["2024-02-29", "1999-12-31", "2023-02-29", "2023-13-01", "1900-02-29", "2000-02-29"],
    "time": ["12:34:56Z", "23:59:59+02:00", "24:00:00Z", "12:00Z"],
    "date-time": ["2024-02-29T12:00:00Z", "2024-02-30T12:00:00Z", "2024-01-01 12:00:00Z"],
    "uuid": ["123e4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000"],
    "ipv4": ["127.0.0.1", "256.1.1.1", "1.2.3"],
    "ipv6": ["::1", "1:2:3:4:5:6:7:8", "1::8", "1:2:3:4:5:6:7", ":::", "1::2::3"],
    "duration": ["P1Y", "P3W", "PT5M", "P", "P1Y2M3D", "P1Y2S"],
    "hostname": ["example.com", "a-b.c", "-a.com"],
    "email": ["a@b.de", "nobody", "first.last@example.org"],
}


def scalar():
    kind = rng.randrange(9)
    if kind == 0:
        return {"type": "null"}
    if kind == 1:
        return {"type": "boolean"}
    if kind == 2:
        s = {"type": "integer"}
        bounds(s, lambda: rng.choice([-1000, -15, -1, 0, 1, 7, 10, 99, 100, 1234]))
        if rng.random() < 0.2:
            s["multipleOf"] = rng.choice([2, 3, 7, 10])
        return s
    if kind == 3:
        s = {"type": "number"}
        bounds(s, lambda: rng.choice([-2.5, -1, 0, 0.05, 0.5, 1, 3.75, 10, 100]))
        return s
    if kind == 4:
        return {"enum": rng.sample(TEXTS + [1, 2.5, -3, None, True, [], [1, "a"], {"k": [1]}], rng.randint(1, 4))}
    if kind == 5:
        return {"const": rng.choice(TEXTS + [7, 0.5, False, None])}
    if kind == 6:
        s = {"type": "string"}
        if rng.random() < 0.5:
            s["minLength"] = rng.randint(0, 3)
        if rng.random() < 0.5:
            s["maxLength"] = rng.randint(3, 9)
        return s
    if kind == 7:
        s = {"type": "string", "pattern": rng.choice(PATTERNS)[0]}
        if rng.random() < 0.3:
            s["maxLength"] = rng.randint(3, 6)
        return s
    return {"type": "string", "format": rng.choice(list(FORMATS))}


def bounds(s, value):
    a, b = sorted([value(), value()])
    if rng.random() < 0.5:
        s[rng.choice(["minimum", "exclusiveMinimum"])] = a
    if rng.random() < 0.5:
        s[rng.choice(["maximum", "exclusiveMaximum"])] = b + (2 if a == b else 0)


def schema(depth):
    kind = rng.randrange(10)
    if depth == 0 or kind < 3:
        return scalar()
    if kind == 3:
        return {rng.choice(["anyOf", "oneOf"]): [schema(depth - 1) for _ in range(rng.randint(2, 3))]}
    if kind == 4:
        return {"type": rng.sample(["string", "integer", "null", "boolean", "number"], rng.randint(1, 3))}
    if kind == 5:
        return rng.choice([True, {}, {"$ref": "#/$defs/node"}, {"type": ["string", "null"], "minLength": 2}])
    if kind == 6:
        s = {"type": "array"}
        if rng.random() < 0.8:
            s["items"] = schema(depth - 1)
        if rng.random() < 0.3:
            s["prefixItems"] = [schema(depth - 1) for _ in range(rng.randint(1, 2))]
        if rng.random() < 0.4:
            s["minItems"] = rng.randint(0, 2)
        if rng.random() < 0.4:
            s["maxItems"] = rng.randint(2, 4)
        return s
    if kind == 7:
        return {"allOf": [obj(depth), obj(depth)]}
    return obj(depth)


def obj(depth):
    names = rng.sample(WORDS, rng.randint(0, 4))
    s = {"type": "object", "properties": {n: schema(depth - 1) for n in names}}
    if names and rng.random() < 0.8:
        s["required"] = rng.sample(names, rng.randint(1, len(names)))
    if rng.random() < 0.3:
        s["additionalProperties"] = rng.choice([False, True, schema(depth - 1)])
    if rng.random() < 0.1:
        del s["properties"]
        s.pop("required", None)
    return s


NODE = {
    "type": "object",
    "properties": {"value": {"type": "integer"}, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
    "required": ["value"],
    "additionalProperties": False,
}


def strings():
    return rng.choice(TEXTS + [t for p in PATTERNS for t in p[1]] + [t for f in FORMATS.values() for t in f])


def value(s, depth, root):
    """A document that is likely to be valid."""
    if s is True or s == {}:
        return rng.choice([None, True, 3, -2.5, "text", [], [1, [2]], {"k": "v", "l": {}}])
    if "$ref" in s:
        return value(root["$defs"]["node"], depth - 1, root)
    for key in ("anyOf", "oneOf"):
        if key in s:
            return value(rng.choice(s[key]), depth, root)
    if "allOf" in s:
        merged = {}
        for part in s["allOf"]:
            merged.update(value(part, depth, root))
        named = [n for part in s["allOf"] for n in part.get("properties", {})]
        return {n: merged[n] for n in [n for n in named if n in merged] + [n for n in merged if n not in named]}
    if "enum" in s:
        return rng.choice(s["enum"])
    if "const" in s:
        return s["const"]
    kind = s.get("type", "object")
    if isinstance(kind, list):
        kind = rng.choice(kind)
    if kind == "null":
        return None
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "integer":
        low = s.get("minimum", s.get("exclusiveMinimum", -20))
        return rng.choice([low, low + 1, low + rng.randint(0, 120), s.get("maximum", 5), rng.randint(-2000, 2000)])
    if kind == "number":
        low = s.get("minimum", s.get("exclusiveMinimum", -3))
        return rng.choice([low, low + 0.25, low + 1, s.get("maximum", 2), round(rng.uniform(-5, 12), rng.randint(0, 3))])
    if kind == "string":
        if "pattern" in s:
            return rng.choice(dict(PATTERNS)[s["pattern"]] + TEXTS)
        if "format" in s:
            return rng.choice(FORMATS[s["format"]])
        return strings()
    if kind == "array":
        n = rng.randint(s.get("minItems", 0), min(s.get("maxItems", 3), 4)) if s.get("minItems", 0) <= s.get("maxItems", 3) else 0
        prefix = s.get("prefixItems", [])
        return [value(prefix[i] if i < len(prefix) else s.get("items", True), depth - 1, root) for i in range(n)]
    props = s.get("properties", {})
    result = {
        n: value(p, depth - 1, root)
        for n, p in props.items()
        if n in s.get("required", []) or (depth > -6 and rng.random() < 0.5)
    }
    extra = s.get("additionalProperties", "properties" not in s)
    if extra is not False and rng.random() < 0.5:
        result.setdefault(rng.choice(["extra", "nameless", "größer", "ab"]), value(True if extra is True else extra, depth - 1, root))
    return result


def changed(doc):
    """The same with something else somewhere."""
    if isinstance(doc, dict) and doc and rng.random() < 0.8:
        key = rng.choice(list(doc))
        if rng.random() < 0.4:
            return {k: v for k, v in doc.items() if k != key}
        return {k: changed(v) if k == key else v for k, v in doc.items()}
    if isinstance(doc, list) and doc and rng.random() < 0.8:
        i = rng.randrange(len(doc))
        if rng.random() < 0.4:
            return doc[:i] + doc[i + 1 :]
        return [changed(v) if j == i else v for j, v in enumerate(doc)]
    return rng.choice([None, 0, 1, -1, 11, 100, 0.5, "", "a", strings(), [], [1], {}, {"a": 1}, True])


def any_of(s):
    """The same schema with anyOf for oneOf."""
    if isinstance(s, list):
        return [any_of(x) for x in s]
    return {"anyOf" if k == "oneOf" else k: any_of(v) for k, v in s.items()} if isinstance(s, dict) else s


def closing(s):
    """The same schema, in which objects have the names alone that it names, where it names some and says nothing of others."""
    if isinstance(s, list):
        return [closing(x) for x in s]
    if not isinstance(s, dict):
        return s
    out = {}
    for k, v in s.items():
        if k in ("enum", "const"):
            out[k] = v
        elif k == "properties":
            out[k] = {n: closing(p) for n, p in v.items()}
        elif k == "allOf":
            names = {n for p in v for n in p.get("properties", {})}
            said = any("additionalProperties" in p for p in v)
            named = any("properties" in p for p in v)
            out[k] = [{kk: closing(vv) if kk != "properties" else {n: closing(p) for n, p in vv.items()} for kk, vv in p.items()} for p in v]
            if named and not said:
                out["propertyNames"] = {"enum": sorted(names)}
        else:
            out[k] = closing(v)
    if "properties" in s and "additionalProperties" not in s:
        out["additionalProperties"] = False
    return out


CHECKER = jsonschema.Draft202012Validator.FORMAT_CHECKER


def main(path):
    cases = []
    while len(cases) < 150:
        root = schema(3)
        if not isinstance(root, dict):
            continue
        root = dict(root, **{"$defs": {"node": NODE}})
        validator = jsonschema.Draft202012Validator(any_of(root), format_checker=CHECKER)
        strict = jsonschema.Draft202012Validator(closing(any_of(root)), format_checker=CHECKER)
        docs = {}
        for _ in range(30):
            doc = value(root, 3, root)
            for one in (doc, changed(doc), changed(doc)):
                docs[json.dumps(one, ensure_ascii=rng.random() < 0.5)] = one
        valid = [t for t, d in docs.items() if strict.is_valid(d)]
        invalid = [t for t, d in docs.items() if not validator.is_valid(d)]
        if not valid:
            continue
        rng.shuffle(valid)
        rng.shuffle(invalid)
        cases.append({"schema": root, "valid": valid[:8], "invalid": invalid[:8]})
    with open(path, "w", encoding="utf-8") as f:
        f.write("[" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "]\n")
    print(len(cases), sum(len(c["valid"]) for c in cases), sum(len(c["invalid"]) for c in cases))


main(sys.argv[1])
