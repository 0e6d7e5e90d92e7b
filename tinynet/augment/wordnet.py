"""WordNet's own database files, read from disk: words, their base forms, their synsets (sets of synonyms).

index.noun has a line a word, in the order of its bytes, with the offsets in data.noun of the synsets that the word is
in; a line of data.noun is a synset. So a word is found by bisection in the file, as WordNet's own library does, and
nothing is loaded in advance. The format is that of the manual pages wndb(5WN), the base forms those of morphy(7WN).
WordNet is English; Princeton University's, free to use.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import DataError, DatasetNotFoundError
from .wordnet_files import Lines, decoded, read_exceptions, shown

ENVIRONMENT_VARIABLE = "TINYNET_WORDNET"
FOLDERS = ("/usr/share/wordnet", "/usr/local/share/wordnet", "/usr/local/WordNet-3.0/dict")
PARTS_OF_SPEECH = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
# An ending, and the one that replaces it in the base form.
ENDINGS = {
    "n": (("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"),
          ("men", "man"), ("ies", "y")),
    "v": (("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", "")),
    "a": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
    "r": (),
}


@dataclass(frozen=True)
class Synset:
    """Words of one meaning.

    Attributes:
        pos: 'n', 'v', 'a' or 'r' (adverb).
        offset: The byte in the data file at which its line begins.
        lemmas: The words, with spaces in those of several parts.
        gloss: Definition and examples.
    """

    pos: str
    offset: int
    lemmas: tuple[str, ...]
    gloss: str


class WordNet:
    """The database in a folder.

    Args:
        path: Folder with index.noun, data.noun, noun.exc and so on. If None, the one that the environment variable
            TINYNET_WORDNET names, else that of Debian's package wordnet-base.

    Raises:
        DatasetNotFoundError: it is not there; the message names the package to install.
        DataError: a file is broken, or does not belong to the others. This is checked for some fifty lines of each file
            when it is opened, and for each line that is read later.

    >>> net = WordNet()
    >>> net.lemmas("geese"), net.synonyms("film", pos="v")
    (['goose'], ['shoot', 'take'])
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = find(path)
        self._index, self._data, self._exceptions = {}, {}, {}
        for pos, name in PARTS_OF_SPEECH.items():
            self._index[pos] = Lines(self.path / f"index.{name}")
            self._data[pos] = Lines(self.path / f"data.{name}")
            self._exceptions[pos] = read_exceptions(self.path / f"{name}.exc")
        for pos in PARTS_OF_SPEECH:
            self._compare_samples(pos)
        self._cached_synonyms = functools.lru_cache(1 << 16)(self._look_up_synonyms)

    def lemmas(self, word: str, pos: str | None = None) -> list[str]:
        """Return the base forms of a word that WordNet has, such as 'goose' for 'geese'.

        Args:
            word: In small or capital letters; with a space between the parts of 'ice cream'.
            pos: 'n', 'v', 'a' or 'r'; all of them if None.

        Raises:
            TypeError: `word` is not a str.
            ValueError: another `pos`.
        """
        return list(dict.fromkeys(form.replace("_", " ") for _, form in self._forms(word, pos)))

    def synsets(self, word: str, pos: str | None = None) -> list[Synset]:
        """Return the meanings of a word, a list of `Synset`: nouns, verbs, adjectives, adverbs, in each the usual ones
        first.

        Args:
            word, pos: As for `lemmas`.

        Raises:
            DataError: the index points to a byte where no synset begins.
        """
        found = ((part, offset) for part, form in self._forms(word, pos) for offset in self._offsets(part, form))
        return [self._synset(part, offset) for part, offset in dict.fromkeys(found)]

    def synonyms(self, word: str, pos: str | None = None) -> list[str]:
        """Return the words of all synsets of a word, without itself, each once; an empty list if there are none.

        Args:
            word, pos: As for `lemmas`.
        """
        return list(self._cached_synonyms(_key(word), pos))

    def __repr__(self) -> str:
        return f"WordNet({str(self.path)!r})"

    def _look_up_synonyms(self, key, pos):
        lemmas = (lemma for synset in self.synsets(key, pos) for lemma in synset.lemmas)
        return tuple(dict.fromkeys(lemma for lemma in lemmas if _key(lemma) != key))

    def _forms(self, word, pos):
        """(part of speech, key in its index) of the word, of its irregular base forms, and of it with other endings."""
        if pos is not None and pos not in PARTS_OF_SPEECH:
            raise ValueError(f"WordNet: pos must be one of {', '.join(map(repr, PARTS_OF_SPEECH))}, got {pos!r}")
        key = _key(word)
        for part in PARTS_OF_SPEECH if pos is None else pos:
            forms = [key, *self._exceptions[part].get(key, ())]
            if len(forms) == 1:
                forms += [key.removesuffix(ending) + base for ending, base in ENDINGS[part] if key.endswith(ending)]
            for form in dict.fromkeys(forms):
                if form and self._index[part].find(form.encode()) is not None:
                    yield part, form

    def _offsets(self, pos, key):
        """The offsets of the synsets of an index entry.

        The line: lemma pos n_synsets n_pointers [pointer...] n_senses n_tagged offset [offset...]
        """
        index = self._index[pos]
        fields = index.find(key.encode()).split()
        try:
            count, pointers = int(fields[2]), int(fields[3])
            offsets = [int(field) for field in fields[6 + pointers :]]
            if fields[1] != pos.encode() or pointers < 0 or len(offsets) != count or count < 1 or min(offsets) < 0:
                raise ValueError
        except (ValueError, IndexError):
            raise DataError(f"{index.path}: the entry of {key!r} is not one of WordNet's: {shown(fields)}") from None
        return offsets

    def _synset(self, pos, offset):
        """The synset at a byte of the data file.

        The line: offset file_number type n_words(hexadecimal) word lex_id [word lex_id...] n_pointers ... | gloss
        """
        data = self._data[pos]
        line = data.line_at(offset)
        head, bar, gloss = line.partition(b"| ")
        fields = head.split()
        try:
            kind, count = fields[2], int(fields[3], 16)
            words = fields[4 : 4 + 2 * count : 2]
            if int(fields[0]) != offset or kind not in (pos.encode(), b"s" if pos == "a" else b"") or count < 1:
                raise ValueError
            if len(words) != count or len(fields[4 + 2 * count]) != 3:  # the number of pointers has three digits
                raise ValueError
            lemmas = tuple(_without_marker(word.decode()).replace("_", " ") for word in words)
            return Synset(pos, offset, lemmas, gloss.decode().strip() if bar else "")
        except (ValueError, IndexError):  # UnicodeDecodeError is a ValueError
            raise DataError(
                f"{data.path}: no synset begins at byte {offset}, which the index names. Got {shown(fields)}; "
                "the file is cut off or of another version"
            ) from None

    def _compare_samples(self, pos):
        """Look some entries up in the data, and some synsets in the index.

        A file that is cut off at the end of a line is well formed, but lacks entries of the other one.
        """
        index, data = self._index[pos], self._data[pos]
        keys = {decoded(line.split(b" ", 1)[0], index.path): line for line in index.samples()}
        for key, line in keys.items():
            if index.find(key.encode()) != line:
                raise DataError(f"{index.path}: the entries are not in order near {key!r}, so that none can be found")
        for key in keys:
            for offset in self._offsets(pos, key):
                if key not in map(_key, self._synset(pos, offset).lemmas):
                    raise DataError(f"{data.path}: the synset at byte {offset} does not have the index's {key!r}")
        for line in data.samples():
            number = line.split(b" ", 1)[0]
            if not number.isdigit():
                raise DataError(f"{data.path}: a synset must begin with its offset in the file, got {shown([number])}")
            for lemma in self._synset(pos, int(number)).lemmas:
                if index.find(_key(lemma).encode()) is None or int(number) not in self._offsets(pos, _key(lemma)):
                    raise DataError(f"{index.path}: {lemma!r} of {data.path.name} is missing; the file is cut off")


