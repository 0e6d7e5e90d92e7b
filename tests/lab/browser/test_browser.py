"""Every panel in a real browser: all controls, both languages, both themes, keyboard, screen readers, no faults.

Needs the extra `browser` and Chromium (`apt install chromium`, or CHROMIUM=path). LAB_SCREENSHOTS=folder writes
pictures of every panel, to be looked at.
"""

import importlib.util
import json
import math
import os
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from lab_server import running_lab

from tinynet.lab import all_panels

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="needs playwright"),
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
]
KEYS = list(all_panels())
PICTURES = os.environ.get("LAB_SCREENSHOTS")
# Latin words that stand in a Korean page as they are: names, and what an address or code holds.
LATIN = re.compile(r"[A-Za-z]{2,}")


@pytest.fixture(scope="module")
def lab():
    with running_lab() as one:
        yield one


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
            "--no-first-run", "--disable-sync"])
        yield browser
        browser.close()


class Reader:
    """A browser page that notes every fault: errors of scripts, failed requests, requests that leave this machine."""

    def __init__(self, chromium, lab, fragment="", width=1280, dark=False, calm=False, lang="en-US"):
        self.lab = lab
        self.context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", locale=lang,
            reduced_motion="reduce" if calm else "no-preference")
        self.faults = []
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.faults.append(message.text)
                     if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("requestfailed", lambda request: self.faults.append(f"failed {request.url}"))
        self.page.on("response", lambda answer: self.faults.append(f"{answer.status} {answer.url}")
                     if answer.status >= 400 else None)
        self.page.on("request", lambda request: None if request.url.startswith((lab.base, "blob:", "data:"))
                     else self.faults.append(f"left: {request.url}"))
        self.page.goto(f"{lab.base}/?token={lab.access.token}#/{fragment}")
        if fragment:
            self.wait_for("__lab.state() !== undefined")
        else:
            self.page.wait_for_selector(".contents")

    def wait_for(self, condition, seconds=20):
        """Wait for an expression to hold. (Playwright's own way needs eval in the page, which its policy forbids.)"""
        end = time.monotonic() + seconds
        while not self.page.evaluate(condition):
            assert time.monotonic() < end, f"never: {condition}; the page shows {self.page.inner_text('#notice')!r}"
            self.page.wait_for_timeout(20)

    def js(self, expression):
        return self.page.evaluate(expression)

    def settle(self):
        """Wait until the newest picture is on the page."""
        self.page.wait_for_timeout(150)

    def picture(self, name):
        """Write a screenshot, if asked for."""
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        faults = [fault for fault in self.faults if "ResizeObserver loop" not in fault]
        self.context.close()
        if kind is None:
            assert faults == []


@pytest.fixture
def read(chromium, lab):
    return lambda fragment="", **options: Reader(chromium, lab, fragment, **options)


def same(shown, value):
    """Whether what the page has is the engine's value; JSON has no NaN and turns tuples into lists."""
    if isinstance(value, float) and isinstance(shown, int | float):
        return math.isclose(shown, value, rel_tol=1e-15) or math.isnan(value) and math.isnan(shown)
    return shown == value


@pytest.mark.parametrize("key", KEYS)
def test_a_panel_shows_the_engines_numbers(read, key):
    with read(key) as reader:
        for _ in range(3):
            if reader.page.is_enabled("#step"):
                step = reader.js("__lab.step()")
                reader.page.click("#step")
                reader.wait_for(f"__lab.step() === {step + 1}")
        panel = all_panels()[key](all_panels()[key].parse({}), 0)
        for _ in range(reader.js("__lab.step()")):
            panel.step()
        numbers, shown = panel.state()["numbers"], reader.js("__lab.state().numbers")
        assert shown.keys() == numbers.keys()
        for name, value in numbers.items():
            value = value.item() if isinstance(value, np.generic) else value
            assert same(shown[name], value), name
            assert reader.page.locator(f"[data-number={name}] dd").inner_text()
        assert reader.js("__lab.code()") == panel.code(reader.js("__lab.step()"))
        reader.picture(f"{key}-light-en")


