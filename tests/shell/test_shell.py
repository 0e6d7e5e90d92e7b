"""`tinynet.keras` is the same modules, tf's names do what TensorFlow does, and missing names explain themselves."""

import importlib
import subprocess
import sys
from inspect import getattr_static

import numpy as np
import pytest

import tinynet as tf
from tinynet import keras
from tinynet.compat.absent import ABSENT
from tinynet.core.absence import AbsentName
from tinynet.core.errors import NotInTinynetError


@pytest.mark.parametrize("line", [
    "from tinynet.keras.layers import Dense; assert Dense is tinynet.layers.Dense",
    "import tinynet.keras.layers as L; assert L is tinynet.layers",
    "import tinynet.keras.datasets.fashion_mnist as m; assert m is tinynet.datasets.fashion_mnist",
    "from tinynet.keras.datasets import fashion_mnist, mnist; assert mnist is tinynet.datasets.mnist",
    "from tinynet.keras import layers, models, datasets, regularizers; assert models is tinynet.models",
    "from tinynet.keras.models import Sequential; assert Sequential is tinynet.Sequential",
    "from tinynet.keras.utils import to_categorical, np_utils; assert np_utils.to_categorical is to_categorical",
    "from tinynet.keras.utils.np_utils import to_categorical",
    "from tinynet.keras.preprocessing.image import ImageDataGenerator, load_img",
    "from tinynet.keras.preprocessing.text import Tokenizer",
    "from tinynet.keras.preprocessing.sequence import pad_sequences",
    "from tinynet.keras.preprocessing import image, sequence",
    "from tinynet.keras.optimizers.legacy import Adam; assert Adam is tinynet.optimizers.Adam",
    "from tinynet.keras.optimizers.schedules import ExponentialDecay",
    "from tinynet.keras.layers.experimental import preprocessing; assert preprocessing.Dense is tinynet.layers.Dense",
    "from tinynet.keras.layers.experimental.preprocessing import Dense",
    "from tinynet.keras import backend as K; assert K.epsilon() == 1e-7",
    "import tinynet.keras.backend as K; assert K is tinynet.keras.backend",
    "from tinynet.keras.layers import *; Dense",
    "from tinynet.keras.losses import mse, MAE, kld, logcosh; assert mse is tinynet.losses.mean_squared_error",
    "from tinynet.keras.metrics import mse, MAE",
    "from tinynet import tf; assert tf.__version__ >= '2' and tf.keras is tinynet.keras; import tinynet.tf as again",
    "import tinynet.tf; from tinynet.tf.keras.layers import Dense; assert Dense is tinynet.layers.Dense",
    "from tinynet.data import Dataset; assert Dataset is tinynet.data.Dataset",
    "import tinynet.keras.utils.numerical; assert tinynet.utils.__spec__.name == 'tinynet.utils'",
])
def test_imports(line):
    program = f"import tinynet\n{line}\nimport sys\n" + (
        "for name, module in list(sys.modules.items()):\n"
        "    own = 'backend', 'mixed_precision', 'same_modules', 'tree'\n"
        "    if name.startswith('tinynet.keras.') and name.removeprefix('tinynet.keras.') not in own:\n"
        "        assert module is sys.modules['tinynet.' + name.removeprefix('tinynet.keras.')], name\n")
    run = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_nothing_heavy_is_imported():
    program = ("import sys, tinynet as tf\n"
               "assert not {'matplotlib', 'PIL', 'h5py', 'onnx', 'sklearn', 'scipy', 'pandas'} & set(sys.modules)\n"
               "tf.reduce_mean, tf.image, tf.strings, tf.io, tf.debugging, tf.nn.relu\n"
               "assert 'PIL' not in sys.modules")
    assert subprocess.run([sys.executable, "-P", "-c", program]).returncode == 0


@pytest.mark.parametrize("title", sorted(ABSENT))
def test_names_of_the_table_explain_themselves(title):
    namespace = {"tf": tf, "keras": keras}
    parent = importlib.import_module("tinynet." + title) if "scikit_learn" in title else eval(title, namespace)
    parent = parent() if isinstance(parent, type) else parent
    for name in ABSENT[title]:
        if name in dir(parent) and not isinstance(getattr_static(parent, name), AbsentName):
            # It has been added: take it out of the table.
            pytest.fail(f"{title}.{name} is there")
        with pytest.raises((NotInTinynetError, ImportError), match="is not part of tinynet: it "):
            getattr(parent, name)


