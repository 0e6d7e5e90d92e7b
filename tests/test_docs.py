"""The documentation: what its pages are made of, the Korean catalogs, and, where it is built, the site.

`python docs/make.py` builds it; `TINYNET_SITE=build/docs pytest tests/test_docs.py` tests the result too: every link,
every formula, search in both languages, without a server and without a network.
"""

import importlib
import os
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
if not (DOCS / "make.py").exists():
    pytest.skip("the documentation is not part of the wheel", allow_module_level=True)
if "TINYNET_SITE" not in os.environ:  # with it, nothing is left out
    for package in ("sphinx", "myst_parser", "furo", "sklearn", "matplotlib"):
        pytest.importorskip(package)
sys.path[:0] = [str(DOCS), str(DOCS / "_ext")]

import catalogs  # noqa: E402
import docstrings  # noqa: E402
import korean_search  # noqa: E402
import made_pages  # noqa: E402
import make  # noqa: E402
import reference  # noqa: E402
from sphinx.ext.napoleon import Config, GoogleDocstring  # noqa: E402

from tinynet.lessons import all_lessons, read_lesson  # noqa: E402
from tinynet.lessons.checks import EXERCISES  # noqa: E402
from tinynet.version import __version__  # noqa: E402

KOREAN = DOCS / "locale" / "ko" / "LC_MESSAGES"
both_languages = pytest.mark.parametrize("lang", make.LANGUAGES)

# -- docstrings --------------------------------------------------------------------------------------------------------


def converted(text):
    return docstrings.to_restructured_text(text.splitlines())


def test_a_formula_keeps_its_lines():
    lines = converted("Sum.\n\ny[i] = sum over p of x[i*s + p]\n    * kernel[p]\n\nWhere x = 0, it counts as zero.")
    begin = lines.index(".. code-block:: text")
    assert lines[begin + 3:begin + 5] == ["   y[i] = sum over p of x[i*s + p]", "       * kernel[p]"]
    assert "Where x = 0, it counts as zero." in lines


def test_an_indented_block_keeps_its_columns():
    lines = converted("Parts.\n\n    a.py    first\n\n    b.py    second\n\nEnd.")
    assert lines.count(".. code-block:: text") == 1
    assert [line for line in lines if ".py" in line] == ["   a.py    first", "   b.py    second"]
    assert "   a.py    first" in converted("Parts.\n\na.py    first\nb.py    second")  # all of a docstring's rest


def test_sections_reach_napoleon():
    text = "f.\n\nArgs:\n    x, y: |x| * y.\n        Two lines.\n\n    **kwargs: Others.\n\nRaises:\n    ValueError: x."
    result = str(GoogleDocstring(converted(text), Config(napoleon_use_param=False)))
    assert r"**x, y** -- \|x\| \* y." in result and "Two lines." in result and "kwargs" in result
    assert ":raises ValueError: x." in result and "code-block" not in result


@pytest.mark.parametrize(("written", "expected"), [
    ("2*x and |x|", r"2\*x and \|x\|"),
    ("`Dense` and `Dense(64, use_bias=False)`", "`Dense` and ``Dense(64, use_bias=False)``"),
    ("`.losses` of grad_", r"``.losses`` of grad\_"),
    ("several `Layer`s", r"several `Layer`\ s"),
    ("base^`f(x)`: numbers", r"base^\ ``f(x)``: numbers"),
    ("* a point * of a list", r"* a point \* of a list"),
    ("snake_case stays", "snake_case stays"),
])
def test_marks_are_no_markup(written, expected):
    assert docstrings.escape(written) == expected


def test_examples_stay():
    assert ">>> 2 * f(x)" in converted("F.\n\n>>> 2 * f(x)\n4")


# -- the reference -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def api():
    return reference.pages("en")


def test_every_public_name_is_described_once_and_listed(api):
    described = re.findall(r"^\.\. auto(?:class|function):: (\S+)", "\n".join(api.values()), re.MULTILINE)
    assert len(described) == len(set(described)) > 1000
    objects = {id(found(path)): path for path in described}
    for room in reference.ROOMS:
        module = importlib.import_module(f"tinynet.{room}")
        for name in reference.public_names(module):
            item = getattr(module, name)
            if isinstance(item, type) or callable(item):
                assert id(item) in objects, f"{room}.{name}"
                assert re.search(rf"[`.]{name} <", api[f"api/{room}.rst"]), f"{room}.{name}"


