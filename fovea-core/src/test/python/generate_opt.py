"""Small checkpoints of OPT in the layout of facebook/opt-*, and what transformers answers for them.

Writes ../resources/oracle/opt/<variant>, in the form of the parity kit: `before` has the layer norms of OPT-125M and the float16
weights and tokenizer files that facebook/opt-125m has; `after` has those of OPT-350M, and its narrow token vectors.

Run with torch 2.13 and transformers 5.23 (CPU):  python generate_opt.py
"""

import json
import shutil
import warnings
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, OPTConfig, OPTForCausalLM

warnings.filterwarnings("ignore")
ORACLE = Path(__file__).parent.parent / "resources" / "oracle"
MIN_MARGIN = 1e-3
TOP = 64
PROMPTS = ["Hello, my dog is", "The man walked down the street and", "a"]

VARIANTS = {
    "before": dict(store=torch.float16, prefix="model.", config=dict(
        hidden_size=48, ffn_dim=96, num_hidden_layers=3, num_attention_heads=4, word_embed_proj_dim=48, do_layer_norm_before=True)),
    "after": dict(store=torch.float32, prefix="", config=dict(
        hidden_size=64, ffn_dim=112, num_hidden_layers=2, num_attention_heads=4, word_embed_proj_dim=40, do_layer_norm_before=False)),
}