@functools.cache
def default() -> WordNet:
    """Return the database in the default folder, opened once."""
    return WordNet()


def find(path: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder that `WordNet(path)` reads.

    Raises:
        DatasetNotFoundError: there is no database there.
    """
    chosen = path if path is not None else os.environ.get(ENVIRONMENT_VARIABLE)
    folders = FOLDERS if chosen is None else [chosen]
    for folder in folders:
        folder = Path(folder).expanduser()
        if (folder / "index.noun").is_file():
            return folder
    raise DatasetNotFoundError(
        f"WordNet's database files (index.noun, data.noun, ...) are not in {' or '.join(map(str, folders))}. Install "
        f"Debian's package wordnet-base (apt install wordnet-base), or name their folder: WordNet(path), or "
        f"the environment variable {ENVIRONMENT_VARIABLE}. Other sources of synonyms: a dict, or a function"
    )


def _key(word):
    """How the index spells a word."""
    if not isinstance(word, str):
        raise TypeError(f"WordNet: a word must be a str, got {word!r} ({type(word).__name__})")
    return "_".join(word.lower().split())


def _without_marker(word):
    """'galore' for 'galore(ip)': the marker of an adjective's position in a sentence is not part of it."""
    for marker in ("(a)", "(p)", "(ip)"):
        word = word.removesuffix(marker)
    return word
