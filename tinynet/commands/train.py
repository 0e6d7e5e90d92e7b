"""`tinynet train`: a data set, a folder of images or a CSV file -> a trained model, and how good it is."""

from __future__ import annotations

import argparse
import contextlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import tinynet as tn

from .. import shares
from ..core.extras import import_extra
from ..core.terminal import columns as terminal_columns
from ..core.terminal import display_width
from ..core.types import Array
from ..textbook.practicals import MODELS, augmented, learning_rate
from ..utils.files import atomic_write
from . import arguments as types
from .training_data import (
    NAMES,
    TrainingData,
    default_model,
    kind_of,
    load_folder,
    load_named,
    load_table,
    practical_of,
)

PICTURES = (".png (a picture)", ".svg (a drawing)", ".pdf (a page)")


def add_parser(commands: Any) -> argparse.ArgumentParser:
    """Add the `train` command to the subparsers."""
    number = types.number
    train = commands.add_parser(
        "train", help="train a model: on a data set, on a folder of images, on a CSV file",
        description="Train a model and test it. DATA is fashion-mnist, mnist or cifar10; or a folder with a subfolder "
                    "of images for each class (or with folders train and test of such folders); or a CSV file with "
                    "the columns' names in its first line.")
    train.add_argument("dataset", metavar="DATA", help=f"what to train on: {', '.join(NAMES)}, FOLDER, FILE.csv")
    train.add_argument("--model", choices=sorted(MODELS),
                       help="dnn: one hidden layer (two for a CSV file); cnn: two convolutions; vgg: six, with batch "
                            "normalization (default: dnn; cnn for cifar10 and folders)")
    train.add_argument("--epochs", type=number(int, 1), metavar="N",
                       help=f"passes over the data (default: {_defaults('epochs')}; a CSV file: 50)")
    train.add_argument("--batch-size", type=number(int, 1), metavar="N",
                       help=f"samples a step (default: {_defaults('batch_size')})")
    train.add_argument("--optimizer", metavar="NAME",
                       help="sgd, adam, rmsprop, ... (default: adam; vgg with --augment: adamw with weight_decay=0.05)")
    train.add_argument("--learning-rate", type=number(float, 0, open_below=True), metavar="R",
                       help="the optimizer's own if left out")
    train.add_argument("--schedule", choices=["constant", "cosine"],
                       help="let the learning rate be, or fall to 0 along half a cosine wave "
                            f"(default: {_defaults('schedule')}; a CSV file: cosine)")
    train.add_argument("--validation-split", type=number(float, 0, 0.9), metavar="F",
                       help=f"share of the training data to validate on (default: {_defaults('validation_split')}; "
                            "a folder or CSV file: 0.1)")
    train.add_argument("--augment", action="store_true",
                       help="mirror and shift the training images at random, and cut a square out of each (cnn "
                            "and vgg; vgg then also has less dropout, weight decay and 40 epochs)")
    train.add_argument("--seed", type=number(int, 0, 2**32 - 1), metavar="N", default=0,
                       help="repeats a run exactly (default: %(default)s)")
    train.add_argument("--backend", choices=["native", "numpy"], default=tn.backend(),
                       help="compiled kernels, or their NumPy references (default here: %(default)s)")
    train.add_argument("--save", type=types.output_file(".npz (weights alone)", ".keras (the whole model)"),
                       metavar="FILE", help="write the trained model (.keras) or its weights alone (.npz) to this "
                                            "file; `tinynet predict FILE.keras ...` uses it")
    train.add_argument("--plot", type=types.output_file(*PICTURES), metavar="FILE",
                       help="draw the curves of the training into this .png, .svg or .pdf (needs matplotlib)")
    train.add_argument("--distribute", action="store_true",
                       help="train on all processes of mpirun: mpirun -n 4 tinynet train ... --distribute")
    folder = train.add_argument_group("for a folder of images")
    folder.add_argument("--image-size", type=types.size, metavar="N",
                        help="what images are resized to: 64, or HEIGHTxWIDTH (default: 64)")
    table = train.add_argument_group("for a CSV file")
    table.add_argument("--target", metavar="NAME", help="the column to predict (default: the last one)")
    table.add_argument("--task", choices=["classification", "regression"],
                       help="default: classification if the target has words, or whole numbers of at most 20 values")
    table.add_argument("--drop", metavar="NAME", action="append", default=[],
                       help="a column to leave out, such as a number of the row; may be given several times")
    train.set_defaults(run=run)
    return train


def _defaults(setting):
    """The models' values of a setting, for the help: "32; vgg: 128"."""
    values = {name: getattr(practical, setting) for name, practical in MODELS.items()}
    common = values["dnn"]
    return "; ".join([str(common), *(f"{name}: {value}" for name, value in values.items() if value != common)])


def run(arguments: argparse.Namespace) -> int:
    """Train, test, save and draw; returns the exit code.

    Raises:
        ValueError: arguments that do not fit each other or the data.
        DataError: files that cannot be used.
        ModuleNotFoundError: --plot without matplotlib; raised before the training.
    """
    if not arguments.distribute:
        return run_here(arguments)
    from ..distribution import DataParallel

    strategy = DataParallel()
    with strategy.scope(), contextlib.redirect_stdout(None) if strategy.rank else contextlib.nullcontext():
        return run_here(arguments)  # rank 0 prints


