#!/usr/bin/env python3
"""A directory whose vision tower is as large as published and whose language model is a test's: to measure pictures without gigabytes.

    towers.py gemma3|llava_onevision1_5|florence2|blip2|qwen2_5_vl FOLDER [bfloat16|float16|float32]

Weights are random, since speed does not depend on values. Needs numpy, torch and safetensors. Gemma 3: 4B's SigLIP; LLaVA-OneVision-1.5: RICE; Florence-2: large's
DaViT in the layout of transformers' port; BLIP-2: ViT-g and the Q-Former; Qwen2.5-VL: 3B's tower.
"""
import json
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

KIT = Path(__file__).resolve().parents[2] / "fovea-core/src/test/resources/oracle"


def linear(name, outputs, inputs, bias=True):
    yield name + ".weight", (outputs, inputs)
    if bias:
        yield name + ".bias", (outputs,)


def norm(name, width):
    yield name + ".weight", (width,)
    yield name + ".bias", (width,)


def gemma3(config):
    vision = dict(hidden_size=1152, image_size=896, intermediate_size=4304, num_attention_heads=16, num_hidden_layers=27)
    config["vision_config"] |= vision
    config["mm_tokens_per_image"] = 256
    text = config["text_config"]["hidden_size"]
    top, d, wide = "vision_tower.vision_model.", 1152, 4304
    yield "multi_modal_projector.mm_input_projection_weight", (d, text)
    yield "multi_modal_projector.mm_soft_emb_norm.weight", (d,)
    yield top + "embeddings.patch_embedding.weight", (d, 3, 14, 14)
    yield top + "embeddings.patch_embedding.bias", (d,)
    yield top + "embeddings.position_embedding.weight", (4096, d)
    for i in range(27):
        layer = top + f"encoder.layers.{i}."
        yield from norm(layer + "layer_norm1", d)
        yield from norm(layer + "layer_norm2", d)
        for part in ("k_proj", "v_proj", "q_proj", "out_proj"):
            yield from linear(layer + "self_attn." + part, d, d)
        yield from linear(layer + "mlp.fc1", wide, d)
        yield from linear(layer + "mlp.fc2", d, wide)
    yield from norm(top + "post_layernorm", d)


def llava_onevision1_5(config):
    config["vision_config"] |= dict(depth=24, embed_dim=1024, hidden_size=1024, intermediate_size=4096, num_heads=16)
    text, d = config["text_config"]["hidden_size"], 1024
    yield "visual.class_embedding", (d,)
    yield "visual.class_pos_emb", (1, 32)
    yield "visual.patch_embed.proj.weight", (d, 3, 14, 14)
    yield from norm("visual.pre_layernorm", d)
    for i in range(24):
        block = f"visual.blocks.{i}."
        yield from norm(block + "norm1", d)
        yield from norm(block + "norm2", d)
        yield from linear(block + "attn.qkv", 3 * d, d)
        yield from linear(block + "attn.proj", d, d)
        yield from linear(block + "mlp.fc1", 4 * d, d)
        yield from linear(block + "mlp.fc2", d, 4 * d)
    yield from norm("visual.merger.ln_q", d)
    yield from linear("visual.merger.mlp.0", 4 * d, 4 * d)
    yield from linear("visual.merger.mlp.2", text, 4 * d)


