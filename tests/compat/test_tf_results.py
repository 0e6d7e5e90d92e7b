"""What TensorFlow documents of single functions, beyond the one value of each name: arguments, types, errors."""

import math

import numpy as np
import pytest

import tinynet as tn
from tinynet import ops, tf
from tinynet.ops import arguments

RNG = np.random.default_rng(1)
A = RNG.normal(size=(2, 3, 4))


def near(found, expected, terms=64):
    np.testing.assert_allclose(np.asarray(found), expected, rtol=terms * np.finfo("f8").eps,
                               atol=terms * np.finfo("f8").eps)


# -- element types ---------------------------------------------------------------------------------------------------


def test_reductions_keep_the_type():
    assert tf.reduce_mean(tf.constant([1, 0, 1, 0])).numpy() == 0 and tf.reduce_mean([1, 2]).dtype == "int32"
    assert tf.reduce_mean([-3, 0]).numpy() == -1  # C++ cuts fractions off
    assert tf.reduce_mean(tf.constant([[1, 2], [5, 6]]), 0).tolist() == [3, 4]
    assert tf.reduce_mean(np.full(300, 200, "uint8")).numpy() == 200
    for kind in ("int8", "uint8", "int16", "int64", "float16", "float64"):
        x = np.ones((2, 2), kind)
        reductions = tf.reduce_sum, tf.reduce_prod, tf.reduce_max, tf.reduce_min, tf.reduce_mean
        assert {reduce(x).dtype for reduce in reductions} == {
            np.dtype(kind)}
    assert tf.reduce_sum(np.array([100, 100], "int8")).numpy() == np.int8(-56)
    for reduce, x in ((tf.reduce_sum, [True]), (tf.reduce_mean, [True]), (tf.reduce_all, [1]), (tf.reduce_any, [1.0]),
                      (tf.math.reduce_std, [1]), (tf.math.reduce_variance, [1]), (tf.reduce_logsumexp, [1])):
        with pytest.raises(TypeError, match=f"tf.{reduce.__name__}: expected"):
            reduce(x)


def test_quotients_of_whole_numbers():
    assert tf.divide([3], [2]).numpy() == 1.5 and tf.divide([3], [2]).dtype == "float64"
    assert tf.truediv(np.array([3], "int16"), np.array([2], "int16")).dtype == "float32"
    for kind, wide in (("int8", "float32"), ("uint16", "float32"), ("int32", "float64"), ("uint64", "float64")):
        assert tf.divide(tf.constant([3], kind), tf.constant([2], kind)).dtype == wide
    assert tf.divide(tf.constant([3.0]), 2).dtype == "float32" and tf.math.divide_no_nan([3], [0]).numpy() == 0
    assert tf.math.divide(tf.constant(3.0, "float64"), 2).dtype == "float64"


def test_default_types():
    tn.config.set_floatx("float64")
    try:
        for made in (tf.zeros([2]), tf.ones([2]), tf.eye(2), tf.one_hot([0], 2), tf.random.normal([2]),
                     tf.random.uniform([2])):
            assert made.dtype == "float32"
    finally:
        tn.config.set_floatx("float32")
    assert tf.argmax([1, 3]).dtype == tf.math.count_nonzero([1]).dtype == tf.where([True]).dtype == "int64"
    assert tf.unique([1, 1]).idx.dtype == tf.searchsorted([1], [1]).dtype == tf.argsort([1]).dtype == "int32"
    assert tf.one_hot([0], 2, on_value=5, off_value=1).dtype == "int32"


