"""A model's language layers and head as llama.cpp's Q8_0 and Q4_0 hold them, dequantised to float32: what these formats cost."""
import json, re, shutil, sys
from pathlib import Path
import numpy as np
from safetensors.numpy import load_file, save_file
def q8_0(w):
    b = w.reshape(-1, 32); d = np.abs(b).max(1, keepdims=True) / 127
    i = np.divide(1, d, out=np.zeros_like(d), where=d > 0)
    return (np.rint(b * i) * d.astype(np.float16).astype(np.float32)).reshape(w.shape)
def q4_0(w):
    b = w.reshape(-1, 32); m = np.take_along_axis(b, np.abs(b).argmax(1)[:, None], 1); d = m / -8
    i = np.divide(1, d, out=np.zeros_like(d), where=d != 0)
    q = np.clip(np.trunc(b * i + 8.5), 0, 15) - 8
    return (q * d.astype(np.float16).astype(np.float32)).reshape(w.shape)
src, dst, form, head = Path(sys.argv[1]), Path(sys.argv[2]), globals()[sys.argv[3]], globals()[sys.argv[4]]
shutil.copytree(src, dst, dirs_exist_ok=True)
import torch
from safetensors.torch import load_file as lt
t = {k: v.float().numpy() for k, v in lt(src / "model.safetensors").items()}
n = 0
for k in list(t):
    if re.search(r"(^|\.)layers\.\d+\..*_proj\.weight$", k) and "visual" not in k: t[k] = form(t[k]); n += 1
c = json.loads((dst / "config.json").read_text())
e = [k for k in t if k.endswith("embed_tokens.weight")][0]
h = [k for k in t if k.endswith("lm_head.weight")]
if h: t[h[0]] = head(t[h[0]])
else: print("tied: embedding quantised too, as llama.cpp does"); t[e] = head(t[e])
print(n, "matrices", e, h)
(dst / "model.safetensors").unlink(); save_file({k: np.ascontiguousarray(v) for k, v in t.items()}, dst / "model.safetensors")
