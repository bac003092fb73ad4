#!/usr/bin/env bash
# llguidance 1.9.1 holds a model's answer to a JSON schema (in mistral.rs; in vLLM and llama.cpp if they are started or built so). Of numbers
# with bounds it refuses some that are valid, and nothing is said. A bound of more than one decimal can't be written cut short: 0.95 as the
# maximum refuses 0.9, though 0.8 and 0.90 are taken, so that a model that wrote 0.9 has to go on by a digit from 0 to 5: a score of 0.9
# becomes one of 0.95. Bounds below zero likewise; above 0 exclusive to 1, 0.1 is taken and 0.10 is not. JSON Schema compares values, not
# spellings: expected was what jsonschema says.
# Seen: to 0.9: 0.90 refused; to 0.95: 0.9 refused; to 3.25: 3.2 refused; from -0.25: -0.2 refused; above 0 to 1: 0.10 refused
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet llguidance==1.9.1 jsonschema==4.26.0
seen=$("$folder/venv/bin/python" - 2>/dev/null <<'PY'
import json

from jsonschema import Draft202012Validator
from llguidance import LLMatcher, LLTokenizer

tokenizer = LLTokenizer("byte")


def taken(schema, text):
    matcher = LLMatcher(tokenizer, LLMatcher.grammar_from_json_schema(json.dumps(schema)))
    assert not matcher.is_error()
    tokens = tokenizer.tokenize_str(text)
    return matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()


for bounds, texts in (
    ({"minimum": 0, "maximum": 0.9}, "0.8 0.80 0.9 0.90 0.91"),
    ({"minimum": 0, "maximum": 0.95}, "0.8 0.80 0.9 0.90 0.95 0.96"),
    ({"minimum": 0, "maximum": 3.25}, "3 3.1 3.2 3.20 3.25"),
    ({"minimum": -0.25}, "-0.1 -0.2 -0.20 -0.25"),
    ({"exclusiveMinimum": 0, "maximum": 1}, "0 0.1 0.10 1"),
):
    schema = {"type": "number", **bounds}
    valid = Draft202012Validator(schema)
    wrong = [
        f"{text} {'taken' if taken(schema, text) else 'refused'}"
        for text in texts.split()
        if taken(schema, text) != valid.is_valid(json.loads(text))
    ]
    print(json.dumps(bounds), wrong)
PY
)
echo "$seen"
[ "$seen" = '{"minimum": 0, "maximum": 0.9} ['"'0.90 refused'"']
{"minimum": 0, "maximum": 0.95} ['"'0.9 refused'"']
{"minimum": 0, "maximum": 3.25} ['"'3.2 refused'"']
{"minimum": -0.25} ['"'-0.2 refused'"']
{"exclusiveMinimum": 0, "maximum": 1} ['"'0.10 refused'"']' ]
