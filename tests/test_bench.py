"""The bench works: workers answer, turns alternate, wrong results and missing peers are reported, results are stored.

Only tinynet and NumPy take part, on tiny sizes; no test looks at how long anything took.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from checks import needs_native

import tinynet
from tinynet import _native, runtime

BENCH = Path(__file__).resolve().parent.parent / "bench"
sys.path.insert(0, str(BENCH))

import bench_attention  # noqa: E402
import bench_busy  # noqa: E402
import bench_matmul  # noqa: E402
import bench_networks  # noqa: E402
import bench_normalization  # noqa: E402
import bench_optimizer  # noqa: E402
import bench_recurrent  # noqa: E402
import bench_sweep  # noqa: E402
import bench_training  # noqa: E402
import harness  # noqa: E402
import machine  # noqa: E402
import networks  # noqa: E402
import pictures  # noqa: E402
from cases import CASES  # noqa: E402
from peers import arrays  # noqa: E402
from peers.arrays import GATES, encoder, matrices, recurrent  # noqa: E402

KEYS = {"format", "script", "command", "commit", "date", "machine", "threads", "isa", "rounds", "pause_s", "peaks",
        "versions", "skipped", "failures", "summary", "measurements"}


def run(script, *options):
    return subprocess.run([sys.executable, str(BENCH / script), *options], capture_output=True, text=True, timeout=300)


def arguments(*options):
    return harness.parse(harness.parser("", "numpy", rounds=2), ["--quick", *options])


@pytest.mark.parametrize("iterations", [1, 1000])
@pytest.mark.parametrize("dtype, lanes", [("float32", 4), ("float64", 2)])
def test_multiply_add_peak_counts_its_operations(iterations, dtype, lanes):
    per_iteration = _native.multiply_add_peak(iterations, dtype) / iterations / _native.num_threads()
    assert per_iteration % (2 * 12 * lanes) == 0 and per_iteration > 0


def test_multiply_add_peak_refuses():
    with pytest.raises(ValueError, match="iterations"):
        _native.multiply_add_peak(0)
    with pytest.raises(ValueError, match="float16"):
        _native.multiply_add_peak(1, "float16")


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 100_003])
def test_copy_peak_copies(size):
    x = np.arange(size, dtype=np.float32)
    y = np.full_like(x, -1)
    _native.copy_peak(x, y)
    np.testing.assert_array_equal(x, y)


def test_copy_peak_refuses_what_it_cannot_copy():
    with pytest.raises(ValueError, match="one size"):
        _native.copy_peak(np.zeros(3, np.float32), np.zeros(4, np.float32))
    with pytest.raises(ValueError, match="contiguous"):
        _native.copy_peak(np.zeros(4, np.float32), np.zeros(8, np.float32)[::2])
    with pytest.raises(TypeError):
        _native.copy_peak(np.zeros(4, np.float64), np.zeros(4, np.float32))


def test_matmul_script(tmp_path):
    file = tmp_path / "results.json"
    done = run("bench_matmul.py", "--quick", "--contenders", "tinynet,numpy,numpy-malloc", "--output", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| (64, 64, 64) |" in done.stdout
    stored = json.loads(file.read_text())
    assert set(stored) == KEYS and not stored["failures"]
    assert str(tmp_path) not in file.read_text()
    expected = {"numpy", "numpy-malloc"} | ({"tinynet"} if hasattr(_native, "matmul") else set())
    assert {entry["contender"] for entry in stored["measurements"]} == expected
    for entry in stored["measurements"]:
        assert entry["passed"] and len(entry["rounds_s"]) == 2
        assert entry["min_s"] <= entry["median_s"] <= entry["max_s"]
    if runtime._native is not None:  # it measures the machine
        assert "Measured peak" in done.stdout and stored["peaks"][0]["float32_gflops"] > 0


def test_a_missing_peer_is_named(tmp_path):
    done = run("bench_matmul.py", "--quick", "--contenders", "numpy,torch", "--python", f"torch={tmp_path}/no/python")
    assert "torch: FAILED: cannot start python: No such file" in done.stderr  # asked for by path, so it is a mistake
    assert "torch: not measured" in done.stdout and done.returncode == 1


@pytest.mark.parametrize("options, message", [
    (["--contenders", "caffe"], "unknown contender 'caffe'"),
    (["--threads", "0"], "--threads 0"),
    (["--shapes", "3x4"], "--shapes '3x4'"),
    (["--rounds", "0"], "--rounds"),
])
def test_bad_options_are_refused(options, message):
    done = run("bench_matmul.py", "--quick", *options)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(not hasattr(tinynet, "Sequential"), reason="this tinynet has no Sequential")
def test_training_script(tmp_path):
    file = tmp_path / "results.json"
    done = run("bench_training.py", "--quick", "--contenders", "tinynet", "--output", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(json.loads(file.read_text())["measurements"]) == len(CASES["dense"].batch_sizes)


@pytest.mark.skipif(not hasattr(tinynet, "Sequential"), reason="this tinynet has no Sequential")
def test_busy_script(tmp_path):
    file = tmp_path / "results.json"
    done = run("bench_busy.py", "--quick", "--contenders", "tinynet", "--cases", "dense", "--others", "1",
               "--output", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    stored = json.loads(file.read_text())
    assert set(stored) == KEYS and not stored["failures"]
    assert [entry["others"] for entry in stored["measurements"]] == [0, 1] * len(CASES["dense"].batch_sizes)
    assert all(set(case) == {"1"} and case["1"]["tinynet"] > 0 for case in stored["summary"]["slowdown"].values())


def test_other_processes_compute_and_end():
    with bench_busy.other_processes(2, machine.usable_cpus()) as processes:
        assert [process.poll() for process in processes] == [None, None]
    assert all(process.poll() is not None for process in processes)


def test_contenders_take_turns_and_are_checked(monkeypatch):
    order = []
    ask = harness.Worker.ask

    def spy(worker, what, **message):
        order.append((worker.name, what))
        return ask(worker, what, **message)

    with harness.Session(arguments(), ["numpy", "numpy-malloc"]) as session:
        monkeypatch.setattr(harness.Worker, "ask", spy)
        size = {"m": 3, "k": 4, "n": 5, "dtype": "float32", "seed": 0}
        good = bench_matmul.make_check(*size.values())
        assert set(session.compare({"shape": "good"}, "matmul", size, good, calls=3)) == {"numpy", "numpy-malloc"}
        turns = [name for name, what in order if what == "turn"]
        assert turns == ["numpy", "numpy-malloc"] * 2
        other_inputs = bench_matmul.make_check(3, 4, 5, "float32", 1)
        assert session.compare({"shape": "bad"}, "matmul", size, other_inputs, calls=3) == {}
        assert len(session.failures) == 2 and not session.measurements[-1]["passed"]


def test_a_worker_that_cannot_goes_and_the_others_stay():
    with harness.Session(arguments(), ["numpy"]) as session:
        assert session.compare({"case": "x"}, "no such task", {}, lambda results: {}, calls=1) == {}
        assert "no task" in session.skipped["numpy"] and not session.failures  # missing, not broken
        worker = session.workers["numpy"]
        with pytest.raises(harness.WorkerError, match="TypeError"):
            worker.ask("prepare", task="matmul", parameters={})
        worker._process.kill()
        with pytest.raises(harness.WorkerError, match="died"):
            worker.ask("result", path="")


@pytest.mark.parametrize("result", ["zeros", "one wrong", "nan", "shape", "dtype"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_wrong_products_are_found(tmp_path, result, dtype):
    a, b = (x.astype(np.float64) for x in matrices(8, 9, 10, dtype, 0))
    c = (a @ b).astype(dtype)
    check = bench_matmul.make_check(8, 9, 10, dtype, 0)
    np.save(tmp_path / "good.npy", c)
    wrong = c.copy()
    wrong[3, 4] += {"one wrong": 0.01, "nan": np.nan}.get(result, 0)
    wrong = {"zeros": np.zeros_like(c), "shape": c.T, "dtype": c.astype(np.float16)}.get(result, wrong)
    np.save(tmp_path / "wrong.npy", wrong)
    verdicts = check({"good": tmp_path / "good.npy", "wrong": tmp_path / "wrong.npy"})
    assert verdicts["good"][0] and not verdicts["wrong"][0]


NAN = float("nan")


@pytest.mark.parametrize("loss, accuracy", [(0.3, 0.5), (0.3, 0.97), (NAN, 0.88), (0.3, NAN), (-1, 0.88)])
def test_training_that_does_not_learn_is_found(loss, accuracy):
    check = bench_training.make_check(CASES["dense"], 60_000, "Fashion-MNIST")
    good = {"loss": 0.3, "accuracy": 0.88}
    verdicts = check({"a": good, "b": good, "c": {"loss": loss, "accuracy": accuracy}})
    assert verdicts["a"][0] and verdicts["b"][0] and not verdicts["c"][0]


@pytest.mark.parametrize("first, last", [(6.9, 6.9), (6.9, 7.0), (6.9, NAN), (NAN, 6.8), (11.0, 10.9), (6.9, 0.0)])
def test_a_step_that_does_not_learn_is_found(first, last):
    check = bench_training.make_check(CASES["vgg16"], 4, "random images")
    verdicts = check({"good": {"first_loss": 6.9, "loss": 6.8, "accuracy": 0.0},
                      "bad": {"first_loss": first, "loss": last, "accuracy": 0.0}})
    assert verdicts["good"][0] and not verdicts["bad"][0]


def test_the_case_vgg16_is_vgg_16():
    from peers.keras_like import build

    assert build(tinynet, CASES["vgg16"]).count_params() == tinynet.applications.VGG16(weights=None).count_params()


def test_peak_memory_counts_from_the_reset():
    """In a process of its own: in this one, the C library may still have the memory of another test."""
    if machine.peak_memory() is None:
        pytest.skip("this system does not report it")
    program = f"""
