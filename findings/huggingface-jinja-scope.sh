#!/usr/bin/env bash
# @huggingface/jinja 0.5.11, the engine of chat templates in transformers.js: two differences from Jinja, by which the reference fills them,
# change prompts without an error. What `set` makes inside a `for` lasts into the next turns of the loop (Jinja drops it at the end of each):
# a template that sets the thought only where there is one, as that of GLM-5.2, puts an earlier answer's thought into the later ones. (MiniJinja had
# the same, its issue 910.) And strip, lstrip and rstrip take no argument, yet accept one: `lstrip("\n")`, which stands in
# the templates of Qwen 3 and many others, strips all white space, so that an answer that begins with indented code loses its indent.
# Seen: Jinja "<think>hmm</think>    if x:", then "    fine"; here "<think>hmm</think>if x:", then "<think>hmm</think>fine"
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet jinja2==3.1.6
echo '{"type": "module"}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund @huggingface/jinja@0.5.11 >/dev/null
cat >template.jinja <<'JINJA'
{%- for message in messages %}
    {%- if "</think>" in message.content %}
        {%- set thought = message.content.split("</think>")[0].split("<think>")[-1].strip("\n") %}
    {%- endif %}
    {%- set answer = message.content.split("</think>")[-1].lstrip("\n") %}
    {{- "[" }}
    {%- if thought is defined %}{{ "<think>" + thought + "</think>" }}{% endif %}
    {{- answer + "]" }}
{%- endfor %}
JINJA
cat >messages.json <<'JSON'
[
    {"role": "assistant", "content": "<think>\nhmm\n</think>\n\n    if x:"},
    {"role": "assistant", "content": "    fine"}
]
JSON
cat >main.py <<'PY'
import json
import pathlib

from jinja2.sandbox import ImmutableSandboxedEnvironment

environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
template = environment.from_string(pathlib.Path("template.jinja").read_text())
print(template.render(messages=json.loads(pathlib.Path("messages.json").read_text())))
PY
cat >main.js <<'JS'
import { readFileSync } from "node:fs";
import { Template } from "@huggingface/jinja";

const template = new Template(readFileSync("template.jinja", "utf8"));
console.log(template.render({ messages: JSON.parse(readFileSync("messages.json", "utf8")) }));
JS
seen=$(venv/bin/python main.py && node main.js)
echo "$seen"
[ "$seen" = "[<think>hmm</think>    if x:][    fine]
[<think>hmm</think>if x:][<think>hmm</think>fine]" ]
