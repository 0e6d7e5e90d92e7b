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
