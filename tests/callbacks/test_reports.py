"""Callbacks that report, set rates and stop: what they write, and what they refuse."""

import contextlib
import http.server
import json
import threading
import urllib.parse

import numpy as np
import pytest

import tinynet as tn
from tinynet import callbacks, layers

X = np.linspace(-1, 1, 24, dtype="float32").reshape(8, 3)
Y = X.sum(axis=1, keepdims=True)


def fit(*used, optimizer=None, **options):
    tn.utils.set_random_seed(0)
    model = tn.Sequential([tn.Input((3,)), layers.Dense(1)])
    model.compile(optimizer or tn.optimizers.SGD(0.5), "mse", metrics=["mae"])
    model.fit(X, Y, callbacks=list(used), **{"verbose": 0, "epochs": 2, **options})
    return model


def test_csv_has_a_line_as_soon_as_its_epoch_ends(tmp_path):
    path = tmp_path / "log.csv"
    lines = []
    fit(callbacks.CSVLogger(path),
        callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: lines.append(path.read_bytes().count(b"\r\n"))),
        epochs=3)
    assert lines == [2, 3, 4]
    assert path.read_text().splitlines()[0] == "epoch,loss,mae,val_loss,val_mae"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_is_separated_as_asked(tmp_path, separator):
    path = tmp_path / "log.csv"
    fit(callbacks.CSVLogger(path, separator), epochs=1)
    fit(callbacks.CSVLogger(path, separator=separator, append=True), epochs=1)
    header, *lines = (line.split(separator) for line in path.read_text().splitlines())
    assert header == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert [[line[0], *line[3:]] for line in lines] == [["0", "NA", "NA"]] * 2


def test_lambda_callback_calls_what_it_was_given():
    seen = []
    hooks = {name: lambda *args, name=name: seen.append(name)
             for name in ("on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end",
                          "on_epoch_end", "on_train_end", "on_test_begin")}
    fit(callbacks.LambdaCallback(**hooks), epochs=1, validation_data=(X, Y))
    assert seen == ["on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_test_begin",
                    "on_epoch_end", "on_train_end"]
    with pytest.raises(TypeError, match="no hook 'on_epoch_ends'; there are .*on_epoch_end"):
        callbacks.LambdaCallback(on_epoch_ends=print)


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.received.append((self.path, self.headers["Content-Type"], self.headers.get("X-Key"), body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def server():
    with http.server.HTTPServer(("127.0.0.1", 0), Server) as running:
        running.received = []
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join()


@pytest.mark.parametrize("as_json", [False, True])
def test_remote_monitor(as_json):
    with server() as running:
        root = f"http://127.0.0.1:{running.server_port}"
        fit(callbacks.RemoteMonitor(root, path="/p", field="d", headers={"X-Key": "1"}, send_as_json=as_json))
    assert len(running.received) == 2
    path, kind, key, body = running.received[1]
    report = json.loads(body if as_json else urllib.parse.parse_qs(body)["d"][0])
    assert path == "/p" and key == "1" and kind.endswith("json" if as_json else "urlencoded")
    assert report["epoch"] == 1 and set(report) == {"epoch", "loss", "mae"}


def test_a_server_that_does_not_answer_is_a_warning():
    with pytest.warns(UserWarning, match="http://127.0.0.1:9 cannot be reached .* training goes on"):
        fit(callbacks.RemoteMonitor("http://127.0.0.1:9"), epochs=1)
    with pytest.raises(ValueError, match="must begin with http"):
        callbacks.RemoteMonitor("file:///etc")


def test_messages_of_rates(capsys):
    fit(callbacks.LearningRateScheduler(lambda epoch: 0.25, verbose=1), epochs=1)
    assert "Epoch 1: LearningRateScheduler sets the learning rate to 0.25." in capsys.readouterr().out
    model = fit(callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=99, factor=0.5, verbose=1), epochs=2)
    assert "Epoch 2: ReduceLROnPlateau lowers the learning rate to 0.25." in capsys.readouterr().out
    assert float(model.optimizer.learning_rate) == 0.25


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: callbacks.LearningRateScheduler(0.1), TypeError, "must be a function"),
    (lambda: callbacks.ReduceLROnPlateau(factor=1.0), ValueError, "factor must be below 1"),
    (lambda: fit(callbacks.LearningRateScheduler(lambda epoch: "fast")), ValueError, "must return a float, got 'fast'"),
    (lambda: fit(callbacks.LearningRateScheduler(lambda epoch, rate: 0.1),
                 optimizer=tn.optimizers.SGD(tn.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5))),
     TypeError, "follows a"),
    (lambda: fit(callbacks.SwapEMAWeights(), validation_data=(X, Y)), ValueError, "use_ema=True"),
    (lambda: callbacks.TensorBoard(profile_batch=2), NotImplementedError, "no profiler"),
    (lambda: callbacks.TensorBoard(embeddings_freq=1), NotImplementedError, "projector"),
    (lambda: callbacks.TensorBoard(update_freq=0), ValueError, "update_freq"),
])
def test_what_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_an_error_within_a_schedule_is_not_hidden():
    with pytest.raises(TypeError, match="unsupported operand"):
        fit(callbacks.LearningRateScheduler(lambda epoch, rate: rate + None))


