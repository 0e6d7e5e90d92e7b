"""Every function under a name of TensorFlow has TensorFlow's arguments, in its order, with its defaults."""

import importlib
import inspect

import pytest
from compat.tf_signatures import SIGNATURES

from tinynet.compat.tf import names

MODULES = ("image", "io", "random", "strings", "debugging", "train", "summary", "config")
NAMESPACES = {"tf": names, "tf.math": names.math, "tf.nn": names.nn, "tf.linalg": names.linalg,
              "tf.dtypes": names.dtypes,
              **{f"tf.{name}": importlib.import_module(f"tinynet.compat.tf.{name}") for name in MODULES}}
# Classes without arguments for users, modules, and element types.
NOT_FUNCTIONS = {"tf": {"DType", "UnconnectedGradients", "dtypes", "linalg", "math", "nn", *names._TYPES},
                 "tf.dtypes": {"DType", *names._TYPES}, "tf.io": {"gfile"}, "tf.config": {"experimental"},
                 "tf.image": {"ResizeMethod"}, "tf.summary": {"SummaryWriter"},
                 "tf.train": {"CheckpointState", "RestoreStatus"}, "tf.random": {"one_seed"},
                 "tf.debugging": {"print_tensors"}}  # tf.print: below


def public_names(title):
    namespace = NAMESPACES[title]
    if title in ("tf", "tf.math", "tf.nn", "tf.linalg", "tf.dtypes"):
        found = dir(namespace)
    else:
        listed = getattr(namespace, "__all__", None)
        found = listed or [name for name, item in vars(namespace).items()
                           if name[0] != "_" and getattr(item, "__module__", None) == namespace.__name__]
    return sorted(set(found) - NOT_FUNCTIONS.get(title, set()))


def arguments_of(function):
    """The arguments as text, without `name`, which has no effect anywhere."""
    parts = []
    for parameter in inspect.signature(function).parameters.values():
        optional = parameter.default is not inspect.Parameter.empty
        if parameter.name == "name" and optional:
            continue
        star = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        parts.append(f"{star}{parameter.name}" + (f"={parameter.default!r}" if optional else ""))
    return ", ".join(parts)


CASES = [(title, name) for title in NAMESPACES for name in public_names(title)]


@pytest.mark.parametrize(("title", "name"), CASES)
def test_the_arguments_are_tensorflows(title, name):
    assert name in SIGNATURES[title], f"write the arguments that TensorFlow documents into tf_signatures.py: {name}"
    assert arguments_of(getattr(NAMESPACES[title], name)) == SIGNATURES[title][name]


def test_all_names_are_walked():
    assert len(CASES) > 300
    assert {"conv2d", "top_k"} <= set(public_names("tf.nn")) and "resize" in public_names("tf.image")


def test_other_functions_of_tensorflow():
    import tinynet as tf

    assert arguments_of(tf.function) == SIGNATURES["tf"]["function"]
    assert arguments_of(tf.print) == "*inputs, output_stream=None, summarize=3, sep=' ', end='\\n'"
    assert arguments_of(tf.test.is_gpu_available) == "cuda_only=False, min_cuda_compute_capability=None"
    assert arguments_of(tf.io.gfile.GFile) == "name, mode='r'"


def test_an_argument_that_tensorflow_does_not_have_is_an_error():
    with pytest.raises(TypeError, match=r"tf.math.square\(x, name=None\): got an unexpected keyword argument 'x1'"):
        names.square(x1=2.0)
    with pytest.raises(TypeError, match="missing a required argument: 'y'"):
        names.add(1)
    with pytest.raises(TypeError, match="unknown argument 'optimise'"):
        names.einsum("i->", [1.0], optimise=True)
