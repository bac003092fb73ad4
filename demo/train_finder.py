"""Trains the scenes finder: a Florence-2 of four million parameters, in the layout of microsoft/Florence-2-large.

    python train_finder.py --tokenizer DIR --florence-tokenizer DIR --out models/finder

The first DIR holds vocab.json and merges.txt of facebook/bart-large, the second tokenizer.json of microsoft/Florence-2-large.

transformers' own class is trained; its tensors are written under Microsoft's names. First the tower alone, with a probe on its
rows that is thrown away at the end, then all of it on several tasks for every picture.
"""

import argparse
import json
import math
import random
import re
import time
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

import tasks
from probe import Probe, targets
from scenes import WORDS, draw, sample
from tokenizers_cut import cut, read_bpe, write_json
from train_chat import TOWER_SHARE, adam, advance, rate, report

SEEN = 192  # pixels of a side of a picture as the model gets it
SIDE = SEEN // 32
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
WIDTH = 160
TEXT = dict(
    d_model=WIDTH, encoder_layers=2, decoder_layers=3, encoder_attention_heads=5, decoder_attention_heads=5, encoder_ffn_dim=384,
    decoder_ffn_dim=384, max_position_embeddings=256,
)  # fmt: skip
# Wider first patches than Florence-2's (15 pixels every 8, for 7 every 4) and no last halving: a quarter of the work, the same 6 x 6 rows.
VISION = dict(
    dim_embed=[64, 96, 128, 160], num_heads=[2, 3, 4, 5], num_groups=[2, 3, 4, 5], depths=[1, 1, 2, 1], window_size=6,
    patch_size=[15, 3, 3, 3], patch_stride=[8, 2, 2, 1], patch_padding=[7, 1, 1, 1],
)  # fmt: skip
POSITIONS = 128  # that are kept of max_position_embeddings: no prompt or answer of training reaches the others
ADDED = (
    ["<od>", "</od>", "<ocr>", "</ocr>"] + [f"<loc_{i}>" for i in range(1000)]
    + ["<cap>", "</cap>", "<ncap>", "</ncap>", "<dcap>", "</dcap>", "<grounding>", "</grounding>", "<seg>", "</seg>", "<sep>", "<region_cap>",
       "</region_cap>", "<region_to_desciption>", "</region_to_desciption>", "<proposal>", "</proposal>", "<poly>", "</poly>", "<and>"]
)  # fmt: skip
BOS, PAD, EOS = 0, 1, 2


# ---------------------------------------------------------------------------------------------------------------- the directory


def write_directory(bart: Path, florence: Path, folder: Path) -> None:
    """Everything but the weights, as the hub has it. The 1,024 tokens of places and tasks are not in the file: processors add them."""
    vocab, merges = read_bpe(bart)
    template = json.loads((florence / "tokenizer.json").read_text(encoding="utf-8"))
    whole = Tokenizer.from_str(json.dumps(bpe(template, vocab, merges)))
    texts = list(every_text())
    used = {piece for encoding in whole.encode_batch(texts, add_special_tokens=False) for piece in encoding.tokens}
    special = {token["content"] for token in template["added_tokens"]}
    pieces, kept = cut(vocab, merges, used)
    first = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = first + [p for p in pieces if p not in special] + [p for p in vocab if p in special.difference(first)]
    small = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = bpe(template, small, kept)
    check = Tokenizer.from_str(json.dumps(tokenizer))
    assert all(a.tokens == b.tokens for a, b in zip(whole.encode_batch(texts), check.encode_batch(texts)))
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "tokenizer.json", tokenizer, None)
    write_json(folder / "vocab.json", small, None)
    write_json(folder / "tokenizer_config.json", {"model_max_length": 1024})
    write_json(folder / "generation_config.json", {"num_beams": 3, "early_stopping": False})
    size = {"height": SEEN, "width": SEEN}
    write_json(folder / "preprocessor_config.json", {
        "do_convert_rgb": None, "do_normalize": True, "do_rescale": True, "do_resize": True, "do_center_crop": False,
        "image_processor_type": "CLIPImageProcessor", "image_seq_length": SIDE * SIDE + 1, "image_mean": MEAN, "image_std": STD,
        "processor_class": "Florence2Processor", "resample": 3, "size": size, "crop_size": size,
    })  # fmt: skip
    write_json(folder / "config.json", config_json(len(small) + len(ADDED)))


