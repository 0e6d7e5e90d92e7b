"""The course in the page: contents, lessons in both languages, panels within them, what the browser remembers."""

import time
from pathlib import Path

import pytest
from lab_browser import NEEDS_A_BROWSER, Reader
from lab_server import running_lab

from tinynet.lab import all_panels
from tinynet.lab.course import contents
from tinynet.lessons import all_lessons

pytestmark = NEEDS_A_BROWSER
LESSONS = all_lessons()
HREFS = "links => links.map((link) => link.getAttribute('href'))"
IS_THERE = "document.querySelector('#lesson h1') !== null"
LOCALES = {"en": "en-US", "ko": "ko-KR"}
EMBEDDED = "document.querySelector('figure.panel iframe')"
PROGRESS = "JSON.parse(localStorage.getItem('tinynet-course'))"


@pytest.fixture
def open_lesson(read):
    return lambda name, **options: read(f"lesson/{name}", ready=IS_THERE, **options)


def shows(lesson):
    return f"document.querySelector('.how-to-run')?.dataset.lesson === '{lesson.name}'"


def barriers(page, contrast=True):
    """What axe finds. It counts a table's head that has but a formula as empty: it does not read MathML."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    rules = {"color-contrast": {"enabled": contrast}}
    violations = axe.run(page, options={"resultTypes": ["violations"], "rules": rules}).response["violations"]
    found = [(one["id"], node) for one in violations for node in one["nodes"]]
    return [(name, node["html"][:120]) for name, node in found if name != "empty-table-header" or not page.locator(
        node["target"][0]).locator("math").count()]


def until(frame, condition, seconds=20):
    """Wait for an expression to hold in a frame."""
    end = time.monotonic() + seconds
    while not frame.evaluate(condition):
        assert time.monotonic() < end, f"never: {condition}"
        frame.page.wait_for_timeout(20)


def see_panel(reader, number=0):
    """Scroll to a panel of the lesson; returns its frame once that shows the first picture."""
    box = reader.page.locator("figure.panel").nth(number)
    box.scroll_into_view_if_needed()
    frame = box.locator("iframe").element_handle().content_frame()
    frame.wait_for_selector("#play")
    until(frame, "window.__lab?.state() !== undefined")
    return frame


# Contents -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "dark", "width"), [("en", False, 1280), ("ko", True, 360)])
def test_the_contents_are_the_course_in_order_with_its_panels(read, lang, dark, width):
    with read(lang=LOCALES[lang], dark=dark, width=width) as reader:
        page = reader.page
        shown = page.eval_on_selector_all(".course li", """entries => entries.map((entry) => [
            entry.dataset.lesson, entry.querySelector(".lesson-title").textContent,
            entry.querySelector("p").textContent,
            [...entry.querySelectorAll(".experiments a")].map((link) => link.getAttribute("href").slice(2))])""")
        assert [one[:2] for one in shown] == [[lesson.name, lesson.titles[lang]] for lesson in LESSONS]
        for lesson, entry, (_, _, facts, panels) in zip(LESSONS, contents(), shown, strict=True):
            assert panels == entry["panels"] and str(lesson.minutes) in facts
            assert lesson.rows in facts or lesson.rows == "-"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert barriers(page) == []
        reader.picture(f"course-{lang}")
        page.click(".course li:nth-child(3) .lesson-title")
        reader.wait_for(IS_THERE)
        assert page.inner_text("#lesson h1").startswith(LESSONS[2].titles[lang])


def test_a_panels_page_leads_to_its_lessons(read):
    with read("descent") as reader:
        links = reader.page.eval_on_selector_all(".lessons-with a", HREFS)
        assert links == [f"#/lesson/{one['name']}" for one in contents() if "descent" in one["panels"]] != []


# Lessons --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "dark", "width"), [("en", False, 1400), ("ko", True, 360)])
def test_every_lesson_opens_one_after_the_other(open_lesson, lang, dark, width):
    """All formulas are drawn, nothing scrolls sideways, nothing fails, and axe finds no barrier."""
    with open_lesson(LESSONS[0].name, lang=LOCALES[lang], dark=dark, width=width) as reader:
        page = reader.page
        for lesson in LESSONS:
            reader.wait_for(shows(lesson))
            assert page.inner_text("#lesson h1").startswith(lesson.titles[lang]) and lesson.titles[lang] in page.title()
            shown = page.locator("#lesson > .cell code").all_text_contents()
            assert shown == [cell.code for cell in lesson.cells if cell.is_code]
            formulas = page.locator("#lesson .math").count()
            assert formulas == page.locator("#lesson .math > :is(.katex, .katex-display)").count() > 0
            assert page.locator(".katex-error").count() == 0
            assert page.locator("#lesson figure.panel").count() > 0
            assert not any("$" in text for text in page.locator("#lesson .text").all_inner_texts())
            assert page.evaluate("document.documentElement.scrollWidth") <= width, lesson.name
            assert barriers(page, contrast=lesson.number == 3) == [], lesson.name
            reader.picture(f"{lesson.name}-{lang}")
            if lesson is not LESSONS[-1]:
                page.click("a[rel=next]")
        assert page.locator("a[rel=next]").count() == 0
        page.click("a[rel=previous]")
        reader.wait_for(shows(LESSONS[-2]))


def test_headings_have_addresses(open_lesson):
    with open_lesson("03_momentum/the-ravine") as reader:
        page = reader.page
        top = "document.querySelector('[data-slug=the-ravine]').getBoundingClientRect().top"
        reader.wait_for(f"Math.abs({top} - 8) < 2")
        assert page.inner_text(".headings [aria-current]") == "The ravine"
        page.click(".headings a[data-to=over-the-hill]")
        reader.wait_for("document.activeElement.dataset.slug === 'over-the-hill'")
        assert page.url.endswith("#/lesson/03_momentum/over-the-hill")
        page.evaluate("scrollTo(0, 0)")
        page.click(".headings a[data-to=over-the-hill]")  # once more, from elsewhere
        reader.wait_for("scrollY > 500")
        page.evaluate("document.querySelector('#language').click()")  # where it is, without scrolling there
        assert page.get_attribute("html", "lang") == "ko"
        reader.wait_for(f"Math.abs({top.replace('the-ravine', 'over-the-hill')} - 8) < 2")
        assert page.inner_text(".headings [aria-current]") == "언덕 너머로"
        page.go_back()
        reader.wait_for("document.querySelector('.headings [aria-current]').dataset.to === 'the-ravine'")


def test_the_way_back_leads_to_where_the_reader_was(open_lesson):
    with open_lesson("03_momentum") as reader:
        page = reader.page
        page.locator("[data-slug=try-it]").scroll_into_view_if_needed()
        page.evaluate("scrollBy(0, 300)")
        page.wait_for_timeout(500)
        slug = page.get_attribute(".headings [aria-current]", "data-to")
        page.evaluate("document.querySelector('.brand').click()")
        page.wait_for_selector(".course")
        page.go_back()
        reader.wait_for(f"document.querySelector('.headings [aria-current]')?.dataset.to === {slug!r}")
        page.reload()
        reader.wait_for(f"document.querySelector('.headings [aria-current]')?.dataset.to === {slug!r}")


def test_the_keyboard_turns_the_lessons_and_reaches_wide_code(open_lesson):
    with open_lesson("02", width=800) as reader:
        page = reader.page
        page.keyboard.press("ArrowRight")
        reader.wait_for(shows(LESSONS[2]))
        page.keyboard.press("ArrowLeft")
        reader.wait_for(shows(LESSONS[1]))
        page.focus("pre[tabindex='0']")
        page.keyboard.press("ArrowRight")
        reader.wait_for("document.activeElement.scrollLeft > 0")
        assert reader.js(shows(LESSONS[1])), "the arrow scrolled the code"
        wide = page.locator("pre").evaluate_all(
            "all => all.map((one) => [one.scrollWidth > one.clientWidth, one.tabIndex === 0])")
        assert {tuple(one) for one in wide} == {(True, True), (False, False)}
        page.focus(".skip")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "lesson"


def test_code_is_copied(open_lesson):
    with open_lesson("03") as reader:
        reader.context.grant_permissions(["clipboard-read", "clipboard-write"])
        reader.page.locator("#lesson > .cell button").first.click()
        reader.wait_for("document.querySelector('#lesson > .cell button').textContent === 'copied'")
        code = next(cell.code for cell in LESSONS[2].cells if cell.is_code)
        assert reader.js("navigator.clipboard.readText()") == code


def test_a_lesson_is_saved_as_a_notebook(open_lesson):
    pytest.importorskip("jupytext")
    with open_lesson("03", lang="ko-KR") as reader:
        with reader.page.expect_download() as download:
            reader.page.click(".how-to-run a")
        assert download.value.suggested_filename == "03_momentum.ipynb"
        assert LESSONS[2].titles["ko"] in Path(download.value.path()).read_text("utf-8")


def test_on_paper_a_lesson_is_its_text_and_code(open_lesson):
    with open_lesson("03", width=800, dark=True) as reader:
        page = reader.page
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.locator("button:visible, nav:visible, .panel-box:visible").count() == 0
        assert page.is_visible("figure.panel code") and page.is_visible("#lesson h2")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.get_attribute("html", "data-theme") == "dark"


# Panels within a lesson -----------------------------------------------------------------------------------------------


def test_a_panel_starts_once_it_is_seen_rests_when_it_is_not_and_ends_with_the_page(chromium):
    with running_lab() as lab, Reader(chromium, lab, "lesson/03", ready=IS_THERE) as reader:  # no other test's sessions
        page = reader.page
        page.wait_for_timeout(300)
        assert page.locator("iframe").count() == 0
        frame = see_panel(reader)
        assert frame.evaluate("[__lab.settings().surface, __lab.settings().mark]") == ["ravine", "arrows"]
        assert frame.evaluate("__lab.step()") == 0 and len(lab.sessions) == 2
        until(page.main_frame, f"{EMBEDDED}.offsetHeight === {EMBEDDED}.contentDocument.body.offsetHeight")
        frame.click("#play")
        until(frame, "__lab.step() > 3")
        page.evaluate("scrollTo(0, 0)")
        until(frame, "__lab.playing() === false")
        page.locator("figure.panel").scroll_into_view_if_needed()
        until(frame, "__lab.playing() === true")
        frame.click("#play")
        until(frame, "__lab.playing() === false")
        page.click("figure.panel figcaption a")  # opens it with the seed and step that it has
        reader.wait_for("__lab.state() !== undefined")
        assert "surface=ravine&mark=arrows" not in page.url and "mark=arrows" in page.url and "step=" in page.url
        for _ in range(200):
            if len(lab.sessions) == 1:
                break
            page.wait_for_timeout(20)
        assert len(lab.sessions) == 1


def test_language_and_theme_reach_the_panel_which_goes_on(open_lesson):
    with open_lesson("03") as reader:
        page = reader.page
        frame = see_panel(reader)
        frame.click("#step")
        until(frame, "__lab.step() === 1")
        page.click("#language", force=True)
        page.click("#theme", force=True)
        until(frame, "document.documentElement.lang === 'ko' && document.documentElement.dataset.theme === 'dark'")
        assert frame.evaluate("__lab.step()") == 1 and frame.inner_text("#play") == "재생"
        assert frame.locator("header a, .neighbours, .lessons-with").count() == 0
        assert page.get_attribute("iframe", "title") == all_panels()["descent"].title.ko
        assert barriers(page, contrast=False) == []


# What is remembered ---------------------------------------------------------------------------------------------------


def test_the_browser_remembers_the_way_through_the_course(open_lesson):
    with open_lesson("03_momentum/the-ravine") as reader:
        page = reader.page
        page.check("#done")
        page.evaluate("document.querySelector('[data-slug=over-the-hill]').scrollIntoView()")
        reader.wait_for(f"{PROGRESS}?.at === 'over-the-hill'")
        page.goto(f"{reader.lab.base}/#/")
        page.wait_for_selector(".course")
        assert f"1 of {len(LESSONS)}" in page.inner_text("#finished-lessons")
        assert page.locator(".course li:has(.done)").get_attribute("data-lesson") == "03_momentum"
        assert page.eval_on_selector("#progress", "bar => [bar.value, bar.max]") == [1, len(LESSONS)]
        assert page.get_attribute(".main-link", "href") == "#/lesson/03_momentum/over-the-hill"
        page.click(".main-link")
        reader.wait_for(IS_THERE)
        assert page.is_checked("#done")
        page.uncheck("#done")
        assert reader.js(f"{PROGRESS}.done.length") == 0


@pytest.mark.parametrize("left", ["null", "3", "[1]", "{", '{"done": 3, "last": [], "at": 7}',
                                  '{"done": [null, "__proto__"], "last": "<img src=x>", "at": "<b>"}'])
def test_what_another_program_left_there_is_no_progress(chromium, lab, left):
    context = chromium.new_context()
    errors = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.add_init_script(f"if (location.protocol === 'http:') localStorage.setItem('tinynet-course', {left!r})")
    page = context.new_page()
    page.goto(f"{lab.base}/?token={lab.access.token}")
    page.wait_for_selector(".course")
    assert page.get_attribute(".main-link", "href") == f"#/lesson/{LESSONS[0].name}"
    assert page.locator(".done, main img").count() == 0 and errors == []
    context.close()


# Other addresses ------------------------------------------------------------------------------------------------------


def test_addresses_of_lessons(read):
    with read() as reader:
        page = reader.page
        for address, lesson in (("momentum", None), ("99", None), ("", None), ("3", LESSONS[2]), ("__proto__", None),
                                ("03_momentum/nothing", LESSONS[2]), ("03_momentum/%", LESSONS[2])):
            page.goto(f"{reader.lab.base}/#/lesson/{address}")
            if lesson:
                reader.wait_for(shows(lesson))
            else:
                page.wait_for_selector(".course")


def test_a_teachers_lesson_and_the_course_stand_side_by_side(chromium):
    lesson = {"title": {"en": "Ravines", "ko": "골짜기"}, "parts": [
        {"panel": "descent", "address": "surface=bowl", "hidden": [], "words": {"en": "Look!", "ko": "보세요!"}}]}
    with running_lab(lesson=lesson) as lab, Reader(chromium, lab, "lesson/1") as reader:
        page = reader.page
        assert page.inner_text(".lead") == "Look!" and page.locator(".lessons-with").count() == 0
        page.goto(f"{lab.base}/#/")
        page.wait_for_selector(".course")
        assert page.locator(".contents").first.locator("a").get_attribute("href") == "#/lesson/1"
        page.goto(f"{lab.base}/#/lesson/{LESSONS[0].name}")
        reader.wait_for(shows(LESSONS[0]))


def test_a_browser_that_remembers_nothing_reads_on(open_lesson):
    with open_lesson("02") as reader:
        page = reader.page
        page.add_init_script("""
            for (const kind of ["localStorage", "sessionStorage"])
              Object.defineProperty(window, kind, { get() { throw new DOMException("denied", "SecurityError"); } });
        """)
        page.reload()
        reader.wait_for(shows(LESSONS[1]))
        page.evaluate("document.querySelector('#theme').click()")
        page.evaluate("document.querySelector('#language').click()")
        page.check("#done")
        frame = see_panel(reader)
        root = frame.locator("html")
        assert root.get_attribute("lang") == "ko" and root.get_attribute("data-theme") == "dark"
        page.click("a[rel=next]")
        reader.wait_for(shows(LESSONS[2]))
        page.evaluate("document.querySelector('.brand').click()")
        page.wait_for_selector(".course .done")