def run_here(arguments: argparse.Namespace) -> int:
    """The same in this process, which may be one of several."""
    kind = kind_of(arguments.dataset)
    check_arguments(arguments, kind)
    practical = practical_of(kind, arguments.model or default_model(kind, arguments.dataset))
    if arguments.augment:
        practical = practical.when_augmented or practical
    batch_size, epochs = arguments.batch_size or practical.batch_size, arguments.epochs or practical.epochs
    split = practical.validation_split if arguments.validation_split is None else arguments.validation_split
    optimizer = practical.optimizer() if arguments.optimizer is None else tn.optimizers.get(arguments.optimizer)
    data = load(arguments, kind)
    steps = epochs * math.ceil(len(data.y_train) * (1 - split) / batch_size)
    rate = float(optimizer.learning_rate) if arguments.learning_rate is None else arguments.learning_rate
    optimizer.learning_rate = learning_rate(arguments.schedule or practical.schedule, rate, steps)
    with tn.backend(arguments.backend):
        tn.utils.set_random_seed(arguments.seed)
        model = data.build(practical)
        if arguments.augment:
            model = augmented(model, seed=arguments.seed)
        if data.with_channels and len(model.input_shape) == 4:  # convolutions want an axis of channels, here one: grey
            data.x_train, data.x_test = data.x_train[..., None], data.x_test[..., None]
        model.card = data.card
        model.compile(optimizer=optimizer, loss=data.loss, metrics=data.metrics, loss_weights=data.loss_weight)
        model.summary()
        history = model.fit(data.x_train, data.y_train, batch_size=batch_size, epochs=epochs, validation_split=split)
        predicted = model.predict(data.x_test, batch_size=256, verbose=0)
    if arguments.save is not None:
        save(model, arguments.save)
    if arguments.plot is not None and shares.process.writes:
        draw(history, arguments.plot)
    report(data, predicted)
    return 0


def check_arguments(arguments: argparse.Namespace, kind: str) -> None:
    """Refuse options that are for another kind of data, and a plot without matplotlib."""
    for option, needed, value in (("--image-size", "folder", arguments.image_size),
                                  ("--target", "table", arguments.target), ("--task", "table", arguments.task),
                                  ("--drop", "table", arguments.drop)):
        if value and kind != needed:
            raise ValueError(f"{option} is for {'a folder of images' if needed == 'folder' else 'a CSV file'}, and "
                             f"{arguments.dataset} is none")
    if arguments.augment and kind == "table":
        raise ValueError("--augment is for images")
    if arguments.plot is not None:
        import_extra("matplotlib", "plot", "--plot")


def load(arguments: argparse.Namespace, kind: str) -> TrainingData:
    """Return what the arguments name."""
    if kind == "name":
        return load_named(arguments.dataset)
    path = Path(arguments.dataset).expanduser()
    if kind == "folder":
        return load_folder(path, arguments.image_size or (64, 64), arguments.seed)
    return load_table(path, arguments.target, arguments.task, arguments.drop, arguments.seed)


def save(model: Any, path: Path) -> None:
    """Write the model, or its weights alone if the name ends in .npz."""
    if path.suffix == ".keras":
        model.save(path)
    else:
        tn.utils.save_weights_npz(model, path)
    print(f"{'model' if path.suffix == '.keras' else 'weights'} saved to {path}")


def draw(history: Any, path: Path) -> None:
    """Write the curves of a training as a picture."""
    from ..plots import history as draw_history

    axes = draw_history(history)
    with atomic_write(path) as file:
        axes[0].figure.savefig(file, format=path.suffix[1:].lower(), dpi=150)
    print(f"curves drawn in {path}")


def report(data: TrainingData, predicted: Array) -> None:
    """Print how good the predictions of the test data are."""
    if data.class_names is None:
        errors = np.abs(predicted - data.y_test)
        share = 1 - float(((predicted - data.y_test) ** 2).mean() / max(data.y_test.var(), np.finfo(float).tiny))
        print(f"\nof the {len(errors):,} test rows, half are wrong by less than {np.median(errors):.4g}, 9 in 10 by "
              f"less than {np.quantile(errors, 0.9):.4g}")
        print(f"test mean absolute error: {errors.mean():.4g}")
        print(f"test R2: {share:.4f}")
        return
    found = predicted.argmax(axis=-1)
    print_per_class_table(data.y_test, found, data.class_names, "rows" if data.card["inputs"] == "table" else "images")
    print(f"test accuracy: {(found == data.y_test).mean():.4f}")


def print_per_class_table(labels: Array, predicted: Array, names: Sequence[str], unit: str = "images") -> None:
    """Print for each class its test samples, how many of them were recognised, and the most frequent mistake.

    Args:
        labels, predicted: Class numbers, shape (samples,).
        names: Of the classes.
        unit: What a sample is called.
    """
    limit = terminal_columns() or 200
    room = max((limit - 36) // 2, 12)  # what the numbers leave to a class's name and that of its mistake
    shown = [_cut(name, room) for name in names]
    width = max(12, *map(display_width, shown))
    last = "most often mistaken for" if width + 50 <= limit else "mistaken for"
    print(f"\n{_padded('class', width)} {unit:>6} {'recall':>7} {'precision':>9}  {last}")
    for index, name in enumerate(shown):
        of_class, as_class = labels == index, predicted == index
        hits = int((of_class & as_class).sum())
        recall = hits / max(int(of_class.sum()), 1)
        precision = hits / max(int(as_class.sum()), 1)
        wrong = np.bincount(predicted[of_class & ~as_class], minlength=len(names))
        mistaken = f"{shown[int(wrong.argmax())]} ({wrong.max()})" if wrong.any() else "-"
        print(f"{_padded(name, width)} {int(of_class.sum()):>6} {recall:>7.3f} {precision:>9.3f}  {mistaken}")
    print()


def _cut(name, room):
    while display_width(name) > room:
        name = name[:-2] + "."
    return name


def _padded(text, width):
    return text + " " * (width - display_width(text))
