#!/usr/bin/env bash
# @huggingface/tokenizers 0.2.0, the JavaScript reader of tokenizer.json in transformers.js, beside tokenizers 0.23.3, whose format it is.
# Of the five behaviours that Split may have three are read as the first: MergedWithPrevious, MergedWithNext and Contiguous as Isolated.
# Removed by a string keeps what it should remove; by a regular expression it does not. With `invert` all that does not match is dropped,
# whatever the behaviour, which is right for Removed alone (the files of GPT-4's kind): text is lost before the model. Punctuation is read as
# Contiguous, its own default Isolated too. `single_word` of an added token is ignored, so that "cat" is cut out of "concat". No error is
# thrown, as it is for a type that the reader does not know. Expected was what tokenizers gives, as its documentation lists it.
# Seen: the-final--countdown, MergedWithPrevious: the - final - - countdown, not the- final- - countdown; Isolated inverted: - - - alone
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet tokenizers==0.23.3
echo '{"type": "module"}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund @huggingface/tokenizers@0.2.0 >/dev/null
cat >main.py <<'PY'
import json
import pathlib

from tokenizers import Tokenizer

pieces = ["<unk>", "the", "-", "final", "--", "countdown", "the-", "final-", "-final", "-countdown", "a", "concat"]
model = {"type": "BPE", "unk_token": "<unk>", "vocab": {piece: i for i, piece in enumerate(pieces)}, "merges": [], "ignore_merges": True}
word = {"id": len(pieces), "content": "cat", "single_word": True, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
cases = [
    ({"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}, [], "the-final--countdown")
    for behavior in ("Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous")
    for pattern, invert in (({"String": "-"}, False), ({"Regex": "-"}, False), ({"Regex": "-"}, True))
]
cases += [({"type": "Punctuation", "behavior": behavior}, [], "the-final--countdown") for behavior in ("Isolated", "Removed", "Contiguous")]
cases.append(({"type": "WhitespaceSplit"}, [word], "concat a cat"))
written = []
for pre, added, text in cases:
    file = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
        "pre_tokenizer": pre, "post_processor": None, "decoder": None, "model": model,
    }
    name = " ".join([pre["type"], *pre.get("pattern", {}), pre.get("behavior", ""), "inverted" if pre.get("invert") else ""])
    expected = " ".join(Tokenizer.from_str(json.dumps(file)).encode(text).tokens)
    written.append({"name": " ".join(name.split()), "file": file, "text": text, "expected": expected})
pathlib.Path("cases.json").write_text(json.dumps(written))
PY
cat >main.js <<'JS'
import { readFileSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";

for (const { name, file, text, expected } of JSON.parse(readFileSync("cases.json", "utf8"))) {
    const tokens = new Tokenizer(file, {}).encode(text).tokens.join(" ");
    console.log(`${name}: ${tokens === expected ? "the same" : `${tokens}, not ${expected}`}`);
}
JS
venv/bin/python main.py
seen=$(node main.js)
echo "$seen"
[ "$seen" = "Split String Isolated: the same
Split Regex Isolated: the same
Split Regex Isolated inverted: - - -, not the - final - - countdown
Split String Removed: the - final - - countdown, not the final countdown
Split Regex Removed: the same
Split Regex Removed inverted: the same
Split String MergedWithPrevious: the - final - - countdown, not the- final- - countdown
Split Regex MergedWithPrevious: the - final - - countdown, not the- final- - countdown
Split Regex MergedWithPrevious inverted: - - -, not the -final - -countdown
Split String MergedWithNext: the - final - - countdown, not the -final - -countdown
Split Regex MergedWithNext: the - final - - countdown, not the -final - -countdown
Split Regex MergedWithNext inverted: - - -, not the- final- - countdown
Split String Contiguous: the - final - - countdown, not the - final -- countdown
Split Regex Contiguous: the - final - - countdown, not the - final -- countdown
Split Regex Contiguous inverted: - - -, not the - final -- countdown
Punctuation Isolated: the - final -- countdown, not the - final - - countdown
Punctuation Removed: the - final -- countdown, not the final countdown
Punctuation Contiguous: the same
WhitespaceSplit: <unk> <unk> <unk> cat a cat, not concat a cat" ]