def found(path):
    names = path.split(".")
    for length in range(len(names) - 1, 0, -1):
        try:
            thing = importlib.import_module(".".join(names[:length]))
        except ImportError:
            continue
        for name in names[length:]:
            thing = getattr(thing, name)
        return thing
    raise AssertionError(path)


def test_the_index_has_every_module():
    listed = re.findall(r"^[a-z_.]+$", (DOCS / "api" / "index.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(["tinynet", *reference.ROOMS])


def test_names_are_described_where_keras_has_them(api):
    assert ".. autoclass:: tinynet.layers.Conv2D\n" in api["api/layers/convolution.rst"]
    assert "Other names: ``layers.Convolution2D``" in api["api/layers/convolution.rst"]
    assert "The same as :py:obj:`ops.relu <tinynet.ops.relu>`" in api["api/activations.rst"]
    assert made_pages.ENGLISH_ONLY in reference.pages("ko")["api/layers.rst"]


# -- the course --------------------------------------------------------------------------------------------------------


@both_languages
def test_a_lesson_is_a_page_of_one_language(lang):
    pages = made_pages.of_lessons(lang)
    for lesson in all_lessons():
        page = pages[f"course/{lesson.name}.md"]
        assert page.startswith(f"# {lesson.titles[lang]}\n")
        for cell in lesson.cells:
            assert (cell.code if cell.is_code else cell.texts[lang]) in page
            assert cell.is_code or cell.texts["en" if lang == "ko" else "ko"] not in page
        assert page.count(made_pages.LONG.of(lang)) == sum("long" in cell.tags for cell in lesson.cells)


def test_a_lesson_that_was_run_has_its_outputs(tmp_path):
    pytest.importorskip("nbclient")
    path = tmp_path / "01_sum.py"
    path.write_text('# %% [markdown] lang="en"\n# # Sum\n#\n# Course rows: 1-1 · Minutes: 1\n'
                    '# %% [markdown] lang="ko"\n# # 합\n#\n# 강의 항목: 1-1 · 시간(분): 1\n'
                    '# %%\nprint(1 + 1)\n# %%\nimport matplotlib.pyplot as plt\n_ = plt.plot([1, 2])\n',
                    encoding="utf-8")
    lesson = read_lesson(path)
    outputs = made_pages.outputs_of(lesson, "en")
    page = made_pages.lesson_page(lesson, "en", outputs)
    assert "```{code-block} text\n:class: output\n\n2\n```" in page
    (name,) = re.findall(r"!\[what the code above draws\]\((\S+\.png)\)", page)
    assert dict(sum(outputs.values(), []))[name].startswith(b"\x89PNG")


@both_languages
def test_every_exercise_is_on_its_page(lang):
    page = made_pages.exercises_page(lang)
    for exercise in EXERCISES.values():
        assert f"## {exercise.name}\n\n`my_{exercise.signature}`" in page
    assert r"grad\_squared" in page and made_pages.plain("`a_b` of |x|") == r"`a_b` of \|x\|"


# -- links and files of the repository ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("written", "source", "page", "expected"), [
    ("[t](docs/differences.md)", "README.md", "project/how_it_is_built.md", "[t](../differences.md)"),
    ("![p](docs/pictures/a.png)", "README.md", "project/how_it_is_built.md", "![p](../pictures/a.png)"),
    ("[t](CONTRIBUTING.md#set-up)", "README.md", "project/how_it_is_built.md", "[t](contributing.md#set-up)"),
    ("[s](../tinynet/textbook/README.md)", "docs/differences.md", "differences.md", "[s](slides.md)"),
    ("[tests/checks.py](tests/checks.py)", "README.md", "x.md", "`tests/checks.py`"),
    ("[bounds](tests/checks.py)", "README.md", "x.md", "bounds (`tests/checks.py`)"),
    ("[lost](no/such.md)", "README.md", "x.md", "[lost](no/such.md)"),
    ("[w](https://example.org) [a](#here)", "README.md", "x.md", "[w](https://example.org) [a](#here)"),
])
def test_links_between_files_are_links_between_pages(written, source, page, expected):
    assert made_pages.with_links(written, ROOT, source, page) == expected


def test_pages_in_english_have_a_line_about_it_in_korean():
    pages = made_pages.of_repository(ROOT, "ko")
    for name in made_pages.REPOSITORY.values():
        title, _, rest = pages[name].partition("\n")
        assert title.startswith("# ") and rest.lstrip().startswith(f":::{{note}}\n{made_pages.ENGLISH_ONLY}"), name
    assert "Nothing imports upwards" in pages["project/how_it_is_built.md"]


