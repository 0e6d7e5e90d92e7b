"""What `tinynet train` trains on, in one form: a named data set, a folder of images, a CSV file."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .. import losses, metrics
from ..core.errors import DatasetNotFoundError
from ..datasets import cifar10, fashion_mnist, fashion_mnist_sample, mnist
from ..optimizers import Adam
from ..textbook.practicals import MODELS, Practical, on_bytes
from . import image_files, table
from .table_model import build_table_model

NAMES = ("fashion-mnist", "mnist", "cifar10")
TEST_SHARE = 0.2
TABLE = Practical(build_table_model, epochs=50, schedule="cosine", validation_split=0.1, optimizer=partial(Adam, 0.005))


@dataclass
class TrainingData:
    """Data, what a model of it needs, and what its user must know.

    Attributes:
        x_train, y_train, x_test, y_test: Arrays, or x a dict of them.
        build: Function of the practical's builder that makes the model.
        loss: The loss of `compile`.
        metrics: Those of `compile`.
        loss_weight: Factor of the loss.
        class_names: None for a regression.
        card: For the model.
        with_channels: Whether convolutions want an axis of channels added to the images, here of one.
    """

    x_train: Any
    y_train: Any
    x_test: Any
    y_test: Any
    build: Callable[[Practical], Any]
    card: dict[str, Any]
    class_names: list[str] | None = None
    loss: Any = field(default_factory=lambda: losses.SparseCategoricalCrossentropy(from_logits=True))
    metrics: Any = field(default_factory=lambda: ["accuracy"])
    loss_weight: float | None = None
    with_channels: bool = False


def kind_of(dataset: str) -> str:
    """Return what the command's argument names: 'name', 'folder' or 'table'.

    Raises:
        ValueError: none of these.
    """
    if dataset in NAMES:
        return "name"
    path = Path(dataset).expanduser()
    if path.is_dir():
        return "folder"
    if path.is_file() and path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return "table"
    raise ValueError(f"{dataset!r} is no data set ({', '.join(NAMES)}), no folder of images and no CSV file here")


def load_fashion_mnist() -> tuple[Any, str]:
    """Return Fashion-MNIST, or the sample in the wheel, and a sentence about where it is from."""
    try:
        data = fashion_mnist.load_data()
    except DatasetNotFoundError as error:
        return fashion_mnist_sample.load_data(), (
            "Fashion-MNIST: the full data set is not on this machine, so this run uses the 6,000 + 1,000 real images "
            f"that come with tinynet. {error}"
        )
    return data, f"Fashion-MNIST: the full 60,000 + 10,000 images, from {fashion_mnist.DATASET.loaded_from}"


def load_named(name: str) -> TrainingData:
    """Return one of `NAMES`.

    Raises:
        DatasetNotFoundError: it is not on this computer and cannot be downloaded.
    """
    if name == "cifar10":
        (x, y), (x_test, y_test) = cifar10.load_data()
        names = list(cifar10.CLASS_NAMES)
        print(f"CIFAR-10: {len(x):,} + {len(x_test):,} images, from {cifar10.FILE.find()}", flush=True)
        return TrainingData(
            x, y[:, 0].astype(np.int64), x_test, y_test[:, 0].astype(np.int64),
            lambda practical: on_bytes(practical.build(input_shape=x.shape[1:], classes=10)),
            image_card(names, "CIFAR-10", 255), names)
    if name == "mnist":
        ((x, y), (x_test, y_test)), names = mnist.load_data(), list(mnist.CLASS_NAMES)
        sentence = f"MNIST: {len(x):,} + {len(x_test):,} images, from {mnist.find()}"
    else:
        ((x, y), (x_test, y_test)), sentence = load_fashion_mnist()
        names = list(fashion_mnist.CLASS_NAMES)
    print(sentence, flush=True)
    title = "MNIST" if name == "mnist" else "Fashion-MNIST"
    return TrainingData(x / 255.0, y, x_test / 255.0, y_test, lambda practical: practical.build(),
                        {**image_card(names, title, 1), "is_light_on_dark": True}, names, with_channels=True)


def image_card(names: list[str], trained_on: str, largest_pixel: int) -> dict[str, Any]:
    """Return the card of a model of images.

    Args:
        names: Of the classes.
        trained_on: The data's name.
        largest_pixel: 255 for a model that takes pixels as image files have them, 1 for one that wants them divided.
    """
    return {"inputs": "image", "task": "classification", "outputs": "logits", "class_names": names,
            "trained_on": trained_on, "largest_pixel": largest_pixel}


def load_folder(path: Path, size: tuple[int, int], seed: int) -> TrainingData:
    """Return the images of a folder of class folders; see `image_files.read_folder`."""
    found = image_files.list_folder(path, TEST_SHARE, seed)
    print(found.sentence, flush=True)
    train, test = image_files.read_folder(found, size)
    names = found.classes
    return TrainingData(
        *train, *test,
        lambda practical: on_bytes(practical.build(input_shape=(*size, 3), classes=len(names))),
        image_card(names, path.resolve().name, 255), names)


def load_table(path: Path, target: str | None, task: str | None, drop: list[str], seed: int) -> TrainingData:
    """Return the rows of a CSV file: a fifth of them, drawn at random, to test on.

    Args:
        path: The file.
        target: The column to predict; the last one if None.
        task: 'classification' or 'regression'; by the target's values if None.
        drop: Columns to leave out.
        seed: Of the order.

    Raises:
        DataError, ValueError: what `table` raises; fewer than ten rows.
    """
    rows = table.read_table(path)
    if len(rows) < 10:
        raise table.DataError(f"{path}: {len(rows)} rows; at least 10 are needed to train and to test")
    target, task = table.pick_target(rows, target, task)
    order = np.random.default_rng(seed).permutation(len(rows))
    count = math.ceil(TEST_SHARE * len(rows))
    train, test = rows.rows(order[count:]), rows.rows(order[:count])
    columns, remarks = table.input_columns(train, target, drop)
    x_train, x_test = table.encode(train, columns), table.encode(test, columns)
    fields, test_fields = train.columns[target], test.columns[target]
    card = {"inputs": "table", "task": task, "target": target, "trained_on": path.name,
            "columns": [column.to_card() for column in columns]}
    words = sum(column.kind == "word" for column in columns)
    print(f"{path}: {len(rows):,} rows, columns: {len(columns) - words} of numbers, {words} of words; "
          f"{count:,} rows, drawn at random, kept apart to test on", *remarks, sep="\n")
    chosen = f"target {target!r}: {task}, {{}}; --target and --task choose others"
    if task == "classification":
        names = sorted({*fields, *test_fields}, key=_by_number)
        print(chosen.format(f"{len(names)} classes"), flush=True)
        numbers = {name: number for number, name in enumerate(names)}
        y_train, y_test = (np.array([numbers[text] for text in part], np.int64) for part in (fields, test_fields))
        return TrainingData(x_train, y_train, x_test, y_test,
                            lambda practical: practical.build(x_train, columns, len(names)),
                            {**card, "outputs": "logits", "class_names": names}, names)
    values, test_values = (np.array(part, np.float64)[:, None] for part in (fields, test_fields))
    print(chosen.format(f"a quantity from {values.min():g} to {values.max():g}"),
          "loss: mean squared error, as a share of the target's variance", sep="\n", flush=True)
    return TrainingData(x_train, values, x_test, test_values,
                        lambda practical: practical.build(x_train, columns, 1, values),
                        {**card, "outputs": "quantity"}, loss="mse",
                        metrics=[metrics.MeanAbsoluteError(name="mean_absolute_error")],
                        # In units of the variance, so that rates that suit other networks suit this one.
                        loss_weight=1 / float(values.var() or 1))


def _by_number(text):
    """Sorts '2' before '10', and words after numbers."""
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text


def default_model(kind: str, dataset: str) -> str:
    """Return the network that is trained if none is named."""
    return "dnn" if kind == "table" or dataset in ("fashion-mnist", "mnist") else "cnn"


def practical_of(kind: str, model: str) -> Practical:
    """Return how a network is trained.

    Raises:
        ValueError: convolutions for a table.
    """
    if kind == "folder":  # curves of a validation tell whether there are enough photos
        return replace(MODELS[model], validation_split=0.1)
    if kind == "name":
        return MODELS[model]
    if model != "dnn":
        raise ValueError(f"--model {model} is for images; a table has dnn")
    return TABLE
