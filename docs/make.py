"""Build the documentation: `python docs/make.py` makes build/docs/en and build/docs/ko; open index.html in either.

    python docs/make.py --lang ko      one language
    python docs/make.py --run          run the lessons, and show what they print and draw
    python docs/make.py --catalogs     bring the catalogs in docs/locale up to date with the English pages

Sphinx reads a copy of docs/ in build/docs/sources, beside pages that are made of the lessons, the package's names and
the files at the top of the repository (docs/_ext/made_pages.py, docs/_ext/reference.py). Needs the extra "docs".
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
BUILD = DOCS.parent / "build" / "docs"
LANGUAGES = ("en", "ko")

sys.path.append(str(DOCS / "_ext"))

import catalogs  # noqa: E402
import made_pages  # noqa: E402
import reference  # noqa: E402


def write_sources(folder: Path, lang: str, run: bool = False, made: bool = True) -> None:
    """Write the pages of one language for Sphinx; files that stay as they are keep their time: only changes are read.

    Args:
        folder: Where to; files of an earlier build that are no longer made are removed.
        lang: 'en' or 'ko'.
        run: Whether lessons are run for their outputs.
        made: Whether the pages are among them that are made of other files.
    """
    pages = made_pages.written(DOCS, lang)
    if made:
        pages |= made_pages.of_repository(DOCS.parent, lang) | made_pages.of_lessons(lang, run)
        pages |= reference.pages(lang)
    pages = {name: text.encode() if isinstance(text, str) else text for name, text in pages.items()}
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in pages:
            path.unlink()
    for name, content in pages.items():
        path = folder / name
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def sphinx_command(builder: str, lang: str, sources: Path, out: Path) -> list[str]:
    """The command that builds pages; a warning fails it, when all are read."""
    return [sys.executable, "-P", "-m", "sphinx", "-q", "-W", "--keep-going", "-b", builder, "-c", str(DOCS),
            "-D", f"language={lang}", "-d", str(BUILD / "doctrees" / f"{builder}-{lang}"), str(sources), str(out)]


def build(languages: tuple[str, ...], run: bool = False) -> int:
    """Build the site, the languages side by side. Returns 0, or the exit code of a build that failed."""
    running = []
    for lang in languages:
        sources = BUILD / "sources" / lang
        write_sources(sources, lang, run)
        remove_old_pages(BUILD / lang, sources)
        running.append(subprocess.Popen(sphinx_command("html", lang, sources, BUILD / lang)))
    return max(process.wait() for process in running)


def remove_old_pages(out: Path, sources: Path) -> None:
    """Remove pages that an earlier build made of sources that are gone; Sphinx leaves them."""
    kept = {path.relative_to(sources).with_suffix("") for path in sources.rglob("*")}
    for page in out.rglob("*.html"):
        if page.relative_to(out).with_suffix("") not in kept and page.stem not in ("genindex", "py-modindex", "search"):
            page.unlink()


def english_messages() -> Path:
    """Extract the messages of the pages that are translated. Returns the folder with a .pot file a page."""
    sources, out = BUILD / "sources" / "messages", BUILD / "messages"
    write_sources(sources, "en", made=False)
    others = (*made_pages.REPOSITORY.values(), "exercises.md")
    for page in others:  # the index has titles for them, which are messages if there is such a page
        (sources / page).parent.mkdir(parents=True, exist_ok=True)
        (sources / page).write_text("# -\n", encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    # Links to pages that are made are not found here: the warnings are left to the build of the site.
    command = [argument for argument in sphinx_command("gettext", "en", sources, out) if argument != "-W"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    for page in others:
        (out / page).with_suffix(".pot").unlink()
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lang", choices=LANGUAGES, help="only this language")
    parser.add_argument("--run", action="store_true", help="run the lessons; takes minutes")
    parser.add_argument("--catalogs", action="store_true", help="update docs/locale instead")
    arguments = parser.parse_args()
    if arguments.catalogs:
        for line in catalogs.update(english_messages(), DOCS / "locale" / "ko" / "LC_MESSAGES"):
            print(line)
        return 0
    languages = (arguments.lang,) if arguments.lang else LANGUAGES
    code = build(languages, arguments.run)
    if not code:
        print(*(f"{BUILD / lang / 'index.html'}" for lang in languages), sep="\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
