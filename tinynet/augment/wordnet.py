"""WordNet's own database files, read in place: words, their base forms, their synsets (sets of synonyms).

index.noun has a line a word, in the order of its bytes, with the places in data.noun of the synsets that the word is
in; a line of data.noun is a synset. So a word is found by bisection in the file, as WordNet's own library does, and
nothing is loaded in advance. The format is that of the manual pages wndb(5WN), the base forms those of morphy(7WN).
WordNet is English; Princeton University's, free to use.
"""

import functools
import mmap
import os
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import DataError, DatasetNotFoundError

ENVIRONMENT_VARIABLE = "TINYNET_WORDNET"
FOLDERS = ("/usr/share/wordnet", "/usr/local/share/wordnet", "/usr/local/WordNet-3.0/dict")
PARTS_OF_SPEECH = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
# An ending, and what stands in its place in the base form.
ENDINGS = {
    "n": (("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"),
          ("men", "man"), ("ies", "y")),
    "v": (("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", "")),
    "a": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
    "r": (),
}
_LONGEST_LINE = 1 << 16  # the longest of WordNet 3.0 has 12,972 bytes


@dataclass(frozen=True)
class Synset:
    """Words of one meaning.

    Attributes:
        pos: 'n', 'v', 'a' or 'r' (adverb).
        offset: Where its line begins in the data file.
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
            TINYNET_WORDNET names, else where Debian's package wordnet-base puts it.

    Raises:
        DatasetNotFoundError: it is not there; the message names the package to install.
        DataError: a file is broken, or does not belong to the others. That is looked for at some fifty places of each
            file when it is opened, and wherever something is looked up.
    """

    def __init__(self, path=None):
        self.path = find(path)
        self._index, self._data, self._exceptions = {}, {}, {}
        for pos, name in PARTS_OF_SPEECH.items():
            self._index[pos] = _Lines(self.path / f"index.{name}")
            self._data[pos] = _Lines(self.path / f"data.{name}")
            self._exceptions[pos] = _read_exceptions(self.path / f"{name}.exc")
        for pos in PARTS_OF_SPEECH:
            self._compare_samples(pos)
        self._cached_synonyms = functools.lru_cache(1 << 16)(self._look_up_synonyms)

    def lemmas(self, word, pos=None):
        """Base forms of a word that WordNet has, such as 'goose' for 'geese'.

        Args:
            word: Case does not matter; a space stands between the parts of 'ice cream'.
            pos: 'n', 'v', 'a' or 'r'; all of them if None.
        """
        return list(dict.fromkeys(form.replace("_", " ") for _, form in self._forms(word, pos)))

    def synsets(self, word, pos=None):
        """The meanings of a word, a list of `Synset`: nouns, verbs, adjectives, adverbs, in each the usual ones first.

        Args:
            word, pos: As for `lemmas`.

        Raises:
            DataError: what the index points to is not there.
        """
        places = ((part, offset) for part, form in self._forms(word, pos) for offset in self._offsets(part, form))
        return [self._synset(part, offset) for part, offset in dict.fromkeys(places)]

    def synonyms(self, word, pos=None):
        """The words of all synsets of a word, without itself, each once; an empty list if there are none."""
        return list(self._cached_synonyms(_key(word), pos))

    def __repr__(self):
        return f"WordNet({str(self.path)!r})"

    def _look_up_synonyms(self, key, pos):
        lemmas = (lemma for synset in self.synsets(key, pos) for lemma in synset.lemmas)
        return tuple(dict.fromkeys(lemma for lemma in lemmas if _key(lemma) != key))

    def _forms(self, word, pos):
        """(part of speech, key in its index) of the word itself, of what the list of exceptions says, and of the word
        with other endings.
        """
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
        """Where the synsets of an index entry are. lemma pos n_synsets n_pointers [pointer...] n_senses n_tagged
        offset [offset...]
        """
        index = self._index[pos]
        fields = index.find(key.encode()).split()
        try:
            count, pointers = int(fields[2]), int(fields[3])
            offsets = [int(field) for field in fields[6 + pointers :]]
            if fields[1] != pos.encode() or pointers < 0 or len(offsets) != count or count < 1 or min(offsets) < 0:
                raise ValueError
        except (ValueError, IndexError):
            raise DataError(f"{index.path}: the entry of {key!r} is not one of WordNet's: {_shown(fields)}") from None
        return offsets

    def _synset(self, pos, offset):
        """The synset at a place. offset file_number type n_words(hexadecimal) word lex_id [word lex_id...] n_pointers
        ... | gloss
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
                f"{data.path}: no synset begins at byte {offset}, where the index says so. Got {_shown(fields)}; "
                "the file is cut off or of another version"
            ) from None

    def _compare_samples(self, pos):
        """Look some entries up in the data, and some synsets in the index: a file cut off at the end of a line is well
        formed, but does not know what the other one does.
        """
        index, data = self._index[pos], self._data[pos]
        keys = {_decoded(line.split(b" ", 1)[0], index.path): line for line in index.samples()}
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
                raise DataError(f"{data.path}: a synset must begin with its place in the file, got {_shown([number])}")
            for lemma in self._synset(pos, int(number)).lemmas:
                if index.find(_key(lemma).encode()) is None or int(number) not in self._offsets(pos, _key(lemma)):
                    raise DataError(f"{index.path}: {lemma!r} of {data.path.name} is missing; the file is cut off")


@functools.cache
def default():
    """The database in the default place, opened once."""
    return WordNet()


def find(path=None):
    """The folder that `WordNet(path)` reads.

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
        f"Debian's package wordnet-base (apt install wordnet-base), or name their folder: WordNet(path), or the "
        f"environment variable {ENVIRONMENT_VARIABLE}. Other sources of synonyms: a dict, or a function"
    )


