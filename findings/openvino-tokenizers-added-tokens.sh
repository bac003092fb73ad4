#!/usr/bin/env bash
# openvino-tokenizers 2026.4.1.0, which makes of a tokenizer of transformers an OpenVINO model, for OpenVINO GenAI among others: tokens that were
# added to the vocabulary come out wrong in two kinds of tokenizer. In CLIP's each is followed by four pieces, < / w >, the suffix by which CLIP
# marks the end of a word, put behind the added token and spelled out; so it is with its own <|endoftext|> in a text. Textual inversion
# for Stable Diffusion adds such tokens, and every prompt with one gets this behind its new word. In WordPiece, as BERT has it, an added
# token is [UNK], so that what was trained for it is never looked up. All numbers are valid, nothing is said, and no issue of either
# was found. Byte-level BPE, SentencePiece's BPE and Unigram have their added tokens right. Expected was what transformers 5.23.0 gives.
# Seen: a <cat-toy> on a mat: a <cat-toy> < / w > on a mat; hello <new> world in WordPiece: hello [UNK] world
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile openvino==2026.4.1 openvino-tokenizers==2026.4.1.0 transformers==5.23.0 tokenizers==0.23.3 numpy==2.4.6
# For its vocabulary alone, which is CLIP's.
venv/bin/pip install --quiet --no-deps open_clip_torch==3.3.0
cat >main.py <<'PY'
import gzip
from importlib.metadata import files

import openvino
from openvino_tokenizers import convert_tokenizer
from transformers import BertTokenizer, CLIPTokenizer

(packed,) = (file for file in files("open_clip_torch") if file.name == "bpe_simple_vocab_16e6.txt.gz")
lines = gzip.open(packed.locate(), "rt", encoding="utf-8").read().split("\n")
merges = [tuple(line.split()) for line in lines[1 : 49152 - 256 - 2 + 1]]
order = [*range(33, 127), *range(161, 173), *range(174, 256)]
order = [chr(b) for b in order] + [chr(256 + k) for k in range(256 - len(order))]
pieces = order + [piece + "</w>" for piece in order] + ["".join(pair) for pair in merges] + ["<|startoftext|>", "<|endoftext|>"]
clip = CLIPTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, merges=merges)
clip.add_tokens(["<cat-toy>"])
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world"]
bert = BertTokenizer(vocab={word: i for i, word in enumerate(words)})
bert.add_tokens(["<new>"])
for name, tokenizer, texts in (
    ("CLIP", clip, ("a cat on a mat", "a <cat-toy> on a mat", "a cat <|endoftext|> a mat")),
    ("BERT", bert, ("hello world", "hello <new> world", "hello [MASK] world")),
):
    compiled = openvino.compile_model(convert_tokenizer(tokenizer), "CPU")
    for text in texts:
        expected = tokenizer(text)["input_ids"]
        seen = [int(token) for token in compiled([text])["input_ids"][0]]
        print(name, "expected", *tokenizer.convert_ids_to_tokens(expected[1:-1]))
        print(name, "seen    ", *tokenizer.convert_ids_to_tokens(seen[1:-1]))
PY
seen=$(venv/bin/python main.py 2>/dev/null)
echo "$seen"
[ "$seen" = "CLIP expected a</w> cat</w> on</w> a</w> mat</w>
CLIP seen     a</w> cat</w> on</w> a</w> mat</w>
CLIP expected a</w> <cat-toy> on</w> a</w> mat</w>
CLIP seen     a</w> <cat-toy> < / w > on</w> a</w> mat</w>
CLIP expected a</w> cat</w> <|endoftext|> a</w> mat</w>
CLIP seen     a</w> cat</w> <|endoftext|> < / w > a</w> mat</w>
BERT expected hello world
BERT seen     hello world
BERT expected hello <new> world
BERT seen     hello [UNK] world
BERT expected hello [MASK] world
BERT seen     hello [MASK] world" ]
