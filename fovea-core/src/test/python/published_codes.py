"""Weights of 4 bits as AutoGPTQ and AutoAWQ pack them, with their values, in numpy; and what transformers answers with those values.

    python fovea-core/src/test/python/published_codes.py fovea-core/src/test/resources

Writes dev/fovea/io/quantize/published.safetensors (single weights, their values as NAME.expected), and in dev/fovea/parity/published the
language layers of the kit's model oracle/qwen2_5_vl/base in both packings with the log-probabilities of next tokens that transformers
gives in float32 to the unpacked values.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer
from transformers import Qwen2_5_VLForConditionalGeneration

AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]  # the row of each code of an int
LINEAR = re.compile(r"^model\.layers\.\d+\..*_proj\.weight$")
TEXT = "A red star is left of a blue circle, and two green squares are below; how many shapes are there in the picture?"
TOP = 20


def quantised(w, group, shuffled, random):
    """Codes (N, K), scales and zeros (groups, N), and the group of each column."""
    n, k = w.shape
    groups = -(-k // group)
    g_idx = np.arange(k) // group
    if shuffled:
        g_idx = random.permutation(g_idx)
    low = np.stack([np.minimum(w[:, g_idx == g], 0).min(axis=1) for g in range(groups)])
    high = np.stack([np.maximum(w[:, g_idx == g], 0).max(axis=1) for g in range(groups)])
    scales = np.maximum((high - low) / 15, 1e-6).astype(np.float16)
    wide = scales.astype(np.float32)
    zeros = np.clip(np.rint(-low / wide), 0, 15).astype(np.int64)
    codes = np.clip(np.rint(w / wide[g_idx].T) + zeros[g_idx].T, 0, 15).astype(np.int64)
    return codes, scales, zeros, g_idx


def values(codes, scales, zeros, g_idx):
    return ((codes - zeros[g_idx].T) * scales.astype(np.float32)[g_idx].T).astype(np.float32)


def words(codes, axis, order):
    """Eight codes along an axis in an int, the first of them lowest."""
    codes = np.moveaxis(codes, axis, -1)
    codes = codes.reshape(*codes.shape[:-1], -1, 8)
    packed = sum(codes[..., order[i]].astype(np.uint32) << np.uint32(4 * i) for i in range(8))
    return np.ascontiguousarray(np.moveaxis(packed, -1, axis)).astype(np.uint32).view(np.int32)


def packed(stem, method, codes, scales, zeros, g_idx, step=1):
    parts = {"scales": np.ascontiguousarray(scales)}
    if method == "awq":
        parts["qweight"] = words(codes.T, 1, AWQ_ORDER)
        parts["qzeros"] = words(zeros, 1, AWQ_ORDER)
    else:
        parts["qweight"] = words(codes.T, 0, range(8))
        parts["qzeros"] = words((zeros - step) & 15, 1, range(8))  # 0 becomes 15
        parts["g_idx"] = g_idx.astype(np.int32)
    return {f"{stem}.{part}": array for part, array in parts.items()}


def single(to):
    random = np.random.default_rng(16)
    tensors = {}
    for name, method, n, k, group, shuffled in [
        ("plain", "gptq", 48, 256, 64, False),
        ("shuffled", "gptq", 40, 192, 64, True),
        ("odd", "gptq", 24, 104, 32, False),
        ("whole", "gptq", 16, 96, 96, False),
        ("second", "gptq_v2", 16, 64, 32, False),
        ("turned", "awq", 40, 192, 64, False),
        ("turned_whole", "awq", 8, 64, 64, False),
    ]:
        w = random.standard_normal((n, k)).astype(np.float32) * 0.05
        w[1] = np.abs(w[1])  # no zero point, the lowest that there is
        w[2] = -np.abs(w[2])  # the highest
        step = 1 if method == "gptq" else 0
        form = quantised(w, group, shuffled, random)
        tensors |= packed(name, method, *form, step=step)
        tensors[name + ".expected"] = values(*form)
    save_file(tensors, to / "published.safetensors")


def whole(kit, to):
    random = np.random.default_rng(17)
    ids = Tokenizer.from_file(str(kit / "tokenizer.json")).encode(TEXT).ids
    dense = load_file(kit / "model.safetensors")
    for method in ["gptq", "awq"]:
        tensors, state = {}, {}
        for name, w in dense.items():
            state[name] = torch.from_numpy(w)
            if LINEAR.match(name):
                shuffled = method == "gptq" and "down_proj" in name
                form = quantised(w, 32, shuffled, random)
                tensors |= packed(name.removesuffix(".weight"), method, *form)
                state[name] = torch.from_numpy(values(*form))
        save_file(tensors, to / f"{method}.safetensors")
        model = Qwen2_5_VLForConditionalGeneration.from_pretrained(kit, dtype=torch.float32)
        own = model.state_dict()
        for name in own:
            stored = name.replace("model.visual", "visual").replace("model.language_model", "model")
            if stored in state:
                own[name].copy_(state[stored])
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids])).logits[0, -1]
        best = torch.log_softmax(logits, -1).topk(TOP)
        answer = {"text": TEXT, "tokens": best.indices.tolist(), "logprobs": [round(p, 6) for p in best.values.tolist()]}
        (to / f"{method}.json").write_text(json.dumps(answer) + "\n")


resources = Path(sys.argv[1])
(resources / "dev/fovea/parity/published").mkdir(exist_ok=True)
single(resources / "dev/fovea/io/quantize")
whole(resources / "oracle/qwen2_5_vl/base/checkpoint", resources / "dev/fovea/parity/published")
