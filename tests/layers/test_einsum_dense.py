"""EinsumDense: one matrix product where the equation is one, a sum of products elsewhere."""

import numpy as np
import pytest
from checks import assert_gradient

import tinynet as tn
from tinynet import layers, ops
from tinynet.ops.dense import product_axes

# equation, shape of x, output_shape, bias_axes
EQUATIONS = {
    "dense": ("ab,bc->ac", (3, 4), 5, "c"),
    "on steps": ("abc,cd->abd", (2, 3, 4), (None, 5), "d"),
    "heads": ("abc,cde->abde", (2, 3, 4), (None, 5, 6), "de"),
    "from heads": ("abcd,cde->abe", (2, 3, 4, 5), (None, 6), "e"),
    "several axes to several": ("abcd,cdef->abef", (2, 3, 4, 5), (None, 2, 3), "ef"),
    "any axes in front": ("...x,xy->...y", (2, 3, 1, 4), 5, "y"),
    "no bias": ("abc,cde->abde", (2, 3, 4), (None, 5, 6), None),
    "a bias for some": ("abc,cde->abde", (2, 3, 4), (None, 5, 6), "e"),
    "a bias for the steps": ("abc,cd->abd", (2, 3, 4), (3, 5), "bd"),
    "sizes of one": ("abc,cde->abde", (1, 1, 1), (None, 1, 1), "de"),
    "a transposed kernel": ("abc,dc->abd", (2, 3, 4), (None, 5), "d"),
    "along the steps": ("abc,bd->adc", (2, 3, 4), (5, None), "d"),
    "a kernel for each step": ("abc,bcd->abd", (2, 3, 4), (3, 5), "d"),
}
PRODUCTS = {"dense": 1, "on steps": 1, "heads": 1, "from heads": 2, "several axes to several": 2,
            "any axes in front": 1, "no bias": 1, "a bias for some": 1, "a bias for the steps": 1, "sizes of one": 1}
equations = pytest.mark.parametrize("name", EQUATIONS)


def made(name, activation=None):
    equation, shape, output_shape, bias_axes = EQUATIONS[name]
    layer = layers.EinsumDense(equation, output_shape, activation, bias_axes, bias_initializer="normal",
                               dtype="float64")
    x = np.random.default_rng(len(name)).standard_normal(shape)
    layer(x)
    return layer, x


def expected(layer, x):
    z = np.einsum(layer.equation, x, layer.kernel.numpy())
    return z if layer.bias is None else z + layer.bias.numpy()


@equations
def test_which_equations_are_one_product(name):
    x, _, rest = EQUATIONS[name][0].partition(",")
    kernel, _, out = rest.partition("->")
    assert product_axes(x, kernel, out) == PRODUCTS.get(name)


@pytest.mark.parametrize("equation", ["a,ab->b", "ab,ab->a", "ab,b->a", "aab,bc->ac", "ab,bb->ab", "ab,cd->abcd",
                                      "abc,cb->a", "abc,cd->bad", "abc,bd->acd"])
def test_other_equations_are_none(equation):
    x, _, rest = equation.partition(",")
    kernel, _, out = rest.partition("->")
    assert product_axes(x, kernel, out) is None


@pytest.mark.parametrize("activation", [None, "relu", "tanh", "gelu"])
@equations
def test_equation(name, activation):
    layer, x = made(name, activation)
    right = tn.activations.get(activation)(tn.convert_to_tensor(expected(layer, x)))
    np.testing.assert_allclose(layer(x), right, rtol=1e-12, atol=1e-13)
    assert layer(x).shape == layer.compute_output_shape(x.shape)


@pytest.mark.parametrize("backend", ["native", "numpy"])
@equations
def test_gradients(name, backend):
    layer, x = made(name, "tanh")

    def call(x, kernel, bias=None):
        layer.kernel, layer.bias = kernel, bias
        return layer.call(tn.convert_to_tensor(x))

    weights = [weight.numpy() for weight in layer.weights]
    with tn.backend(backend):
        assert_gradient(call, x, *weights)


@equations
def test_the_gradient_has_a_gradient(name):
    layer, x = made(name, "sigmoid")

    def size_of_gradient(x):
        with tn.GradientTape() as tape:
            tape.watch(x)
            y = ops.sum(ops.square(layer(x)))
        return ops.sum(ops.square(tape.gradient(y, x)))

    assert_gradient(size_of_gradient, x)


@equations
def test_the_operation_einsum_takes_the_same_equations(name):
    layer, x = made(name)
    kernel = layer.kernel.numpy()
    np.testing.assert_allclose(ops.einsum(layer.equation, x, kernel), np.einsum(layer.equation, x, kernel), rtol=1e-12,
                               atol=1e-13)
    assert_gradient(lambda a, b: ops.einsum(layer.equation, a, b), x, kernel)


def test_another_length_than_the_kernel_has_is_an_error():
    layer, x = made("heads")
    with pytest.raises(ValueError, match="EinsumDense|einsum|operand"):
        layer(np.concatenate([x, x], axis=-1))


@pytest.mark.parametrize("argument", ["lora_rank", "lora_alpha", "gptq_unpacked_column_size", "quantization_config"])
@pytest.mark.parametrize(("kind", "given"), [(layers.EinsumDense, ("ab,bc->ac", 3)), (layers.Dense, (3,)),
                                             (layers.Embedding, (5, 3))])
def test_arguments_of_large_pretrained_models_are_refused(kind, given, argument):
    is_known = kind is layers.EinsumDense or argument != "gptq_unpacked_column_size"
    error, words = (ValueError, "large pretrained models") if is_known else (TypeError, argument)
    with pytest.raises(error, match=words):
        kind(*given, **{argument: 2})
    if is_known:
        kind(*given, **{argument: None})
