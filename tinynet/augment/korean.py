"""Korean words in a table of synonyms: 영화는 is found at 영화, and its synonym 작품 becomes 작품은.

A Korean word carries particles (조사) after a noun, and endings (어미) after the stem of a verb or an adjective. What a
particle looks like depends on whether the noun ends in a consonant: 작품은, but 영화는. This is no morphological
analyser: it takes apart only what a table then has, and leaves alone what it cannot inflect without a dictionary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_FIRST, _LAST, _FINALS = 0xAC00, 0xD7A3, 28  # Unicode: 가 to 힣, 28 final consonants (the first is none) of each
_RIEUL = 8  # the number of the final consonant ㄹ

# Particles of two forms: (after a consonant, after a vowel). 로 also follows ㄹ: 서울로.
_TWO_FORMS = """
은/는 이/가 을/를 과/와 으로/로 아/야 이나/나 이랑/랑 이라/라 이라고/라고 이라는/라는 이라도/라도 이란/란
이든/든 이든지/든지 이며/며 이고/고 이지만/지만 이면/면 이다/다 이었다/였다 이었고/였고 이었던/였던 이에요/예요
이야/야 이네/네 이니/니 이어서/여서 이자/자 이여/여 이야말로/야말로
"""
# Particles of one form.
_ONE_FORM = """
의 에 에서 에게 에게서 께 께서 한테 한테서 도 만 까지 부터 마저 조차 처럼 보다 마다 밖에 대로 만큼 뿐 들 같은
같이 하고 인 인데 인지 입니다 입니까 서 써
"""
_PAIRS = tuple(pair.split("/") for pair in _TWO_FORMS.split())
_SINGLE = frozenset(_ONE_FORM.split())
_FORMS = sorted(_SINGLE.union(*_PAIRS), key=len, reverse=True)

# Stems of predicates (before 다) that end alike are inflected alike: 훌륭하다, 훌륭한, 훌륭했다.
# A column is one form: before 고 or 지만; modifying a noun; past; before 요 or 서; polite; as a noun; future; if; and;
# since.
_STEMS = """
하 한 했 해 합니 함 할 하면 하며 하니
되 된 됐 돼 됩니 됨 될 되면 되며 되니
있 있는 있었 있어 있습니 있음 있을 있으면 있으며 있으니
없 없는 없었 없어 없습니 없음 없을 없으면 없으며 없으니
롭 로운 로웠 로워 롭습니 로움 로울 로우면 로우며 로우니
스럽 스러운 스러웠 스러워 스럽습니 스러움 스러울 스러우면 스러우며 스러우니
답 다운 다웠 다워 답습니 다움 다울 다우면 다우며 다우니
"""
_INFLECTIONS = {row.split()[0]: row.split() for row in _STEMS.strip().splitlines()}
# Endings that any stem takes unchanged: 좋고 and 훌륭하고, 좋지만 and 훌륭하지만.
_UNCHANGED = """
다 고 지 게 기 던 네 거나 지만 지는 지도 지요 도록 더니 더라 더라도 자마자 고도 고서 고는 기도 기는 기에 겠다
겠고 겠지만 다는 다고 다면 다가 던데
"""
_ENDINGS = frozenset(_UNCHANGED.split())

Find = Callable[[str], Sequence[str]]


def ends_in_consonant(word: str) -> bool:
    """Return whether a word's last letter is Korean and ends in a consonant (받침).

    >>> ends_in_consonant("작품"), ends_in_consonant("영화")
    (True, False)
    """
    return _is_syllable(word[-1:]) and (ord(word[-1]) - _FIRST) % _FINALS != 0


def inflected_synonyms(word: str, find: Find) -> list[str]:
    """Return the synonyms of a word with particles or an ending, each in the same form as the word.

    Args:
        word: A word of Korean letters; for another, nothing is found.
        find: Function from a noun, or a predicate's dictionary form (-다), to its synonyms.

    Returns:
        List of str, empty if nothing is found.

    >>> table = {"영화": ["작품", "무비"], "훌륭하다": ["대단하다"], "좋다": ["괜찮다"]}
    >>> inflected_synonyms("영화에서는", lambda word: table.get(word, []))
    ['작품에서는', '무비에서는']
    >>> inflected_synonyms("영화로", lambda word: table.get(word, []))
    ['작품으로', '무비로']
    >>> inflected_synonyms("훌륭했던", lambda word: table.get(word, []))
    ['대단했던']
    >>> inflected_synonyms("좋지만", lambda word: table.get(word, []))
    ['괜찮지만']
    """
    if not all(map(_is_syllable, word[-2:])):
        return []
    for end in range(len(word) - 1, 0, -1):  # the longest noun first
        pieces = _particles(word[end:])
        if pieces is None or not _is_syllable(word[end - 1]) or not _fits(word[:end], pieces[0]):
            continue
        found = [other + _suited(other, pieces[0]) + "".join(pieces[1:]) for other in find(word[:end])]
        if found:
            return found
    return _of_predicate(word, find)


def _is_syllable(letter: str) -> bool:
    return len(letter) == 1 and _FIRST <= ord(letter) <= _LAST


def _particles(tail: str) -> list[str] | None:
    """The particles that a word ends in, such as ['에서', '는']; None if the tail is something else."""
    if not tail:
        return []
    for form in _FORMS:
        if tail.startswith(form):
            rest = _particles(tail[len(form):])
            if rest is not None and (not rest or _fits(form, rest[0])):
                return [form, *rest]
    return None


def _takes_vowel_form(word: str, pair: Sequence[str]) -> bool:
    if pair[0].startswith("으로") and _is_syllable(word[-1:]) and (ord(word[-1]) - _FIRST) % _FINALS == _RIEUL:
        return True
    return not ends_in_consonant(word)


def _fits(word: str, particle: str) -> bool:
    """Whether a particle can follow a word: 는 follows 영화, not 작품."""
    return particle in _SINGLE or any(particle == pair[_takes_vowel_form(word, pair)] for pair in _PAIRS)


def _suited(word: str, particle: str) -> str:
    """The form of a particle that follows a word: of 는, 은 after 작품."""
    for pair in _PAIRS:
        if particle in pair and particle not in _SINGLE:
            return pair[_takes_vowel_form(word, pair)]
    return particle


def _of_predicate(word: str, find: Find) -> list[str]:
    """The synonyms of a verb's or an adjective's dictionary form, each with the ending that the word has."""
    for end in range(1, len(word)):
        for stem, forms in _INFLECTIONS.items():
            for column, form in enumerate(forms):
                if not word.startswith(form, end):
                    continue
                ending = word[end + len(form):]
                found = [changed for other in find(word[:end] + stem + "다")
                         if (changed := _inflected(other, column, ending, stem))]
                if found:
                    return found
        if word[end:] in _ENDINGS:
            found = [other[:-1] + word[end:] for other in find(word[:end] + "다") if other.endswith("다")]
            if found:
                return found
    return []


def _inflected(other: str, column: int, ending: str, stem: str) -> str:
    """A predicate in one of the forms, with an ending after it; "" if its stem is of no known kind."""
    for kind, forms in _INFLECTIONS.items():
        if other.endswith(kind + "다") and len(other) > len(kind) + 1:
            if column == 0 and kind != stem and ending not in _ENDINGS:
                break  # such as 재미있는: 있 and 는, which is the form of column 1
            return other[: -len(kind) - 1] + forms[column] + ending
    return other[:-1] + ending if column == 0 and ending in _ENDINGS and other.endswith("다") else ""
