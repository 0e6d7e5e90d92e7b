"""No argument under a name of TensorFlow is ignored without a word: an unusual value changes the result, or an error
names the argument. NO_EFFECT lists the others, each with its reason; a new argument in none of the tables fails.
"""

import inspect
import io

import numpy as np
import pytest
from compat.test_tf_signatures import NAMESPACES, public_names
from compat.test_tf_values import TABLES, B, case
from compat.tf_signatures import SIGNATURES

import tinynet as tn
from tinynet.compat.tf import names as tf

NO_EFFECT = {
    "parallel_iterations": "how TensorFlow runs graphs", "swap_memory": "how TensorFlow runs graphs",
    "infer_shape": "shapes are always known", "warn": "no warning is given",
    "conjugate": "there are no complex numbers",
    "a_is_sparse": "a hint about speed", "b_is_sparse": "a hint about speed",
    "grad_a": "a hint to TensorFlow's compiler", "grad_b": "a hint to TensorFlow's compiler",
    "validate_indices": "indices are always checked",
    "stable": "the order is always stable", "sorted": "the order is always sorted",
    "shift": "TensorFlow does not use it either", "fast": "a choice of TensorFlow's algorithm",
    "validate_args": "shapes are always checked", "dct_method": "a hint about speed",
    "colocate_with_first_write_call": "there is one device", "tensor_array_name": "a name", "strict": "see `case`",
    "kwargs": "below", "seed": "draws: below", "max_bytes": "tinynet's own; tests/utils",
    "expand_animations": "of a file with one picture; tests/utils",
}
A = np.arange(12.0).reshape(3, 4)
IMAGE = np.arange(96, dtype=np.uint8).reshape(4, 8, 3)
# Base calls where that of the tables of values does not show an argument.
CALLS = {
    "tf.one_hot": case([1, 0, 1], 2, value=None), "tf.fill": case((2,), 3.0, value=None),
    "tf.range": case(6, value=None), "tf.where": case(B, value=None),
    "tf.repeat": case([[1, 2]], 2, value=None), "tf.gather": case(A[:3, :3], [
        [0, 1, 1], [1, 0, 1], [1, 1, 0]], value=None), "tf.gather_nd": case(A[:2, :2], [[1, 0], [0, 1]], value=None),
    "tf.pad": case([1, 2, 3], [[1, 1]], value=None), "tf.searchsorted": case([1, 3], [3], value=None),
    "tf.squeeze": case(A[None, :, None], value=None), "tf.split": case(A, 3, value=None),
    "tf.stack": case([A, A], value=None), "tf.unstack": case(A, value=None), "tf.boolean_mask": case(
        A[:3, :3], [True, False, True], value=None), "tf.sequence_mask": case([1, 2], value=None),
    "tf.linspace": case([0.0, 1.0, 2.0], 1.0, 3, value=None), "tf.map_fn": case(lambda x: x * 2, A, value=None),
    "tf.case": case([(True, lambda: 1), (True, lambda: 2)], value=None),
    "tf.case.default": case([(False, lambda: 1)], value=None),
    "tf.while_loop": case(lambda i: i < 3, lambda i: (i + 1,), (0,), value=None),
    "tf.switch_case": case(7, [lambda: 1, lambda: 2], value=None),
    "tf.cond": case(True, lambda: 1, lambda: 2, value=None), "tf.strided_slice": case(A, [1, 1], [3, 3], value=None),
    "tf.constant": case(1, value=None), "tf.convert_to_tensor": case([1, 2], value=None),
    "tf.custom_gradient": case(value=None), "tf.as_string": case([1.5], value=None),
    "tf.sort": case(-A, value=None), "tf.argsort": case(A % 3, value=None),
    "tf.bincount": case([[1, 1, 3], [0, 2, 1]], value=None), "tf.clip_by_global_norm": case([A], 1.0, value=None),
    "tf.clip_by_norm": case(A, 1.0, value=None), "tf.transpose": case(A, value=None),
    "tf.norm": case(A, value=None), "tf.eye": case(2, value=None), "tf.Module": case(value=None),
    "tf.IndexedSlices": case(A, [0], value=None), "tf.add_n": case([A], value=None),
    "tf.math.accumulate_n": case([A, A], value=None), "tf.math.confusion_matrix": case([0, 1], [1, 1], value=None),
    "tf.math.count_nonzero": case(A, value=None), "tf.math.top_k": case(A, value=None),
    "tf.math.l2_normalize": case(np.full((2, 2), 1e-2), value=None), "tf.nn.moments": case(A, [0], value=None),
    "tf.nn.bias_add": case(np.ones((1, 3, 3, 3)), [1.0, 2.0, 3.0], value=None),
    "tf.nn.embedding_lookup": case(A, [2], value=None), "tf.nn.dropout": case(np.ones((8, 8)), 0.5, seed=1, value=None),
    "tf.nn.conv2d": case(np.ones((1, 5, 5, 5)), np.ones((2, 2, 5, 5)), 1, "VALID", value=None),
    "tf.nn.conv2d_transpose": case(np.ones((1, 3, 3, 3)), np.ones((3, 3, 3, 3)), [1, 3, 3, 3], 1, value=None),
    "tf.nn.avg_pool": case(np.arange(64.0).reshape(1, 4, 4, 4), 2, 2, "VALID", value=None),
    "tf.nn.softmax_cross_entropy_with_logits": case(np.eye(4), A[[0, 1, 2, 0]], value=None),
    "tf.nn.sigmoid_cross_entropy_with_logits": case(A / 12, A, value=None),
    "tf.linalg.lstsq": case(A[:, :2] ** 1.5, A, value=None), "tf.linalg.solve": case(A[:, :3] ** 1.5, A, value=None),
    "tf.linalg.pinv": case(A, value=None), "tf.linalg.matvec": case(A[:3, :3], [1.0, 2.0, 3.0], value=None),
    "tf.linalg.matmul": case(A[:3, :3], A[:3, :3], value=None), "tf.linalg.diag": case([1, 2], value=None),
    "tf.linalg.diag_part": case(A, value=None), "tf.linalg.qr": case(A[:, :2] ** 1.5, value=None),
    "tf.image.adjust_gamma": case(A[..., None] / 12, value=None), "tf.image.convert_image_dtype": case(
        np.array([1.5, -0.5]), "uint8", value=None), "tf.image.resize": case(IMAGE, (2, 2), value=None),
    "tf.image.resize_with_pad": case(IMAGE, 2, 2, value=None),
    "tf.image.rot90": case(IMAGE, value=None), "tf.io.encode_png": case(IMAGE, value=None),
    "tf.io.encode_jpeg": case(np.random.default_rng(0).integers(0, 255, (16, 16, 3)).astype("uint8"), value=None),
    "tf.random.categorical": case([[0.0, 1.0]], 3, seed=1, value=None), "tf.random.gamma": case(
        [3], 2.0, seed=1, value=None), "tf.random.fold_in": case([1, 2], 3, value=None),
    "tf.random.split": case([1, 2], value=None), "tf.random.poisson": case([3], 2.0, seed=1, value=None),
    **{f"tf.random.{name}": case([3], seed=1, value=None) for name in ("normal", "truncated_normal", "uniform")},
    **{f"tf.random.stateless_{name}": case([3], [1, 2], value=None)
       for name in ("normal", "truncated_normal", "uniform")},
    "tf.random.Generator": case(tn.random.Generator.from_seed(1), value=None),
    "tf.strings.join": case([["a"], ["b"]], value=None), "tf.strings.length": case("ä", value=None),
    "tf.strings.lower": case("Ä", value=None), "tf.strings.upper": case("ä", value=None),
    "tf.strings.reduce_join": case([["a", "b"]], value=None), "tf.strings.regex_replace": case(
        "aa", "a", "b", value=None), "tf.strings.split": case("a,b c", value=None),
    "tf.strings.substr": case("äb", 1, 1, value=None), "tf.strings.to_number": case("1", value=None),
    "tf.strings.unicode_split": case(b"a\xffb", "UTF-8", value=None),
    **{f"tf.debugging.assert_{name}": case(A, A + 1, value=None) for name in (
        "equal", "greater", "greater_equal", "near")},
    **{f"tf.debugging.assert_{name}": case(A, A - 1, value=None) for name in ("less", "less_equal")},
    "tf.debugging.assert_none_equal": case(A, A, value=None), "tf.debugging.assert_rank": case(A, 3, value=None),
    "tf.debugging.assert_non_negative": case(-1 - A, value=None), "tf.debugging.assert_positive": case(-A, value=None),
    "tf.config.set_visible_devices": case([], "GPU", value=None),
}
for _name in ("list_logical_devices", "list_physical_devices", "get_visible_devices"):
    CALLS[f"tf.config.{_name}"] = case(value=None)
