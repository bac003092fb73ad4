"""Weights in Fovea's codes of 8 and 4 bits with their values, by the layout that docs/quantisation.md gives, in numpy alone.

    python fovea-core/src/test/python/quantized_parts.py fovea-core/src/test/resources/dev/fovea/io/quantize/parts.safetensors
"""

import sys

import numpy as np
from safetensors.numpy import save_file

TILE, BLOCK = 16, 32
random = np.random.default_rng(16)
tensors = {}


def up(n, to):
    return -(-n // to) * to


def weight(name, rows, columns, bits, group, wide):
    padded_rows, padded_columns = up(rows, TILE), up(columns, BLOCK)
    tiles, groups = padded_rows // TILE, -(-columns // group)
    low, high = (-127, 128) if bits == 8 else (0, 16)
    codes = np.zeros((padded_rows, padded_columns), np.int32)
    codes[:rows, :columns] = random.integers(low, high, (rows, columns))
    factors = random.uniform(1e-4, 1e-3, padded_rows).astype(np.float32)
    scales = random.integers(1, 256, (padded_rows, groups))
    if wide:
        scales = (scales / 256).astype(np.float16).astype(np.float32)
    zeros = random.integers(0, 121, (padded_rows, groups)) if bits == 4 else np.zeros((padded_rows, groups), np.int32)

    def per_column(a):
        return np.repeat(a, group, axis=1)[:, :columns]

    line = factors[:, None] * per_column(scales.astype(np.float32))
    value = per_column(zeros).astype(np.float32) / np.float32(8)
    tensors[name + ".expected"] = (line * (codes[:, :columns].astype(np.float32) - value))[:rows]

    def tiled(a, dtype):  # (rows, groups) to (tiles, groups, 16)
        return np.ascontiguousarray(a.reshape(tiles, TILE, groups).transpose(0, 2, 1)).astype(dtype)

    chunk = 32 // bits
    packed = codes.reshape(tiles, TILE, padded_columns // chunk, chunk).transpose(0, 2, 1, 3)
    if bits == 4:
        packed = packed[..., :4] | packed[..., 4:] << 4
    tensors[name + ".codes"] = np.ascontiguousarray(packed).astype(np.int8 if bits == 8 else np.uint8).view(np.uint8)
    tensors[name + ".scales"] = tiled(scales, np.float32 if wide else np.uint8)
    if bits == 4:
        tensors[name + ".zeros"] = tiled(zeros, np.uint8)
    tensors[name + ".factors"] = factors


weight("eight.weight", 35, 70, 8, 32, False)
weight("four.weight", 35, 70, 4, 32, False)
weight("imported.weight", 48, 256, 4, 128, True)
weight("tiny.weight", 1, 3, 4, 32, False)
save_file(tensors, sys.argv[1])
