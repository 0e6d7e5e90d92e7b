"""The lab: how soon the first picture is there, how fast a control answers, how smooth and how costly the pictures are.

The client is a websocket, as a browser's, that asks for the next picture as soon as one has come. The pictures' numbers
are compared with those of a panel that is stepped in a plain loop. Targets are for a quiet machine; the exit code is 1
only at ten times a target, since machines are not quiet.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import machine
import numpy as np

import tinynet as tn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import lab_server  # noqa: E402

from tinynet.lab import all_panels  # noqa: E402
from tinynet.textbook.practicals import MODELS  # noqa: E402

# name: (target, unit, whether more is better)
PANELS = [key for key in ("descent", "initialization", "digits", "cnn") if key in all_panels()]  # of a class
TARGETS = {
    "first picture": (1.5, "s after the command", False),
    "control to picture": (50.0, "ms, median", False),
    "pictures while training": (25.0, "a second", True),
    "training beside a plain loop": (0.8, "of its speed", True),
    "a class of 30": (1.0, "s, the longest wait for a picture", False),
    "fit with a page open": (1.1, "times as long as without", False),
}


def first_picture(panel: str) -> float:
    """Seconds from the command to the first picture of a panel."""
    began = time.perf_counter()
    command = [sys.executable, "-P", "-m", "tinynet", "lab", panel, "--no-browser", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        link = re.search(r"http://\S+", process.stdout.readline()).group()  # type: ignore[union-attr]
        jar = CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        opener.open(link.split("#")[0], timeout=20).read()
        base = link.split("/?")[0]
        cookie = "; ".join(f"{one.name}={one.value}" for one in jar)
        tab = lab_server.Tab(lab_server.connect(f"ws{base[4:]}/session?tab=bench", origin=base,
                                                additional_headers={"Cookie": cookie}, max_size=None))
        tab.send("open", panel=panel)
        tab.picture(0)
        seconds = time.perf_counter() - began
        tab.close()
        return seconds
    finally:
        process.terminate()
        process.wait(10)


def control_to_picture(lab: lab_server.Lab, times: int) -> float:
    """Median milliseconds from a changed setting to its picture."""
    tab = lab.tab("control")
    tab.send("open", panel="descent", settings={"surface": "bowl"})
    tab.picture(0)
    waits = []
    for i in range(times):
        tab.send("ready")
        time.sleep(0.05)  # a reader's pause: no picture is due
        began = time.perf_counter()
        tab.send("set", settings={"rate": 0.01 + 0.0001 * (i + 1)})
        tab.until("frame")
        waits.append(1000 * (time.perf_counter() - began))
    tab.close()
    return statistics.median(waits)


def in_the_lab(lab: lab_server.Lab, panel: str, seconds: float) -> tuple[float, float, int, dict[str, Any]]:
    """(steps a second, pictures a second, the last step, its numbers) of a panel that plays as fast as possible."""
    tab = lab.tab(f"play-{time.perf_counter_ns()}")
    tab.send("open", panel=panel)
    tab.picture(0)
    tab.send("speed", speed=0)
    tab.send("play")
    first = tab.picture()["step"]
    frames, began = tab.frames, time.perf_counter()
    while time.perf_counter() < began + seconds:
        tab.picture()
    passed = time.perf_counter() - began
    frames, last = tab.frames - frames, tab.frame
    tab.send("pause")
    tab.close()
    return (last["step"] - first) / passed, frames / passed, last["step"], last["state"]["numbers"]


def in_a_loop(panel: str, seconds: float) -> float:
    """Steps a second of the same panel without a lab."""
    cls = all_panels()[panel]
    one = cls(cls.parse({}), 0)
    one.step()
    steps, began = 0, time.perf_counter()
    while time.perf_counter() < began + seconds:
        one.step()
        steps += 1
    return steps / (time.perf_counter() - began)


def are_the_same(panel: str, step: int, numbers: dict[str, Any]) -> bool:
    """Whether a panel that is stepped in a plain loop has the numbers of the picture."""
    cls = all_panels()[panel]
    one = cls(cls.parse({}), 0)
    for _ in range(step):
        one.step()
    mine = one.state()["numbers"]
    return mine.keys() == numbers.keys() and all(
        np.array_equal(mine[name], numbers[name], equal_nan=isinstance(mine[name], float)) for name in mine)


def class_of(lab: lab_server.Lab, readers: int, seconds: float) -> float:
    """The longest wait for a picture while so many sessions train."""
    tabs = [lab.tab(f"class-{i}") for i in range(readers)]
    for i, tab in enumerate(tabs):
        tab.send("open", panel=PANELS[i % len(PANELS)], seed=i)
        tab.send("speed", speed=30)
        tab.picture(0, timeout=120)
    for tab in tabs:
        tab.send("play")
    waits: list[float] = []
    end = time.monotonic() + seconds

    def read(tab: lab_server.Tab) -> None:
        while time.monotonic() < end:
            began = time.perf_counter()
            tab.picture(timeout=120)
            waits.append(time.perf_counter() - began)

    threads = [threading.Thread(target=read, args=(tab,)) for tab in tabs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for tab in tabs:
        tab.close()
    return max(waits)


def fit_with_a_page(rounds: int, samples: int) -> float:
    """How many times as long an epoch of the small CNN takes with a page open, medians of alternating rounds."""
    from tinynet.lab import background
    from tinynet.lab.session import Session
    from tinynet.lab.turns import Turns

    rng = np.random.default_rng(0)
    x, y = rng.random((samples, 28, 28, 1), np.float32), rng.integers(0, 10, samples)
    models = []
    for _ in range(2):
        model = MODELS["cnn"].build()
        model.compile("adam", tn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        model.fit(x[:256], y[:256], batch_size=128, verbose=0)
        models.append(model)
    models[1].lab(open_browser=False, port=0)

    def deliver(message: dict | bytes) -> None:  # as a page does: asks for the next picture when one has come
        if isinstance(message, bytes):
            session.receive('{"do": "ready"}')

    session = Session(Turns(), deliver)
    session.receive('{"do": "open", "panel": "model"}')
    session.receive('{"do": "ready"}')
    seconds: list[list[float]] = [[], []]
    for _ in range(rounds):
        for model, times in zip(models, seconds, strict=True):
            began = time.perf_counter()
            model.fit(x, y, batch_size=128, verbose=0)
            times.append(time.perf_counter() - began)
    session.end()
    background.close()
    return statistics.median(seconds[1]) / statistics.median(seconds[0])


def main(argv: list[str] | None = None) -> int:
    """Run the bench; see the head of this file."""
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--panel", default="digits", help="the panel that trains (default: %(default)s)")
    p.add_argument("--seconds", type=float, default=3.0, help="length of a turn")
    p.add_argument("--rounds", type=int, default=5, help="turns of each; the median counts")
    p.add_argument("--quick", action="store_true", help="show that it works, not how fast")
    p.add_argument("--output", type=Path, help="JSON file for the results")
    arguments = p.parse_args(argv)
    if arguments.quick:
        arguments.seconds, arguments.rounds = 0.5, 1
    panel, seconds, rounds = arguments.panel, arguments.seconds, arguments.rounds
    results = {"first picture": statistics.median(first_picture(panel) for _ in range(rounds))}
    with lab_server.running_lab() as lab:
        results["control to picture"] = control_to_picture(lab, 5 if arguments.quick else 50)
        ratios, pictures = [], []
        for _ in range(rounds):
            alone = in_a_loop(panel, seconds)
            beside, shown, step, numbers = in_the_lab(lab, panel, seconds)
            ratios.append(beside / alone)
            pictures.append(shown)
        if not are_the_same(panel, step, numbers):
            print(f"{panel}: the lab's numbers after {step} steps are not those of a plain loop")
            return 1
        results["pictures while training"] = statistics.median(pictures)
        results["training beside a plain loop"] = statistics.median(ratios)
        results["a class of 30"] = class_of(lab, 6 if arguments.quick else 30, seconds)
    results["fit with a page open"] = fit_with_a_page(rounds, 512 if arguments.quick else 6000)
    failed = False
    print(f"{'':<30}{'measured':>10}{'target':>10}")
    for name, value in results.items():
        target, unit, more = TARGETS[name]
        met = value >= target if more else value <= target
        failed |= value < target / 10 if more else value > target * 10
        print(f"{name:<30}{value:>10.3g}{target:>10.3g}  {unit}{'' if met else ' (missed)'}")
    if arguments.output:
        arguments.output.write_text(json.dumps(
            {"machine": machine.describe(), "command": f"bench_lab.py --panel {panel} --seconds {seconds} "
             f"--rounds {rounds}", "results": results}, indent=1) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