for _name in ("avg_pool2d", "max_pool", "max_pool2d"):
    CALLS[f"tf.nn.{_name}"] = CALLS["tf.nn.avg_pool"]
for _short, _others in {"tf.math.l2_normalize": ("tf.nn.l2_normalize", "tf.linalg.l2_normalize"),
                        "tf.math.top_k": ("tf.nn.top_k",), "tf.bincount": ("tf.math.bincount",),
                        "tf.as_string": ("tf.strings.as_string",), "tf.linalg.matmul": ("tf.matmul",),
                        "tf.norm": ("tf.linalg.norm",), "tf.eye": ("tf.linalg.eye",)}.items():
    CALLS |= dict.fromkeys(_others, CALLS[_short])
for _name in ("decode_bmp", "decode_image", "decode_jpeg", "decode_png", "encode_jpeg", "encode_png"):
    CALLS.setdefault(f"tf.io.{_name}", case(value=None))  # the picture is set in the test

# {argument: unusual value}, for all functions or for one. A pair (value, further keywords) where it needs others.
UNUSUAL = {
    "axis": 1, "keepdims": True, "exclusive": True, "reverse": True, "output_type": "float64", "out_type": "int64",
    "out_idx": "int64", "index_type": "int64", "dtype": "float16", "direction": "DESCENDING", "adjoint": True,
    "transpose_a": True, "transpose_b": True, "adjoint_a": True, "adjoint_b": True, "data_format": "NCHW",
    "dilations": 2, "alg": "threefry", "options": "fast", "seed": 2, "message": "what was wrong", "summarize": 1,
    "precision": 1, "scientific": True, "shortest": True, "width": 12, "fill": "?", "back_prop": False,
    "initializer": np.ones(4), "batch_dims": 1, "minval": 0.5, "maxval": 3.0, "mean": 5.0, "stddev": 3.0, "beta": 0.5,
    "epsilon": 1.0, "k": 2, "batch_shape": [2], "num_columns": 3, "labels": None, "logits": None, "num": 7,
    "shape": (3,), "encoding": "utf-8", "unit": "UTF8_CHAR", "device_type": "GPU", "align": "LEFT_LEFT",
    "padding_value": 7, "separator": "+", "channels": 1,
}
PARTICULAR = {
    "tf.argmax.output_type": "int32", "tf.argmin.output_type": "int32", "tf.math.argmax.output_type": "int32",
    "tf.math.argmin.output_type": "int32", "tf.math.count_nonzero.dtype": "int32", "tf.sequence_mask.maxlen": 5,
    "tf.one_hot.on_value": 5.0, "tf.one_hot.off_value": -1.0, "tf.one_hot.axis": 0, "tf.where.x": 1, "tf.where.y": 2,
    "tf.pad.mode": "REFLECT", "tf.pad.constant_values": 9, "tf.range.limit": 9, "tf.range.delta": 2,
    "tf.searchsorted.side": "right", "tf.strided_slice.strides": [1, 2], "tf.strided_slice.begin_mask": 1,
    "tf.strided_slice.end_mask": 2, "tf.strided_slice.ellipsis_mask": 1, "tf.strided_slice.new_axis_mask": 1,
    "tf.strided_slice.shrink_axis_mask": 1, "tf.strided_slice.var": "v", "tf.transpose.perm": [0, 1],
    "tf.convert_to_tensor.dtype_hint": "float32", "tf.case.default": lambda: 9, "tf.case.exclusive": True,
    "tf.sort.axis": 0, "tf.argsort.axis": 0, "tf.matmul.output_type": "float32",
    "tf.linalg.matmul.output_type": "float32", "tf.cond.true_fn": "not a function",
    "tf.cond.false_fn": "not a function", "tf.switch_case.default": lambda: 9,
    "tf.while_loop.shape_invariants": [(3,)], "tf.while_loop.maximum_iterations": 1, "tf.map_fn.dtype": "int32",
    "tf.map_fn.fn_output_signature": "int32", "tf.vectorized_map.fallback_to_while_loop": False,
    "tf.clip_by_global_norm.use_norm": 2.0, "tf.clip_by_norm.axes": 0, "tf.gather_nd.bad_indices_policy": "no",
    "tf.custom_gradient.f": len, "tf.IndexedSlices.dense_shape": (3, 4), "tf.reduce_all.axis": 1, "tf.norm.ord": 1,
    "tf.linalg.norm.ord": 1, "tf.bincount.weights": np.ones((2, 3)), "tf.bincount.minlength": 9,
    "tf.bincount.maxlength": 2, "tf.bincount.axis": -1, "tf.bincount.binary_output": True,
    "tf.math.confusion_matrix.num_classes": 4, "tf.math.confusion_matrix.weights": [2, 3],
    "tf.math.accumulate_n.shape": (9,), "tf.math.accumulate_n.tensor_dtype": "int32", "tf.nn.leaky_relu.alpha": 0.7,
    "tf.nn.gelu.approximate": True, "tf.nn.embedding_lookup.max_norm": 1.0, "tf.nn.dropout.noise_shape": (8, 1),
    "tf.nn.conv2d_transpose.padding": "VALID", "tf.nn.softmax_cross_entropy_with_logits.axis": 0,
    "tf.nn.softmax.axis": 0, "tf.nn.log_softmax.axis": 0, "tf.math.softmax.axis": 0, "tf.math.log_softmax.axis": 0,
    "tf.linalg.diag.num_rows": 5, "tf.linalg.diag.num_cols": 5, "tf.linalg.diag.padding_value": 7,
    "tf.linalg.lstsq.l2_regularizer": 1.0, "tf.linalg.pinv.rcond": 0.5, "tf.linalg.qr.full_matrices": True,
    "tf.linalg.svd.full_matrices": True, "tf.linalg.svd.compute_uv": False, "tf.linalg.triangular_solve.lower": False,
    "tf.image.adjust_gamma.gamma": 2, "tf.image.adjust_gamma.gain": 0.5, "tf.image.convert_image_dtype.saturate": True,
    "tf.image.resize_with_pad.method": "nearest", "tf.image.resize_with_pad.antialias": True,
    "tf.image.resize.method": "nearest", "tf.image.resize.preserve_aspect_ratio": True,
    "tf.image.resize.antialias": True, "tf.io.decode_image.dtype": "float32", "tf.io.decode_png.dtype": "float32",
    "tf.io.decode_image.expand_animations": False, "tf.io.decode_jpeg.ratio": 2,
    "tf.io.decode_jpeg.fancy_upscaling": False, "tf.io.decode_jpeg.try_recover_truncated": True,
    "tf.io.decode_jpeg.acceptable_fraction": 0.5, "tf.io.encode_jpeg.format": "grayscale",
    "tf.io.encode_jpeg.quality": 10, "tf.io.encode_jpeg.progressive": True, "tf.io.encode_jpeg.optimize_size": True,
    "tf.io.encode_jpeg.chroma_downsampling": False, "tf.io.encode_jpeg.density_unit": "cm",
    "tf.io.encode_jpeg.x_density": 72, "tf.io.encode_jpeg.y_density": 72, "tf.io.encode_jpeg.xmp_metadata": "<x/>",
    "tf.io.encode_png.compression": 99, "tf.random.categorical.dtype": "int32", "tf.random.split.num": 3,
    "tf.random.poisson.dtype": "int32", "tf.random.Generator.copy_from": 5, "tf.random.Generator.state": 5,
    "tf.strings.reduce_join.axis": 0, "tf.strings.regex_replace.replace_global": False, "tf.strings.split.sep": ",",
    "tf.strings.split.maxsplit": 0, "tf.strings.to_number.out_type": "int32",
    "tf.strings.unicode_split.errors": "ignore", "tf.strings.unicode_split.replacement_char": 63,
    "tf.debugging.assert_near.rtol": 1e9, "tf.debugging.assert_near.atol": 1e9, "tf.rank.dtype": None,
    "tf.config.set_visible_devices.device_type": "CPU", "tf.size.out_type": "int64",
}
PARTICULAR |= {key.replace("tf.bincount", "tf.math.bincount"): value for key, value in PARTICULAR.items()}
# Functions whose arguments have tests of their own.
ELSEWHERE = {"TensorArray": "test_tf_control.py", "CheckpointManager": "test_tf_train.py",
             "Checkpoint": "test_tf_train.py", "get_checkpoint_state": "test_tf_train.py",
             "latest_checkpoint": "test_tf_train.py"} | dict.fromkeys(SIGNATURES["tf.summary"], "test_tf_summary.py")


