"""What transformers makes of checkpoints that differ from the published ones in their heads or their rotary frequencies.

Writes ../resources/dev/fovea/parity/checkpoints.json: for checkpoints of the kit with a change that the test makes as well, the ids that
greedy decoding answers to a case of the kit; and ../resources/dev/fovea/nn/rope.json: inverse frequencies and the factor of cos and sin
for rope configurations, as float32.

Run with torch 2.13 and transformers 5.23 (CPU):  python checkpoints.py
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor
from transformers.models.qwen3 import Qwen3Config
from transformers.models.qwen3.modeling_qwen3 import Qwen3RotaryEmbedding

RESOURCES = Path(__file__).parent.parent / "resources"
ORACLE = RESOURCES / "oracle"
MIN_MARGIN = 1e-3
TOKENS = 24

YARN = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "mrope_section": [2, 3, 3]}
SCALINGS = {
    "yarn": YARN,
    "yarn-options": YARN | {"rope_type": "yarn", "factor": 2.5, "beta_fast": 8, "beta_slow": 0.5, "attention_factor": 0.75, "truncate": False},
    "yarn-mscale": YARN | {"factor": 40, "mscale": 0.707, "mscale_all_dim": 1.0, "original_max_position_embeddings": 64},
    "llama3": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 512, "mrope_section": [2, 3, 3]},
    "linear": {"type": "linear", "factor": 3.0, "mrope_section": [2, 3, 3]},
}
FLAT = {name: {"rope_type" if k == "type" else k: v for k, v in s.items() if k != "mrope_section"} for name, s in SCALINGS.items()}

# base checkpoint of the kit, case, name of the token table, name of the head
HEADS = [
    ("gemma3/base", "text", "language_model.model.embed_tokens.weight", "language_model.lm_head.weight"),
    ("qwen2_5_vl/base", "text", "model.embed_tokens.weight", "lm_head.weight"),
    ("blip2/opt-saved", "question-2", "language_model.model.decoder.embed_tokens.weight", "language_model.lm_head.weight"),
    ("florence2/native", "greedy-caption", "model.language_model.shared.weight", "lm_head.weight"),
    ("florence2/native", "greedy-caption", "model.language_model.shared.weight", "model.language_model.decoder.embed_tokens.weight"),
    ("opt/before", "greedy", "model.decoder.embed_tokens.weight", "lm_head.weight"),
]


def heads(tensors, form, table, head):
    tensors = dict(tensors)
    if form == "different":  # the rows of the table, each moved up by one
        tensors[head] = torch.roll(tensors[table], -1, 0).contiguous()
    elif form == "equal":
        tensors[head] = tensors[table].clone()
    elif form == "alone":
        tensors[head] = tensors.pop(table)
    return tensors


def case_of(variant, name):
    return next(c for c in json.loads((ORACLE / variant / "cases.json").read_text(encoding="utf-8")) if c["name"] == name)


def answer(folder, variant, case):
    """Ids after the prompt, and the least distance of the first two logits."""
    auto = AutoModelForCausalLM if variant.startswith(("opt", "llava")) else AutoModelForImageTextToText
    model = auto.from_pretrained(folder, dtype=torch.float32).eval()
    ids = case["input_ids"][0] if isinstance(case["input_ids"][0], list) else case["input_ids"]
    inputs = {"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.long)}
    if case.get("images"):
        images = [Image.open(ORACLE / variant / i).convert("RGB") for i in case["images"]]
        image_processor = AutoProcessor.from_pretrained(ORACLE / variant / "checkpoint").image_processor
        pictures = image_processor(images=images, return_tensors="pt")
        inputs |= {k: pictures[k] for k in ("pixel_values", "image_grid_thw") if k in pictures}
    if "image_grid_thw" in inputs:
        inputs["mm_token_type_ids"] = (inputs["input_ids"] == model.config.image_token_id).long()
    out = model.generate(**inputs, do_sample=False, num_beams=1, max_new_tokens=TOKENS, output_logits=True, return_dict_in_generate=True)
    top = torch.stack([l[0].topk(2).values for l in out.logits])
    start = 0 if model.config.is_encoder_decoder else len(ids)
    new = out.sequences[0][start:].tolist()
    margins = (top[:, 0] - top[:, 1]).tolist()
    before = len(new) - len(margins)
    safe = before + next((i for i, m in enumerate(margins) if m < MIN_MARGIN), len(margins))
    assert safe >= 3, (folder, margins)
    return new[:safe]


def checkpoint(target, variant, tensors, config):
    shutil.copytree(ORACLE / variant / "checkpoint", target)
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    (target / "config.json").write_text(json.dumps(config))


def answers(scratch):
    rows = []
    for n, (variant, name, table, head) in enumerate(HEADS):
        source = ORACLE / variant / "checkpoint"
        tensors, config = load_file(source / "model.safetensors"), json.loads((source / "config.json").read_text())
        for form in ("different", "equal", "alone"):
            folder = scratch / f"{n}-{form}"
            checkpoint(folder, variant, heads(tensors, form, table, head), config)
            rows.append(dict(variant=variant, case=name, table=table, head=head, form=form,
                             output_ids=answer(folder, variant, case_of(variant, name))))
            print(rows[-1], flush=True)
    scalings = [("qwen2_5_vl/base", case, scaling, lambda c, s: c | {"rope_scaling": s})
                for case, scaling in (("text-long", "yarn"), ("image", "yarn"), ("text-long", "yarn-options"), ("image", "yarn-mscale"),
                                      ("text-long", "llama3"), ("image", "linear"))]
    scalings += [("gemma3/base", case, scaling, lambda c, s: c | {"text_config": c["text_config"] | {"rope_scaling": s}})
                 for case, scaling in (("text-long", "yarn"), ("text", "llama3"))]
    for n, (variant, name, scaling, change) in enumerate(scalings):
        source = ORACLE / variant / "checkpoint"
        config = json.loads((source / "config.json").read_text())
        s = (SCALINGS if "qwen" in variant else FLAT)[scaling]
        folder = scratch / f"rope-{n}"
        checkpoint(folder, variant, load_file(source / "model.safetensors"), change(config, s))
        rows.append(dict(variant=variant, case=name, scaling=s, output_ids=answer(folder, variant, case_of(variant, name))))
        print(rows[-1], flush=True)
    # the decoder of LLaVA-OneVision-1.5 by itself
    source = ORACLE / "llava_onevision1_5/small/checkpoint"
    text = {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], "tie_word_embeddings": False} | {
        k: v for k, v in json.loads((source / "config.json").read_text())["text_config"].items() if k not in ("model_type", "image_token_id", "video_token_id")}
    tensors = {k: v for k, v in load_file(source / "model.safetensors").items() if not k.startswith(("visual", "model.visual"))}
    for scaling in ("yarn", "llama3", None):
        folder = scratch / f"qwen3-{scaling}"
        s = FLAT.get(scaling)
        checkpoint(folder, "llava_onevision1_5/small", tensors, text | {"rope_scaling": s})
        case = case_of("llava_onevision1_5/small", "greedy_40")
        rows.append(dict(variant="llava_onevision1_5/small", case="greedy_40", scaling=s, output_ids=answer(folder, "llava", case)))
        print(rows[-1], flush=True)
    return rows


def frequencies():
    rows = []
    dims = dict(hidden_size=1024, num_attention_heads=8, max_position_embeddings=131072)
    for name, s in FLAT.items():
        for theta in (10000.0, 1000000.0, 500000.0, 5000000.0):
            for original in (None, 4096, 32768):
                if "original_max_position_embeddings" not in s and original:
                    continue
                rope = {k: v for k, v in s.items() if k not in ("original_max_position_embeddings", "rope_type")}
                rope |= {"rope_type": s["rope_type"], "rope_theta": theta}
                if original:
                    rope["original_max_position_embeddings"] = original
                if name == "yarn" and original == 4096 and theta == 10000.0:
                    rope["factor"] = None
                elif name == "yarn" and original == 4096:
                    rope["factor"] = 1.0
                embedding = Qwen3RotaryEmbedding(Qwen3Config(**dims, head_dim=128, rope_parameters=dict(rope)))
                rows.append(dict(rope=rope, head_dim=128, max_position_embeddings=131072, inverse=embedding.inv_freq.tolist(),
                                 scaling=embedding.attention_scaling))
    return rows


def main():
    with tempfile.TemporaryDirectory() as scratch:
        for path, value in (("nn/rope.json", frequencies()), ("parity/checkpoints.json", answers(Path(scratch)))):
            target = RESOURCES / "dev/fovea" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("[\n" + ",\n".join(json.dumps(r) for r in value) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
