"""The cost model of data-parallel training (bench/cost_model.py), and where its numbers come from."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

BENCH = Path(__file__).resolve().parents[1] / "bench"
sys.path.append(str(BENCH))

cost_model = pytest.importorskip("cost_model")
positive = st.floats(1e-3, 10)


@given(ranks=st.integers(2, 1024), compute=positive, megabytes=positive, gigabytes_per_s=positive)
def test_a_step_takes_as_long_as_its_parts(ranks, compute, megabytes, gigabytes_per_s):
    size, rate, memory = megabytes * 1e6, gigabytes_per_s * 1e9, 1e10
    step = cost_model.step_seconds(ranks, compute, size, rate, 1e-6, memory)
    adding = (ranks - 1) / ranks * size / memory
    sending = 2 * (ranks - 1) / ranks * size / rate
    assert step >= compute + adding
    assert step >= adding + compute / 3 + sending  # the forward pass covers no sending
    assert step > cost_model.step_seconds(ranks, compute, size, 2 * rate, 1e-6, memory)


@given(ranks=st.integers(2, 64), compute=positive, megabytes=positive, of_two=st.floats(0.9, 2),
       overhead=st.floats(0, 1e-2), on_machine=st.integers(1, 64))
def test_ranks_that_share_a_machine_take_longer(ranks, compute, megabytes, of_two, overhead, on_machine):
    terms = megabytes * 1e6, 1e9, 1e-6, 1e10
    step = cost_model.step_seconds(ranks, compute, *terms, sharing=of_two, overhead=overhead, on_machine=on_machine)
    together = min(ranks, on_machine)
    assert step >= compute * (1 + (together - 1) * max(of_two - 1, 0)) + overhead
    if ranks <= on_machine:  # nothing is sent while they compute
        apart = cost_model.step_seconds(ranks, compute, *terms, backward=0.0, sharing=of_two, overhead=overhead,
                                        on_machine=on_machine)
        assert step == apart
    if on_machine == 1:
        assert step == pytest.approx(cost_model.step_seconds(ranks, compute, *terms) + overhead)


def test_two_side_by_side_determine_the_term():
    """What one alone, two side by side and two ranks take gives the step of two ranks again."""
    compute, sizes = {"a": 0.010, "b": 0.060}, {"a": 139_304, "b": 1_872_808}
    sharing, machine = {"a": 1.0, "b": 1.25}, (3.5e9, 2e-6, 2e10)
    steps = {name: cost_model.step_seconds(2, compute[name], sizes[name], *machine, sharing=sharing[name],
                                           overhead=0.002, on_machine=2) for name in compute}
    assert steps["b"] > 1.25 * 0.060 + 0.002
    assert cost_model.overhead_of(steps, compute, sizes, sharing, *machine) == pytest.approx(0.002)
    much = steps | {"b": 1.5 * steps["b"]}  # one long step that something else disturbed
    assert cost_model.overhead_of(much, compute, sizes, sharing, *machine) == pytest.approx(0.002, rel=0.5)
    assert cost_model.overhead_of(compute, compute, sizes, sharing, *machine) == 0  # noise never makes it negative


@given(latency=st.floats(1e-6, 1e-3), rate=st.floats(1e7, 1e11))
def test_fit_finds_what_the_times_were_made_of(latency, rate):
    seconds = {size: 2 * latency + size / rate for size in (4, 4096, 65_536, 1 << 20, 4 << 20, 64 << 20)}
    found = cost_model.fit(seconds)
    assert found == pytest.approx((latency, rate), rel=1e-6)


def test_fit_is_never_negative():
    latency, rate = cost_model.fit({4: 1e-6, 1000: 1e-7, 1_000_000: 1e-8})
    assert latency > 0 and rate > 0


def test_prediction_from_a_file(tmp_path):
    model = {"compute_s": {"small": 0.01}, "bytes": {"small": 1_000_000}, "latency_s": 1e-6,
             "rate_bytes_per_s": 1e9, "adding_bytes_per_s": 1e10}
    (tmp_path / "results.json").write_text(json.dumps({"summary": {"model": model}}))
    command = [sys.executable, BENCH / "bench_distributed.py", "--model", "8", "--from", tmp_path / "results.json"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "A prediction by a cost model, not a measurement" in output and "small: 10.0 ms a step, 1.0 MB" in output
    slow, fast = (next(line for line in output.splitlines() if label in line) for label in ("  1 Gb/s", "100 Gb/s"))
    assert "below 90% from 2 ranks on" in slow and "never below 90%" in fast

    model |= {"sharing": {"small": 1.25}, "overhead_s": 0.001}
    (tmp_path / "results.json").write_text(json.dumps({"summary": {"model": model}}))
    output = subprocess.run([*command, "--on-machine", "2"], capture_output=True, text=True, check=True).stdout
    # 2 ranks: 12.5 ms beside the other one, 1 ms overhead, 1 ms sending, 0.05 ms adding, whatever the network
    assert output.count(" 2: 69%") == 3 and "1.00 ms a step for being several; ranks on a machine: 2" in output
