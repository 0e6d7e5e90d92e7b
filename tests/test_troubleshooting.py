"""docs/guides/troubleshooting.md: every message that it quotes is what tinynet reports today.

A quoted message is a block of the language `text`. In it `…` stands for any words, and a line's end for a space.
"""

import inspect
import re
import warnings
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[1] / "docs" / "guides" / "troubleshooting.md"
if not GUIDE.exists():
    pytest.skip("the documentation is not part of the wheel", allow_module_level=True)
for module in ("matplotlib", "PIL", "starlette", "h5py"):
    pytest.importorskip(module)

from message_causes import CAUSES, Reported  # noqa: E402

from tinynet import runtime  # noqa: E402

# Messages of pip, Linux and Python itself, which nothing in tinynet can cause.
FOREIGN = {"The process is killed": 1, "Illegal instruction": 1,
           "The notebook does not find tinynet": 1}
COMPILED = {"without_compiled_module", "wrong_instruction_set"}  # causes that a pure installation does not have

SECTIONS = dict(re.findall(r"^### (.*)\n((?:(?!##).*\n)*)", GUIDE.read_text(encoding="utf-8"), re.M))
QUOTED = {heading: found for heading, text in SECTIONS.items()
          if (found := re.findall(r"^```text\n(.*?)^```", text, re.S | re.M))}
OWN = [(heading, number) for heading, causes in CAUSES.items() for number in range(len(causes))]


def one_line(text):
    return " ".join(text.split())


def pattern_of(quoted):
    """The expression that a quoted message stands for."""
    return ".*".join(re.escape(part) for part in one_line(quoted).split("…"))


def reported(cause, folder):
    """The messages of the errors and warnings that a function causes."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            cause(*[folder][: len(inspect.signature(cause).parameters)])
            found = []
        except Reported as error:
            found = [str(error)]
        except Exception as error:
            found = [f"{type(error).__name__}: {error}"]
    return [one_line(text) for text in [*found, *(f"{one.category.__name__}: {one.message}" for one in seen)]]


def test_messages_are_found():
    assert sum(map(len, QUOTED.values())) > 60 and len(SECTIONS) > 45


def test_each_message_has_a_cause():
    assert {heading: len(found) for heading, found in QUOTED.items()} == {
        **{heading: len(causes) for heading, causes in CAUSES.items()}, **FOREIGN}


@pytest.mark.parametrize(("heading", "number"), OWN, ids=[CAUSES[heading][i].__name__ for heading, i in OWN])
def test_a_message_is_what_tinynet_reports(heading, number, tmp_path):
    if runtime._native is None and CAUSES[heading][number].__name__ in COMPILED:
        pytest.skip("a message about compiled kernels, which are not here")
    pattern = pattern_of(QUOTED[heading][number])
    messages = reported(CAUSES[heading][number], tmp_path)
    assert any(re.fullmatch(pattern, message) for message in messages), f"{messages[:3]}\n{pattern}"


def test_each_section_has_a_remedy():
    for heading, text in SECTIONS.items():
        prose = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M).split()
        assert len(prose) >= 8, heading
