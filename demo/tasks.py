"""What the finder is asked about scenes, and its answers in Florence-2's own form."""

import random

from scenes import SIZE, Scene, Thing, article, listing, sentence
from talk import describe

PROMPTS = {
    "<CAPTION>": "What does the image describe?",
    "<DETAILED_CAPTION>": "Describe in detail what is shown in the image.",
    "<OD>": "Locate the objects with category name in the image.",
    "<CAPTION_TO_PHRASE_GROUNDING>": "Locate the phrases in the caption: {input}",
    "<OCR>": "What is the text in the image?",
    "<OCR_WITH_REGION>": "What is the text in the image, with regions?",
}
SHARES = {"<CAPTION>": 1, "<DETAILED_CAPTION>": 1, "<OD>": 3, "<CAPTION_TO_PHRASE_GROUNDING>": 2, "<OCR>": 0.5, "<OCR_WITH_REGION>": 2}
LEVELS = 100  # places along a side that an answer tells apart, of the 1,000 that there are tokens for
CAPTIONS = ("{}.", "{}", "There is {}.", "A picture of {}.", "The image shows {}.")


def level(pixel: float) -> int:
    return min(int(pixel / SIZE * LEVELS), LEVELS - 1)


def token(level: int) -> str:
    """The middle one of the level's tokens."""
    return f"<loc_{level * (1000 // LEVELS) + 1000 // LEVELS // 2}>"


def locs(values) -> str:
    return "".join(token(level(v)) for v in values)


def quad(thing: Thing) -> str:
    x1, y1, x2, y2 = thing.box
    return locs((x1, y1, x2, y1, x2, y2, x1, y2))


def caption(scene: Scene) -> str:
    return sentence(listing([t.phrase for t in scene.things]))


def objects(scene: Scene) -> str:
    return "".join(t.name + locs(t.box) for t in scene.shapes)


def words(scene: Scene) -> str:
    return scene.word.colour + quad(scene.word) if scene.word else ""


def grounding(rng: random.Random, scene: Scene) -> tuple:
    """(a caption that names some of the shapes, in any order; each phrase with its box)"""
    chosen = rng.sample(scene.shapes, rng.randint(1, len(scene.shapes)))
    if rng.random() < 0.3:
        return caption(scene), "".join(t.phrase + locs(t.box) for t in scene.shapes)
    named = [t.phrase for t in chosen]
    text = rng.choice(CAPTIONS).format(rng.choice((listing(named), " and ".join(named), ", ".join(named))))
    if len(chosen) == 1 and rng.random() < 0.4:
        named, text = [chosen[0].name], chosen[0].name
    if text.startswith(article(chosen[0].name)) and text.endswith("."):
        text = text[0].upper() + text[1:]
    return text, "".join(phrase + locs(t.box) for phrase, t in zip(named, chosen))


def ask(rng: random.Random, scene: Scene, task: str) -> tuple:
    """(prompt, answer)"""
    if task == "<CAPTION_TO_PHRASE_GROUNDING>":
        text, answer = grounding(rng, scene)
        return PROMPTS[task].format(input=text), answer
    answers = {"<CAPTION>": caption, "<DETAILED_CAPTION>": describe, "<OD>": objects, "<OCR_WITH_REGION>": words}
    if task == "<OCR>":
        return PROMPTS[task], scene.word.colour if scene.word else ""
    return PROMPTS[task], answers[task](scene)
