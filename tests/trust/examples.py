"""The part `examples` of tests/trust/run: the tests that draw their cases (Hypothesis), with random seeds, in random
order, for 10 minutes or as long as its first argument says. A test that has begun is finished. What fails is printed
as an @example to paste above the test.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def run(settings):
    rest = list(settings.rest)
    minutes = float(rest.pop(0)) if rest and rest[0].replace(".", "", 1).isdigit() else 10 * settings.scale
    end, rounds = time.time() + 60 * minutes, 0
    environment = {**os.environ, "TRUST_END": str(end), "HYPOTHESIS_PROFILE": "trust",
                   "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])}
    failed = False
    while not failed and (rounds == 0 or time.time() < end):
        seed = settings.seed + rounds
        rounds += 1
        print(f"round {rounds}, --hypothesis-seed={seed}", flush=True)
        failed = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "print_examples", f"--hypothesis-seed={seed}",
             *(rest or ["tests", "--ignore=tests/judge"])], cwd=HERE.parents[1], env=environment).returncode != 0
    yield "rounds of all tests", rounds, "none fails", not failed
