"""Weights as bitsandbytes packs them, with the values that it unpacks, and what transformers answers with such a directory.

    python fovea-core/src/test/python/bitsandbytes_weights.py fovea-core/src/test/resources

With bitsandbytes 0.48.2, accelerate 1.15 and transformers 5. Writes dev/fovea/io/quantize/bitsandbytes.safetensors (single weights, their
values as NAME.expected), and in dev/fovea/parity/published the language layers of the kit's model oracle/qwen2_5_vl/base in NF4 and in
8 bits, with the log-probabilities of next tokens in float32: of NF4 with the directory opened by transformers and multiplied by
bitsandbytes, of 8 bits with the unpacked values, since its products round the other factor too.

Values are what bitsandbytes' CUDA kernel computes: products in float32, with the levels that the file says, rounded once. On a CPU it
rounds the levels to 16 bits first, and has others for FP4, of four decimals; here it gets those of the file.
"""

import hashlib
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

import bitsandbytes.functional as bnb
import torch
from bitsandbytes.backends.utils import CODE
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import Qwen2_5_VLForConditionalGeneration

LINEAR = re.compile(r"^model\.layers\.\d+\..*_proj\.weight$")
TEXT = "A red star is left of a blue circle, and two green squares are below; how many shapes are there in the picture?"
TOP = 20


def four(name, w, kind, nested=True, block=64, storage=torch.uint8):
    """The stored tensors of a weight in 4 bits, and its values."""
    codes, state = bnb.quantize_4bit(w, blocksize=block, compress_statistics=nested, quant_type=kind, quant_storage=storage)
    tensors = {name: codes} | {f"{name}.{key}": part for key, part in state.as_dict(packed=True).items()}
    state.dtype = torch.float32
    CODE[kind] = state.code
    return tensors, bnb.dequantize_4bit(codes, state).to(w.dtype).float()


def eight(name, w):
    codes, scales, _ = bnb.int8_vectorwise_quant(w.half())
    stem = name.removesuffix("weight")
    tensors = {name: codes, stem + "SCB": scales, stem + "weight_format": torch.tensor(0, dtype=torch.uint8)}
    return tensors, codes.float() * (scales / 127)[:, None]


def single(to):
    tensors = {}
    for name, n, k, dtype, options in [
        ("plain", 48, 256, torch.bfloat16, {"kind": "nf4"}),
        ("scales", 40, 192, torch.float16, {"kind": "nf4", "nested": False, "block": 128}),
        ("single", 24, 104, torch.float32, {"kind": "fp4"}),
        ("stored", 16, 64, torch.bfloat16, {"kind": "fp4", "nested": False, "storage": torch.bfloat16}),
        ("many", 200, 512, torch.bfloat16, {"kind": "nf4"}),
    ]:
        parts, values = four(f"{name}.weight", (torch.randn(n, k) * 0.05).to(dtype), **options)
        tensors |= parts
        if name != "many":
            tensors[f"{name}.expected"] = values
        else:
            digest = hashlib.sha256(values.to(dtype).view(torch.uint8).numpy().tobytes()).digest()
            tensors["many.sha256"] = torch.tensor(list(digest), dtype=torch.uint8)
    for name, n, k in [("eight", 48, 256), ("odd", 20, 90)]:
        w = torch.randn(n, k) * 0.05
        w[3] = 0
        w[4, 5] = -8
        parts, values = eight(f"{name}.weight", w)
        tensors |= parts | {f"{name}.expected": values}
    save_file({n: t.contiguous() for n, t in tensors.items()}, to / "bitsandbytes.safetensors")


def answer(model, kit):
    ids = Tokenizer.from_file(str(kit / "tokenizer.json")).encode(TEXT).ids
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids])).logits[0, -1]
    best = torch.log_softmax(logits, -1).topk(TOP)
    return {"text": TEXT, "tokens": best.indices.tolist(), "logprobs": [round(p, 6) for p in best.values.tolist()]}


def config(kit, **quantization):
    found = json.loads((kit / "config.json").read_text())
    found["quantization_config"] = {"quant_method": "bitsandbytes", "llm_int8_skip_modules": ["visual", "lm_head"]} | quantization
    return json.dumps(found)


def whole(kit, to):
    dense = load_file(kit / "model.safetensors")
    tensors, rest, state = {}, {}, {}
    eights = {}
    for name, w in dense.items():
        if LINEAR.match(name):
            tensors |= four(name, w, "nf4")[0]
            parts, state[name] = eight(name, w)
            eights |= parts
        else:
            rest[name] = w
    save_file({n: t.contiguous() for n, t in tensors.items()}, to / "nf4.safetensors")
    save_file({n: t.contiguous() for n, t in eights.items()}, to / "int8.safetensors")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(kit, folder, dirs_exist_ok=True)
        save_file(rest | tensors, Path(folder, "model.safetensors"), metadata={"format": "pt"})
        Path(folder, "config.json").write_text(
            config(kit, load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True)
        )
        model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, device_map="cpu")
        assert type(model.model.language_model.layers[0].mlp.up_proj).__name__ == "Linear4bit"
        (to / "nf4.json").write_text(json.dumps(answer(model, kit)) + "\n")
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(kit, dtype=torch.float32)
    own = model.state_dict()
    for name in own:
        stored = name.replace("model.visual", "visual").replace("model.language_model", "model")
        if stored in state:
            own[name].copy_(state[stored])
    (to / "int8.json").write_text(json.dumps(answer(model, kit)) + "\n")


torch.manual_seed(16)
resources = Path(sys.argv[1])
single(resources / "dev/fovea/io/quantize")
whole(resources / "oracle/qwen2_5_vl/base/checkpoint", resources / "dev/fovea/parity/published")
