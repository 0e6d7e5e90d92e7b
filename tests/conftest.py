"""Shared by all tests: Hypothesis profiles, and the module folder on the path.

Profiles: `ci` repeats the same examples on every run; `random` (HYPOTHESIS_PROFILE=random) draws new ones, and many
more. `trust` draws new ones for `tests/trust/run`, which comes to each test again and again.
"""

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))  # for `import checks`, `import strategies`

from tinynet import runtime  # noqa: E402  (after the path)

if runtime._native is None:
    import absent_native

    absent_native.install()

settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True,
                          suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("random", deadline=None, max_examples=2000, print_blob=True,
                          suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("trust", settings.get_profile("random"), max_examples=200)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