@pytest.mark.parametrize("key", KEYS)
def test_every_control_works(read, key):
    """Each control is used as a reader would; the setting follows, and nothing fails."""
    with read(key) as reader:
        page = reader.page
        for parameter in all_panels()[key].parameters:
            if not parameter.shown:
                continue
            for name, values in parameter.when.items():  # make it visible
                set_choice(page, name, values[0])
                reader.wait_for(f"__lab.settings()[{name!r}] === {json.dumps(values[0])}")
            box = page.locator(f"[data-parameter={parameter.name}]")
            assert box.is_visible(), f"{parameter.name} is not shown"
            before = reader.js(f"JSON.stringify(__lab.settings()[{parameter.name!r}])")
            use(page, box, parameter)
            if parameter.kind != "picture":
                reader.wait_for(f"JSON.stringify(__lab.settings()[{parameter.name!r}]) !== {before!r} "
                                "|| !document.querySelector('#notice').hidden", 10)
            reader.settle()
        page.reload()
        reader.wait_for("__lab.state() !== undefined")
        # What was set may not fit together: then the page tells why, and a reset leads out.
        if page.is_enabled("#play"):
            page.click("#play")
            page.wait_for_timeout(400)
            if reader.js("__lab.playing()"):
                page.click("#play")
        page.click("#reset")
        reader.settle()


def set_choice(page, name, value):
    """Choose an option of a Choice, or tick a Flag."""
    box = page.locator(f"[data-parameter={name}]")
    if isinstance(value, bool):
        box.locator("input").set_checked(value)
    elif box.locator("select").count():
        box.locator("select").select_option(value)
    else:
        box.locator(f"input[value='{value}']").click(force=True)  # a refused one springs back


def use(page, box, parameter):
    """Change one setting through its control."""
    kind = parameter.kind
    if kind == "choice":
        values = [value for value, _ in parameter.options]
        now = page.evaluate(f"__lab.settings()[{parameter.name!r}]")
        set_choice(page, parameter.name, values[(values.index(now) + 1) % len(values)])
    elif kind == "several":
        box.locator("input").last.click()
    elif kind == "flag":
        box.locator("input").click()
    elif kind == "number":
        slider = box.locator("input[type=range]")
        slider.focus()
        slider.press("ArrowLeft" if slider.input_value() != slider.get_attribute("min") else "ArrowRight")
    elif kind == "text":
        field = box.locator("input")
        field.fill(field.input_value() + " ")
        field.press("Enter")
    elif kind == "place":
        field = box.locator("input").first
        field.fill(str(round(float(field.input_value()) * 0.5 + 0.125, 3)))
        field.press("Enter")
    elif kind == "rows" and parameter.look == "points":
        rows = "\n".join(",".join(str(max(parameter.low, 0) + i % 2) for _ in range(parameter.columns[0]))
                         for i in range(max(parameter.rows[0], 2)))
        box.locator("input[type=file]").set_input_files(
            {"name": "points.csv", "mimeType": "text/csv", "buffer": f"x,y\n{rows}\n".encode()})
    elif kind == "rows":
        field = box.locator(".grid input").first
        value = float(field.input_value())
        field.fill(str(int(value + 1 if value + 1 <= parameter.high else value - 1)))
        field.press("Enter")
    elif kind == "picture":
        sketch = box.locator("canvas").bounding_box()
        page.mouse.move(sketch["x"] + 20, sketch["y"] + 20)
        page.mouse.down()
        page.mouse.move(sketch["x"] + 60, sketch["y"] + 70, steps=4)
        page.mouse.up()
    else:
        raise AssertionError(f"no test uses a control of the kind {kind}")


@pytest.mark.parametrize("key", KEYS)
def test_a_panel_in_korean_and_dark_on_a_phone(read, key):
    with read(key, width=360, dark=True, lang="ko-KR") as reader:
        page = reader.page
        assert page.get_attribute("html", "lang") == "ko"
        if page.is_enabled("#step"):
            page.click("#step")
            reader.settle()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, "scrolls sideways"
        reader.picture(f"{key}-dark-ko-phone")
        untranslated(page, key)
        settings = page.evaluate("JSON.stringify(__lab.settings())")
        step = page.evaluate("__lab.step()")
        page.click("#language")
        assert page.get_attribute("html", "lang") == "en" and page.inner_text("#play") == "Play"
        reader.settle()
        assert page.evaluate("JSON.stringify(__lab.settings())") == settings and page.evaluate("__lab.step()") == step
        page.click("#theme")
        assert page.get_attribute("html", "data-theme") == "light"
        page.set_viewport_size({"width": 1920, "height": 1080})
        reader.settle()
        reader.picture(f"{key}-light-en-projector")


