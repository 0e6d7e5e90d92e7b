"""Changes of the Python code: the short form (tests/trust/run mutants), ten, the same in every run. All are noticed."""

import pytest
from trust import mutants

COUNT, SEED = 10, 4


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return mutants.Copy(tmp_path_factory.mktemp("copy"))


def test_the_copy_passes(copy):
    assert copy.run(["tests/test_constraints.py"])


@pytest.mark.parametrize("mutant", mutants.drawn(COUNT, SEED), ids=lambda mutant: f"{mutant.module} {mutant.kind}")
def test_a_mutant_is_noticed(mutant, copy):
    source = (mutants.ROOT / "tinynet" / mutant.module).read_text()
    assert not copy.survives(mutant), f"tinynet/{mutant.module}:\n{mutant.difference(source)}"