def optional_arguments():
    for title, namespace in NAMESPACES.items():
        for name in public_names(title):
            if name in ELSEWHERE or title == "tf.image" and name in SIGNATURES["tf.io"]:
                continue
            for parameter in inspect.signature(getattr(namespace, name)).parameters.values():
                if parameter.default is not parameter.empty and parameter.name != "name" \
                        and parameter.name not in NO_EFFECT:
                    yield title, name, parameter.name


def base_call(title, name, argument):
    for key in (f"{title}.{name}.{argument}", f"{title}.{name}"):
        if key in CALLS:
            return CALLS[key][:2]
    if title in TABLES and name in TABLES[title][1]:
        return TABLES[title][1][name][:2]
    pytest.fail(f"CALLS needs a call of {title}.{name}")


def outcome(function, arguments, keywords):
    """What a call does: types, shapes and values of the results, or the error."""
    def described(value):
        if isinstance(value, tuple | list | dict) and not isinstance(value, np.ndarray):
            return [described(part) for part in (value.values() if isinstance(value, dict) else value)]
        if isinstance(value, tn.Tensor | np.ndarray):
            array = np.asarray(value)
            return str(array.dtype), array.shape, array.tolist()
        return value

    try:
        with np.errstate(all="ignore"):
            return described(function(*arguments, **keywords))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def gradient_is_cut(function, arguments, keywords):
    """`back_prop`: whether gradients stop."""
    x = tn.Variable(np.array(arguments[1] if function.__name__ != "while_loop" else 1.0))
    given = [arguments[0], x, *arguments[2:]]
    if function.__name__ == "while_loop":
        given = [lambda i, x: i < 2, lambda i, x: (i + 1, x * 2), (0, x)]
    with tn.GradientTape() as tape:
        y = function(*given, **keywords)
        y = tf.reduce_sum(y[1] if isinstance(y, tuple) else y)
    return tape.gradient(y, x) is None


