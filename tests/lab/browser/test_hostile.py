"""The page among what goes wrong: no storage, no clipboard, a duplicated tab, a lost server, hostile words."""

import time

import pytest
from lab_browser import NEEDS_A_BROWSER
from lab_server import running_lab

from tinynet.lab.lesson import read_lesson
from tinynet.lab.server import MOST_OF_A_BROWSER

pytestmark = NEEDS_A_BROWSER


@pytest.fixture
def context(chromium):
    one = chromium.new_context(locale="en-US")
    one.errors = []
    one.on("weberror", lambda error: one.errors.append(str(error.error)))
    yield one
    one.close()


def wait_for(page, condition, seconds=20):
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"never: {condition}; the page shows {page.inner_text('#notice')!r}"
        page.wait_for_timeout(20)


def open_page(context, lab, fragment="descent"):
    page = context.new_page()
    page.goto(f"{lab.base}/?token={lab.access.token}#/{fragment}")
    wait_for(page, "__lab.state() !== undefined")
    return page


def test_a_browser_that_remembers_nothing(context, lab):
    context.add_init_script("""
        for (const kind of ["localStorage", "sessionStorage"])
          Object.defineProperty(window, kind, { get() { throw new DOMException("denied", "SecurityError"); } });
    """)
    page = open_page(context, lab)
    page.click("#step")
    wait_for(page, "__lab.step() === 1")
    page.click("#language")
    page.click("#theme")
    page.click("details.code summary")
    assert page.inner_text("h1") != "" and page.evaluate("document.documentElement.lang") == "ko"
    assert context.errors == []


def test_what_another_program_left_in_the_storage(context, lab):
    context.add_init_script("""
        if (location.protocol === "http:") {
          localStorage.setItem("tinynet-theme", "<script>"); localStorage.setItem("tinynet-language", "__proto__");
          sessionStorage.setItem("tinynet-tab", "a&tab=../../x#" + "y".repeat(100000));
        }
    """)
    page = open_page(context, lab)
    assert page.evaluate("document.documentElement.dataset.theme") in ("light", "dark")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("sessionStorage.getItem('tinynet-tab').length") == 18 and context.errors == []


def test_copying_without_a_clipboard_as_in_a_class(context, lab):
    context.add_init_script("""
        Object.defineProperty(navigator, "clipboard", { value: undefined });
        addEventListener("copy", () => { window.copied = document.activeElement.value; });
    """)
    page = open_page(context, lab)
    page.click("details.code summary")
    page.click("#link")
    assert page.evaluate("copied") == page.url
    page.click("#copy")
    assert page.evaluate("copied") == page.evaluate("__lab.code()")
    assert page.evaluate("document.activeElement.id") == "copy" and context.errors == []


def test_a_duplicated_tab_and_the_first_one_both_work(context, lab):
    first = open_page(context, lab)
    first.click("#step")
    wait_for(first, "__lab.step() === 1")
    tab = first.evaluate("sessionStorage.getItem('tinynet-tab')")
    second = context.new_page()
    second.add_init_script(
        f"if (!window.name) {{ sessionStorage.setItem('tinynet-tab', '{tab}'); window.name = 'x'; }}")
    second.goto(first.url)
    wait_for(second, "__lab.step() === 1")
    wait_for(first, f"sessionStorage.getItem('tinynet-tab') !== '{tab}'")
    for page, other in ((first, second), (second, first)):
        before, others = page.evaluate("__lab.step()"), other.evaluate("__lab.step()")
        page.wait_for_timeout(700)
        page.click("#step")
        wait_for(page, f"__lab.step() === {before + 1}")
        assert other.evaluate("__lab.step()") == others
        assert not page.is_visible("#notice")
    assert context.errors == []


def test_the_language_is_switched_without_losing_the_focus(context, lab):
    page = open_page(context, lab)
    page.focus("#language")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.lang") == "ko"
    assert page.evaluate("document.activeElement.id") == "language"
    page.keyboard.press("Enter")
    page.focus("#theme")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "theme"
    assert page.evaluate("document.documentElement.lang") == "en" and context.errors == []


def test_back_and_forward_and_a_quick_reader(context, lab):
    page = open_page(context, lab)
    page.evaluate("location.hash = '#/batches'")
    wait_for(page, "location.hash.startsWith('#/batches') && document.querySelector('[data-parameter]') !== null")
    page.wait_for_timeout(300)
    page.go_back()
    wait_for(page, "location.hash.startsWith('#/descent') && __lab.settings()?.surface !== undefined")
    page.go_forward()
    wait_for(page, "location.hash.startsWith('#/batches') && __lab.settings()?.surface === undefined")
    page.evaluate("for (const key of ['descent', 'dropout', 'batches', 'dropout']) location.hash = `#/${key}`")
    page.wait_for_timeout(800)
    assert page.evaluate("location.hash").startswith("#/dropout")
    wait_for(page, "__lab.state() !== undefined")
    assert page.evaluate("location.hash").startswith("#/dropout") and context.errors == []


@pytest.mark.parametrize("fragment", [
    "descent?rate=%zz", "descent?__proto__=1", "descent?constructor=1&rate=%00", "descent?seed=1e99", "descent?step=-1",
    "descent?seed=x", "descent?surface=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", "descent?rate", "descent?=&&==",
    "descent?formula=%F0%9F%98%80", "descent?lang=xx", "descent?" + "a" * 20_000, "descent?step=99999999",
])
def test_a_hostile_link_opens_the_panel_and_says_why(context, lab, fragment):
    context.on("dialog", lambda dialog: context.errors.append(dialog.message))
    page = open_page(context, lab, fragment)
    page.click("#step")
    wait_for(page, "__lab.step() >= 1")
    assert page.locator("#notice *").count() == 0, "words are text, never elements"
    assert context.errors == []


