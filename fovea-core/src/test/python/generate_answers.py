"""What transformers' generate() answers for a model whose logits are a hash of the ids.

Writes ../resources/generate/answers.json (whole answers), processors.json (score vectors before and after one
processor) and guesses.json (what prompt lookup guesses behind some ids), which the tests of dev.fovea.generate compare with. The hash is integer arithmetic, so that HashModel.java
computes the same logits bit for bit.

Run with torch 2.13 and transformers 5.23 (CPU):  python generate_answers.py
"""

import json
import random
import warnings
from pathlib import Path

import numpy as np
import torch
from transformers import DynamicCache, GenerationConfig, GenerationMixin, PreTrainedConfig, PreTrainedModel
from transformers.generation import logits_process as lp
from transformers.generation.candidate_generator import PromptLookupCandidateGenerator
from transformers.modeling_outputs import CausalLMOutput, CausalLMOutputWithPast

warnings.filterwarnings("ignore")
OUT = Path(__file__).parent.parent / "resources" / "generate"
MASK = 0xFFFFFFFF


def logits(ids, vocab, window, boost):
    """Deterministic logits in [-4, 4) plus a boost of some ids; window: how many last ids count (0: all)."""
    history = ids[-window:] if window else ids
    h = 17
    for i in history:
        h = (h * 1000003 + i + 1) & MASK
    t = np.arange(vocab, dtype=np.uint64)
    x = (np.uint64(h) ^ (t * np.uint64(0x9E3779B1))) & np.uint64(MASK)
    x = x ^ (x >> np.uint64(15))
    x = (x * np.uint64(0x85EBCA6B)) & np.uint64(MASK)
    x = x ^ (x >> np.uint64(13))
    x = (x * np.uint64(0xC2B2AE35)) & np.uint64(MASK)
    x = x ^ (x >> np.uint64(16))
    out = ((x >> np.uint64(8)).astype(np.float64) / 2**21 - 4).astype(np.float32)
    for i, b in boost:
        out[i] += np.float32(b)
    return out


class HashConfig(PreTrainedConfig):
    model_type = "hash"
    vocab_size: int = 40


class HashModel(PreTrainedModel, GenerationMixin):
    config_class = HashConfig

    def __init__(self, config, window, boost):
        super().__init__(config)
        self.anchor = torch.nn.Parameter(torch.zeros(1))
        self.window, self.boost = window, boost

    def forward(self, input_ids, attention_mask=None, past_key_values=None, use_cache=False, **kwargs):
        if use_cache:  # guesses need one; its keys are the ids
            keys = input_ids.float()[:, None, :, None]
            ids = past_key_values.update(keys, keys, 0)[0][0, 0, :, 0].long().tolist()
            ends = range(len(ids) - input_ids.shape[1] + 1, len(ids) + 1)
            rows = [logits(ids[:end], self.config.vocab_size, self.window, self.boost) for end in ends]
            return CausalLMOutputWithPast(logits=torch.tensor(np.stack(rows))[None], past_key_values=past_key_values)
        rows = []
        for r, row in enumerate(input_ids.tolist()):
            if attention_mask is not None:
                row = [i for i, m in zip(row, attention_mask[r].tolist()) if m]
            rows.append(logits(row, self.config.vocab_size, self.window, self.boost))
        return CausalLMOutput(logits=torch.tensor(np.stack(rows))[:, None, :])


