"""The names that Keras or TensorFlow has and tinynet has not: what each is, why it is missing, what to use.

Loaded when a program uses a name that a module does not have: core/absence.py calls `explain` and `explain_import`.
"""

import importlib
import sys
from types import ModuleType
from typing import Any

from ..core.absence import known_absent
from ..core.naming import unknown_name


def _names(names, reason):
    return dict.fromkeys(names.split(), reason)


_OTHER_FRAMEWORKS = "wraps a layer of another framework; write it as a tinynet Layer, or use Keras itself"
_AUDIO = "turns sound into pictures; compute the spectrogram with scipy.signal and pass the arrays to fit"
_DEVICES = "spreads work over GPUs, TPUs or machines; tinynet runs on one CPU, on all its cores, so leave it out"
_MODEL_PARALLEL = ("cuts single weights into parts; here every process has the whole model, see "
                   "distribution.DataParallel")
_PRECISION = "is about 16-bit arithmetic on GPUs; the CPU kernels have float32 and float64, so leave it out"
_GRAPHS = "belongs to TensorFlow 1's graphs and sessions; here, as in TensorFlow 2, every line runs at once"
_SAVED_MODEL = "writes TensorFlow's own format; use model.save('name.keras') or model.save_weights('name.weights.h5')"
_COMPLEX = "needs complex numbers, which no kernel has; use numpy or scipy on tensor.numpy()"
_RAGGED = "has rows of different lengths; pad them with keras.utils.pad_sequences or Dataset.padded_batch"
_ESTIMATORS = "left TensorFlow itself with version 2.16; build a keras.Sequential and call fit()"
_OLD_WRAPPERS = "was removed from Keras; use keras.wrappers.SKLearnClassifier or SKLearnRegressor"
_QUANTIZATION = "is about 8-bit arithmetic in large pretrained models; tinynet has float32 and float64"

