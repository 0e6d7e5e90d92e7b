"""The command line: training, messages, exit codes."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
from checks import BACKENDS, needs_native

from tinynet import Sequential, backend, cli
from tinynet.core.errors import DatasetNotFoundError
from tinynet.datasets import fashion_mnist, fashion_mnist_sample
from tinynet.models import load_model
from tinynet.utils import clear_session


@pytest.fixture
def sample_only(monkeypatch, tmp_path):
    """As on a machine that has only the images in the wheel."""
    def nothing():
        raise DatasetNotFoundError("no copy of Fashion-MNIST was found")
    monkeypatch.setattr(fashion_mnist, "load_data", nothing)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_trains_tests_and_saves(sample_only, capsys):
    target = sample_only / "weights.npz"
    assert cli.main(["train", "fashion-mnist", "--epochs", "2", "--batch-size", "64", "--save", str(target)]) == 0
    text = capsys.readouterr().out
    assert "6,000 + 1,000 real images" in text and 'Model: "dnn"' in text and "Total params: 101,770" in text
    assert "val_accuracy" in text and "Ankle boot" in text
    accuracy = float(re.fullmatch(r"test accuracy: (0\.\d{4})", text.splitlines()[-1])[1])
    assert accuracy > 0.7
    with np.load(target, allow_pickle=False) as weights:
        assert [weights[str(i)].shape for i in range(4)] == [(784, 128), (128,), (128, 10), (10,)]
    assert os.listdir(sample_only) == ["weights.npz"]


@pytest.fixture
def few_images(sample_only, monkeypatch):
    """A few hundred images: enough to run, not to learn much."""
    (x, y), (x_test, y_test) = fashion_mnist_sample.load_data()
    monkeypatch.setattr(fashion_mnist_sample, "load_data", lambda: ((x[:600], y[:600]), (x_test[:200], y_test[:200])))


def test_saves_the_model(few_images, capsys):
    _, (x_test, y_test) = fashion_mnist_sample.load_data()
    assert cli.main(["train", "fashion-mnist", "--epochs", "1", "--save", "model.keras"]) == 0
    text = capsys.readouterr().out
    assert "model saved to model.keras" in text
    _, accuracy = load_model("model.keras").evaluate(x_test[:200] / 255.0, y_test[:200], verbose=0)
    assert f"test accuracy: {accuracy:.4f}" in text


@pytest.mark.parametrize(("model", "parameters"), [
    ("cnn", 50_186), pytest.param("vgg", 436_650, marks=needs_native),  # two minutes where NumPy computes
])
def test_convolutional_models_learn(model, parameters, few_images, capsys):
    assert cli.main(["train", "fashion-mnist", "--model", model, "--epochs", "3"]) == 0
    text = capsys.readouterr().out
    assert f'Model: "{model}"' in text and f"Total params: {parameters:,}" in text
    losses = [float(value) for value in re.findall(r"accuracy: [0-9.]+ - loss: ([0-9.]+)(?: - val_acc|$)", text, re.M)]
    assert len(losses) == 3 and losses[2] < 0.8 * losses[0]


@pytest.mark.parametrize("model", ["cnn", "vgg"])
def test_augments(model, few_images, capsys):
    assert cli.main(["train", "fashion-mnist", "--model", model, "--epochs", "1", "--augment"]) == 0
    text = capsys.readouterr().out
    assert "cutout (Cutout)" in text and "test accuracy" in text
    assert cli.main(["train", "fashion-mnist", "--augment"]) == 2
    assert "choose cnn or vgg" in capsys.readouterr().err


def test_augmented_vgg_is_trained_longer_with_weight_decay_and_less_dropout(few_images, monkeypatch, capsys):
    fitted = []
    monkeypatch.setattr(Sequential, "fit", lambda self, *args, **kwargs: fitted.append((self, kwargs["epochs"])))
    for options in ([], ["--augment"], ["--augment", "--epochs", "2", "--optimizer", "sgd"]):
        assert cli.main(["train", "fashion-mnist", "--model", "vgg", *options]) == 0
    rates = [[layer.rate for layer in model.layers if layer.name.startswith("dropout")] for model, _ in fitted]
    assert rates == [[0.25, 0.25, 0.25, 0.5], [0.1, 0.1, 0.1, 0.3], [0.1, 0.1, 0.1, 0.3]]
    assert [epochs for _, epochs in fitted] == [16, 40, 2]
    assert [type(model.optimizer).__name__ for model, _ in fitted] == ["Adam", "AdamW", "SGD"]
    assert fitted[1][0].optimizer.weight_decay == 0.05


def test_cosine_schedule_ends_at_0(few_images, monkeypatch, capsys):
    fitted = []
    fit = Sequential.fit

    def watched_fit(self, *args, **kwargs):
        fitted.append(self)
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(Sequential, "fit", watched_fit)
    for schedule, last in (("constant", 0.01), ("cosine", 0.0)):
        assert cli.main(["train", "fashion-mnist", "--epochs", "2", "--schedule", schedule, "--learning-rate", "0.01",
                         "--batch-size", "50"]) == 0
        optimizer = fitted[-1].optimizer
        assert optimizer.iterations.numpy() == 2 * 11  # 540 of 600 images, the last batch short
        assert float(optimizer.learning_rate) == pytest.approx(last, abs=1e-9)


def test_seed_repeats_and_backends_agree(few_images, capsys):
    outputs = []
    for name in (BACKENDS[0], *BACKENDS):
        clear_session()
        assert cli.main(["train", "fashion-mnist", "--epochs", "1", "--seed", "7", "--backend", name]) == 0
        outputs.append(re.sub(r"\d+[mu]?s\b", "", capsys.readouterr().out))
    assert outputs[0] == outputs[1]
    assert outputs[0].splitlines()[-1] == outputs[-1].splitlines()[-1]


def test_the_backend_in_use_is_the_default():
    """TINYNET_BACKEND is respected, and a pure installation trains."""
    for name in BACKENDS:
        with backend(name):
            assert cli.build_parser().parse_args(["train", "fashion-mnist"]).backend == name


@pytest.mark.parametrize(("arguments", "message"), [
    (["train", "fashion-mnist", "--epochs", "0"], "0 is not a whole number from 1 on"),
    (["train", "fashion-mnist", "--epochs", "many"], "'many' is not a whole number from 1 on"),
    (["train", "fashion-mnist", "--learning-rate", "0"], "0 is not a number above 0"),
    (["train", "fashion-mnist", "--learning-rate", "inf"], "inf is not a number above 0"),
    (["train", "fashion-mnist", "--learning-rate", "nan"], "nan is not a number above 0"),
    (["train", "fashion-mnist", "--model", "resnet"], "invalid choice: 'resnet'"),
    (["train", "cats"], "'cats' is no data set (fashion-mnist, mnist, cifar10), no folder of images and no CSV file"),
    (["train", "fashion-mnist", "--save", "/nowhere/w.npz"], "the folder of '/nowhere/w.npz' does not exist"),
    (["train", "fashion-mnist", "--save", "w.txt"], "'w.txt' must end in .npz"),
    (["train", "fashion-mnist", "--optimizer", "adm"], "did you mean 'adam'"),
    (["fly"], "invalid choice: 'fly'"),
    ([], "COMMAND"),
    (["info", "--verbose"], "unrecognized arguments: --verbose"),
])
def test_wrong_calls_are_one_line_and_code_2(arguments, message, capsys):
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count("\n") == 1 and captured.out == ""


def test_a_file_that_cannot_be_written_is_noticed_before_the_training(tmp_path, monkeypatch, capsys):
    (tmp_path / "taken.keras").mkdir()
    assert cli.main(["train", "fashion-mnist", "--save", str(tmp_path / "taken.keras")]) == 2
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert cli.main(["train", "fashion-mnist", "--save", str(tmp_path / "model.keras")]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("cannot be written") == 2 and captured.out == ""


def test_info(capsys):
    assert cli.main(["info"]) == 0
    text = capsys.readouterr().out
    assert "isa chosen" in text and "Fashion-MNIST" in text


def test_help(capsys):
    assert cli.main(["--help"]) == 0
    assert "train" in capsys.readouterr().out


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert "tinynet" in capsys.readouterr().out


def test_debug_shows_where_an_error_came_from(sample_only, monkeypatch):
    monkeypatch.setattr(fashion_mnist_sample, "load_data", lambda: 1 / 0)
    assert cli.main(["train", "fashion-mnist"]) == 1
    with pytest.raises(ZeroDivisionError):
        cli.main(["train", "fashion-mnist", "--debug"])


def test_interrupt_is_code_130(sample_only, monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt
    monkeypatch.setattr(fashion_mnist_sample, "load_data", interrupted)
    assert cli.main(["train", "fashion-mnist"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_closed_pipe_is_quiet():
    process = subprocess.Popen([sys.executable, "-P", "-m", "tinynet", "info"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=os.environ)
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(timeout=60) in (0, 141)
    assert errors == b""


@pytest.mark.parametrize(("variable", "value", "message"), [
    pytest.param("TINYNET_ISA", "foo", "TINYNET_ISA='foo'", marks=needs_native),
    ("OMP_NUM_THREADS", "abc", "OMP_NUM_THREADS='abc'"),
    ("TINYNET_BACKEND", "cuda", "TINYNET_BACKEND='cuda'"),
])
def test_wrong_environment_is_one_line_and_code_2(variable, value, message):
    environment = {**os.environ, variable: value, "PYTHONPATH": os.pathsep.join(sys.path)}
    options = {"env": environment, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "-P", "-m", "tinynet", "info"], **options)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("tinynet: ") and message in done.stderr and done.stderr.count("\n") == 1
    done = subprocess.run([sys.executable, "-P", "-c", "import tinynet"], **options)
    assert done.returncode == 1 and "Traceback" in done.stderr and message in done.stderr
