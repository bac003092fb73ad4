"""Writes the files beside it with PyTorch's torch.save, and hashes.json: what torch.load reads from them and from the
parity kit's pytorch_model.bin, as dtype, shape and the first 16 digits of the SHA-256 of the dense little-endian elements of each tensor."""
import hashlib
import json
from collections import OrderedDict
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
KIT = HERE.parents[3] / "oracle/florence2/microsoft-bin/checkpoint/pytorch_model.bin"


def hashed(file: Path) -> dict:
    result = {}
    for name, tensor in torch.load(file, weights_only=True).items():
        values = tensor.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes() if tensor.dim() else (
            tensor.detach().reshape(1).view(torch.uint8).numpy().tobytes())
        result[name] = [str(tensor.dtype).removeprefix("torch."), list(tensor.shape), hashlib.sha256(values).hexdigest()[:16]]
    return result


torch.manual_seed(1)
base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
kinds = OrderedDict(
    f64=torch.randn(3, dtype=torch.float64), f32=torch.randn(2, 3), f16=torch.randn(5).half(), bf16=torch.randn(5).bfloat16(),
    i64=torch.tensor([-1, 2**40]), i32=torch.tensor([-1, 2**30], dtype=torch.int32), i16=torch.tensor([-3], dtype=torch.int16),
    i8=torch.tensor([-3], dtype=torch.int8), u8=torch.tensor([200], dtype=torch.uint8), bool=torch.tensor([True, False]),
    scalar=torch.tensor(3.5), empty=torch.zeros(0, 4), parameter=torch.nn.Parameter(torch.randn(2, 2)),
    frozen=torch.nn.Parameter(torch.randn(2), requires_grad=False), base=base, tied=base, slice=base[1], row=base[1, 2],
    transposed=base.transpose(0, 2), columns=base[:, :, 1:3], every_second=base[:, ::2], ones_between=base.reshape(2, 1, 12)[:1],
)
kinds["größe\u4e2d"] = torch.ones(1)
torch.save(kinds, HERE / "kinds.bin")

module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
torch.save(module.state_dict(), HERE / "module.bin")  # an OrderedDict with _metadata
torch.save(module, HERE / "whole-module.bin")
torch.save({"epoch": 3, "model": module.state_dict()}, HERE / "training.bin")
torch.save({"x": torch.ones(2).expand(3, 2)}, HERE / "expanded.bin")
torch.save({"x": torch.ones(2).to_sparse()}, HERE / "sparse.bin")
torch.save({"x": torch.ones(2).to(torch.float8_e4m3fn)}, HERE / "float8.bin")
torch.save({"x": torch.ones(2)}, HERE / "legacy.bin", _use_new_zipfile_serialization=False)
torch.jit.save(torch.jit.script(module), HERE / "script.bin")

hashes = {"kinds.bin": hashed(HERE / "kinds.bin"), "module.bin": hashed(HERE / "module.bin"), "kit": hashed(KIT)}
lines = ",\n".join(
    f' "{file}": {{\n' + ",\n".join(f"  {json.dumps(n)}: {json.dumps(v)}" for n, v in tensors.items()) + "\n }"
    for file, tensors in hashes.items())
(HERE / "hashes.json").write_text("{\n" + lines + "\n}\n", encoding="utf-8")
