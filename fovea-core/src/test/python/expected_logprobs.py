"""What answers' log probabilities are by the model's own logits: python expected_logprobs.py ../resources/oracle > expected.json."""
import json
import sys

import torch
from transformers import AutoModelForImageTextToText, AutoTokenizer

PROMPT = "How many people can you see?"


def record(checkpoint, options):
    torch.manual_seed(0)
    model = AutoModelForImageTextToText.from_pretrained(checkpoint, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    ids = tokenizer(PROMPT, return_tensors="pt", add_special_tokens=False).input_ids
    answer = model.generate(input_ids=ids, max_new_tokens=8, do_sample=False, use_cache=True, **options)[0, ids.shape[1] :]
    with torch.no_grad():
        logits = model(input_ids=torch.cat([ids, answer[None]], 1)).logits[0, ids.shape[1] - 1 : -1]
    logprobs = torch.log_softmax(logits.float(), -1)
    steps = []
    for row, token in zip(logprobs, answer.tolist()):
        top = torch.topk(row, 3)
        steps.append({"id": token, "logprob": row[token].item(), "top": top.indices.tolist(), "values": top.values.tolist()})
    return {"options": options, "prompt_ids": ids[0].tolist(), "steps": steps}


cases = [{"repetition_penalty": 1.3}, {"num_beams": 3, "suppress_tokens": [11, 12]}]
json.dump([record(sys.argv[1] + "/qwen2_5_vl/base/checkpoint", c) for c in cases], sys.stdout, indent=1)
print()
