"""The part `fuzz` of tests/trust/run: changed inputs for every reader (fuzz_targets.py), a process for each.

What counts: an error that is not of the documented kinds or does not name the file (an escape); more than 10 s of the
processor for one input, or 10 minutes of waiting (a hang); more memory than the larger of 1 GiB and 10 times the file;
a process that ends (a crash). The input of a fault stays in the folder that is printed. The inputs depend only on the
seed and the number of the round.

    python tests/trust/fuzz.py TARGET SEED SECONDS FOLDER     # what each process runs
"""

import collections
import contextlib
import faulthandler
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

MINUTES = 10  # a reader, in the long run
HANG_SECONDS = 10  # of the processor: a process that others hold up, or that stands still with its machine, is no hang
WAIT_SECONDS = 600
LEAST_BYTES, TIMES_FILE = 1 << 30, 10
TOO_MUCH = 64 << 20  # what the reader and its libraries may take beside that


class Hang(BaseException):
    """More time than an input may take."""


def peak_bytes(reset=False):
    """The most memory since the last reset; 0 where Linux does not tell."""
    with contextlib.suppress(OSError):
        if reset:
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
        with open("/proc/self/status") as file:
            return 1024 * next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    return 0


def judged(target, path):
    """What is wrong with how an input was read, or "" """
    try:
        target.read(str(path))
    except target.errors as error:
        if {"file": path.name, "folder": path.parent.name, "": ""}[target.named] not in str(error):
            return f"does not name the file: {type(error).__name__}: {error}"
    except OSError as error:
        if error.errno is None or error.errno == 22:
            return f"raw {type(error).__name__}: {error}"
    except Hang:
        return f"hangs for more than {HANG_SECONDS} s"
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"raw {type(error).__name__}: {error} (at {Path(where.filename).name}:{where.lineno})"
    return ""


def work(name, seed, seconds, folder):
    """Read changed inputs until the time is over; print a dict of what was found."""
    from trust.fuzz_targets import TARGETS, changed

    def alarm(*_):
        raise Hang

    signal.signal(signal.SIGPROF, alarm)
    faulthandler.register(signal.SIGXCPU, chain=True)
    warnings.simplefilter("ignore")
    target, folder = TARGETS[name], Path(folder)
    path = folder / name
    try:
        seeds = target.seeds(folder)
    except BaseException as error:
        if type(error).__name__ != "Skipped":  # pytest's, of a missing extra
            raise
        return print(json.dumps({"rounds": 0, "found": [], "left out": str(error)}))
    for data in seeds:
        path.write_bytes(data)
        target.read(str(path))  # the correct ones are read
    end, rounds, found = time.monotonic() + seconds, 0, {}
    while time.monotonic() < end:
        draw = random.Random(f"{name} {seed} {rounds}")
        data = changed(target, seeds, draw)
        path.write_bytes(data)
        before = peak_bytes(reset=True)
        limit = int(time.process_time()) + 3 * HANG_SECONDS  # ends the process: compiled code does not hear the alarm
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        faulthandler.dump_traceback_later(WAIT_SECONDS, exit=True)
        signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)
        try:
            wrong = judged(target, path)
        except Hang:
            wrong = f"hangs for more than {HANG_SECONDS} s"
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        taken = peak_bytes() - before
        if taken > max(LEAST_BYTES, TIMES_FILE * len(data)) + TOO_MUCH:
            wrong = wrong or f"takes {taken / 1e6:.0f} MB, the file has {len(data)} bytes"
        if wrong:
            kind = wrong.split("(at ")[-1] if "(at " in wrong else wrong[:60]
            if kind not in found:
                found[kind] = f"round {rounds}: {wrong}"
                (folder / f"fault-{len(found)}-{name}").write_bytes(data)
        rounds += 1
    print(json.dumps({"rounds": rounds, "found": list(found.values())}))


def fuzz(name, seed, seconds, folder):
    """Fuzz one reader. Return (number of inputs, list of faults, why it was left out or "")."""
    result = subprocess.run([sys.executable, __file__, name, str(seed), str(seconds), str(folder)],
                            capture_output=True, text=True)
    try:
        told = json.loads(result.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return 0, [f"the process ended with {result.returncode}: {result.stderr[-1500:]}"], ""
    return told["rounds"], told["found"], told.get("left out", "")


def run(settings):
    from trust.fuzz_targets import TARGETS

    total, faults = collections.Counter(), 0
    for name in TARGETS:
        if not settings.wants(name):
            continue
        folder = Path(tempfile.mkdtemp(prefix="tinynet-fuzz-"))
        rounds, found, left_out = fuzz(name, settings.seed, 60 * MINUTES * settings.scale, folder)
        total["inputs"] += rounds
        faults += len(found)
        yield name, left_out or f"{rounds} inputs, {len(found)} kinds of faults", "0", not found
        for one in found:
            print(f"    {one}\n    in {folder}")
        if not found:
            subprocess.run(["rm", "-rf", str(folder)])
    yield "all readers", f"{total['inputs']} inputs, {faults} kinds of faults", "0", not faults


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    faulthandler.enable()
    work(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
