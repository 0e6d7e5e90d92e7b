"""The command line: `tinynet train fashion-mnist --model dnn`, `tinynet augment FOLDER --op ...`, `tinynet info`.

Exit codes: 0 done, 1 failed, 2 called wrongly, 130 interrupted. Errors are one line on standard error; --debug shows
where they came from.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .core.types import Array
from .textbook.practicals import MODELS, augmented, learning_rate
from .version import __version__


class _Parser(argparse.ArgumentParser):
    """One line for a wrong call, instead of argparse's whole usage text."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (try '{self.prog} --help')\n")


def _number(kind, least, most=float("inf"), open_below=False):
    """An argparse type: a number within bounds, refused with the bounds in the message."""

    def convert(text):
        wanted = f"{'a whole number' if kind is int else 'a number'} {'above' if open_below else 'from'} {least}"
        wanted += f" to {most}" if most != float("inf") else "" if open_below else " on"
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}") from None
        if not (least < value if open_below else least <= value) or not value <= most or value == float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is not {wanted}")
        return value

    return convert


def _output_file(text):
    path = Path(text).expanduser()
    if path.suffix not in (".npz", ".keras"):
        raise argparse.ArgumentTypeError(f"{text!r} must end in .npz (weights alone) or .keras (the whole model)")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"the folder of {text!r} does not exist")
    if path.is_dir() or not os.access(path.parent, os.W_OK):  # better known before the training than after it
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written")
    return path


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = _Parser(prog="tinynet", description="Train and inspect small neural networks.")
    parser.add_argument("--debug", action="store_true", help="show where an error came from")
    parser.add_argument("--version", action="version", version=f"tinynet {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)

    train = commands.add_parser("train", help="train a model on a data set", description="Train a model and test it.")
    train.add_argument("dataset", choices=["fashion-mnist"], help="what to train on")
    train.add_argument("--model", choices=sorted(MODELS), default="dnn",
                       help="dnn: one hidden layer; cnn: two convolutions; vgg: six, with batch normalization "
                            "(default: %(default)s)")
    train.add_argument("--epochs", type=_number(int, 1), metavar="N",
                       help=f"passes over the data (default: {_defaults('epochs')})")
    train.add_argument("--batch-size", type=_number(int, 1), metavar="N",
                       help=f"samples a step (default: {_defaults('batch_size')})")
    train.add_argument("--optimizer", metavar="NAME",
                       help="sgd, adam, rmsprop, ... (default: adam; vgg with --augment: adamw with weight_decay=0.05)")
    train.add_argument("--learning-rate", type=_number(float, 0, open_below=True), metavar="R",
                       help="the optimizer's own if left out")
    train.add_argument("--schedule", choices=["constant", "cosine"],
                       help="let the learning rate be, or fall to 0 along half a cosine wave "
                            f"(default: {_defaults('schedule')})")
    train.add_argument("--validation-split", type=_number(float, 0, 0.9), metavar="F",
                       help=f"share of the training images to validate on (default: {_defaults('validation_split')})")
    train.add_argument("--augment", action="store_true",
                       help="mirror and shift the training images at random, and cut a square out of each (cnn "
                            "and vgg; vgg then also has less dropout, weight decay and 40 epochs)")
    train.add_argument("--seed", type=_number(int, 0, 2**32 - 1), metavar="N", default=0,
                       help="repeats a run exactly (default: %(default)s)")
    train.add_argument("--backend", choices=["native", "numpy"], default="native",
                       help="compiled kernels, or their NumPy references (default: %(default)s)")
    train.add_argument("--save", type=_output_file, metavar="FILE",
                       help="write the trained model (.keras) or its weights alone (.npz) to this file")
    train.add_argument("--distribute", action="store_true",
                       help="train on all processes of mpirun: mpirun -n 4 tinynet train ... --distribute")
    train.set_defaults(run=_train)

    info = commands.add_parser("info", help="show versions, CPU features, threads and data found")
    info.set_defaults(run=_info)
    from .augment import command as augment_command
    from .augment import text_command

    augment = augment_command.add_parser(commands, _number)
    augment_text = text_command.add_parser(commands, _number)
    from .lab import command as lab_command

    lab = lab_command.add_parser(commands, _number)
    from .lessons import command as lessons_command

    lessons = lessons_command.add_parser(commands, _number)
    for command in (train, info, augment, augment_text, lab, lessons):
        command.add_argument("--debug", action="store_true", default=argparse.SUPPRESS,
                             help="show where an error came from")
    return parser


def _defaults(setting):
    """The models' values of a setting, for the help: "32; vgg: 128"."""
    values = {name: getattr(practical, setting) for name, practical in MODELS.items()}
    common = values["dnn"]
    return "; ".join([str(common), *(f"{name}: {value}" for name, value in values.items() if value != common)])


def _load_fashion_mnist():
    """The data and a sentence about where it is from."""
    from .core.errors import DatasetNotFoundError
    from .datasets import fashion_mnist, fashion_mnist_sample

    try:
        data = fashion_mnist.load_data()
    except DatasetNotFoundError as error:
        return fashion_mnist_sample.load_data(), (
            "Fashion-MNIST: the full data set is not on this machine, so this run uses the 6,000 + 1,000 real images "
            f"that come with tinynet. {error}"
        )
    return data, f"Fashion-MNIST: the full 60,000 + 10,000 images, from {fashion_mnist.DATASET.loaded_from}"


def _train(arguments):
    if not arguments.distribute:
        return _train_here(arguments)
    from .distribution import DataParallel

    strategy = DataParallel()
    with strategy.scope(), contextlib.redirect_stdout(None) if strategy.rank else contextlib.nullcontext():
        return _train_here(arguments)  # rank 0 prints


def _train_here(arguments):
    import tinynet as tn

    from .datasets.fashion_mnist import CLASS_NAMES

    practical = MODELS[arguments.model]
    if arguments.augment:
        practical = practical.when_augmented or practical
    batch_size, epochs = arguments.batch_size or practical.batch_size, arguments.epochs or practical.epochs
    split = practical.validation_split if arguments.validation_split is None else arguments.validation_split
    optimizer = practical.optimizer() if arguments.optimizer is None else tn.optimizers.get(arguments.optimizer)
    (x_train, y_train), (x_test, y_test), = _announce(_load_fashion_mnist())
    x_train, x_test = x_train / 255.0, x_test / 255.0
    steps = epochs * math.ceil(len(x_train) * (1 - split) / batch_size)
    rate = float(optimizer.learning_rate) if arguments.learning_rate is None else arguments.learning_rate
    optimizer.learning_rate = learning_rate(arguments.schedule or practical.schedule, rate, steps)
    with tn.backend(arguments.backend):
        tn.utils.set_random_seed(arguments.seed)
        model = practical.build()
        if arguments.augment:
            model = augmented(model, seed=arguments.seed)
        if len(model.input_shape) == 4:  # convolutions want an axis of channels, here one: grey
            x_train, x_test = x_train[..., None], x_test[..., None]
        model.compile(optimizer=optimizer, loss=tn.losses.SparseCategoricalCrossentropy(from_logits=True),
                      metrics=["accuracy"])
        model.summary()
        model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, validation_split=split)
        predicted = model.predict(x_test, batch_size=256, verbose=0).argmax(axis=-1)
    if arguments.save is not None:
        if arguments.save.suffix == ".keras":
            model.save(arguments.save)
        else:
            tn.utils.save_weights_npz(model, arguments.save)
        print(f"{'model' if arguments.save.suffix == '.keras' else 'weights'} saved to {arguments.save}")
    print_per_class_table(y_test, predicted, CLASS_NAMES)
    print(f"test accuracy: {(predicted == y_test).mean():.4f}")
    return 0


