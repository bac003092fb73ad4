"""Writes scores.json: answers of the parity kit's microsoft-large and made-up ones, with random log-probabilities, and what
post_process_generation(sequence, transition_beam_score, …) of Microsoft's processing_florence2.py makes of them.

    python scores.py FOLDER     with processing_florence2.py in FOLDER
"""
import importlib.util
import json
import random
import sys
from pathlib import Path

import numpy
import torch
from transformers import PreTrainedTokenizerFast

HERE = Path(__file__).resolve().parent
KIT = HERE.parents[3] / "oracle/florence2/microsoft-large"
ADDED = (["<od>", "</od>", "<ocr>", "</ocr>"] + [f"<loc_{i}>" for i in range(1000)]
         + ["<cap>", "</cap>", "<ncap>", "</ncap>", "<dcap>", "</dcap>", "<grounding>", "</grounding>", "<seg>", "</seg>", "<sep>",
            "<region_cap>", "</region_cap>", "<region_to_desciption>", "</region_to_desciption>", "<proposal>", "</proposal>",
            "<poly>", "</poly>", "<and>"])

spec = importlib.util.spec_from_file_location("processing", Path(sys.argv[1]) / "processing_florence2.py")
processing = importlib.util.module_from_spec(spec)
spec.loader.exec_module(processing)
processing.BartTokenizerFast = PreTrainedTokenizerFast

tokenizer = PreTrainedTokenizerFast(
    tokenizer_file=str(KIT / "checkpoint/tokenizer.json"), bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
    additional_special_tokens=ADDED)
processor = object.__new__(processing.Florence2Processor)
processor.tokenizer = tokenizer
processor.post_processor = processing.Florence2PostProcesser(tokenizer)
KINDS = {"<OD>": "description_with_bboxes", "<DENSE_REGION_CAPTION>": "description_with_bboxes", "<REGION_PROPOSAL>": "bboxes",
         "<CAPTION_TO_PHRASE_GROUNDING>": "phrase_grounding", "<OPEN_VOCABULARY_DETECTION>": "description_with_bboxes_or_polygons"}
processor.tasks_answer_post_processing_type = KINDS

MADE_UP = [
    "<s>car<loc_52><loc_334><loc_932><loc_774>door handle<loc_425><loc_504><loc_474><loc_516></s>",
    "<s>wheel<loc_708><loc_575><loc_868><loc_772><loc_147><loc_563><loc_305><loc_772></s>",
    "<s><s><s>car<loc_52><loc_334><loc_932><loc_774></s>",  # the tokens of a score are looked for too far left
    "<s>no box<loc_1>car<loc_52><loc_334><loc_932><loc_774>house<loc_1><loc_2><loc_3><loc_4></s>",  # text between phrases: too
    "car<loc_52><loc_334><loc_932><loc_774></s>",
    "<s>caf\u00e9 \u4e2d<loc_52><loc_334><loc_932><loc_774>dog<loc_1><loc_2><loc_3><loc_4></s>",  # characters of several tokens
    "<s>left over<loc_1><loc_2><loc_3><loc_4><loc_5><loc_6></s><pad><pad>",
    "<s>nothing</s>",
    "<s></s>",
]

rng = random.Random(3)
cases = []


def add(task: str, ids: list, size: list) -> None:
    scores = [round(float(numpy.float32(-rng.expovariate(2))), 6) for _ in ids]
    parsed = processor.post_process_generation(
        sequence=torch.tensor([2] + ids), transition_beam_score=torch.tensor(scores), task=task, image_size=tuple(size))
    cases.append({"task": task, "image_size": size, "ids": ids, "log_probs": scores, "parsed": parsed})


for text in MADE_UP:
    add("<OD>", tokenizer(text, add_special_tokens=False)["input_ids"], [640, 480])
for task in list(KINDS)[1:]:
    add(task, tokenizer(MADE_UP[0], add_special_tokens=False)["input_ids"], [640, 480])
for case in json.loads((KIT / "cases.json").read_text(encoding="utf-8")):
    if case["text"] in ("<OD>", "<DENSE_REGION_CAPTION>") and isinstance(case["output_ids"][0], int):
        add(case["text"], case["output_ids"][1:], case["image_size"])
(HERE / "scores.json").write_text("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]\n", encoding="utf-8")
