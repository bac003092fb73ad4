#!/usr/bin/env bash
# onnxruntime-extensions 0.15.2, which fills the chat templates of ONNX Runtime GenAI and Foundry Local by a copy of minja: two differences from
# Jinja change prompts without an error. `"part" in text` is false, whatever the text, and `not in` true; in lists and mappings `in` works.
# The template of Qwen 3 asks so whether an answer holds </think> and drops the thought if it does: here all thoughts of earlier turns stay in the
# prompt. And the line breaks and indents about blocks stay, which transformers documents to remove (trim_blocks and lstrip_blocks),
# so that a template written over several lines puts blank lines and spaces between its turns. minja's own engine of chat templates has both right. No issue was found of either
# (microsoft/onnxruntime-extensions#1081 is of string methods, which throw). Expected was what Jinja 3.1.6 gives as transformers sets it.
# Seen: "4" of the earlier answer with its thought "<think>2+2</think>4"; over five lines: "<user>?\n" becomes "\n  \n\n  \n<user>?\n  \n"
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet onnxruntime-extensions==0.15.2 numpy==2.4.6 jinja2==3.1.6
mkdir tokenizer
cat >main.py <<'PY'
import json

from jinja2.sandbox import ImmutableSandboxedEnvironment
from onnxruntime_extensions.pp_api import Tokenizer

with open("tokenizer/tokenizer.json", "w") as file:
    json.dump({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}, "added_tokens": []}, file)
with open("tokenizer/tokenizer_config.json", "w") as file:
    json.dump({"tokenizer_class": "GPT2Tokenizer"}, file)
tokenizer = Tokenizer("tokenizer")
reference = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
messages = [{"role": "assistant", "content": "<think>2+2</think>4"}, {"role": "user", "content": "?"}]
templates = {
    "in a string": "{{ 'cat' in 'concatenate' }} {{ 'dog' not in 'concatenate' }} {{ 'a' in ['a', 'b'] }} {{ 'role' in messages[0] }}",
    "as Qwen 3": """{%- for message in messages %}
    {%- set content = message.content %}
    {%- if '</think>' in message.content %}
        {%- set content = message.content.split('</think>')[-1].lstrip('\\n') %}
    {%- endif %}
    {{- '<|im_start|>' + message.role + '|' + content + '<|im_end|>' }}
{%- endfor %}""",
    "over lines": "{% for message in messages %}\n  {% if message.role == 'user' %}\n<user>{{ message.content }}\n  {% endif %}\n{% endfor %}",
}
for name, template in templates.items():
    print(name, "jinja", json.dumps(reference.from_string(template).render(messages=messages)))
    print(name, "here ", json.dumps(str(tokenizer.apply_chat_template(json.dumps(messages), template))))
PY
seen=$(venv/bin/python main.py)
echo "$seen"
[ "$seen" = 'in a string jinja "True True True True"
in a string here  "False True True True"
as Qwen 3 jinja "<|im_start|>assistant|4<|im_end|><|im_start|>user|?<|im_end|>"
as Qwen 3 here  "<|im_start|>assistant|<think>2+2</think>4<|im_end|><|im_start|>user|?<|im_end|>"
over lines jinja "<user>?\n"
over lines here  "\n  \n\n  \n<user>?\n  \n"' ]
