"""The course's lessons as the page gets them: the list, the panels of each, the pieces of each text."""

import re
from html import unescape

import pytest

from tinynet.lab.catalogue import all_panels
from tinynet.lab.colours import python_as_html
from tinynet.lab.command import what_to_open
from tinynet.lab.course import contents, lesson_page, row_numbers, split_at_panels
from tinynet.lab.markdown import heading_slugs, to_html, unique
from tinynet.lessons import LessonError, all_lessons, read_lesson

LESSONS = all_lessons()
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.name for lesson in LESSONS])
TAG = re.compile(r"<[^>]+>")


def text_of(html):
    return unescape(TAG.sub("", html))


def letters(text):
    return "".join(filter(str.isalpha, text))


def test_the_contents_have_every_lesson_in_order_and_its_panels():
    assert [one["name"] for one in contents()] == [lesson.name for lesson in LESSONS]
    by_name = {one["name"]: one for one in contents()}
    assert by_name["02_gradient_descent"]["panels"] == ["descent", "batches", "landscape"]
    assert "adam" in by_name["04_adagrad_rmsprop"]["panels"] and "adam" in by_name["05_adam"]["panels"]
    for lesson in LESSONS:
        assert by_name[lesson.name]["title"] == lesson.titles and by_name[lesson.name]["minutes"] == lesson.minutes


def test_the_order_of_the_panels_leaves_nothing_open():
    panels = all_panels()
    orders = [panel.order for panel in panels.values()]
    assert orders == sorted(orders) and len(set(orders)) == len(orders), dict(zip(panels, orders, strict=True))


def test_rows():
    assert row_numbers("68-69, 71-75") == {68, 69, 71, 72, 73, 74, 75} and row_numbers("39") == {39}
    assert row_numbers("-") == set()


@every_lesson
def test_a_lessons_page_has_its_code_its_panels_and_all_of_its_words(lesson):
    pieces = lesson_page(lesson.name)["pieces"]
    assert [text_of(one["code"]) for one in pieces if "code" in one] == [
        cell.code for cell in lesson.cells if cell.is_code]
    opened = [(one["panel"], one["address"]) for one in pieces if "panel" in one]
    for key, address in opened:
        all_panels()[key].parse(dict(pair.split("=") for pair in address.split("&") if pair))
    for lang in ("en", "ko"):
        text = "\n".join(cell.texts[lang] for cell in lesson.cells if not cell.is_code)
        commands = re.findall(r"^ {4}tinynet lab '?([^\s']+)'?$", text, re.MULTILINE)
        assert [f"{key}?{address}" if address else key for key, address in opened] == commands
        facts = r"^(Course rows|강의 항목): .*$"
        assert re.search(facts, text, re.MULTILINE)
        text = re.sub(rf"{facts}|^ {{4}}tinynet lab .*$|^```.*$|\]\([^)]*\)", "", text, flags=re.MULTILINE)
        shown = "".join(text_of(one["html"][lang]) for one in pieces if "html" in one)
        assert letters(shown) == letters(text)


@every_lesson
def test_headings_have_the_same_address_in_both_languages(lesson):
    pieces = [one["html"] for one in lesson_page(lesson.name)["pieces"] if "html" in one]
    slugs = {lang: re.findall(r'data-slug="([^"]+)"', "".join(html[lang] for html in pieces)) for lang in ("en", "ko")}
    assert slugs["en"] == slugs["ko"] and len(set(slugs["en"])) == len(slugs["en"]) > 5
    assert all(re.fullmatch("[a-z0-9-]+", slug) for slug in slugs["en"])
    assert not any("<h" in re.sub(r"<h\d data-slug", "", html[lang]) for html in pieces for lang in html)


def test_panels_stand_where_their_lines_stand():
    text = ("1. One\n\n    tinynet lab descent\n\n    tinynet lab 'adam?surface=bowl&rate=0.1'\n\n"
            "Last\n\n    tinynet lab\n")
    assert split_at_panels(text) == [
        ("1. One", ("descent", "")), ("", ("adam", "surface=bowl&rate=0.1")), ("Last\n\n    tinynet lab", None)]
    unknown = "Text\n\n    tinynet lab nothing"
    assert split_at_panels(unknown) == [(unknown, None)]


def test_a_lesson_with_other_panels_in_one_language_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "01_parted.py"
    english = "# %% [markdown] lang=\"en\"\n# # A\n#\n# Course rows: 1 · Minutes: 1\n#\n#     tinynet lab descent\n"
    korean = "# %% [markdown] lang=\"ko\"\n# # 가\n#\n# 강의 항목: 1 · 시간(분): 1\n"
    path.write_text(english + korean, "utf-8")
    monkeypatch.setattr("tinynet.lab.course.find_lesson", lambda name: read_lesson(path))
    with pytest.raises(LessonError, match=r"01_parted.py:2: .*the same panels in both languages"):
        lesson_page.__wrapped__("parted")


