"""Names that came later, against Keras: adaptive pooling, Conv3DTranspose, CTC, Circle, keras.tree, InputSpec."""

import itertools
import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
jax = pytest.importorskip("jax")

import tinynet as tn  # noqa: E402
from tinynet import keras as ours  # noqa: E402

rng = np.random.default_rng(0)


def numbers(*shape):
    return rng.normal(size=shape).astype("float32")


def close(actual, expected, tolerance=1e-5):
    np.testing.assert_allclose(np.asarray(actual), np.asarray(expected), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", ["Average", "Max"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_adaptive_pooling(kind, rank, data_format):
    lengths = (7, 5, 6)[:rank]
    x = numbers(2, *lengths, 3) if data_format == "channels_last" else numbers(2, 3, *lengths)
    for size in (1, 2, 3, 5, (3, 2, 4)[:rank]):
        name = f"Adaptive{kind}Pooling{rank}D"
        mine, theirs = (getattr(k.layers, name)(size, data_format=data_format) for k in (tn, keras))
        close(mine(x), theirs(x))
        with tn.GradientTape() as tape:
            v = tn.Variable(x)
            y = tn.ops.sum(mine(v) ** 2)
        close(tape.gradient(y, v), jax.grad(lambda x, theirs=theirs: (theirs(x) ** 2).sum())(x), 1e-4)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_conv3d_transpose(padding, data_format):
    x = numbers(2, 3, 2, 4, 2) if data_format == "channels_last" else numbers(2, 2, 3, 2, 4)
    cases = [*itertools.product((1, 3, (3, 2, 4)), (1, (1, 3, 2)), (1,), (None, 0)), (2, 1, 2, None), (3, 2, 1, None)]
    for kernel, stride, dilation, extra in cases:
        arguments = {"padding": padding, "data_format": data_format, "strides": stride, "dilation_rate": dilation,
                     "output_padding": extra}
        mine, theirs = (k.layers.Conv3DTranspose(3, kernel, **arguments) for k in (tn, keras))
        theirs.build(x.shape)
        mine.build((None, *x.shape[1:]))
        mine.built = True
        weights = [numbers(*w.shape) for w in theirs.weights]
        mine.set_weights(weights), theirs.set_weights(weights)
        expected = theirs(x)
        close(mine(x), expected, 1e-4)
        assert mine.compute_output_shape(x.shape)[1:] == tuple(expected.shape[1:])
        with tn.GradientTape() as tape:
            v = tn.Variable(x)
            y = tn.ops.sum(mine(v) ** 2)
        close(tape.gradient(y, v), jax.grad(lambda x, theirs=theirs: (theirs(x) ** 2).sum())(x), 1e-3)


@pytest.mark.parametrize("labels", [[[1, 2, 0], [2, 2, 1]], [[1, 1, 1], [3, 0, 0]], [[0, 0], [1, 2]], [[2], [1]]])
def test_ctc(labels):
    labels = np.array(labels)
    x = numbers(2, 6, 4) * 3
    close(tn.losses.ctc(labels, x), keras.losses.ctc(labels, x))
    for reduction in ("sum", "sum_over_batch_size", "none"):
        close(tn.losses.CTC(reduction)(labels, x), keras.losses.CTC(reduction)(labels, x))
    with tn.GradientTape() as tape:
        v = tn.Variable(x)
        y = tn.losses.CTC()(labels, v)
    close(tape.gradient(y, v), jax.grad(lambda x: keras.losses.CTC()(labels, x))(x), 1e-4)


@pytest.mark.parametrize("arguments", [{}, {"gamma": 5.0}, {"margin": 0.1, "remove_diagonal": False, "gamma": 2.0}])
def test_circle(arguments):
    labels = np.array([0, 1, 0, 2, 1, 0, 1])
    x = numbers(7, 5)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    for y in (labels, labels[:, None]):
        close(tn.losses.Circle(**arguments)(y, x), keras.losses.Circle(**arguments)(y, x), 1e-4)
        close(tn.losses.circle(y, x, **arguments), keras.losses.circle(y, x, **arguments), 1e-4)
    others, classes = x[::-1].copy(), np.array([1, 1, 0, 0, 2, 2, 1])
    close(tn.losses.circle(labels, x, classes, others), keras.losses.circle(labels, x, classes, others), 1e-4)
    pairs = labels != 2  # class 2 has no pair: JAX's gradient of its row is NaN
    with tn.GradientTape() as tape:
        v = tn.Variable(x[pairs])
        y = tn.losses.Circle(**arguments)(labels[pairs], v)
    close(tape.gradient(y, v), jax.grad(lambda x: keras.losses.Circle(**arguments)(labels[pairs], x))(x[pairs]), 1e-3)


STRUCTURES = [1, None, [1, 2], (1, [2, (3,)]), {"b": 1, "a": [2, {"d": 3, "c": None}]}, [], {}, [[], {}], [None, 1]]


def outcome(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("one", STRUCTURES)
def test_tree(one):
    a, b = ours.tree, keras.tree
    assert a.flatten(one) == b.flatten(one)
    assert a.flatten_with_path(one) == b.flatten_with_path(one)
    assert a.is_nested(one) == b.is_nested(one)
    assert a.lists_to_tuples(one) == b.lists_to_tuples(one)
    for leaf in (True, False):
        assert (outcome(a.map_structure, lambda part: (part,), one, none_is_leaf=leaf)
                == outcome(b.map_structure, lambda part: (part,), one, none_is_leaf=leaf))
    leaves = list(range(len(a.flatten(one))))
    assert a.pack_sequence_as(one, leaves) == b.pack_sequence_as(one, leaves)
    for down in (True, False):
        seen, results = ([], []), []
        for k, parts in zip((a, b), seen, strict=True):
            def replaced(part, k=k, parts=parts):
                parts.append(part)
                return k.MAP_TO_NONE if part == 2 else None

            results.append(k.traverse(replaced, one, down))
        assert results[0] == results[1] and seen[0] == seen[1]
    for other in STRUCTURES:
        same = outcome(a.assert_same_structure, one, other) is None
        assert same == (outcome(b.assert_same_structure, one, other) is None), other
        same = outcome(a.assert_same_paths, one, other) is None
        assert same == (outcome(b.assert_same_paths, one, other) is None), other


def test_tree_of_shapes():
    for shapes in ((2, 3), [(None, 3), (4,)], {"a": (1,), "b": [2, None]}):
        assert (ours.tree.map_shape_structure(lambda s: tuple(s) + (9,), shapes)
                == keras.tree.map_shape_structure(lambda s: tuple(s) + (9,), shapes))
    for shallow, deep in (((0, 0), ([1, 2], [3])), ({"a": 0}, {"a": [1]}), (0, [1]), ((0,), (1, 2)), ([0], 3)):
        assert (outcome(ours.tree.map_structure_up_to, shallow, lambda part: part, deep)
                == outcome(keras.tree.map_structure_up_to, shallow, lambda part: part, deep))


SPECS = [{"ndim": 2}, {"shape": (None, 3)}, {"min_ndim": 2}, {"max_ndim": 2}, {"axes": {-1: 3}}, {"dtype": "float32"},
         {"shape": (None, 3, 1), "allow_last_axis_squeeze": True}, {"ndim": 3, "axes": {1: None, 2: 4}}]


@pytest.mark.parametrize("arguments", SPECS)
def test_input_spec(arguments):
    specs = [k.InputSpec(**arguments) for k in (ours, keras)]
    assert repr(specs[0]) == repr(specs[1]) and specs[0].get_config() == specs[1].get_config()

    def layer(k, spec):
        class Own(k.layers.Layer):
            def __init__(self):
                super().__init__()
                self.input_spec = spec

            def call(self, x):
                return x

        return Own()

    for shape in ((3,), (2, 3), (2, 4), (2, 3, 1), (2, 3, 4), (1, 2, 3, 4)):
        x = np.zeros(shape, "float32")
        results = [outcome(layer(k, spec), x) for k, spec in zip((ours, keras), specs, strict=True)]
        assert (results[0] is ValueError) == (results[1] is ValueError), shape
        results = [outcome(layer(k, spec), k.Input(shape[1:])) for k, spec in zip((ours, keras), specs, strict=True)]
        assert (results[0] is ValueError) == (results[1] is ValueError), shape
    assert outcome(ours.InputSpec, ndim=2, axes={2: 1}) is outcome(keras.InputSpec, ndim=2, axes={2: 1}) is ValueError
    assert outcome(ours.InputSpec, axes={"a": 1}) is outcome(keras.InputSpec, axes={"a": 1}) is TypeError


def test_signatures():
    import inspect

    names = [f"Adaptive{kind}Pooling{rank}D" for kind in ("Average", "Max") for rank in (1, 2, 3)]
    for k, name in [("layers", "Conv3DTranspose"), ("layers", "InputSpec"), ("losses", "CTC"), ("losses", "Circle"),
                    *(("layers", name) for name in names)]:
        mine, theirs = (inspect.signature(getattr(getattr(module, k), name)) for module in (tn, keras))
        assert set(theirs.parameters) - set(mine.parameters) - {"kernel_regularizer", "bias_regularizer",
            "activity_regularizer", "kernel_constraint", "bias_constraint"} == set(), name  # those are in **kwargs
    for name in keras.tree.__dict__:
        if name[:1] != "_":
            assert hasattr(ours.tree, name), name
    for name in keras.mixed_precision.__dict__:
        if name[:1] != "_":
            assert hasattr(ours.mixed_precision, name), name
