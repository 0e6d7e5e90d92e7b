"""The catalogs of translations: one .po file a page in docs/locale/ko/LC_MESSAGES."""

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

OF_SPHINX = "sphinx.po"  # words of the theme that have no translation there

# Without dates and names, which would change in every file at every run.
HEADER = r"""msgid ""
msgstr ""
"Language: ko\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""


def read(path: Path) -> Catalog:
    """Read a .po or .pot file; an empty catalog if there is none."""
    if not path.exists():
        return Catalog(locale="ko", project="tinynet")
    with path.open("rb") as file:
        return read_po(file, locale="ko", abort_invalid=True)


def update(messages: Path, folder: Path) -> Iterator[str]:
    """Bring the catalogs up to date: new messages come in untranslated, those that are gone go out.

    Args:
        messages: The folder of the .pot files.
        folder: Of the .po files.

    Yields:
        A line about each page that lacks a translation.
    """
    for template in sorted(messages.rglob("*.pot")):
        path = (folder / template.relative_to(messages)).with_suffix(".po")
        catalog = read(path)
        catalog.update(read(template), no_fuzzy_matching=True, update_header_comment=False)
        catalog.obsolete.clear()
        body = io.BytesIO()
        write_po(body, catalog, width=120, omit_header=True, no_location=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(HEADER.encode() + body.getvalue())
        missing = sum(not message.string for message in catalog if message.id)
        if missing:
            yield f"{path}: {missing} messages without translation"
    for path in folder.rglob("*.po"):
        if path.name != OF_SPHINX and not (messages / path.relative_to(folder)).with_suffix(".pot").exists():
            yield f"{path}: there is no such page; remove it"
