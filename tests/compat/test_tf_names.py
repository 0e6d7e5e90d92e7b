"""TensorFlow's spellings do what TensorFlow does."""

import numpy as np
import pytest

from tinynet import Tensor
from tinynet.compat.tf import names as tf

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_constants():
    assert tf.constant([1, 2]).dtype == "int32" and tf.constant(1.5).dtype == "float32"
    assert tf.constant([1, 2, 3, 4], shape=(2, 2)).tolist() == [[1, 2], [3, 4]]
    assert tf.constant(7, shape=(2,), dtype="float64").tolist() == [7.0, 7.0]
    source = np.zeros(2)
    made = tf.constant(source)
    source[0] = 1
    assert made.tolist() == [0, 0]


def test_spellings():
    assert tf.square(3.0) == 9 and tf.pow(2.0, 3.0) == 8 and tf.nn.relu(-1.0) == 0
    assert tf.one_hot([1], depth=2).tolist() == [[0, 1]] and tf.one_hot([1], 2, 5.0, -1.0).tolist() == [[-1, 5]]
    assert tf.transpose(X, perm=[1, 0]).shape == (3, 2)
    assert tf.matmul(X, X, transpose_b=True).tolist() == (X @ X.T).tolist()
    assert tf.matmul(X, X, transpose_a=True).shape == (3, 3)
    assert [part.shape for part in tf.split(X, [1, 2], axis=1)] == [(2, 1), (2, 2)]
    assert [part.shape for part in tf.split(X, 3, 1)] == [(2, 1)] * 3
    assert tf.pad(X, [[0, 1], [0, 0]]).shape == (3, 3) and tf.pad(X, [[1, 0], [0, 0]], "REFLECT").tolist()[0] == [3, 4,
                                                                                                                  5]
    assert tf.gather(X, [1]).tolist() == [[3, 4, 5]] and tf.boolean_mask(X, X > 2).tolist() == [3, 4, 5]
    assert tf.fill((2,), 3).dtype == "int32" and tf.range(3).tolist() == [0, 1, 2] and tf.rank(X) == 2
    assert tf.concat([X, X], axis=0).shape == (4, 3) and tf.clip_by_value(X, 1, 2).data.max() == 2
    assert tf.reverse(Tensor([1, 2]), [0]).tolist() == [2, 1] and tf.tile([1], multiples=[2]).tolist() == [1, 1]
    assert tf.cumsum(X).tolist() == np.cumsum(X, 0).tolist() and tf.nn.l2_loss(X).item() == (X**2).sum() / 2


def test_more_spellings():
    assert tf.math.squared_difference([3.0], [1.0]).tolist() == [4] and tf.truediv(1.0, 2.0) == 0.5
    assert tf.scatter_nd([[1]], [5.0], (3,)).tolist() == [0, 5, 0]
    assert tf.tensor_scatter_nd_update([1.0, 2.0], [[1]], [5.0]).tolist() == [1, 5]
    assert tf.tensor_scatter_nd_add([1.0, 2.0], [[1]], [5.0]).tolist() == [1, 7]
    assert tf.sequence_mask([1, 2], 3, dtype="float32").tolist() == [[1, 0, 0], [1, 1, 0]]
    assert tf.ensure_shape(X, (None, 3)).shape == (2, 3) and tf.linalg.matvec(X, [1.0, 0.0, 0.0]).tolist() == [0, 3]
    with pytest.raises(ValueError, match="ensure_shape: expected"):
        tf.ensure_shape(X, (3, 3))
    assert all(getattr(tf, name) is not None for name in tf.__all__)


def test_unknown_names():
    with pytest.raises(AttributeError, match="unknown name in tf.math: 'lgamma'"):
        tf.math.lgamma  # noqa: B018
    with pytest.raises(AttributeError):
        tf.nonsense  # noqa: B018
    assert "reduce_mean" in dir(tf) and "relu" in dir(tf.nn)


def test_arguments_under_the_names_of_tensorflow():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    assert tf.reshape(x, shape=[-1], name="flat").tolist() == tf.reshape(tensor=x, shape=(4,)).tolist() == [1, 2, 3, 4]
    assert tf.reduce_mean(input_tensor=x, axis=1).tolist() == [1.5, 3.5]
    assert tf.reduce_sum(x, keepdims=True, name="total").shape == (1, 1)
    assert tf.expand_dims(input=x, axis=0).shape == (1, 2, 2) and tf.squeeze(input=x[None]).shape == (2, 2)
    assert tf.stack(values=[x, x]).shape == (2, 2, 2)
    assert tf.equal(x=x, y=x).numpy().all()
    assert tf.where(condition=x > 2, x=x, y=0.0).tolist() == [[0, 0], [3, 4]]
    assert tuple(tf.shape(input=x)) == (2, 2)
    assert tf.reduce_mean is tf.reduce_mean and tf.zeros_like(input=x).shape == (2, 2)
