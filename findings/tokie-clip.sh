#!/usr/bin/env bash
# tokie 0.1.4, a reader of tokenizer.json in Rust for Python, which calls itself a drop-in replacement for Hugging Face's tokenizers, for any of
# their models and "100% token-accurate": CLIP's file comes out as another tokenizer's. Its pieces that end a word end in </w>, which the file
# says by end_of_word_suffix; tokie never makes one of them, and writes the spaces, which CLIP drops, as pieces of their own. Capital letters
# stay, since of a sequence of normalizers Lowercase is left out; alone it drops accents as well. <|startoftext|> and <|endoftext|> are not
# added though asked for. All numbers are valid ones of CLIP's vocabulary, so that a text encoder takes them and gives an embedding of
# something else. No error and no warning, and no issue of it was found. Expected was what tokenizers 0.23.3 gives, CLIP's known numbers.
# Seen: a photo of a cat: 49406 320 1125 539 320 2368 49407 in tokenizers, 64 220 1153 220 684 220 64 220 1481 in tokie; café: cafe
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet tokenizers==0.23.3 tokie==0.1.4
# For its vocabulary alone, which is CLIP's.
venv/bin/pip install --quiet --no-deps open_clip_torch==3.3.0
cat >main.py <<'PY'
import gzip
import json
from importlib.metadata import files

import tokie
from tokenizers import Tokenizer, pre_tokenizers

(packed,) = (file for file in files("open_clip_torch") if file.name == "bpe_simple_vocab_16e6.txt.gz")
merges = [line.split() for line in gzip.open(packed.locate(), "rt", encoding="utf-8").read().split("\n")[1 : 49152 - 256 - 2 + 1]]
order = [*range(33, 127), *range(161, 173), *range(174, 256)]
order = [chr(b) for b in order] + [chr(256 + k) for k in range(256 - len(order))]
assert sorted(order) == sorted(pre_tokenizers.ByteLevel.alphabet())
pieces = order + [piece + "</w>" for piece in order] + ["".join(pair) for pair in merges] + ["<|startoftext|>", "<|endoftext|>"]
words = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
clip = {
    "version": "1.0", "truncation": None, "padding": None,
    "added_tokens": [{"id": i, "content": pieces[i], **plain} for i in (49406, 49407)],
    "normalizer": {
        "type": "Sequence",
        "normalizers": [{"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}, {"type": "Lowercase"}],
    },
    "pre_tokenizer": {
        "type": "Sequence",
        "pretokenizers": [{"type": "Split", "pattern": {"Regex": words}, "behavior": "Removed", "invert": True}, level],
    },
    "post_processor": {
        "type": "RobertaProcessing", "sep": ["<|endoftext|>", 49407], "cls": ["<|startoftext|>", 49406],
        "trim_offsets": False, "add_prefix_space": False,
    },
    "decoder": level,
    "model": {
        "type": "BPE", "dropout": None, "unk_token": "<|endoftext|>", "continuing_subword_prefix": "", "end_of_word_suffix": "</w>",
        "fuse_unk": False, "vocab": {piece: i for i, piece in enumerate(pieces)}, "merges": merges,
    },
}
lower = {
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": {"type": "Lowercase"},
    "pre_tokenizer": level, "post_processor": None, "decoder": level,
    "model": {
        "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
        "fuse_unk": False, "vocab": {piece: i for i, piece in enumerate(order)}, "merges": [],
    },
}
for name, file in (("clip.json", clip), ("lower.json", lower)):
    with open(name, "w", encoding="utf-8") as out:
        json.dump(file, out)
reference, reader = Tokenizer.from_file("clip.json"), tokie.Tokenizer.from_json("clip.json")
for text in ("a photo of a cat", "A Cat"):
    expected, seen = reference.encode(text), reader.encode(text, True)
    print(f"{text}: tokenizers {' '.join(expected.tokens)} | tokie {' '.join(reference.id_to_token(i) for i in seen.ids)}")
    print(f"{text}: tokenizers {' '.join(map(str, expected.ids))} | tokie {' '.join(map(str, seen.ids))}")
reference, reader = Tokenizer.from_file("lower.json"), tokie.Tokenizer.from_json("lower.json")
print(f"Café: tokenizers {reference.decode(reference.encode('Café').ids)} | tokie {reference.decode(reader.encode('Café', False).ids)}")
PY
seen=$(venv/bin/python main.py)
echo "$seen"
[ "$seen" = "a photo of a cat: tokenizers <|startoftext|> a</w> photo</w> of</w> a</w> cat</w> <|endoftext|> | tokie a Ġ photo Ġ of Ġ a Ġ cat
a photo of a cat: tokenizers 49406 320 1125 539 320 2368 49407 | tokie 64 220 1153 220 684 220 64 220 1481
A Cat: tokenizers <|startoftext|> a</w> cat</w> <|endoftext|> | tokie A Ġ C at
A Cat: tokenizers 49406 320 2368 49407 | tokie 32 220 34 527
Café: tokenizers café | tokie cafe" ]
