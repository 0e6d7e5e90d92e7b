"""`tinynet predict`: what a model takes images for, or the rows of a CSV file."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .. import layers
from ..augment.command import existing_path
from ..core.errors import DataError
from ..core.types import Array
from ..models import Model, load_model
from ..utils.files import atomic_write
from . import arguments as types
from .image_files import find_images, read_image
from .table import Column, encode, read_table

BATCH = 256


def add_parser(commands: Any) -> argparse.ArgumentParser:
    """Add the `predict` command to the subparsers."""
    parser = commands.add_parser(
        "predict", help="ask a model about images, or about the rows of a CSV file",
        description="Print what a model takes images for, with probabilities; or the rows of a CSV file. The model's "
                    "file is one of `tinynet train --save`, or of `model.save`. Images may have any size and kind; "
                    "they are turned as cameras meant them, and resized to the model's input.")
    parser.add_argument("model", type=existing_path, metavar="MODEL", help="a .keras file")
    parser.add_argument("inputs", type=existing_path, nargs="+", metavar="IMAGE",
                        help="images and folders of them; or one CSV file, for a model of one")
    parser.add_argument("--top", type=types.number(int, 1), default=3, metavar="N",
                        help="how many classes to print (default: %(default)s)")
    parser.add_argument("--out", type=types.output_file(".csv (a table)"), metavar="FILE.csv",
                        help="write the predictions as a table")
    parser.add_argument("--names", metavar="A,B,...",
                        help="the classes' names, for a model whose file does not have them")
    parser.add_argument("--largest-pixel", type=types.number(float, 0, open_below=True), metavar="P",
                        help="what white is for the model, 255 or 1, where its file does not tell (default: 255 if it "
                             "has a Rescaling or Normalization layer, else 1)")
    parser.add_argument("--invert", action="store_true",
                        help="make dark what is light: for pen on paper, where the model knows light on dark, as "
                             "MNIST is")
    parser.set_defaults(run=run)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Read, predict, print; returns 0, or 1 if an image could not be read.

    Raises:
        ValueError: inputs that are not what the model is for.
        DataError: a CSV file that cannot be used.
        ModelFileError: a damaged model file.
    """
    model = load_model(arguments.model, compile=False)
    card = model.card or {}
    check_card(card, arguments.model)
    if card.get("inputs") == "table":
        return run_table(arguments, model, card)
    return run_images(arguments, model, card)


def check_card(card: dict[str, Any], path: Path) -> None:
    """Refuse a card that another program wrote.

    Raises:
        DataError: a value of another type than `tinynet train` writes.
    """
    names, columns = card.get("class_names"), card.get("columns", [])
    good = names is None or isinstance(names, list) and all(isinstance(name, str) for name in names)
    good = good and isinstance(card.get("largest_pixel", 1), int | float) and card.get("largest_pixel", 1) > 0
    good = good and (card.get("inputs") != "table" or isinstance(card.get("target"), str) and bool(columns))
    good = good and isinstance(columns, list) and all(
        isinstance(one, dict) and set(one) == {"name", "kind", "fill"} and isinstance(one["name"], str)
        and isinstance(one["fill"], int | float) for one in columns)
    if not good:
        raise DataError(f"{path}: the card in its metadata.json is not one of tinynet's: {card!r:.200}")


def run_images(arguments: argparse.Namespace, model: Model, card: dict[str, Any]) -> int:
    """Ask a model about images; see `run`."""
    height, width, channels = image_shape(model)
    top = arguments.largest_pixel or card.get("largest_pixel") or (255 if scales_itself(model) else 1)
    paths = [found for path in arguments.inputs for found in (find_images(path) if path.is_dir() else [path])]
    if not paths:
        raise ValueError(f"no images in {', '.join(map(str, arguments.inputs))} and the folders below")
    images: list[Array] = []
    read, failed, hint = [], 0, ""
    results: list[Array] = []
    for number, path in enumerate(paths):
        try:
            images.append(read_image(path, (height, width), channels))
            read.append(path)
        except (DataError, OSError) as error:
            print(f"tinynet: {error}", file=sys.stderr)
            failed += 1
        if len(images) == BATCH or images and number == len(paths) - 1:
            batch, images = np.stack(images), []
            if card.get("is_light_on_dark") is True and not arguments.invert and is_dark_on_light(batch):
                hint = "the model knows light things on dark ground, and these images are dark on light: try --invert"
            results.append(predict_images(model, batch, top, arguments.invert))
    if not read:
        return 1
    scores = probabilities(np.concatenate(results), card)
    names = names_of(scores.shape[-1], card, arguments.names)
    rows = []
    for path, row in zip(read, scores, strict=True):
        best = np.argsort(-row, kind="stable")[: arguments.top]
        print(f"{printable(str(path))}: " + ", ".join(f"{printable(names[i])} {row[i]:.1%}" for i in best))
        rows.append([str(path), *(part for i in best for part in (names[i], f"{row[i]:.6f}"))])
    if hint:
        print(f"tinynet: {hint}", file=sys.stderr)
    if arguments.out is not None:
        count = (len(rows[0]) - 1) // 2
        write_csv(arguments.out, [["image", *(part for i in range(1, count + 1)
                                              for part in (f"class {i}", f"probability {i}"))], *rows])
    return 1 if failed else 0


