"""Records what transformers makes of conversations: prompt texts, and token ids with control tokens sanitized or not.

    python conversations.py ../resources 7 ../resources/golden/conversations.json

The first argument is the folder of test resources, the second the seed. A case is the keys of a request in Fovea's JSON form, and
"prompt" (tokenize=False), "ids" (tokenize=True) or "error". Made with transformers 5.23.
"""

import gzip
import json
import os
import random
import shutil
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import transformers  # noqa: E402
from transformers import AutoProcessor, AutoTokenizer  # noqa: E402

transformers.logging.set_verbosity_error()

IMAGE = "assets/images/made/png_ltrns.png"
WORDS = ["Hello", "a cat", " two  spaces", "naïve", "emoji 🙂", "line\nbreak", "trailing ", "tabs\t", "\n", "1 < 2", "{{ x }}"]
MARKERS = {
    "qwen2_5_vl": ["<|im_end|>", "<|im_start|>", "<|image_pad|>", "<tool_call>", "<|endoftext|>"],
    "llava_onevision1_5": ["<|im_end|>", "<|vision_start|>"],
    "gemma3": ["<end_of_turn>", "<start_of_turn>", "<bos>", "<start_of_image>", "<eos>"],
    "qwen3": ["<|im_end|>", "<think>", "</think>", "<tool_call>"],
}
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather of a <town> & its \"district\".",
        "parameters": {"type": "object", "properties": {"town": {"type": "string"}, "days": {"type": "integer"}}},
    },
}


def text(rng, family):
    parts = [rng.choice(WORDS) for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.4:
        parts.insert(rng.randint(0, len(parts)), rng.choice(MARKERS[family]))
    return " ".join(parts)


def item(rng, family, pictures):
    if pictures and rng.random() < 0.4:
        key = rng.choice(["image", "url", "path"])
        one = {"type": "image", key: IMAGE}
        if rng.random() < 0.3:
            one = {"type": "image_url", "image_url": rng.choice([{"url": IMAGE, "detail": "low"}, IMAGE])}
        elif rng.random() < 0.4:
            one[rng.choice(["detail", "uuid", "text"])] = rng.choice(["auto", None])
            if "text" in one:
                one["text"] = None
        return one
    one = {"type": "text", "text": text(rng, family)}
    if rng.random() < 0.2:
        one["cache_control"] = {"type": "ephemeral"}
    return one


def message(rng, family, role):
    pictures = role == "user" and family != "qwen3"
    plain = rng.random() < 0.5 or family == "qwen3"
    content = text(rng, family) if plain else [item(rng, family, pictures) for _ in range(rng.randint(1, 3))]
    one = {"role": role, "content": content}
    if role == "assistant" and rng.random() < 0.3:
        one["tool_calls"] = [{"type": "function", "function": {"name": "weather", "arguments": {"town": text(rng, family)}}}]
        if rng.random() < 0.5:
            one["content"] = None
    if role == "assistant" and rng.random() < 0.3:
        one[rng.choice(["reasoning_content", "thinking", "reasoning"])] = text(rng, family)
    if rng.random() < 0.2:
        one["name"] = rng.choice(["Ann", None])
    if rng.random() < 0.2:
        one = dict(reversed(list(one.items())))
    return one


def case(rng, family):
    roles = ["user", "assistant"] * rng.randint(1, 2)
    if rng.random() < 0.5:
        roles.pop()
    if rng.random() < 0.4:
        roles.insert(0, "system")
    if rng.random() < 0.1:
        roles.append("user")
    one = {"messages": [message(rng, family, role) for role in roles]}
    if rng.random() < 0.3:
        one["tools"] = [TOOL]
    if rng.random() < 0.2:
        one["documents"] = [{"title": "T", "text": text(rng, family)}]
    if one["messages"][-1]["role"] == "assistant":
        one["continue_final_message"] = rng.choice([True, True, False, "content", "reasoning_content"])
    if not one.get("continue_final_message"):
        one["add_generation_prompt"] = rng.random() < 0.8
    if rng.random() < 0.3:
        name = {"qwen3": "enable_thinking"}.get(family, "add_vision_id")
        one["chat_template_kwargs"] = {name: rng.random() < 0.5}
    one["sanitize_control_tokens"] = rng.random() < 0.5
    return one


def answer(owner, given, tokenize):
    arguments = {k: v for k, v in given.items() if k not in ("messages", "chat_template_kwargs", "sanitize_control_tokens")}
    arguments.setdefault("add_generation_prompt", False)
    if tokenize:
        arguments["sanitize_control_tokens"] = given["sanitize_control_tokens"]
        arguments["return_dict"] = True
    kwargs = given.get("chat_template_kwargs", {})
    if isinstance(owner, transformers.ProcessorMixin):
        # Variables that a template does not read would be refused by the processor behind it.
        kwargs = {k: v for k, v in kwargs.items() if k in owner.chat_template}
    try:
        out = owner.apply_chat_template(json.loads(json.dumps(given["messages"])), tokenize=tokenize, **arguments, **kwargs)
    except Exception as e:
        return {"error": f"{type(e).__name__}: {e}"[:60]}
    if not tokenize:
        return {"prompt": out}
    ids = out["input_ids"]
    return {"ids": [int(i) for i in (ids[0] if hasattr(ids[0], "__len__") else ids)]}


def owners(resources):
    folder = tempfile.mkdtemp()
    for name in ("qwen2_5_vl/base", "gemma3/base", "llava_onevision1_5/small"):
        source = os.path.join(resources, "oracle", name, "checkpoint")
        target = os.path.join(folder, name)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.safetensors", "*.bin"))
    qwen3 = os.path.join(folder, "qwen3")
    shutil.copytree(os.path.join(resources, "tokenizers/qwen3"), qwen3)
    with gzip.open(os.path.join(qwen3, "tokenizer.json.gz")) as packed:
        with open(os.path.join(qwen3, "tokenizer.json"), "wb") as out:
            out.write(packed.read())
    yield "qwen2_5_vl", AutoProcessor.from_pretrained(os.path.join(folder, "qwen2_5_vl/base"))
    yield "gemma3", AutoProcessor.from_pretrained(os.path.join(folder, "gemma3/base"))
    # Its processor is the authors' code for transformers 4; the parts here are those of Qwen2.5-VL.
    llava = os.path.join(folder, "llava_onevision1_5/small")
    with open(os.path.join(llava, "config.json"), "w") as out:
        json.dump({"model_type": "qwen2_5_vl"}, out)
    yield "llava_onevision1_5", transformers.Qwen2_5_VLProcessor.from_pretrained(llava)
    yield "qwen3", AutoTokenizer.from_pretrained(qwen3)


def main():
    resources, seed, target = os.path.abspath(sys.argv[1]), int(sys.argv[2]), os.path.abspath(sys.argv[3])
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 60
    os.chdir(resources)
    lines = []
    for family, owner in owners(resources):
        rng = random.Random(seed)
        for number in range(count):
            given = case(rng, family)
            tokenize = family != "qwen3" and number % 2 == 1
            if not tokenize:
                given.pop("sanitize_control_tokens")
            line = {"family": family, **given, **answer(owner, given, tokenize)}
            lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
    with open(target, "w") as out:
        out.write("[\n" + ",\n".join(lines) + "\n]\n")


main()
