"""Layers of several inputs: against NumPy, broadcasting, shapes, gradients, configurations, errors."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet import layers


def data(*shape):
    return np.random.default_rng(len(shape) + sum(shape)).standard_normal(shape).astype(np.float32)


NUMPY = {
    "Add": lambda a, b: a + b, "Subtract": lambda a, b: a - b, "Multiply": lambda a, b: a * b,
    "Average": lambda a, b: (a + b) / 2, "Maximum": np.maximum, "Minimum": np.minimum,
}
CASES = [
    *((name, {}, [(3, 4), (3, 4)]) for name in NUMPY),
    ("Add", {}, [(2, 5), (5,), (2, 1)]), ("Average", {}, [(4,), (4,), (4,)]), ("Multiply", {}, [(2, 3, 4), (3, 4)]),
    ("Concatenate", {}, [(3, 4), (3, 2)]), ("Concatenate", {"axis": 1}, [(3, 4), (2, 4), (1, 4)]),
    ("Dot", {"axes": 1}, [(4,), (4,)]), ("Dot", {"axes": (2, 1)}, [(3, 4), (4, 5)]),
    ("Dot", {"axes": -1, "normalize": True}, [(3, 4), (2, 4)]), ("Dot", {"axes": 1}, [(4, 2), (4, 3)]),
]
cases = pytest.mark.parametrize(("name", "arguments", "shapes"), CASES)


@given(name=st.sampled_from(sorted(NUMPY)), shape=st.lists(st.integers(1, 4), min_size=0, max_size=3),
       ones=st.lists(st.booleans(), min_size=3, max_size=3))
def test_like_numpy(name, shape, ones):
    a, b = data(2, *shape), data(2, *(1 if one else n for n, one in zip(shape, ones, strict=False)))
    np.testing.assert_allclose(getattr(layers, name)()([a, b]).numpy(), NUMPY[name](a, b), rtol=1e-6)
    np.testing.assert_allclose(getattr(layers, name.lower())([a, b]).numpy(), NUMPY[name](a, b), rtol=1e-6)


def test_concatenate_and_dot():
    a, b = data(2, 3, 4), data(2, 3, 2)
    np.testing.assert_array_equal(layers.concatenate([a, b]).numpy(), np.concatenate([a, b], -1))
    np.testing.assert_allclose(layers.dot([a, b], axes=1).numpy(), np.einsum("nij,nik->njk", a, b), rtol=1e-5)
    c = data(2, 5, 4)
    cosine = layers.Dot(axes=2, normalize=True)([a, c]).numpy()
    norms = np.linalg.norm(a, axis=2)[:, :, None] * np.linalg.norm(c, axis=2)[:, None]
    np.testing.assert_allclose(cosine, np.einsum("nij,nkj->nik", a, c) / norms, rtol=1e-5, atol=1e-6)


@cases
def test_shape_configuration_and_gradient(name, arguments, shapes):
    layer = getattr(layers, name)(**arguments)
    inputs = [tn.Input(shape) for shape in shapes]
    assert layer(inputs).shape == layer.compute_output_shape([(None, *shape) for shape in shapes])
    tensors = [tn.Variable(data(2, *shape)) for shape in shapes]
    with tn.GradientTape() as tape:
        y = layer(tensors)
    assert layer(inputs).shape == (None, *y.shape[1:])
    assert all(gradient.shape == tensor.shape for gradient, tensor
               in zip(tape.gradient(y, tensors), tensors, strict=True))
    twin = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert layers.serialize(twin) == layers.serialize(layer)
    np.testing.assert_array_equal(twin(tensors).numpy(), y.numpy())


@pytest.mark.parametrize(("make", "message"), [
    (lambda: layers.Add()(data(2, 3)), r"expected a list of 2 or more inputs, got one of shape \(None, 3\)"),
    (lambda: layers.Add()([data(2, 3)]), "expected a list of 2 or more inputs"),
    (lambda: layers.Add()([data(2, 3), data(2, 4)]), "do not fit together"),
    (lambda: layers.Subtract()([data(2, 3)] * 3), "expected two inputs, got 3"),
    (lambda: layers.Concatenate()([data(2, 3, 1), data(2, 4, 1)]), "all other lengths must be equal"),
    (lambda: layers.Concatenate(axis=3)([data(2, 3), data(2, 4)]), "axis 3"),
    (lambda: layers.Dot(axes=1)([data(2, 3), data(2, 4)]), "they are 3 and 4"),
    (lambda: layers.Dot(axes=0)([data(2, 3), data(2, 3)]), "other than the batch's"),
])
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
    with pytest.raises(TypeError, match="axes must be an int"):
        layers.Dot(axes="1")


@pytest.mark.parametrize("axes", [1, 2, (1, 2), (2, 1)])
def test_dot_of_vectors_of_length_1_is_their_cosine(axes):
    first, second = np.random.default_rng(0).standard_normal((2, 3, 4, 4)).astype("float32")
    one, two = (axes, axes) if isinstance(axes, int) else axes
    unit = [x / np.linalg.norm(x, axis=axis, keepdims=True) for x, axis in ((first, one), (second, two))]
    expected = np.einsum("nik,njk->nij", np.moveaxis(unit[0], one, 2), np.moveaxis(unit[1], two, 2))
    found = layers.Dot(axes, normalize=True)([first, second]).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
