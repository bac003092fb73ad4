#!/usr/bin/env python3
"""What llama.cpp's formats cost: a copy of a model whose language layers and head went through one of them and back to float32.

    ggml_formats.py MODEL COPY LAYERS [HEAD]     each q8_0, q4_0 or q4_k_m; HEAD is LAYERS where it is not given

q4_k_m takes llama.cpp's own functions (GGML_LIB is the path of its libggml-base.so, beside the Python package gguf) and its choice
of Q6_K for the head and for some v_proj and down_proj. Groups of 256 go on from row to row where a row is no multiple of that.

`fovea eval COPY --against MODEL` compares the two. A head that is tied to the table of embeddings takes the table with it, as in
llama.cpp. Needs numpy, torch and safetensors; for a directory with one model.safetensors.
"""
import ctypes
import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

BLOCK = 32
LAYER_NUMBER = re.compile(r"layers\.(\d+)\.")
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


def by_llama(w, form):
    import gguf

    kind = gguf.GGMLQuantizationType[form]
    block, size = gguf.GGML_QUANT_SIZES[kind]
    rows = np.ascontiguousarray(w.reshape(-1, block), np.float32)
    codes = np.empty((len(rows), size), np.uint8)
    quantize = ctypes.CDLL(os.environ["GGML_LIB"]).ggml_quantize_chunk
    quantize.restype = ctypes.c_size_t
    quantize.argtypes = [ctypes.c_int, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 3, ctypes.c_void_p]
    quantize(int(kind), rows.ctypes.data, codes.ctypes.data, 0, len(rows), block, None)
    return gguf.dequantize(codes, kind).reshape(w.shape)


def q4_k_m(w, name, layers):
    """llama.cpp's choice: use_more_bits of llama-quant.cpp, and Q8_0 in place of Q6_K where that does not fit."""
    if w.size % 256 != 0:
        return q8_0(w)
    found = re.search(r"layers\.(\d+)\..*(v_proj|down_proj)", name)
    layer = int(found[1]) if found else 0
    more = layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2
    return by_llama(w, "Q6_K" if not LAYER.search(name) or (found and more) else "Q4_K")


def inverse(scale):
    return np.divide(1, scale, out=np.zeros_like(scale), where=scale != 0)


def restored(codes, scale, shape):
    return (codes * scale.astype(np.float16).astype(np.float32)).reshape(shape)


FORMATS = {"q8_0": q8_0, "q4_0": q4_0}


def main(model, copy, layers, head=None):
    shutil.copytree(model, copy)
    tensors = {name: t.float() for name, t in load_file(Path(model) / "model.safetensors").items()}
    heads = [name for name in tensors if name.endswith("lm_head.weight")]
    depth = 1 + max(int(LAYER_NUMBER.search(name)[1]) for name in tensors if LAYER.search(name))
    heads = heads or [name for name in tensors if name.endswith("embed_tokens.weight")]
    for name, tensor in tensors.items():
        of_layer = LAYER.search(name) and "visual" not in name
        if of_layer or name in heads:
            form = layers if of_layer else head or layers
            w = tensor.numpy()
            tensors[name] = torch.from_numpy(q4_k_m(w, name, depth) if form == "q4_k_m" else FORMATS[form](w))
    save_file(tensors, Path(copy) / "model.safetensors")


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