def untranslated(page, key):
    """Fails for English words that stand alone, where the catalogue has Korean."""
    panel = all_panels()[key]
    english = {words.en for words in panel.words.values() if words.en != words.ko}
    english |= {one.label.en for one in panel.parameters if one.label.en != one.label.ko}
    texts = page.evaluate("""() => {
        const walker = document.createTreeWalker(document.querySelector('#main'), NodeFilter.SHOW_TEXT);
        const found = [];
        while (walker.nextNode()) {
            const text = walker.currentNode;
            if (!text.parentElement.closest('pre, .formulas')) found.push(text.data.trim());
        }
        return found;
    }""")
    assert not {text for text in texts if text in english and LATIN.search(text)}


@pytest.mark.parametrize("key", KEYS)
def test_axe_finds_no_barrier(read, key):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for dark, width in ((False, 1280), (True, 1280), (False, 360)):
        with read(key, dark=dark, width=width) as reader:
            reader.settle()
            found = axe.run(reader.page, options={"resultTypes": ["violations"]}).response["violations"]
            assert [(one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found] == [], width


def test_the_contents_lead_to_every_panel(read):
    with read() as reader:
        page = reader.page
        links = page.eval_on_selector_all(".contents a", "links => links.map((link) => link.getAttribute('href'))")
        assert links == [f"#/{key}" for key in KEYS]
        reader.picture("contents")
        page.click(".contents a")
        reader.wait_for("__lab.state() !== undefined")
        page.go_back()
        page.wait_for_selector(".contents")
        assert page.title()
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
        assert axe.run(page).response["violations"] == []


def test_the_keyboard_drives_a_panel(read):
    with read("descent") as reader:
        page = reader.page
        page.keyboard.press("ArrowRight")
        reader.wait_for("__lab.step() === 1")
        page.keyboard.press("ArrowRight")
        reader.wait_for("__lab.step() === 2")
        page.keyboard.press("ArrowLeft")
        reader.wait_for("__lab.step() === 1")
        page.keyboard.press(" ")
        reader.wait_for("__lab.step() > 5")
        page.keyboard.press(" ")
        reader.wait_for("__lab.playing() === false")
        page.keyboard.press("r")
        reader.wait_for("__lab.step() === 0")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        reached = set()
        for _ in range(80):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id"))
        assert {"reset", "play", "step", "speed", "seed", "set-surface", "set-rate"} <= reached


def test_the_start_is_dragged(read):
    with read("descent?surface=bowl") as reader:
        page = reader.page
        box = page.locator("#picture canvas.figure").first.bounding_box()
        x, y = box["x"] + 46 + (box["width"] - 58) * 0.05, box["y"] + 12 + (box["height"] - 48) * 0.3
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 120, y + 60, steps=5)
        page.mouse.up()
        reader.wait_for("__lab.settings().start[0] > -1.5")
        reader.settle()
        assert "start=" in page.url


def test_an_address_is_a_link_and_survives_a_reload(read):
    with read("descent?surface=saddle&rate=0.05&seed=2&step=12") as reader:
        page = reader.page
        reader.wait_for("__lab.step() === 12")
        reader.settle()
        assert page.url.endswith("#/descent?surface=saddle&rate=0.05&seed=2&step=12")
        numbers = reader.js("__lab.state().numbers")
        page.reload()
        reader.wait_for("__lab.step() === 12")
        assert reader.js("__lab.state().numbers") == numbers and page.input_value("#seed") == "2"