class _Lines:
    """A sorted text file in memory pages: its lines by their first word, or by where they begin."""

    def __init__(self, path):
        self.path = path
        try:
            with open(path, "rb") as file:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError:
            raise DatasetNotFoundError(
                f"{path} is missing; WordNet needs index., data. and .exc files of nouns, verbs, adjectives and adverbs"
            ) from None
        except ValueError:  # mmap's, for a file without a byte
            raise DataError(f"{path}: the file is empty") from None
        if self._bytes[-1:] != b"\n":
            raise DataError(f"{path}: the last line has no end; the file is cut off")
        self._start = 0  # of what follows the licence, whose lines begin with a space
        while self._bytes[self._start : self._start + 1] == b" ":
            self._start = self._bytes.find(b"\n", self._start) + 1
        if self._start == len(self._bytes):
            raise DataError(f"{path}: no line but the licence; the file is cut off")

    def line_at(self, start):
        """The line that begins at a byte; empty beyond the file."""
        if start >= len(self._bytes):
            return b""
        end = self._bytes.find(b"\n", start, start + _LONGEST_LINE)
        if end < 0:
            raise DataError(f"{self.path}: a line of more than {_LONGEST_LINE} bytes, at byte {start}")
        return self._bytes[start:end]

    def find(self, key):
        """The line whose first word is `key`, or None."""
        low, high = self._start, len(self._bytes)  # both begin lines (or end the file)
        while low < high:
            start = self._line_start((low + high) // 2, low)
            line = self.line_at(start)
            word = line.split(b" ", 1)[0]
            if word == key:
                return line
            if word < key:
                low = start + len(line) + 1
            else:
                high = start
        return None

    def samples(self, count=50):
        """Lines from the whole file, the first and the last among them."""
        last = len(self._bytes) - 1
        return [self.line_at(self._line_start(self._start + (last - self._start) * k // (count - 1), self._start))
                for k in range(count)]

    def _line_start(self, place, lowest):
        end = self._bytes.rfind(b"\n", max(lowest, place - _LONGEST_LINE), place)
        return end + 1 if end >= 0 else lowest


def _read_exceptions(path):
    """{inflected form: [base forms]} of a .exc file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DatasetNotFoundError(f"{path} is missing; it has the irregular forms") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: {error}") from None
    exceptions = {}
    for number, line in enumerate(text.splitlines(), 1):
        form, *bases = line.split()[:20] or [""]
        if not bases:
            raise DataError(f"{path}, line {number}: expected a form and its base forms, got {line[:60]!r}")
        exceptions[form] = bases
    return exceptions


def _key(word):
    """How the index spells a word."""
    if not isinstance(word, str):
        raise TypeError(f"WordNet: a word must be a str, got {word!r} ({type(word).__name__})")
    return "_".join(word.lower().split())


def _without_marker(word):
    """'galore' for 'galore(ip)': where an adjective may stand is not part of it."""
    for marker in ("(a)", "(p)", "(ip)"):
        word = word.removesuffix(marker)
    return word


def _decoded(word, path):
    try:
        return word.decode()
    except UnicodeDecodeError:
        raise DataError(f"{path}: not text, got {_shown([word])}") from None


def _shown(fields):
    return repr(b" ".join(fields[:8])[:80].decode("utf-8", "replace"))
