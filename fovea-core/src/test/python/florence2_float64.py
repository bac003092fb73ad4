"""How far the parity kit's own float32 answers for Florence-2 are from exact arithmetic.

The kit's model is random and its decoder amplifies rounding errors some fifty times, so that a few of its numbers are further from
what float64 gives than the kit's tolerance of 1e-4. Writes ../resources/oracle/florence2/float64.json: for each case of the
float32 variants in Microsoft's layout, the relative distance of each stage, and the distance of each beam's score, where it is
above 3e-5.

Run with numpy 2 and Pillow 11:  python florence2_float64.py
"""

import json
import math
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

KIT = Path(__file__).parent.parent / "resources" / "oracle" / "florence2"
DTYPES = {"F16": np.float16, "F32": np.float32, "I32": np.int32}
gelu = np.vectorize(lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2))))


def load(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    part = lambda t: np.frombuffer(data[8 + size :][slice(*t["data_offsets"])], DTYPES[t["dtype"]]).reshape(t["shape"])
    return {name: part(t) for name, t in header.items()}


class StateDict(pickle.Unpickler):
    """A pytorch_model.bin of dense float16 tensors."""

    def __init__(self, archive):
        self.archive, self.folder = archive, archive.namelist()[0].split("/")[0]
        super().__init__(archive.open(self.folder + "/data.pkl"))

    def persistent_load(self, storage):
        return np.frombuffer(self.archive.read(f"{self.folder}/data/{storage[2]}"), np.float16)

    def find_class(self, module, name):
        rebuild = lambda data, offset, size, *_: data[offset : offset + math.prod(size)].reshape(size)
        return {"_rebuild_tensor_v2": rebuild, "OrderedDict": dict}.get(name)


def use(variant):
    """Makes a variant the one that is computed."""
    global VARIANT, W, CONFIG, SIZE
    VARIANT, checkpoint = variant, variant / "checkpoint"
    single = checkpoint / "model.safetensors"
    stored = load(single) if single.exists() else StateDict(zipfile.ZipFile(checkpoint / "pytorch_model.bin")).load()
    W = {name: tensor.astype(np.float64) for name, tensor in stored.items()}
    CONFIG = json.loads((checkpoint / "config.json").read_text())
    SIZE = json.loads((checkpoint / "preprocessor_config.json").read_text())


def norm(x, name):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * W[name + ".weight"] + W[name + ".bias"]


def linear(x, name):
    return x @ W[name + ".weight"].T + W[name + ".bias"]


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def windows_of(x, size, padding, stride):
    padded = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    return np.lib.stride_tricks.sliding_window_view(padded, size, axis=(0, 1))[::stride, ::stride]


def conv(x, name, stride, padding):
    w = W[name + ".weight"]
    return np.einsum("yxcij,ocij->yxo", windows_of(x, w.shape[2:], padding, stride), w) + W[name + ".bias"]


def depthwise(x, name):
    w = W[name + ".fn.dw.weight"][:, 0]
    return np.einsum("yxcij,cij->yxc", windows_of(x, w.shape[1:], 1, 1), w) + W[name + ".fn.dw.bias"]


def window_attention(h, name, size, heads):
    height, width, c = h.shape
    h = np.pad(h, ((0, -height % size), (0, -width % size), (0, 0)))
    y, x, _ = h.shape
    tiles = h.reshape(y // size, size, x // size, size, c).transpose(0, 2, 1, 3, 4).reshape(-1, size * size, c)
    q, k, v = linear(tiles, name + ".qkv").reshape(-1, size * size, 3, heads, c // heads).transpose(2, 0, 3, 1, 4)
    out = softmax(q @ k.transpose(0, 1, 3, 2) / math.sqrt(c // heads)) @ v
    out = linear(out.transpose(0, 2, 1, 3).reshape(-1, size * size, c), name + ".proj")
    return out.reshape(y // size, x // size, size, size, c).transpose(0, 2, 1, 3, 4).reshape(y, x, c)[:height, :width]


def channel_attention(h, name, groups):
    y, x, c = h.shape
    q, k, v = linear(h.reshape(-1, c), name + ".qkv").reshape(-1, 3, groups, c // groups).transpose(1, 2, 3, 0)
    out = softmax(q @ k.transpose(0, 2, 1) / math.sqrt(y * x)) @ v
    return linear(out.reshape(c, -1).T, name + ".proj").reshape(y, x, c)


def block(x, name, attention, attend):
    x = x + depthwise(x, name + ".conv1")
    x = x + attend(norm(x, f"{name}.{attention}.norm"), f"{name}.{attention}.fn")
    x = x + depthwise(x, name + ".conv2")
    return x + linear(gelu(linear(norm(x, name + ".ffn.norm"), name + ".ffn.fn.net.fc1")), name + ".ffn.fn.net.fc2")


def tower(x, stages):
    c = CONFIG["vision_config"]
    for i, depth in enumerate(c["depths"]):
        name = f"vision_tower.convs.{i}"
        x = norm(conv(x, name + ".proj", 4, 3), name + ".norm") if i == 0 else conv(norm(x, name + ".norm"), name + ".proj", 2, 1)
        stages[f"vision.convs.{i}"] = x
        for j in range(depth):
            name = f"vision_tower.blocks.{i}.{j}"
            spatial = lambda h, n: window_attention(h, n, c["window_size"], c["num_heads"][i])
            x = stages[f"vision.blocks.{i}.{j}.spatial"] = block(x, name + ".spatial_block", "window_attn", spatial)
            channel = lambda h, n: channel_attention(h, n, c["num_groups"][i])
            x = stages[f"vision.blocks.{i}.{j}.channel"] = block(x, name + ".channel_block", "channel_attn", channel)
    return x


def projection(x):
    rows, columns, c = x.shape
    column = np.broadcast_to(W["image_pos_embed.column_embeddings.weight"][None, :columns], (rows, columns, c // 2))
    row = np.broadcast_to(W["image_pos_embed.row_embeddings.weight"][:rows, None], (rows, columns, c // 2))
    x = (x + np.concatenate([column, row], -1)).reshape(-1, c) + W["visual_temporal_embed.pos_idx_to_embed"][0]
    return norm(np.concatenate([x.mean(0, keepdims=True), x]) @ W["image_projection"], "image_proj_norm")


def attention(x, source, name, heads, causal):
    split = lambda t: t.reshape(len(t), heads, -1).transpose(1, 0, 2)
    q, k, v = (split(linear(t, f"{name}.{p}_proj")) for t, p in ((x, "q"), (source, "k"), (source, "v")))
    scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
    if causal:
        scores = np.where(np.tril(np.ones(scores.shape[1:], bool)), scores, -np.inf)
    return linear((softmax(scores) @ v).transpose(1, 0, 2).reshape(len(x), -1), name + ".out_proj")


def bart(x, side, stages, encoded=None):
    c, name = CONFIG["text_config"], f"language_model.model.{side}"
    x = norm(x + W[name + ".embed_positions.weight"][2 : 2 + len(x)], name + ".layernorm_embedding")
    stages[side + ".embeddings"] = x
    for i in range(c[side + "_layers"]):
        layer, heads = f"{name}.layers.{i}", c[side + "_attention_heads"]
        x = norm(x + attention(x, x, layer + ".self_attn", heads, encoded is not None), layer + ".self_attn_layer_norm")
        if encoded is not None:
            x = norm(x + attention(x, encoded, layer + ".encoder_attn", heads, False), layer + ".encoder_attn_layer_norm")
        x = norm(x + linear(gelu(linear(x, layer + ".fc1")), layer + ".fc2"), layer + ".final_layer_norm")
        stages[f"{side}.layers.{i}"] = x
    return x


def pixels(path):
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    image = image.resize((SIZE["size"]["width"], SIZE["size"]["height"]), Image.Resampling.BICUBIC)
    scaled = (np.asarray(image) * (1 / 255)).astype(np.float32)
    mean, std = (np.array(SIZE[key], np.float32) for key in ("image_mean", "image_std"))
    return ((scaled - mean) / std).astype(np.float64)


def answer(path, input_ids, output_ids):
    """All stages, and the log-probabilities after each of the answer's ids."""
    stages, table = {}, W["language_model.model.shared.weight"]
    picture = stages["projector.output"] = projection(tower(pixels(path), stages))
    stages["inputs_embeds"] = np.concatenate([picture, table[input_ids]])
    encoded = bart(stages["inputs_embeds"], "encoder", stages)
    hidden = bart(table[output_ids[:-1]], "decoder", stages, encoded)
    logits = hidden @ table.T + W["language_model.final_logits_bias"][0]
    stages["logits.last"] = logits[:1]
    return stages, np.log(softmax(logits))


def score(case, output_ids, logprobs):
    """Beam search: the forced first and last id count nothing."""
    options, steps = case["generate"], len(output_ids) - 1
    limit = options.get("max_new_tokens", options.get("max_length", 21) - 1)
    last = steps - 1 if steps == limit else steps
    return sum(logprobs[t][output_ids[t + 1]] for t in range(1, last)) / steps ** options.get("length_penalty", 1)


def rows(value, nested):
    return value if nested(value) else [value]


def distances(case):
    found = {}
    inputs, outputs = (rows(case[key], lambda ids: isinstance(ids[0], list)) for key in ("input_ids", "output_ids"))
    scores = rows(case.get("sequence_score"), lambda s: isinstance(s, list))
    file = VARIANT / "stages" / f"{case['name']}.safetensors"
    recorded = load(file) if file.exists() else {}
    away = []
    for i, output_ids in enumerate(outputs):
        row = i // (len(outputs) // len(inputs))
        if 2 in output_ids[1:]:
            output_ids = output_ids[: output_ids.index(2, 1) + 1]  # less the padding
        stages, logprobs = answer(VARIANT / case["images"][row], inputs[row], output_ids)
        for name in stages.keys() & recorded.keys():
            kit = recorded[name].reshape(stages[name].shape)
            found[name] = float(np.abs(stages[name] - kit).max() / np.abs(kit).max())
        if scores[i] is not None:
            away.append(abs(score(case, output_ids, logprobs) - scores[i]))
    if away:
        found["sequence_score"] = float(max(away))
    return {name: float(f"{value:.2g}") for name, value in sorted(found.items()) if value > 3e-5}


def main():
    found = {}
    for variant in ("microsoft-large", "microsoft-bin"):
        use(KIT / variant)
        cases = json.loads((VARIANT / "cases.json").read_text(encoding="utf-8"))
        alone = [c for c in cases if "attention_mask" not in c]
        asked = [c for c in alone if (VARIANT / "stages" / f"{c['name']}.safetensors").exists() or c.get("sequence_score") is not None]
        found |= {f"{variant}/{c['name']}": d for c in asked if (d := distances(c))}
    (KIT / "float64.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