@pytest.mark.parametrize("room", ["augment", "datasets", "lab", "lessons", "plots", "textbook"])
def test_a_missing_name_of_a_room_is_explained_where_it_was_asked_for(room):
    """The message names the room as the user wrote it; neither Keras nor TensorFlow has the most of them."""
    title = f"keras.{room}" if room == "datasets" else f"tinynet.{room}"
    module = importlib.import_module(f"tinynet.{room}")
    with pytest.raises(AttributeError, match=f"unknown name in {title}: 'nonsense'"):
        module.nonsense  # noqa: B018
    with pytest.raises(ImportError, match=f"unknown name in {title}: 'nonsense'"):
        exec(f"from tinynet.{room} import nonsense")
    assert getattr(module, "__wrapped__", None) is None  # what Python itself asks for is no user's mistake


def test_imports_of_missing_names():
    with pytest.raises(ImportError, match="keras.layers.ConvLSTM2D is not part of tinynet: it is rarely used"):
        from tinynet.keras.layers import ConvLSTM2D  # noqa: F401
    with pytest.raises(ImportError, match=r"Augment\('clahe'\)"):
        from tinynet.keras.layers import ContrastLimitedAdaptiveHistogramEqualization  # noqa: F401
    with pytest.raises(ImportError, match="did you mean 'Conv2D'"):
        from tinynet.keras.layers import Conv2d  # noqa: F401
    with pytest.raises(ImportError, match="unknown name"):
        import tinynet.keras.nonsense  # noqa: F401
    with pytest.raises(ImportError, match="keras.applications.NASNetLarge is not part of tinynet: it is a less common"):
        from tinynet.keras.applications import NASNetLarge  # noqa: F401
    with pytest.raises(ImportError, match="less common network"):
        from tinynet.keras.applications.mobilenet_v3 import preprocess_input  # noqa: F401
    with pytest.raises(ImportError, match="use keras.wrappers.SKLearnClassifier"):
        from tinynet.keras.wrappers.scikit_learn import KerasClassifier  # noqa: F401
    with pytest.raises(ImportError, match="tf.math is not a module to import from"):
        from tinynet.math import reduce_mean  # noqa: F401
    with pytest.raises(ImportError, match="GPUs, TPUs"):
        from tinynet import tpu  # noqa: F401


@pytest.mark.parametrize("expression, hint", [
    ("keras.layers.Dens", "Dense"), ("keras.Sequentia", "Sequential"), ("tf.reduce_men", "reduce_mean"),
    ("tf.nn.relux", "relu"), ("tf.image.resiz", "resize"), ("tf.data.Datasets", "Dataset"),
    ("keras.optimizers.Adamm", "Adam"), ("keras.utils.to_categoricals", "to_categorical"),
])
def test_did_you_mean(expression, hint):
    with pytest.raises(AttributeError, match=f"did you mean '{hint}'"):
        eval(expression)


def test_hasattr_and_dir():
    assert not hasattr(tf, "nonsense") and not hasattr(keras.layers, "ConvLSTM2D") and hasattr(tf, "constant")
    assert "Dense" in dir(keras.layers) and not hasattr(keras.layers, "__nonsense__")


def test_tf_around_keras():
    assert np.dtype("f4") == tf.float32 and tf.constant([1, 2]).dtype == tf.int32 and tf.string.kind == "O"
    assert tf.config.list_physical_devices("GPU") == [] and tf.test.gpu_device_name() == ""
    assert tf.config.experimental.list_physical_devices("CPU")[0].device_type == "CPU"
    tf.config.experimental.enable_op_determinism()
    with tf.device("/CPU:0"):
        assert tf.ones(3)[tf.newaxis].shape == (1, 3)
    with pytest.raises(ValueError, match="runs on the CPU"), tf.device("/GPU:0"):
        pass
    assert tf.executing_eagerly() and tf.keras is keras

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def double(x):
        return 2 * x

    assert double(tf.constant([1.0])).tolist() == [2.0]
    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
    with pytest.raises(NotInTinynetError, match="TensorFlow 1"):
        tf.compat.v1.Session  # noqa: B018
    tf.random.set_seed(5)
    first = tf.random.normal([2]).tolist()
    tf.random.set_seed(5)
    assert tf.random.normal([2]).tolist() == first
    assert tf.Variable(initial_value=3.0, trainable=False).numpy() == 3 and tf.zeros_initializer()((2,)).shape == (2,)


