"""Questions about scenes and their answers: what the chat model is taught, and is asked on held-out scenes.

A turn is (question, answer). Every function takes a random generator for its choice of words and of things to ask about.
"""

import json
import random

from scenes import COLOURS, PLACES, SHAPES, WORDS, Scene, article, changed, listing, sample, sentence

DESCRIBE = ("Describe this image.", "Describe the image.", "Describe this picture.", "What is in this image?", "What do you see?", "What is in the picture?")
COUNT = ("How many objects are there?", "How many shapes are there?", "How many objects are in the image?", "Count the shapes.", "How many objects do you see?")
COUNT_SOME = ("How many {} are there?", "How many {} do you see?", "How many {} are in the picture?", "Count the {}.")
COLOUR = ("What {c} is the {s}?", "What {c} does the {s} have?", "Which {c} is the {s}?")
WHERE = ("Where is the {}?", "Where do you see the {}?", "In which place is the {}?")
IS_THERE = ("Is there {} {}?", "Do you see {} {}?", "Is there {} {} in the image?")
WHAT_IS = ("What is {}?", "What do you see {}?", "What is there {}?")
READ = ("What does it say?", "What does the sign say?", "Read the text.", "What is written in the image?", "What text is in the picture?")
BOXES = (
    "Outline the position of each object and output all the coordinates in JSON format.",
    "Detect all objects and output their boxes in JSON format.",
    "Locate every shape, output the bbox coordinates in JSON format.",
    "Where are the shapes? Answer with boxes in JSON format.",
)
BOX = ("Locate the {}, output its bbox coordinates in JSON format.", "Outline the position of the {} in JSON format.", "Give the box of the {} in JSON format.")
COMPARE = ("Compare the two images.", "Compare the two pictures.", "Compare these images.")
MORE = ("Which image has more objects?", "Which picture has more shapes?", "In which image are more objects?")
DIFFERENCE = ("What is the difference?", "What is the difference between the two images?", "What has changed?", "Spot the difference.")
GREETING = ("Hello", "Hello!", "Hi", "Hi!", "Who are you?", "What can you do?", "Help", "What are you?", "Good morning")
ELSEWHERE = (
    "What is the capital of France?", "Write a poem.", "Tell me a joke.", "What time is it?", "Translate this to French.", "How old are you?",
    "What is the weather today?", "Who is the president?", "Write a Java program.", "What is 2 + 2?", "Who painted this?", "Is the person happy?",
    "What breed is the dog?", "What is the man doing?", "Which city is this?", "Explain quantum physics.", "What is the meaning of life?",
    "Summarize the document.", "How do I cook rice?", "What brand is the car?", "Where was this photo taken?", "Sing a song.",
)  # fmt: skip

ONLY = "I only know pictures of coloured shapes and printed words."
GREET = "Hello! I am a small demo model. Ask me about a picture of coloured shapes and printed words."
NO_PICTURE = "I see no picture. " + ONLY


def describe(scene: Scene) -> str:
    return sentence(listing([f"{t.phrase} {t.place}" for t in scene.things]))


def total(n: int) -> str:
    return "There is 1 object." if n == 1 else f"There are {n} objects."


def count_of(scene: Scene, what: str) -> tuple:
    """How many there are of a shape ("circle"), of a colour ("red") or of both ("red circle"): (words for it, answer)."""
    n = sum(what in (t.shape, t.colour, t.name) for t in scene.shapes)
    one = f"{what} object" if what in COLOURS else what
    many = one + "s"
    return many, f"There is 1 {one}." if n == 1 else f"There are {n or 'no'} {many}."


def where(scene: Scene, what: str) -> str:
    found = [t for t in scene.things if what in (t.shape, t.name)]
    if not found:
        return f"There is no {what}."
    if len(found) == 1:
        return f"The {what} is {found[0].place}."
    return f"The {what}s are {listing([t.place for t in found])}."


def colour(scene: Scene, shape: str) -> str:
    found = [t.colour for t in scene.shapes if t.shape == shape]
    if not found:
        return f"There is no {shape}."
    return f"The {shape} is {found[0]}." if len(found) == 1 else f"The {shape}s are {listing(found)}."


def read(scene: Scene) -> str:
    return f'It says "{scene.word.colour}".' if scene.word else "There is no text."


def boxes(things: list, scale: float) -> str:
    """Qwen's own form: pixels of the picture as the model gets it."""
    rows = [f'\t{{"bbox_2d": {json.dumps([round(v * scale) for v in t.box])}, "label": "{t.name}"}}' for t in things]
    return "```json\n[\n" + ",\n".join(rows) + "\n]\n```"


def compare(first: Scene, second: Scene) -> str:
    a, b = len(first.shapes), len(second.shapes)
    more = "Both have the same number" if a == b else f"The {'first' if a > b else 'second'} has more"
    return f"The first image has {a} object{'s' * (a != 1)} and the second has {b}. {more}."


