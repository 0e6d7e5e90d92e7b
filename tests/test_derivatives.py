"""Derivatives of any order: gradients of gradients of every operation, against differences along a direction.

Each case is a function of float64 arrays. s = sum(v f(x)) is a number, with random v. Its gradients with respect to x
and v are multiplied with random numbers and added up to a number again, and so on. The k-th number's derivative along
a random direction, from a tape, is compared with the central difference of the k-th number. That v counts as a variable
too checks that a gradient is differentiated with respect to the upstream gradient.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest

import tinynet as tn
from tinynet import GradientTape, Tensor, Variable, losses, ops
from tinynet.tape import record

STEP = 1e-5  # the error of a central difference is STEP^2 / 6 times a third derivative, and 1e-16 / STEP by rounding


def gradient_number(f, order, arrays, weights):
    """(the number of that order, the Tensors it depends on): order 0 is sum(v f(x))."""
    tensors = [Tensor(a) for a in arrays]

    def number(k):
        if k == 0:
            *xs, v = tensors
            y = f(*xs)
            return ops.sum(y * v)
        with GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(tensors)
            s = number(k - 1)
        gradients = tape.gradient(s, tensors, unconnected_gradients="zero")
        total = 0.0
        for g, w in zip(gradients, weights[k], strict=True):
            total = total + ops.sum(g * w)
        return total

    return number, tensors


def check_derivatives(f, *arrays, orders=(2, 3), tolerance=2e-6):
    rng = np.random.default_rng(5)
    arrays = [np.asarray(a, np.float64) for a in arrays]
    y = f(*map(Tensor, arrays))
    assert y.dtype == "float64"
    check_mixed_types(f, arrays)
    arrays = [*arrays, rng.normal(size=y.shape)]
    weights = {k: [rng.normal(size=a.shape) for a in arrays] for k in range(1, max(orders) + 1)}
    direction = [rng.normal(size=a.shape) for a in arrays]
    for order in orders:
        number, tensors = gradient_number(f, order - 1, arrays, weights)
        with GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(tensors)
            s = number(order - 1)
        gradients = tape.gradient(s, tensors, unconnected_gradients="zero")
        actual = sum(float(np.sum(g.numpy() * d)) for g, d in zip(gradients, direction, strict=True))
        sides = []
        for sign in (1, -1):
            moved = [a + sign * STEP * d for a, d in zip(arrays, direction, strict=True)]
            sides.append(float(gradient_number(f, order - 1, moved, weights)[0](order - 1)))
        expected = (sides[0] - sides[1]) / (2 * STEP)
        scale = max(1.0, abs(expected), abs(sides[0]))
        assert abs(actual - expected) <= tolerance * scale, (order, actual, expected)
        assert np.isfinite(actual)


def check_mixed_types(f, arrays):
    """One argument of another element type: both backends refuse it, by the same error, or give the same type."""
    for which in range(len(arrays) if len(arrays) > 1 and tn.runtime._native is not None else 0):
        mixed = [Tensor(a.astype(np.float32) if i == which else a) for i, a in enumerate(arrays)]
        outcomes = []
        for name in ("native", "numpy"):
            with tn.backend(name):
                try:
                    outcomes.append(str(f(*mixed).dtype))
                except TypeError as error:
                    outcomes.append(f"TypeError: {error}")
        assert outcomes[0] == outcomes[1]


def normal(*shape, seed=0, low=None):
    """Random numbers; with `low`, from low to low + 1."""
    rng = np.random.default_rng([seed, *shape])
    return rng.normal(size=shape) if low is None else rng.uniform(low, low + 1, size=shape)


ELEMENTWISE = {
    "add": (2, -1), "subtract": (2, -1), "multiply": (2, -1), "divide": (2, 0.5), "divide_no_nan": (2, 0.5),
    "power": (2, 0.5), "maximum": (2, -1), "minimum": (2, -1), "fmax": (2, -1), "fmin": (2, -1), "hypot": (2, 0.5),
    "arctan2": (2, 0.5), "logaddexp": (2, -1), "logaddexp2": (2, -1), "mod": (2, 1.1), "fmod": (2, 1.1),
    "absolute": (1, -0.5), "negative": (1, -1), "square": (1, -1), "reciprocal": (1, 0.5), "sqrt": (1, 0.5),
    "rsqrt": (1, 0.5), "cbrt": (1, 0.5), "exp": (1, -1), "exp2": (1, -1), "expm1": (1, -1), "log": (1, 0.5),
    "log2": (1, 0.5), "log10": (1, 0.5), "log1p": (1, 0), "erf": (1, -0.5), "erfc": (1, -0.5), "erfinv": (1, -0.45),
    "sin": (1, -1), "cos": (1, -1), "tan": (1, -0.5), "arcsin": (1, -0.5), "arccos": (1, -0.5), "arctan": (1, -1),
    "sinh": (1, -1), "cosh": (1, -1), "tanh": (1, -1), "arcsinh": (1, -1), "arccosh": (1, 1.5), "arctanh": (1, -0.5),
    "sinc": (1, 0.1), "deg2rad": (1, -1), "rad2deg": (1, -1), "fabs": (1, -0.5), "positive": (1, -1), "copy": (1, -1),
    "i0": (1, 0.3), "nan_to_num": (1, -1), "relu": (1, -0.5), "relu6": (1, -0.5), "leaky_relu": (1, -0.5),
    "elu": (1, -0.5), "celu": (1, -0.5), "selu": (1, -0.5), "sigmoid": (1, -0.5), "hard_sigmoid": (1, -0.5),
    "log_sigmoid": (1, -0.5), "silu": (1, -0.5), "hard_silu": (1, -0.5), "hard_tanh": (1, -0.5),
    "tanh_shrink": (1, -0.5), "hard_shrink": (1, -0.45), "soft_shrink": (1, -0.45), "softplus": (1, -0.5),
    "softsign": (1, -0.5), "mish": (1, -0.5), "sparse_plus": (1, -0.5), "sparse_sigmoid": (1, -0.5),
    "squareplus": (1, -0.5), "gelu": (1, -0.5),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name):
    arguments, low = ELEMENTWISE[name]
    f = getattr(ops, name)
    if arguments == 2:
        check_derivatives(f, normal(2, 3, seed=1, low=low), normal(3, seed=2, low=low + 0.03))
    else:
        check_derivatives(f, normal(2, 3, low=low))


def test_elementwise_functions_with_parameters():
    x = normal(3, 4)
    check_derivatives(lambda x: ops.gelu(x, approximate=False), x)
    check_derivatives(lambda x: ops.relu(x, negative_slope=0.1, max_value=1.0, threshold=0.2), x)
    check_derivatives(lambda x: ops.threshold(x, 0.1, 0.3), x)
    check_derivatives(lambda x: ops.clip(x, -0.5, 0.5), x)
    check_derivatives(lambda x: ops.where(x > 0, ops.square(x), ops.exp(x)), x)
    check_derivatives(lambda x: 2.0**x + x**3 + x / 3 - (1 - x) / (2 + x * x), x)
    check_derivatives(lambda x, y: ops.cross(x, y), normal(2, 3), normal(2, 3, seed=1))


@pytest.mark.parametrize("name", ["elu", "selu", "celu", "sigmoid", "softplus", "silu", "gelu", "mish", "tanh"])
def test_nothing_overflows_in_second_derivatives(name):
    for dtype in ("float32", "float64"):
        x = Tensor(np.array([-2000.0, -100.0, 0.5, 100.0, 2000.0], dtype))
        with GradientTape() as outer:
            outer.watch(x)
            with GradientTape() as inner:
                inner.watch(x)
                y = getattr(ops, name)(x)
            dx = inner.gradient(y, x)
        assert np.isfinite(outer.gradient(dx, x).numpy()).all()


SHAPES = {
    "reshape": lambda x: ops.reshape(x, (4, 6)),
    "transpose": lambda x: ops.transpose(x, (1, 2, 0)),
    "T": lambda x: x.T,
    "moveaxis": lambda x: ops.moveaxis(x, 0, -1),
    "swapaxes": lambda x: ops.swapaxes(x, 0, 1),
    "expand_dims": lambda x: ops.expand_dims(x, 1),
    "squeeze": lambda x: ops.squeeze(ops.expand_dims(x, 1)),
    "broadcast_to": lambda x: ops.broadcast_to(x, (5, 2, 3, 4)),
    "get_item": lambda x: x[:, 1:, ::2],
    "get_item_indices": lambda x: x[[0, 1, 1], :, 2],
    "get_item_mask": lambda x: x[np.array([[True, False, True], [False, True, True]])],
    "take": lambda x: ops.take(x, [[0, 2], [2, -1]], 1),
    "take_along_axis": lambda x: ops.take_along_axis(x, np.array([[[0, 3]]]), 2),
    "concatenate": lambda x: ops.concatenate([x, x * x], 1),
    "stack": lambda x: ops.stack([x, x * x], 1),
    "split": lambda x: ops.multiply(*ops.split(x, 2, -1)),
    "pad": lambda x: ops.pad(x, [(1, 0), (0, 2), (1, 1)], constant_values=3.0),
    "pad_reflect": lambda x: ops.pad(x, [(1, 0), (0, 2), (1, 1)], mode="reflect"),
    "flip": lambda x: ops.flip(x, 1),
    "roll": lambda x: ops.roll(x, 1, 2),
    "repeat": lambda x: ops.repeat(x, 2, 1),
    "tile": lambda x: ops.tile(x, (1, 2, 1)),
    "tril": lambda x: ops.tril(x),
    "trace": lambda x: ops.trace(x, axis1=1, axis2=2),
    "diagonal": lambda x: ops.diagonal(x, axis1=1, axis2=2),
    "slice_update": lambda x: ops.slice_update(x * x, (0, 1, 1), x[:, :2, 1:3]),
    "cast": lambda x: ops.cast(x, "float64"),
    "sort": lambda x: ops.sort(x, -1),
    "sum": lambda x: ops.sum(x, 1),
    "sum_all": lambda x: ops.sum(x),
    "mean": lambda x: ops.mean(x, (0, 2), keepdims=True),
    "max": lambda x: ops.max(x, 1),
    "max_all": lambda x: ops.max(x),
    "min": lambda x: ops.min(x, 2, keepdims=True),
    "var": lambda x: ops.var(x, 1),
    "std": lambda x: ops.std(x, 2, keepdims=True),
    "logsumexp": lambda x: ops.logsumexp(x, 1),
    "norm": lambda x: ops.norm(x, axis=-1),
    "norm_all": lambda x: ops.norm(x),
    "norm_1": lambda x: ops.norm(x, 1, axis=1),
    "norm_3": lambda x: ops.norm(x, 3, axis=1),
    "norm_inf": lambda x: ops.norm(x, np.inf, axis=1),
    "cumsum": lambda x: ops.cumsum(x, 1),
    "cumprod": lambda x: ops.cumprod(x, 1),
    "prod": lambda x: ops.prod(x, (0, 2)),
    "prod_all": lambda x: ops.prod(x),
    "segment_sum": lambda x: ops.segment_sum(x, [1, 1]),
    "softmax": lambda x: ops.softmax(x),
    "softmax_axes": lambda x: ops.softmax(x, (0, 2)),
    "log_softmax": lambda x: ops.log_softmax(x, 1),
    "sparsemax": lambda x: ops.sparsemax(x, 1),
    "glu": lambda x: ops.glu(x, -1),
    "normalize": lambda x: ops.normalize(x),
    "layer_norm_plain": lambda x: ops.layer_normalization(x, axis=(0, 2)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_movements_reductions_and_rows(name):
    # squares first: of a linear operation alone every higher derivative with respect to x is 0
    check_derivatives(lambda x: SHAPES[name](x + 0.1 * x * x), normal(2, 3, 4))


PRODUCTS = {
    "matrices": (lambda a, b: a @ b, (2, 3), (3, 4)),
    "stacks": (lambda a, b: a @ b, (2, 2, 3), (2, 3, 4)),
    "one_matrix": (lambda a, b: a @ b, (2, 2, 3), (3, 4)),
    "broadcast": (lambda a, b: a @ b, (2, 1, 2, 3), (3, 3, 2)),
    "vectors": (lambda a, b: a @ b, (3,), (3,)),
    "vector_matrix": (lambda a, b: a @ b, (3,), (3, 2)),
    "matrix_vector": (lambda a, b: a @ b, (2, 3), (3,)),
    "with_itself": (lambda a, b: ops.matmul(a, a) @ b, (3, 3), (3, 2)),
    "einsum": (lambda a, b: ops.einsum("bij,bkj->bik", a, b), (2, 3, 4), (2, 2, 4)),
    "einsum_sum": (lambda a, b: ops.einsum("bij,bk->k", a, b), (2, 3, 4), (2, 2)),
    "einsum_dots": (lambda a, b: ops.einsum("...j,jk->...k", a, b), (2, 3, 4), (4, 2)),
    "tensordot": (lambda a, b: ops.tensordot(a, b), (2, 3, 4), (3, 4, 2)),
    "outer": (lambda a, b: ops.outer(a, b), (3,), (2,)),
    "solve": (lambda a, b: ops.solve(a @ a.T + 1.0, b), (2, 2), (2, 3)),
    "inv": (lambda a, b: ops.inv(a @ a.T + 1.0) @ b, (2, 2), (2, 3)),
    "det": (lambda a, b: ops.det(a) * b, (2, 3, 3), (2,)),
    "cholesky": (lambda a, b: ops.cholesky(a @ a.T + ops.eye(2, dtype="float64")) @ b, (2, 2), (2, 3)),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name):
    f, a, b = PRODUCTS[name]
    check_derivatives(f, normal(*a), normal(*b, seed=1))


@pytest.mark.parametrize("activation", ["linear", "relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("with_bias", [True, False])
def test_dense(activation, with_bias):
    bias = [normal(4, seed=2)] if with_bias else []
    check_derivatives(lambda x, kernel, bias=None: ops.dense(x, kernel, bias, activation), normal(2, 3),
                      normal(3, 4, seed=1), *bias)
    check_derivatives(lambda x, kernel: ops.dense(x, kernel, None, activation), normal(2, 2, 3), normal(3, 4, seed=1))


CONVOLUTIONS = {
    "valid": (functools.partial(ops.conv2d), (2, 5, 4, 3), (3, 2, 3, 4)),
    "relu": (functools.partial(ops.conv2d, padding="same", activation="relu"), (2, 5, 4, 3), (3, 3, 3, 4)),
    "strided": (functools.partial(ops.conv2d, strides=(2, 1), padding="same"), (2, 5, 4, 3), (3, 3, 3, 4)),
    "dilated": (functools.partial(ops.conv2d, dilation_rate=2), (1, 6, 5, 2), (2, 2, 2, 4)),
    "groups": (functools.partial(ops.conv2d, groups=2), (1, 4, 4, 4), (2, 2, 2, 4)),
    "channels_first": (functools.partial(ops.conv2d, data_format="channels_first"), (1, 3, 4, 4), (2, 2, 3, 4)),
    "transposed": (functools.partial(ops.conv2d_transpose, strides=2), (1, 3, 2, 3), (3, 3, 4, 3)),
    "transposed_same": (functools.partial(ops.conv2d_transpose, strides=2, padding="same", activation="relu"),
                        (1, 3, 2, 3), (3, 3, 4, 3)),
    "depthwise": (functools.partial(ops.depthwise_conv2d, padding="same"), (1, 4, 4, 2), (3, 3, 2, 2)),
    "depthwise_relu": (functools.partial(ops.depthwise_conv2d, strides=2, activation="relu"), (1, 5, 5, 2),
                       (3, 3, 2, 2)),
    "sequence": (functools.partial(ops.conv1d, padding="causal"), (2, 5, 3), (3, 3, 4)),
    "any_rank": (ops.conv, (1, 4, 3, 2), (2, 2, 2, 4)),
}


@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions(name, with_bias):
    f, x, kernel = CONVOLUTIONS[name]
    if name == "any_rank":
        check_derivatives(f, normal(*x), normal(*kernel, seed=1))
        return
    bias = [normal(4, seed=2)] if with_bias else []
    check_derivatives(lambda x, kernel, bias=None: f(x, kernel, bias), normal(*x), normal(*kernel, seed=1), *bias)


@pytest.mark.parametrize("pool", [ops.max_pool2d, ops.average_pool2d])
@pytest.mark.parametrize("arguments", [{}, {"pool_size": 3, "strides": 2, "padding": "same"},
                                       {"data_format": "channels_first"}])
def test_pooling(pool, arguments):
    check_derivatives(lambda x: pool(x + x * x, **arguments), normal(2, 5, 4, 3))


@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("relu", [False, True])
def test_batch_norm(axis, relu):
    x = normal(4, 3, 5)
    n = x.shape[axis]
    for parameters in ([normal(n, seed=1), normal(n, seed=2)], []):
        check_derivatives(lambda x, gamma=None, beta=None: ops.batch_norm(x, gamma, beta, axis=axis, relu=relu)[0], x,
                          *parameters)
        check_derivatives(
            lambda x, gamma=None, beta=None: ops.batch_norm_with(x * x, normal(n, seed=3), normal(n, seed=4, low=1),
                                                                 gamma, beta, axis=axis, relu=relu), x, *parameters)


def test_sample_normalizations():
    x, gamma, beta = normal(3, 4, 6), normal(6, seed=1), normal(6, seed=2)
    check_derivatives(lambda x, gamma, beta: ops.layer_normalization(x, gamma, beta), x, gamma, beta)
    check_derivatives(lambda x, gamma: ops.rms_normalization(x, gamma), x, gamma)
    check_derivatives(lambda x, gamma, beta: ops.group_normalization(x, 3, gamma, beta), x, gamma, beta)


def test_dropout_drops_the_same_elements():
    check_derivatives(lambda x: ops.dropout(x * x, 0.4, seed=3), normal(4, 5))
    check_derivatives(lambda x: ops.dropout(x * x, 0.4, noise_shape=(4, 1), seed=3), normal(4, 5))


LOSSES = ["mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error",
          "mean_squared_logarithmic_error", "huber", "log_cosh", "poisson", "cosine_similarity", "hinge",
          "squared_hinge", "categorical_hinge", "kl_divergence", "binary_crossentropy", "binary_focal_crossentropy",
          "categorical_crossentropy", "categorical_focal_crossentropy", "dice", "tversky"]


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    t = normal(3, 4, low=0.05) / 1.1
    check_derivatives(lambda p: getattr(losses, name)(t, p), normal(3, 4, seed=1, low=0.01) / 1.1 + 0.02)


@pytest.mark.parametrize("from_logits", [True, False])
def test_cross_entropies(from_logits):
    x, labels = normal(5, 3, low=0.1), np.array([0, 2, 1, 2, -1])
    one_hot = np.eye(3)[labels]
    check_derivatives(lambda x: ops.sparse_categorical_crossentropy(labels, x, from_logits, ignore_class=-1), x)
    check_derivatives(lambda x: ops.sparse_categorical_crossentropy(labels[:3], x, from_logits, axis=0), x)
    check_derivatives(lambda x: ops.categorical_crossentropy(one_hot, x, from_logits), x)
    check_derivatives(lambda x: ops.categorical_crossentropy(one_hot, x, from_logits, axis=0), x)
    check_derivatives(lambda x: ops.binary_crossentropy(one_hot, x / 1.2, from_logits), x)
    for reduction in ("sum_over_batch_size", "sum", "none"):
        loss = losses.SparseCategoricalCrossentropy(from_logits=from_logits, reduction=reduction)
        check_derivatives(lambda x, loss=loss: loss(labels[:4], x, sample_weight=[1.0, 2.0, 0.0, 1.0]), x[:4])
        check_derivatives(lambda x, loss=loss: loss(labels[:4], x), x[:4])


RECURRENT = {
    "simple_rnn": (ops.simple_rnn, 1, (2,), {}),
    "lstm": (ops.lstm, 4, (8,), {}),
    "gru": (ops.gru, 3, (2, 6), {}),
    "gru_reset_before": (ops.gru, 3, (6,), {"reset_after": False}),
}


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent(name, return_sequences):
    f, gates, bias, arguments = RECURRENT[name]
    x, kernel, recurrent = normal(2, 3, 3), normal(3, gates * 2, seed=1), normal(2, gates * 2, seed=2)
    mask = np.array([[True, True, False], [True, False, True]])
    masks = normal(gates, 2, 3, seed=5, low=0.5), normal(gates, 2, 2, seed=6, low=0.5)
    for more in ({}, {"mask": mask}, {"input_mask": masks[0], "recurrent_mask": masks[1]}):
        run = functools.partial(f, return_sequences=return_sequences, **arguments, **more)
        check_derivatives(lambda x, kernel, recurrent, bias, run=run: run(x, kernel, recurrent, bias)[0], x, kernel,
                          recurrent, normal(*bias, seed=3), orders=(2,))
    check_derivatives(lambda x, kernel, recurrent: run(x, kernel, recurrent)[0], x, kernel, recurrent, orders=(2, 3))
    with_states = functools.partial(f, return_sequences=return_sequences, return_state=True, **arguments)

    def all_outputs(x, kernel, recurrent):
        y, states = with_states(x, kernel, recurrent)
        return ops.sum(y) * ops.concatenate(states, -1)

    check_derivatives(all_outputs, x, kernel, recurrent, orders=(2,))


# --- networks -------------------------------------------------------------------------------------------------------


@pytest.fixture
def float64():
    before = tn.config.floatx()
    tn.config.set_floatx("float64")
    yield
    tn.config.set_floatx(before)


def gradients_of(model, loss):
    with GradientTape() as tape:
        value = loss()
    return tape.gradient(value, model.trainable_variables)


def check_hessian_product(model, loss, tolerance=1e-6):
    """The derivative of the gradient along a direction, from two tapes, against a difference of ordinary gradients."""
    rng = np.random.default_rng(3)
    weights = model.trainable_variables
    direction = [rng.normal(size=w.shape) for w in weights]
    with GradientTape() as outer:
        with GradientTape() as inner:
            value = loss()
        gradients = inner.gradient(value, weights)
        along = sum(ops.sum(g * d) for g, d in zip(gradients, direction, strict=True))
    actual = outer.gradient(along, weights, unconnected_gradients="zero")
    for g, ordinary in zip(gradients, gradients_of(model, loss), strict=True):  # recorded or not, the same gradients
        assert np.allclose(g.numpy(), ordinary.numpy(), rtol=1e-9, atol=1e-12)
    before = [w.numpy() for w in weights]
    sides = []
    for sign in (1, -1):
        for w, b, d in zip(weights, before, direction, strict=True):
            w.assign(b + sign * STEP * d)
        sides.append([g.numpy() for g in gradients_of(model, loss)])
    for w, b in zip(weights, before, strict=True):
        w.assign(b)
    for a, plus, minus in zip(actual, *sides, strict=True):
        expected = (plus - minus) / (2 * STEP)
        assert np.abs(a.numpy() - expected).max() <= tolerance * max(1.0, np.abs(expected).max())


def small_networks():
    layers = tn.layers
    yield "dense", [layers.Input((4,)), layers.Dense(5, activation="tanh", kernel_regularizer="l2"),
                    layers.Dense(4, activation="sigmoid", activity_regularizer="l2"), layers.Dense(3)]
    yield "convolutional", [layers.Input((8, 8, 1)), layers.Conv2D(8, 3, padding="same"), layers.BatchNormalization(),
                            layers.ReLU(), layers.MaxPooling2D(), layers.Dropout(0.3, seed=1), layers.Conv2D(8, 3),
                            layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(), layers.Flatten(),
                            layers.Dense(3)]
    yield "convolutional with pooling", [layers.Input((8, 8, 1)), layers.Conv2D(8, 3, activation="relu"),
                                         layers.MaxPooling2D(), layers.DepthwiseConv2D(2, activation="elu"),
                                         layers.GlobalAveragePooling2D(), layers.Dense(3)]
    yield "separable", [layers.Input((6, 6, 2)), layers.SeparableConv2D(4, 3, activation="silu"),
                        layers.Conv2DTranspose(3, 2, strides=2), layers.AveragePooling2D(2),
                        layers.GroupNormalization(3), layers.Activation("softplus"), layers.UpSampling2D(),
                        layers.ZeroPadding2D(), layers.GlobalMaxPooling2D(), layers.Dense(3)]
    yield "volumes", [layers.Input((4, 4, 4, 1)), layers.Conv3D(2, 2, activation="gelu"), layers.MaxPooling3D(2),
                      layers.Flatten(), layers.Dense(3)]
    yield "recurrent", [layers.Input((4, 3)), layers.LSTM(3, return_sequences=True), layers.LayerNormalization(),
                        layers.Bidirectional(layers.GRU(2, return_sequences=True)), layers.SimpleRNN(3),
                        layers.Dense(3)]
    yield "words", [layers.Input((5,), dtype="int32"), layers.Embedding(7, 4, mask_zero=True), layers.LSTM(3),
                    layers.Dense(3)]
    yield "sequences", [layers.Input((6, 2)), layers.Conv1D(4, 3, padding="causal", activation="selu"),
                        layers.MaxPooling1D(2), layers.TimeDistributed(layers.Dense(3, activation="mish")),
                        layers.GlobalAveragePooling1D(), layers.PReLU(), layers.Dense(3)]


@pytest.mark.parametrize("name", ["dense", "convolutional", "convolutional with pooling", "separable", "volumes",
                                  "recurrent", "words", "sequences"])
@pytest.mark.parametrize("training", [True, False])
def test_hessian_products_of_networks(name, training, float64):
    tn.random.set_seed(1)
    model = tn.Sequential(dict(small_networks())[name])
    shape = model.input_shape[1:]
    x = np.random.default_rng(0).integers(0, 7, (4, *shape)) if name == "words" else normal(4, *shape, seed=4)
    y = np.array([0, 1, 2, 1])
    crossentropy = losses.SparseCategoricalCrossentropy(from_logits=True)
    moving = [w.numpy() for w in model.non_trainable_variables]

    def loss():
        for w, before in zip(model.non_trainable_variables, moving, strict=True):
            w.assign(before)  # the same moving averages and the same dropout in each call
        for layer in model.layers:
            if isinstance(layer, tn.layers.Dropout):
                layer.seed_generator.state = [1, 0]
        return crossentropy(y, model(x, training=training)) + sum(model.losses)

    check_hessian_product(model, loss)


def test_attention_has_second_derivatives(float64):
    tn.random.set_seed(1)
    inputs = tn.Input((4, 6))
    y = tn.layers.MultiHeadAttention(2, 3)(inputs, inputs)
    y = tn.layers.LayerNormalization()(y + inputs)
    model = tn.Model(inputs, tn.layers.Dense(2)(y))
    x = normal(3, 4, 6)
    check_hessian_product(model, lambda: ops.mean(model(x, training=True) ** 3))


def test_third_order_through_a_network(float64):
    tn.random.set_seed(1)
    model = tn.Sequential([tn.layers.Input((5, 5, 1)), tn.layers.Conv2D(3, 3, activation="softplus"),
                           tn.layers.BatchNormalization(), tn.layers.AveragePooling2D(2), tn.layers.Flatten(),
                           tn.layers.Dense(3, activation="tanh"), tn.layers.Dense(2, activation="softmax")])
    check_derivatives(lambda x: ops.log(model(x, training=True)), normal(3, 5, 5, 1))


def test_a_wasserstein_critic_with_gradient_penalty_trains():
    """Gulrajani et al. 2017: the penalty (|dD/dx| - 1)^2 keeps the critic's slope near 1 while it learns a distance."""
    tn.random.set_seed(3)
    rng = np.random.default_rng(0)
    critic = tn.Sequential([tn.layers.Input((2,)), tn.layers.Dense(32, activation="leaky_relu"),
                            tn.layers.Dense(32, activation="leaky_relu"), tn.layers.Dense(1)])
    optimizer = tn.optimizers.Adam(3e-3, beta_1=0.5)
    for _ in range(300):
        real = rng.normal(size=(64, 2)).astype("float32") * 0.1 + [3.0, 0.0]
        fake = rng.normal(size=(64, 2)).astype("float32") * 0.1
        mixed = Tensor((fake + rng.random((64, 1)) * (real - fake)).astype("float32"))
        with GradientTape() as tape:
            distance = ops.mean(critic(real)) - ops.mean(critic(fake))
            with GradientTape() as inner:
                inner.watch(mixed)
                score = critic(mixed)
            slope = ops.norm(inner.gradient(score, mixed), axis=1)
            penalty = ops.mean(ops.square(slope - 1.0))
            loss = 10 * penalty - distance
        optimizer.apply_gradients(zip(tape.gradient(loss, critic.trainable_variables), critic.trainable_variables,
                                      strict=True))
    # The clouds are 3 apart. With slope s the loss is 10 (s - 1)^2 - 3 s, smallest at s = 1.15: a distance of 3.45.
    assert 3.25 < float(distance) < 3.65
    assert float(penalty) < 0.05


def squared_sum(x):
    """An operation without a recorded gradient."""
    data = x.data
    return record(np.asarray(np.sum(data * data)), (x,), lambda dy: (2 * data * dy,))


def test_gradients_are_not_recorded_for_nothing():
    """An outer tape that watches nothing of a network leaves the walk to the array level, with no error."""
    v, w = Variable([2.0, 3.0]), Variable(2.0)
    with GradientTape() as inner:
        y = squared_sum(v)
    with GradientTape(watch_accessed_variables=False) as outer:
        outer.watch(w)
        first = inner.gradient(y, v)
        z = ops.sum(first) * w
    assert outer.gradient(z, w).item() == 10.0