def answer(case):
    model = HashModel(HashConfig(vocab_size=case["vocab"]), case["window"], case["boost"])
    model.generation_config = GenerationConfig()
    prompts = case["prompts"]
    pad = case["generate"].get("pad_token_id")
    if pad is None:
        pad = np.atleast_1d(case["generate"].get("eos_token_id", 0)).tolist()[0]
    longest = max(map(len, prompts))
    ids = torch.tensor([[pad] * (longest - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    generate = dict(case["generate"])
    if "sequence_bias" in generate:
        generate["sequence_bias"] = [[s, float(b)] for s, b in generate["sequence_bias"]]
    if "exponential_decay_length_penalty" in generate:
        generate["exponential_decay_length_penalty"] = tuple(generate["exponential_decay_length_penalty"])
    cache = dict(past_key_values=DynamicCache()) if "prompt_lookup_num_tokens" in generate else dict(use_cache=False)
    out = model.generate(
        ids, attention_mask=mask, **cache, return_dict_in_generate=True, output_scores=True, **generate
    )
    beams = generate.get("num_beams", 1) > 1
    case["sequences"] = out.sequences.tolist()
    if beams:
        case["scores"] = out.sequences_scores.tolist()
    transition = model.compute_transition_scores(
        out.sequences, out.scores, out.beam_indices if beams else None, normalize_logits=not beams
    )
    case["transition"] = [[float(x) if np.isfinite(x) else None for x in row] for row in transition.tolist()]
    return case


def cases():
    """A name, prompts, the model, generate's arguments."""
    one, two = [[5, 9, 3]], [[5, 9, 3, 7, 30, 2, 11], [8, 21]]
    start = [[2]]
    eos = dict(eos_token_id=[1, 6], pad_token_id=3)
    likely = [[1, 0.6], [6, 0.4]]

    def case(name, prompts, generate, window=0, boost=likely, vocab=40):
        return dict(name=name, prompts=prompts, vocab=vocab, window=window, boost=boost, generate=generate)

    yield case("greedy", one, dict(max_new_tokens=12, **eos))
    yield case("greedy-default-length", one, dict(pad_token_id=3))
    yield case("greedy-max-length", one, dict(max_length=9))
    yield case("greedy-batch", two, dict(max_new_tokens=14, **eos))
    yield case("greedy-batch-pad-is-eos", two, dict(max_new_tokens=14, eos_token_id=[6, 1]))
    yield case("greedy-min-new", one, dict(max_new_tokens=14, min_new_tokens=9, **eos), boost=[[1, 6], [6, 5]])
    yield case("greedy-min-length", one, dict(max_new_tokens=14, min_length=9, **eos), boost=[[1, 6], [6, 5]])
    yield case("greedy-repetition", one, dict(max_new_tokens=20, repetition_penalty=1.4, **eos), window=1, boost=[[6, -2]])
    yield case("greedy-repetition-below-1", one, dict(max_new_tokens=20, repetition_penalty=0.7, **eos), window=1, boost=[[6, -2]])
    yield case("greedy-batch-repetition", two, dict(max_new_tokens=20, repetition_penalty=1.3, **eos), window=2)
    for n in (1, 2, 3):
        yield case(f"greedy-ngram-{n}", one, dict(max_new_tokens=24, no_repeat_ngram_size=n), window=1)
    yield case("greedy-bad-words", one, dict(max_new_tokens=16, bad_words_ids=[[11], [9, 3], [1], [1, 6], [38]], **eos), window=1,
               boost=[[6, -2]])
    yield case("greedy-suppress", one, dict(max_new_tokens=12, suppress_tokens=[1, 12, 20, 33], **eos))
    yield case("greedy-begin-suppress", one, dict(max_new_tokens=12, begin_suppress_tokens=list(range(3, 40)), **eos))
    yield case("greedy-begin-suppress-bos", start,
               dict(max_new_tokens=12, forced_bos_token_id=7, begin_suppress_tokens=list(range(3, 40)), **eos))
    yield case("greedy-forced", start, dict(max_new_tokens=8, forced_bos_token_id=7, forced_eos_token_id=6))
    yield case("greedy-forced-eos-list", one, dict(max_new_tokens=8, forced_eos_token_id=[6, 1]))
    yield case("greedy-decay", one, dict(max_new_tokens=24, exponential_decay_length_penalty=[4, 1.2], **eos), boost=[])
    yield case("greedy-bias", one,
               dict(max_new_tokens=16, sequence_bias=[[[4], 3.0], [[4, 9], 5.0], [[9], -2.0], [[22, 4, 9], -9.0]], **eos), window=2)
    yield case("greedy-renormalize", one, dict(max_new_tokens=10, renormalize_logits=True, **eos))
    yield case("greedy-ignores-sampling", one, dict(max_new_tokens=10, do_sample=False, temperature=0.3, top_k=3, **eos))
    for b in (2, 3, 5):
        yield case(f"beams-{b}", one, dict(max_new_tokens=12, num_beams=b, num_return_sequences=b, **eos))
    for lp_ in (-1.0, 0.0, 0.6, 2.0):
        for early in (True, False, "never"):
            yield case(f"beams-penalty-{lp_}-{early}", one, dict(
                max_new_tokens=12, num_beams=3, num_return_sequences=2, length_penalty=lp_, early_stopping=early, **eos))
    for early in (True, False, "never"):
        yield case(f"beams-batch-{early}", two, dict(
            max_new_tokens=12, num_beams=3, num_return_sequences=2, early_stopping=early, **eos), boost=[[1, .5]])
    yield case("beams-no-eos", one, dict(max_new_tokens=6, num_beams=3, num_return_sequences=3), boost=[])
    yield case("beams-pad-0", two, dict(max_new_tokens=10, num_beams=2, num_return_sequences=2, eos_token_id=[6, 1],
                                        pad_token_id=0))
    yield case("beams-many-eos", one, dict(max_new_tokens=12, num_beams=4, num_return_sequences=4,
                                           eos_token_id=[1, 6, 8, 10, 12, 14], pad_token_id=3))
    yield case("beams-max-length", one, dict(max_length=8, num_beams=2, **eos), boost=[])
    yield case("beams-forced", start, dict(
        max_new_tokens=10, num_beams=3, num_return_sequences=3, forced_bos_token_id=0, forced_eos_token_id=1,
        no_repeat_ngram_size=3, early_stopping=True, eos_token_id=1, pad_token_id=3), window=2)
    yield case("beams-forced-short", start, dict(
        max_new_tokens=3, num_beams=2, forced_bos_token_id=0, forced_eos_token_id=1, eos_token_id=1, pad_token_id=3))
    yield case("beams-min-new", one, dict(max_new_tokens=14, min_new_tokens=7, num_beams=3, **eos), boost=[[1, 5]])
    yield case("beams-ngram", one, dict(max_new_tokens=20, num_beams=3, no_repeat_ngram_size=2, num_return_sequences=3), window=1)
    yield case("beams-repetition", one, dict(max_new_tokens=14, num_beams=3, repetition_penalty=1.5, **eos), window=3, boost=[])
    yield case("beams-bad-words", one, dict(max_new_tokens=14, num_beams=3, bad_words_ids=[[11], [9, 3], [17]], **eos), window=1)
    yield case("beams-suppress", one, dict(max_new_tokens=14, num_beams=3, suppress_tokens=[5, 9, 12, 20], **eos))
    yield case("beams-begin-suppress", one, dict(max_new_tokens=14, num_beams=3, begin_suppress_tokens=[5, 9, 12, 20, 1, 6], **eos))
    yield case("beams-decay", one, dict(max_new_tokens=20, num_beams=3, exponential_decay_length_penalty=[3, 1.1], **eos), boost=[])
    yield case("beams-bias", one, dict(
        max_new_tokens=14, num_beams=3, num_return_sequences=3, sequence_bias=[[[4], 1.0], [[4, 9], 2.0], [[9], -2.0]], **eos), window=2)
    yield case("beams-renormalize", one, dict(
        max_new_tokens=12, num_beams=3, num_return_sequences=3, renormalize_logits=True, suppress_tokens=[5, 20, 30], **eos))
    yield case("beams-sampling-flags", one, dict(max_new_tokens=8, num_beams=2, temperature=0.5, top_k=2, **eos))
    yield from (case(f"random-{i}", *random_case(random.Random(i))) for i in range(60))
    text = [[5, 9, 3, 7, 30, 2, 11, 5, 9, 3, 7]]
    for n, m in ((1, 1), (3, 2), (10, 2), (10, 4)):
        yield case(f"guesses-{n}-{m}", text, dict(
            max_new_tokens=40, prompt_lookup_num_tokens=n, max_matching_ngram_size=m), window=1)
    guesses = dict(max_new_tokens=30, prompt_lookup_num_tokens=6)
    yield case("guesses-end", text, dict(**guesses, **eos), window=2)
    yield case("guesses-min-new", text, dict(min_new_tokens=14, **guesses, **eos), window=1, boost=[[1, 6], [6, 5]])
    yield case("guesses-repetition", text, dict(repetition_penalty=1.2, **guesses), window=1)
    yield case("guesses-ngram", text, dict(no_repeat_ngram_size=3, **guesses), window=1)
    yield case("guesses-bad-words", text, dict(bad_words_ids=[[11], [9, 3], [38]], **guesses), window=1)
    yield case("guesses-suppress", text, dict(suppress_tokens=[1, 12, 20, 33], **guesses), window=1)
    yield case("guesses-forced-eos", text, dict(forced_eos_token_id=6, **guesses), window=1)
    yield case("guesses-decay", text, dict(exponential_decay_length_penalty=[4, 1.2], **guesses, **eos), window=1, boost=[])
    yield case("guesses-max-length", text, dict(max_length=16, prompt_lookup_num_tokens=10), window=1)
    yield case("beams-invalid", one, dict(max_new_tokens=8, num_beams=2, remove_invalid_values=True, suppress_tokens=[4], **eos))


def random_case(r):
    """Prompts, generate's arguments, window, boost: options thrown together."""
    prompts = [[r.randrange(2, 40) for _ in range(r.choice((1, 2, 5)))] for _ in range(r.choice((1, 1, 2, 3)))]
    generate = dict(max_new_tokens=r.choice((1, 2, 5, 9, 16)), num_beams=r.choice((1, 2, 3, 4)), pad_token_id=3)
    generate["eos_token_id"] = r.choice(([1], [1, 6], [6, 1, 30]))
    if generate["num_beams"] > 1:
        generate["num_return_sequences"] = r.randint(1, generate["num_beams"])
        generate["early_stopping"] = r.choice((True, False, "never"))
        generate["length_penalty"] = r.choice((-0.5, 0.0, 0.3, 1.0, 1.0, 1.7))
    options = dict(
        repetition_penalty=r.choice((0.9, 1.2)), no_repeat_ngram_size=r.choice((1, 2, 3)),
        min_new_tokens=r.randint(1, 6), suppress_tokens=[4, 17, 22], forced_eos_token_id=1, renormalize_logits=True,
        bad_words_ids=[[9], [12, 3]], sequence_bias=[[[8], 1.5], [[8, 9], -3.0]],
        exponential_decay_length_penalty=[2, 1.15])
    generate |= {k: options[k] for k in r.sample(sorted(options), r.randint(0, 3))}
    if len({len(p) for p in prompts}) > 1:
        generate.pop("no_repeat_ngram_size", None)  # the reference counts padding as n-grams
    if generate["max_new_tokens"] == 1:
        generate.pop("forced_eos_token_id", None)  # leaves one candidate and ties of -1e9
    # A model that sees few ids goes in circles, and beams that go round in another order tie.
    return prompts, generate, r.choice((0, 3)), [[1, r.choice((0.0, 1.0, 2.0))]]


def vectors():
    """Score vectors before and after one processor, by the option that asks for it."""
    rng = np.random.default_rng(7)
    rows = {
        "spread": rng.normal(0, 3, 48),
        "flat": rng.normal(0, 0.2, 48),
        "peaked": np.where(np.arange(48) == 17, 9.0, rng.normal(0, 1, 48)),
        "banned": np.where(np.arange(48) % 3 == 0, -np.inf, rng.normal(0, 2, 48)),
        "logprobs": torch.log_softmax(torch.tensor(rng.normal(0, 2, 48)), -1).numpy(),
        "certain": np.where(np.arange(48) == 17, 300.0, rng.normal(0, 1, 48)),
    }
    ids = [3, 9, 3, 9, 14, 47, 3, 9]
    keeps = (1, 3)
    processors = [("temperature", t, 1, lp.TemperatureLogitsWarper(t)) for t in (0.3, 1.7)]
    for k in keeps:
        processors += [("top_k", n, k, lp.TopKLogitsWarper(n, min_tokens_to_keep=k)) for n in (1, 2, 10, 100)]
        processors += [("top_h", h, k, lp.TopHLogitsWarper(h)) for h in (0.05, 0.4, 0.9, 0.99)]
        processors += [("top_p", p, k, lp.TopPLogitsWarper(p, min_tokens_to_keep=k)) for p in (0.0, 0.1, 0.5, 0.9, 0.99)]
        processors += [("min_p", p, k, lp.MinPLogitsWarper(p, min_tokens_to_keep=k)) for p in (0.0, 0.05, 0.3, 1.0)]
        processors += [("typical_p", p, k, lp.TypicalLogitsWarper(p, min_tokens_to_keep=k)) for p in (0.1, 0.5, 0.95)]
        processors += [("epsilon_cutoff", e, k, lp.EpsilonLogitsWarper(e, min_tokens_to_keep=k)) for e in (3e-4, 0.02, 0.5)]
        processors += [("eta_cutoff", e, k, lp.EtaLogitsWarper(e, min_tokens_to_keep=k)) for e in (3e-4, 0.02, 0.5)]
    processors += [("repetition_penalty", p, 1, lp.RepetitionPenaltyLogitsProcessor(p)) for p in (0.8, 1.3)]
    processors += [("no_repeat_ngram_size", n, 1, lp.NoRepeatNGramLogitsProcessor(n)) for n in (1, 2, 3, 9)]
    bias = [[[3], 1.25], [[9, 14], 2.5], [[3, 9, 14], -0.75], [[14], 0.5], [[1, 9, 20], 4.0]]
    processors += [("sequence_bias", bias, 1, lp.SequenceBiasLogitsProcessor(sequence_bias=bias))]
    processors += [("remove_invalid_values", True, 1, lp.InfNanRemoveLogitsProcessor())]
    processors += [("renormalize_logits", True, 1, lp.LogitNormalization())]
    for name, row in rows.items():
        scores = torch.tensor(row, dtype=torch.float32)[None]
        for option, value, keep, processor in processors:
            if name == "certain" and option != "top_h":
                continue  # of zeros any may be kept
            after = processor(torch.tensor([ids]), scores.clone())[0]
            banned = torch.isneginf(after)
            change = (
                dict(banned=torch.nonzero(banned & ~torch.isneginf(scores[0])).flatten().tolist())
                if torch.equal(torch.where(banned, scores[0], after), scores[0])
                else dict(after=plain(after))
            )
            yield dict(row=name, option=option, value=value, min_tokens_to_keep=keep, ids=ids, before=plain(scores[0]), **change)


def guesses():
    """What prompt lookup guesses behind some ids, with room for all of it."""
    r = random.Random(11)
    for i in range(200):
        ids = [r.randrange(r.choice((2, 4, 12))) for _ in range(r.choice((1, 2, 3, 8, 20, 50)))]
        tokens, ngram, eos = r.choice((1, 3, 10)), r.choice((1, 2, 3, 8)), r.choice(([], [1], [0, 3]))
        generator = PromptLookupCandidateGenerator(
            eos_token_id=torch.tensor(eos) if eos else None, num_output_tokens=tokens, max_matching_ngram_size=ngram,
            max_length=1000)
        found = generator.get_candidates(torch.tensor([ids]))[0][0, len(ids):]
        yield dict(ids=ids, tokens=tokens, ngram=ngram, eos=eos, guesses=found.tolist())


def plain(scores):
    return [float(x) if np.isfinite(x) else None for x in scores.tolist()]


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    with open(OUT / "answers.json", "w") as f:
        lines = [json.dumps(answer(c)) for c in cases()]
        f.write("[\n" + ",\n".join(lines) + "\n]\n")
    with open(OUT / "guesses.json", "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(g) for g in guesses()) + "\n]\n")
    by_row = {}
    lines = []
    for v in vectors():
        by_row[v["row"]] = v.pop("before")
        lines.append(json.dumps(v))
    with open(OUT / "processors.json", "w") as f:
        f.write(json.dumps(dict(rows=by_row))[:-1] + ', "cases": [\n' + ",\n".join(lines) + "\n]}\n")
    print(len(lines), "vectors")


if __name__ == "__main__":
    main()
