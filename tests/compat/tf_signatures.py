"""The arguments of TensorFlow 2.21's functions, from its documentation: name(arguments), `name` itself left out.

An argument without "=" is required. "*x" and "**x" stand for any number. Element types are written as texts.
"""

UNARY = dict.fromkeys((
    "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "erf", "erfc", "erfinv",
    "exp", "expm1", "floor", "is_finite", "is_inf", "is_nan", "log", "log1p", "log_sigmoid", "logical_not",
    "negative", "reciprocal", "round", "rsqrt", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "tan",
    "tanh",
), "x")
BINARY = dict.fromkeys((
    "add", "divide", "divide_no_nan", "equal", "floordiv", "floormod", "greater", "greater_equal", "less",
    "less_equal", "logical_and", "logical_or", "logical_xor", "maximum", "minimum", "mod", "multiply",
    "multiply_no_nan", "not_equal", "pow", "squared_difference", "subtract", "truediv",
), "x, y")
REDUCTIONS = {f"reduce_{name}": "input_tensor, axis=None, keepdims=False" for name in (
    "all", "any", "euclidean_norm", "logsumexp", "max", "mean", "min", "prod", "std", "sum", "variance",
)}
SHARED = UNARY | BINARY | REDUCTIONS | {
    "add_n": "inputs", "argmax": "input, axis=None, output_type='int64'",
    "argmin": "input, axis=None, output_type='int64'", "atan2": "y, x",
    "bincount": "arr, weights=None, minlength=None, maxlength=None, dtype='int32', axis=None, binary_output=False",
    "cumprod": "x, axis=0, exclusive=False, reverse=False", "cumsum": "x, axis=0, exclusive=False, reverse=False",
    "einsum": "equation, *inputs, **kwargs",
    "eye": "num_rows, num_columns=None, batch_shape=None, dtype='float32'", "in_top_k": "targets, predictions, k",
    "l2_normalize": "x, axis=None, epsilon=1e-12", "log_softmax": "logits, axis=None",
    "matmul": "a, b, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False, a_is_sparse=False, "
              "b_is_sparse=False, output_type=None, grad_a=False, grad_b=False",
    "norm": "tensor, ord='euclidean', axis=None, keepdims=None", "softmax": "logits, axis=None",
    "softplus": "features", "softsign": "features", "tensordot": "a, b, axes",
    "top_k": "input, k=1, sorted=True, index_type='int32'",
}
_LOOP = "parallel_iterations=10, back_prop=True, swap_memory=False"
TOP = {
    "Module": "", "TensorArray": "dtype, size=None, dynamic_size=None, clear_after_read=None, tensor_array_name=None, "
    "handle=None, flow=None, infer_shape=True, element_shape=None, colocate_with_first_write_call=True",
    "IndexedSlices": "values, indices, dense_shape=None",
    "TensorShape": "dims", "argsort": "values, axis=-1, direction='ASCENDING', stable=False", "as_dtype": "type_value",
    "as_string": "input, precision=-1, scientific=False, shortest=False, width=-1, fill=''",
    "boolean_mask": "tensor, mask, axis=None", "broadcast_to": "input, shape",
    "case": "pred_fn_pairs, default=None, exclusive=False, strict=False", "cast": "x, dtype",
    "clip_by_global_norm": "t_list, clip_norm, use_norm=None", "clip_by_norm": "t, clip_norm, axes=None",
    "clip_by_value": "t, clip_value_min, clip_value_max", "concat": "values, axis",
    "cond": "pred, true_fn=None, false_fn=None", "constant": "value, dtype=None, shape=None",
    "convert_to_tensor": "value, dtype=None, dtype_hint=None", "custom_gradient": "f=None", "ensure_shape": "x, shape",
    "expand_dims": "input, axis", "fill": "dims, value", "foldl": f"fn, elems, initializer=None, {_LOOP}",
    "foldr": f"fn, elems, initializer=None, {_LOOP}",
    "gather": "params, indices, validate_indices=None, axis=None, batch_dims=0",
    "gather_nd": "params, indices, batch_dims=0, bad_indices_policy=''", "identity": "input", "is_tensor": "x",
    "linspace": "start, stop, num, axis=0",
    "map_fn": "fn, elems, dtype=None, parallel_iterations=None, back_prop=None, swap_memory=False, infer_shape=True, "
              "fn_output_signature=None",
    "meshgrid": "*args, **kwargs", "one_hot": "indices, depth, on_value=None, off_value=None, axis=None, dtype=None",
    "ones": "shape, dtype='float32'", "ones_like": "input, dtype=None",
    "pad": "tensor, paddings, mode='CONSTANT', constant_values=0", "range": "start, limit=None, delta=1, dtype=None",
    "rank": "input", "repeat": "input, repeats, axis=None", "reshape": "tensor, shape", "reverse": "tensor, axis",
    "roll": "input, shift, axis",
    "scan": f"fn, elems, initializer=None, {_LOOP}, infer_shape=True, reverse=False",
    "scatter_nd": "indices, updates, shape",
    "searchsorted": "sorted_sequence, values, side='left', out_type='int32'",
    "sequence_mask": "lengths, maxlen=None, dtype='bool'", "shape": "input, out_type='int32'",
    "size": "input, out_type='int32'", "slice": "input_, begin, size",
    "sort": "values, axis=-1, direction='ASCENDING'", "split": "value, num_or_size_splits, axis=0, num=None",
    "squeeze": "input, axis=None", "stack": "values, axis=0", "stop_gradient": "input",
    "strided_slice": "input_, begin, end, strides=None, begin_mask=0, end_mask=0, ellipsis_mask=0, new_axis_mask=0, "
                     "shrink_axis_mask=0, var=None",
    "switch_case": "branch_index, branch_fns, default=None",
    **{f"tensor_scatter_nd_{name}": "tensor, indices, updates" for name in ("add", "max", "min", "sub", "update")},
    "tile": "input, multiples", "transpose": "a, perm=None, conjugate=False", "unique": "x, out_idx='int32'",
    "unique_with_counts": "x, out_idx='int32'", "unstack": "value, num=None, axis=0",
    "vectorized_map": "fn, elems, fallback_to_while_loop=True, warn=True", "where": "condition, x=None, y=None",
    "while_loop": "cond, body, loop_vars, shape_invariants=None, parallel_iterations=10, back_prop=True, "
                  "swap_memory=False, maximum_iterations=None",
    "zeros": "shape, dtype='float32'", "zeros_like": "input, dtype=None",
    "function": "func=None, input_signature=None, autograph=True, jit_compile=None, reduce_retracing=False, "
                "experimental_implements=None, experimental_autograph_options=None, experimental_attributes=None, "
                "experimental_relax_shapes=None, experimental_compile=None, experimental_follow_type_hints=None",
}
MATH = {
    "accumulate_n": "inputs, shape=None, tensor_dtype=None",
    "confusion_matrix": "labels, predictions, num_classes=None, weights=None, dtype='int32'",
    "count_nonzero": "input, axis=None, keepdims=None, dtype='int64'", "segment_sum": "data, segment_ids",
    "unsorted_segment_sum": "data, segment_ids, num_segments",
}
NN = {
    **dict.fromkeys(("avg_pool", "max_pool"), "input, ksize, strides, padding, data_format=None"),
    **dict.fromkeys(("avg_pool2d", "max_pool2d"), "input, ksize, strides, padding, data_format='NHWC'"),
    "batch_normalization": "x, mean, variance, offset, scale, variance_epsilon",
    "bias_add": "value, bias, data_format=None",
    "conv2d": "input, filters, strides, padding, data_format='NHWC', dilations=None",
    "conv2d_transpose": "input, filters, output_shape, strides, padding='SAME', data_format='NHWC', dilations=None",
    "dropout": "x, rate, noise_shape=None, seed=None", "elu": "features", "relu": "features", "relu6": "features",
    "selu": "features", "embedding_lookup": "params, ids, max_norm=None", "gelu": "features, approximate=False",
    "l2_loss": "t", "leaky_relu": "features, alpha=0.2", "moments": "x, axes, shift=None, keepdims=False",
    "sigmoid_cross_entropy_with_logits": "labels=None, logits=None", "silu": "features, beta=1.0",
    "swish": "features, beta=1.0", "softmax_cross_entropy_with_logits": "labels, logits, axis=-1",
    "sparse_softmax_cross_entropy_with_logits": "labels, logits",
    "weighted_cross_entropy_with_logits": "labels, logits, pos_weight",
}
_DIAGONALS = "k=0, padding_value=0, align='RIGHT_LEFT'"
LINALG = {
    "band_part": "input, num_lower, num_upper", "cholesky": "input", "cross": "a, b", "det": "input", "eigh": "tensor",
    "diag": "diagonal, k=0, num_rows=-1, num_cols=-1, padding_value=0, align='RIGHT_LEFT'",
    "diag_part": f"input, {_DIAGONALS}", "global_norm": "t_list", "inv": "input, adjoint=False", "logdet": "matrix",
    "lstsq": "matrix, rhs, l2_regularizer=0.0, fast=True", "matrix_transpose": "a, conjugate=False",
    "matvec": "a, b, transpose_a=False, adjoint_a=False, a_is_sparse=False, b_is_sparse=False",
    "pinv": "a, rcond=None, validate_args=False", "qr": "input, full_matrices=False", "slogdet": "input",
    "solve": "matrix, rhs, adjoint=False", "svd": "tensor, full_matrices=False, compute_uv=True", "trace": "x",
    "triangular_solve": "matrix, rhs, lower=True, adjoint=False",
}
IMAGE = {
    "adjust_brightness": "image, delta", "adjust_contrast": "images, contrast_factor",
    "adjust_gamma": "image, gamma=1, gain=1", "adjust_hue": "image, delta",
    "adjust_saturation": "image, saturation_factor", "central_crop": "image, central_fraction",
    "convert_image_dtype": "image, dtype, saturate=False",
    **{f"{name}_bounding_box": "image, offset_height, offset_width, target_height, target_width"
       for name in ("crop_to", "pad_to")},
    "extract_patches": "images, sizes, strides, rates, padding", "flip_left_right": "image", "flip_up_down": "image",
    "grayscale_to_rgb": "images", "hsv_to_rgb": "images", "per_image_standardization": "image",
    "random_brightness": "image, max_delta, seed=None", "random_contrast": "image, lower, upper, seed=None",
    "random_crop": "value, size, seed=None", "random_flip_left_right": "image, seed=None",
    "random_flip_up_down": "image, seed=None", "random_hue": "image, max_delta, seed=None",
    "random_saturation": "image, lower, upper, seed=None",
    "resize": "images, size, method='bilinear', preserve_aspect_ratio=False, antialias=False",
    "resize_with_crop_or_pad": "image, target_height, target_width",
    "resize_with_pad": "image, target_height, target_width, method='bilinear', antialias=False",
    "rgb_to_grayscale": "images", "rgb_to_hsv": "images", "rot90": "image, k=1",
    "stateless_random_brightness": "image, max_delta, seed",
    "stateless_random_contrast": "image, lower, upper, seed", "stateless_random_crop": "value, size, seed",
    "stateless_random_flip_left_right": "image, seed", "stateless_random_flip_up_down": "image, seed",
    "transpose": "image",
}
PICTURES = {
    "decode_bmp": "contents, channels=0", "decode_image": "contents, channels=None, dtype='uint8', "
    "expand_animations=True, max_bytes=None",  # the last is tinynet's own
    "decode_jpeg": "contents, channels=0, ratio=1, fancy_upscaling=True, try_recover_truncated=False, "
                   "acceptable_fraction=1, dct_method=''",
    "decode_png": "contents, channels=0, dtype='uint8'",
    "encode_jpeg": "image, format='', quality=95, progressive=False, optimize_size=False, chroma_downsampling=True, "
                   "density_unit='in', x_density=300, y_density=300, xmp_metadata=''",
    "encode_png": "image, compression=-1",
}
IO = PICTURES | {"read_file": "filename", "write_file": "filename, contents"}
_NORMAL = "mean=0.0, stddev=1.0, dtype='float32'"
RANDOM = {
    "categorical": "logits, num_samples, dtype=None, seed=None", "fold_in": "seed, data, alg='auto_select'",
    "gamma": "shape, alpha, beta=None, dtype='float32', seed=None", "normal": f"shape, {_NORMAL}, seed=None",
    "poisson": "shape, lam, dtype='float32', seed=None", "set_seed": "seed", "shuffle": "value, seed=None",
    "split": "seed, num=2, alg='auto_select'", "stateless_normal": f"shape, seed, {_NORMAL}, alg='auto_select'",
    "stateless_truncated_normal": f"shape, seed, {_NORMAL}, alg='auto_select'",
    "stateless_uniform": "shape, seed, minval=0, maxval=None, dtype='float32', alg='auto_select'",
    "truncated_normal": f"shape, {_NORMAL}, seed=None",
    "uniform": "shape, minval=0, maxval=None, dtype='float32', seed=None",
    "Generator": "copy_from=None, state=None, alg=None",
}
STRINGS = {
    "as_string": TOP["as_string"], "join": "inputs, separator=''", "length": "input, unit='BYTE'",
    "lower": "input, encoding=''", "upper": "input, encoding=''",
    "reduce_join": "inputs, axis=None, keepdims=False, separator=''", "regex_full_match": "input, pattern",
    "regex_replace": "input, pattern, rewrite, replace_global=True", "split": "input, sep=None, maxsplit=-1",
    "strip": "input", "substr": "input, pos, len, unit='BYTE'", "to_number": "input, out_type='float32'",
    "unicode_split": "input, input_encoding, errors='replace', replacement_char=65533",
}
DEBUGGING = {
    **{f"assert_{name}": "x, y, message=None, summarize=None"
       for name in ("equal", "greater", "greater_equal", "less", "less_equal")},
    "assert_near": "x, y, rtol=None, atol=None, message=None, summarize=None",
    "assert_non_negative": "x, message=None, summarize=None", "assert_none_equal": "x, y, summarize=None, message=None",
    "assert_positive": "x, message=None, summarize=None", "assert_rank": "x, rank, message=None",
    "check_numerics": "tensor, message",
}
TRAIN = {
    "Checkpoint": "root=None, **kwargs",
    "CheckpointManager": "checkpoint, directory, max_to_keep, keep_checkpoint_every_n_hours=None, "
    "checkpoint_name='ckpt', step_counter=None, checkpoint_interval=None, init_fn=None, last_checkpoint_step=None",
    "get_checkpoint_state": "checkpoint_dir, latest_filename=None",
    "latest_checkpoint": "checkpoint_dir, latest_filename=None",
}
SUMMARY = {
    "create_file_writer": "logdir, max_queue=None, flush_millis=None, filename_suffix=None",
    "histogram": "name, data, step=None, buckets=None, description=None",
    "image": "name, data, step=None, max_outputs=3, description=None",
    "scalar": "name, data, step=None, description=None", "text": "name, data, step=None, description=None",
}
CONFIG = {
    **dict.fromkeys(("list_logical_devices", "list_physical_devices", "get_visible_devices"), "device_type=None"),
    "functions_run_eagerly": "", "run_functions_eagerly": "run_eagerly",
    "set_visible_devices": "devices, device_type=None",
}
SIGNATURES = {
    "tf": SHARED | TOP, "tf.math": SHARED | MATH, "tf.nn": SHARED | NN, "tf.linalg": SHARED | LINALG,
    "tf.image": IMAGE | PICTURES, "tf.io": IO, "tf.random": RANDOM, "tf.strings": STRINGS, "tf.debugging": DEBUGGING,
    "tf.train": TRAIN, "tf.summary": SUMMARY, "tf.config": CONFIG, "tf.dtypes": {"cast": "x, dtype",
                                                                               "as_dtype": "type_value"},
}