def test_a_wrong_link_is_explained(read):
    with read("descent") as reader:
        page = reader.page
        page.goto(f"{reader.lab.base}/#/descent?surface=<img src=x onerror=alert(1)>")
        page.wait_for_selector("#notice:not([hidden])")
        assert "must be one of bowl" in page.inner_text("#notice") and page.locator("#notice img").count() == 0
        reader.wait_for("__lab.settings()?.surface === 'ravine'")
        assert page.is_visible("#notice"), "the reason stays"
        page.locator("[data-parameter=surface] select").select_option("formula")
        reader.wait_for("__lab.settings().surface === 'formula'")
        page.locator("[data-parameter=formula] input").fill("x +")
        page.locator("[data-parameter=formula] input").press("Enter")
        page.wait_for_selector("#notice:not([hidden])")
        page.locator("[data-parameter=formula] input").fill("x**2 + y**2")
        page.locator("[data-parameter=formula] input").press("Enter")
        reader.wait_for("__lab.settings().formula === 'x**2 + y**2'")
        page.goto(f"{reader.lab.base}/#/nothing")
        page.wait_for_selector(".contents")


def test_code_is_copied_and_saved(read, tmp_path):
    with read("descent?surface=bowl&step=3") as reader:
        page = reader.page
        reader.wait_for("__lab.step() === 3")
        page.click("summary")
        assert "surfaces.bowl" in page.inner_text("pre")
        with page.expect_download() as download:
            page.click("#save_ipynb")
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        assert path.name == "tinynet-descent.ipynb" and '"nbformat": 4' in path.read_text()
        with page.expect_download() as download:
            page.click("#save_py")
        found = {}
        download.value.save_as(tmp_path / "code.py")
        exec((tmp_path / "code.py").read_text(), found)
        assert len(found["paths"]["sgd"]) == 4


def test_pictures_are_smooth_and_calm_readers_are_spared(read):
    with read("descent?surface=rosenbrock") as reader:
        reader.page.click("#play")
        reader.page.wait_for_timeout(500)
        before = reader.js("__lab.frames()")
        reader.page.wait_for_timeout(1000)
        assert reader.js("__lab.frames()") - before >= 10  # 30 on a quiet machine; bench/bench_lab.py measures
    with read("descent?surface=rosenbrock", calm=True) as reader:
        reader.page.click("#play")
        reader.page.wait_for_timeout(300)
        before = reader.js("__lab.frames()")
        reader.page.wait_for_timeout(1000)
        assert reader.js("__lab.frames()") - before <= 5


def test_a_lesson_hides_controls_and_leads_on(chromium):
    lesson = {"title": {"en": "Ravines", "ko": "골짜기"}, "parts": [
        {"panel": "descent", "address": "surface=bowl&seed=1&step=4", "hidden": ["rate", "seed"],
         "words": {"en": "Look!", "ko": "보세요!"}},
        {"panel": "descent", "address": "", "hidden": ["code"], "words": None}]}
    with running_lab(lesson=lesson) as lab, Reader(chromium, lab, "lesson/1") as reader:
        page = reader.page
        reader.wait_for("__lab.step() === 4")
        assert page.inner_text(".lead") == "Look!" and page.locator("[data-parameter=rate]").count() == 0
        assert page.locator("#seed").count() == 0
        page.click("a[rel=next]")
        reader.wait_for("__lab.step() === 0")
        assert page.locator("details.code").count() == 0


def test_the_server_comes_back(chromium):
    """After a new start of the server on the same port the page goes on from its address."""
    import threading

    import uvicorn

    from tinynet.lab.access import Access
    from tinynet.lab.server import listen, make_app

    def serve(port):
        listener = listen("127.0.0.1", port)
        access = Access(listener.getsockname()[1], True, key=b"k" * 32)
        server = uvicorn.Server(uvicorn.Config(make_app(access), log_level="critical", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)

        def stop():
            server.should_exit = True
            thread.join(10)
            listener.close()

        return access, listener.getsockname()[1], stop

    access, port, stop = serve(0)

    class Served:
        base = f"http://127.0.0.1:{port}"

    Served.access = access
    reader = Reader(chromium, Served, "descent?surface=bowl&step=6")
    reader.wait_for("__lab.step() === 6")
    numbers = reader.js("__lab.state().numbers")
    stop()
    reader.page.wait_for_selector("#notice:not([hidden])")
    _, _, stop = serve(port)
    reader.page.wait_for_selector("#notice", state="hidden", timeout=15000)
    reader.page.click("#step")
    reader.wait_for("__lab.step() === 7")
    reader.page.click("#back")
    reader.wait_for("__lab.step() === 6")
    assert reader.js("__lab.state().numbers") == numbers
    reader.context.close()
    stop()
