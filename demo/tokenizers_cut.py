"""Small tokenizers cut from the real ones: the bytes, and the merges that the demo's texts need."""
from __future__ import annotations

import json
from pathlib import Path


def cut(vocab: dict, merges: list, used: set) -> tuple:
    """(kept pieces in the order of their real ids, kept merges): all that `used` pieces are built from, and single bytes.

    A text of used pieces is split as by the whole tokenizer, because every merge that its pieces need is kept, in order.
    """
    made = {a + b: (a, b) for a, b in reversed(merges)}
    keep, todo = set(), [piece for piece in used]
    while todo:
        piece = todo.pop()
        if piece in keep:
            continue
        keep.add(piece)
        if piece in made:
            todo += made[piece]
    pieces = sorted((p for p in vocab if p in keep or len(p) == 1), key=vocab.get)
    return pieces, [(a, b) for a, b in merges if a + b in keep and a in keep and b in keep]


def read_bpe(folder: Path) -> tuple:
    """vocab.json and merges.txt"""
    vocab = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    lines = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()
    return vocab, [tuple(line.split(" ")) for line in lines if line.count(" ") == 1 and not line.startswith("#version")]


def write_json(path: Path, value, indent: int | None = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")