import sys
import numpy as np
sys.path.insert(0, {str(Path(machine.__file__).parent)!r})
import machine
block = np.ones(20_000_000)
before = machine.peak_memory()
del block
machine.reset_peak_memory()
after = machine.peak_memory()
np.ones(30_000_000)
assert before > 160 and after < before - 100 and machine.peak_memory() > after + 200, (before, after)
"""
    subprocess.run([sys.executable, "-P", "-c", program], check=True)


def test_names_in_files_tell_no_folder():
    command = harness.command_line([
        "/home/me/bench/bench_matmul.py", "--peer-python", "/home/me/env/bin/python",
        "--python", "torch=/home/me/t/python3", "--peer-python=/home/me/python", "--threads", "2",
    ])
    assert command == ("python bench/bench_matmul.py --peer-python python --python torch=python3 --peer-python=python "
                       "--threads 2")
    assert machine.slug("Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz") == "intel-core-i7-8650u-cpu-1-90ghz"


def test_interpreters_are_chosen_by_name_family_or_for_all():
    chosen = arguments("--peer-python", "p", "--python", "torch=t", "--python", "torch-cl=c", "--python", "tinynet=n")
    session = harness.Session.__new__(harness.Session)
    session.arguments = chosen
    names = ("numpy", "torch-malloc", "torch-cl", "tinynet-numpy")
    assert [session.python_of(name) for name in names] == ["p", "t", "c", "n"]


def test_geometric_mean():
    assert harness.geometric_mean([2.0, 0.5]) == pytest.approx(1, rel=1e-15)
    assert harness.geometric_mean([]) is None


def test_normalization_script(tmp_path):
    file = tmp_path / "results.json"
    done = run("bench_normalization.py", "--quick", "--contenders", "tinynet", "--output", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    stored = json.loads(file.read_text())
    assert set(stored) == KEYS and not stored["failures"]
    assert {entry["kind"] for entry in stored["measurements"]} == set(bench_normalization.PASSES)


def test_normalization_check_refuses_zeros(tmp_path):
    for kind in bench_normalization.PASSES:
        shape = (4, 5, 5, 3)
        np.save(tmp_path / "zeros.npy", np.zeros(2 * 300 + 6, np.float32))
        verdict = bench_normalization.make_check(kind, shape, seed=0)({"zeros": str(tmp_path / "zeros.npy")})
        assert not verdict["zeros"][0]


def test_optimizer_script(tmp_path):
    file = tmp_path / "results.json"
    done = run("bench_optimizer.py", "--quick", "--contenders", "tinynet", "--output", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    stored = json.loads(file.read_text())
    assert set(stored) == KEYS and not stored["failures"]


def test_optimizer_check_refuses_weights_that_did_not_move(tmp_path):
    shapes = [(30, 20), (20,)]
    weights, _ = bench_optimizer.adam(shapes, seed=0)
    np.save(tmp_path / "still.npy", np.concatenate([weight.ravel() for weight in weights]))
    verdict = bench_optimizer.make_check(shapes, seed=0)({"still": str(tmp_path / "still.npy")})
    assert not verdict["still"][0]


def test_attention_script(tmp_path):
    file = tmp_path / "results.json"
    done = run("bench_attention.py", "--quick", "--contenders", "tinynet", "--output", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    stored = json.loads(file.read_text())
    assert set(stored) == KEYS and not stored["failures"]
    assert [entry["kind"] for entry in stored["measurements"]] == bench_attention.KINDS.split(",")


def test_recurrent_script(tmp_path):
    file = tmp_path / "results.json"
    done = run("bench_recurrent.py", "--quick", "--contenders", "tinynet", "--output", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    stored = json.loads(file.read_text())
    assert set(stored) == KEYS and not stored["failures"]
    assert [(entry["layer"], entry["kind"]) for entry in stored["measurements"]] == [
        (layer, kind) for layer in GATES for kind in bench_recurrent.KINDS.split(",")]


@pytest.mark.parametrize("layer", GATES)
def test_recurrent_check_refuses_other_predictions_and_a_loss_that_stays(tmp_path, layer):
    [sizes] = bench_recurrent.parse_shapes("2x3x4x5")
    x, _, weights = recurrent(layer, **sizes)
    right = bench_recurrent.logits_of(layer, x, weights)
    for kind, wrong in (("prediction", np.zeros_like(right)), ("prediction", np.roll(right, 1, axis=0)),
                        ("one_sample", right[1:]), ("training", np.full(3, 2.3))):
        np.save(tmp_path / "wrong.npy", wrong)
        assert not bench_recurrent.make_check(kind, layer, sizes)({"wrong": str(tmp_path / "wrong.npy")})["wrong"][0]
    np.save(tmp_path / "right.npy", right)
    assert bench_recurrent.make_check("prediction", layer, sizes)({"right": str(tmp_path / "right.npy")})["right"][0]


def test_attention_check_refuses_other_predictions_and_a_loss_that_stays(tmp_path):
    [sizes] = bench_attention.parse_shapes("2x3x8x2x5")
    x, _, weights = encoder(**sizes)
    right = bench_attention.logits_of(x, weights, sizes["heads"])
    for kind, wrong in (("prediction", np.zeros_like(right)), ("prediction", np.roll(right, 1, axis=0)),
                        ("one_sample", right[1:]), ("training", np.full(3, 2.3))):
        np.save(tmp_path / "wrong.npy", wrong)
        assert not bench_attention.make_check(kind, sizes)({"wrong": str(tmp_path / "wrong.npy")})["wrong"][0]


def test_sweep_finds_cliffs(tmp_path):
    """A point that is slower than the one before, or than both around it, and no other."""
    line = bench_sweep.Line("a line", [bench_sweep.Point(size, 1e9, None, seconds=1 / rate)
                                       for size, rate in enumerate((10, 50, 49, 40, 44, 60, 30, 30, 31))])
    assert line.cliffs() == [3, 6]


@pytest.mark.parametrize("kind", bench_sweep.KINDS)
@pytest.mark.parametrize("which", bench_sweep.PASSES)
@pytest.mark.parametrize("side", [1, 2, 5, 8])
def test_sweep_checks_results(kind, which, side):
    point = bench_sweep.convolution(0, which, 2, side, 8, kind)
    run, error = point.prepare()
    result = run()
    assert error(result) <= 1e-6
    assert error(np.zeros_like(result)) > 1e-3


@needs_native  # the references would take minutes
def test_sweep_and_scaling_run(tmp_path):
    # NumPy alone takes minutes for all lines of 3x3.
    lines = "3x3" if runtime._native is not None else "3x3 forward, channels"
    for script, key in (("bench_sweep.py", "gflops"), ("bench_scaling.py", "microseconds_a_sample")):
        file = tmp_path / f"{script}.json"
        done = run(script, "--quick", "--output", str(file), *(["--lines", lines] if "sweep" in script else []))
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(file.read_text())["summary"][key]


def test_networks_script_and_its_parts_in_one_file(tmp_path):
    parts, whole = [tmp_path / "a.json", tmp_path / "b.json"], tmp_path / "whole.json"
    for names, file in zip(("residual,lstm", "dense_128"), parts, strict=True):
        done = run("bench_networks.py", "--quick", "--contenders", "tinynet", "--networks", names, "--output",
                   str(file))
        assert done.returncode == 0, done.stdout + done.stderr
        stored = json.loads(file.read_text())
        assert set(stored) == KEYS and not stored["failures"]
    done = run("bench_networks.py", "--join", *map(str, parts), "--output", str(whole))
    assert done.returncode == 0, done.stdout + done.stderr
    stored = json.loads(whole.read_text())
    assert str(tmp_path) not in whole.read_text() and set(stored) == KEYS | {"commands"}
    assert [(entry["network"], entry["kind"]) for entry in stored["measurements"]] == [
        *((name, kind) for name in ("residual", "lstm") for kind in bench_networks.KINDS.split(",")),
        ("dense_128", "training"), ("dense_128", "prediction")]
    assert set(stored["summary"]["one_sample"]["microseconds"]) == {"residual", "lstm"}
    assert set(stored["summary"]["peak_memory_mb"]) == {"residual", "lstm", "dense_128"} or not machine.peak_memory()
    other = dict(stored, commit="another", measurements=[])
    (tmp_path / "c.json").write_text(json.dumps(other))
    for files, message in (([whole, tmp_path / "c.json"], "differ in commit"), ([whole, parts[0]], "in two parts")):
        done = run("bench_networks.py", "--join", *map(str, files), "--output", str(tmp_path / "no.json"))
        assert done.returncode == 2 and message in " ".join(done.stderr.split()) and not (tmp_path / "no.json").exists()


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_networks_check_refuses_other_predictions_and_a_loss_that_stays(tmp_path, name):
    described, (x, _, weights) = networks.NETWORKS[name], arrays.network(name, 2)
    right = {padding: networks.logits_of(described, x, weights, False, padding) for padding in ("after", "around")}
    strided = any(settings.get("strides", 1) > 1 for *_, settings in described.rows)
    good, bad = right["after"], [np.zeros_like(right["after"]), right["after"][::-1], right["after"][1:]]
    for wrong in bad + ([right["around"]] if strided else []):
        np.save(tmp_path / "wrong.npy", wrong)
        file = str(tmp_path / "wrong.npy")
        assert not bench_networks.network_check(name, 2, "prediction")({"tinynet": file})["tinynet"][0]
    np.save(tmp_path / "still.npy", np.full(3, 2.3))
    assert not bench_networks.network_check(name, 2, "training")({"x": str(tmp_path / "still.npy")})["x"][0]
    for padding, contender in (("after", "onnx"), ("around", "torch-cl")):
        np.save(tmp_path / f"{contender}.npy", right[padding].astype(np.float32))
    files = {contender: str(tmp_path / f"{contender}.npy") for contender in ("onnx", "torch-cl")}
    verdicts = bench_networks.network_check(name, 2, "prediction")(files)
    assert set(verdicts) == set(files) and all(passed for passed, _ in verdicts.values())
    assert good.shape == (2, described.classes)


def test_padding_around_is_padding_after_in_a_mirror():
    """For a side of 3, strides of 2 and an even image: the zeros stand at the other end."""
    strided = networks.Network("", (8, 6, 2), (("a", "conv", ("x",), {"filters": 3, "side": 3, "strides": 2}),
                                               ("b", "global_pool", ("a",), {})))
    rng = np.random.default_rng(0)
    x, kernel, bias = rng.standard_normal((2, 8, 6, 2)), rng.standard_normal((3, 3, 2, 3)), rng.standard_normal(3)
    around = networks.logits_of(strided, x, {"a": [kernel, bias]}, False, "around")
    after = networks.logits_of(strided, x[:, ::-1, ::-1], {"a": [kernel[::-1, ::-1], bias]}, False, "after")
    np.testing.assert_allclose(around, after, rtol=1e-12)


def test_a_session_renews_its_processes_and_gives_one_contender_more(tmp_path):
    with harness.Session(arguments(), ["numpy", "numpy-malloc"]) as session:
        before = [worker._process for worker in session.workers.values()]
        session.renew()
        assert all(process.poll() is not None for process in before)
        size = {"m": 3, "k": 4, "n": 5, "dtype": "float32"}
        check = bench_matmul.make_check(3, 4, 5, "float32", 1)
        more = {"numpy": {"seed": 1}, "numpy-malloc": {"seed": 2}}
        assert set(session.compare({"shape": "x"}, "matmul", size, check, calls=2, more=more)) == {"numpy"}


def test_a_network_becomes_an_onnx_file_of_the_same_result(tmp_path):
    onnx = pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator

    file = tmp_path / "dense.onnx"
    with harness.Session(arguments(), []) as session:
        assert session.export_onnx("network", {"kind": "prediction", "network_name": "dense", "batch": 2}, str(file))
        assert not session.export_onnx("network", {"kind": "prediction", "network_name": "no", "batch": 2}, str(file))
        assert "KeyError" in session.skipped["onnx"] and session.failures
    x, _, weights = arrays.network("dense", 2)
    [actual] = ReferenceEvaluator(onnx.load(file)).run(None, {onnx.load(file).graph.input[0].name: x})
    np.save(tmp_path / "onnx.npy", actual)
    assert bench_networks.network_check("dense", 2, "prediction")({"onnx": str(tmp_path / "onnx.npy")})["onnx"][0]


def test_a_turn_begins_as_its_task_wants():
    from worker import turn

    class Task:
        calls = ()

        def before_turn(self):
            self.calls = (*self.calls, "before")

        def run(self):
            self.calls = (*self.calls, "run")

    task = Task()
    turn(task, 1.0, 2, 1)
    assert task.calls == ("before", "run", "run", "run")


def a_results_file(folder, ratio):
    times = {"tinynet": 1.0, "torch": ratio, "onnx": 2 * ratio}
    summary = {kind: {unit: {"rgb": times}, "ratio_to_fastest_peer": {"rgb": ratio}} for kind, unit in (
        ("training", "milliseconds"), ("prediction", "milliseconds"), ("one_sample", "microseconds"))}
    summary |= {"geometric_mean_of_ratio": {"training": ratio}, "peak_memory_mb": {"rgb": {"tinynet": 70, "torch": 90}}}
    document = {
        "format": 1, "script": "bench_networks", "command": "python bench/bench_networks.py", "commit": "abcdef0",
        "date": "2026-01-02T03:04:05+00:00", "machine": machine.describe() | {"cpu": "A CPU"}, "threads": 2,
        "isa": "avx2", "rounds": 5, "pause_s": 0.25, "peaks": [], "versions": {"torch": {"torch": "2.0"}},
        "skipped": {}, "failures": [], "summary": summary,
        "measurements": [{"network": "rgb", "title": "three colours"}],
    }
    (folder / "bench_networks-a-cpu-avx2.json").write_text(json.dumps(document))


def test_the_page_of_pictures_has_the_numbers_of_the_files(tmp_path):
    a_results_file(tmp_path, 1.234)
    (tmp_path / "bench_overhead-x.json").write_text(json.dumps({"machine": {}, "summary": {}}))  # without peers
    [one] = pictures.load(tmp_path)
    text = pictures.page([one])
    assert "| three colours | a training step | 1 ms | 1.23 ms | torch | 1.23 | 70 | 90 |" in text
    assert "| three colours | one sample | 1 us | 1.23 us | torch | 1.23 |  |  |" in text
    assert "abcdef0" in text and "2026-01-02" in text and "`torch`: torch 2.0" in text and f"]({one.picture})" in text
    assert [bar.kind for bar in one.bars()] == ["training", "prediction", "one_sample"]
    digest = one.digest()
    a_results_file(tmp_path, 1.235)
    assert pictures.load(tmp_path)[0].digest() != digest


def test_a_picture_is_drawn_the_same_again_and_holds_its_digest(tmp_path):
    pytest.importorskip("matplotlib")
    a_results_file(tmp_path, 0.9)
    (tmp_path / "old.png").write_bytes(b"")
    assert pictures.main(["--folder", str(tmp_path)]) == 0
    [one] = pictures.load(tmp_path)
    [file] = tmp_path.glob("*.png")
    first = file.read_bytes()
    assert file.name == one.picture and pictures.digest_in(file) == one.digest()
    pictures.draw(one, file)
    assert file.read_bytes() == first


def test_the_stored_page_and_pictures_are_up_to_date():
    machines = pictures.load()
    remedy = "run `python bench/pictures.py`"
    assert (pictures.RESULTS / "README.md").read_text(encoding="utf-8") == pictures.page(machines), remedy
    shown = {one.picture: one.digest() for one in machines if one.bars()}
    assert {path.name: pictures.digest_in(path) for path in pictures.RESULTS.glob("*.png")} == shown, remedy


def test_the_readme_shows_a_picture_that_is_there():
    readme = (BENCH.parent / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"\]\(bench/results/(\S+\.png)\)", readme)
    assert shown and all((pictures.RESULTS / name).exists() for name in shown) and "(bench/results/README.md)" in readme
