"""Writes texts.json: random texts of words, locations and other tokens, broken ones too, and what both references read from them.

    python texts.py FOLDER     with Microsoft's processing_florence2.py in FOLDER; transformers 5 is the other
"""
import importlib.util
import json
import random
import sys
from pathlib import Path

from transformers import PreTrainedTokenizerFast
from transformers.models.florence2.processing_florence2 import Florence2PostProcessor, Florence2Processor

HERE = Path(__file__).resolve().parent
KIT = HERE.parents[3] / "oracle/florence2"
KINDS = {"<OCR>": "pure_text", "<OCR_WITH_REGION>": "ocr", "<CAPTION>": "pure_text", "<OD>": "description_with_bboxes",
         "<DENSE_REGION_CAPTION>": "description_with_bboxes", "<CAPTION_TO_PHRASE_GROUNDING>": "phrase_grounding",
         "<REFERRING_EXPRESSION_SEGMENTATION>": "polygons", "<REGION_TO_SEGMENTATION>": "polygons",
         "<OPEN_VOCABULARY_DETECTION>": "description_with_bboxes_or_polygons", "<REGION_PROPOSAL>": "bboxes"}

spec = importlib.util.spec_from_file_location("processing", Path(sys.argv[1]) / "processing_florence2.py")
processing = importlib.util.module_from_spec(spec)
spec.loader.exec_module(processing)
tokenizer = PreTrainedTokenizerFast(
    tokenizer_file=str(KIT / "microsoft-large/checkpoint/tokenizer.json"), bos_token="<s>", eos_token="</s>", pad_token="<pad>")
microsofts = object.__new__(processing.Florence2Processor)
microsofts.post_processor = processing.Florence2PostProcesser(tokenizer)
native = object.__new__(Florence2Processor)
config = json.loads((KIT / "native/checkpoint/processor_config.json").read_text(encoding="utf-8"))["post_processor_config"]
native.post_processor = Florence2PostProcessor(config=config, tokenizer=tokenizer)
microsofts.tasks_answer_post_processing_type = native.tasks_answer_post_processing_type = KINDS

WORDS = ["car", "the", "it", "caf\u00e9", "\u4e2d\u6587", "a b", " dog ", "\n", "\r", "\x85", "\u2028", "\u00a0", "x>y", '"', "loc_1>", "it ",
         "\x1c", "\u00e9", "a\nb", "\U0001f422", "", "<", ">", "<s", "bbox"]
LOCATIONS = [f"<loc_{i}>" for i in (0, 1, 5, 77, 500, 999)]
TOKENS = LOCATIONS * 4 + ["<loc_1234>", "<loc_007>", "<loc_>", "<loc_1", "<loc_x>", "<loc_\u0663>", "<sep>", "<sep>", "<poly>", "<poly>",
                          "</poly>", "</poly>", "<s>", "</s>", "<pad>", "<od>", "</od>", "<box>", "<ground>", "<obj>", "<and>", "<bbox>",
                          "</bbox>"]
rng = random.Random(1)


def random_text() -> str:
    parts = [rng.choice(["</s><s>", "<s>", "</s><s><s><s>"])] if rng.random() < 0.6 else []
    for _ in range(rng.randint(0, 6)):
        kind = rng.random()
        if kind < 0.4:
            parts.append(rng.choice(WORDS))
        elif kind < 0.8:
            parts += rng.choices(LOCATIONS, k=rng.choice([1, 2, 3, 4, 4, 4, 5, 8, 8, 9]))
        else:
            parts += rng.choices(TOKENS, k=rng.randint(1, 6))
        if rng.random() < 0.15:
            parts.append(rng.choice(["<sep>", "</poly>", "<poly>"]))
    if rng.random() < 0.5:
        parts.append(rng.choice(["</s>", "</s><pad><pad>", "\n", "</s>\n"]))
    return "".join(parts)


cases = []
for i in range(400):
    task, text, size = list(KINDS)[i % len(KINDS)], random_text(), (rng.randint(1, 3000), rng.randint(1, 3000))
    case = {"task": task, "text": text, "image_size": size,
            "microsoft": microsofts.post_process_generation(text=text, task=task, image_size=size)}
    other = native.post_process_generation(text=text, task=task, image_size=size)
    if other != case["microsoft"]:
        case["native"] = other
    cases.append(case)
(HERE / "texts.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n", encoding="utf-8")
