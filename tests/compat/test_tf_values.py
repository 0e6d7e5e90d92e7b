"""Every name of tf.math, tf.nn, tf.linalg and of tf itself computes what TensorFlow documents, written here in NumPy.

The tables have all names of a namespace: a new name without a formula fails `test_each_name_has_a_formula`.
"""

import math

import numpy as np
import pytest

from tinynet import Tensor
from tinynet.compat.tf import names as tf

RNG = np.random.default_rng(0)
U = RNG.uniform(0.1, 0.9, (3, 4))  # inside the domain of every function below
V = RNG.uniform(0.1, 0.9, (3, 4))
S = RNG.normal(size=(3, 4))  # of both signs
W = np.array([0, 2, 2, 1])  # class numbers
B = S > 0
C = U > 0.5
SQUARE = RNG.normal(size=(3, 3))
POSITIVE = SQUARE @ SQUARE.T + np.eye(3)
BATCH = RNG.normal(size=(2, 3, 4))
erf = np.vectorize(math.erf)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis=-1):
    e = np.exp(x)
    return e / e.sum(axis, keepdims=True)


def softplus(x):
    return np.log1p(np.exp(x))


def pooled(x, choose):
    """Windows of 2 x 2 of (batch, height, width, channels)."""
    n, h, w, c = x.shape
    return choose(x.reshape(n, h // 2, 2, w // 2, 2, c), axis=(2, 4))


def convolved(x, k):
    """A valid convolution with stride 1."""
    h, w = x.shape[1] - k.shape[0] + 1, x.shape[2] - k.shape[1] + 1
    return sum(x[:, i:i + h, j:j + w] @ k[i, j] for i in range(k.shape[0]) for j in range(k.shape[1]))


def transposed(x, k):
    """Each pixel spread over a window of 2 x 3 with stride 2, of which padding 'SAME' cuts off the last column."""
    y = np.zeros((len(x), 2 * x.shape[1], 2 * x.shape[2] + 1, k.shape[3]))
    for p, q in np.ndindex(*k.shape[:2]):
        y[:, p:p + 2 * x.shape[1]:2, q:q + 2 * x.shape[2]:2] += x @ k[p, q]
    return y[:, :, :-1]


IMAGES, KERNEL = RNG.normal(size=(2, 4, 6, 3)), RNG.normal(size=(2, 3, 3, 5))
ONE_HOT = np.eye(4)[W]
LOGITS = RNG.normal(size=(4, 4))
LEFT, SINGULAR, RIGHT = np.linalg.svd(S, full_matrices=False)

# {name: (arguments, keywords, what TensorFlow returns)}; a list where it returns SEVERAL tensors.
UNARY = {
    "abs": (S, np.abs), "ceil": (S, np.ceil), "cos": (S, np.cos), "cosh": (S, np.cosh), "erf": (S, erf),
    "exp": (S, np.exp), "expm1": (S, np.expm1), "floor": (S, np.floor), "log": (U, np.log), "log1p": (U, np.log1p),
    "log_sigmoid": (S, lambda x: -softplus(-x)), "negative": (S, np.negative), "reciprocal": (S, lambda x: 1 / x),
    "round": (4 * S, np.round), "rsqrt": (U, lambda x: 1 / np.sqrt(x)), "sigmoid": (S, sigmoid), "sign": (S, np.sign),
    "sin": (S, np.sin), "sinh": (S, np.sinh), "softplus": (S, softplus), "softsign": (S, lambda x: x / (1 + abs(x))),
    "sqrt": (U, np.sqrt), "square": (S, np.square), "tan": (U, np.tan), "tanh": (S, np.tanh), "acos": (U, np.arccos),
    "acosh": (1 + U, np.arccosh), "asin": (U, np.arcsin), "asinh": (S, np.arcsinh), "atan": (S, np.arctan),
    "atanh": (U, np.arctanh), "logical_not": (B, np.logical_not), "softmax": (S, softmax),
    "log_softmax": (S, lambda x: np.log(softmax(x))),
}
BINARY = {
    "add": (S, V, np.add), "divide": (S, V, np.divide), "equal": (W, W[::-1], np.equal),
    "greater": (S, V, np.greater), "greater_equal": (W, W[::-1], np.greater_equal), "less": (S, V, np.less),
    "less_equal": (W, W[::-1], np.less_equal), "maximum": (S, V, np.maximum), "minimum": (S, V, np.minimum),
    "multiply": (S, V, np.multiply), "not_equal": (W, W[::-1], np.not_equal), "subtract": (S, V, np.subtract),
    "squared_difference": (S, V, lambda x, y: (x - y) ** 2), "truediv": (S, V, np.divide),
    "floordiv": (S, V, np.floor_divide), "pow": (U, V, np.power), "atan2": (S, V, np.arctan2),
    "logical_and": (B, C, np.logical_and), "logical_or": (B, C, np.logical_or),
}
REDUCTIONS = {"reduce_all": (B, np.all), "reduce_any": (B, np.any), "reduce_max": (S, np.max),
              "reduce_mean": (S, np.mean), "reduce_min": (S, np.min), "reduce_prod": (S, np.prod),
              "reduce_sum": (S, np.sum),
              "reduce_logsumexp": (S, lambda x, axis=None: np.log(np.exp(x).sum(axis)))}


NORM_OF_BOTH = np.sqrt((S**2).sum() + (V**2).sum())


def case(*arguments, value, **keywords):
    return arguments, keywords, value


def unary(*names):
    return {name: case(UNARY[name][0], value=UNARY[name][1](UNARY[name][0])) for name in names or UNARY}


def binary(*names):
    return {name: case(x, y, value=f(x, y)) for name, (x, y, f) in BINARY.items() if name in names or not names}


REDUCED = {name: case(x, value=f(x)) for name, (x, f) in REDUCTIONS.items()}
MATH = unary() | binary() | REDUCED | {
    "accumulate_n": case([S, V, U], value=S + V + U), "add_n": case([S, V], value=S + V),
    "argmax": case(S, value=S.argmax(0)), "argmin": case(S, value=S.argmin(0)), "bincount": case(W, value=[1, 1, 2]),
    "count_nonzero": case(W, value=3), "cumprod": case(S, value=np.cumprod(S, 0)),
    "cumsum": case(S, value=np.cumsum(S, 0)),
    "divide_no_nan": case([1.0, 2.0], [0.0, 4.0], value=[0, 0.5]), "erfinv": case(erf(U), value=U),
    "floormod": case([-3, 3], [2, -2], value=[1, -1]), "mod": case([-3.5], [2.0], value=[0.5]),
    "in_top_k": case(W, LOGITS, 2, value=(LOGITS[np.arange(4), W][:, None] < LOGITS).sum(1) < 2),
    "is_finite": case([1, np.inf, np.nan], value=[True, False, False]),
    "is_inf": case([1, -np.inf, np.nan], value=[False, True, False]),
    "is_nan": case([1, np.inf, np.nan], value=[False, False, True]),
    "l2_normalize": case(S, value=S / np.sqrt((S**2).sum())),
    "logical_xor": case(B, C, value=B ^ C),
    "multiply_no_nan": case([np.inf, 2.0], [0.0, 3.0], value=[0, 6]),
    "reduce_euclidean_norm": case(S, value=np.sqrt((S**2).sum())), "reduce_std": case(S, value=S.std()),
    "reduce_variance": case(S, value=S.var()), "segment_sum": case(S, [0, 0, 1], value=[S[0] + S[1], S[2]]),
    "unsorted_segment_sum": case(S, [1, 0, 1], 3, value=[S[1], S[0] + S[2], 0 * S[0]]),
    "top_k": case(S, 2, value=[-np.sort(-S)[:, :2], np.argsort(-S)[:, :2]]),
    "confusion_matrix": case([1, 2, 4], [2, 2, 4], value=[[0] * 5, [0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [0] * 5,
                                                          [0, 0, 0, 0, 1]]),
    "erfc": case(S, value=1 - erf(S)),
}
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
NN = unary("sigmoid", "softmax", "softplus", "softsign", "tanh", "log_softmax") | {
    "avg_pool": case(IMAGES, 2, 2, "VALID", value=pooled(IMAGES, np.mean)),
    "avg_pool2d": case(IMAGES, [1, 2, 2, 1], [1, 2, 2, 1], "SAME", value=pooled(IMAGES, np.mean)),
    "max_pool": case(IMAGES, [2, 2], 2, "VALID", value=pooled(IMAGES, np.max)),
    "max_pool2d": case(IMAGES, 2, 2, "SAME", value=pooled(IMAGES, np.max)),
    "batch_normalization": case(S, V.mean(0), V.var(0), U[0], U[1], 1e-3,
                                value=(S - V.mean(0)) / np.sqrt(V.var(0) + 1e-3) * U[1] + U[0]),
    "bias_add": case(IMAGES, [1.0, 2.0, 3.0], value=IMAGES + [1, 2, 3]),
    "conv2d": case(IMAGES, KERNEL, 1, "VALID", value=convolved(IMAGES, KERNEL)),
    "dropout": case(S, 0.0, value=S), "embedding_lookup": case(S, [2, 0], value=S[[2, 0]]),
    "elu": case(S, value=np.where(S > 0, S, np.expm1(S))), "gelu": case(S, value=S * (1 + erf(S / np.sqrt(2))) / 2),
    "in_top_k": MATH["in_top_k"], "l2_loss": case(S, value=(S**2).sum() / 2), "l2_normalize": MATH["l2_normalize"],
    "leaky_relu": case(S, value=np.where(S > 0, S, 0.2 * S)),
    "moments": case(S, [0], value=[S.mean(0), S.var(0)]), "relu": case(S, value=np.maximum(S, 0)),
    "relu6": case(9 * S, value=np.clip(9 * S, 0, 6)),
    "selu": case(S, value=SELU_SCALE * np.where(S > 0, S, SELU_ALPHA * np.expm1(S))),
    "sigmoid_cross_entropy_with_logits": case(C.astype(float), S, value=softplus(S) - C * S),
    "softmax_cross_entropy_with_logits": case(ONE_HOT, LOGITS, value=-(ONE_HOT * np.log(softmax(LOGITS))).sum(-1)),
    "sparse_softmax_cross_entropy_with_logits": case(W, LOGITS, value=-np.log(softmax(LOGITS))[np.arange(4), W]),
    "conv2d_transpose": case(IMAGES, KERNEL.swapaxes(2, 3), [2, 8, 12, 5], 2, value=transposed(IMAGES, KERNEL)),
    "weighted_cross_entropy_with_logits": case(C.astype(float), S, 3.0,
                                               value=3 * C * softplus(-S) + (1 - C) * softplus(S)),
    "silu": case(S, value=S * sigmoid(S)), "swish": case(S, value=S * sigmoid(S)), "top_k": MATH["top_k"],
}
LINALG = {
    "cholesky": case(POSITIVE, value=np.linalg.cholesky(POSITIVE)), "det": case(SQUARE, value=np.linalg.det(SQUARE)),
    "diag": case(S[:2], value=[np.diag(S[0]), np.diag(S[1])]),
    "diag_part": case(BATCH, value=np.diagonal(BATCH, axis1=-2, axis2=-1)),
    "eigh": case(POSITIVE, value=list(np.linalg.eigh(POSITIVE))), "einsum": case("ij,kj->ik", S, V, value=S @ V.T),
    "eye": case(2, value=np.eye(2)), "inv": case(SQUARE, value=np.linalg.inv(SQUARE)),
    "l2_normalize": MATH["l2_normalize"], "lstsq": case(V, S, value=np.linalg.lstsq(V, S, rcond=None)[0]),
    "matmul": case(S, V, transpose_b=True, value=S @ V.T), "matrix_transpose": case(BATCH, value=BATCH.swapaxes(1, 2)),
    "matvec": case(S, V[0], value=S @ V[0]), "norm": case(S, value=np.sqrt((S**2).sum())),
    "pinv": case(S, value=np.linalg.pinv(S)), "qr": case(S, value=list(np.linalg.qr(S))),
    "slogdet": case(SQUARE, value=list(np.linalg.slogdet(SQUARE))),
    "solve": case(SQUARE, V, value=np.linalg.solve(SQUARE, V)),
    "svd": case(S, value=[SINGULAR, LEFT, RIGHT.T]),
    "tensordot": case(S, V, [[0, 1], [0, 1]], value=(S * V).sum()),
    "band_part": case(S, 0, 1, value=np.triu(S) - np.triu(S, 2)), "cross": case(S[:, :3], V[:, :3], value=np.cross(
        S[:, :3], V[:, :3])),
    "global_norm": case([S, None, V], value=np.sqrt((S**2).sum() + (V**2).sum())),
    "logdet": case(POSITIVE, value=np.log(np.linalg.det(POSITIVE))),
    "triangular_solve": case(SQUARE, V, value=np.linalg.solve(np.tril(SQUARE), V)),
    "trace": case(BATCH, value=np.trace(BATCH, axis1=1, axis2=2)),
}
TOP = unary(
    "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "exp", "floor", "logical_not",
    "negative", "round", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh",
) | binary() | REDUCED | {
    "add_n": MATH["add_n"], "argmax": MATH["argmax"], "argmin": MATH["argmin"], "bincount": MATH["bincount"],
    "cumsum": MATH["cumsum"], "einsum": LINALG["einsum"], "eye": LINALG["eye"], "matmul": LINALG["matmul"],
    "norm": LINALG["norm"], "tensordot": LINALG["tensordot"],
    "argsort": case(S, direction="DESCENDING", value=np.argsort(-S)), "boolean_mask": case(S, B, value=S[B]),
    "broadcast_to": case([1, 2], (2, 2), value=[[1, 2], [1, 2]]), "cast": case([1.7], "int32", value=[1]),
    "clip_by_value": case(S, -0.5, 0.5, value=S.clip(-0.5, 0.5)), "concat": case([S, V], 1, value=np.hstack([S, V])),
    "constant": case(7, shape=(2,), value=[7, 7]), "convert_to_tensor": case([1, 2], value=[1, 2]),
    "ensure_shape": case(S, (None, 4), value=S), "expand_dims": case(S, 1, value=S[:, None]),
    "fill": case((2,), 3.0, value=[3, 3]), "gather": case(S, [2, 0], value=S[[2, 0]]),
    "gather_nd": case(S, [[0, 1], [2, 3]], value=S[[0, 2], [1, 3]]), "identity": case(S, value=S),
    "linspace": case(0.0, 1.0, 5, value=[0, 0.25, 0.5, 0.75, 1]), "map_fn": case(lambda row: row + 1, S, value=S + 1),
    "meshgrid": case([1, 2], [3, 4, 5], value=list(np.meshgrid([1, 2], [3, 4, 5]))),
    "one_hot": case(W, 4, value=ONE_HOT), "ones": case((2,), value=[1, 1]), "ones_like": case(S, value=np.ones((3, 4))),
    "pad": case([1, 2, 3], [[2, 1]], "REFLECT", value=[3, 2, 1, 2, 3, 2]), "range": case(2, 8, 3, value=[2, 5]),
    "repeat": case([1, 2], 2, value=[1, 1, 2, 2]), "reshape": case(S, (2, -1), value=S.reshape(2, 6)),
    "reverse": case(S, [1], value=S[:, ::-1]), "roll": case([1, 2, 3], 1, 0, value=[3, 1, 2]),
    "scatter_nd": case([[1], [1]], [5.0, 6.0], (3,), value=[0, 11, 0]),
    "searchsorted": case([1, 3, 5], [0, 3, 9], value=[0, 1, 3]),
    "sequence_mask": case([1, 2], 3, value=[[True, False, False], [True, True, False]]),
    "slice": case(S, [1, 0], [2, 3], value=S[1:3, :3]),
    "sort": case(S, direction="DESCENDING", value=-np.sort(-S)),
    "split": case(S, [1, 3], 1, value=[S[:, :1], S[:, 1:]]), "squeeze": case(S[:, None], value=S),
    "stack": case([S, V], 1, value=np.stack([S, V], 1)), "stop_gradient": case(S, value=S),
    "tensor_scatter_nd_add": case([1.0, 2.0], [[1]], [5.0], value=[1, 7]),
    "tensor_scatter_nd_update": case([1.0, 2.0], [[1]], [5.0], value=[1, 5]),
    "tile": case(S, [2, 1], value=np.vstack([S, S])), "transpose": case(BATCH, [1, 0, 2], value=BATCH.swapaxes(0, 1)),
    "unstack": case(S, axis=1, value=list(S.T)), "vectorized_map": case(lambda row: row + 1, S, value=S + 1),
    "case": case([(False, lambda: S), (True, lambda: V)], value=V), "cond": case(False, lambda: S, lambda: V, value=V),
    "clip_by_global_norm": case([S, V], 0.5, value=[np.stack([S, V]) * 0.5 / NORM_OF_BOTH, NORM_OF_BOTH]),
    "clip_by_norm": case(S, 0.5, value=S * 0.5 / np.sqrt((S**2).sum())),
    "foldl": case(lambda a, x: a / 2 + x, S, value=S[0] / 4 + S[1] / 2 + S[2]),
    "foldr": case(lambda a, x: a / 2 + x, S, value=S[2] / 4 + S[1] / 2 + S[0]),
    "scan": case(lambda a, x: a / 2 + x, S, value=[S[0], S[0] / 2 + S[1], S[0] / 4 + S[1] / 2 + S[2]]),
    "strided_slice": case(S, [2, 0], [0, 4], [-1, 2], value=S[2:0:-1, 0:4:2]),
    "switch_case": case(1, [lambda: S, lambda: V], value=V),
    "tensor_scatter_nd_max": case([1.0, 2.0], [[1]], [5.0], value=[1, 5]),
    "tensor_scatter_nd_min": case([1.0, 2.0], [[1]], [5.0], value=[1, 2]),
    "tensor_scatter_nd_sub": case([1.0, 2.0], [[1]], [5.0], value=[1, -3]),
    "unique": case(W, value=[[0, 2, 1], [0, 1, 1, 2]]), "unique_with_counts": case(
        W, value=[[0, 2, 1], [0, 1, 1, 2], [1, 2, 1]]),
    "while_loop": case(lambda i, x: i < 3, lambda i, x: (i + 1, 2 * x), (0, S), value=[3, 8 * S]),
    "rank": case(BATCH, value=3), "shape": case(BATCH, value=[2, 3, 4]), "size": case(BATCH, value=24),
    "where": case(B, S, 0.0, value=np.where(B, S, 0)), "zeros": case((2,), value=[0, 0]),
    "zeros_like": case(S, value=0 * S),
}
SEVERAL = {"clip_by_global_norm", "eigh", "meshgrid", "moments", "qr", "slogdet", "split", "svd", "top_k", "unique",
           "unique_with_counts", "unstack", "while_loop"}
NOT_TENSORS = {"DType", "IndexedSlices", "Module", "TensorArray", "TensorShape", "UnconnectedGradients", "as_dtype",
               "as_string", "custom_gradient", "dtypes", "is_tensor", "linalg", "math", "nn", *tf._TYPES}
TABLES = {"tf": (tf, TOP), "tf.math": (tf.math, MATH), "tf.nn": (tf.nn, NN), "tf.linalg": (tf.linalg, LINALG)}
CASES = [(title, name) for title, (_, table) in TABLES.items() for name in sorted(table)]
# The formulas above and the operations are both in float64; each sums at most 24 products, in another order.
BOUND = 64 * np.finfo(np.float64).eps


@pytest.mark.parametrize(("title", "name"), CASES)
def test_the_value_is_tensorflows(title, name):
    namespace, table = TABLES[title]
    arguments, keywords, expected = table[name]
    found = getattr(namespace, name)(*arguments, **keywords)
    if name in ("svd", "qr", "eigh"):  # unique up to the signs of vectors
        found, expected = [abs(np.asarray(part)) for part in found], [abs(np.asarray(part)) for part in expected]
    several = name in SEVERAL
    assert isinstance(found, tuple | list) == several, f"{title}.{name} returned {type(found)}"
    for one, other in zip(found, expected, strict=True) if several else [(found, expected)]:
        one = np.stack([np.asarray(part) for part in one]) if isinstance(one, list) else np.asarray(one)
        np.testing.assert_allclose(one, np.asarray(other), rtol=BOUND, atol=BOUND)


@pytest.mark.parametrize("title", TABLES)
def test_each_name_has_a_formula(title):
    namespace, table = TABLES[title]
    missing = set(dir(namespace)) - set(table) - (NOT_TENSORS if title == "tf" else set())
    assert not missing, f"{title}: no value is checked for {sorted(missing)}"


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_along_an_axis(name):
    x, formula = REDUCTIONS[name]
    found = getattr(tf, name)(x, axis=1, keepdims=True)
    np.testing.assert_allclose(found.numpy()[:, 0], formula(x, axis=1), rtol=BOUND, atol=BOUND)
    np.testing.assert_array_equal(getattr(tf.math, name)(x, axis=1).numpy(), found.numpy()[:, 0])


def test_what_is_no_tensor():
    assert tf.is_tensor(Tensor([1])) and not tf.is_tensor([1])
    assert tf.TensorShape([None, 3]) == (None, 3)
    assert [tf.float32, tf.double, tf.string] == [np.dtype("f4"), np.dtype("f8"), np.dtype(object)]


def test_l2_normalize_along_an_axis_and_of_zeros():
    np.testing.assert_allclose(tf.math.l2_normalize(S, axis=1).numpy(), S / np.sqrt((S**2).sum(1, keepdims=True)),
                               rtol=BOUND)
    assert tf.nn.l2_normalize(np.zeros(3)).tolist() == [0, 0, 0]


def test_where_of_a_condition_alone_is_the_indices():
    assert tf.where([[True, False], [True, True]]).tolist() == [[0, 0], [1, 0], [1, 1]]

