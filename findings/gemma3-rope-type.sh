#!/usr/bin/env bash
# transformers 5.23.0: Gemma 3 drops rope scaling that is spelled `type`, the older word for `rope_type`, where every other model
# with this key takes it. Gemma3TextConfig starts from {"rope_type": "default"} and lays rope_scaling over it, so that the older word
# never comes to count: a checkpoint with {"type": "linear", "factor": 8} answers without its scaling. Said is only that a key
# is not recognised.
# Seen: gemma3 default, qwen3 linear.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet transformers==5.23.0
seen=$("$folder/venv/bin/python" - 2>/dev/null <<'PY'
from transformers import Gemma3TextConfig, Qwen3Config

scaling = {"type": "linear", "factor": 8.0}
gemma3 = Gemma3TextConfig(rope_scaling=dict(scaling)).rope_parameters["full_attention"]
qwen3 = Qwen3Config(rope_scaling=dict(scaling)).rope_parameters
print("gemma3", gemma3["rope_type"], "qwen3", qwen3["rope_type"])
PY
)
echo "$seen"
[ "$seen" = "gemma3 default qwen3 linear" ]
