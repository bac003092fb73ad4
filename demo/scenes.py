"""The demo models' world: a picture of up to five coloured shapes and at most one printed word, and what is true of it.

A scene is drawn from a seed, at any size; nothing but Pillow is needed, whose built-in font prints the words. A picture is
divided into three rows and three columns; each cell holds one thing or none, so that places have names.
"""

import math
import random
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont

SIZE = 336  # pixels of a side of a picture as it is shown
CELL = SIZE // 3
WORD_WIDTH = 88

SHAPES = ("circle", "square", "triangle", "star", "heart", "moon")
COLOURS = {
    "red": (222, 45, 48),
    "orange": (248, 140, 25),
    "yellow": (247, 212, 30),
    "green": (40, 160, 70),
    "blue": (40, 95, 215),
    "purple": (140, 60, 180),
    "black": (35, 35, 40),
}
WORDS = tuple(
    "BUS CAFE CAT CITY DOG EXIT FARM FISH GIFT GOLD HELP HOME ICE KEY LOVE MAP MENU MILK MOON NEWS NORTH OPEN PARK PULL PUSH"
    " RAIN ROAD SALE SHOP SNOW SOUP STOP SUN TAXI TEA TRAM WEST WIND YES ZOO".split()
)
PLACES = (
    "at the top left", "at the top", "at the top right",
    "on the left", "in the center", "on the right",
    "at the bottom left", "at the bottom", "at the bottom right",
)  # fmt: skip
BACKGROUNDS = ((255, 255, 255), (250, 244, 228), (228, 240, 250), (230, 246, 232), (250, 232, 238), (236, 234, 248), (234, 234, 232))


@dataclass(frozen=True)
class Thing:
    """A shape, or a word (shape is then "word" and colour its letters)."""

    shape: str
    colour: str
    cell: int
    box: tuple  # x1, y1, x2, y2 in pixels of a picture of SIZE

    @property
    def is_word(self) -> bool:
        return self.shape == "word"

    @property
    def name(self) -> str:
        return f'word "{self.colour}"' if self.is_word else f"{self.colour} {self.shape}"

    @property
    def phrase(self) -> str:
        return f"the {self.name}" if self.is_word else f"{article(self.name)} {self.name}"

    @property
    def place(self) -> str:
        return PLACES[self.cell]


@dataclass(frozen=True)
class Scene:
    """things: in reading order of their cells."""

    things: tuple
    background: tuple  # colour, pattern, contrast, pattern's step
    card: bool  # whether the word stands on a white card

    @property
    def shapes(self) -> list:
        return [t for t in self.things if not t.is_word]

    @property
    def word(self):
        return next((t for t in self.things if t.is_word), None)

    def at(self, cell: int):
        return next((t for t in self.things if t.cell == cell), None)


def article(name: str) -> str:
    return "an" if name[0] in "aeio" else "a"


def listing(phrases: list) -> str:
    """a, b and c"""
    return phrases[0] if len(phrases) == 1 else ", ".join(phrases[:-1]) + " and " + phrases[-1]


def sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


# ------------------------------------------------------------------------------------------------------------------ drawing


@cache
def font(size: float):
    return ImageFont.load_default(size)


@cache
def word_size(word: str) -> tuple:
    """Points of the font, left and top of the ink, its width and height: of a word as it stands in a picture of SIZE."""
    for points in range(36, 16, -2):
        x1, y1, x2, y2 = font(points).getbbox(word, stroke_width=1)
        if x2 - x1 <= WORD_WIDTH:
            return points, (x1, y1), x2 - x1, y2 - y1
    raise ValueError(f"{word} is too long for a cell")


def outline(shape: str, box: tuple) -> list:
    """The polygon of a shape that fills the box."""
    x1, y1, x2, y2 = box
    w, h = x2 - x1, y2 - y1

    def scaled(points: list) -> list:
        left, top = min(x for x, _ in points), min(y for _, y in points)
        width, height = max(x for x, _ in points) - left, max(y for _, y in points) - top
        return [(x1 + (x - left) / width * w, y1 + (y - top) / height * h) for x, y in points]

    turn = [2 * math.pi * i / 120 for i in range(120)]
    if shape == "circle":
        return scaled([(math.cos(a), math.sin(a)) for a in turn])
    if shape == "square":
        return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
    if shape == "triangle":
        return [(x1 + w / 2, y1), (x2, y2), (x1, y2)]
    if shape == "star":
        radius = [1 if i % 2 == 0 else 0.42 for i in range(10)]
        return scaled([(r * math.sin(math.pi * i / 5), -r * math.cos(math.pi * i / 5)) for i, r in enumerate(radius)])
    if shape == "heart":
        return scaled([(16 * math.sin(a) ** 3, -13 * math.cos(a) + 5 * math.cos(2 * a) + 2 * math.cos(3 * a) + math.cos(4 * a)) for a in turn])
    # a moon: an outer arc, and back along a circle whose centre is moved to the right
    outer = [math.radians(50 + 260 * i / 40) for i in range(41)]
    tip_x, tip_y = math.cos(outer[0]), math.sin(outer[0])
    centre, radius = tip_x - 0.12, math.hypot(0.12, tip_y)
    start = math.atan2(tip_y, 0.12)
    inner = [start + (2 * math.pi - 2 * start) * i / 40 for i in range(41)]
    return scaled([(math.cos(a), -math.sin(a)) for a in outer] + [(centre + radius * math.cos(a), -radius * math.sin(a)) for a in reversed(inner)])


