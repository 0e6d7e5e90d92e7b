"""The examples in docstrings do what they say."""

import doctest
import importlib
import importlib.util
import os
import pkgutil
import sys

import numpy as np
import pytest
from test_docstrings import docstring, plain, public_methods, public_objects

import tinynet as tn
from tinynet import layers, models, ops
from tinynet.core import registry
from tinynet.utils import clear_session

# What an example may use without importing it, besides the names of its own module.
NAMES = {
    "np": np, "os": os, "tn": tn, "ops": ops, "GradientTape": tn.GradientTape, "Tensor": tn.Tensor,
    "Variable": tn.Variable,
    "Sequential": models.Sequential, **{name: getattr(layers, name) for name in layers.__all__},
}


def module_names():
    """All modules of the package, but for those that run something when they are imported, or need an extra."""
    found = (module.name for module in pkgutil.walk_packages(tn.__path__, "tinynet."))
    left_out = ["__main__"] + ["wrappers.estimators"] * (importlib.util.find_spec("sklearn") is None)
    found = (name for name in found if not name.endswith(tuple(left_out)))
    found = (name for name in found if name.rpartition(".")[2].isidentifier())  # not the lessons, 03_momentum.py
    if importlib.util.find_spec("matplotlib") is None:
        found = (name for name in found if not name.startswith(("tinynet.plots", "tinynet.textbook.plots")))
    return ["tinynet", *found]


def examples():
    """One test a docstring with examples."""
    finder, found = doctest.DocTestFinder(exclude_empty=True), {}
    for name in module_names():
        module = importlib.import_module(name)
        for test in finder.find(module, name, globs={**NAMES, **vars(module)}):
            if test.examples:
                found[test.name] = test
    # What a function has made, such as the operations of a formula, is in no module for the finder.
    docstrings = {test.docstring for test in found.values()}
    for title, item in {**public_objects(), **public_methods()}.items():
        if item.__doc__ not in docstrings and ">>>" in docstring(item):
            names = dict.fromkeys((title.rpartition(".")[2], item.__name__), item)
            globs = {**NAMES, **vars(sys.modules[plain(item).__module__]), **names}
            test, *_ = finder.find(item, f"tinynet.{title}", False, globs=globs)
            found[test.name] = test
    return found


EXAMPLES = examples()
# {beginning of a name: what its examples need}.
EXTRAS = {
    "tinynet.augment.gallery.": "matplotlib", "tinynet.augment.noise.jpeg": "PIL",
    "tinynet.callbacks.lab.": "uvicorn", "tinynet.callbacks.tensorboard.": "tensorboardX",
    "tinynet.compat.tf.io.decode_": "PIL", "tinynet.compat.tf.io.encode_": "PIL",
    "tinynet.compat.tf.summary.": "tensorboardX", "tinynet.lab.notebook.": "anywidget",
    "tinynet.lessons.notebooks.": "jupytext", "tinynet.lessons.run.": "nbclient",
    "tinynet.models.model.Model.export": "onnx", "tinynet.models.model.Model.lab": "uvicorn",
    "tinynet.textbook.animate_": "matplotlib", "tinynet.textbook.plot": "matplotlib",
    "tinynet.utils.directories.": "PIL", "tinynet.utils.images.": "PIL",
}
# {name: class whose constructor raises FileNotFoundError without the program or the files that its example needs}.
OUTSIDE = {
    "tinynet.augment.translation.ApertiumTranslator": tn.augment.ApertiumTranslator,
    "tinynet.augment.wordnet.WordNet": tn.augment.WordNet,
}

NATIVE = {"tinynet.models.model.Model.explain_steps"}  # what it shows are calls of compiled kernels


def skip_without(name):
    """Skip an example of an extra or program that is not installed, or of a data set that would have to be downloaded.
    """
    if name in NATIVE and tn.runtime._native is None:
        pytest.skip("needs the compiled kernels")
    for beginning, package in EXTRAS.items():
        if name.startswith(beginning):
            pytest.importorskip(package)
    if name in OUTSIDE:
        try:
            OUTSIDE[name]()
        except FileNotFoundError as error:
            pytest.skip(str(error))
    module = sys.modules[name.removesuffix(".load_data")] if name.endswith(".load_data") else None
    if hasattr(module, "DATASET") and module.DATASET.find() is None or (
            hasattr(module, "FILE") and not any(path.exists() for path in module.FILE.copies())):
        pytest.skip(f"{name}: the data set is not on this computer")


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_example(name, tmp_path, monkeypatch):
    skip_without(name)
    clear_session()  # automatic names start again
    # Examples may write files; processes that they start find this tinynet.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(os.path.abspath, sys.path)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    report = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    runner.run(EXAMPLES[name], out=report.append)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    assert not report, "".join(report)


def test_examples_are_found():
    assert len(EXAMPLES) > 1000
