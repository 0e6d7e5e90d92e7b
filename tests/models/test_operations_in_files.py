"""A functional model with operations is the same model after its configuration: each operation, with each setting."""

import inspect
import json
import warnings

import numpy as np
import pytest

import tinynet as tn
from tinynet import ops
from tinynet.core.nest import flatten

SHAPES = {"vector": [(4,)], "vectors": [(4,), (4,)], "matrix": [(4, 4)], "image": [(6, 6, 3)],
          "images": [(6, 6, 3), (6, 6, 3)]}
# For arguments without a default; what has one is tried with another value too.
OPTIONS = [{}, {"axis": -1}, {"axis": 1}, {"k": 2}, {"num_classes": 4}, {"repeats": 2}, {"shift": 1},
           {"newshape": (-1, 2)}, {"q": 0.5}, {"size": 3}, {"pool_size": 2}, {"indices": [0, 1]}, {"dtype": "float64"},
           {"dtype": np.float16}, {"pad_width": 1}, {"shape": (3, 4)}, {"axes": (0, 1)}, {"x_min": -0.5, "x_max": 0.25}]


def other(default):
    """Another value than a default, or None."""
    if isinstance(default, bool):
        return not default
    return default + 1 if isinstance(default, int) else default + 0.25 if isinstance(default, float) else None


def results_of(model, arrays):
    return [np.asarray(part) for part in flatten(model(arrays if len(arrays) > 1 else arrays[0]))]


def check(function, shapes, options):
    """Whether the operation takes such inputs; it must then stand in a configuration, and come back from it."""
    random = np.random.default_rng(0)
    arrays = [random.standard_normal((3, *shape)).astype(np.float32) for shape in shapes]
    inputs = [tn.Input(shape) for shape in shapes]
    try:
        model = tn.Model(inputs, function(*inputs, **options))
        expected = results_of(model, arrays)
    except Exception:
        return False
    restored = tn.Model.from_config(json.loads(json.dumps(model.get_config())))
    for actual, right in zip(results_of(restored, arrays), expected, strict=True):
        assert actual.dtype == right.dtype and actual.shape == right.shape, (function.__name__, options)
        np.testing.assert_array_equal(actual, right, err_msg=f"{function.__name__} {options}")
    return bool(expected)


def settings_of(function):
    parameters = inspect.signature(function).parameters
    for options in OPTIONS:
        if set(options) <= set(parameters):
            yield options
    for name, parameter in parameters.items():
        if (value := other(parameter.default)) is not None:
            yield {name: value}


@pytest.mark.parametrize("kind", SHAPES)
def test_an_operation_keeps_its_settings(kind):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kept = {name for name in ops.__all__ for options in settings_of(getattr(ops, name))
                if check(getattr(ops, name), SHAPES[kind], options)}
    assert len(kept) > 100 - 60 * ("s" in kind), len(kept)


@pytest.mark.parametrize("function", [
    lambda x: ops.einsum("bij,bjk->bik", x, x), lambda x: ops.einsum("bij,bij,bij->b", x, x, x),
    lambda x: ops.meshgrid(x[0, 0], x[0, 1], indexing="ij"), lambda x: ops.cast(x, "float64"),
    lambda x: ops.cast(x, np.float16), lambda x: ops.cast(ops.cast(x, "int32"), "float32"),
    lambda x: ops.round(x, 1), lambda x: ops.round(x, decimals=2), lambda x: ops.isclose(x, x + 0.1, atol=1.0),
    lambda x: ops.nan_to_num(x / 0.0, posinf=7.0, neginf=-7.0), lambda x: ops.clip(x, -0.5, 0.25),
])
def test_operations_with_settings_of_one_call(function):
    with np.errstate(all="ignore"):
        assert check(function, [(4, 4)], {})