def draw(scene: Scene, size: int = SIZE) -> Image.Image:
    """The picture, size pixels a side, edges smoothed by drawing at twice the size."""
    scale = 2 * size / SIZE
    image = Image.new("RGB", (2 * size, 2 * size), scene.background[0])
    canvas = ImageDraw.Draw(image)
    paper(canvas, scene.background, 2 * size, scale)
    for thing in scene.things:
        box = [v * scale for v in thing.box]
        if thing.is_word:
            if scene.card:
                margin = 7 * scale
                canvas.rounded_rectangle(
                    (box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin), 5 * scale, (255, 255, 255), (150, 150, 155), round(2 * scale)
                )
            points, (left, top), _, _ = word_size(thing.colour)
            canvas.text(
                (box[0] - left * scale, box[1] - top * scale), thing.colour, (30, 30, 45), font(points * scale),
                stroke_width=round(scale), stroke_fill=(30, 30, 45),
            )  # fmt: skip
        else:
            colour = COLOURS[thing.colour]
            rim = tuple(int(v * 0.72) for v in colour)
            inside = [box[0] + scale, box[1] + scale, box[2] - scale, box[3] - scale]
            polygon = outline(thing.shape, inside)
            canvas.polygon(polygon, colour)
            canvas.line(polygon + polygon[:2], rim, round(2 * scale), joint="curve")
    return image.reduce(2)


def paper(canvas: ImageDraw.ImageDraw, background: tuple, size: int, scale: float) -> None:
    base, pattern, contrast, step = background
    shade = tuple(max(0, v - contrast) for v in base)
    step = round(step * scale)
    if pattern == "stripes":
        for y in range(0, size, 2 * step):
            canvas.rectangle((0, y, size, y + step - 1), shade)
    elif pattern == "checks":
        for y in range(0, size, step):
            for x in range((y // step % 2) * step, size, 2 * step):
                canvas.rectangle((x, y, x + step - 1, y + step - 1), shade)
    elif pattern == "dots":
        for y in range(step // 2, size, step):
            for x in range(step // 2, size, step):
                canvas.ellipse((x - step // 6, y - step // 6, x + step // 6, y + step // 6), shade)
    elif pattern == "sky":
        for y in range(0, size, 8):
            canvas.rectangle((0, y, size, y + 7), tuple(v - contrast * y // size for v in base))


# ---------------------------------------------------------------------------------------------------------------- sampling


def sample(rng: random.Random) -> Scene:
    count = rng.choices((1, 2, 3, 4, 5), (12, 22, 28, 23, 15))[0]
    with_word = rng.random() < 0.5
    cells = rng.sample(range(9), count + with_word)
    kinds = rng.sample([(s, c) for s in SHAPES for c in COLOURS], count)
    things = [shape_in(rng, shape, colour, cell) for (shape, colour), cell in zip(kinds, cells)]
    if with_word:
        things.append(word_in(rng, rng.choice(WORDS), cells[-1]))
    background = (
        rng.choice(BACKGROUNDS), rng.choice(("plain", "plain", "sky", "stripes", "checks", "dots")), rng.randint(6, 16), rng.randint(12, 28),
    )  # fmt: skip
    return Scene(tuple(sorted(things, key=lambda t: t.cell)), background, rng.random() < 0.5)


def shape_in(rng: random.Random, shape: str, colour: str, cell: int) -> Thing:
    size = rng.randint(56, 92)
    width = size * 3 // 4 if shape == "moon" else size
    return Thing(shape, colour, cell, inside(rng, cell, width, size))


def word_in(rng: random.Random, word: str, cell: int) -> Thing:
    _, _, width, height = word_size(word)
    return Thing("word", word, cell, inside(rng, cell, width, height, 9))


def inside(rng: random.Random, cell: int, width: int, height: int, margin: int = 5) -> tuple:
    """A box of that size somewhere in the cell, the margin kept free."""
    x = cell % 3 * CELL + rng.randint(margin, CELL - margin - width)
    y = cell // 3 * CELL + rng.randint(margin, CELL - margin - height)
    return (x, y, x + width, y + height)


def changed(rng: random.Random, scene: Scene) -> tuple:
    """A second scene that differs from the first in one shape, and what happened to it: (scene, kind, before, after)."""
    kind = rng.choice(("gone", "new", "colour"))
    shapes = scene.shapes
    if kind == "new" and len(shapes) < 5:
        free = [c for c in range(9) if scene.at(c) is None]
        taken = {(t.shape, t.colour) for t in shapes}
        shape, colour = rng.choice([(s, c) for s in SHAPES for c in COLOURS if (s, c) not in taken])
        after = shape_in(rng, shape, colour, rng.choice(free))
        things, before = scene.things + (after,), None
    elif kind == "gone" and len(shapes) > 1:
        before, after = rng.choice(shapes), None
        things = tuple(t for t in scene.things if t is not before)
    else:
        kind, before = "colour", rng.choice(shapes)
        taken = {t.colour for t in shapes if t.shape == before.shape}
        after = Thing(before.shape, rng.choice([c for c in COLOURS if c not in taken]), before.cell, before.box)
        things = tuple(after if t is before else t for t in scene.things)
    second = Scene(tuple(sorted(things, key=lambda t: t.cell)), scene.background, scene.card)
    return second, kind, before, after


if __name__ == "__main__":  # python scenes.py SEED OUT.png
    import sys

    draw(sample(random.Random(int(sys.argv[1])))).save(sys.argv[2])
