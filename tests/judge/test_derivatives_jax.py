"""Second and third derivatives beside JAX's, in float64: functions, and a Hessian product of a network."""

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402

import tinynet as tn  # noqa: E402
from tinynet import GradientTape, Tensor, ops  # noqa: E402

jax.config.update("jax_enable_x64", True)

POINTS = np.array([-2.3, -0.7, -0.2, 0.3, 0.6, 1.9])
INSIDE = POINTS / 4  # from -1 to 1
ABOVE = POINTS + 3.5  # above 1
ELEMENTWISE = {
    "abs": (jnp.abs, POINTS), "square": (jnp.square, POINTS), "sqrt": (jnp.sqrt, ABOVE), "exp": (jnp.exp, POINTS),
    "expm1": (jnp.expm1, POINTS), "log": (jnp.log, ABOVE), "log1p": (jnp.log1p, ABOVE), "sin": (jnp.sin, POINTS),
    "cos": (jnp.cos, POINTS), "tan": (jnp.tan, INSIDE), "arcsin": (jnp.arcsin, INSIDE), "arctan": (jnp.arctan, POINTS),
    "arccosh": (jnp.arccosh, ABOVE), "arctanh": (jnp.arctanh, INSIDE), "sinh": (jnp.sinh, POINTS),
    "tanh": (jnp.tanh, POINTS), "erf": (jax.scipy.special.erf, POINTS), "sinc": (jnp.sinc, np.append(POINTS, 0.0)),
    "erfinv": (jax.scipy.special.erfinv, INSIDE), "i0": (jax.scipy.special.i0, POINTS),
    "relu": (jax.nn.relu, POINTS), "sigmoid": (jax.nn.sigmoid, POINTS), "softplus": (jax.nn.softplus, POINTS),
    "silu": (jax.nn.silu, POINTS), "elu": (jax.nn.elu, POINTS), "selu": (jax.nn.selu, POINTS),
    "celu": (jax.nn.celu, POINTS), "gelu": (jax.nn.gelu, POINTS), "mish": (jax.nn.mish, POINTS),
    "softsign": (jax.nn.soft_sign, POINTS), "log_sigmoid": (jax.nn.log_sigmoid, POINTS),
    "squareplus": (jax.nn.squareplus, POINTS), "softmax": (jax.nn.softmax, POINTS),
    "log_softmax": (jax.nn.log_softmax, POINTS), "logsumexp": (jax.nn.logsumexp, POINTS), "var": (jnp.var, POINTS),
    "std": (jnp.std, POINTS), "norm": (jnp.linalg.norm, POINTS), "prod": (jnp.prod, np.append(POINTS, 0.0)),
    "cumsum": (jnp.cumsum, POINTS), "cumprod": (jnp.cumprod, POINTS), "max": (jnp.max, POINTS),
}


def derivative(f, order, x, weights):
    """The gradient of order `order`: each is multiplied with the weights and added up before the next."""
    x = Tensor(x)

    def number(k):
        if k == 0:
            y = f(x)
            return ops.sum(y * weights[: y.size].reshape(y.shape))
        with GradientTape() as tape:
            tape.watch(x)
            s = number(k - 1)
        return ops.sum(tape.gradient(s, x, unconnected_gradients="zero") * weights)

    with GradientTape() as tape:
        tape.watch(x)
        s = number(order - 1)
    return tape.gradient(s, x, unconnected_gradients="zero").numpy()


def derivative_in_jax(f, order, x, weights):
    def first(x):
        y = f(x)
        return jnp.sum(y * weights[: y.size].reshape(y.shape))

    for _ in range(order - 1):
        first = (lambda inner: lambda x: jnp.sum(jax.grad(inner)(x) * weights))(first)
    return np.asarray(jax.grad(first)(jnp.asarray(x)))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_functions(name):
    theirs, x = ELEMENTWISE[name]
    order = 2 if name == "sinc" else 3  # the third derivative of sinc at 0 needs a longer series than the formula has
    weights = np.linspace(0.5, 1.5, len(x))
    expected = derivative_in_jax(theirs, order, x, weights)
    actual = derivative(getattr(ops, name), order, x, weights)
    assert np.abs(actual - expected).max() <= 1e-9 * max(1.0, np.abs(expected).max())


def test_a_hessian_product_of_a_convolutional_network():
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(4, 6, 6, 2)), np.array([0, 2, 1, 1])
    weights = [rng.normal(size=shape) * 0.4 for shape in ((3, 3, 2, 4), (4,), (4,), (4,), (36, 3), (3,))]
    direction = [rng.normal(size=w.shape) for w in weights]

    def loss_in_jax(weights):
        kernel, bias, gamma, beta, dense, dense_bias = weights
        z = jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")) + bias
        mean, variance = jnp.mean(z, (0, 1, 2)), jnp.var(z, (0, 1, 2))
        z = jax.nn.gelu(gamma * (z - mean) / jnp.sqrt(variance + 1e-3) + beta)
        z = jax.lax.reduce_window(z, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        logits = z.reshape(4, -1) @ dense + dense_bias
        return -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(4), labels])

    def loss(weights):
        kernel, bias, gamma, beta, dense, dense_bias = weights
        z = ops.batch_norm(ops.conv2d(x, kernel, bias, padding="same"), gamma, beta, 1e-3)[0]
        z = ops.max_pool2d(ops.gelu(z))
        logits = ops.dense(z.reshape(4, -1), dense, dense_bias)
        return tn.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)

    _, expected = jax.jvp(jax.grad(loss_in_jax), (weights,), (direction,))
    tensors = [Tensor(w) for w in weights]
    with GradientTape() as outer:
        outer.watch(tensors)
        with GradientTape() as inner:
            inner.watch(tensors)
            value = loss(tensors)
        gradients = inner.gradient(value, tensors)
    backward = outer.gradient(gradients, tensors, output_gradients=[Tensor(d) for d in direction])
    with tn.autodiff.ForwardAccumulator(tensors, direction) as accumulator:
        with GradientTape() as inner:
            inner.watch(tensors)
            value = loss(tensors)
        gradients = inner.gradient(value, tensors)
    for a, b, e in zip(backward, accumulator.jvp(gradients), expected, strict=True):
        assert np.allclose(a.numpy(), e, rtol=1e-8, atol=1e-10)
        assert np.allclose(b.numpy(), e, rtol=1e-8, atol=1e-10)