def predict_images(model: Model, images: Array, top: float, invert: bool) -> Array:
    """Return the model's outputs.

    Args:
        model: The model.
        images: uint8, shape (images, height, width, channels).
        top: What white is for the model.
        invert: Whether to make dark what is light.
    """
    x = (255 - images if invert else images).astype(np.float32) * np.float32(top / 255)
    return model.predict(x.reshape(len(x), *model.input_shape[1:]), batch_size=64, verbose=0)


def is_dark_on_light(images: Array) -> bool:
    """Report whether most of the images have a light edge, as a photo of a drawing has."""
    edges = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    return float(np.median(edges)) > 127


def image_shape(model: Model) -> tuple[int, int, int]:
    """Return (height, width, channels) of the images that a model takes.

    Raises:
        ValueError: it takes something else.
    """
    shape = model.input_shape
    parts = shape[1:] if isinstance(shape, tuple) else ()
    if len(parts) == 2:
        parts = (*parts, 1)
    if len(parts) != 3 or parts[2] not in (1, 3):
        raise ValueError(f"the model takes inputs {shape}; `tinynet predict` is for images (height, width) or (height, "
                         "width, 1 or 3), and for models that `tinynet train` made from a CSV file")
    return parts[0] or 224, parts[1] or 224, parts[2]


def scales_itself(model: Any) -> bool:
    """Report whether a model brings pixels to its own range, so that it takes them from 0 to 255."""
    return any(isinstance(layer, layers.Rescaling | layers.Normalization)
               or isinstance(layer, Model) and scales_itself(layer) for layer in model.layers)


def probabilities(outputs: Array, card: dict[str, Any]) -> Array:
    """Return a probability for each class.

    Args:
        outputs: Of the model: logits or probabilities, shape (samples, classes); a single one is the second class's.
        card: Its "outputs", 'logits' or 'probabilities', tells which; without it, numbers from 0 to 1 that sum to 1 are
            probabilities.

    Raises:
        ValueError: outputs of another shape.
    """
    outputs = np.asarray(outputs, np.float64)
    if outputs.ndim != 2:
        raise ValueError(f"the model's outputs have shape {outputs.shape}, expected (images, classes)")
    kind = card.get("outputs")
    within = (outputs >= 0).all() and (outputs <= 1).all()
    if outputs.shape[1] == 1:
        second = outputs if kind == "probabilities" or kind is None and within else 1 / (1 + np.exp(-outputs))
        return np.concatenate([1 - second, second], axis=1)
    if kind == "probabilities" or kind is None and within and np.allclose(outputs.sum(axis=1), 1, atol=1e-3):
        return outputs
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def names_of(classes: int, card: dict[str, Any], given: str | None) -> list[str]:
    """Return the classes' names: those given, those of the card, or their numbers.

    Raises:
        ValueError: another number of names.
    """
    names = [part.strip() for part in given.split(",")] if given else card.get("class_names")
    if names is None:
        return [f"class {number}" for number in range(classes)]
    if len(names) != classes:
        raise ValueError(f"{len(names)} names of classes, but the model has {classes}: {', '.join(names)}")
    return names


def printable(text: str) -> str:
    """Return a text without characters that would steer the terminal: names come from files of others.

    >>> printable("cat\\x1b[2J")
    'cat?[2J'
    """
    return "".join(character if character.isprintable() else "?" for character in text)


def run_table(arguments: argparse.Namespace, model: Model, card: dict[str, Any]) -> int:
    """Ask a model about the rows of a CSV file; see `run`."""
    if len(arguments.inputs) != 1 or arguments.inputs[0].is_dir():
        raise ValueError("the model was trained on a CSV file: give one CSV file with the same columns")
    if arguments.invert or arguments.largest_pixel:
        raise ValueError("--invert and --largest-pixel are for images")
    table = read_table(arguments.inputs[0])
    inputs = encode(table, [Column(**column) for column in card["columns"]])
    outputs = model.predict(inputs, batch_size=BATCH, verbose=0)
    target = card.get("target", "target")
    answers = table.columns.get(target)
    if card.get("outputs") == "quantity":
        found = [f"{value:.6g}" for value in outputs[:, 0]]
        texts, added, header = found, [[text] for text in found], [f"predicted {target}"]
        right = None
    else:
        scores = probabilities(outputs, card)
        names = names_of(scores.shape[-1], card, arguments.names)
        order = np.argsort(-scores, axis=1, kind="stable")[:, : arguments.top]
        texts = [", ".join(f"{printable(names[i])} {row[i]:.1%}" for i in best)
                 for row, best in zip(scores, order, strict=True)]
        found = [names[best[0]] for best in order]
        added = [[name, f"{row[best[0]]:.6f}"] for name, row, best in zip(found, scores, order, strict=True)]
        header = [f"predicted {target}", "probability"]
        right = None if answers is None else np.mean([a == b for a, b in zip(answers, found, strict=True)])
    if arguments.out is None:
        for number, text in enumerate(texts, 1):
            print(f"row {number}: {text}")
    else:
        columns = table.columns
        rows = [[columns[name][i] for name in columns] + new for i, new in enumerate(added)]
        write_csv(arguments.out, [[*columns, *header], *rows])
        print(f"{len(rows)} rows written to {arguments.out}")
    if right is not None:
        print(f"{right:.1%} of the rows have this in their column {target}")
    return 0


def write_csv(path: Path, rows: list[list[str]]) -> None:
    """Write a table, whole or not at all, with a mark by which spreadsheets know UTF-8."""
    import io

    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    with atomic_write(path) as file:
        file.write(text.getvalue().encode("utf-8-sig"))
