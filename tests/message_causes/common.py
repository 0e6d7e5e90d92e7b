"""What the causes of messages share: where they are collected, data, small models."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers

ROOT = Path(__file__).parents[2]
CAUSES = {}

RNG = np.random.default_rng(1)
IMAGES = RNG.random((32, 28, 28)).astype("float32")
ROWS = RNG.random((32, 4)).astype("float32")
CLASSES = np.arange(32) % 10
SPARSE, BINARY = "sparse_categorical_crossentropy", "binary_crossentropy"


class Reported(Exception):
    """What is not raised in this process: its text is the whole message, with the kind of the error."""


def under(heading):
    """Add the function to the causes under a heading."""
    def add(function):
        CAUSES.setdefault(heading, []).append(function)
        return function
    return add


def dense(units=10, activation=None):
    return tn.Sequential([tn.Input((4,)), layers.Dense(units, activation, name="dense")], name="classifier")


def fitted(model, x=ROWS, y=CLASSES, loss=SPARSE, optimizer="sgd", metrics=None, **options):
    model.compile(optimizer, loss, metrics=metrics)
    model.fit(x, y, verbose=0, **options)


def flat():
    return tn.Sequential([layers.Flatten(), layers.Dense(10, "softmax")], name="classifier")


def in_new_python(code, **environment):
    """Raise the last line that a new Python reports, which imports the tinynet that is tested."""
    result = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True,
                            env={**os.environ, "PYTHONPATH": str(Path(tn.__file__).parents[1]), **environment})
    raise Reported(result.stderr.strip().splitlines()[-1])


@contextlib.contextmanager
def not_installed(package):
    """Within the block the package cannot be imported. What else is imported in it stays, unlike by mock.patch.dict."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, package, None)
        yield