@pytest.fixture(scope="module")
def pictures():
    image = pytest.importorskip("PIL.Image")
    found = {}
    for kind in ("PNG", "JPEG", "BMP"):
        buffer = io.BytesIO()
        image.fromarray(IMAGE).save(buffer, kind)
        found[kind] = buffer.getvalue()
    return found


@pytest.mark.parametrize(("title", "name", "argument"), sorted(set(optional_arguments())))
def test_an_unusual_value_is_honoured_or_refused(title, name, argument, request):
    function = getattr(NAMESPACES[title], name)
    arguments, keywords = base_call(title, name, argument)
    if title == "tf.io" and name.startswith("decode"):
        kind = {"decode_bmp": "BMP", "decode_jpeg": "JPEG"}.get(name, "PNG")
        arguments = (request.getfixturevalue("pictures")[kind],)
    if title == "tf.io" and name.startswith("encode"):
        request.getfixturevalue("pictures")
    key = f"{title}.{name}.{argument}"
    if key not in PARTICULAR and argument not in UNUSUAL:
        pytest.fail(f"PARTICULAR needs an unusual value of {key}")
    value = PARTICULAR[key] if key in PARTICULAR else UNUSUAL[argument]
    if argument == "back_prop":
        assert gradient_is_cut(function, arguments, {argument: value})
        assert not gradient_is_cut(function, arguments, {})
        return
    position = list(inspect.signature(function).parameters).index(argument)
    usual = outcome(function, arguments, keywords)
    unusual = (outcome(function, (*arguments[:position], value, *arguments[position + 1:]), keywords)
               if position < len(arguments) else outcome(function, arguments, keywords | {argument: value}))
    assert str(unusual) != str(usual), f"{key}={value!r} makes no difference"
    if isinstance(unusual, str) and unusual.startswith(("TypeError", "ValueError", "NotImplementedError")) \
            and not (isinstance(usual, str) and usual[:10] == unusual[:10]):
        assert argument in unusual, f"the error does not name {argument}: {unusual}"
