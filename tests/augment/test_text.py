"""EDA: what each operation keeps, whose counts they are, and that a seed repeats them; for any text and tokenizer."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynet import augment, random
from tinynet.augment import text as module

TABLE = {"film": ["movie", "picture"], "great": ["superb"], "acting": ["playing"], "plot": ["story line"]}
KOREAN = {"영화": ["작품"], "재미있다": ["흥미롭다", "즐겁다"]}

words = st.lists(st.sampled_from(["film", "great", "acting", "the", "was", "odd", "x1", "film,", "Great"]), max_size=30)
seeds = st.integers(0, 2**32 - 1)


def with_synonyms(sentence):
    """The different words that have some, as the operations see them."""
    return {word.strip(",") for word in sentence if word.strip(",").lower() in TABLE}


@given(sentence=words, n=st.integers(0, 40), seed=seeds)
def test_replacement_changes_n_different_words_everywhere(sentence, n, seed):
    before = list(sentence)
    result = augment.synonym_replacement(sentence, n, TABLE, seed)
    assert sentence == before and len(result) == len(sentence)
    changed = {old.strip(",") for old, new in zip(sentence, result, strict=True) if old != new}
    assert len(changed) == min(n, len(with_synonyms(sentence))) and changed <= with_synonyms(sentence)
    for old, new in zip(sentence, result, strict=True):
        core = old.strip(",")
        assert (new.strip(",") in TABLE.get(core.lower(), ())) == (core in changed)
        assert new.endswith(",") == old.endswith(",")
    for core in changed:
        assert len({new.strip(",") for old, new in zip(sentence, result, strict=True) if old.strip(",") == core}) == 1


@given(sentence=words, n=st.integers(0, 10), seed=seeds)
def test_insertion_adds_n_synonyms(sentence, n, seed):
    result = augment.random_insertion(sentence, n, TABLE, seed)
    assert len(result) == len(sentence) + (n if with_synonyms(sentence) else 0)
    added = Counter(result) - Counter(sentence)
    assert not Counter(sentence) - Counter(result)
    assert all(any(word in TABLE[core.lower()] for core in with_synonyms(sentence)) for word in added)
    rest = iter(result)
    assert all(word in rest for word in sentence)  # in the same order


@given(sentence=st.lists(st.text(), max_size=20), n=st.integers(0, 10), seed=seeds)
def test_swap_keeps_the_words(sentence, n, seed):
    assert Counter(augment.random_swap(sentence, n, seed)) == Counter(sentence)


def test_one_swap_moves_exactly_two_words():
    sentence = list("abcdefgh")
    pairs = {tuple(i for i, word in enumerate(augment.random_swap(sentence, 1, seed)) if word != sentence[i])
             for seed in range(400)}
    assert {len(pair) for pair in pairs} == {2} and len(pairs) == 28


@given(sentence=st.lists(st.text(), max_size=20), p=st.floats(0, 1), seed=seeds)
def test_deletion_keeps_order_and_one_word(sentence, p, seed):
    result = augment.random_deletion(sentence, p, seed)
    rest = iter(sentence)
    assert all(word in rest for word in result) and bool(result) == bool(sentence)
    if p in (0, 1):
        assert len(result) == (len(sentence) if p == 0 else min(1, len(sentence)))


def test_the_one_word_that_deletion_keeps_is_any():
    assert {augment.random_deletion(["a", "b", "c"], 1.0, seed)[0] for seed in range(40)} == {"a", "b", "c"}


def test_deletion_and_dropout_have_their_probability():
    sentence = ["word"] * 20_000
    for share in (1 - len(augment.random_deletion(sentence, 0.3, seed=1)) / 20_000,
                  augment.word_dropout(sentence, 0.3, seed=1).count("<unk>") / 20_000):
        assert abs(share - 0.3) < 5 * (0.3 * 0.7 / 20_000) ** 0.5
    assert augment.word_dropout(["a", "b"], 1.0, unknown="?") == ["?", "?"]


@given(sentence=words, num_aug=st.integers(0, 17), seed=seeds)
def test_eda_gives_num_aug_variants_that_differ_from_the_text_and_the_text(sentence, num_aug, seed):
    text = " ".join(sentence)
    result = augment.eda(text, TABLE, num_aug=num_aug, seed=seed)
    changeable = len(sentence) > 1 or with_synonyms(sentence)
    assert len(result) == (num_aug + 1 if changeable else 1) and result[-1] == text
    assert text not in result[:-1]
    assert augment.eda(text, TABLE, num_aug=num_aug, seed=seed) == result


def test_eda_has_the_authors_counts(monkeypatch):
    """Of 9 variants, three of each operation are made; each changes max(1, int(alpha len)) words.

    One that equals the text is drawn again, which is another call: all words differ, so that this hardly happens.
    """
    calls = []

    def spy_on(name):
        function = getattr(module, name)

        def spy(given, amount, *rest):
            calls.append((name, amount))
            return function(given, amount, *rest)

        monkeypatch.setattr(module, name, spy)

    for name in ("synonym_replacement", "random_insertion", "random_swap", "random_deletion"):
        spy_on(name)
    augment.eda("great film " + " ".join(f"word{i}" for i in range(27)), TABLE, seed=1)
    assert Counter(calls) == {("synonym_replacement", 2): 3, ("random_insertion", 2): 3, ("random_swap", 2): 3,
                              ("random_deletion", 0.1): 3}
    calls.clear()
    assert len(augment.eda("great film", TABLE, alpha_ri=0, p_rd=0, num_aug=5, seed=0)) == 6
    assert Counter(calls) == {("synonym_replacement", 1): 3, ("random_swap", 1): 3}


def test_all_operations_are_seen_among_the_variants():
    text = "the film had great acting and an odd plot"
    seen = set()
    for variant in augment.eda(text, TABLE, num_aug=40, seed=1)[:-1]:
        count = len(variant.split())
        same = Counter(variant.split()) == Counter(text.split())
        seen.add("swap" if same else "delete" if count < 9 and not set(variant.split()) - set(text.split()) else "new")
    assert seen == {"swap", "delete", "new"}


def test_seeds():
    text = "the film had great acting and an odd plot"
    assert len({tuple(augment.eda(text, TABLE, seed=seed)) for seed in range(20)}) == 20
    generator = random.SeedGenerator(3)
    first, second = augment.eda(text, TABLE, seed=generator), augment.eda(text, TABLE, seed=generator)
    assert first != second and augment.eda(text, TABLE, seed=random.SeedGenerator(3)) == first
    random.set_global_seed(5)
    third = augment.eda(text, TABLE)
    random.set_global_seed(5)
    assert augment.eda(text, TABLE) == third


def test_stop_words_are_left_alone():
    everything = {word: ["X"] for word in ["the", "was", "i", "film", "don't"]}
    result = augment.synonym_replacement(["The", "film", "was", "I", "don’t", "film"], 9, everything, seed=0)
    assert result == ["The", "X", "was", "I", "don’t", "X"]
    assert augment.random_insertion(["The", "was"], 3, everything, seed=0) == ["The", "was"]
    assert augment.synonym_replacement(["The", "film"], 9, everything, seed=0, stop_words={"film"}) == ["X", "film"]


def test_synonyms_of_several_words_become_several_words():
    assert augment.synonym_replacement(["(plot)!"], 1, TABLE) == ["(story", "line)!"]
    assert sorted(augment.random_insertion(["plot"], 1, TABLE, seed=2)) == ["line", "plot", "story"]


def test_korean_by_a_table_and_by_a_function():
    text = "이 영화 정말 재미있다"
    for synonyms in (KOREAN, lambda word: KOREAN.get(word)):
        result = augment.eda(text, synonyms, seed=0)
        assert len(result) == 10 and any({"작품", "흥미롭다", "즐겁다"} & set(line.split()) for line in result)
    assert augment.synonym_replacement(text.split(), 1, {"영화": {"작품"}}) == ["이", "작품", "정말", "재미있다"]


def test_any_tokenizer():
    """Characters as tokens, as one might cut Chinese."""
    result = augment.eda("好电影", {"好": ["棒"]}, alpha_sr=1, alpha_ri=0, alpha_rs=0, p_rd=0, num_aug=1, tokenize=list,
                         join="".join)
    assert result == ["棒电影", "好电影"]


def test_the_authors_cleaning():
    assert augment.only_letters("\tIt's  the WELL-made (2nd) film\u2019s end.\n") == "its the well made nd films end"
    assert augment.eda("A FILM!", {"film": ["Motion-Picture"]}, alpha_sr=1, alpha_ri=0, alpha_rs=0, p_rd=0, num_aug=1,
                       clean=augment.only_letters) == ["a motion picture", "a film"]


def test_no_words_no_variants():
    assert augment.eda("", TABLE) == [""] and augment.eda(" ", TABLE) == [" "]
    assert augment.eda("a film", TABLE, 0, 0, 0, 0) == ["a film"]
    assert augment.eda("...", TABLE, num_aug=3, seed=0) == ["..."]
    assert augment.eda("odd", TABLE, num_aug=3, seed=0) == ["odd"]


def test_wordnet_is_only_asked_for_where_it_is_needed(monkeypatch):
    monkeypatch.setenv("TINYNET_WORDNET", "/nowhere")
    augment.wordnet.default.cache_clear()
    assert len(augment.eda("a film", alpha_sr=0, alpha_ri=0)) == 10
    with pytest.raises(FileNotFoundError, match="wordnet-base"):
        augment.eda("a film")


@pytest.mark.parametrize("call, error, message", [
    (lambda: augment.eda(["a film"], TABLE), TypeError, "must be a str, got list"),
    (lambda: augment.eda("a film", TABLE, num_aug=-1), ValueError, "num_aug must be an int of at least 0"),
    (lambda: augment.eda("a film", TABLE, alpha_sr=2), ValueError, "alpha_sr must be a number from 0 to 1"),
    (lambda: augment.eda("a film", 3), TypeError, "got int"),
    (lambda: augment.eda("a film", {"film": "movie"}), TypeError, "must be a list of words, got 'movie'"),
    (lambda: augment.eda("a film", TABLE, tokenize=lambda text: [1, 2]), TypeError, "what tokenize returns"),
    (lambda: augment.random_swap("a film"), TypeError, "text.split"),
    (lambda: augment.random_swap(["a"], 1.5), ValueError, "n must be an int of at least 0"),
    (lambda: augment.random_deletion(["a"], float("nan")), ValueError, "p must be a number from 0 to 1, got nan"),
    (lambda: augment.word_dropout(["a"], -1), ValueError, "rate must be a number from 0 to 1"),
])
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_punctuation_is_no_word():
    sentence = ["good", ",", "film", "!", "..."]
    for seed in range(50):
        swapped = augment.random_swap(sentence, 1, seed)
        assert swapped == ["film", ",", "good", "!", "..."]
        deleted = augment.random_deletion(sentence, 0.9, seed)
        assert [word for word in deleted if not word.isalpha()] == [",", "!", "..."] and len(deleted) >= 4
        assert augment.word_dropout(sentence, 1.0, seed=seed) == ["<unk>", ",", "<unk>", "!", "..."]
    assert module.changes(0.5, sentence) == 1 and module.changes(0.5, [*sentence, "a", "b"]) == 2


@given(sentence=st.lists(st.sampled_from(["a", "a", "b", ",", "film"]), min_size=1, max_size=6), seed=seeds)
def test_no_variant_equals_the_text(sentence, seed):
    """Two words that are the same change nothing when they are exchanged; nor does a deletion that deletes nothing."""
    text = " ".join(sentence)
    assert text not in augment.eda(text, TABLE, num_aug=6, p_rd=0.05, seed=seed)[:-1]


KOREAN_FORMS = [
    ("영화는", ["작품은"]), ("영화를", ["작품을"]), ("영화가", ["작품이"]), ("영화와", ["작품과"]),
    ("영화로", ["작품으로"]), ("영화의", ["작품의"]), ("영화에서는", ["작품에서는"]), ("영화들을", ["작품들을"]),
    ("영화다", ["작품이다"]), ("영화였다", ["작품이었다"]), ("영화입니다", ["작품입니다"]),
    ("영화까지도", ["작품까지도"]), ("영화라는", ["작품이라는"]), ("영화", ["작품"]),
    ("서울로", ["수도로", "부산으로"]), ("마을로", ["동네로"]), ("부산으로", ["서울로"]),
    ("재미있는", ["흥미로운", "즐거운"]), ("재미있고", ["흥미롭고", "즐겁고"]), ("재미있었다", ["흥미로웠다"]),
    ("재미있습니다", ["흥미롭습니다"]), ("재미있으면", ["흥미로우면"]), ("재미있어서", ["흥미로워서"]),
    ("훌륭한", ["대단한"]), ("훌륭했던", ["대단했던"]), ("훌륭합니다", ["대단합니다"]),
    ("훌륭하지만", ["대단하지만"]), ("좋지만", ["괜찮지만"]), ("영화은", []), ("작품는", []), ("좋은", []),
    ("영", []), ("는", []), ("film는", []), ("", []),
]
KOREAN_TABLE = {
    "영화": ["작품"], "서울": ["수도", "부산"], "부산": ["서울"], "마을": ["동네"], "훌륭하다": ["대단하다"],
    "좋다": ["괜찮다"], "재미있다": ["흥미롭다", "즐겁다"], "재미있는": ["흥미로운", "즐거운"],
}


@pytest.mark.parametrize(("word", "expected"), KOREAN_FORMS)
def test_korean_particles_and_endings_do_not_defeat_the_match(word, expected):
    """What cannot be inflected without a dictionary (즐겁다: 즐거운, 좋다: 좋은) is left out, not guessed."""
    assert module.lookup(KOREAN_TABLE)(word) == expected


def test_a_korean_sentence_gets_its_synonyms():
    sentence = ["이", "영화는", "훌륭했고,", "배우를", "칭찬합니다."]
    assert augment.synonym_replacement(sentence, 9, {**KOREAN_TABLE, "배우": ["연기자"]}, seed=0) == [
        "이", "작품은", "대단했고,", "연기자를", "칭찬합니다."]
    assert augment.random_insertion(["영화는"], 1, KOREAN_TABLE, seed=0) in (["영화는", "작품은"], ["작품은", "영화는"])
    assert augment.synonym_replacement(["영화는"], 1, lambda word: {"영화": ["무비"]}.get(word), seed=0) == ["무비는"]


def test_sets_have_one_order_in_every_process():
    table = {"film": {f"word{number}" for number in range(50)}}
    assert module.lookup(table)("Film") == sorted(table["film"])