ABSENT = {
    "keras": {
        **_names("dtype_policies FloatDTypePolicy", _PRECISION),
        **_names("quantizers Quantizer", _QUANTIZATION),
        **_names("experimental", "holds what was new in TensorFlow 2.0; use the name itself in keras.layers, "
                                 "keras.optimizers or keras.utils"),
        **_names("estimator", _ESTIMATORS),
        **_names("distillation", "trains small models on large ones; override compute_loss of a Model instead"),
        **_names("remat RematScope StatelessScope SymbolicScope Operation Function KerasTensor device name_scope",
                 "is about how Keras runs on its backends; tinynet has one, which needs none of it"),
        **_names("export", _SAVED_MODEL),
        **_names("visualization", "draws object detections, which are outside its scope; use matplotlib"),
    },
    "keras.distribution": _names("ModelParallel LayoutMap DeviceMesh TensorLayout distribute_tensor get_device_count",
                                 _MODEL_PARALLEL),
    "tf.distribute": {
        **_names("TPUStrategy", _DEVICES),
        **_names("ParameterServerStrategy cluster_resolver coordinator Server InputContext ReplicaContext "
                 "CrossDeviceOps HierarchicalCopyAllReduce NcclAllReduce ReductionToOneDevice get_replica_context "
                 "in_cross_replica_context StrategyExtended",
                 "is about how TensorFlow's processes find and answer each other, which mpirun does here; use "
                 "tinynet.distribution.DataParallel"),
    },
    "keras.layers": {
        **_names("ConvLSTM1D ConvLSTM2D ConvLSTM3D", "is rarely used; use TimeDistributed(Conv2D(...)) and then LSTM"),
        **_names("GroupQueryAttention", "is for large language models; use MultiHeadAttention"),
        **_names("ReversibleEmbedding", "is for large language models; use Embedding, and ops.matmul with "
                                        "its transpose"),
        **_names("HashedCrossing", "crosses features, which networks learn by themselves; use Hashing of the joined "
                                   "strings"),
        **_names("RandomHeight RandomWidth", "was removed from Keras 3; use RandomZoom"),
        **_names("TFSMLayer JaxLayer FlaxLayer TorchModuleWrapper", _OTHER_FRAMEWORKS),
        **_names("MelSpectrogram STFTSpectrogram", _AUDIO),
        **_names("CuDNNLSTM CuDNNGRU", "is TensorFlow 1's name for the layer on a GPU; use LSTM or GRU"),
        **_names("DenseFeatures", "takes feature columns, which are deprecated; use Normalization, StringLookup "
                                  "and CategoryEncoding"),
        **_names("ContrastLimitedAdaptiveHistogramEqualization", "is layers.Augment('clahe') here"),
        **_names("MaxNumBoundingBoxes", "is for object detection, which is outside its scope"),
        **_names("LocallyConnected1D LocallyConnected2D", "was removed from Keras 3; use Conv1D or Conv2D"),
        **_names("ThresholdedReLU", "was removed from Keras 3; use ReLU(threshold=...)"),
        **_names("Merge merge", "is Keras 1's; use Add, Concatenate, Multiply, ..."),
        **_names("MaxoutDense Highway", "is Keras 1's; write it as a Layer from Dense layers"),
        **_names("convolutional embeddings advanced_activations",
                 "is where Keras kept these layers once; write `from tinynet.keras.layers import ...`"),
    },
    "keras.layers.Layer": {
        **_names("add_metric", "was removed from Keras 3; make a keras.metrics.Metric in __init__ and call "
                               "its update_state in call"),
        **_names("add_update get_updates_for", _GRAPHS + "; assign to the weight in call"),
    },
    "keras.optimizers": {
        **_names("LossScaleOptimizer", _PRECISION),
        **_names("MultiOptimizer OptimizerMap", "has an optimizer for each layer; write a train_step with two "
                                                "optimizers"),
        **_names("ScheduleFreeAdamW", "is newer than this library's surface; use AdamW with a schedule"),
        **_names("TFOptimizer", _GRAPHS),
    },
    "keras.callbacks": {
        **_names("OrbaxCheckpoint", "writes the format of a JAX library; use ModelCheckpoint"),
    },
    "keras.utils": {
        **_names("FeatureSpace", "encodes tables; use the preprocessing layers (Normalization, StringLookup, ...)"),
        **_names("audio_dataset_from_directory", "reads sound files; read them with scipy.io.wavfile and use "
                                                 "tf.data.Dataset.from_tensor_slices"),
        **_names("bounding_boxes", "is for object detection, which is outside its scope"),
        **_names("model_to_dot", "writes the language of graphviz, a program of its own; use keras.utils.plot_model, "
                                 "whose result has to_svg()"),
        **_names("multi_gpu_model", "copies a model to several GPUs; for several processes, use "
                                    "distribution.DataParallel"),
        **_names("HDF5Matrix", "was removed from Keras; read the file with h5py"),
    },
    "keras.initializers": _names("STFT STFTInitializer stft", _AUDIO),
    "keras.applications": {
        **_names("ConvNeXtBase ConvNeXtLarge ConvNeXtSmall ConvNeXtTiny ConvNeXtXLarge EfficientNetV2B0 "
                 "EfficientNetV2B1 EfficientNetV2B2 EfficientNetV2B3 EfficientNetV2L EfficientNetV2M EfficientNetV2S "
                 "InceptionResNetV2 MobileNetV3Large MobileNetV3Small NASNetLarge NASNetMobile convnext "
                 "efficientnet_v2 inception_resnet_v2 mobilenet_v3 nasnet",
                 "is a less common network; use EfficientNetB0, MobileNetV2 or ResNet50, or build the model in Keras, "
                 "save it with model.save('name.keras') and load that file here"),
    },
    "keras.wrappers": _names("KerasClassifier KerasRegressor", _OLD_WRAPPERS),
    "keras.wrappers.scikit_learn": _names("KerasClassifier KerasRegressor", _OLD_WRAPPERS),
    "keras.models": _names("model_from_yaml", "was removed from Keras since YAML can run code; use model_from_json"),
    "keras.ops": {
        **_names("angle conj conjugate fft fft2 ifft2 imag irfft istft polar real rfft stft view_as_complex "
                 "view_as_real", _COMPLEX),
        **_names("ctc_decode ctc_loss", "aligns sequences, which is outside its scope"),
        **_names("lu_factor", "needs a part of LAPACK that NumPy has not; use ops.solve, or scipy.linalg.lu_factor"),
        **_names("fold unfold", "takes pictures apart into patches with torch's arguments; use ops.conv with a kernel "
                                "of ones and zeros, or layers.Conv2D"),
        **_names("adaptive_average_pool adaptive_max_pool",
                 "is rarely used; use ops.mean or ops.max over the axes, or windows that fit with ops.average_pool"),
        **_names("rearrange", "is a language of its own for axes; use ops.reshape and ops.transpose"),
        **_names("nn numpy", "is another name of keras.ops; write keras.ops.relu, keras.ops.mean"),
    },
    "tf": {
        **_names("Session InteractiveSession placeholder get_default_graph Graph global_variables_initializer "
                 "variable_scope get_variable contrib app flags ConfigProto GPUOptions disable_v2_behavior "
                 "logging", _GRAPHS),
        **_names("estimator feature_column", _ESTIMATORS),
        **_names("tpu", _DEVICES),
        **_names("saved_model lite", _SAVED_MODEL),
        **_names("sparse SparseTensor", "stores zeros implicitly; use an ordinary tensor"),
        **_names("ragged RaggedTensor", _RAGGED),
        **_names("signal", _COMPLEX),
        **_names("audio", _AUDIO),
        **_names("sets", "compares rows as sets; use Python's sets, or numpy.intersect1d and the like"),
        **_names("lookup", "maps text to numbers; use keras.layers.StringLookup"),
        **_names("py_function numpy_function", "lets a graph run Python; here everything is Python, so call "
                                               "the function directly"),
        **_names("hessians gradients", "belongs to TensorFlow 1's graphs; use GradientTape"),
        **_names("bfloat16", _PRECISION),
        **_names("complex64 complex128", _COMPLEX),
        **_names("profiler", "measures TensorFlow's runtime; use Python's cProfile"),
        **_names("queue raw_ops", "belongs to TensorFlow's runtime, which is not here"),
    },
    "tf.data": {
        **_names("TFRecordDataset", "reads TensorFlow's own format; keep arrays with numpy.savez"),
        **_names("Options ThreadingOptions", "tunes TensorFlow's runtime, which is not here; leave it out"),
    },
    "tf.image": {
        **_names("ssim ssim_multiscale psnr total_variation sobel_edges image_gradients "
                 "non_max_suppression draw_bounding_boxes combined_non_max_suppression crop_and_resize",
                 "is a less common operation on pictures; compute it with tinynet.ops"),
    },
    "tf.io": {
        **_names("TFRecordWriter parse_single_example parse_example parse_tensor serialize_tensor FixedLenFeature",
                 "is about TensorFlow's own format; keep arrays with numpy.savez"),
        **_names("decode_csv", "reads lines of numbers; use tf.data.experimental.CsvDataset, or pandas"),
        **_names("decode_raw", "reads numbers from bytes; use numpy.frombuffer"),
    },
    "tf.data.experimental": {
        **_names("make_csv_dataset", "guesses the types of columns; read the file with pandas and use "
                 "Dataset.from_tensor_slices, or pass the types to CsvDataset"),
        **_names("dense_to_ragged_batch", _RAGGED),
    },
    "tf.errors": {
        **_names("InvalidArgumentError FailedPreconditionError ResourceExhaustedError UnimplementedError "
                 "InternalError OpError", "is an error of TensorFlow's runtime; tinynet raises Python's ValueError "
                                          "and TypeError"),
        **_names("OutOfRangeError", "is TensorFlow's signal that data has ended; Python raises StopIteration"),
        **_names("NotFoundError", "is an error of TensorFlow's runtime; Python raises FileNotFoundError"),
    },
    "tf.strings": _names("bytes_split unicode_decode unicode_encode unicode_script",
                         "takes text apart by characters; use Python's own str"),
    "tf.summary": _names("trace_on trace_off trace_export graph", "shows TensorFlow's graphs, of which there are none; "
                                                                  "leave it out"),
    "tf.train": {
        **_names("Example Features Feature BytesList FloatList Int64List SequenceExample",
                 "is about TensorFlow's own format of data; keep arrays with numpy.savez"),
        **_names("load_checkpoint list_variables load_variable checkpoints_iterator Saver",
                 "reads TensorFlow's own format; use model.save_weights('name.weights.h5')"),
        **_names("AdamOptimizer GradientDescentOptimizer MomentumOptimizer RMSPropOptimizer AdagradOptimizer",
                 "is TensorFlow 1's; use keras.optimizers"),
        **_names("Coordinator ClusterSpec Server", _DEVICES),
    },
    "tf.random": _names("get_global_generator set_global_generator create_rng_state Algorithm",
                        "is TensorFlow's way of seeding; use tf.random.Generator.from_seed(...) or seed=..."),
    "tf.config": {
        **_names("threading", "sets thread pools of TensorFlow; use tinynet.set_num_threads"),
        **_names("optimizer", "tunes graphs, of which there are none; leave it out"),
        **_names("experimental_connect_to_cluster", _DEVICES),
    },
    "tf.nn": {
        **_names("ctc_loss ctc_greedy_decoder", "aligns sequences, which is outside its scope"),
        **_names("conv3d max_pool3d avg_pool3d", "works on volumes; use keras.layers.Conv3D, MaxPooling3D "
                                                 "and AveragePooling3D"),
        **_names("sampled_softmax_loss nce_loss", "samples from very many classes; use "
                                                  "sparse_softmax_cross_entropy_with_logits"),
        **_names("rnn_cell static_rnn dynamic_rnn", _GRAPHS),
    },
}

