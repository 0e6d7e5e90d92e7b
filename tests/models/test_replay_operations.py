"""An operation in a recorded step gives what it gives in an ordinary one, or ends the recording.

`call` of the user's own may call any operation with any tensors: also with one as an axis or a length, which Python
reads. Each operation is recorded with some numbers and run again with others.
"""

import functools
import warnings

import numpy as np
import pytest

import tinynet as tn
from tinynet.compat.tf import names as tensorflow
from tinynet.core.nest import flatten
from tinynet.models import readable_names
from tinynet.models.replay import Recording
from tinynet.tensor import Tensor

pytestmark = pytest.mark.skipif(tn.backend() != "native", reason="recordings are of the compiled kernels")

FLOAT = functools.partial(np.random.Generator.standard_normal, dtype=np.float32)


def whole(below, *shape):
    return lambda random: np.asarray(random.integers(0, below, shape))


def normal(*shape):
    return lambda random: np.asarray(FLOAT(random, shape))


INPUTS = {
    "matrix": [normal(4, 4)], "two": [normal(4, 4)] * 2, "three": [normal(4, 4)] * 3, "vectors": [normal(6)] * 2,
    "positive": [lambda random: np.abs(FLOAT(random, (4, 4))) + np.float32(0.1)],
    "image": [normal(2, 6, 6, 3)], "image and kernel": [normal(2, 6, 6, 3), normal(3, 3, 3, 4)],
    "numbers": [whole(4, 5)], "two of numbers": [whole(4, 4)] * 2, "a number": [whole(4)],
    "matrix and numbers": [normal(4, 4), whole(4, 4)], "matrix and a number": [normal(4, 4), whole(3)],
    "matrix and pairs": [normal(4, 4), whole(2, 4, 2)],
    "choice": [lambda random: FLOAT(random, (4, 4)) > 0, normal(4, 4), normal(4, 4)],
    "limits": [normal(4, 4), lambda random: -np.abs(np.asarray(FLOAT(random, ()))),
               lambda random: np.abs(np.asarray(FLOAT(random, ())))],
    "heads": [normal(2, 5, 2, 4)] * 3,
}
OPTIONS = [{}, {"axis": 0}, {"k": 2}, {"num_classes": 4}, {"repeats": 2}, {"shift": 1}, {"newshape": (2, -1)},
           {"shape": (4, 4)}, {"q": 0.5}, {"num": 3}, {"num_segments": 4}, {"size": 3}, {"pool_size": 2}]


def operations():
    found = {f"ops.{name}": getattr(tn.ops, name) for name in tn.ops.__all__}
    for name in tensorflow.__all__:
        one = getattr(tensorflow, name)
        of_namespace = readable_names.is_namespace(one)
        inside = {inner: getattr(one, inner, None) for inner in dir(one)} if of_namespace else {"": one}
        found |= {f"tf.{name}.{inner}".rstrip("."): function for inner, function in inside.items()}
    unique = {id(function): name for name, function in reversed(found.items())
              if readable_names.is_operation(function) and (function.__module__ or "").startswith("tinynet")}
    return {name: found[name] for name in unique.values()}


OPERATIONS = operations()


def arrays_of(kind, seed):
    random = np.random.default_rng(seed)
    return [np.array(make(random)) for make in INPUTS[kind]]


def step_of(function, options, arrays, differentiated):
    """y, or y and the gradients of the sum of its squares."""
    inputs = [Tensor.wrap(array) for array in arrays]
    if not differentiated:
        return function(*inputs, **options)
    with tn.GradientTape() as tape:
        tape.watch(inputs[0])
        y = function(*inputs, **options)
        loss = tn.ops.sum(y * y)
    return y, tape.gradient(loss, inputs[0])


def outcome(function):
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [np.asarray(part) for part in flatten(function())]
    except Exception as error:
        return type(error)


def check(name, kind, options, differentiated):
    """Whether the operation can be recorded on these inputs."""
    step = functools.partial(step_of, OPERATIONS[name], options)
    arrays = arrays_of(kind, 1)
    if isinstance(outcome(lambda: step(arrays, differentiated)), type):
        return False  # the operation does not take such inputs
    try:
        with np.errstate(all="ignore"):
            recording = Recording(lambda: step(arrays, differentiated), arrays, [])
    except AttributeError:  # its result is no Tensor
        return False
    if recording.problem:
        return False
    for seed in (2, 3):
        other = arrays_of(kind, seed)
        expected = outcome(lambda other=other: step(other, differentiated))
        actual = outcome(lambda other=other: recording.results if recording.run(other) else "the ordinary way")
        if not isinstance(actual, type) and actual and actual[0].dtype.kind == "U":
            continue
        assert isinstance(expected, type) == isinstance(actual, type), (name, kind, options, expected)
        if not isinstance(expected, type):
            for one, right in zip(actual, expected, strict=True):
                assert one.shape == right.shape and one.tobytes() == right.tobytes(), (name, kind, options)
    return True


@pytest.mark.parametrize("kind", INPUTS)
def test_operations_of_other_numbers(kind):
    recorded = {name for name in OPERATIONS for options in OPTIONS if check(name, kind, options, False)}
    assert recorded
    if INPUTS[kind][0](np.random.default_rng(0)).dtype == np.float32:
        differentiable = {name for name in OPERATIONS if check(name, kind, {}, True)}
        assert differentiable


def test_which_operations_are_tried():
    assert len(OPERATIONS) > 300 and {"ops.where", "tf.roll", "tf.math.top_k", "tf.reshape"} <= {*OPERATIONS}