def test_indices_beyond_int32_are_int64(monkeypatch):
    assert arguments.index_type(2**31 - 1) is np.int32 and arguments.index_type(2**31) is np.int64
    x = tn.Tensor([3.0, 1.0, 2.0, 0.0, 5.0])

    def types():
        found = [ops.argmax(x), ops.argmin(x), ops.count_nonzero(x), *ops.nonzero(x), ops.argsort(x),
                 ops.argpartition(x, 1), ops.top_k(x, 2)[1], ops.searchsorted([0.0, 1.0, 2.0, 3.0, 4.0], x),
                 *ops.unique(x, return_index=True, return_inverse=True, return_counts=True)[1:],
                 ops.bincount([0, 1, 1, 1, 2]), ops.histogram(x)[0], *ops.unravel_index([3], (5,))]
        return {part.dtype.name for part in found}, len(found)

    assert types() == ({"int32"}, 14)
    monkeypatch.setattr(arguments, "_MOST_OF_INT32", 4)
    assert types() == ({"int64"}, 14)


# -- reductions, running sums, norms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_running_sums_and_products(axis):
    for run, over in ((tf.cumsum, np.cumsum), (tf.math.cumprod, np.cumprod)):
        whole = over(A, axis)
        near(run(A, axis), whole)
        near(run(A, axis, reverse=True), np.flip(over(np.flip(A, axis), axis), axis))
        first = np.take(np.zeros_like(A) if run is tf.cumsum else np.ones_like(A), [0], axis)
        before = np.concatenate([first, np.delete(whole, -1, axis)], axis)
        near(run(A, axis, exclusive=True), before)
        after = np.concatenate([first, np.delete(over(np.flip(A, axis), axis), -1, axis)], axis)
        near(run(A, axis, exclusive=True, reverse=True), np.flip(after, axis))
    assert tf.cumsum(np.array([1, 2, 3], "int8"), exclusive=True).dtype == "int8"
    with pytest.raises(ValueError, match=r"tf.cumsum: axis=3 is not an axis of shape \(2, 3, 4\)"):
        tf.cumsum(A, 3)


def test_the_gradient_of_a_running_sum():
    x = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.cumsum(x, exclusive=True, reverse=True) * [1.0, 10.0, 100.0])
    assert tape.gradient(y, x).tolist() == [0, 1, 11]  # y[i] sums what follows i


@pytest.mark.parametrize("ord", [1, 2, 3.5, math.inf, "euclidean", "fro"])
def test_norms_of_vectors(ord):
    own = {"euclidean": 2, "fro": 2}.get(ord, ord)
    near(tf.norm(A, ord), np.linalg.norm(A.ravel(), own))
    near(tf.norm(A, ord, axis=1, keepdims=True), np.linalg.norm(A, own, axis=1, keepdims=True))
    assert tf.norm(A, ord, keepdims=True).shape == (1, 1, 1)
    near(tf.norm(np.float64(-3.0), ord), 3.0)  # a scalar
    near(tf.norm(tf.constant(-3.0, "float64"), ord), 3.0)
    assert abs(tf.norm(-3.0, ord).numpy() - 3) <= 4 * np.finfo("f4").eps


@pytest.mark.parametrize("ord", [1, 2, math.inf, "euclidean", "fro"])
@pytest.mark.parametrize("axis", [(0, 1), (-2, -1), [1, 2], (2, 0)])
def test_norms_of_matrices(ord, axis):
    expected = np.linalg.norm(A, {"euclidean": "fro"}.get(ord, ord), axis=tuple(axis))
    near(tf.linalg.norm(A, ord, axis), expected)
    assert tf.norm(A, ord, axis, keepdims=True).shape == np.linalg.norm(A, "fro", axis=tuple(axis), keepdims=True).shape
    assert tf.norm(A[0], ord, (0, 1)).shape == ()
    x, direction = tf.Variable(A), RNG.normal(size=A.shape)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.norm(x, ord, axis))
    slope = (tape.gradient(y, x).numpy() * direction).sum()
    h = 1e-6  # error of the difference: h^2 and eps / h, both below 1e-9
    ahead, back = (np.linalg.norm(A + s * h * direction, {"euclidean": "fro"}.get(ord, ord), axis=tuple(axis)).sum()
                   for s in (1, -1))
    assert abs(slope - (ahead - back) / (2 * h)) < 1e-7