# Old modules, loaded at their first use.
_OLD_MODULES = {
    "tinynet.data": ("experimental",),
    "tinynet.layers": ("experimental",),
    "tinynet.optimizers": ("experimental", "legacy"),
    "tinynet.utils": ("np_utils", "vis_utils"),
}

# Where Keras 2 had layers that are now in another module.
_MOVED_FROM = {"tinynet.layers.core": "tinynet.layers"}

# Modules that are a namespace of TensorFlow as well as one of Keras, and the module with the names that only
# TensorFlow's has.
_TF_NAMESPACES = {"random": "tinynet.compat.tf.random", "config": "tinynet.compat.tf.config", "errors": None}


# Rooms that neither Keras nor TensorFlow has.
_OWN_ROOMS = frozenset({"augment", "lab", "lessons", "plots", "textbook"})


def titles(module_name: str) -> list[str]:
    """Return the names under which the users know a module of this package.

    >>> titles("tinynet.layers"), titles("tinynet.random"), titles("tinynet.compat.tf.image"), titles("tinynet.plots")
    (['keras.layers'], ['keras.random', 'tf.random'], ['tf.image'], ['tinynet.plots'])
    """
    inner = module_name.removeprefix("tinynet").removeprefix(".").removeprefix("core.")
    if not inner:
        return ["tf", "keras"]
    if inner.startswith("compat.tf"):
        return [inner.removeprefix("compat.")]
    if inner == "keras" or inner.startswith("keras."):
        return [inner]
    if inner.split(".")[0] == "data":
        return [f"tf.{inner}"]
    if inner.split(".")[0] in _OWN_ROOMS:
        return [module_name]
    return [f"keras.{inner}"] + [f"tf.{inner}"] * (inner in _TF_NAMESPACES)


