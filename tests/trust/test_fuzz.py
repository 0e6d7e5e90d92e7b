"""Damaged files for every reader: the short form (tests/trust/run fuzz), the same inputs in every run.

About two seconds a reader; tests/saving/test_mutations.py has more of the same kind.
"""

import pytest
from saving.test_mutations import READERS
from trust import fuzz
from trust.fuzz_targets import TARGETS

SECONDS = 2


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in READERS or name == "m.keras"])
def test_no_reader_is_surprised(name, tmp_path):
    inputs, faults = fuzz.fuzz(name, 1, SECONDS, tmp_path)
    assert not faults, "\n".join(faults)