def test_norms_that_are_not_there():
    for ord, axis in (("nuc", None), (-1, 0), (3, (0, 1)), (0, 1)):
        with pytest.raises(ValueError, match="tf.norm: ord must be one of"):
            tf.norm(A, ord, axis)
    with pytest.raises(ValueError, match="axis must be None, an int or a pair"):
        tf.norm(A, axis=(0, 1, 2))


def test_statistics_of_scalars():
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        length, total, spread = tf.norm(x), tf.reduce_logsumexp(x), tf.math.reduce_variance(x)
    assert (length.numpy(), total.numpy(), spread.numpy()) == (3, 3, 0)
    assert [tape.gradient(y, x).numpy() for y in (length, total, spread)] == [1, 1, 0]
    assert tf.math.reduce_std(5.0).numpy() == 0 and tf.math.reduce_std(tf.constant(5.0), keepdims=True).shape == ()
    mean, variance = tf.nn.moments(tf.constant(5.0), [])
    assert mean.shape == variance.shape == ()


def test_clipping():
    near(tf.clip_by_norm(A, 1.0, axes=[1]), A * np.minimum(1, 1 / np.linalg.norm(A, axis=1, keepdims=True)))
    near(tf.clip_by_norm(A / 100, 1.0), A / 100)  # short enough
    x = tf.Variable([0.0, 0.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.clip_by_norm(x, 1.0))
    assert np.isfinite(tape.gradient(y, x).numpy()).all()
    (first, none, second), length = tf.clip_by_global_norm([tf.constant([3.0]), None, tf.constant([4.0])], 10.0)
    assert none is None and (first.item(), second.item(), length.item()) == (3, 4, 5)
    clipped, _ = tf.clip_by_global_norm([tf.constant([3.0]), tf.constant([np.inf])], 1.0)
    assert np.isnan(clipped[0].numpy()).all() and np.isnan(clipped[1].numpy()).all()
    (rows,), length = tf.clip_by_global_norm([tf.IndexedSlices(tf.constant([[6.0, 8.0]]), [3])], 5.0)
    assert rows.values.tolist() == [[3, 4]] and rows.indices == [3] and length == 10
    with pytest.raises(TypeError, match="t_list must be a list"):
        tf.clip_by_global_norm(tf.constant([1.0]), 1.0)
    with pytest.raises(ValueError, match="t_list has no tensor"):
        tf.linalg.global_norm([None])


def test_counts():
    assert tf.math.bincount([[0, 2], [2, 2]]).tolist() == [1, 0, 3]
    assert tf.math.bincount([[0, 2], [2, 2]], axis=-1, binary_output=True).tolist() == [[1, 0, 1], [0, 0, 1]]
    assert tf.math.bincount([1, 2], weights=[0.5, 2.0], minlength=4).tolist() == [0, 0.5, 2, 0]
    assert tf.math.confusion_matrix([0, 1], [1, 1], 3, weights=[2.5, 1.5], dtype="float32").tolist() == [
        [0, 2.5, 0], [0, 1.5, 0], [0, 0, 0]]
    with pytest.raises(IndexError, match="tf.math.confusion_matrix: index 5"):
        tf.math.confusion_matrix([0], [5], num_classes=3)
    with pytest.raises(ValueError, match="not negative"):
        tf.math.bincount([-1])
    with pytest.raises(ValueError, match="sorted from small to large"):
        tf.math.segment_sum([1, 2], [1, 0])
    with pytest.raises(IndexError, match="index 5"):
        tf.math.unsorted_segment_sum([1], [5], 3)
    assert tf.math.unsorted_segment_sum([[1, 2], [3, 4]], [[0, 1], [1, 0]], 2).tolist() == [5, 5]


# -- selecting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("params", "indices", "axis", "batch_dims"), [
    ((5, 6), (2, 3), 0, 0), ((5, 6), (2, 3), 1, 0), ((5, 6), (5, 3), 1, 1), ((2, 5, 6), (2, 3), None, 1),
    ((2, 5, 6), (2, 3), 2, 1), ((2, 3, 6), (2, 3, 4), 2, 2), ((2, 3, 6, 5), (2, 4, 2), -1, 1), ((2, 5), (2,), 1, 1),
    ((2, 3, 4, 5), (2, 7), 2, 1), ((2, 5, 6), (2, 3), 2, -1),
])
def test_gather(params, indices, axis, batch_dims):
    x, shape = RNG.normal(size=params), params
    b = batch_dims % len(indices) if batch_dims < 0 else batch_dims
    along = b if axis is None else axis % len(params)
    chosen = RNG.integers(0, shape[along], indices)
    expected = np.empty(indices[:b] + shape[b:along] + indices[b:] + shape[along + 1:])
    for batch in np.ndindex(*indices[:b]):
        expected[batch] = np.take(x[batch], chosen[batch], along - b)
    found = tf.gather(x, chosen, axis=axis, batch_dims=batch_dims)
    np.testing.assert_array_equal(found.numpy(), expected)
    v = tf.Variable(x)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.gather(v, chosen, axis=axis, batch_dims=batch_dims) * expected)
    near((tape.gradient(y, v).numpy() * x).sum(), (expected**2).sum(), 1024)


