"""What students get wrong is named, with the remedy; and correct code hears nothing."""

import warnings

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers, losses, metrics, ops
from tinynet.core.errors import ModelWarning

rng = np.random.default_rng(0)
X = rng.standard_normal((40, 6)).astype("float32")
LABELS = np.arange(40) % 3
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
BINARY = (LABELS == 0).astype("float32")
IMAGES = rng.integers(0, 256, (20, 8, 8, 1)).astype("uint8")


def dense(units, activation=None):
    return tn.Sequential([tn.Input((6,)), layers.Dense(units, activation)])


def from_logits(name, **options):
    return getattr(losses, name)(from_logits=True, **options)


def fit(model, loss, y, x=X, **options):
    model.compile("sgd", loss)
    model.fit(x, y, verbose=0, **options)


WARNED = {
    "softmax, from_logits": (dense(3, "softmax"), from_logits("SparseCategoricalCrossentropy"), LABELS,
                             "from_logits=True, but the model's outputs are probabilities already"),
    "softmax layer": (tn.Sequential([layers.Dense(3), layers.Softmax()]), from_logits("CategoricalCrossentropy"),
                      ONE_HOT, "Take softmax out of the last layer, or set from_logits=False"),
    "logits": (dense(3), "sparse_categorical_crossentropy", LABELS,
               "from_logits=False, but the model's outputs are no probabilities"),
    "logits, one-hot": (dense(3), "categorical_crossentropy", ONE_HOT,
                        "Use from_logits=True, or activation=\"softmax\""),
    "sigmoid, categorical": (dense(3, "sigmoid"), "categorical_crossentropy", ONE_HOT, "those of a sigmoid do not"),
    "sigmoid, from_logits": (dense(1, "sigmoid"), from_logits("BinaryCrossentropy"), BINARY,
                             "the last layer applies sigmoid already"),
    "binary logits": (dense(1), "binary_crossentropy", BINARY, "Use from_logits=True, or activation=\"sigmoid\""),
    "one softmax": (dense(1, "softmax"), "binary_crossentropy", BINARY, "softmax over one output is always 1"),
    "softmax, binary": (dense(3, "softmax"), "binary_crossentropy", ONE_HOT, "softmax makes the 3 outputs one choice"),
    "binary of classes": (dense(1, "sigmoid"), "binary_crossentropy", LABELS, "needs targets from 0 to 1"),
    "-1 and 1": (dense(1, "sigmoid"), "binary_crossentropy", 2 * BINARY - 1, "needs targets from 0 to 1"),
    "sigmoid, mse": (dense(1, "sigmoid"), "mse", 10 * BINARY, "gives values from 0 to 1 only"),
    "relu, mse": (dense(1, "relu"), "mse", -BINARY, "but relu in the last layer gives no value below 0"),
    "poisson": (dense(1), "poisson", BINARY, "poisson takes the logarithm of the outputs"),
    "two targets": (dense(1), "mse", X[:, :2], "Give the last layer 2 units"),
}


@pytest.mark.parametrize("case", WARNED)
def test_what_is_warned_of(case):
    model, loss, y, message = WARNED[case]
    model = type(model).from_config(model.get_config())
    model.compile("sgd", loss)
    with pytest.warns(ModelWarning) as seen:
        model.fit(X, y, verbose=0)
    assert len(seen) == 1 and message in str(seen[0].message) and str(seen[0].message).startswith(model.name)
    assert seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y, verbose=0)  # once is enough


class FromFunction(tn.Model):
    def __init__(self, last):
        super().__init__()
        self.dense, self.last = layers.Dense(3), last

    def call(self, x):
        return self.last(self.dense(x))


def test_a_subclassed_model_is_judged_by_its_outputs():
    with pytest.warns(ModelWarning, match="outputs are probabilities already"):
        fit(FromFunction(ops.softmax), from_logits("SparseCategoricalCrossentropy"), LABELS)
    with pytest.warns(ModelWarning, match="no probabilities"):
        fit(FromFunction(lambda x: x), "sparse_categorical_crossentropy", LABELS)