def _announce(loaded):
    data, sentence = loaded
    print(sentence, flush=True)
    return data


def print_per_class_table(labels: Array, predicted: Array, names: Sequence[str]) -> None:
    """Print for each class its test images, how many of them were recognised, and the most frequent mistake.

    Args:
        labels, predicted: Class numbers, shape (samples,).
        names: Of the classes.
    """
    import numpy as np

    print(f"\n{'class':<12} {'images':>6} {'recall':>7} {'precision':>9}  most often mistaken for")
    for index, name in enumerate(names):
        of_class, as_class = labels == index, predicted == index
        hits = int((of_class & as_class).sum())
        recall = hits / max(int(of_class.sum()), 1)
        precision = hits / max(int(as_class.sum()), 1)
        wrong = np.bincount(predicted[of_class & ~as_class], minlength=len(names))
        mistaken = f"{names[int(wrong.argmax())]} ({wrong.max()})" if wrong.any() else "-"
        print(f"{name:<12} {int(of_class.sum()):>6} {recall:>7.3f} {precision:>9.3f}  {mistaken}")
    print()


def _info(_):
    import tinynet as tn

    from .datasets import fashion_mnist

    tn.show_config()
    found = fashion_mnist.find()
    print(
        f"{'data':<11} Fashion-MNIST "
        f"{'from ' + str(found) if found else 'not found; the sample of 7,000 images is built in'}"
    )
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments; those of the process if None.

    Returns:
        The exit code; see the head of this file.
    """
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as stop:  # --help, or a wrong call that argparse has answered
        return stop.code if isinstance(stop.code, int) else 0
    try:
        code = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("\ntinynet: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of the output has ended; the interpreter must not try to flush into the closed pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if arguments.debug:
            raise
        print(f"tinynet: {' '.join(str(error).split())}", file=sys.stderr)
        return 2 if isinstance(error, ValueError) else 1
