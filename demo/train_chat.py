"""Trains the scenes chat: a Qwen2.5-VL of three million parameters, in the layout of Qwen/Qwen2.5-VL-3B-Instruct.

    python train_chat.py --tokenizer DIR --out models/chat

DIR holds vocab.json, merges.txt, tokenizer_config.json and chat_template.json of Qwen/Qwen2.5-VL-3B-Instruct.

First the vision tower alone, with a probe on its rows that is thrown away at the end: what is in each cell, where exactly, in
which order. Then all of it, on conversations about one picture, two pictures or none; the probe stays as a second loss.
"""

import argparse
import json
import math
import random
import time
import types
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from torch import nn
from torch.nn import functional
from transformers import AutoConfig, AutoTokenizer, Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import apply_rotary_pos_emb_vision

import talk
from probe import NameProbe, Probe, ThingProbe, targets
from scenes import SIZE, changed, draw, sample
from tokenizers_cut import cut, read_bpe, write_json

SEEN = 168  # pixels of a side of a picture as the model gets it
PATCH, GRID = 14, 12  # pixels of a patch, patches of a side
ROWS = (GRID // 2) ** 2  # of a picture in the prompt
LENGTH = 256  # tokens of a conversation
TOWER_SHARE = 0.3  # of the learning rate, once the tower has learned by itself
NAMES_FOUND = 2  # the layer of the decoder in which a name is to look at what it names
PLACES_KNOWN = 2  # layers of the decoder after which it is to know where a picture's rows stand
MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
VISION = dict(
    depth=4, hidden_act="silu", hidden_size=128, intermediate_size=384, num_heads=4, in_chans=3, out_hidden_size=192, patch_size=PATCH,
    spatial_merge_size=2, spatial_patch_size=PATCH, window_size=56, fullatt_block_indexes=[1, 3], tokens_per_second=2, temporal_patch_size=2,
)  # fmt: skip
# Columns turn the lowest frequencies. Theta and sections are a compromise: the first of them tell six columns apart, the last
# hardly turn over a whole conversation, so that words find what they name at any distance.
TEXT = dict(
    attention_dropout=0.0, hidden_act="silu", hidden_size=192, initializer_range=0.02, intermediate_size=512, max_position_embeddings=4096,
    max_window_layers=70, num_attention_heads=6, num_hidden_layers=4, num_key_value_heads=2, rms_norm_eps=1e-6, rope_theta=2000.0,
    sliding_window=32768, tie_word_embeddings=True, use_cache=True, use_sliding_window=False,
    rope_scaling={"type": "mrope", "mrope_section": [2, 5, 9]},
)  # fmt: skip
SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


# ---------------------------------------------------------------------------------------------------------------- the directory


def write_directory(real: Path, folder: Path) -> None:
    """Everything but the weights, as the hub has it; the added tokens are renumbered."""
    vocab, merges = read_bpe(real)
    config = json.loads((real / "tokenizer_config.json").read_text(encoding="utf-8"))
    added = [t for _, t in sorted(config["added_tokens_decoder"].items(), key=lambda kv: int(kv[0]))]
    template = json.loads((real / "chat_template.json").read_text(encoding="utf-8"))
    whole = bpe(vocab, merges, added)
    texts = [*talk.every_text(), "system\nYou are a helpful assistant.", "user\n", "assistant\n"]
    used = {piece for encoding in whole.encode_batch(texts) for piece in encoding.tokens}
    pieces, kept = cut(vocab, merges, used)
    small = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = bpe(small, kept, added)
    assert all(a.tokens == b.tokens for a, b in zip(whole.encode_batch(texts), tokenizer.encode_batch(texts)))

    ids = {t["content"]: tokenizer.token_to_id(t["content"]) for t in added}
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    write_json(folder / "vocab.json", small, None)
    (folder / "merges.txt").write_text("".join(f"{a} {b}\n" for a, b in kept), encoding="utf-8")
    write_json(folder / "tokenizer_config.json", config | {"added_tokens_decoder": {str(ids[t["content"]]): t for t in added}})
    write_json(folder / "chat_template.json", template)
    write_json(folder / "preprocessor_config.json", {
        "min_pixels": SEEN * SEEN, "max_pixels": SEEN * SEEN, "patch_size": PATCH, "temporal_patch_size": 2, "merge_size": 2,
        "image_mean": MEAN, "image_std": STD, "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2_5_VLProcessor",
    })  # fmt: skip
    eos = [ids["<|im_end|>"], ids["<|endoftext|>"]]
    write_json(folder / "generation_config.json", {
        "bos_token_id": ids["<|endoftext|>"], "pad_token_id": ids["<|endoftext|>"], "do_sample": False, "eos_token_id": eos, "max_new_tokens": 256,
        "transformers_version": "4.49.0",
    })  # fmt: skip
    write_json(folder / "config.json", {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"], "bos_token_id": ids["<|endoftext|>"], "eos_token_id": eos[0],
        "vision_start_token_id": ids["<|vision_start|>"], "vision_end_token_id": ids["<|vision_end|>"], "vision_token_id": ids["<|vision_pad|>"],
        "image_token_id": ids["<|image_pad|>"], "video_token_id": ids["<|video_pad|>"], "model_type": "qwen2_5_vl", **TEXT,
        "torch_dtype": "bfloat16", "transformers_version": "4.41.2", "vision_config": VISION, "vocab_size": max(ids.values()) + 1,
    })  # fmt: skip


def bpe(vocab: dict, merges: list, added: list) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(vocab, merges, continuing_subword_prefix="", end_of_word_suffix="", fuse_unk=False, byte_fallback=False))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
    ])
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.add_tokens([AddedToken(t["content"], normalized=False, special=t["special"]) for t in added])
    return tokenizer


