#!/usr/bin/env python3
"""Fovea, transformers and llama.cpp on the same directory, in turn, in one run.

    compare.py DIR [--quantize lossless|int8|int4] [--device cpu|cuda] [--rounds 2] [--threads 2] [--python PY] [--llama-bench BIN --gguf MODEL.gguf] [--image 640x480]
               [--figures prefill,decode,image] [--peer-dtype auto|bfloat16|float16|float32] [--peer-dir DIR] [--compiled]

BIN may have options behind it. PY is a Python with torch, torchvision and transformers (default: the one that runs this); a peer that is not given is left out. One
round is: Fovea, transformers, llama.cpp. Printed are the best of the rounds for each figure, since other work on a machine only makes
a peer slower, and Fovea's ratio to each peer. Files that were just written are read slower than others: before the first run `sync; echo 1 > /proc/sys/vm/drop_caches`, and read them once. transformers stays out of --quantize int8 and int4: GGUF files have the other's; to lossless, the same weights, both are peers. --fovea COMMAND runs Fovea where it is not built: on a machine without Maven. Random weights serve: speed does not depend on values.
--compiled adds transformers with a static cache and a compiled step, which a first answer waits for.
--peer-dtype is the one in which transformers loads the weights, auto the stored one; --peer-dir another directory for it: Florence-2's layout of transformers' port.
Pictures alone (--figures image) need no more than a tower: towers.py makes directories with small language models.
"""
import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent  # of a pack in / there are not so many, and / stands for them
FIGURES = {"prefill": "tokens/s", "decode": "tokens/s", "image": "pictures/s"}


def fovea(args):
    command = shlex.split(args.fovea) + ["bench", args.dir, "--format", "json", "--prefill", args.prefill, "--decode", args.decode,
                                         "--image-size", args.image, "--repeat", 1, "--context", 0, "--device", args.device]
    command += ["--threads", args.threads] if args.device == "cpu" else []
    command += ["--quantize", args.quantize] if args.quantize else []
    last = json.loads(output(command).splitlines()[-1])
    seen = {"decode": last["decode_tokens_per_second"]}
    seen |= {"prefill": last["prefill_tokens_per_second"]} if "prefill_tokens_per_second" in last else {}
    return seen | ({"image": 1000 / last["image_ms"]} if "image_ms" in last else {})


def compiled(args):
    return transformers(args, "--compiled", "--figures", "decode")


def transformers(args, *more):
    return json.loads(output([args.python, __file__, args.peer_dir or args.dir, "--peer", "--figures", args.figures, "--peer-dtype", args.peer_dtype, "--threads", args.threads, "--prefill", args.prefill,
                              "--decode", args.decode, "--image", args.image, "--device", args.device, *more]).splitlines()[-1])


def llama(args):
    rows = json.loads(output([*shlex.split(args.llama_bench), "-m", args.gguf, "-p", args.prefill, "-n", args.decode, "-t", args.threads, "-r", 1,
                              "-o", "json"]))
    return {"prefill" if row["n_prompt"] else "decode": row["avg_ts"] for row in rows}


def output(command):
    return subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True, check=True).stdout


def measure_transformers(args):
    """Prefill and decode of the language model and the encoding of one picture, by transformers' own classes."""
    import time

    import torch
    from PIL import Image
    from transformers import AutoModelForImageTextToText, AutoProcessor

    torch.set_num_threads(int(args.threads))
    model = AutoModelForImageTextToText.from_pretrained(args.dir, dtype=args.peer_dtype).eval().to(args.device)
    processor = AutoProcessor.from_pretrained(args.dir)
    ids = torch.randint(100, 1000, (1, args.prefill), device=args.device)
    figures = args.figures.split(",")

    def now():
        if args.device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def timed(call):
        call()
        start = now()
        call()
        return now() - start

    with torch.inference_mode():
        seen = {}
        if "prefill" in figures:
            seen["prefill"] = args.prefill / timed(lambda: model(input_ids=ids, use_cache=True, logits_to_keep=1))
        if args.compiled:
            seen["decode"] = compiled_decode(model, ids, args.decode)
        elif "decode" in figures:
            out = model(input_ids=ids, use_cache=True, logits_to_keep=1)
            cache, token = out.past_key_values, out.logits[:, -1:].argmax(-1)
            start = now()
            for _ in range(args.decode):
                out = model(input_ids=token, past_key_values=cache, use_cache=True)
                token = out.logits[:, -1:].argmax(-1)
            seen["decode"] = args.decode / (now() - start)
        if "image" not in figures:
            print(json.dumps(seen))
            return
        width, height = map(int, args.image.split("x"))
        pixels = processor.image_processor(images=[Image.new("RGB", (width, height), (90, 120, 30))], return_tensors="pt").to(args.device)
        pixels["pixel_values"] = pixels["pixel_values"].to(model.dtype)
        seen["image"] = 1 / timed(lambda: model.get_image_features(**{k: pixels[k] for k in ("pixel_values", "image_grid_thw") if k in pixels}))
    print(json.dumps(seen))


def compiled_decode(model, ids, count):
    """Steps a second of generate, behind those that wait for the compiler; a token that a streamer gets is one that the device has made."""
    import time

    from transformers import CompileConfig

    class Streamer:
        def __init__(self):
            self.times = []

        def put(self, _):
            self.times.append(time.perf_counter())

        def end(self):
            pass

    config = CompileConfig(mode="reduce-overhead")
    config._compile_all_devices = True  # not on GPUs alone
    for _ in range(2):
        streamer = Streamer()
        model.generate(input_ids=ids, attention_mask=ids * 0 + 1, cache_implementation="static", compile_config=config, do_sample=False,
                       min_new_tokens=count + 2, max_new_tokens=count + 2, streamer=streamer)
    return count / (streamer.times[-1] - streamer.times[-1 - count])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dir")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--quantize")
    parser.add_argument("--fovea", default=str(ROOT / "fovea"))
    parser.add_argument("--threads", default="2")
    parser.add_argument("--prefill", type=int, default=256)
    parser.add_argument("--decode", type=int, default=32)
    parser.add_argument("--image", default="640x480")
    parser.add_argument("--figures", default=",".join(FIGURES))
    parser.add_argument("--peer-dtype", choices=["auto", "bfloat16", "float16", "float32"], default="auto")
    parser.add_argument("--peer-dir")
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--llama-bench")
    parser.add_argument("--gguf")
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        measure_transformers(args)
        return
    peers = {"fovea": fovea}
    peers |= {"transformers": transformers} if args.quantize in (None, "lossless") else {}
    peers |= {"compiled": compiled} if args.compiled else {}
    peers |= {"llama.cpp": llama} if args.llama_bench else {}
    best = {name: {} for name in peers}
    for _ in range(args.rounds):
        for name, measure in peers.items():
            for figure, value in measure(args).items():
                if figure not in args.figures.split(","):
                    continue
                best[name][figure] = max(value, best[name].get(figure, 0))
                print(f"{name:14}{figure:10}{value:10.2f} {FIGURES[figure]}", file=sys.stderr)
    for figure, unit in FIGURES.items():
        for name in peers:
            if figure in best[name] and figure in best["fovea"]:
                ratio = best["fovea"][figure] / best[name][figure]
                print(f"{figure:10}{name:14}{best[name][figure]:10.2f} {unit:12} fovea is {ratio:.2f} times as fast")


if __name__ == "__main__":
    main()
