"""Probe: what it sees, and that nobody notices."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import callbacks, layers

rng = np.random.default_rng(0)
X = rng.standard_normal((40, 8, 8, 1)).astype("float32")
Y = rng.integers(0, 3, 40)


def new_model():
    tn.utils.set_random_seed(0)
    model = tn.Sequential([
        tn.Input((8, 8, 1)), layers.Conv2D(4, 3, name="conv"), layers.BatchNormalization(name="norm"),
        layers.Activation("relu", name="relu"), layers.Flatten(name="flat"),
        tn.Sequential([layers.Dropout(0.5, name="drop"), layers.Dense(5, "relu", name="inner")]),
        layers.Dense(3, name="last"),
    ])
    model.compile("adam", tn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


@pytest.mark.parametrize("every", [1, 3, "epoch"])
def test_training_is_the_same_with_and_without(every):
    results = []
    for extra in ([], [callbacks.Probe(every=every)]):
        model = new_model()
        history = model.fit(X, Y, batch_size=8, epochs=3, validation_split=0.2, verbose=0, callbacks=extra)
        results.append((history.history, model.get_weights() + model.optimizer.get_weights()))
    assert results[0][0] == results[1][0]
    for a, b in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_is_seen_is_what_is_there():
    """One batch without random layers, whose activations and gradients can be computed again."""
    model = tn.Sequential([tn.Input((6,)), layers.Dense(5, "relu", name="a"), layers.Dense(1, name="b")])
    model.compile("sgd", "mse")
    x, y = X[:8, :6, 0, 0], X[:8, 0, 0]
    before = model.get_weights()
    hidden = np.asarray(model.layers[0](x))
    kernel, bias = list(model.gradients(x, y).values())[:2]
    probe = callbacks.Probe(every=1)
    model.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0, callbacks=[probe])
    expected = {
        ("a", "activation"): hidden, ("a", "weight"): np.concatenate([before[0].ravel(), before[1]]),
        ("a", "gradient"): np.concatenate([kernel.ravel(), bias]),
    }
    for key, values in expected.items():
        series = probe[key]
        assert series.steps.tolist() == [0] and series.counts.shape == (1, 30) and series.edges.shape == (1, 31)
        for name, value in [("mean", values.mean()), ("std", values.std()), ("min", values.min()),
                            ("max", values.max()), ("zeros", (values == 0).mean()), ("norm", np.linalg.norm(values))]:
            assert getattr(series, name)[0] == pytest.approx(value, rel=1e-5, abs=1e-7), (key, name)
        assert series.counts.sum() == values.size
    assert 0 < probe["a", "activation"].zeros[0] < 1


def test_when_and_where_it_looks(tmp_path, capsys):
    probe = callbacks.Probe(every=4, csv=tmp_path / "probe.csv")
    new_model().fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=[probe])  # 5 batches an epoch
    assert probe["last", "gradient"].steps.tolist() == [0, 4, 8]
    assert {name for name, _ in probe.series} == {"conv", "norm", "relu", "flat", "drop", "inner", "last"}
    assert ("drop", "weight") not in probe.series and ("relu", "activation") in probe.series
    lines = (tmp_path / "probe.csv").read_text().splitlines()
    assert lines[0] == "step,layer,what,mean,std,min,max,zeros,norm" and len(lines) == 1 + 3 * (7 + 4 + 4)
    probe.summary()
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == ["layer", "what", "step", "mean", "std", "min", "max", "zeros", "norm"]
    assert len(table) == 1 + 7 + 4 + 4 and table[1].split()[:3] == ["conv", "activation", "8"]

    probe = callbacks.Probe(layers=["last"], what="weight", every="epoch")
    new_model().fit(X, Y, batch_size=8, epochs=3, verbose=0, callbacks=[probe])
    assert list(probe.series) == [("last", "weight")] and probe["last", "weight"].steps.tolist() == [0, 5, 10]


def test_a_model_without_input_and_one_that_diverges():
    model = tn.Sequential([layers.Dense(4, name="a"), layers.Dense(1, name="b")])
    model.compile(tn.optimizers.SGD(1e12), "mse")
    probe = callbacks.Probe(every=1)
    model.fit(X[:, :, 0, 0], X[:, 0, 0, 0], epochs=6, batch_size=20, verbose=0, callbacks=[probe])
    assert len(probe["b", "activation"]) == 12 and np.isnan(probe["b", "weight"].mean[-1])


def test_nothing_is_left_behind():
    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise InterruptedError

    model = new_model()
    probe = callbacks.Probe(every=1)
    with pytest.raises(InterruptedError):
        model.fit(X, Y, verbose=0, callbacks=[Stop(), probe])
    seen = len(probe["last", "activation"])
    model.predict(X, verbose=0)
    assert len(probe["last", "activation"]) == seen


@pytest.mark.parametrize(("arguments", "message"), [
    ({"what": "weights"}, "what must be of 'activation', 'gradient', 'weight'"), ({"every": 0}, "every must be"),
    ({"every": "batch"}, "every must be"),
])
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        callbacks.Probe(**arguments)


def test_layers_and_series_that_are_not_there():
    with pytest.raises(ValueError, match="no layer 'dense'. Layers: \\['conv'"):
        new_model().fit(X, Y, verbose=0, callbacks=[callbacks.Probe(["dense"])])
    with pytest.raises(KeyError, match="has seen no"):
        callbacks.Probe()["a", "weight"]
