"""Exercise: the four operations of EDA (rows 58 to 61 of the course)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .definition import WORDS, Exercise, Mistake
from .words import Words


def _replace(words, synonyms, i):
    return [synonyms[words[i]] if word == words[i] else word for word in words]


def _insert(words, synonyms, i, j):
    return [*words[:j], synonyms[words[i]], *words[j:]]


def _swap(words, i, j):
    result = list(words)
    result[i], result[j] = result[j], result[i]
    return result


def _delete(words, draws, p, i):
    return [word for word, draw in zip(words, draws, strict=True) if draw >= p] or [words[i]]


def _eda(words, synonyms, i, j, draws, p):
    return _replace(words, synonyms, i), _insert(words, synonyms, i, j), _swap(words, i, j), _delete(words, draws, p, i)


def _eda_with(replaced=None, inserted=None, swapped=None, deleted=None):
    """A variant with another function for one of the operations."""
    def variant(words, synonyms, i, j, draws, p):
        right = _eda(words, synonyms, i, j, draws, p)
        return tuple(other(words, synonyms, i, j, draws, p) if other else result for other, result in zip(
            (replaced, inserted, swapped, deleted), right, strict=True))
    return variant


def _one_after_another(words, synonyms, i, j, draws, p):
    """Each operation on the result of the one before."""
    replaced = _replace(words, synonyms, i)
    inserted = [*replaced[:j], synonyms[words[i]], *replaced[j:]]
    swapped = _swap(inserted, i, j)
    kept = [word for word, draw in zip(swapped, draws, strict=False) if draw >= p]
    return replaced, inserted, swapped, kept or [swapped[i]]


def _half_swap(words, synonyms, i, j, draws, p):
    result = list(words)
    result[i] = result[j]
    result[j] = result[i]
    return result


def _swap_everywhere(words, synonyms, i, j, draws, p):
    exchanged = {words[i]: words[j], words[j]: words[i]}
    return [exchanged.get(word, word) for word in words]


def _skipping(words, synonyms, i, j, draws, p):
    """Words are deleted from the list that is walked over: the word after a deleted one is skipped."""
    result = list(words)
    for k, word in enumerate(result):
        if draws[k] < p:
            result.remove(word)
    return result or [words[i]]


def _first_occurrences_deleted(words, synonyms, i, j, draws, p):
    result = list(words)
    for word, draw in zip(words, draws, strict=True):
        if draw < p:
            result.remove(word)
    return result or [words[i]]


def _sentences(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Sentences with a word that occurs twice, or within another one; draws that delete some, none and all words."""
    table = {"film": "movie", "great": "superb", "영화": "작품", "정말": "매우", "very": "really"}
    cases: list[tuple[Any, ...]] = []
    for text, i, j, p in (("a great film is a great gift", 1, 4, 0.3), ("the film about a film", 4, 2, 0.5),
                          ("이 영화 정말 정말 재미있다", 2, 0, 0.4), ("very very good", 0, 2, 1.0),
                          ("great", 0, 0, 1.0), ("what a very long great film it was", 5, 1, 0.4),
                              ("of all films every film", 4, 1, 0.4), ("no great film", 2, 0, 1.0)):
        words = text.split()
        draws = rng.uniform(0.05, 0.95, len(words))
        if len(words) > 4:
            draws[:4] = 0.02, 0.03, 0.97, 0.01  # two neighbours are deleted, one is kept
        cases.append((words, dict(table), i, j, draws.tolist(), p))
    cases.append((["a", "film", "is", "a", "gift"], dict(table), 1, 0, [0.9, 0.8, 0.7, 0.1, 0.6], 0.4))  # the second "a" goes
    return cases


