"""Held-out scenes: draws them, asks transformers, scores the answers of transformers and of `fovea batch`, and compares the two.

    python evaluate.py draw FOLDER [--scenes N] [--seed N]        pictures, chat.jsonl and finder.jsonl for `fovea batch`, truth.jsonl
    python evaluate.py ask MODEL REQUESTS.jsonl --out FILE.jsonl  transformers' answers, float32
    python evaluate.py score REQUESTS.jsonl FILE.jsonl...         scores of each file, and whether their tokens are the same

Training draws its scenes from small seeds; held-out ones come from seeds that it never reaches.
"""

import argparse
import json
import random
import re
from collections import defaultdict
from pathlib import Path

import talk
import tasks
from scenes import SIZE, changed, draw, sample

SEEN = 168  # pixels of a side of a picture as the chat model gets it, which its boxes refer to
FIRST_SEED = 1_000_000_000
LEAST_IOU = 0.5  # of a box that counts as found


# ----------------------------------------------------------------------------------------------------------------------- draw


def draw_all(folder: Path, count: int, seed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    chat, finder, truth = [], [], []

    def ask_chat(name: str, kind: str, pictures: list, turn: tuple, things=()) -> None:
        items = [{"type": "image"} for _ in pictures] + [{"type": "text", "text": turn[0]}]
        chat.append({"id": f"{name}.{kind}", "messages": [{"role": "user", "content": items}], "images": pictures, "generate": {"max_new_tokens": 256}})
        truth.append({"id": f"{name}.{kind}", "kind": kind, "answer": turn[1], "boxes": [[t.name, [v * SEEN / SIZE for v in t.box]] for t in things]})

    for i in range(count):
        rng = random.Random(FIRST_SEED + seed * 1_000_000 + i)
        scene, name = sample(rng), f"{i:04}"
        picture = f"{name}.png"
        draw(scene).save(folder / picture)
        for kind in ("describe", "count", "count_some", "colour", "where", "is_there", "what_is", "read"):
            ask_chat(name, kind, [picture], talk.about_one(rng, scene, SEEN / SIZE, kind))
        ask_chat(name, "boxes", [picture], (rng.choice(talk.BOXES), ""), scene.shapes)
        if i % 4 == 0:
            second, *change = changed(rng, scene)
            draw(second).save(folder / f"{name}b.png")
            for kind, turn in (
                ("compare", (talk.COMPARE[0], talk.compare(scene, second))), ("more", (talk.MORE[0], talk.more(scene, second))),
                ("difference", (talk.DIFFERENCE[0], talk.difference(*change))),
            ):  # fmt: skip
                ask_chat(name, kind, [picture, f"{name}b.png"], turn)
        for task in tasks.PROMPTS:
            prompt, answer = tasks.ask(rng, scene, task)
            given = prompt.removeprefix(tasks.PROMPTS[task].partition("{")[0]) if "{" in tasks.PROMPTS[task] else ""
            kind = task.strip("<>").lower()
            finder.append({"id": f"{name}.{kind}", "text": task + given, "images": [picture]})
            truth.append({"id": f"{name}.{kind}", "kind": kind, "answer": answer, "boxes": found(answer)})
            if kind == "od":
                truth[-1]["boxes"] = [[t.name, [v * 1000 / SIZE for v in t.box]] for t in scene.shapes]
    for file, lines in (("chat", chat), ("finder", finder), ("truth", truth)):
        (folder / f"{file}.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def found(text: str) -> list:
    """(phrase, box in thousandths) of an answer with places; of a word's four corners the box around them."""
    boxes = []
    for phrase, run in re.findall(r"([^<]+)((?:<loc_\d+>){4,})", re.sub(r"</?s>|<pad>", "", text)):
        v = [int(n) + 0.5 for n in re.findall(r"\d+", run)]
        xs, ys = v[0::2], v[1::2]
        boxes.append([phrase, [min(xs), min(ys), max(xs), max(ys)]])
    return boxes


# ------------------------------------------------------------------------------------------------------------------------ ask


def ask(model_folder: Path, requests: Path, out: Path) -> None:
    import torch

    torch.set_num_threads(1)  # the models are too small for more
    lines = [json.loads(line) for line in requests.read_text(encoding="utf-8").splitlines()]
    answer = chat_model(model_folder, requests.parent) if "chat_template.json" in {f.name for f in model_folder.iterdir()} else finder_model(model_folder, requests.parent)
    with out.open("w", encoding="utf-8") as file, torch.no_grad():
        for line in lines:
            ids, text, raw = answer(line)
            row = {"id": line["id"], "sequences": [{"token_ids": ids, "text": text, "text_raw": raw}]}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def chat_model(folder: Path, media: Path):
    import torch
    from transformers import AutoProcessor, Qwen2_5_VLForConditionalGeneration

    processor = AutoProcessor.from_pretrained(folder)
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()

    def answer(line: dict) -> tuple:
        pictures = iter(line["images"])
        for item in (item for message in line["messages"] for item in message["content"] if item["type"] == "image"):
            item["image"] = str(media / next(pictures))
        inputs = processor.apply_chat_template(line["messages"], add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt")
        ids = model.generate(**inputs, **line["generate"])[0, inputs["input_ids"].shape[1] :]
        return ids.tolist(), processor.decode(ids, skip_special_tokens=True), processor.decode(ids, skip_special_tokens=False)

    return answer


def finder_model(folder: Path, media: Path):
    """transformers' class; it has no processor for Microsoft's layout, so pictures and prompts are prepared here as Microsoft's code does."""
    import numpy as np
    import torch
    from PIL import Image

    import train_finder

    model = train_finder.load(folder)
    tokenizer = train_finder.tokenizer_of(folder)
    rows = train_finder.SIDE**2 + 1

    def answer(line: dict) -> tuple:
        side = train_finder.SEEN
        image = Image.open(media / line["images"][0]).convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
        pixels = (np.asarray(image, np.float32) / 255 - np.float32(train_finder.MEAN)) / np.float32(train_finder.STD)
        task = line["text"][: line["text"].index(">") + 1]
        prompt = tasks.PROMPTS[task].format(input=line["text"].removeprefix(task))
        ids = torch.tensor([[model.config.image_token_id] * rows + tokenizer.encode(prompt).ids])
        pixel_values = torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy())
        out = model.generate(input_ids=ids, pixel_values=pixel_values, max_new_tokens=256)[0].tolist()
        return out, tokenizer.decode(out), tokenizer.decode(out, skip_special_tokens=False)

    return answer


# ---------------------------------------------------------------------------------------------------------------------- score


def iou(a: list, b: list) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    return width * height / (area(a) + area(b) - width * height)


def said(kind: str, sequence: dict) -> list:
    """(label, box) of an answer."""
    if kind != "boxes":
        return found(sequence["text_raw"])
    try:
        return [[row["label"], row["bbox_2d"]] for row in json.loads(sequence["text"].removeprefix("```json").removesuffix("```"))]
    except (ValueError, KeyError, TypeError):
        return []


def overlap(wanted: list, given: list) -> list:
    """The IoU of each wanted box with the answer's box of that label; 0 where there is none."""
    return [max((iou(box, b) for label, b in given if label == name), default=0.0) for name, box in wanted]


def mean_average_precision(pairs: list) -> float:
    """mAP over labels; answers have no scores, so a label's curve is walked in the order of pictures and answers."""
    wanted, given = defaultdict(list), defaultdict(list)
    for picture, (truth, answer) in enumerate(pairs):
        for name, box in truth:
            wanted[name].append((picture, box))
        for name, box in answer:
            given[name].append((picture, box))
    precisions = []
    for name, boxes in wanted.items():
        left, curve, hits = list(boxes), [], 0
        for n, (picture, box) in enumerate(given[name], 1):
            match = next((b for b in left if b[0] == picture and iou(b[1], box) >= LEAST_IOU), None)
            if match:
                left.remove(match)
                hits += 1
            curve.append((hits / len(boxes), hits / n))
        reached, area = 0.0, 0.0
        for i, (recall, _) in enumerate(curve):
            area += (recall - reached) * max(p for _, p in curve[i:])
            reached = recall
        precisions.append(area)
    return sum(precisions) / len(precisions)


def score(requests: Path, files: list) -> None:
    truth = {row["id"]: row for row in map(json.loads, (requests.parent / "truth.jsonl").read_text(encoding="utf-8").splitlines())}
    asked = [json.loads(line)["id"] for line in requests.read_text(encoding="utf-8").splitlines()]
    answers = {file: {row["id"]: row["sequences"][0] for row in map(json.loads, file.read_text(encoding="utf-8").splitlines())} for file in files}
    kinds = list(dict.fromkeys(truth[i]["kind"] for i in asked))
    for file, given in answers.items():
        print(file)
        for kind in kinds:
            ids = [i for i in asked if truth[i]["kind"] == kind]
            line = f"  {kind:<28}{len(ids):>5} asked"
            if kind not in ("boxes", "od"):
                field = "text_raw" if kind in ("caption_to_phrase_grounding", "ocr_with_region") else "text"
                clean = lambda text: re.sub(r"</?s>|<pad>|<loc_\d+>", "", text)
                line += f"  exact words {sum(clean(given[i][field]) == clean(truth[i]['answer']) for i in ids) / len(ids):.3f}"
            pairs = [(truth[i]["boxes"], said(kind, given[i])) for i in ids if truth[i]["boxes"]]
            if pairs:
                overlaps = [v for wanted, answer in pairs for v in overlap(wanted, answer)]
                line += f"  mean IoU {sum(overlaps) / len(overlaps):.3f}  mAP@{LEAST_IOU} {mean_average_precision(pairs):.3f}"
            print(line)
    if len(files) > 1:
        first, *others = answers
        for other in others:
            differ = [i for i in asked if answers[first][i]["token_ids"] != answers[other][i]["token_ids"]]
            print(f"{first} and {other}: {len(asked) - len(differ)} of {len(asked)} answers have the same tokens", *differ[:5])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw")
    drawing.add_argument("folder", type=Path)
    drawing.add_argument("--scenes", type=int, default=200)
    drawing.add_argument("--seed", type=int, default=0)
    asking = commands.add_parser("ask")
    asking.add_argument("model", type=Path)
    asking.add_argument("requests", type=Path)
    asking.add_argument("--out", type=Path, required=True)
    scoring = commands.add_parser("score")
    scoring.add_argument("requests", type=Path)
    scoring.add_argument("files", type=Path, nargs="+")
    args = parser.parse_args()
    if args.command == "draw":
        draw_all(args.folder, args.scenes, args.seed)
    elif args.command == "ask":
        ask(args.model, args.requests, args.out)
    else:
        score(args.requests, args.files)


if __name__ == "__main__":
    main()