def more(first: Scene, second: Scene) -> str:
    a, b = len(first.shapes), len(second.shapes)
    return f"Both have {a}." if a == b else f"The {'first' if a > b else 'second'} image, {max(a, b)} against {min(a, b)}."


def difference(kind: str, before, after) -> str:
    if kind == "gone":
        return f"The {before.name} {before.place} is gone."
    if kind == "new":
        return f"There is a new {after.name} {after.place}."
    return f"The {before.shape} {before.place} was {before.colour} and is now {after.colour}."


def about_one(rng: random.Random, scene: Scene, scale: float, kind: str) -> tuple:
    """A turn of a kind about one picture. Half of what is asked for by name is really there."""
    here = rng.choice(scene.shapes)
    there = rng.random() < 0.65
    shape = here.shape if there else rng.choice(SHAPES)
    name = here.name if there else f"{rng.choice(list(COLOURS))} {rng.choice(SHAPES)}"
    if kind == "describe":
        return rng.choice(DESCRIBE), describe(scene)
    if kind == "count":
        return rng.choice(COUNT), total(len(scene.shapes))
    if kind == "count_some":
        what, answer = count_of(scene, rng.choice((shape, shape, name.split()[0], name.split()[0], name)))
        return rng.choice(COUNT_SOME).format(what), answer
    if kind == "colour":
        return rng.choice(COLOUR).format(c=rng.choice(("color", "colour")), s=shape), colour(scene, shape)
    if kind == "where":
        what = rng.choice((shape, name, name))
        return rng.choice(WHERE).format(what), where(scene, what)
    if kind == "is_there":
        found = [t.place for t in scene.shapes if t.name == name]
        return rng.choice(IS_THERE).format(article(name), name), f"Yes, {found[0]}." if found else "No."
    if kind == "what_is":
        thing = rng.choice(scene.things) if rng.random() < 0.75 else scene.at(rng.randrange(9))
        place = thing.place if thing else rng.choice([p for i, p in enumerate(PLACES) if scene.at(i) is None])
        return rng.choice(WHAT_IS).format(place), sentence(thing.phrase) if thing else "Nothing."
    if kind == "read":
        return rng.choice(READ), read(scene)
    if kind == "boxes":
        return rng.choice(BOXES), boxes(scene.shapes, scale)
    if kind == "box":
        return rng.choice(BOX).format(here.name), boxes([here], scale)
    if kind == "greeting":
        return rng.choice(GREETING), GREET
    return rng.choice(ELSEWHERE), ONLY


KINDS = {
    "describe": 3, "count": 1.2, "count_some": 2, "colour": 1.5, "where": 2, "is_there": 1.2, "what_is": 1.5, "read": 1.5, "boxes": 1, "box": 0.8,
    "greeting": 0.15, "elsewhere": 0.3,
}  # fmt: skip

# What is learned last: to find a thing by its name.
BY_NAME = KINDS | {"describe": 2, "count": 0.5, "count_some": 4, "colour": 6, "where": 5, "is_there": 4, "read": 0.5, "boxes": 2, "box": 1}


def turns_about_one(rng: random.Random, scene: Scene, scale: float, kinds: dict):
    """Endlessly many turns about a picture."""
    while True:
        yield about_one(rng, scene, scale, rng.choices(list(kinds), list(kinds.values()))[0])


def turns_about_two(rng: random.Random, first: Scene, second: Scene, change):
    """Turns that compare two pictures; what changed is asked for only where the second was made from the first."""
    order = ["compare", "more", "difference"] if change else ["compare", "more"]
    rng.shuffle(order)
    for kind in order:
        if kind == "compare":
            yield rng.choice(COMPARE), compare(first, second)
        elif kind == "more":
            yield rng.choice(MORE), more(first, second)
        else:
            yield rng.choice(DIFFERENCE), difference(*change)


def turns_without(rng: random.Random):
    """Turns of a conversation without a picture."""
    while True:
        if rng.random() < 0.4:
            yield rng.choice(GREETING), GREET
        elif rng.random() < 0.5:
            yield rng.choice(ELSEWHERE), ONLY
        else:
            yield rng.choice(DESCRIBE + COUNT + READ + BOXES), NO_PICTURE


def every_text():
    """Texts that together hold every word of the talk, for the tokenizer's cut."""
    yield from DESCRIBE + COUNT + READ + BOXES + COMPARE + MORE + DIFFERENCE + GREETING + ELSEWHERE + (ONLY, GREET, NO_PICTURE)
    rng = random.Random(0)
    yield from (f'"{w}" the word "{w}"' for w in WORDS)
    yield from PLACES
    for _ in range(4000):
        scene = sample(rng)
        turns = turns_about_one(rng, scene, 0.5, KINDS)
        second, *change = changed(rng, scene)
        for question, answer in [next(turns) for _ in range(4)] + list(turns_about_two(rng, scene, second, change)):
            yield question
            yield answer