EDA = Exercise(
    name="eda",
    signature="eda(words, synonyms, i, j, draws, p)",
    statement=Words(
        """The four operations of EDA, each on the same sentence:

        replaced: every occurrence of the word words[i] becomes its synonym
        inserted: the synonym of words[i] is inserted so that it stands at position j
        swapped:  the words at the positions i and j are exchanged
        deleted:  each word whose draw is below p is deleted; if none is left, [words[i]]

        Gets words, a list of str; synonyms, a dict {word: synonym}; two positions i and j; draws, a list with a number
        from 0 to 1 for each word; and p, the probability of a deletion. Returns four lists, and leaves its arguments as
        they are.""",
        """EDA의 네 가지 연산을 각각 같은 문장에 적용합니다:

        replaced: 단어 words[i]가 나오는 모든 곳을 동의어로 바꾼 것
        inserted: words[i]의 동의어를 위치 j에 오도록 끼워 넣은 것
        swapped:  위치 i와 j의 단어를 맞바꾼 것
        deleted:  draws 값이 p보다 작은 단어를 지운 것. 하나도 남지 않으면 [words[i]]

        str의 리스트 words, dict {단어: 동의어} synonyms, 두 위치 i와 j, 단어마다 0과 1 사이의 수가 있는 리스트 draws, 지울 확률 p를
        받습니다. 리스트 네 개를 돌려주고, 인수는 그대로 둡니다."""),
    reference=_eda,
    outputs=("replaced", "inserted", "swapped", "deleted"),
    cases=_sentences,
    kind=WORDS,
    mistakes=(
        Mistake("replaced_once", Words(
            "synonym replacement changes only one occurrence of the word; it changes all of them.",
            "동의어 치환(synonym replacement)에서 단어를 한 곳만 바꿨습니다. 나오는 곳을 모두 바꿔야 합니다."),
            _eda_with(replaced=lambda words, synonyms, i, j, draws, p: [
                *words[:i], synonyms[words[i]], *words[i + 1 :]])),
        Mistake("substrings_replaced", Words(
            "synonym replacement changes parts of other words, too (film in films), as str.replace does; only whole words "
            "equal to words[i] change.",
            "다른 단어의 일부까지 바꿨습니다(films 안의 film). str.replace가 그렇게 합니다. words[i]와 같은 단어만 바꿔야 합니다."),
            _eda_with(replaced=lambda words, synonyms, i, j, draws, p: [
                word.replace(words[i], synonyms[words[i]]) for word in words])),
        Mistake("all_words_replaced", Words(
            "synonym replacement changes all words that have a synonym; only words[i] is meant.",
            "동의어가 있는 단어를 모두 바꿨습니다. words[i]만 바꿔야 합니다."),
            _eda_with(replaced=lambda words, synonyms, i, j, draws, p: [synonyms.get(word, word) for word in words])),
        Mistake("word_itself_inserted", Words(
            "random insertion inserts the word itself; its synonym is meant.",
            "무작위 삽입(random insertion)에서 단어 자체를 끼워 넣었습니다. 동의어를 끼워 넣어야 합니다."),
            _eda_with(inserted=lambda words, synonyms, i, j, draws, p: [*words[:j], words[i], *words[j:]])),
        Mistake("insertion_overwrites", Words(
            "random insertion overwrites the word at position j: the sentence must become one word longer.",
            "무작위 삽입에서 위치 j의 단어를 덮어썼습니다. 문장이 한 단어 길어져야 합니다."),
            _eda_with(inserted=lambda words, synonyms, i, j, draws, p: [
                *words[:j], synonyms[words[i]], *words[j + 1 :]])),
        Mistake("inserted_after", Words(
            "random insertion inserts one position too late: the synonym should stand at position j itself.",
            "무작위 삽입의 위치가 하나 뒤입니다. 동의어가 바로 위치 j에 와야 합니다."),
            _eda_with(inserted=lambda words, synonyms, i, j, draws, p: [
                *words[: j + 1], synonyms[words[i]], *words[j + 1 :]])),
        Mistake("inserted_at_word", Words(
            "random insertion inserts at the word's own position i; it should be j, anywhere in the sentence.",
            "무작위 삽입을 단어 자신의 위치 i에 했습니다. 위치 j에 해야 합니다."),
            _eda_with(inserted=lambda words, synonyms, i, j, draws, p: [*words[:i], synonyms[words[i]], *words[i:]])),
        Mistake("appended", Words(
            "random insertion appends at the end; the synonym should stand at position j.",
            "무작위 삽입에서 문장 끝에 붙였습니다. 위치 j에 와야 합니다."),
            _eda_with(inserted=lambda words, synonyms, i, j, draws, p: [*words, synonyms[words[i]]])),
        Mistake("word_lost_in_swap", Words(
            "random swap loses a word: after a = b, b = a both are the same. Write a, b = b, a.",
            "무작위 교환(random swap)에서 단어 하나가 사라졌습니다. a = b, b = a를 차례로 하면 둘이 같아집니다. a, b = b, a라고 쓰세요."),
            _eda_with(swapped=_half_swap)),
        Mistake("not_swapped", Words("random swap leaves the sentence as it is.", "무작위 교환에서 아무것도 바뀌지 않았습니다."),
                _eda_with(swapped=lambda words, synonyms, i, j, draws, p: list(words))),
        Mistake("swapped_everywhere", Words(
            "random swap exchanges the two words wherever they occur; only those at the positions i and j are exchanged.",
            "무작위 교환에서 두 단어를 나오는 곳마다 맞바꿨습니다. 위치 i와 j의 단어만 바꿔야 합니다."),
            _eda_with(swapped=_swap_everywhere)),
        Mistake("deletion_inverted", Words(
            "random deletion keeps what it should delete: the words whose draw is below p go.",
            "무작위 삭제(random deletion)에서 지울 것을 남겼습니다. draws가 p보다 작은 단어를 지웁니다."),
            _eda_with(deleted=lambda words, synonyms, i, j, draws, p: [
                word for word, draw in zip(words, draws, strict=True) if draw < p] or [words[i]])),
        Mistake("nothing_left", Words(
            "random deletion returns an empty sentence if all words are deleted; one word must be kept: [words[i]].",
            "무작위 삭제에서 모두 지워지면 빈 문장이 됩니다. 단어 하나는 남겨야 합니다: [words[i]]."),
            _eda_with(deleted=lambda words, synonyms, i, j, draws, p: [
                word for word, draw in zip(words, draws, strict=True) if draw >= p])),
        Mistake("first_word_left", Words(
            "random deletion keeps words[0] if all words are deleted; it should be words[i].",
            "무작위 삭제에서 모두 지워지면 words[0]을 남겼습니다. words[i]를 남겨야 합니다."),
            _eda_with(deleted=lambda words, synonyms, i, j, draws, p: [
                word for word, draw in zip(words, draws, strict=True) if draw >= p] or [words[0]])),
        Mistake("all_left", Words(
            "random deletion returns the whole sentence if all words are deleted; only [words[i]] is kept.",
            "무작위 삭제에서 모두 지워지면 문장 전체를 돌려줍니다. [words[i]]만 남겨야 합니다."),
            _eda_with(deleted=lambda words, synonyms, i, j, draws, p: [
                word for word, draw in zip(words, draws, strict=True) if draw >= p] or list(words))),
        Mistake("skipped_after_deletion", Words(
            "random deletion skips words: it deletes from the list that it walks over, and the word after a deleted one "
            "moves up unseen. Make a new list.",
            "무작위 삭제에서 건너뛴 단어가 있습니다. 훑고 있는 리스트에서 바로 지우면 다음 단어가 앞으로 당겨져 지나치게 됩니다. 새 리스트를 "
            "만드세요."),
            _eda_with(deleted=_skipping)),
        Mistake("first_occurrences_deleted", Words(
            "random deletion deletes another occurrence of the word: list.remove(word) removes the first one, wherever the "
            "draw below p is. Make a new list of the words that stay.",
            "무작위 삭제에서 같은 단어의 다른 위치를 지웠습니다. list.remove(word)는 언제나 처음 나오는 것을 지웁니다. 남길 단어로 새 리스트를 "
            "만드세요."),
            _eda_with(deleted=_first_occurrences_deleted)),
        Mistake("one_after_another", Words(
            "each operation is applied to the result of the one before; each of them starts from the sentence itself. "
            "Copy it: list(words).",
            "연산을 앞 연산의 결과에 이어서 적용했습니다. 네 연산 모두 원래 문장에서 시작합니다. list(words)로 복사하세요."),
            _one_after_another),
    ),
)

EXERCISES = (EDA,)