@pytest.mark.parametrize("raises", [False, True])
def test_terminate_on_nan_names_epoch_and_batch(raises, capsys):
    terminate = callbacks.TerminateOnNaN(raise_error=raises)
    if raises:
        with pytest.raises(RuntimeError, match=r"the loss is (inf|nan) in epoch \d+, batch \d"):
            fit(terminate, optimizer=tn.optimizers.SGD(1e9), batch_size=4, epochs=9)
    else:
        model = fit(terminate, optimizer=tn.optimizers.SGD(1e9), batch_size=4, epochs=9)
        assert len(model.history.epoch) < 9 and "training stops" in capsys.readouterr().out


def test_a_model_that_diverges_goes_on():
    model = fit(optimizer=tn.optimizers.SGD(1e9), epochs=30)
    assert len(model.history.epoch) == 30 and np.isnan(model.history.history["loss"][-1])


def test_averages_are_in_the_model_after_training():
    model = fit(callbacks.SwapEMAWeights(), optimizer=tn.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5))
    averages = model.optimizer._averages
    for weight, average in zip(model.trainable_variables, averages, strict=True):
        np.testing.assert_array_equal(weight.numpy(), average.numpy())


def events(folder):
    """{tag: [(step, value or kind)]} of the event files in a folder."""
    from tensorboardX.proto.event_pb2 import Event

    found = {}
    for path in folder.glob("events*"):
        data = path.read_bytes()
        while data:  # length, its checksum, the record, its checksum
            length = int.from_bytes(data[:8], "little")
            event = Event.FromString(data[12:12 + length])
            data = data[16 + length:]
            for value in event.summary.value:
                kind = value.WhichOneof("value")
                found.setdefault(value.tag, []).append((event.step, getattr(value, kind)))
    return found


def test_tensorboard(tmp_path):
    pytest.importorskip("tensorboardX")
    board = callbacks.TensorBoard(tmp_path, histogram_freq=1, write_images=True, write_steps_per_second=True,
                                  update_freq=2)
    model = fit(board, validation_data=(X, Y), batch_size=2, epochs=3)
    train, validation = events(tmp_path / "train"), events(tmp_path / "validation")
    history = model.history.history
    np.testing.assert_allclose([value for _, value in train["epoch_loss"]], history["loss"], rtol=1e-6)
    np.testing.assert_allclose([value for _, value in validation["epoch_loss"]], history["val_loss"], rtol=1e-6)
    assert [step for step, _ in train["batch_loss"]] == [1, 3, 5, 7, 9, 11]
    assert [step for step, _ in validation["evaluation_loss_vs_iterations"]] == [4, 8, 12]
    assert [value for _, value in train["epoch_learning_rate"]] == [0.5, 0.5, 0.5]
    assert "epoch_steps_per_second" in train and "batch_steps_per_second" in train
    kernel = model.weights[0].path
    assert [step for step, _ in train[f"{kernel}/histogram"]] == [0, 1, 2]
    assert train[f"{kernel}/histogram"][0][1].num == 3 and f"{kernel}/image" in train


def test_tensorboard_without_its_extra(monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r'pip install "tinynet-learn\[tensorboard\]"'):
        fit(callbacks.TensorBoard(tmp_path))


@pytest.mark.parametrize("shape", [(3,), (5, 3), (3, 5), (3, 3, 2), (3, 3, 2, 4), (1, 1), ()])
def test_weights_as_images(shape):
    from tinynet.callbacks.tensorboard import as_image

    image = as_image(np.random.default_rng(0).standard_normal(shape))
    if image is not None:
        assert image.ndim == 4 and image.shape[-1] == 1 and image.min() >= 0 and image.max() <= 1
        assert image.size == np.prod(shape)
    else:
        assert all(extent == 1 for extent in shape)


@pytest.mark.parametrize("make", [
    lambda: callbacks.ReduceLROnPlateau(monitor="loss", patience=2, cooldown=3),
    lambda: callbacks.EarlyStopping(monitor="loss", patience=9)])
def test_what_a_callback_counts_is_resumed(make):
    """A training that goes on in another process has the counts of the one before."""
    callback, model = make(), fit()
    callback.set_model(model)
    callback.on_train_begin()
    before, changed = dict(vars(callback)), set()
    for epoch, loss in enumerate((3.0, 2.0, 2.0, 2.0, 2.0, 1.0)):
        callback.on_epoch_end(epoch, {"loss": loss})
        changed |= {name for name, value in vars(callback).items()
                    if isinstance(value, int | float) and value != before[name]}
    assert len(changed) > 1 and changed <= set(callback.resumed_attributes)
