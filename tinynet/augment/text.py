"""Easy data augmentation (EDA): four small changes to a sentence that mostly leave its meaning; and word dropout.

Wei and Zou, "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks", EMNLP 2019.
The operations take and return lists of words; `eda` takes a text. An element without a letter or a digit is
punctuation: it stays where it is, and does not count.

Synonyms come from a dict {word: synonyms}, from a function of a word, or, for English, from WordNet's files
(`tinynet.augment.WordNet`), the default.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np

from ..core import checks
from ..core.types import SeedLike
from . import wordnet
from .batches import as_generator
from .korean import inflected_synonyms

# Words of grammar rather than meaning: they are not replaced, and their synonyms are not inserted.
_GRAMMAR = """
a an the this that these those
i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers herself
it its itself they them their theirs themselves who whom whose which what
am is are was were be been being have has had having do does did doing can could will would shall should may might must
and but or nor if because as until while though although so than
about above after against at before below between by down during for from in into of off on out over through to toward
towards under up upon with within without
again all any both each either every few further here how just more most much neither no not now once only other same
some such then there too very when where why
ain't aren't couldn't didn't doesn't don't hadn't hasn't haven't isn't mustn't needn't shouldn't wasn't weren't won't
wouldn't aint arent couldnt didnt doesnt dont hadnt hasnt havent isnt mustnt neednt shouldnt wasnt werent wont wouldnt
"""
# Draws of a variant before an operation is taken to change nothing. A deletion from two words with p = 0.1 fails so
# often once in 10^9 texts.
_DRAWS = 100
STOP_WORDS = frozenset(_GRAMMAR.split())


def synonym_replacement(words: Sequence[str], n: int = 1, synonyms: Any = None, seed: SeedLike = None,
                        stop_words: Container[str] = STOP_WORDS) -> list[str]:
    """Replace `n` words that are no stop words by a random synonym, each at all its positions in the sentence.

    Args:
        words: list of str.
        n: How many different words; fewer if fewer have synonyms.
        synonyms: dict {word: synonyms}, a function of a word, a `WordNet`, or None for the default WordNet. Words are
            looked up without the punctuation around them (which stays), as they are, then in lower case; Korean ones
            then without their particles or ending, which the synonym gets in its own form (영화는, 영화, 작품, 작품은).
        seed: int, SeedGenerator, NumPy Generator, or None.
        stop_words: Words in lower case.

    Returns:
        A new list; longer, where a synonym has several words.

    Raises:
        TypeError: `words` is not a list of str, or `synonyms` is none of these.
        ValueError: `n` is not a whole number from 0 on.

    >>> synonym_replacement("I saw a film , a long film".split(), 1, {"film": ["motion picture"]}, seed=0)
    ['I', 'saw', 'a', 'motion', 'picture', ',', 'a', 'long', 'motion', 'picture']
    """
    words, rng = _words(words, "synonym_replacement"), as_generator(seed)
    look_up = lookup(synonyms) if checks.whole(n, "synonym_replacement", "n", 0) else _no_synonyms
    chosen: dict[str, str] = {}
    for word in _shuffled(_candidates(words, stop_words), rng):
        if len(chosen) == n:
            break
        found = look_up(word)
        if found:
            chosen[word] = found[rng.integers(len(found))]
    result: list[str] = []
    for word in words:
        before, core, after = _parts(word)
        result += (before + chosen[core] + after).split() if core in chosen else [word]
    return result


def random_insertion(words: Sequence[str], n: int = 1, synonyms: Any = None, seed: SeedLike = None,
                     stop_words: Container[str] = STOP_WORDS) -> list[str]:
    """`n` times: insert a random synonym of a random word that is no stop word, at a random position.

    This is the paper's operation; the authors' program also takes synonyms of stop words, and never inserts at the end.

    Args:
        words, synonyms, seed, stop_words: As for `synonym_replacement`.
        n: How many; none, if no word has synonyms.

    Returns:
        A new list.

    Raises:
        TypeError, ValueError: as for `synonym_replacement`.

    >>> random_insertion(["good", "film"], 2, {"film": ["movie"]}, seed=1)
    ['movie', 'good', 'movie', 'film']
    """
    result, rng = _words(words, "random_insertion"), as_generator(seed)
    look_up = lookup(synonyms) if checks.whole(n, "random_insertion", "n", 0) else _no_synonyms
    for _ in range(n):
        for word in _shuffled(_candidates(result, stop_words), rng):
            found = look_up(word)
            if found:
                position = rng.integers(len(result) + 1)
                result[position:position] = found[rng.integers(len(found))].split()
                break
    return result


def random_swap(words: Sequence[str], n: int = 1, seed: SeedLike = None) -> list[str]:
    """`n` times: exchange the words at two random positions.

    Args:
        words, seed: As for `synonym_replacement`.
        n: How often.

    Returns:
        A new list of the same words.

    Raises:
        TypeError, ValueError: as for `synonym_replacement`.

    >>> random_swap(["a", "b", "c"], 1, seed=0)
    ['a', 'c', 'b']
    """
    result, rng = _words(words, "random_swap"), as_generator(seed)
    n = checks.whole(n, "random_swap", "n", 0)
    positions = [position for position, word in enumerate(result) if _is_word(word)]
    for _ in range(n if len(positions) > 1 else 0):
        i, j = (positions[k] for k in rng.choice(len(positions), 2, replace=False))
        result[i], result[j] = result[j], result[i]
    return result


def random_deletion(words: Sequence[str], p: float = 0.1, seed: SeedLike = None) -> list[str]:
    """Delete each word with probability `p`; if none is left, keep a random one.

    Args:
        words, seed: As for `synonym_replacement`.
        p: From 0 to 1.

    Returns:
        A new list, empty only if `words` is.

    Raises:
        TypeError: `words` is not a list of str.
        ValueError: `p` is out of range.

    >>> len(random_deletion(["a", "b", "c"], 1.0, seed=0))
    1
    """
    words, rng = _words(words, "random_deletion"), as_generator(seed)
    checks.number(p, "random_deletion", "p", 0, 1)
    inside = [position for position, word in enumerate(words) if _is_word(word)]
    gone = {position for position, draw in zip(inside, rng.random(len(inside)), strict=True) if draw < p}
    if gone and len(gone) == len(inside):
        gone.remove(inside[int(rng.integers(len(inside)))])
    return [word for position, word in enumerate(words) if position not in gone]


def word_dropout(words: Sequence[str], rate: float = 0.1, unknown: str = "<unk>", seed: SeedLike = None) -> list[str]:
    """Replace each word by a mark for unknown words with probability `rate`: the length stays.

    `layers.WordDropout` does the same to numbers of words.

    Source: Bowman et al., "Generating Sentences from a Continuous Space", CoNLL 2016.

    Args:
        words, seed: As for `synonym_replacement`.
        rate: From 0 to 1.
        unknown: The mark.

    Returns:
        list of str, as long as `words`.

    Raises:
        TypeError: `words` is not a list of str.
        ValueError: `rate` is out of range.

    >>> word_dropout(["a", "b", "c"], 1.0)
    ['<unk>', '<unk>', '<unk>']
    """
    words, rng = _words(words, "word_dropout"), as_generator(seed)
    checks.number(rate, "word_dropout", "rate", 0, 1)
    return [unknown if draw < rate and _is_word(word) else word
            for word, draw in zip(words, rng.random(len(words)), strict=True)]


def eda(text: str, synonyms: Any = None, alpha_sr: float = 0.1, alpha_ri: float = 0.1, alpha_rs: float = 0.1,
        p_rd: float = 0.1, num_aug: int = 9, seed: SeedLike = None, stop_words: Container[str] = STOP_WORDS,
        tokenize: Callable[[str], list[str]] = str.split, join: Callable[[list[str]], str] = " ".join,
        clean: Callable[[str], str] | None = None) -> list[str]:
    """Return variants of a text by the four operations, and the text itself.

    Each operation makes num_aug // 4 + 1 variants (of four operations; more each if some are switched off), changing
    n = max(1, int(alpha * words)) words; the variants are shuffled, cut to `num_aug`, and the text is appended.
    The parameters and their defaults are those of the authors' program. Unlike there, a variant that equals the text is
    drawn again.

    Args:
        text: str.
        synonyms: As for `synonym_replacement`.
        alpha_sr, alpha_ri, alpha_rs: The share of the words that synonym replacement, random insertion and random swap
            change; 0 switches an operation off.
        p_rd: Probability of a word's random deletion; 0 switches it off.
        num_aug: How many variants. The paper recommends 16 for 500 sentences, 8 for 2,000, 4 for 5,000 and more.
        seed: int, SeedGenerator, NumPy Generator, or None.
        stop_words: Words in lower case.
        tokenize: Function that cuts a text into a list of words.
        join: Function that makes a text of a list of words.
        clean: Function applied to the text and to each variant. `only_letters` is the authors'.

    Returns:
        list of num_aug + 1 str, the text last; of the text alone, if nothing in it can be changed.

    Raises:
        TypeError: `text` is not a str.
        ValueError: a share or a number is out of range.

    >>> table = {"film": ["movie"], "great": ["superb", "splendid"]}
    >>> for variant in eda("a great film to see", table, num_aug=4, seed=3):
    ...     print(variant)
    movie a great film to see
    a film great to see
    a splendid film to see
    a see film to great
    a great film to see
    """
    if not isinstance(text, str):
        raise TypeError(f"eda: text must be a str, got {type(text).__name__}; call it for each text of a list")
    rng = as_generator(seed)
    num_aug = checks.whole(num_aug, "eda", "num_aug", 0)
    for name, share in (("alpha_sr", alpha_sr), ("alpha_ri", alpha_ri), ("alpha_rs", alpha_rs), ("p_rd", p_rd)):
        checks.number(share, "eda", name, 0, 1)
    clean = clean or str
    text = clean(text)
    words = _words(tokenize(text), "eda: what tokenize returns")
    look_up = lookup(synonyms) if alpha_sr or alpha_ri else None
    operations = []
    if alpha_sr:
        operations.append(lambda: synonym_replacement(words, changes(alpha_sr, words), look_up, rng, stop_words))
    if alpha_ri:
        operations.append(lambda: random_insertion(words, changes(alpha_ri, words), look_up, rng, stop_words))
    if alpha_rs:
        operations.append(lambda: random_swap(words, changes(alpha_rs, words), rng))
    if p_rd:
        operations.append(lambda: random_deletion(words, p_rd, rng))
    if not operations or not words:
        return [text]
    made = variants(operations, words, num_aug, rng)
    return [clean(join(variant)) for variant in made] + [text]


def variants(operations: Sequence[Callable[[], list[str]]], words: list[str], num_aug: int,
             rng: np.random.Generator) -> list[list[str]]:
    """Return `num_aug` results of operations in random order, none of them equal to the words that they began with.

    Without any, if no operation changes the words in 100 draws.

    Args:
        operations: Functions without arguments that return a list of words.
        words: What they change.
        num_aug: How many.
        rng: Generator that shuffles.
    """
    made: list[list[str]] = []
    working = list(operations)
    each = num_aug // len(operations) + 1
    while working and len(made) < num_aug:  # once, unless an operation changes nothing: then the others do its part
        for operation in list(working):
            for _ in range(each):
                drawn = (operation() for _ in range(_DRAWS))
                variant = next((one for one in drawn if one != words), None)
                if variant is None:
                    working.remove(operation)
                    break
                made.append(variant)
    return _shuffled(made, rng)[:num_aug]


def changes(alpha: float, words: Sequence[str]) -> int:
    """Return how many words an operation changes: max(1, int(alpha * number of words)), punctuation not counted."""
    return max(1, int(alpha * sum(map(_is_word, words))))


def only_letters(text: str) -> str:
    """Return the text as the authors' program cleans it: lower case, a to z and single spaces.

    Args:
        text: str.

    >>> only_letters("It's a well-made film, isn't it?")
    'its a well made film isnt it'
    """
    text = text.lower().replace("'", "").replace("\u2019", "")
    return " ".join(re.sub("[^a-z ]+", " ", text).split())


def lookup(synonyms: Any = None) -> Callable[[str], list[str]]:
    """Return a function from a word to the list of its synonyms; see `synonym_replacement`.

    Raises:
        DatasetNotFoundError: None was passed and there is no WordNet.
        TypeError: neither dict nor function nor None.

    >>> lookup({"film": {"movie", "cinema"}})("Film")
    ['cinema', 'movie']
    """
    if synonyms is None:
        synonyms = wordnet.default()
    if isinstance(synonyms, wordnet.WordNet):
        find: Callable[[str], Any] = synonyms.synonyms
    elif hasattr(synonyms, "get") and hasattr(synonyms, "keys"):
        def from_table(word):
            return synonyms.get(word, ())

        find = from_table
    elif callable(synonyms):
        find = synonyms
    else:
        raise TypeError(
            "synonyms must be a dict {word: [synonyms]}, a function of a word, a WordNet or None, "
            f"got {type(synonyms).__name__}"
        )

    def find_list(form):
        found = find(form)
        if isinstance(found, str) or not all(isinstance(other, str) and other.split() for other in found or ()):
            raise TypeError(f"the synonyms of {form!r} must be a list of words, got {found!r}")
        # A set of str has another order in each process.
        return sorted(found) if isinstance(found, set | frozenset) else list(found or ())

    def look_up(word):
        for form in dict.fromkeys((word, word.lower())):
            found = find_list(form)
            if found:
                return found
        return inflected_synonyms(word, find_list)

    return look_up


def _is_word(word):
    return any(map(str.isalnum, word))


def _no_synonyms(word):
    return []


def _words(words, where):
    if isinstance(words, str) or not all(isinstance(word, str) for word in words):
        raise TypeError(f"{where}: expected a list of words, got {words!r:.80}; cut a text with text.split()")
    return list(words)


def _candidates(words, stop_words):
    """The different words that are no stop words, without the punctuation around them."""
    cores = dict.fromkeys(_parts(word)[1] for word in words)
    return [core for core in cores if core and core.lower().replace("\u2019", "'") not in stop_words]


def _parts(word):
    """(punctuation before, word, punctuation after).

    >>> _parts("(well-made)...")
    ('(', 'well-made', ')...')
    """
    inside = [position for position, letter in enumerate(word) if letter.isalnum()]
    if not inside:
        return word, "", ""
    return word[: inside[0]], word[inside[0] : inside[-1] + 1], word[inside[-1] + 1 :]


def _shuffled(items, rng):
    return [items[i] for i in rng.permutation(len(items))]
