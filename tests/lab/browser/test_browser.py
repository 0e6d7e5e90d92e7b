"""Every panel in a real browser: all controls, both languages, both themes, keyboard, screen readers, no faults.

Needs the extra `browser` and Chromium (`apt install chromium`, or CHROMIUM=path). LAB_SCREENSHOTS=folder writes
pictures of every panel, to be looked at.
"""

import json
import math
import re
import time

import numpy as np
import pytest
from lab_browser import NEEDS_A_BROWSER, Reader
from lab_server import running_lab

from tinynet.lab import all_panels

pytestmark = NEEDS_A_BROWSER
KEYS = list(all_panels())
# Latin words that stand in a Korean page as they are: names, and what an address or code holds.
LATIN = re.compile(r"[A-Za-z]{2,}")


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


@pytest.mark.parametrize("step", [1, 7, 8, 17, 22])
def test_the_term_of_the_chain_rule_has_the_engines_value(read, step):
    with read(f"scenes?step={step}") as reader:
        reader.wait_for(f"__lab.step() === {step}")
        reader.settle()
        panel = all_panels()["scenes"](all_panels()["scenes"].parse({}), 0)
        for _ in range(step):
            panel.step()
        state = panel.state()
        shown = reader.page.inner_text(".scenes-term").replace("\u2212", "-").replace("\n", "").replace("\u200b", "")
        assert f"{state['term']['values'][0]:#.4g}".rstrip("0") in shown
        assert not reader.page.locator(".scenes-term .katex-error").count()
        assert reader.page.get_attribute(".scenes-stages [data-now]", "data-stage") == state["stage"]
        weight = state["term"]["name"][1:]
        if state["stage"] == "gradient" and weight in state["names"]:
            assert reader.page.locator(f"tr.scenes-now[data-weight={weight}]").count() == 1


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_each_cell_of_the_comparison_explains_itself(read, lang):
    from tinynet.lab.panels.adam_code import table
    from tinynet.lab.panels.adam_words import CELLS

    with read("adam", lang={"en": "en-US", "ko": "ko-KR"}[lang]) as reader:
        told = reader.page.locator(".adam-told")
        for row in table():
            for k, cell in enumerate(row["cells"]):
                button = reader.page.locator(f"[data-row={row['key']}] button").nth(k)
                assert button.inner_text() == ("✓" if cell else "✗")
                button.focus()
                assert getattr(CELLS[f"tell_{row['key']}_{k}"], lang) in told.inner_text()
                assert [one.strip() for one in told.locator("code").all_inner_texts()] == row["lines"][k]
                assert button.get_attribute("aria-pressed") == "true"
        code = reader.page.locator("pre.adam-code").nth(2)
        letters = [one for one in code.locator(".adam-badge").all_inner_texts() if one.strip()]
        assert letters == ["M", "R", "B", "B", "M+R"]