def test_sources_are_brought_up_to_date(tmp_path):
    """What is the same keeps its time, what changed is written, what is gone goes, its page too."""
    sources, out = tmp_path / "sources", tmp_path / "out"
    make.write_sources(sources, "en", made=False)
    index, changed = sources / "index.md", sources / "differences.md"
    os.utime(index, (1, 1))
    changed.write_text("old", encoding="utf-8")
    (sources / "gone.md").touch()
    out.mkdir()
    for name in ("gone", "index", "search"):
        (out / f"{name}.html").touch()
    make.write_sources(sources, "en", made=False)
    make.remove_old_pages(out, sources)
    assert index.stat().st_mtime == 1 and changed.read_text(encoding="utf-8") != "old"
    assert not (sources / "gone.md").exists()
    assert sorted(page.name for page in out.iterdir()) == ["index.html", "search.html"]


# -- Korean ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def messages(tmp_path_factory):
    """The messages of the English pages, extracted in a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make, "BUILD", tmp_path_factory.mktemp("messages"))
        return make.english_messages()


def test_every_message_has_its_translation(messages):
    templates = sorted(messages.rglob("*.pot"))
    written = [path for path in KOREAN.rglob("*.po") if path.name != catalogs.OF_SPHINX]
    assert {path.relative_to(messages).with_suffix(".po") for path in templates} == {
        path.relative_to(KOREAN) for path in written}, "python docs/make.py --catalogs"
    for template in templates:
        catalog = catalogs.read((KOREAN / template.relative_to(messages)).with_suffix(".po"))
        expected = {message.id for message in catalogs.read(template) if message.id}
        assert {message.id for message in catalog if message.id} == expected, (
            f"{template.stem}: python docs/make.py --catalogs")
        for message in catalog:
            assert not message.id or message.string and not message.fuzzy, f"{template.stem}: {message.id!r}"
        assert not catalog.obsolete


def test_catalogs_are_updated(messages, tmp_path):
    """A message that is new comes in empty, one that is gone goes out, one that stays keeps its translation."""
    shutil.copytree(KOREAN, tmp_path / "ko")
    path = tmp_path / "ko" / "index.po"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('msgid "Guides"', 'msgid "Gone"'), encoding="utf-8")
    (tmp_path / "ko" / "gone.po").write_text(catalogs.HEADER, encoding="utf-8")
    lines = list(catalogs.update(messages, tmp_path / "ko"))
    assert [line.partition(": ")[2] for line in lines] == ["1 messages without translation",
                                                          "there is no such page; remove it"]
    updated = {message.id: message.string for message in catalogs.read(path)}
    assert updated["Guides"] == "" and "Gone" not in updated and updated["The course"] == "강의"


@pytest.mark.parametrize("word", ["학습률", "손실", "기울기", "가중치", "층", "배치", "평가", "전문가", "이미지"])
def test_a_word_and_the_word_with_a_particle_have_one_stem(word):
    for particle in ("은", "는", "을", "를", "의", "에", "에서", "으로", "로", "과", "와", "도", "만", "까지", "부터"):
        assert korean_search.stem_korean(word + particle) == korean_search.stem_korean(word), particle
    if len(word) > 1:
        for ending in ("이", "가", "입니다", "하는", "한", "된", "됩니다", "들은"):
            assert korean_search.stem_korean(word + ending) == korean_search.stem_korean(word), ending


def test_different_words_have_different_stems():
    words = ["학습", "학습률", "손실", "기울기", "가중치", "층", "배치", "검증", "과적합", "모멘텀", "정규화", "초기화",
             "드롭아웃", "합성곱", "확률", "활성화"]
    assert len({korean_search.stem_korean(word) for word in words}) == len(words)


def test_words_of_two_alphabets_are_divided():
    language = korean_search.SearchKorean({})
    assert language.split("SGD의 모멘텀(momentum)은 3배") == ["SGD", "의", "모멘텀", "momentum", "은", "3", "배"]
    assert language.stem("optimizers") == language.stem("optimizer")


# -- the site ----------------------------------------------------------------------------------------------------------

needs_site = pytest.mark.skipif("TINYNET_SITE" not in os.environ, reason="TINYNET_SITE names no built documentation")
SITE = Path(os.environ.get("TINYNET_SITE", "build/docs")).resolve()


class Page(HTMLParser):
    """What a page links to, what it loads, and the ids in it."""

    def __init__(self, path):
        super().__init__()
        self.path, self.links, self.loads, self.ids, self.switch = path, [], [], set(), {}
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if "id" in given:
            self.ids.add(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
            if "hreflang" in given:
                self.switch[given["hreflang"]] = given["href"]
        elif tag == "link":
            self.loads.append(given["href"])
        elif "src" in given:
            self.loads.append(given["src"])


@pytest.fixture(scope="module")
def site():
    pages = {path: Page(path) for lang in make.LANGUAGES for path in sorted((SITE / lang).rglob("*.html"))}
    assert len(pages) > 300
    return pages


@needs_site
def test_both_languages_have_the_same_pages_and_lead_to_each_other(site):
    english, korean = ({path.relative_to(SITE / lang) for path in site if path.is_relative_to(SITE / lang)}
                       for lang in make.LANGUAGES)
    assert english == korean
    for path, page in site.items():
        inside = path.relative_to(SITE).parts[1:]
        for lang in make.LANGUAGES:
            assert (path.parent / page.switch[lang]).resolve() == SITE.joinpath(lang, *inside), path


@needs_site
def test_nothing_is_loaded_from_elsewhere(site):
    for path, page in site.items():
        for address in page.loads:
            assert not re.match(r"(\w+:)?//", address), (path, address)
            assert address.startswith(("data:", "#")) or (path.parent / address.partition("?")[0]).exists(), address
    for path in SITE.glob("*/_static/**/*.css"):
        for address in re.findall(r"url\((.+?)\)|@import\s+(\S+)", path.read_text(encoding="utf-8")):
            assert not re.match(r"""["']?(https?:)?//""", "".join(address)), (path, address)


