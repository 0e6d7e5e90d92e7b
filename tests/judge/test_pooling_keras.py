"""Pooling and resizing layers against Keras on JAX: outputs, input gradients, configs, output shapes.

Maxima, copies and zeros must be equal. Means, interpolations and gradients are sums of up to 16 numbers of size 4 in
another order: 16 * 4 * 2^-24 = 4e-6 on either side, hence 1e-5.
"""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
jax = pytest.importorskip("jax")
if keras.backend.backend() != "jax":
    pytest.skip("the judge needs KERAS_BACKEND=jax", allow_module_level=True)

import tinynet as tn  # noqa: E402

CASES = [(f"{kind}Pooling{d}D", {"pool_size": pool, "strides": strides, "padding": padding, "data_format": data_format})
         for kind in ("Max", "Average") for d in (1, 2) for pool in (2, 3) for strides in (None, 1, 2, 4)
         for padding in ("valid", "same") for data_format in ("channels_last", "channels_first")]
CASES += [
    (f"{kind}Pooling2D", {"pool_size": (2, 3), "strides": (3, 1), "padding": "same"}) for kind in ("Max", "Average")
]
CASES += [(f"Global{kind}Pooling{d}D", {"data_format": data_format, "keepdims": keepdims})
          for kind in ("Max", "Average") for d in (1, 2)
          for data_format in ("channels_last", "channels_first") for keepdims in (False, True)]
CASES += [("ZeroPadding1D", {}), ("ZeroPadding1D", {"padding": (2, 1)}), ("ZeroPadding2D", {}),
          ("ZeroPadding2D", {"padding": (1, 2)}),
          ("ZeroPadding2D", {"padding": ((1, 2), (0, 3)), "data_format": "channels_first"}), ("Cropping1D", {}),
          ("Cropping1D", {"cropping": 2}), ("Cropping2D", {}),
          ("Cropping2D", {"cropping": ((1, 2), (0, 3)), "data_format": "channels_first"}),
          ("UpSampling1D", {}), ("UpSampling1D", {"size": 3}), ("UpSampling2D", {}),
          ("UpSampling2D", {"size": (2, 3), "interpolation": "bilinear"}),
          ("UpSampling2D", {"size": 3, "interpolation": "bilinear", "data_format": "channels_first"})]


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_layer(name, arguments):
    shape = (2, 9, 5) if "1D" in name else (2, 8, 9, 6)
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    theirs, ours = getattr(keras.layers, name)(**arguments), getattr(tn.layers, name)(**arguments)
    y, pull = jax.vjp(theirs, x)
    dy = np.random.default_rng(1).standard_normal(y.shape).astype(np.float32)
    variable = tn.Variable(x)
    with tn.GradientTape() as tape:
        output = ours(variable)
    exact = not ("Average" in name or arguments.get("interpolation") == "bilinear")
    tolerance = {"rtol": 0, "atol": 0} if exact else {"rtol": 1e-5, "atol": 1e-5}
    np.testing.assert_allclose(output.numpy(), np.asarray(y), **tolerance)
    np.testing.assert_allclose(
        tape.gradient(output, variable, output_gradients=dy).numpy(), np.asarray(pull(dy)[0]), rtol=1e-5, atol=1e-5
    )
    assert ours.compute_output_shape((None, *shape[1:])) == tuple(theirs.compute_output_shape((None, *shape[1:])))
    own, their = ours.get_config(), theirs.get_config()
    assert (
        {key: own[key] for key in own if key not in ("name", "dtype")}
        == {key: their[key] for key in their if key not in ("name", "dtype")}
    )