def reason(title: str, name: str) -> str | None:
    """Return why a name is absent, a text that follows "it"; None if the table does not have the name."""
    return ABSENT.get(title, {}).get(name)


def explain(module_name: str, name: str) -> Any:
    """Return what a module's `__getattr__` returns for a name that the module does not have.

    Args:
        module_name: Of the module.
        name: The name that it does not have.

    Returns:
        An old module of this name, what Keras 2 had here, or what only TensorFlow's namespace has.

    Raises:
        NotInTinynetError: Keras or TensorFlow has the name and tinynet does not.
        AttributeError: neither of the three has it; the message proposes the nearest names.
    """
    if name in _OLD_MODULES.get(module_name, ()):
        return importlib.import_module(f"{module_name}.{name}")
    if name.startswith("_"):
        raise AttributeError(f"module {module_name!r} has no attribute {name!r}")
    moved_to = sys.modules.get(_MOVED_FROM.get(module_name, ""))
    if moved_to is not None and name in moved_to.__all__:
        return getattr(moved_to, name)
    further = _TF_NAMESPACES.get(module_name.removeprefix("tinynet."))
    if further is not None and name in importlib.import_module(further).__all__:
        return getattr(importlib.import_module(further), name)
    for title in titles(module_name):
        known_absent(title, name)
    module = sys.modules[module_name]
    names = [known for known in getattr(module, "__all__", dir(module)) if not known.startswith("_")]
    if module_name == "tinynet":
        names += importlib.import_module("tinynet.compat.tf.names").__all__
    raise AttributeError(unknown_name(f"name in {titles(module_name)[0]}:", name, names))


def explain_import(package: ModuleType, name: str) -> None:
    """Explain `from package import name` where the package does not have the name.

    Raises:
        ImportError: always, unless the name is found after all.
    """
    if hasattr(package, name):  # tf.math, tf.nn, ...
        title = f"{titles(package.__name__)[0]}.{name}"
        raise ImportError(f"{title} is not a module to import from; write {title}.something where it is used",
                          name=name)
    try:
        explain(package.__name__, name)
    except AttributeError as error:
        raise ImportError(str(error), name=name) from None