def bpe(template: dict, vocab: dict, merges: list) -> dict:
    """The published tokenizer.json over another vocabulary."""
    copy = json.loads(json.dumps(template))
    copy["model"].update(vocab=vocab, merges=[f"{a} {b}" for a, b in merges])
    copy["added_tokens"] = [token | {"id": vocab[token["content"]]} for token in copy["added_tokens"] if token["content"] in vocab]
    return copy


def every_text():
    rng = random.Random(0)
    yield from tasks.PROMPTS.values()
    for before in ("", "a", " a", "the word "):  # at the beginning, behind letters, behind a blank
        yield from (text for word in WORDS for text in (before + word, f'{before}"{word}"'))
    for _ in range(4000):
        scene = sample(rng)
        for task in tasks.PROMPTS:
            prompt, answer = tasks.ask(rng, scene, task)
            yield prompt
            yield from re.split(r"(?:<loc_\d+>)+", answer)


def config_json(vocab: int) -> dict:
    """Beams as published, but a trigram may come again: descriptions of like things repeat themselves."""
    return {
        "architectures": ["Florence2ForConditionalGeneration"], "bos_token_id": BOS, "eos_token_id": EOS, "ignore_index": -100,
        "model_type": "florence2", "pad_token_id": PAD, "projection_dim": WIDTH,
        "text_config": {
            "vocab_size": vocab, "activation_dropout": 0.0, "activation_function": "gelu", "add_bias_logits": False,
            "add_final_layer_norm": False, "attention_dropout": 0.0, "bos_token_id": BOS, "decoder_layerdrop": 0.0,
            "decoder_start_token_id": EOS, "dropout": 0.0, "early_stopping": True, "encoder_layerdrop": 0.0, "eos_token_id": EOS,
            "forced_eos_token_id": EOS, "forced_bos_token_id": BOS, "init_std": 0.02, "is_encoder_decoder": True, "no_repeat_ngram_size": 0,
            "normalize_before": False, "num_hidden_layers": TEXT["encoder_layers"], "pad_token_id": PAD, "scale_embedding": False,
            "num_beams": 3, "max_length": POSITIONS - 8, **TEXT, "max_position_embeddings": POSITIONS,
        },
        "vision_config": {
            "model_type": "davit", "drop_path_rate": 0.0, "patch_prenorm": [False, True, True, True], "enable_checkpoint": False, "projection_dim": WIDTH,
            "visual_temporal_embedding": {"type": "COSINE", "max_temporal_embeddings": 100},
            "image_pos_embed": {"type": "learned_abs_2d", "max_pos_embeddings": 50},
            "image_feature_source": ["spatial_avg_pool", "temporal_avg_pool"], **VISION,
        },
        "vocab_size": vocab, "torch_dtype": "float16", "transformers_version": "4.41.0.dev0", "is_encoder_decoder": True,
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------------------------- the model


def build(folder: Path, positions: int = POSITIONS) -> nn.Module:
    """transformers' class for a directory in Microsoft's layout, which it does not read by itself. <mask> stands for a picture's rows."""
    published = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    text, vision = published["text_config"] | {"max_position_embeddings": positions}, published["vision_config"]
    keys = ("activation_function", "bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id", "scale_embedding", "vocab_size")
    config = transformers.Florence2Config(
        text_config=dict(
            model_type="bart", forced_bos_token_id=BOS, forced_eos_token_id=EOS, dropout=0.0, attention_dropout=0.0, activation_dropout=0.0,
            **{k: text[k] for k in (*keys, *TEXT)},
        ),
        vision_config=dict(projection_dim=WIDTH, embed_dim=vision["dim_embed"], drop_path_rate=0.0, **{k: vision[k] for k in VISION if k != "dim_embed"}),
        image_token_id=text["vocab_size"] - len(ADDED) - 1,
    )
    model = transformers.Florence2ForConditionalGeneration(config)
    keep = ("num_beams", "early_stopping", "no_repeat_ngram_size", "forced_bos_token_id", "forced_eos_token_id", "bos_token_id", "eos_token_id",
            "pad_token_id", "decoder_start_token_id")  # fmt: skip
    model.generation_config = transformers.GenerationConfig(**{k: text[k] for k in keep})
    return model


def microsofts_name(name: str) -> str:
    """Tensor name of transformers' class -> of Microsoft's."""
    if name.startswith("model.language_model."):
        return name.replace("model.language_model.", "language_model.model.")
    if name.startswith("model.multi_modal_projector."):
        name = name.removeprefix("model.multi_modal_projector.").replace("image_position_embed", "image_pos_embed")
        return "image_projection" if name == "image_projection.weight" else name
    name = name.removeprefix("model.").replace(".norm2.", ".ffn.norm.").replace(".conv.", ".proj.")
    if ".blocks." in name:
        name = name.replace(".ffn.fc", ".ffn.fn.net.fc")
        for kind in ("window_attn", "channel_attn"):
            block = "spatial_block" if kind == "window_attn" else "channel_block"
            name = name.replace(f"{block}.norm1.", f"{block}.{kind}.norm.").replace(f".{kind}.qkv", f".{kind}.fn.qkv").replace(f".{kind}.proj", f".{kind}.fn.proj")
        for conv in ("conv1", "conv2"):
            name = name.replace(f".{conv}.", f".{conv}.fn.dw.")
    return name


def write_weights(model: nn.Module, folder: Path) -> None:
    """float16, as published; the shared embedding once."""
    tensors = {"language_model.final_logits_bias": torch.zeros(1, model.config.text_config.vocab_size).half()}
    for name, tensor in model.state_dict().items():
        if not name.endswith(("lm_head.weight", "lm_head.bias", "embed_tokens.weight")):
            mapped = microsofts_name(name)
            if name.endswith("embed_positions.weight"):
                tensor = tensor[: POSITIONS + 2]  # BART's two rows for padding
            tensors[mapped] = (tensor.T if mapped == "image_projection" else tensor).half().contiguous()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def load(folder: Path) -> nn.Module:
    """A trained directory in float32."""
    model = build(folder).eval()
    stored = load_file(folder / "model.safetensors")
    names = {microsofts_name(k): k for k in model.state_dict()}
    stored.pop("language_model.final_logits_bias")
    missing, unexpected = model.load_state_dict({names[k]: (v.T if k == "image_projection" else v).float() for k, v in stored.items()}, strict=False)
    assert not unexpected and all(name.endswith(("embed_tokens.weight", "lm_head.weight", "lm_head.bias")) for name in missing), (missing, unexpected)
    model.tie_weights()
    return model


@torch.no_grad()
def order_places(model: nn.Module) -> None:
    """Tokens of places begin as points of a smooth curve, so that what is learned of one holds for its neighbours."""
    table = model.model.language_model.shared.weight
    first = table.shape[0] - len(ADDED) + ADDED.index("<loc_0>")
    at = torch.arange(1000)[:, None] / 1000 * math.pi
    waves = torch.cat([f(at * k) / k**0.5 for k in range(1, 17) for f in (torch.sin, torch.cos)], dim=1)
    curve = waves @ torch.randn(waves.shape[1], table.shape[1])
    table[first : first + 1000] = curve / curve.std() * table.std()


def pixels_of(scenes: list) -> torch.Tensor:
    pictures = [np.asarray(draw(s).resize((SEEN, SEEN), Image.Resampling.BICUBIC), np.float32) / 255 for s in scenes]
    return torch.from_numpy(((np.stack(pictures) - np.float32(MEAN)) / np.float32(STD)).transpose(0, 3, 1, 2).copy())


# -------------------------------------------------------------------------------------------------------------------- the data


def tokenizer_of(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_special_tokens(ADDED)
    return tokenizer


def padded(rows: list, length: int) -> torch.Tensor:
    return torch.tensor([(row + [PAD] * (length - len(row)))[:length] for row in rows])


class Asked:
    """Batches: pictures, and several tasks about each."""

    def __init__(self, folder: Path, seed: int):
        self.rng, self.tokenizer = random.Random(seed), tokenizer_of(folder)

    def batch(self, pictures: int, each: int) -> tuple:
        scenes = [sample(self.rng) for _ in range(pictures)]
        prompts, answers = [], []
        for scene in scenes:
            for task in self.rng.choices(list(tasks.SHARES), list(tasks.SHARES.values()), k=each):
                prompt, answer = tasks.ask(self.rng, scene, task)
                prompts.append(self.tokenizer.encode(prompt).ids)
                answers.append(self.tokenizer.encode(answer).ids)
        return scenes, padded(prompts, 56), padded(answers, 64)


def answer_loss(logits: torch.Tensor, wanted: torch.Tensor, first_place: int) -> torch.Tensor:
    """Cross entropy; a place is partly right where it is only a level or two off."""
    log_probs = logits.log_softmax(-1)
    place = (wanted >= first_place) & (wanted < first_place + 1000)
    loss = -log_probs[~place].gather(1, wanted[~place, None]).sum()
    step = 1000 // tasks.LEVELS
    near = wanted[place, None] + step * torch.arange(-2, 3)
    weight = torch.tensor([0.02, 0.12, 0.72, 0.12, 0.02]) * ((near >= first_place) & (near < first_place + 1000))
    weight = weight / weight.sum(1, keepdim=True)
    loss = loss - (log_probs[place].gather(1, near.clamp(first_place, first_place + 999)) * weight).sum()
    return loss / len(wanted)


# -------------------------------------------------------------------------------------------------------------------- training


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--tokenizer", type=Path, required=True)
    args.add_argument("--florence-tokenizer", type=Path, required=True)
    args.add_argument("--out", type=Path, required=True)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--threads", type=int, default=1)
    args.add_argument("--vision", type=Path, help="the tower that an earlier run has trained and left beside its --out, to go on from")
    args.add_argument("--vision-steps", type=int, default=800)
    args.add_argument("--steps", type=int, default=2600)
    args = args.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    write_directory(args.tokenizer, args.florence_tokenizer, args.out)
    model = build(args.out, TEXT["max_position_embeddings"])
    order_places(model)
    model.model.vision_tower.config._attn_implementation = "eager"  # the fused one is slow for attention over channels
    for blocks in model.model.vision_tower.blocks:
        for block in blocks:
            block.compile(dynamic=False)
    for stack in (model.model.language_model.encoder, model.model.language_model.decoder):
        for layer in stack.layers:
            layer.compile(dynamic=False)
    model.train()
    probe = Probe(WIDTH, SIDE, ("kind", "colour", "word", "box", "order", "place"))
    vocab = model.config.text_config.vocab_size
    first_place = vocab - len(ADDED) + ADDED.index("<loc_0>")
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {vocab} tokens", flush=True)
    asked = Asked(args.out, args.seed)

    def seen(scenes: list) -> torch.Tensor:
        """The mean row, then the rows in reading order."""
        return model.model.get_image_features(pixels_of(scenes)).pooler_output

    tower = [*model.model.vision_tower.parameters(), *model.model.multi_modal_projector.parameters(), *probe.parameters()]
    optimizer = adam([(tower, 1)])
    started = time.time()
    if args.vision:
        trained = torch.load(args.vision)
        model.load_state_dict(trained["model"])
        probe.load_state_dict(trained["probe"])
    for step in range(0 if args.vision else args.vision_steps):
        scenes = [sample(asked.rng) for _ in range(48)]
        with torch.autocast("cpu", torch.bfloat16):
            rows = seen(scenes)
        losses = probe.losses(rows[:, 1:].float(), targets(scenes))
        advance([(optimizer, 1.5e-3 * rate(step, args.vision_steps * 5 // 4))], tower, sum(losses.values()))
        if step % 25 == 0 or step == args.vision_steps - 1:
            report("vision", step, started, losses | probe.accuracies)

    if not args.vision:
        torch.save({"model": model.state_dict(), "probe": probe.state_dict()}, args.out.with_suffix(".vision.pt"))
    language = model.model.language_model
    rest = [*language.parameters()]
    optimizer = adam([(rest, 1), (tower, TOWER_SHARE)])
    each = 3
    for step in range(args.steps):
        scenes, prompts, answers = asked.batch(24, each)
        with torch.autocast("cpu", torch.bfloat16):
            rows = seen(scenes)
            pictures = rows.repeat_interleave(each, 0)
            embeds = torch.cat([pictures, language.shared(prompts).to(pictures.dtype)], dim=1)
            mask = torch.cat([torch.ones(pictures.shape[:2]), (prompts != PAD).float()], dim=1)
            given = torch.cat([torch.full((len(answers), 1), EOS), answers[:, :-1]], dim=1)
            hidden = language(inputs_embeds=embeds, attention_mask=mask, decoder_input_ids=given, use_cache=False).last_hidden_state
            # the first token is forced: generation never asks for it
            counts = answers != PAD
            counts[:, 0] = False
            logits = model.lm_head(hidden[counts]).float()
        wanted = answers[counts]
        losses = {"answers": answer_loss(logits, wanted, first_place)}
        right = (logits.argmax(-1) == wanted).float().mean()
        seen_losses = probe.losses(rows[:, 1:].float(), targets(scenes))
        advance([(optimizer, 1e-3 * rate(step, args.steps, 200))], rest + tower, losses["answers"] + 0.1 * sum(seen_losses.values()))
        if step % 25 == 0 or step == args.steps - 1:
            report("tasks", step, started, losses | {"right": right} | probe.accuracies)
        if step % 300 == 299:
            write_weights(model, args.out)
    write_weights(model, args.out)


if __name__ == "__main__":
    main()
