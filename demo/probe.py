"""A second teacher for a vision tower: linear heads that read from its rows what is in each cell, and where exactly.

It makes the tower learn in minutes what the words alone would teach it in hours, and is thrown away after training.
"""

import torch
from torch import nn
from torch.nn import functional

from scenes import CELL, COLOURS, SHAPES, SIZE, WORDS

NOTHING, WORD = len(SHAPES) + 1, len(SHAPES)


def targets(scenes: list) -> dict:
    """Per scene and cell: kind (shape, word, nothing), colour, word (-100 where there is none), place in reading order, box within the cell."""
    n = len(scenes)
    kind = torch.full((n, 9), NOTHING)
    colour, word = torch.full((n, 9), -100), torch.full((n, 9), -100)
    order, box = torch.zeros((n, 9), dtype=torch.long), torch.zeros((n, 9, 4))
    for i, scene in enumerate(scenes):
        for j, thing in enumerate(scene.things):
            c = thing.cell
            kind[i, c] = WORD if thing.is_word else SHAPES.index(thing.shape)
            if thing.is_word:
                word[i, c] = WORDS.index(thing.colour)
            else:
                colour[i, c] = list(COLOURS).index(thing.colour)
            order[i, c] = j + 1
            left, top = c % 3 * CELL, c // 3 * CELL
            box[i, c] = torch.tensor([thing.box[0] - left, thing.box[1] - top, thing.box[2] - left, thing.box[3] - top]) / CELL
    return {"kind": kind, "colour": colour, "word": word, "order": order, "box": box}


class Probe(nn.Module):
    """Reads rows [scenes, side x side, width]; a cell is a square block of them."""

    def __init__(self, width: int, side: int, asked: tuple):
        super().__init__()
        self.side, self.block, self.asked = side, side // 3, asked
        sizes = {"kind": NOTHING + 1, "colour": len(COLOURS), "word": len(WORDS), "order": 7, "box": 4}
        self.heads = nn.ModuleDict({name: nn.Linear(self.block**2 * width, size) for name, size in sizes.items() if name in asked})
        self.places = nn.Linear(width, 2 * side)
        self.accuracies = {}

    def losses(self, rows: torch.Tensor, wanted: dict) -> dict:
        n, b, width = rows.shape[0], self.block, rows.shape[-1]
        cells = rows.view(n, 3, b, 3, b, width).transpose(2, 3).reshape(n, 9, -1)
        found = {name: head(cells) for name, head in self.heads.items()}
        there = wanted["kind"] != NOTHING
        losses = {name: functional.cross_entropy(found[name].flatten(0, 1), wanted[name].flatten()) for name in found if name != "box"}
        if "box" in found:
            losses["box"] = 4 * (found["box"] - wanted["box"]).abs()[there].mean()
        if "place" in self.asked:
            losses["place"] = 0.5 * self.place_loss(self.places(rows).view(n, self.side, self.side, 2, self.side))
        with torch.no_grad():
            masks = {"kind": there, "colour": wanted["colour"] >= 0, "word": wanted["word"] >= 0, "order": there}
            self.accuracies = {
                name + "s": (found[name].argmax(-1) == wanted[name])[mask].float().mean() for name, mask in masks.items() if name in found
            }
        return losses

    def place_loss(self, place: torch.Tensor) -> torch.Tensor:
        index = torch.arange(self.side)
        down, across = (t.expand(place.shape[0], self.side, self.side) for t in (index[None, :, None], index[None, None]))
        return sum(functional.cross_entropy(place[..., i, :].reshape(-1, self.side), t.reshape(-1)) for i, t in enumerate((down, across)))


def centre_row(thing, side: int) -> int:
    """The row of a picture of side x side rows in which the thing's centre lies."""
    x, y = (min(int((thing.box[i] + thing.box[i + 2]) / 2 / SIZE * side), side - 1) for i in (0, 1))
    return y * side + x


class ThingProbe(nn.Module):
    """Asks two things of the row in which a thing's centre lies: as the tower makes it, to point to the embeddings of the words
    for the thing, so that words and rows find each other; early in the decoder, to know its place.

    id_of: word -> the token that it begins with
    """

    def __init__(self, width: int, side: int, id_of):
        super().__init__()
        self.side, self.id_of = side, id_of
        self.sharpness = nn.Parameter(torch.tensor(10.0))
        self.order, self.cell = nn.Linear(width, 6), nn.Linear(width, 9)
        self.accuracies = {}

    def losses(self, rows: torch.Tensor, early: torch.Tensor, embeddings: torch.Tensor, scenes: list) -> dict:
        things = [(i, j, t) for i, scene in enumerate(scenes) for j, t in enumerate(scene.things)]
        at = torch.tensor([i * self.side**2 + centre_row(t, self.side) for i, _, t in things])
        said = torch.tensor([[self.id_of(t.colour), self.id_of(t.colour if t.is_word else t.shape)] for _, _, t in things])
        pointing = functional.rms_norm(rows.flatten(0, 1)[at], rows.shape[-1:])
        log_probs = (self.sharpness * pointing @ embeddings.T).log_softmax(-1)
        where = early.flatten(0, 1)[at]
        order, cell = torch.tensor([j for _, j, _ in things]), torch.tensor([t.cell for _, _, t in things])
        with torch.no_grad():
            self.accuracies = {"orders": (self.order(where).argmax(-1) == order).float().mean()}
        return {
            "pointing": -log_probs.gather(1, said).mean(),
            "order": functional.cross_entropy(self.order(where), order),
            "cell": functional.cross_entropy(self.cell(where), cell),
        }


class NameProbe:
    """Asks two heads of a layer that a shape's name looks at the shape: at the row in which its centre lies.

    Where a colour stands before the name, at the one of that colour. Names of what is not there may look anywhere.
    """

    HEADS = [0, 3]  # one for each of the decoder's two heads of keys

    def __init__(self, attention: nn.Module, side: int, id_of, image: int):
        self.side, self.image = side, image
        self.shapes = {id_of(s + ending): s for s in SHAPES for ending in ("", "s")}
        self.colours = {id_of(c): c for c in COLOURS}
        attention.register_forward_hook(lambda _module, _inputs, out: setattr(self, "weights", out[1]))

    def loss(self, ids: torch.Tensor, scenes: list) -> torch.Tensor:
        rows, at, seen = [], [], iter(scenes)
        for b, tokens in enumerate(ids.tolist()):
            starts = [i for i, t in enumerate(tokens) if t == self.image and (i == 0 or tokens[i - 1] != self.image)]
            there = [(start + centre_row(t, self.side), t) for start in starts for t in next(seen).shapes]
            for i, token in enumerate(tokens):
                if token in self.shapes:
                    colour = self.colours.get(tokens[i - 1])
                    named = [p for p, t in there if p < i and t.shape == self.shapes[token] and colour in (None, t.colour)]
                    if named:
                        rows.append((b, i))
                        at.append(named)
        mask = torch.zeros(len(rows), ids.shape[1])
        for n, named in enumerate(at):
            mask[n, named] = 1
        b, i = torch.tensor(rows).T
        looks = self.weights[b, :, i][:, self.HEADS].float()  # [names, heads, tokens]
        return -(looks * mask[:, None]).sum(-1).clamp(min=1e-4).log().mean()
