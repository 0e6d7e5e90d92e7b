"""bench/floors.py: what no program can do faster on a machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench"
sys.path.append(str(BENCH))

floors = pytest.importorskip("floors")


def test_multiply_adds_of_a_dense_network():
    network = floors.NETWORKS["dense"]
    forward = 784 * 128 + 128 * 10
    assert floors.multiply_adds(network, 1) == forward
    assert floors.multiply_adds(network, 3) == 3 * forward - 784 * 128  # no gradient of the images


def test_multiply_adds_of_convolutions():
    """3x3 convolutions of at least 16 channels count a quarter, all others in full."""
    by_hand = (26 * 26 * 9 * 32, 11 * 11 * 9 * 32 * 64 / 4, 5 * 5 * 64 * 10)
    assert floors.multiply_adds(floors.NETWORKS["cnn"], 1) == sum(by_hand)
    assert floors.multiply_adds(floors.NETWORKS["cnn"], 3) == 2 * by_hand[0] + 3 * sum(by_hand[1:])


def test_bytes_are_moved_only_if_they_do_not_fit():
    network = floors.NETWORKS["batch_norm"]
    assert floors.bytes_moved(network, 128, "training", 1e12) == 0
    once = floors.bytes_moved(network, 1, "training", 0)
    assert floors.bytes_moved(network, 128, "training", 0) == 128 * once > 0
    assert floors.bytes_moved(network, 1, "prediction", 0) < once


def test_the_table_of_a_stored_file():
    file = next(BENCH.glob("results/bench_networks-*.json"), None)
    if file is None:
        pytest.skip("no results are stored")
    rows = floors.rows_of(json.loads(file.read_text()))
    assert {"dense_128", "batch_norm", "separable"} <= {row[0] for row in rows}
    for row in rows:
        assert 0 < int(row[5].rstrip("%")) <= 100, row
        assert float(row[7]) >= float(row[6]), row
    result = subprocess.run([sys.executable, BENCH / "floors.py", file], capture_output=True, text=True, check=True)
    assert result.stdout.count("| separable") == 3


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.json").write_text('{"script": "bench_matmul"}')
    result = subprocess.run([sys.executable, BENCH / "floors.py", tmp_path / "a.json"], capture_output=True, text=True)
    assert result.returncode == 2 and "bench_matmul" in result.stderr
