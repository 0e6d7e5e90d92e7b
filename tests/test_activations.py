"""The module of activations: look-up by name, serialization, and values and gradients as Keras's."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import activations, ops

ARGUMENTS = {"threshold": (0.5, -0.25)}
NAMES = sorted(set(activations.__all__) - {"get", "serialize", "deserialize"})


@pytest.mark.parametrize("name", NAMES)
def test_round_trip(name):
    function = activations.get(name)
    assert activations.get(function) is function
    assert activations.deserialize(activations.serialize(function)) is function
    assert function is getattr(activations, name)


@pytest.mark.parametrize("name", NAMES)
def test_every_activation_has_a_gradient(name):
    x = tn.Variable(np.float32([[-0.9, 0.8, 1.7, 0.3]]))
    with tn.GradientTape() as tape:
        y = activations.get(name)(x, *ARGUMENTS.get(name, ()))
    assert y.shape == ((1, 2) if name == "glu" else (1, 4))
    gradient = tape.gradient(y, x, output_gradients=np.arange(1, y.size + 1, dtype=np.float32).reshape(y.shape)) \
        if name != "linear" else y
    assert gradient.data.any()


def test_get():
    assert activations.get(None) is activations.linear
    assert activations.get(abs) is abs
    assert activations.get("swish") is activations.silu
    with pytest.raises(ValueError, match=r"unknown activation 'rleu'; did you mean 'relu'\? known: celu, elu"):
        activations.get("rleu")
    with pytest.raises(ValueError, match="a name, a function or None"):
        activations.get(3)


def test_serialize_refuses_what_it_could_not_find_again():
    with pytest.raises(ValueError, match="register_keras_serializable"):
        activations.serialize(lambda x: x)
    assert activations.deserialize("double", {"double": abs}) is abs


def test_linear_is_the_identity():
    x = tn.Tensor([1.0, 2.0])
    assert activations.linear(x) is x


# Keras computes in float32 as well, and its gradient may take another way round: both are some roundings from the
# truth.
KERAS_TOLERANCE = 64 * 2.0**-24


def keras_value_and_gradient(function, x):
    """A Keras function of one array, and the gradient of the sum of its results weighted 1, 2, 3, ..."""
    keras = pytest.importorskip("keras")
    backend = keras.backend.backend()
    if backend == "jax":
        import jax
        import jax.numpy as jnp

        y = function(jnp.asarray(x))
        weights = np.arange(1, y.size + 1, dtype=np.float32).reshape(y.shape)
        return np.asarray(y), np.asarray(jax.grad(lambda v: jnp.sum(function(v) * weights))(jnp.asarray(x))), weights
    if backend == "torch":
        import torch

        v = torch.tensor(x, requires_grad=True)
        y = function(v)
        weights = np.arange(1, y.numel() + 1, dtype=np.float32).reshape(tuple(y.shape))
        (y * torch.tensor(weights)).sum().backward()
        return y.detach().numpy(), v.grad.numpy(), weights
    import tensorflow as tf

    with tf.GradientTape() as tape:
        v = tf.constant(x)
        tape.watch(v)
        y = function(v)
        weights = np.arange(1, tf.size(y).numpy() + 1, dtype=np.float32).reshape(tuple(y.shape))
        total = tf.reduce_sum(y * weights)
    return y.numpy(), tape.gradient(total, v).numpy(), weights


def assert_like_keras(ours, theirs, x):
    value, gradient, weights = keras_value_and_gradient(theirs, x)
    variable = tn.Variable(x)
    with tn.GradientTape() as tape:
        y = ours(variable)
    np.testing.assert_allclose(y.data, value, rtol=KERAS_TOLERANCE, atol=KERAS_TOLERANCE * np.max(np.abs(x), initial=1))
    if y is variable:
        return
    dx = tape.gradient(y, variable, output_gradients=weights).data
    np.testing.assert_allclose(dx, gradient, rtol=KERAS_TOLERANCE, atol=KERAS_TOLERANCE * np.max(weights))


# Keras 3.15's sparsemax adds up all partial sums of the support instead of taking the last: its rows do not sum to 1.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "sparsemax"])
def test_as_keras(name):
    keras = pytest.importorskip("keras")
    x = (3 * np.random.default_rng(0).standard_normal((4, 6))).astype(np.float32)
    arguments = ARGUMENTS.get(name, ())
    assert_like_keras(lambda v: getattr(activations, name)(v, *arguments),
                      lambda v: getattr(keras.activations, name)(v, *arguments), x)


@pytest.mark.parametrize("name, options", [
    ("relu", {"negative_slope": 0.3}), ("relu", {"max_value": 2.0}), ("relu", {"threshold": 1.0}),
    ("relu", {"threshold": -1.0}),
    ("relu", {"max_value": 2.0, "threshold": -1.0}),
    ("relu", {"negative_slope": 0.3, "max_value": 2.0, "threshold": 1.0}),
    ("leaky_relu", {"negative_slope": 0.1}), ("elu", {"alpha": 0.5}), ("celu", {"alpha": 2.0}),
    ("gelu", {"approximate": True}),
    ("hard_shrink", {"threshold": 1.0}), ("soft_shrink", {"threshold": 1.0}), ("squareplus", {"b": 1}),
    ("softmax", {"axis": 0}),
    ("log_softmax", {"axis": 0}), ("glu", {"axis": 0}),
])
def test_with_arguments_as_keras(name, options):
    keras = pytest.importorskip("keras")
    x = (3 * np.random.default_rng(1).standard_normal((4, 6))).astype(np.float32)
    assert_like_keras(lambda v: getattr(activations, name)(v, **options),
                      lambda v: getattr(keras.activations, name)(v, **options), x)


def test_a_dict_that_is_no_activation():
    with pytest.raises(ValueError, match="a serialized activation is a name, or a dict with 'class_name'"):
        tn.activations.get({"config": {}})


def keras_that_agrees_with_itself():
    keras = pytest.importorskip("keras")
    if keras.backend.backend() == "tensorflow":
        pytest.skip(
            "Keras on TensorFlow neither divides sparse probabilities by their sum nor differentiates soft targets "
            "exactly"
        )
    return keras


@pytest.mark.parametrize("from_logits", [True, False])
def test_cross_entropies_as_keras(from_logits):
    keras = keras_that_agrees_with_itself()
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 4)).astype(np.float32)
    p = x if from_logits else np.float32(np.exp(x))  # need not sum to 1
    labels, targets = rng.integers(0, 4, 5), rng.random((5, 4)).astype(np.float32)
    q = x if from_logits else np.float32(rng.uniform(0.05, 0.95, x.shape))
    for name, target, output in (("sparse_categorical_crossentropy", labels, p),
                                 ("categorical_crossentropy", targets, p),
                                 ("binary_crossentropy", targets, q)):
        assert_like_keras(lambda v, n=name, t=target: getattr(ops, n)(t, v, from_logits),
                          lambda v, n=name, t=target: getattr(keras.ops, n)(t, v, from_logits), output)


def test_clipped_cross_entropies_as_keras():
    keras = keras_that_agrees_with_itself()
    p = np.float32([[0, 1, 0], [1, 0, 0], [0.5, 0.5, 1e-9]])
    one_hot = np.float32([[1, 0, 0], [1, 0, 0], [0, 0, 1]])
    assert_like_keras(lambda v: ops.categorical_crossentropy(one_hot, v),
                      lambda v: keras.ops.categorical_crossentropy(one_hot, v), p)
    assert_like_keras(lambda v: ops.sparse_categorical_crossentropy([0, 0, 2], v),
                      lambda v: keras.ops.sparse_categorical_crossentropy(np.array([0, 0, 2]), v), p)
    assert_like_keras(lambda v: ops.binary_crossentropy(1 - p, v), lambda v: keras.ops.binary_crossentropy(1 - p, v), p)