def write(path, value):
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def checkpoint(folder, variant, seed):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    donor = ORACLE / "blip2" / "opt-half" / "checkpoint"
    vocab = json.loads((donor / "vocab.json").read_text(encoding="utf-8"))
    for name in ("vocab.json", "merges.txt"):
        shutil.copyfile(donor / name, folder / name)
    token = lambda content: {"__type": "AddedToken", "content": content, "lstrip": False, "normalized": True, "rstrip": False,
                             "single_word": False}
    names = {"bos_token": "</s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "</s>"}
    write(folder / "special_tokens_map.json", names)
    write(folder / "tokenizer_config.json", {
        "add_bos_token": True, "add_prefix_space": False, "errors": "replace", "tokenizer_class": "GPT2Tokenizer",
        **{name: token(content) for name, content in names.items()}})
    config = {
        "_remove_final_layer_norm": False, "activation_dropout": 0.0, "activation_function": "relu",
        "architectures": ["OPTForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 2, "dropout": 0.1, "eos_token_id": 2,
        "init_std": 0.02, "layerdrop": 0.0, "max_position_embeddings": 96, "model_type": "opt", "pad_token_id": 1,
        "prefix": "</s>", "torch_dtype": str(variant["store"]).split(".")[1], "transformers_version": "4.27.0.dev0",
        "use_cache": True, "vocab_size": -(-len(vocab) // 64) * 64, **variant["config"]}
    write(folder / "config.json", config)
    write(folder / "generation_config.json", {
        "_from_model_config": True, "bos_token_id": 2, "eos_token_id": 2, "pad_token_id": 1, "transformers_version": "4.27.0.dev0"})
    torch.manual_seed(seed)
    model = OPTForCausalLM(OPTConfig.from_pretrained(folder)).float().eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() == 1:
                p.add_(torch.randn_like(p) * 0.05)
            else:
                p.copy_(torch.randn_like(p) * (2.2 / p.shape[1] ** 0.5 if "embed" not in name else 0.6))
    state = {name.replace("model.", variant["prefix"], 1): p.to(variant["store"]).clone().contiguous()
             for name, p in model.state_dict().items() if name != "lm_head.weight"}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})


class Stages(dict):
    def hook(self, name, module):
        module.register_forward_hook(lambda _m, _a, out: self.update({name: (out[0] if isinstance(out, tuple) else out).float().clone()}))


def margin(scores):
    best = torch.stack(scores).topk(2, dim=-1).values
    return (best[..., 0] - best[..., 1]).min().item()


def answers(folder):
    """All cases of a variant, or None where an answer hangs on a difference that is too small."""
    tokenizer = AutoTokenizer.from_pretrained(folder / "checkpoint")
    tokenizer.padding_side = "left"
    models = {d: AutoModelForCausalLM.from_pretrained(folder / "checkpoint", dtype=d).eval() for d in (torch.float32, torch.bfloat16)}
    plan = [("default-length", PROMPTS[0], {}), ("greedy", PROMPTS[1], {"max_new_tokens": 40}), ("short", PROMPTS[2], {"max_length": 30}),
            ("empty", "", {"max_new_tokens": 20}), ("beams", PROMPTS[0], {"num_beams": 3, "max_new_tokens": 12}),
            ("repetition", PROMPTS[1], {"max_new_tokens": 20, "repetition_penalty": 1.3}), ("batch", PROMPTS, {"max_new_tokens": 16}),
            ("half", PROMPTS[1], {"max_new_tokens": 24})]
    cases = []
    for name, text, generate in plan:
        dtype = torch.bfloat16 if name == "half" else torch.float32
        model, batch = models[dtype], isinstance(text, list)
        inputs = tokenizer(text if batch else [text], return_tensors="pt", padding=batch)
        with torch.no_grad():
            out = model.generate(**inputs, **generate, output_scores=True, return_dict_in_generate=True)
        length = inputs["input_ids"].shape[1]
        rows = out.sequences[:, length:]
        beams = "num_beams" in generate
        if dtype == torch.float32 and not beams and margin(out.scores) < MIN_MARGIN or len(set(rows[0].tolist())) < 5:
            return None
        one = lambda values: values if batch else values[0]
        case = {"name": name, "reference": "transformers 5.23.0", "messages": None, "text": text, "generate": generate,
                "dtype": str(dtype).split(".")[1], "prompt": text, "input_ids": one(inputs["input_ids"].tolist()),
                "output_ids": one(rows.tolist()),
                "output_text": one(tokenizer.batch_decode(rows, skip_special_tokens=True)),
                "output_text_raw": one(tokenizer.batch_decode(rows))}
        if batch:
            case["attention_mask"] = inputs["attention_mask"].tolist()
        if beams:
            case["sequence_score"] = out.sequences_scores[0].item()
        cases.append(case)
        if name in ("greedy", "half"):
            keep(folder / "stages" / f"{name}.safetensors", models, dtype, inputs["input_ids"], rows)
    return cases


def keep(path, models, dtype, ids, rows):
    model, decoder = models[dtype], models[dtype].model.decoder
    whole = torch.cat([ids, rows], dim=1)
    with torch.no_grad():
        logprobs = lambda m: m(whole).logits[0, ids.shape[1] - 1 : -1].float().log_softmax(-1)
        top = logprobs(model).topk(TOP)
        kept = {"forced.targets": rows[0].int().contiguous(), "forced.top_ids": top.indices.int().contiguous(),
                "forced.top_logprobs": top.values.contiguous()}
        if dtype != torch.float32:
            kept["forced.float32_logprobs"] = logprobs(models[torch.float32]).gather(1, top.indices).contiguous()
        else:
            stages = Stages()
            stages.hook("inputs_embeds", decoder.embed_tokens)
            for i, layer in enumerate(decoder.layers):
                stages.hook(f"language.layers.{i}", layer)
            if decoder.final_layer_norm is not None:
                stages.hook("language.norm", decoder.final_layer_norm)
            stages["logits.last"] = model(ids).logits[:, -1].clone()
            kept.update({name: value.contiguous() for name, value in stages.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(kept, path)


def main():
    torch.set_num_threads(1)
    for name, variant in VARIANTS.items():
        folder = ORACLE / "opt" / name
        for seed in range(100):
            checkpoint(folder / "checkpoint", variant, seed)
            cases = answers(folder)
            if cases:
                write(folder / "cases.json", cases)
                print(name, seed)
                break


main()