@needs_site
def test_every_link_leads_to_a_page_and_a_line_of_it(site):
    for path, page in site.items():
        for link in page.links:
            address, _, anchor = unquote(link).partition("#")
            if re.match(r"(https?|mailto):", address):
                continue
            target = (path.parent / address).resolve() if address else path
            assert target.exists(), (path, link)
            if anchor and target in site:
                assert anchor in site[target].ids, (path, link)


@needs_site
def test_pages_have_no_leftovers_of_markup(site):
    for path, page in site.items():
        assert "system-message" not in page.text and 'class="problematic"' not in page.text, path
    assert f"tinynet {__version__}" in site[SITE / "en" / "index.html"].text


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as started:
        yield started.chromium.launch(executable_path=program, args=["--no-sandbox"])


@pytest.fixture
def tab(browser):
    """A page of the browser; a message of an error in its console fails the test."""
    opened, errors = browser.new_page(viewport={"width": 400, "height": 800}), []
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("requestfailed", lambda request: errors.append(request.url))
    yield opened
    opened.close()
    assert not errors


@needs_site
@pytest.mark.parametrize(("lang", "words", "page"), [
    ("en", "momentum", "course/03_momentum.html"), ("en", "overfit", "course/07_overfitting.html"),
    ("en", "Conv2D", "api/layers/convolution.html"), ("en", "tinynet.layers.Dense", "api/layers/dense.html"),
    ("ko", "모멘텀", "course/03_momentum.html"), ("ko", "모멘텀은", "course/03_momentum.html"),
    ("ko", "경사 하강법", "course/02_gradient_descent.html"), ("ko", "학습률이", "course/03_momentum.html"),
    ("ko", "Conv2D", "api/layers/convolution.html"), ("ko", "재현성", "guides/reproducibility.html"),
])
def test_search_finds_a_page_without_a_server(tab, lang, words, page):
    tab.goto(f"{(SITE / lang / 'search.html').as_uri()}?q={words}")
    tab.wait_for_function("document.querySelector('.search-summary')?.innerText.length > 0", timeout=60_000)
    results = tab.eval_on_selector_all("ul.search a", "links => links.map(link => link.getAttribute('href'))")
    assert page in {result.partition("#")[0] for result in results}
    assert len(results) < 400


@needs_site
@both_languages
def test_formulas_are_set(tab, lang):
    for lesson in all_lessons():
        tab.goto((SITE / lang / "course" / f"{lesson.name}.html").as_uri())
        formulas, wrong = (tab.locator(name).count() for name in (".math .katex", ".katex-error"))
        written = sum(cell.texts[lang].count("$$") // 2 for cell in lesson.cells if not cell.is_code)
        assert formulas >= written and not wrong, lesson.name


@needs_site
@both_languages
@pytest.mark.parametrize("name", ["index", "course/03_momentum", "api/layers", "api/layers/convolution", "differences",
                                  "slides", "exercises", "search", "genindex"])
def test_a_telephone_shows_a_page_without_scrolling_sideways(tab, lang, name):
    tab.goto((SITE / lang / f"{name}.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