class Squared(losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


class Reshaped(Squared):
    def call(self, y_true, y_pred):
        return super().call(ops.reshape(y_true, (-1, 1)), y_pred)


def test_flat_targets_against_a_column():
    with pytest.warns(ModelWarning, match=r"broadcast to \(32, 32\).*Reshape y to \(-1, 1\)"):
        fit(dense(1), Squared(), X[:, 0])


@pytest.mark.parametrize("dtype", ["uint8", "float32", "int64"])
@pytest.mark.parametrize("flat", [True, False])
def test_unscaled_images(dtype, flat):
    def model():
        first = [layers.Flatten()] if flat else [layers.Conv2D(2, 3), layers.Flatten()]
        return tn.Sequential([*first, layers.Dense(3)])

    loss = from_logits("SparseCategoricalCrossentropy")
    x = IMAGES[..., 0].astype(dtype) if flat else IMAGES.astype(dtype)
    with pytest.warns(ModelWarning, match=r"Divide them by 255.0 .* or begin with Rescaling"):
        fit(model(), loss, LABELS[:20], x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(model(), loss, LABELS[:20], x / 255)
        fit(tn.Sequential([layers.BatchNormalization(), *model().layers]), loss, LABELS[:20], x)
        fit(tn.Sequential([layers.Flatten(), layers.Dense(4), layers.BatchNormalization(), layers.Dense(3)]), loss,
            LABELS[:20], x)


AT_A_HALF = {
    "accuracy": r"accuracy takes .* activation=\"sigmoid\" .* in place of accuracy, BinaryAccuracy\(threshold=0\)",
    "acc": r"in place of acc, BinaryAccuracy\(threshold=0\)",
    "binary_accuracy": r"in place of binary_accuracy, BinaryAccuracy\(threshold=0\)",
    metrics.binary_accuracy: "binary_accuracy takes the outputs for probabilities",
    metrics.Precision(name="p"): r"in place of p, Precision\(thresholds=0\)",
    metrics.Recall: r"in place of recall\w*, Recall\(thresholds=0\)",
    "AUC": r"in place of AUC, AUC\(from_logits=True\)",
    metrics.BinaryCrossentropy(): r"BinaryCrossentropy\(from_logits=True\)",
    metrics.FalseNegatives(name="fn"): "fn takes the outputs for probabilities .*=False$",
    metrics.F1Score(threshold=0.5): "f1_score takes the outputs for probabilities .*=False$",
    metrics.BinaryIoU(): r"BinaryIoU\(threshold=0\)",
}


@pytest.mark.parametrize("metric", AT_A_HALF)
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_judged_at_a_half(metric, weighted):
    model = dense(1)
    model.compile("sgd", from_logits("BinaryCrossentropy"), **{"weighted_metrics" if weighted else "metrics": [metric]})
    with pytest.warns(ModelWarning, match=AT_A_HALF[metric]) as seen:
        model.fit(X, BINARY[:, None], verbose=0)
    assert len(seen) == 1


def test_metrics_that_take_scores():
    binary = [metrics.BinaryAccuracy(threshold=0), metrics.Precision(thresholds=0), metrics.AUC(from_logits=True),
              "mse", metrics.BinaryCrossentropy(from_logits=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for model, loss, y, right in (
            (dense(1), from_logits("BinaryCrossentropy"), BINARY[:, None], binary),
            (dense(3), from_logits("CategoricalCrossentropy"), ONE_HOT, ["accuracy", metrics.Precision(top_k=1)]),
            (dense(3), from_logits("SparseCategoricalCrossentropy"), LABELS, ["accuracy"]),
            (dense(1, "sigmoid"), "binary_crossentropy", BINARY[:, None], ["accuracy", "AUC", "Precision"]),
        ):
            model.compile("sgd", loss, metrics=right)
            model.fit(X, y, verbose=0)
    model = dense(3)
    model.compile("sgd", from_logits("CategoricalCrossentropy"), metrics=["accuracy", metrics.AUC(name="area")])
    with pytest.warns(ModelWarning, match="area takes the outputs .*activation=\"softmax\" in the last .*=False$"):
        model.fit(X, ONE_HOT, verbose=0)


def two_outputs(kind, found):
    inputs = tn.Input((6,))
    return tn.Model(inputs, {"kind": layers.Dense(3, kind)(inputs),
                             "found": layers.Reshape((1,))(layers.Dense(1, found)(inputs))})


def test_several_outputs():
    model = two_outputs("softmax", "sigmoid")
    y = {"kind": LABELS, "found": BINARY[:, None]}
    model.compile("sgd", {"kind": from_logits("SparseCategoricalCrossentropy"),
                          "found": from_logits("BinaryCrossentropy")})
    with pytest.warns(ModelWarning) as seen:
        model.fit(X, y, verbose=0)
    texts = sorted(str(one.message) for one in seen)
    assert len(texts) == 2
    assert "output 'found': binary_crossentropy has from_logits=True, but the last layer applies sigmoid" in texts[0]
    assert "output 'kind': sparse_categorical_crossentropy has from_logits=True" in texts[1]

    model = two_outputs(None, None)
    losses_ = {"kind": from_logits("SparseCategoricalCrossentropy"), "found": from_logits("BinaryCrossentropy")}
    model.compile("sgd", losses_, metrics={"kind": "accuracy", "found": ["accuracy"]})
    with pytest.warns(ModelWarning, match="output 'found': accuracy takes the outputs for probabilities") as seen:
        model.fit(X, y, verbose=0)
    assert len(seen) == 1
    assert {"kind_accuracy", "found_accuracy"} < set(model.history.history)
    with pytest.raises(ValueError, match="label 4 at index 7 of y of output 'kind'; the model has 3 classes"):
        model.fit(X, {**y, "kind": np.where(np.arange(40) == 7, 4, LABELS)}, verbose=0)

    model = two_outputs("softmax", "sigmoid")
    model.compile("sgd", {"kind": "sparse_categorical_crossentropy", "found": "binary_crossentropy"},
                  metrics={"kind": "accuracy", "found": ["accuracy", "AUC"]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y, verbose=0)


def test_functional_models_are_looked_through():
    inputs = tn.Input((6,))
    inner = tn.Sequential([tn.Input((6,)), layers.Dense(1, "sigmoid"), layers.Flatten()])
    with pytest.warns(ModelWarning, match="the last layer applies sigmoid already"):
        fit(tn.Model(inputs, inner(inputs)), from_logits("BinaryCrossentropy"), BINARY)
    image = tn.Input((8, 8, 1))
    with pytest.warns(ModelWarning, match="Divide them by 255.0"):
        fit(tn.Model(image, layers.Dense(3)(layers.Flatten()(layers.Conv2D(2, 3)(image)))),
            from_logits("SparseCategoricalCrossentropy"), LABELS[:20], IMAGES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaled = layers.Conv2D(2, 3)(layers.Rescaling(1 / 255)(image))
        fit(tn.Model(image, layers.Dense(3)(layers.Flatten()(scaled))), from_logits("SparseCategoricalCrossentropy"),
            LABELS[:20], IMAGES)


CORRECT = {
    "softmax": (dense(3, "softmax"), "sparse_categorical_crossentropy", LABELS),
    "softmax, one-hot": (dense(3, "softmax"), "categorical_crossentropy", ONE_HOT),
    "logits": (dense(3), from_logits("SparseCategoricalCrossentropy"), LABELS),
    "logits, column": (dense(3), from_logits("SparseCategoricalCrossentropy"), LABELS[:, None]),
    "ignored": (dense(3), from_logits("SparseCategoricalCrossentropy", ignore_class=-1), LABELS - (LABELS == 2) * 3),
    "sigmoid": (dense(1, "sigmoid"), "binary_crossentropy", BINARY),
    "sigmoid, column": (dense(1, "sigmoid"), "binary_crossentropy", BINARY[:, None]),
    "soft labels": (dense(1, "sigmoid"), "binary_crossentropy", 0.1 + 0.8 * BINARY),
    "several labels": (dense(3, "sigmoid"), "binary_crossentropy", ONE_HOT),
    "two classes, one-hot": (dense(2, "softmax"), "binary_crossentropy", ONE_HOT[:, :2]),
    "binary logits": (dense(1), from_logits("BinaryCrossentropy"), BINARY),
    "regression": (dense(1), "mse", X[:, 0]),
    "regression, column": (dense(1), "mse", X[:, :1]),
    "regression, several": (dense(3), "mae", X[:, :3]),
    "tanh": (dense(1, "tanh"), "mse", np.tanh(X[:, 0])),
    "own loss": (dense(1), Squared(), X[:, :1]),
    "own loss that reshapes": (dense(1), Reshaped(), X[:, 0]),
    "function": (dense(1), lambda y, p: ops.mean(ops.square(y - p), axis=-1), X[:, 0]),
    "hinge": (dense(1, "tanh"), "hinge", 2 * BINARY - 1),
}


@pytest.mark.parametrize("case", CORRECT)
def test_correct_code_hears_nothing(case):
    model, loss, y = CORRECT[case]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(model, loss, y)


def test_the_slide_that_diverges_runs():
    """Row 39: y of shape (5,), ten outputs, batches of one."""
    model = tn.Sequential([layers.Dense(10)])
    with pytest.warns(ModelWarning, match="10 outputs but y has one number a sample"):
        fit(model, "mse", np.zeros(5), np.arange(100).reshape(5, 20), epochs=10, batch_size=1)
    assert len(model.history.history["loss"]) == 10


@pytest.mark.parametrize(("model", "loss", "y", "message"), [
    (dense(3, "softmax"), "categorical_crossentropy", LABELS, r"use sparse_.*to_categorical\(y, 3\)"),
    (dense(3, "softmax"), "categorical_crossentropy", LABELS[:, None], r"use sparse_.*to_categorical\(y, 3\)"),
    (dense(3, "sigmoid"), "binary_crossentropy", LABELS, "the model has 3 outputs, but y has one number a sample"),
    (dense(1, "sigmoid"), "binary_crossentropy", ONE_HOT, "3 outputs with softmax and categorical_crossentropy"),
    (dense(3, "softmax"), "sparse_categorical_crossentropy", ONE_HOT, "Use categorical_crossentropy"),
])
def test_what_cannot_be_meant(model, loss, y, message):
    with pytest.raises(ValueError, match=message):
        fit(model, loss, y)


def test_as_many_outputs_as_samples_in_the_batch():
    """The one shape besides (1,) that the loss takes; what it refuses is not advised on as if it ran."""
    with pytest.warns(ModelWarning, match="each output with the target of another sample"):
        fit(dense(8), "mse", BINARY[:8], X[:8])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="do not match"):
            fit(dense(3), "mse", BINARY[:8], X[:8])


def test_labels_are_counted_in_the_users_array():
    y = np.zeros(1000, int)
    y[[523, 777]] = 10
    x = np.zeros((1000, 6))
    model = dense(10)
    loss = from_logits("SparseCategoricalCrossentropy")
    with pytest.raises(ValueError, match="label 10 at index 523 of y, and 1 more; the model has 10 classes"):
        fit(model, loss, y, x)
    with pytest.raises(ValueError, match="label 10 at index 123 of the validation targets"):
        fit(model, loss, y[:500], x[:500], validation_data=(x[400:], y[400:]))
    with pytest.raises(ValueError, match="label -1 at index 7 of y;"):
        fit(model, loss, np.where(np.arange(1000) == 7, -1, 0), x)


def test_nan_in_validation_data_is_named():
    bad = X.copy()
    bad[3, 2] = np.nan
    with pytest.raises(ValueError, match=r"validation: x has 1 of 240 values .* x\[3, 2\]"):
        fit(dense(1), "mse", X[:, 0], validation_data=(bad, X[:, 0]))


def test_training_without_an_optimizer():
    model = dense(1)
    model.compile(optimizer=None, loss="mse")
    assert model.evaluate(X, X[:, 0], verbose=0) > 0
    for train in (lambda: model.fit(X, X[:, 0]), lambda: model.train_on_batch(X, X[:, 0])):
        with pytest.raises(RuntimeError, match="compiled with optimizer=None"):
            train()
