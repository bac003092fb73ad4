"""Records what transformers' tokenizers make of the options of tokenizer_config.json, and of older files beside it.

    python tokenizer_options.py ../resources ../resources/golden/tokenizer-options.json

A case names a checkpoint of the test resources and what is changed in its files: null deletes a key, or the file. Made with
transformers 5.23.
"""

import json
import os
import shutil
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import transformers  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

transformers.logging.set_verbosity_error()

FORCED = "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output"
CHANGES = [
    {},
    {"tokenizer_config.json": {"add_prefix_space": True}},
    {"tokenizer_config.json": {"add_prefix_space": None}},
    {"tokenizer_config.json": {"split_special_tokens": True}},
    {"tokenizer_config.json": {"split_special_tokens": True, "add_prefix_space": True}},
    {"tokenizer_config.json": {"clean_up_tokenization_spaces": True}},
    {"tokenizer_config.json": {"clean_up_tokenization_spaces": True, FORCED: True}},
    {"tokenizer_config.json": {"add_bos_token": True, "add_eos_token": True}},
]
OLDER = [
    {"tokenizer_config.json": {"added_tokens_decoder": None}, "added_tokens.json": {"<new>": 5000, "<newer>": 4999}},
    {"tokenizer_config.json": {"added_tokens_decoder": None}, "special_tokens_map.json": {"pad_token": "<newpad>"}},
    {"special_tokens_map.json": {"pad_token": "<unseen>"}},
]
FLAGS = [
    {"lstrip": True, "rstrip": True},
    {"special": False},
    {"special": True, "single_word": True},
    {"normalized": True, "lstrip": True},
]
CHECKPOINTS = ["qwen2_5_vl/base", "gemma3/base", "blip2/opt-half", "florence2/native"]


def marks(tokenizer):
    named = [str(t) for t in tokenizer.all_special_tokens]
    others = [t for t in tokenizer.added_tokens_decoder.values() if t.content not in named]
    special = [t.content for t in others if t.special]
    return named[:2] + [t.content for t in others if not t.special][:1] + special[:1]


def redeclared(tokenizer):
    """Tokens that tokenizer.json has, with other flags in tokenizer_config.json, which has to list them all for some classes."""
    names = marks(tokenizer)
    listed = {id: token for id, token in tokenizer.added_tokens_decoder.items() if token.content in names or len(tokenizer.added_tokens_decoder) < 100}
    for flags in FLAGS:
        tokens = {}
        for id, token in listed.items():
            said = {flag: getattr(token, flag) for flag in ("content", "lstrip", "normalized", "rstrip", "single_word", "special")}
            tokens[str(id)] = {**said, **(flags if token.content in names else {})}
        yield {"tokenizer_config.json": {"added_tokens_decoder": tokens}}


def texts(tokenizer):
    return ["Hello", " Hello", "", "it 's , n't it ? a . b", "Hello" + "".join(f" {m} the{m}end" for m in marks(tokenizer)), "<new> <newer>", "é\n\nx"]


def change(folder, changes):
    for name, keys in changes.items():
        path = os.path.join(folder, name)
        values = json.load(open(path)) if os.path.exists(path) else {}
        for key, value in keys.items():
            if value is None:
                values.pop(key, None)
            else:
                values[key] = value
        with open(path, "w") as file:
            json.dump(values, file)


def main():
    cases = []
    for checkpoint in CHECKPOINTS:
        source = os.path.join(sys.argv[1], "oracle", checkpoint, "checkpoint")
        for changes in CHANGES + OLDER + list(redeclared(AutoTokenizer.from_pretrained(source))):
            folder = tempfile.mkdtemp()
            for name in os.listdir(source):
                if name.endswith((".json", ".txt", ".jinja")) and ".index." not in name:
                    shutil.copy(os.path.join(source, name), folder)
            change(folder, changes)
            tokenizer = AutoTokenizer.from_pretrained(folder)
            rows = []
            for text in texts(tokenizer):
                ids = tokenizer(text)["input_ids"]
                rows.append({
                    "text": text,
                    "ids": ids,
                    "plain": tokenizer._encode_without_added_tokens(text),
                    "decoded": tokenizer.decode(ids),
                    "skipped": tokenizer.decode(ids, skip_special_tokens=True),
                })
            cases.append({"checkpoint": checkpoint, "changes": changes, "pad": tokenizer.pad_token, "rows": rows})
            shutil.rmtree(folder)
    with open(sys.argv[2], "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False, separators=(",", ":")) for c in cases) + "\n]\n")


main()