def test_a_lessons_words_are_text(chromium, tmp_path):
    evil = '<img src=x onerror=alert(1)><script>alert(2)</script>\\u202e\\u0007${1+1}{{2}} &lt;b&gt; \\\\href{j:1}'
    path = tmp_path / "l.toml"
    path.write_text(f'title = "{evil}"\n[[part]]\npanel = "descent"\nwords = "{evil}"\n', "utf-8")
    with running_lab(lesson=read_lesson(path)) as lab:
        context = chromium.new_context()
        said = []
        page = context.new_page()
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{lab.base}/?token={lab.access.token}")
        page.wait_for_selector(".contents")
        assert "<img src=x" in page.inner_text("main") and page.locator("main img, main script").count() == 0
        page.goto(f"{lab.base}/#/lesson/1")
        wait_for(page, "__lab.state() !== undefined")
        assert "<img src=x" in page.inner_text(".lead") and page.locator("main img, main script, main b").count() == 0
        page.goto(f"{lab.base}/#/lesson/__proto__")
        page.wait_for_timeout(300)
        assert said == []
        context.close()


def test_a_state_may_have_the_names_that_frames_use(context, lab):
    """A model's metric may be called 'number' or 'array'."""
    page = open_page(context, lab)
    found = page.evaluate("""async () => {
        const { decode } = await import("/static/transport.js");
        const text = JSON.stringify({
          a: { number: 0.5 }, b: { array: 3, loss: 1 }, c: { number: "NaN" }, d: { array: null } });
        const header = new TextEncoder().encode(text.padEnd(Math.ceil((text.length + 4) / 8) * 8 - 4));
        const buffer = new ArrayBuffer(4 + header.length);
        new DataView(buffer).setUint32(0, header.length, true);
        new Uint8Array(buffer).set(header, 4);
        const { a, b, c, d } = decode(buffer);
        return [a.number, b.array, b.loss, Number.isNaN(c), d.array];
    }""")
    assert found == [0.5, 3, 1, True, None]


def test_a_picture_that_cannot_be_drawn_does_not_end_the_pictures(context, lab):
    page = open_page(context, lab)
    page.evaluate("""() => {
        let left = 2;
        for (const name of ["fillRect", "clearRect", "drawImage"]) {
          const old = CanvasRenderingContext2D.prototype[name];
          CanvasRenderingContext2D.prototype[name] = function (...all) {
            if (left-- > 0) throw new Error("no");
            return old.apply(this, all);
          };
        }
    }""")
    before = page.evaluate("__lab.frames()")
    page.click("#play")
    wait_for(page, f"__lab.frames() > {before + 5}")
    page.click("#play")


def test_after_a_sleep_the_page_goes_on(context, lab):
    """The connection was lost, and meanwhile the session has ended: the page opens anew what it showed."""
    page = context.new_page()
    page.add_init_script("const Plain = WebSocket; window.WebSocket = class extends Plain { constructor(...all) "
                         "{ super(...all); window.connection = this; } };")
    page.goto(f"{lab.base}/?token={lab.access.token}#/descent?surface=bowl&seed=4")
    wait_for(page, "__lab.state() !== undefined")
    page.click("#step")
    wait_for(page, "__lab.step() === 1")
    for ended in (False, True):
        page.evaluate("connection.close()")
        if ended:
            time.sleep(0.1)
            lab.sessions.end_abandoned(0)
        step = page.evaluate("__lab.step()")
        wait_for(page, "connection.readyState === 1 && document.querySelector('#notice').hidden")
        page.wait_for_timeout(500)
        page.click("#step")
        wait_for(page, f"__lab.step() === {step + 1}")
        assert page.evaluate("__lab.settings().surface") == "bowl" and "seed=4" in page.url
    assert context.errors == []


def test_a_key_that_is_too_old_is_explained(context, lab, monkeypatch):
    page = open_page(context, lab)
    context.clear_cookies()
    for (_, tab), session in list(lab.sessions._sessions.items()):
        if tab == page.evaluate("sessionStorage.getItem('tinynet-tab')"):
            session.deliver({"type": "moved"})  # closes the connection
    wait_for(page, "document.querySelector('#notice').textContent.includes('terminal')")
    wait_for(page, "document.querySelector('#notice').textContent.includes('Open the link')")
    page.goto(f"{lab.base}/?token={lab.access.token}#/descent")
    wait_for(page, "__lab.state() !== undefined")
    assert not page.is_visible("#notice")


def test_a_reader_with_too_many_tabs_is_told_so(chromium):
    with running_lab(loopback=False) as lab:
        context = chromium.new_context(locale="en-US")
        pages = [open_page(context, lab) for _ in range(MOST_OF_A_BROWSER)]
        page = context.new_page()
        page.goto(f"{lab.base}/#/descent")
        wait_for(page, "document.querySelector('#notice').textContent.includes('as many open pages')")
        page.wait_for_timeout(500)
        assert "as many open pages" in page.inner_text("#notice")
        pages[0].close()
        wait_for(page, "__lab.state() !== undefined")
        context.close()


def test_twice_the_size_and_paper(context, lab):
    page = open_page(context, lab)
    page.set_viewport_size({"width": 640, "height": 450})  # 200 % of 1280 x 900
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.emulate_media(media="print")
    page.wait_for_timeout(200)
    assert page.is_visible("#picture canvas") and page.locator("header button:visible").count() == 0