def hub_name(name: str) -> str:
    return name.replace("model.language_model.", "model.").replace("model.visual.", "visual.")


def write_weights(model: nn.Module, folder: Path) -> None:
    """bfloat16, under the names of the published files."""
    tensors = {hub_name(k): t.bfloat16().contiguous() for k, t in model.state_dict().items() if k != "lm_head.weight"}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


# ------------------------------------------------------------------------------------------------------------------- the model


def build(folder: Path) -> nn.Module:
    """transformers' own class. Attention and patches are computed for equal pictures at once, which is the same and faster."""
    model = Qwen2_5_VLForConditionalGeneration(AutoConfig.from_pretrained(folder)).float()  # not in the dtype that is stored
    visual = model.model.visual
    weight = visual.patch_embed.proj.weight
    visual.patch_embed.forward = lambda pixels: functional.linear(pixels, weight.view(weight.shape[0], -1))
    for i, block in enumerate(visual.blocks):
        whole = i in VISION["fullatt_block_indexes"]
        block.attn.forward = types.MethodType(attention_of(GRID**2 if whole else (VISION["window_size"] // PATCH) ** 2), block.attn)
        block.compile(dynamic=False)
    visual.merger.compile(dynamic=False)
    for i, layer in enumerate(model.model.language_model.layers):
        if i != NAMES_FOUND:
            layer.compile(dynamic=False)
    model.model.language_model.norm.compile(dynamic=False)
    return model


def attention_of(span: int):
    def forward(self, hidden_states, cu_seqlens=None, position_embeddings=None, **_):
        n = hidden_states.shape[0]
        q, k, v = self.qkv(hidden_states).reshape(n, 3, self.num_heads, -1).permute(1, 0, 2, 3).unbind(0)
        q, k = apply_rotary_pos_emb_vision(q, k, *position_embeddings)
        q, k, v = (t.view(n // span, span, self.num_heads, -1).transpose(1, 2) for t in (q, k, v))
        return self.proj(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, -1))

    return forward


def patches(image: Image.Image) -> np.ndarray:
    """pixel_values of Qwen2VLImageProcessor for one picture: [patches, channels x frames x height x width]."""
    pixels = np.asarray(image.resize((SEEN, SEEN), Image.Resampling.BICUBIC), np.float32) / 255
    pixels = ((pixels - np.float32(MEAN)) / np.float32(STD)).transpose(2, 0, 1)
    half = GRID // 2
    tiles = pixels.reshape(3, half, 2, PATCH, half, 2, PATCH).transpose(1, 4, 2, 5, 0, 3, 6).reshape(GRID**2, 3, 1, PATCH, PATCH)
    return np.repeat(tiles, 2, axis=2).reshape(GRID**2, -1)


# -------------------------------------------------------------------------------------------------------------------- the data


class Talks:
    """Batches of conversations: pictures, ids, and labels that ask for the assistant's words alone."""

    def __init__(self, folder: Path, seed: int, kinds: dict):
        self.rng, self.kinds = random.Random(seed), kinds
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.image = self.tokenizer.convert_tokens_to_ids("<|image_pad|>")
        self.pad = self.tokenizer.convert_tokens_to_ids("<|endoftext|>")
        self.cache = {}

    def ids(self, text: str) -> list:
        if text not in self.cache:
            if len(self.cache) > 100_000:
                self.cache.clear()
            self.cache[text] = self.tokenizer.encode(text, add_special_tokens=False)
        return self.cache[text]

    def conversation(self, pictures: int, turns) -> tuple:
        ids, labels = self.ids("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n").copy(), []
        labels = [-100] * len(ids)
        for i, (question, answer) in enumerate(turns):
            before = self.ids("<|im_start|>user\n").copy()
            if i == 0:
                for _ in range(pictures):
                    before += self.ids("<|vision_start|>") + [self.image] * ROWS + self.ids("<|vision_end|>")
            before += self.ids(question) + self.ids("<|im_end|>\n<|im_start|>assistant\n")
            said, after = self.ids(answer) + self.ids("<|im_end|>"), self.ids("\n")
            if len(ids) + len(before) + len(said) + 1 > LENGTH:
                break
            ids += before + said + after
            labels += [-100] * len(before) + said + [-100] * len(after)
        gap = LENGTH - len(ids)
        return ids + [self.pad] * gap, labels + [-100] * gap

    def batch(self, one: int, two: int, none: int) -> tuple:
        """(scenes, ids, labels) of so many conversations about one picture, two pictures, none."""
        scenes, rows = [], []
        for _ in range(one):
            scenes.append(sample(self.rng))
            rows.append(self.conversation(1, talk.turns_about_one(self.rng, scenes[-1], SEEN / SIZE, self.kinds)))
        for _ in range(two):
            first = sample(self.rng)
            second, *change = changed(self.rng, first) if self.rng.random() < 0.7 else (sample(self.rng),)
            scenes += [first, second]
            rows.append(self.conversation(2, talk.turns_about_two(self.rng, first, second, change)))
        for _ in range(none):
            rows.append(self.conversation(0, talk.turns_without(self.rng)))
        ids, labels = zip(*rows)
        return scenes, torch.tensor(ids), torch.tensor(labels)


def pixels_of(scenes: list) -> torch.Tensor:
    return torch.from_numpy(np.concatenate([patches(draw(s)) for s in scenes]))


# -------------------------------------------------------------------------------------------------------------------- training


def rate(step: int, steps: int, warmup: int = 100) -> float:
    return min((step + 1) / warmup, 0.5 * (1 + math.cos(math.pi * step / steps)))


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--tokenizer", type=Path, required=True)
    args.add_argument("--out", type=Path, required=True)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--threads", type=int, default=1)
    args.add_argument("--vision", type=Path, help="the tower that an earlier run has trained and left beside its --out, to go on from")
    args.add_argument("--start", type=Path, help="the directory of an earlier run, whose decoder goes on, now with things asked by name above all")
    args.add_argument("--vision-steps", type=int, default=1000)
    args.add_argument("--steps", type=int, default=2100)
    args = args.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    write_directory(args.tokenizer, args.out)
    model = build(args.out)
    # The tower turns by distances alone and cannot know where in the picture a row stands: the decoder is asked that.
    probe = Probe(TEXT["hidden_size"], GRID // 2, ("kind", "colour", "word", "box"))
    places = Probe(TEXT["hidden_size"], GRID // 2, ("place",))
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {model.config.text_config.vocab_size} tokens", flush=True)
    talks = Talks(args.out, args.seed, talk.BY_NAME if args.start else talk.KINDS)

    def seen(scenes: list) -> torch.Tensor:
        """The pictures' rows in reading order [pictures, rows, width]."""
        grid = torch.tensor([[1, GRID, GRID]] * len(scenes))
        return model.model.visual(pixels_of(scenes), grid_thw=grid).pooler_output.view(len(scenes), ROWS, -1)

    if args.start:
        stored = load_file(args.start / "model.safetensors")
        own = {hub_name(name): name for name in model.state_dict()}
        model.load_state_dict({own[k]: v.float() for k, v in stored.items()}, strict=False)
        model.tie_weights()

    # vision alone
    tower = [*model.model.visual.parameters(), *probe.parameters()]
    optimizer = adam([(tower, 1)])
    started = time.time()
    if args.vision:
        trained = torch.load(args.vision)
        model.model.visual.load_state_dict(trained["visual"])
        probe.load_state_dict(trained["probe"])
    for step in range(0 if args.vision or args.start else args.vision_steps):
        scenes = [sample(talks.rng) for _ in range(64)]
        with torch.autocast("cpu", torch.bfloat16):
            rows = seen(scenes)
        losses = probe.losses(rows.float(), targets(scenes))
        advance([(optimizer, 1.5e-3 * rate(step, args.vision_steps * 5 // 4))], tower, sum(losses.values()))
        if step % 25 == 0 or step == args.vision_steps - 1:
            report("vision", step, started, losses | probe.accuracies)
    if not args.vision and not args.start:
        torch.save({"visual": model.model.visual.state_dict(), "probe": probe.state_dict()}, args.out.with_suffix(".vision.pt"))

    # all of it
    id_of = lambda word: talks.ids(" " + word if word.islower() else word)[0]
    things = ThingProbe(TEXT["hidden_size"], GRID // 2, id_of)
    language = model.model.language_model
    if args.start:
        language.config._attn_implementation = "eager"  # the one that gives its weights
        names = NameProbe(language.layers[NAMES_FOUND].self_attn, GRID // 2, id_of, talks.image)
    rest = [*language.parameters(), *places.parameters(), *things.parameters()]
    matrices = [p for p in language.layers.parameters() if p.ndim == 2]
    matrix_ids = {id(p) for p in matrices}
    optimizers = [
        (adam([([p for p in rest if id(p) not in matrix_ids], 1), (tower, TOWER_SHARE)]), 1e-3 if args.start else 2e-3),
        (torch.optim.Muon([{"params": matrices, "share": 1}], lr=1e-3, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"), 2e-3 if args.start else 3e-3),
    ]
    for step in range(args.steps):
        scenes, ids, labels = talks.batch(one=23, two=8, none=1)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.set_grad_enabled(not args.start):
                rows = seen(scenes)
            embeds = model.model.language_model.embed_tokens(ids)
            embeds = embeds.masked_scatter((ids == talks.image)[..., None], rows.to(embeds.dtype))
            positions, _ = model.model.get_rope_index(
                ids, mm_token_type_ids=(ids == talks.image).int(), image_grid_thw=torch.tensor([[1, GRID, GRID]] * len(scenes))
            )
            out = model.model.language_model(inputs_embeds=embeds, position_ids=positions, use_cache=False, output_hidden_states=True)
            hidden, early = out.last_hidden_state[:, :-1], out.hidden_states[PLACES_KNOWN]
            asked = labels[:, 1:] != -100
            logits = model.lm_head(hidden[asked]).float()
        answer = labels[:, 1:][asked]
        losses = {"talk": functional.cross_entropy(logits, answer)}
        right = (logits.argmax(-1) == answer).float().mean()
        if args.start:  # the other probes are gone, and the tower is done
            losses["names"] = names.loss(ids, scenes)
            loss = losses["talk"] + 0.2 * losses["names"]
        else:
            wanted = targets(scenes)
            early = early[ids == talks.image].float().view(len(scenes), ROWS, -1)
            losses |= probe.losses(rows.float(), wanted) | places.losses(early, wanted)
            losses |= things.losses(rows.float(), early, language.embed_tokens.weight, scenes)
            loss = losses["talk"] + 0.1 * sum(v for k, v in losses.items() if k != "talk")
        advance([(o, lr * rate(step, args.steps)) for o, lr in optimizers], rest + tower, loss)
        if step % 25 == 0 or step == args.steps - 1:
            report("talk", step, started, losses | {"right": right} | ({} if args.start else probe.accuracies | things.accuracies))
        if step % 300 == 299:
            write_weights(model, args.out)
    write_weights(model, args.out)


def adam(groups: list) -> torch.optim.Optimizer:
    """groups: (parameters, their share of the learning rate)"""
    return torch.optim.AdamW([{"params": p, "share": share} for p, share in groups], betas=(0.9, 0.98), weight_decay=0.02)


def advance(optimizers: list, parameters: list, loss: torch.Tensor) -> None:
    """optimizers: (optimizer, learning rate now)"""
    for optimizer, lr in optimizers:
        optimizer.zero_grad()
        for group in optimizer.param_groups:
            group["lr"] = lr * group["share"]
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, 1.0)
    for optimizer, _ in optimizers:
        optimizer.step()


def report(what: str, step: int, started: float, values: dict) -> None:
    numbers = " ".join(f"{k} {v.item():.3f}" for k, v in values.items())
    print(f"{what} {step} {(time.time() - started) / 60:.1f} min: {numbers}", flush=True)


if __name__ == "__main__":
    main()