def florence2(config):
    widths, depths = [256, 512, 1024, 2048], [1, 1, 9, 1]
    heads = [8, 16, 32, 64]
    config["vision_config"] |= dict(embed_dim=widths, depths=depths, num_heads=heads, num_groups=heads, window_size=12)
    text, positions = config["text_config"]["d_model"], 1024
    config["text_config"]["max_position_embeddings"] = positions
    for side in ("encoder", "decoder"):
        yield f"model.language_model.{side}.embed_positions.weight", (positions + 2, text)
    top = "model.vision_tower."
    before = 3
    for stage, (d, depth) in enumerate(zip(widths, depths)):
        side = 7 if stage == 0 else 3
        yield top + f"convs.{stage}.conv.weight", (d, before, side, side)
        yield top + f"convs.{stage}.conv.bias", (d,)
        yield from norm(top + f"convs.{stage}.norm", d if stage == 0 else before)
        before = d
        for i in range(depth):
            for kind, attention in (("spatial_block", "window_attn"), ("channel_block", "channel_attn")):
                block = top + f"blocks.{stage}.{i}.{kind}."
                for convolution in ("conv1", "conv2"):
                    yield block + convolution + ".weight", (d, 1, 3, 3)
                    yield block + convolution + ".bias", (d,)
                yield from norm(block + "norm1", d)
                yield from norm(block + "norm2", d)
                yield from linear(block + attention + ".qkv", 3 * d, d)
                yield from linear(block + attention + ".proj", d, d)
                yield from linear(block + "ffn.fc1", 4 * d, d)
                yield from linear(block + "ffn.fc2", d, 4 * d)
    projector = "model.multi_modal_projector."
    yield projector + "image_projection.weight", (text, before)
    yield from norm(projector + "image_proj_norm", text)
    for axis in ("row", "column"):
        yield projector + f"image_position_embed.{axis}_embeddings.weight", (50, before // 2)
    yield projector + "visual_temporal_embed.pos_idx_to_embed", (100, before)


def blip2(config):
    config["vision_config"] |= dict(hidden_size=1408, intermediate_size=6144, num_hidden_layers=39, num_attention_heads=16, image_size=224)
    config["qformer_config"] |= dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, encoder_hidden_size=1408)
    config["num_query_tokens"] = 32
    d, wide, q = 1408, 6144, 768
    top = "vision_model."
    yield top + "embeddings.class_embedding", (1, 1, d)
    yield top + "embeddings.position_embedding", (1, 257, d)
    yield top + "embeddings.patch_embedding.weight", (d, 3, 14, 14)
    yield top + "embeddings.patch_embedding.bias", (d,)
    for i in range(39):
        layer = top + f"encoder.layers.{i}."
        yield from norm(layer + "layer_norm1", d)
        yield from norm(layer + "layer_norm2", d)
        yield from linear(layer + "self_attn.qkv", 3 * d, d)
        yield from linear(layer + "self_attn.projection", d, d)
        yield from linear(layer + "mlp.fc1", wide, d)
        yield from linear(layer + "mlp.fc2", d, wide)
    yield from norm(top + "post_layernorm", d)
    yield "query_tokens", (1, 32, q)
    yield from norm("qformer.layernorm", q)
    for i in range(12):
        layer = f"qformer.encoder.layer.{i}."
        for kind, keys in (("attention", q), ("crossattention", d))[: 2 - i % 2]:
            for part, inputs in (("query", q), ("key", keys), ("value", keys)):
                yield from linear(layer + f"{kind}.attention.{part}", q, inputs)
            yield from linear(layer + f"{kind}.output.dense", q, q)
            yield from norm(layer + f"{kind}.output.LayerNorm", q)
        yield from linear(layer + "intermediate_query.dense", 3072, q)
        yield from linear(layer + "output_query.dense", q, 3072)
        yield from norm(layer + "output_query.LayerNorm", q)
    yield from linear("language_projection", config["text_config"]["hidden_size"], q)


def qwen2_5_vl(config):
    config["vision_config"] |= dict(depth=32, hidden_size=1280, intermediate_size=3420, num_heads=16, window_size=112, fullatt_block_indexes=[7, 15, 23, 31])
    d, wide = 1280, 3420
    yield "visual.patch_embed.proj.weight", (d, 3, 2, 14, 14)
    for i in range(32):
        block = f"visual.blocks.{i}."
        yield block + "norm1.weight", (d,)
        yield block + "norm2.weight", (d,)
        yield from linear(block + "attn.qkv", 3 * d, d)
        yield from linear(block + "attn.proj", d, d)
        yield from linear(block + "mlp.gate_proj", wide, d)
        yield from linear(block + "mlp.up_proj", wide, d)
        yield from linear(block + "mlp.down_proj", d, wide)
    yield "visual.merger.ln_q.weight", (d,)
    yield from linear("visual.merger.mlp.0", 4 * d, 4 * d)
    yield from linear("visual.merger.mlp.2", config["vision_config"]["out_hidden_size"], 4 * d)


KITS = {gemma3: "gemma3/hub", llava_onevision1_5: "llava_onevision1_5/small", florence2: "florence2/native", blip2: "blip2/opt-calm",
        qwen2_5_vl: "qwen2_5_vl/hub"}

SIZES = {
    gemma3: {"preprocessor_config.json": {"size": {"height": 896, "width": 896}, "image_seq_length": 256},
             "processor_config.json": {"image_seq_length": 256}},
    florence2: {"processor_config.json": {"size": {"height": 768, "width": 768}, "image_seq_length": 577}},
    blip2: {"preprocessor_config.json": {"size": {"height": 224, "width": 224}}, "processor_config.json": {"num_query_tokens": 32}},
}


def main():
    family = globals()[sys.argv[1]]
    source, target = KIT / KITS[family] / "checkpoint", Path(sys.argv[2])
    dtype = getattr(torch, sys.argv[3] if len(sys.argv) > 3 else "float16" if family in (florence2, blip2) else "bfloat16")
    target.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        if file.suffix != ".safetensors" and "index" not in file.name:
            shutil.copy(file, target)
    config = json.loads((source / "config.json").read_text())
    shapes = dict(family(config))
    config.pop("dtype", None)  # its newer name, which would win
    config["torch_dtype"] = str(dtype).removeprefix("torch.")
    weights = {k: v for file in source.glob("*.safetensors") for k, v in load_file(file).items()}
    towers = ("vision_tower.", "visual.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector.",
              "vision_model.", "qformer.", "query_tokens", "language_projection.")
    weights = {k: v for k, v in weights.items() if not k.startswith(towers)}
    weights |= {name: torch.randn(shape) * 0.02 for name, shape in shapes.items()}
    save_file({k: v.to(dtype).contiguous() for k, v in weights.items()}, target / "model.safetensors", metadata={"format": "pt"})
    (target / "config.json").write_text(json.dumps(config, indent=1))
    for name, sizes in SIZES.get(family, {}).items():
        file = target / name
        settings = json.loads(file.read_text())
        settings.get("image_processor", settings).update(sizes)
        file.write_text(json.dumps(settings, indent=1))


main()
