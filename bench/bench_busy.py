"""Training on a busy computer: how many times as long an epoch takes beside 1 and 2 other processes that compute.

The other processes never sleep, and run on the same CPUs as the contenders. A slowdown is the time beside them, divided
by the same contender's time alone. Contenders with a large one wait for threads whose core computes something else.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import bench_training
import harness
import machine
from cases import CASES
from harness import print_table

# Images an epoch: about a second alone, since the system shares its CPUs in slices of milliseconds.
SAMPLES = {"dense": 60_000, "cnn_batch_norm": 2_560}

# It ends when the bench does, however that ends.
COMPUTE = """
import os, sys
parent = os.getppid()
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, map(int, sys.argv[1].split(",")))
print("computing", flush=True)
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""


@contextlib.contextmanager
def other_processes(count: int, cpus: list[int]) -> Iterator[list[subprocess.Popen]]:
    """Let `count` processes compute on these CPUs during a `with` block."""
    command = [sys.executable, "-c", COMPUTE, ",".join(map(str, cpus))]
    with contextlib.ExitStack() as stack:
        processes = []
        for _ in range(count):
            processes.append(stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))
            stack.callback(processes[-1].kill)
        for process in processes:
            process.stdout.readline()  # it computes from now on
        yield processes


def main(argv: list[str] | None = None) -> int:
    p = harness.parser(__doc__.splitlines()[0], ",".join(dict.fromkeys(
        bench_training.DENSE + bench_training.CONVOLUTION)), rounds=5)
    p.add_argument("--cases", default="dense,cnn_batch_norm", metavar="A,B,...", help=f"any of {', '.join(CASES)}")
    p.add_argument("--others", default="1,2", metavar="N,...", help="how many other processes compute")
    p.add_argument("--samples", type=int, help="images an epoch, instead of each case's own number")
    arguments = harness.parse(p, argv)
    cases = arguments.cases.split(",")
    if unknown := set(cases) - set(CASES):
        p.error(f"unknown case {min(unknown)!r}; known: {', '.join(CASES)}")
    try:
        counts = [0, *map(int, arguments.others.split(","))]
        if min(counts[1:]) < 1:
            raise ValueError(counts)
    except ValueError:
        p.error(f"--others {arguments.others!r}: expected numbers from 1 on, such as 1,2")
    if arguments.quick:
        arguments.samples = arguments.samples or 640
    samples = {name: arguments.samples or SAMPLES.get(name, CASES[name].samples) for name in cases}
    cpus = machine.usable_cpus()[:arguments.threads]

    with harness.Session(arguments, arguments.contenders) as session:
        origin = bench_training.load_images(session.folder.name, max(samples.values()), arguments.quick)
        session.measure_peaks()
        times = {}
        for name in cases:
            for batch_size in CASES[name].batch_sizes:
                subject = {"case": name, "batch_size": batch_size, "samples": samples[name], "images": origin}
                parameters = {"case": name, "batch_size": batch_size, "samples": samples[name],
                              "folder": session.folder.name, "seed": 0}
                takes_part = bench_training.CONVOLUTION if CASES[name].channels else bench_training.DENSE
                for count in counts:
                    with other_processes(count, cpus):
                        times[f"{name}, batch {batch_size}", count] = session.compare(
                            {**subject, "others": count}, "training", parameters,
                            bench_training.make_check(CASES[name], samples[name], origin), calls=1, warm_turn=True,
                            names=[name for name in session.workers if name in takes_part])
        session.measure_peaks()
        return session.finish(report(session, times, origin))


def report(session: harness.Session, times: dict[tuple[str, int], dict[str, float]], origin: str) -> dict[str, Any]:
    """Print the table and return its numbers as a dict.

    Args:
        session: The session, for its contenders.
        times: {(case, how many other processes): {contender: seconds}}.
        origin: What the images are.
    """
    names = list(session.workers)
    summary: dict[str, Any] = {"seconds": {}, "slowdown": {}, "images": origin}
    rows = []
    for (case, count), seconds in times.items():
        alone = times[case, 0]
        slowdown = {name: seconds[name] / alone[name] for name in seconds if name in alone}
        summary["seconds"].setdefault(case, {})[str(count)] = seconds
        if count:
            summary["slowdown"].setdefault(case, {})[str(count)] = slowdown
        rows.append([case, str(count) if count else "none", *(
            "-" if name not in seconds else f"{seconds[name]:.3f}" if count == 0 or name not in slowdown else
            f"{seconds[name]:.3f} ({slowdown[name]:.2f})" for name in names)])
    print(f"\nSeconds per epoch on {session.arguments.threads} thread(s), {origin}; (times as long as alone)\n")
    print_table(["case", "other processes", *names], rows)
    return summary


if __name__ == "__main__":
    sys.exit(main())
