"""The lab's page on a model that several processes train: the first serves it, and it shows the whole."""

import contextlib
import importlib.util
import json
import os
import re
import signal
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest
from distribution.launch import HERE, needs_mpi, run, start
from lab_browser import CHROMIUM, Reader

import tinynet as tn
from tinynet.lab.your_model import YourModel

PROGRAM = HERE / "watched.py"
RANKS = 2


def results(output):
    """{rank: what watched.py has printed}"""
    found = [json.loads(line) for line in re.findall(r"RESULT (\{.*\})", output)]
    return {one["rank"]: one for one in found}


@contextlib.contextmanager
def training(epochs):
    """(the running program, the page's address, its token, the process id of rank 1)"""
    process = start(RANKS, [PROGRAM, epochs])
    try:
        output = ""
        for line in process.stdout:
            output += line
            found = re.search(r"tinynet lab: (http://127\.0\.0\.1:\d+)/\?token=([\w-]+)#/model", output)
            other = re.search(r"PROCESS 1 (\d+)", output)
            if found and other:
                break
        else:
            raise AssertionError(f"no link in {output}")
        yield process, found[1], found[2], int(other[1])
    finally:
        if process.poll() is None:
            process.terminate()
        with contextlib.suppress(Exception):
            process.communicate(timeout=30)


@contextlib.contextmanager
def page(base, token):
    """What a browser gets of the page, as `lab_server.Tab`."""
    pytest.importorskip("websockets")
    from lab_server import Tab, _NoRedirect
    from websockets.sync.client import connect

    request = urllib.request.Request(f"{base}/?token={token}")
    try:
        urllib.request.build_opener(_NoRedirect).open(request, timeout=20)
    except urllib.error.HTTPError as error:
        cookie = error.headers["Set-Cookie"].split(";")[0]
    with connect(f"ws{base[4:]}/session?tab=one", origin=base, additional_headers={"Cookie": cookie}, max_size=None,
                 open_timeout=20) as connection:
        tab = Tab(connection)
        tab.send("open", panel="model", settings={})
        yield tab


def until(tab, condition, seconds=60):
    """The state of the first picture for which the condition holds."""
    end = time.monotonic() + seconds
    while True:
        picture = tab.picture(timeout=seconds)
        if condition(picture):
            return picture
        assert time.monotonic() < end, picture["state"]["numbers"]


def hold(tab):
    """Hold the training; the step at which it stands."""
    until(tab, lambda picture: "slowest" in picture["state"]["numbers"])
    tab.send("pause")
    return until(tab, lambda picture: picture["state"]["numbers"]["state"] == "held")["step"]


@pytest.fixture(autouse=True)
def lab_is_there():
    needs_mpi()
    for name in ("starlette", "uvicorn", "websockets"):
        pytest.importorskip(name)


def test_the_first_process_serves_and_watching_changes_nothing():
    code, output = run(RANKS, [PROGRAM, 2])
    assert code == 0, output
    assert output.count("tinynet lab: http") == 1
    watched = results(output)
    code, output = run(RANKS, [PROGRAM, 2, "plain"])
    assert code == 0, output
    plain = results(output)
    assert {rank: one["serves"] for rank, one in watched.items()} == {0: True, 1: False}
    assert watched[0]["link"].startswith("http://127.0.0.1:") and watched[1]["link"] == ""
    assert watched[0]["losses"] == watched[1]["losses"] == plain[0]["losses"] == plain[1]["losses"]


def test_the_history_has_the_speed_of_the_whole():
    code, output = run(RANKS, [PROGRAM, 3, "plain"])
    assert code == 0, output
    found = results(output)
    assert found[0]["speeds"] == found[1]["speeds"], "each rank has the same numbers"
    assert len(found[0]["speeds"]) == 3
    for speed in found[0]["speeds"]:
        assert speed["samples_per_second"] * speed["seconds"] == pytest.approx(144)  # of all ranks together
        waiting = speed["waiting_by_rank"]
        assert len(waiting) == RANKS and all(0 < one < 1 for one in waiting)
        assert speed["waiting"] == pytest.approx(sum(waiting) / RANKS)
        assert 0 <= speed["slowest"] < RANKS


def test_one_process_has_no_speeds():
    model = tn.Sequential([tn.Input((1,)), tn.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert model.fit([[1.0]], [[1.0]], verbose=0).speeds == []


def test_the_page_shows_the_whole_and_is_obeyed_by_all():
    with training(100_000) as (process, base, token, _), page(base, token) as tab:
        state = until(tab, lambda picture: "slowest" in picture["state"]["numbers"]
                      and len(picture["state"]["epochs"]) > 1)["state"]
        numbers = state["numbers"]
        assert numbers["processes"] == RANKS and numbers["slowest"] in range(RANKS)
        assert numbers["samples"] > 0 and 0 < numbers["communication"] < 100
        assert [one["rank"] for one in state["ranks"]] == list(range(RANKS))
        assert [one["slowest"] for one in state["ranks"]].count(True) == 1
        assert all(one["host"] and 0 < one["waiting"] < 1 for one in state["ranks"])
        held = hold(tab)
        time.sleep(1)
        tab.send("step")
        assert until(tab, lambda picture: picture["step"] > held)["step"] == held + 1, "all ranks make one step"
        tab.send("stop")
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
        found = results(output)
        assert sorted(found) == [0, 1] and found[0]["losses"] == found[1]["losses"]


def test_a_held_training_notices_that_another_process_is_gone():
    with training(100_000) as (process, base, token, other), page(base, token) as tab:
        hold(tab)
        os.kill(other, signal.SIGSTOP)
        try:
            output, _ = process.communicate(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(other, signal.SIGKILL)
        assert process.returncode != 0
        assert re.search(r"rank 1 of 2 on host .* has not answered for \d+ seconds", output), output


def test_ctrl_c_ends_a_held_training():
    with training(100_000) as (process, base, token, _), page(base, token) as tab:
        hold(tab)
        os.kill(process.pid, signal.SIGUSR1)  # mpirun passes it on to all; as Ctrl-C, with more time
        output, _ = process.communicate(timeout=60)
        assert process.returncode != 0
        assert len(re.findall("training was interrupted after", output)) == 1, output


@pytest.mark.skipif(CHROMIUM is None or importlib.util.find_spec("playwright") is None,
                    reason="needs playwright and chromium")
def test_the_page_in_a_browser():
    from playwright.sync_api import sync_playwright

    words = {"en": YourModel.words["ranks"].en, "ko": YourModel.words["ranks"].ko}
    with training(100_000) as (process, base, token, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        lab = SimpleNamespace(base=base, access=SimpleNamespace(token=token))
        for lang, dark, width in (("en", False, 1280), ("ko", True, 1280), ("ko", False, 420), ("en", True, 420)):
            with Reader(browser, lab, f"model?lang={lang}", width=width, dark=dark) as reader:
                reader.wait_for("__lab.state()?.ranks?.[1]?.waiting != null && __lab.state().epochs.length > 1")
                reader.settle()
                page = reader.page
                assert page.locator("tr[data-rank]").count() == RANKS
                assert page.locator("caption", has_text=words[lang]).count() == 1
                assert page.locator("tr[data-rank].chosen").count() == 1
                for name in ("processes", "samples", "communication", "slowest"):
                    assert page.locator(f"[data-number={name}] dd").inner_text()
                assert reader.js("document.documentElement.scrollWidth <= window.innerWidth")
                reader.picture(f"model-ranks-{lang}-{'dark' if dark else 'light'}-{width}")
        browser.close()
