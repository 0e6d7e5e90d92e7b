"""Shared by all tests: Hypothesis profiles, and the module folder on the path.

Profiles: `ci` repeats the same examples on every run; `random` (HYPOTHESIS_PROFILE=random) draws new ones, and many
more. `trust` draws new ones for `tests/trust/run`, which comes to each test again and again. `mutants` looks for no
simpler example of a failure.
"""

import os
import sys
import sysconfig
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

sys.path.insert(0, str(Path(__file__).parent))  # for `import checks`, `import strategies`

from tinynet import runtime  # noqa: E402  (after the path)


def ahead_of_packages():
    """How often this folder is on the path ahead of the installed packages. After them it hides nothing."""
    packages = sysconfig.get_path("purelib")
    end = sys.path.index(packages) if packages in sys.path else len(sys.path)
    return sys.path[:end].count(str(Path(__file__).parents[1]))


AHEAD_AT_FIRST = ahead_of_packages()
WORKING_FOLDER = os.getcwd()

if runtime._native is None:
    import absent_native

    absent_native.install()

settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True,
                          suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("random", deadline=None, max_examples=2000, print_blob=True,
                          suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("trust", settings.get_profile("random"), max_examples=200)
settings.register_profile("mutants", settings.get_profile("ci"), phases=(Phase.explicit, Phase.generate))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True, scope="session")
def whole_tracebacks():
    """A failing test shows the calls inside tinynet, too: there its fault may be. tests/core/test_tracebacks.py tests
    the short ones.
    """
    import tinynet  # late: some tests set the environment that it reads

    tinynet.config.disable_traceback_filtering()


@pytest.fixture(autouse=True)
def path_of_the_package():
    """Nothing puts this folder ahead of the installed packages: a process that a test starts would find its sources,
    which may have no compiled module, instead of the package that is tested.
    """
    yield
    assert ahead_of_packages() == AHEAD_AT_FIRST, "a test, or a module of tests, put the project's folder on sys.path"


@pytest.fixture(autouse=True)
def nothing_left():
    """A test writes into `tmp_path`: nothing new is in the folder that pytest was started in, but what tools make."""
    before = set(os.listdir(WORKING_FOLDER))
    yield
    new = set(os.listdir(WORKING_FOLDER)) - before
    left = {name for name in new if not name.startswith((".", "__")) and name not in ("build", "dist")}
    assert not left, f"a test left {', '.join(sorted(left))} in {WORKING_FOLDER}: this one, or one that ran beside it"


@pytest.fixture
def ordinary_steps(monkeypatch):
    """No step is run from a recording: a test that counts the calls of kernels in Python sees them all."""
    monkeypatch.setattr("tinynet.models.replay.reason_against", lambda model, training: "a test counts calls")


@pytest.fixture
def nothing_folded():
    """Prediction folds no batch normalization into convolutions: it has the bits of the layers one by one."""
    from tinynet import config

    config.set_fold_batch_norm(False)
    yield
    config.set_fold_batch_norm(True)