def test_tf_nn():
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 3)).astype("f4")
    kernel = np.random.default_rng(1).normal(size=(3, 3, 3, 4)).astype("f4")
    np.testing.assert_array_equal(tf.nn.conv2d(x, kernel, strides=[1, 2, 2, 1], padding="SAME"),
                                  tf.ops.conv2d(x, kernel, strides=2, padding="same"))
    assert tf.nn.max_pool2d(x, 2, 2, "VALID").shape == tf.nn.avg_pool(x, [1, 2, 2, 1], 2, "VALID").shape == (2, 2, 2, 3)
    with pytest.raises(ValueError, match="must be 1 along the batch"):
        tf.nn.max_pool2d(x, [2, 2, 2, 1], 2, "VALID")
    mean, variance = tf.nn.moments(x, axes=[0, 1, 2])
    normal = tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)
    assert abs(normal.data.mean()) < 1e-6
    assert tf.nn.dropout(tf.ones(1000), 0.5).data.max() == 2 and tf.nn.bias_add(x, np.ones(3, "f4")).shape == x.shape


def test_debugging(capsys):
    tf.debugging.assert_equal([1, 2], [1, 2])
    with pytest.raises(ValueError, match="sizes: assert_less does not hold"):
        tf.debugging.assert_less(3, 2, message="sizes")
    tf.debugging.assert_near(1.0, 1.0 + 1e-7)
    tf.print("x:", tf.constant([1.0, 2.0]), output_stream=sys.stdout)
    assert capsys.readouterr().out == "x: [1. 2.]\n"


def test_what_a_module_lacks_is_said_as_attribute_and_as_name():
    for name in ("MelSpectrogram", "GroupQueryAttention"):
        with pytest.raises(AttributeError, match=f"keras.layers.{name} is not part of tinynet: it "):
            getattr(tf.keras.layers, name)


def test_the_population_pass_of_the_slide_is_found_without_an_import():
    assert tf.batchnorm.estimate_population.__module__ == "tinynet.models.population"


def test_further_names_of_tutorials():
    y = np.array([[1.0, 2.0]], "f4"), np.array([[2.0, 4.0]], "f4")
    assert keras.losses.mae(*y).tolist() == keras.losses.MAE(*y).tolist() == [1.5]
    assert keras.losses.MSE(*y).tolist() == [2.5]
    assert keras.utils.custom_object_scope is keras.saving.custom_object_scope
    assert keras.config.disable_traceback_filtering() is None and not keras.config.is_traceback_filtering_enabled()
    assert keras.config.enable_traceback_filtering() is None and keras.config.is_traceback_filtering_enabled()
    assert tf.compat.as_bytes("é") == b"\xc3\xa9" and tf.compat.as_str(b"a") == tf.compat.as_text("a") == "a"
    assert tf.TensorShape([None, 3]) == (None, 3)
    assert tf.sequence_mask([1, 3], maxlen=4, dtype=tf.float32).tolist() == [[1, 0, 0, 0], [1, 1, 1, 0]]
    assert tf.sequence_mask(tf.constant([[2], [0]])).shape == (2, 1, 2) and tf.sequence_mask([], 2).shape == (0, 2)
    x, other = tf.Variable(2.0), tf.Variable([1.0, 1.0])
    with tf.GradientTape() as tape:
        z = x * x
    assert tape.gradient(z, other, unconnected_gradients=tf.UnconnectedGradients.ZERO).tolist() == [0, 0]
    seeds = tf.random.split(tf.random.split((1, 2))[0], num=3)
    assert seeds.shape == (3, 2) and len(np.unique(seeds)) == 6
    assert tf.random.fold_in((1, 2), 3).tolist() == tf.random.fold_in((1, 2), 3).tolist() != [1, 2]
