"""`from tinynet.keras import backend as K`, against NumPy."""

import numpy as np
import pytest

import tinynet as tn
from tinynet.core.errors import NotInTinynetError
from tinynet.keras import backend as K  # noqa: N812

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_every_name_is_there():
    for name in K.__all__:
        assert callable(getattr(K, name)), name


def test_reductions_and_elements():
    assert K.mean(K.equal([1, 2], [1, 3])).item() == 0.5 and K.sum(X, axis=[0, 1]).item() == 15
    assert K.std(X).item() == pytest.approx(X.std()) and K.max(X, axis=-1).tolist() == [2, 5]
    assert K.clip(X, 1, 2).data.max() == 2 and K.pow(X, 2).tolist() == (X**2).tolist()
    assert K.argmax(X).tolist() == [2, 2] and K.int_shape(tn.Tensor(X)) == (2, 3) and K.ndim(X) == 2
    assert K.flatten(X).shape == (6,) and K.batch_flatten(X[None]).shape == (1, 6)
    assert K.dtype(X) == "float32" and K.cast_to_floatx([1]).dtype == np.float32 and K.eval(tn.Tensor(X)) is not None
    assert K.permute_dimensions(X, (1, 0)).shape == (3, 2) and K.repeat_elements(X, 2, 0).shape == (4, 3)
    assert K.concatenate([X, X]).shape == (2, 6) and K.gather(X, [1]).shape == (1, 3)
    assert K.l2_normalize(X, axis=1).data[1].tolist() == pytest.approx((X[1] / np.linalg.norm(X[1])).tolist())
    assert K.switch(np.array([True, False]), [1.0, 1.0], lambda: [0.0, 0.0]).tolist() == [1, 0]


@pytest.mark.parametrize("x, y, axes, expected", [
    ((3, 4), (3, 4), 1, (3, 1)), ((3, 2, 4), (3, 4, 5), None, (3, 2, 5)), ((3, 2, 4), (3, 5, 4), (2, 2), (3, 2, 5)),
])
def test_batch_dot(x, y, axes, expected):
    assert K.batch_dot(np.ones(x, "f4"), np.ones(y, "f4"), axes).shape == expected


def test_variables_and_phases():
    counter = K.variable(1.0)
    K.update_add(counter, 2)
    K.set_value(counter, K.get_value(counter) + 1)
    assert float(counter) == 4
    optimizer = tn.optimizers.Adam(0.1)
    K.set_value(optimizer.lr, 0.01)
    assert float(K.get_value(optimizer.learning_rate)) == pytest.approx(0.01)
    phases = []

    class Ask(tn.layers.Layer):
        def call(self, x, training=None):
            phases.append(K.learning_phase())
            return K.in_train_phase(x, x * 0, training)

    layer = Ask()
    assert layer(X, training=True).data.any() and not layer(X, training=False).data.any() and phases == [1, 0]


def test_what_is_not_there():
    with pytest.raises(NotInTinynetError, match="GradientTape"):
        K.gradients  # noqa: B018
    with pytest.raises(AttributeError, match="did you mean 'mean'"):
        K.meann  # noqa: B018
