"""docs/guides/speed.md: its figures are those of bench/results."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "guides" / "speed.md"
RESULTS = ROOT / "bench" / "results"
if not (GUIDE.exists() and RESULTS.exists()):
    pytest.skip("the documentation is not part of the wheel", allow_module_level=True)

TEXT = GUIDE.read_text(encoding="utf-8")
TABLE = TEXT.split("<!-- figures:", 1)[1].split("<!-- end of figures -->")[0]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.splitlines()
        if re.match(r"\| \w+, batch", line)]


def summaries(isa):
    """{network: (seconds by library, megabytes by library)} of all stored trainings on one machine."""
    found = {}
    for path in sorted(RESULTS.glob(f"bench_training*-{isa}.json")):
        summary = json.loads(path.read_text())["summary"]
        for network, seconds in summary["seconds"].items():
            found[network] = seconds, summary["peak_memory_mb"][network]
    return found


MEASURED = summaries("intel-xeon-processor-amx")


def test_the_table_is_found():
    assert len(ROWS) == 6


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_is_what_was_measured(row):
    network, speed, memory = row
    seconds, megabytes = (dict(by_library) for by_library in MEASURED[network])
    own, own_memory = seconds.pop("tinynet"), megabytes.pop("tinynet")
    fastest = min(seconds, key=lambda library: seconds[library])
    assert speed == f"{seconds[fastest] / own:.2f} ({fastest})"
    assert memory == f"{megabytes[fastest] / own_memory:.2f}"


def test_the_ratio_of_the_instruction_sets():
    name = "cnn, batch 128, 6400 images"
    ratio = summaries("intel-xeon-processor-avx2")[name][0]["tinynet"] / MEASURED[name][0]["tinynet"]
    assert f"took {ratio:.2f} times as long as with AMX" in " ".join(TEXT.split())


def test_the_machine_is_named():
    stored = json.loads((RESULTS / "bench_training-intel-xeon-processor-amx.json").read_text())
    peaks = next(peak for peak in stored["peaks"] if peak["threads"] == stored["threads"])
    assert f"copies {peaks['copy_gb_per_s']:.0f} GB/s" in " ".join(TEXT.split())
    assert stored["threads"] == 2 and "two cores" in TEXT
    versions = {name: re.match(r"\d+\.\d+", stored["versions"][library][name])[0]
                for library, name in (("torch", "torch"), ("keras-jax", "keras"), ("keras-jax", "jax"))}
    words = " ".join(TEXT.split())
    assert f"PyTorch {versions['torch']}, Keras {versions['keras']} on JAX {versions['jax']}" in words