def test_gather_nd():
    x = np.arange(24).reshape(2, 3, 4)
    assert tf.gather_nd(x, [[1, 2]]).tolist() == [x[1, 2].tolist()] and tf.gather_nd(x, [1]).shape == (3, 4)
    assert tf.gather_nd(x, [[1], [0]], batch_dims=1).tolist() == [x[0, 1].tolist(), x[1, 0].tolist()]
    assert tf.gather_nd(x, [[[1, 1], [2, 3]], [[0, 0], [1, 2]]], batch_dims=1).tolist() == [[5, 11], [12, 18]]
    assert tf.gather_nd(x, [[1, 2, 3], [5, 0, 0]], bad_indices_policy="IGNORE").tolist() == [23, 0]
    for call in (lambda: tf.gather_nd(x, [[2, 0]]), lambda: tf.gather(x, [-1]), lambda: tf.gather(x, 2),
                 lambda: tf.nn.embedding_lookup(x, [3]), lambda: tf.tensor_scatter_nd_add(x, [[2]], x[:1]),
                 lambda: tf.scatter_nd([[9]], [1], [3])):
        with pytest.raises(IndexError, match="is outside an axis"):
            call()
    with pytest.raises(TypeError, match="indices must be whole numbers"):
        tf.gather(x, [0.5])
    with pytest.raises(ValueError, match="do not share batch_dims=1"):
        tf.gather(x, [[1]], batch_dims=1, axis=1)
    with pytest.raises(ValueError, match="axis=0 must be an axis of params"):
        tf.gather(x, [[0, 0], [0, 0]], batch_dims=1, axis=0)


def test_blocks():
    x = np.arange(24).reshape(2, 3, 4)
    assert tf.slice(x, [0, 1, 2], [-1, 2, -1]).tolist() == x[:, 1:3, 2:].tolist()
    for begin, size in (([0, 0, 0], [3, 1, 1]), ([0, 0, 0], [1, 1, -2]), ([-1, 0, 0], [1, 1, 1]), ([0, 0], [1, 1])):
        with pytest.raises(ValueError, match="tf.slice: "):
            tf.slice(x, begin, size)
    assert tf.strided_slice(x, [0, 0, 3], [2, 3, 0], [1, 2, -1]).tolist() == x[0:2, 0:3:2, 3:0:-1].tolist()
    assert tf.strided_slice(x, [1, 0], [2, 2], shrink_axis_mask=1).tolist() == x[1, 0:2].tolist()
    assert tf.strided_slice(x, [0, 1], [0, 3], ellipsis_mask=1).tolist() == x[..., 1:3].tolist()
    assert tf.strided_slice(x, [0, 1], [0, 2], new_axis_mask=1).shape == x[None, 1:2].shape
    assert tf.strided_slice(x, [1], [2], end_mask=1, begin_mask=1).shape == x.shape
    mask = np.array([[True, False, True], [False, True, False]])
    assert tf.boolean_mask(x, mask).tolist() == x[mask].tolist()
    assert tf.boolean_mask(x, [True, False, True], axis=1).tolist() == x[:, [0, 2]].tolist()
    with pytest.raises(ValueError, match="does not fit axis 0"):
        tf.boolean_mask(x, [True, False, True])


