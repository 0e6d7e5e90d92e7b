"""Search for faults for as long as it takes: one part or all of them, each with its figures in a table.

    tests/trust/run                         # all parts, with the lengths that the promises are about: some hours
    tests/trust/run kills interrupts        # some of them
    tests/trust/run fuzz --scale 0.01       # a hundredth of it
    tests/trust/run fuzz --seed 7 --only m.keras
    tests/trust/run examples [MINUTES] [arguments of pytest]

A part prints its seed, and again where it fails: the same seed gives the same cases. It ends with 1 if a promise is not
kept. Each part has a short form in the normal tests, tests/trust/test_*.py.
"""

import argparse
import importlib
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

PARTS = {
    "kernels": "every kernel between guard pages, and all its tests with them",
    "huge": "kernels on more than 2^31 elements",
    "fuzz": "damaged files for every reader, 10 minutes each",
    "kills": "kill -9 at 300 random moments of writers",
    "limits": "full disks, read-only folders, no file handles, little memory",
    "interrupts": "Ctrl-C at 200 random moments; fork, spawn, threads",
    "soak": "an hour of everything: memory, threads and files stay",
    "mutants": "300 changes of the Python code, each of which a test must notice",
    "kernel_mutants": "changes of the kernels, compiled together, each of which a test must notice",
    "hosts": "odd machines: the same weights, at most twice the time",
    "sanitizers": "a build with address and undefined-behaviour sanitizers, and its tests",
    "examples": "tests that draw their cases, with random seeds",
}


@dataclass(frozen=True)
class Settings:
    """What a part is run with.

    Attributes:
        seed: Of all that is random.
        scale: 1 is the length that the promise is about; a part rounds up.
        only: Names of what to run of a part; all if empty.
        rest: Arguments for `examples`.
    """

    seed: int
    scale: float = 1.0
    only: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()

    def count(self, whole):
        """A number of repetitions, scaled."""
        return max(1, round(whole * self.scale))

    def wants(self, name):
        """Whether something called so is to be run."""
        return not self.only or any(part in name for part in self.only)


def run_part(name, settings):
    """Run a part, printing a line for each figure as it comes. Return whether all promises are kept."""
    print(f"\n== {name}: {PARTS[name]} (--seed {settings.seed} --scale {settings.scale:g})", flush=True)
    started, kept = time.monotonic(), True
    for what, figure, promised, holds in importlib.import_module(f"trust.{name}").run(settings):
        kept &= bool(holds)
        print(f"{'  ' if holds else '! '}{what:<32} {figure!s:<52} {promised}", flush=True)
    print(f"  {name}: {'kept' if kept else 'NOT KEPT'} after {time.monotonic() - started:.0f} s", flush=True)
    return kept


def main(arguments):
    parser = argparse.ArgumentParser(prog="tests/trust/run", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help="; ".join(f"{k}: {v}" for k, v in PARTS.items()))
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", action="append", default=[])
    given, rest = parser.parse_known_args(arguments)
    if "examples" in given.parts:  # the words after it are pytest's
        at = arguments.index("examples")
        given, rest = parser.parse_args(arguments[:at] + ["examples"]), arguments[at + 1:]
    elif rest:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    unknown = set(given.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    seed = random.SystemRandom().randrange(2**31) if given.seed is None else given.seed
    settings = Settings(seed, given.scale, tuple(given.only), tuple(rest))
    lost = [name for name in given.parts or PARTS if not run_part(name, settings)]
    print(f"\nall promises kept, seed {seed}" if not lost else f"\nnot kept: {', '.join(lost)}; seed {seed}")
    return 1 if lost else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
