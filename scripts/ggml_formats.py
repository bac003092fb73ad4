#!/usr/bin/env python3
"""What llama.cpp's formats cost: a copy of a model whose language layers and head went through Q8_0 or Q4_0 and back to float32.

    ggml_formats.py MODEL COPY LAYERS [HEAD]     each q8_0 or q4_0; HEAD is LAYERS where it is not given

`fovea eval COPY --against MODEL` compares the two. A head that is tied to the table of embeddings takes the table with it, as in
llama.cpp. Needs numpy, torch and safetensors; for a directory with one model.safetensors.
"""
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

BLOCK = 32
LAYER = re.compile(r"(^|\.)layers\.\d+\..*_proj\.weight$")


def q8_0(w):
    """Codes of -127 to 127 with a float16 scale for each block."""
    blocks = w.reshape(-1, BLOCK)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / 127
    return restored(np.rint(blocks * inverse(scale)), scale, w.shape)


def q4_0(w):
    """Codes of -8 to 7; the value of largest magnitude becomes -8."""
    blocks = w.reshape(-1, BLOCK)
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=1)[:, None], axis=1)
    scale = largest / -8
    codes = np.clip(np.trunc(blocks * inverse(scale) + 8.5), 0, 15) - 8
    return restored(codes, scale, w.shape)


def inverse(scale):
    return np.divide(1, scale, out=np.zeros_like(scale), where=scale != 0)


def restored(codes, scale, shape):
    return (codes * scale.astype(np.float16).astype(np.float32)).reshape(shape)


FORMATS = {"q8_0": q8_0, "q4_0": q4_0}


def main(model, copy, layers, head=None):
    shutil.copytree(model, copy)
    tensors = {name: t.float() for name, t in load_file(Path(model) / "model.safetensors").items()}
    heads = [name for name in tensors if name.endswith("lm_head.weight")]
    heads = heads or [name for name in tensors if name.endswith("embed_tokens.weight")]
    for name, tensor in tensors.items():
        of_layer = LAYER.search(name) and "visual" not in name
        if of_layer or name in heads:
            form = FORMATS[layers if of_layer else head or layers]
            tensors[name] = torch.from_numpy(form(tensor.numpy()))
    save_file(tensors, Path(copy) / "model.safetensors")


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