def test_parts():
    assert [part.shape[1] for part in tf.split(A, [1, -1], axis=1)] == [1, 2]
    for sizes in ([1, 1], [1, -1, -1], [4, -1], 2, 0):
        with pytest.raises(ValueError, match="tf.split"):
            tf.split(A, sizes, axis=1)
    values, idx = tf.unique(["b", "a", "b"])
    assert values.numpy().tolist() == [b"b", b"a"] and idx.tolist() == [0, 1, 0]
    with pytest.raises(ValueError, match="x must have one axis"):
        tf.unique([[1]])
    top = tf.math.top_k([1.0, 5.0, 3.0], k=2)
    assert top.values.tolist() == [5, 3] and top.indices.tolist() == [1, 2] and tf.nn.top_k([1.0, 5.0]).indices == [1]
    assert tf.argsort(np.array([3, 0, 255], "uint8"), direction="DESCENDING").tolist() == [2, 0, 1]
    assert tf.searchsorted([[1, 3, 5], [2, 4, 6]], [[3], [7]], side="right", out_type="int64").tolist() == [[2], [3]]


# -- tf.nn, tf.linalg, tf.strings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize(("padding", "frame"), [("VALID", ((0, 0), (0, 0))), ("SAME", None),
                                                ("EXPLICIT", ((2, 1), (0, 3)))])