# Markdown -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [
    "<script>alert(1)</script>", "a <img src=x onerror=alert(1)> b", "<div onclick='x'>\n\nb\n\n</div>",
    "[a](javascript:alert(1))", "[a](JaVaScRiPt:alert(1))", "[a](&#106;avascript:alert(1))", "[a](data:text/html,x)",
    "<javascript:alert(1)>", "![a](javascript:x)", "[a]( vbscript:x )", "[a]: javascript:x\n\n[a]", "<!-- a -->",
    "$<img src=x onerror=alert(1)>$", "$$</div><script>x</script>$$", "```python\n<script>\n```",
    "```x\" onload=\"y\n<b>\n```", "    <script>", "`<script>`", "# <a onclick=x>", "| <b> |\n|---|\n| <i> |",
    '[a](x "\" onclick=\"y")', "&lt;script&gt;", "<?php ?>", "<![CDATA[x]]>",
])
def test_markdown_lets_no_html_and_no_script_through(text):
    html = to_html(text, ['"><script>'])
    tags = re.findall(r"<(\w+)([^>]*)>", html)
    assert {name for name, _ in tags} <= {
        "p", "a", "img", "span", "div", "pre", "code", "h1", "table", "thead", "tbody", "tr", "th", "td"}
    for _, attributes in tags:
        names = re.findall(r'([\w-]+)="[^"]*"', attributes)
        assert set(names) <= {"class", "href", "title", "data-slug", "src", "alt"}
        assert re.fullmatch(r'(\s+[\w-]+="[^"<>]*")*', attributes)
    assert not re.search(r'(href|src)="\s*(javascript|vbscript|data)', html, re.IGNORECASE)


def test_markdown_as_the_lessons_use_it():
    assert to_html("**a** `b`") == "<p><strong>a</strong> <code>b</code></p>\n"
    assert to_html("[c](https://example.org)") == (
        '<p><a href="https://example.org" rel="noreferrer" target="_blank">c</a></p>\n')
    assert to_html("$$a_1\n*b*$$") == '<div class="math block">\na_1\n*b*\n</div>\n'
    assert to_html("two $a_1$ and $b_1$") == (
        '<p>two <span class="math inline">a_1</span> and <span class="math inline">b_1</span></p>\n')
    assert '<span class="py-keyword">def</span>' in to_html("```python\ndef f(): ...\n```")
    assert "<td></td>\n<th>a</th>" in to_html("| | a |\n|---|---|\n| b | c |")
    assert "<li>" in to_html("* a\n* b") and "<hr" in to_html("---")


def test_slugs():
    assert heading_slugs("# A\n\ntext\n\n## `fit`: what?\n\n## $x$") == ["a", "fit-what", "section"]
    assert unique(["a", "a", "b", "a", "a-2"]) == ["a", "a-2", "b", "a-3", "a-2-2"]


# Colours --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [
    "x = 'a' # b\n", 'f"{a:<{b}} {{}}" "<b>"', "def f(x):\n    return x @ 2", '"""a\nb"""\nc', "x = (", "'",
    "if:\n  a\n b", "한글 = '가나' # 다\x0c\n\u2028y = 1", "", "\n\n", "\t",
    "a \\\n  = 1", "0x1F + 1_000j", "class A: pass", "$ ? !",
])
def test_colours_change_no_letter(code):
    assert text_of(python_as_html(code)) == code


def test_colours_of_python():
    assert python_as_html("class A:  # b\n    x = 'c' and 1") == (
        '<span class="py-keyword">class</span> <span class="py-name">A</span>:  <span class="py-comment"># b</span>\n'
        '    x = <span class="py-string">\'c\'</span> <span class="py-keyword">and</span> '
        '<span class="py-number">1</span>')


# The command ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("what", "fragment"), [
    ("lesson/03", "/lesson/03_momentum"), ("lesson/3", "/lesson/03_momentum"),
    ("lesson/momentum", "/lesson/03_momentum"),
    ("lesson/03_momentum/the-ravine", "/lesson/03_momentum/the-ravine"),
    ("lesson/momentum?lang=ko", "/lesson/03_momentum?lang=ko"), ("descent?rate=0.1", "/descent?rate=0.1"),
])
def test_what_is_opened(what, fragment):
    assert what_to_open(what) == (fragment, None)


@pytest.mark.parametrize("what", ["lesson/", "lesson/99", "lesson/nothing", "lesson/../03"])
def test_an_unknown_lesson_is_named(what):
    with pytest.raises(ValueError, match="there is no lesson .*; there are 01_behind_the_scenes, "):
        what_to_open(what)