@pytest.mark.parametrize(("strides", "dilations"), [(1, None), (2, 1), ((1, 2), 1), (1, (2, 1))])
def test_conv2d_and_its_transpose(data_format, padding, frame, strides, dilations):
    x, kernel = RNG.normal(size=(2, 7, 8, 3)), RNG.normal(size=(3, 2, 3, 4))
    pair = (strides, strides) if isinstance(strides, int) else strides
    holes = (dilations or 1, dilations or 1) if isinstance(dilations, int | None) else dilations
    span = [(k - 1) * d + 1 for k, d in zip(kernel.shape[:2], holes, strict=True)]
    if frame is None:
        total = [max((-(-n // s) - 1) * s + w - n, 0) for n, s, w in zip((7, 8), pair, span, strict=True)]
        frame = [(t // 2, t - t // 2) for t in total]
    padded = np.pad(x, [(0, 0), *frame, (0, 0)])
    rows, columns = ((padded.shape[a + 1] - span[a]) // pair[a] + 1 for a in (0, 1))
    expected = sum(
        padded[:, p * holes[0]:p * holes[0] + (rows - 1) * pair[0] + 1:pair[0],
               q * holes[1]:q * holes[1] + (columns - 1) * pair[1] + 1:pair[1]] @ kernel[p, q]
        for p, q in np.ndindex(*kernel.shape[:2]))
    given = padding if padding != "EXPLICIT" else [[0, 0], *frame, [0, 0]]
    order = (0, 3, 1, 2)
    if data_format == "NCHW":
        x, expected = x.transpose(order), expected.transpose(order)
        given = [given[0], given[3], *given[1:3]] if padding == "EXPLICIT" else given
    v = tf.Variable(x)
    with tf.GradientTape() as tape:
        y = tf.nn.conv2d(v, kernel, strides, given, data_format=data_format, dilations=dilations)
    near(y, expected, 512)
    dy = RNG.normal(size=y.shape)
    dx = tape.gradient(y, v, output_gradients=tf.constant(dy))
    back = tf.nn.conv2d_transpose(dy, kernel, x.shape, strides, given, data_format, dilations)
    near(back, dx.numpy(), 512)  # conv2d_transpose is the input gradient of conv2d


def test_conv2d_of_groups_and_errors():
    x, kernel = RNG.normal(size=(1, 5, 5, 4)), RNG.normal(size=(3, 3, 2, 6))
    halves = [tf.nn.conv2d(x[..., i:i + 2], kernel[..., 3 * i // 2:3 * i // 2 + 3], 1, "VALID").numpy() for i in (0, 2)]
    near(tf.nn.conv2d(x, kernel, 1, "VALID"), np.concatenate(halves, -1), 512)
    for padding, message in (("valid", "padding must be 'VALID' or 'SAME'"), ([[1, 0]] * 4, "0 along the batch"),
                             ([1, 1], "four pairs")):
        with pytest.raises(ValueError, match=message):
            tf.nn.conv2d(x, x[0, :3, :3, :, None], 1, padding)
    with pytest.raises(ValueError, match="output_shape has length 9 along an axis where the input has 5"):
        tf.nn.conv2d_transpose(x, kernel.transpose(0, 1, 3, 2)[..., :4].repeat(2, 3)[..., :4], [1, 9, 9, 6], 1)
    with pytest.raises(ValueError, match="output_shape must have the batch 1, the channels 6"):
        tf.nn.conv2d_transpose(x, RNG.normal(size=(3, 3, 6, 4)), [2, 5, 5, 6], 1)
    with pytest.raises(ValueError, match="data_format must be 'NHWC' or 'NCHW', got 'NWHC'"):
        tf.nn.max_pool2d(x, 2, 2, "VALID", data_format="NWHC")
    assert tf.nn.max_pool2d(-np.ones((1, 2, 2, 1)), 2, 2, [[0, 0], [1, 1], [1, 1], [0, 0]]).tolist()[0] == [
        [[-1], [-1]], [[-1], [-1]]]


def test_losses_and_activations():
    z, x, q = RNG.uniform(size=(3, 4)), 5 * RNG.normal(size=(3, 4)), 2.5
    p = 1 / (1 + np.exp(-x))
    near(tf.nn.weighted_cross_entropy_with_logits(z, x, q), -q * z * np.log(p) - (1 - z) * np.log(1 - p), 1024)
    assert tf.nn.weighted_cross_entropy_with_logits([1.0], [-1000.0], 2.0).numpy() == 2000
    near(tf.nn.silu(x, beta=0.5), x / (1 + np.exp(-x / 2)))
    with pytest.raises(ValueError, match="labels .2, 3. and logits .3,. must have one shape"):
        tf.nn.sigmoid_cross_entropy_with_logits(np.ones((2, 3)), np.ones(3))
    near(tf.nn.softmax_cross_entropy_with_logits(z, x, axis=0), -(z * (x - np.log(np.exp(x).sum(0)))).sum(0), 1024)
    near(tf.nn.bias_add(np.zeros((1, 2, 3, 3)), [1.0, 2.0], "NCHW")[0, :, 0, 0], [1, 2])
    with pytest.raises(ValueError, match="value .1, 2, 3, 3. has 3 channels"):
        tf.nn.bias_add(np.zeros((1, 2, 3, 3)), [1.0, 2.0])


def test_a_layer_takes_tensorflows_activation_as_its_own():
    for name in ("relu", "sigmoid", "tanh", "softmax", "elu", "selu", "softplus", "softsign", "relu6", "log_softmax"):
        layer = tn.layers.Dense(2, activation=getattr(tf.nn, name))
        assert layer.activation is getattr(tn.activations, name)
        assert tn.layers.Dense.from_config(layer.get_config()).activation is layer.activation
    for name in ("gelu", "leaky_relu", "silu"):  # with TensorFlow's defaults
        config = tn.layers.Dense(2, activation=getattr(tf.nn, name)).get_config()
        x = RNG.normal(size=5)
        near(tn.layers.Dense.from_config(config).activation(x), getattr(tf.nn, name)(x).numpy())


def test_matrices():
    x = RNG.normal(size=(3, 4, 4))
    for lower, upper in ((0, 0), (1, 2), (-1, 0), (0, -1), (-1, -1)):
        i, j = np.indices((4, 4))
        kept = ((lower < 0) | (i - j <= lower)) & ((upper < 0) | (j - i <= upper))
        near(tf.linalg.band_part(x, lower, upper), np.where(kept, x, 0))
    for k in (-2, 0, 1):
        filled = np.where(np.eye(2 + abs(k), k=k), np.diag([1.0, 2.0], k), 7)
        near(tf.linalg.diag([1.0, 2.0], k=k, padding_value=7), filled)
        near(tf.linalg.diag_part(x, k=k), np.diagonal(x, k, 1, 2))
    with pytest.raises(NotImplementedError, match="several diagonals"):
        tf.linalg.diag_part(x, k=(0, 1))
    near(tf.linalg.inv(x, adjoint=True), np.linalg.inv(x).swapaxes(1, 2), 4096)
    near(tf.linalg.triangular_solve(x, x[0], lower=False, adjoint=True), np.linalg.solve(
        np.triu(x).swapaxes(1, 2), x[0]), 2**16)
    a, b = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
    near(tf.linalg.lstsq(a, b, l2_regularizer=0.5), np.linalg.solve(a.T @ a + np.eye(3) / 2, a.T @ b), 4096)
    with pytest.raises(ValueError, match="only one of transpose_a and adjoint_a"):
        tf.matmul(a, a, transpose_a=True, adjoint_a=True)


def test_texts():
    assert tf.as_string([3, 2]).numpy().tolist() == [b"3", b"2"]
    assert tf.strings.as_string([3.1415926, 2.71828], precision=2).numpy().tolist() == [b"3.14", b"2.72"]
    assert tf.as_string([True, False]).numpy().tolist() == [b"true", b"false"]
    for options, text in (({}, b"1234.500000"), ({"scientific": True}, b"1.234500e+03"),
                          ({"shortest": True}, b"1234.5"),
                          ({"precision": 1, "width": 8}, b"  1234.5"), ({"precision": 0, "width": 6, "fill": "0"},
                                                                       b"001234"),
                          ({"precision": 1, "width": 8, "fill": "-"}, b"1234.5  "), ({"precision": 1, "fill": "+"},
                                                                                    b"+1234.5")):
        assert tf.as_string(1234.5, **options).numpy() == text
    for options in ({"precision": 2}, {"scientific": True}, {"fill": "x"}):
        with pytest.raises(ValueError, match=f"as_string: .*{next(iter(options))}"):
            tf.as_string(1, **options)
    assert tf.strings.upper("äb").numpy().decode() == "äB" and tf.strings.lower("ÄB", "utf-8").numpy().decode() == "äb"
    assert tf.strings.reduce_join([["a", "b"], ["c", "d"]], axis=[1, 0]).numpy() == b"abcd"
    assert tf.strings.reduce_join([["a", "b"], ["c", "d"]], axis=[0, 1]).numpy() == b"acbd"
    assert tf.strings.reduce_join([["a", "b"], ["c", "d"]], 0, keepdims=True).numpy().tolist() == [[b"ac", b"bd"]]
    assert tf.strings.substr(["abc", "xyz"], [0, -1], [2, 1]).numpy().tolist() == [b"ab", b"z"]
    with pytest.raises(ValueError, match="pos=5 is outside"):
        tf.strings.substr("abc", 5, 1)
    assert tf.strings.to_number(["7", "-3"], tf.int64).tolist() == [7, -3]
    with pytest.raises(ValueError, match="1.5"):
        tf.strings.to_number("1.5", tf.int32)
    assert tf.strings.unicode_split(b"a\xff", "UTF-8", replacement_char=63).numpy().tolist() == [b"a", b"?"]
    with pytest.raises(UnicodeDecodeError):
        tf.strings.unicode_split(b"a\xff", "UTF-8", errors="strict")
    assert tf.strings.unicode_split(["né"], "UTF-8").numpy().tolist() == [[b"n", "é".encode()]]
    assert tf.strings.unicode_split([""], "UTF-8").shape == (1, 0)
    with pytest.raises(ValueError, match="one text at a time"):
        tf.strings.unicode_split(["a", "b"], "UTF-8")


def test_text_vectorization_splits_with_functions_of_tensorflow():
    layer = tf.keras.layers.TextVectorization(split=lambda text: tf.strings.unicode_split(text, "UTF-8"))
    layer.adapt(["가나", "가 다", ""])
    assert layer.get_vocabulary()[2:] == ["가", "다", "나", " "]
    assert layer(["나가", "힣"]).tolist() == [[4, 2], [1, 0]]
    assert tf.keras.layers.TextVectorization(split=lambda text: tf.strings.split(text, "x"), vocabulary=["a", "b"])(
        ["bxa", "a"]).tolist() == [[3, 2], [2, 0]]


def test_debugging(tmp_path):
    with pytest.raises(ValueError, match=r"\[0. 1.\]\.\.\. of shape \(5,\)"):
        tf.debugging.assert_equal(np.arange(5.0), 9.0, summarize=2)
    with pytest.raises(ValueError, match=r"\[0 1 2 3 4\] of shape"):
        tf.debugging.assert_less(np.arange(5), 1, summarize=-1)
    tf.print("x", tf.range(9), output_stream=f"file://{tmp_path}/log", summarize=-1)
    tf.print("y", output_stream=f"file://{tmp_path}/log", end="")
    assert (tmp_path / "log").read_text() == "x [0 1 2 3 4 5 6 7 8]\ny"
    with pytest.raises(ValueError, match="output_stream must be"):
        tf.print("x", output_stream="log")


def test_operations_that_move_elements_keep_text():
    texts = tf.constant([["a", "B"], ["c", "D"]])
    for moved in (tf.reshape(texts, [-1]), tf.concat([texts, texts], 0), tf.stack([texts, texts]), texts[0],
                  tf.expand_dims(texts, -1), tf.squeeze(texts[:1]), tf.gather(texts, [1]), tf.transpose(texts),
                  tf.boolean_mask(texts, [True, False]), tf.where(texts == "a", texts, texts), tf.tile(texts, [2, 1]),
                  *tf.split(texts, 2), *tf.unstack(texts), tf.reverse(texts, [0]), tf.slice(texts, [0, 0], [1, 1]),
                  tf.identity(texts), tf.broadcast_to(texts[0], [2, 2]), tf.repeat(texts, 2), tf.roll(texts, 1, 0),
                  tf.sort(texts[0]), tf.gather_nd(texts, [[0, 1]]), tf.fill([2], "E")):
        lower = tf.strings.lower(moved)
        assert lower.shape == moved.shape and all(text in b"abcde" for text in lower.numpy().ravel())
    assert tf.equal(texts, "a").tolist() == [[True, False], [False, False]]
    assert tf.math.not_equal("a", texts).tolist() == [[False, True], [True, True]]
    line = tf.constant("1,ab")
    assert bool(tf.not_equal(tf.strings.substr(line, 0, 1), "0")) and tf.strings.split(line, ",")[-1] == "ab"


def test_old_output_modes():
    for make in (lambda **mode: tf.keras.layers.TextVectorization(vocabulary=["a", "b"], **mode),
                 lambda **mode: tf.keras.layers.StringLookup(vocabulary=["a", "b"], **mode),
                 lambda **mode: tf.keras.layers.CategoryEncoding(3, **mode)):
        with pytest.warns(DeprecationWarning, match="output_mode='binary' is an old name; write .*'multi_hot'"):
            assert make(output_mode="binary").output_mode == "multi_hot"


def test_binary_metrics_of_a_column_and_a_row():
    """As in tf.keras, and as `fit` does for the loss; the tutorial about over-fitting has it."""
    labels, scores = np.array([0.0, 1.0, 1.0]), np.array([[0.5], [-1.0], [2.0]])
    metric = tf.keras.metrics.BinaryCrossentropy(from_logits=True)
    expected = np.log1p(np.exp(-(2 * labels - 1) * scores[:, 0])).mean()
    assert abs(metric(labels, scores) - expected) <= 8 * np.finfo("f4").eps
    near(tf.keras.losses.binary_crossentropy(labels[:, None], scores[:, 0], from_logits=True).numpy().mean(), expected)
