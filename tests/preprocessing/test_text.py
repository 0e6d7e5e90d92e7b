"""Words as numbers, windows of series, texts from folders."""

import numpy as np
import pytest

from tinynet.core.errors import DataError
from tinynet.preprocessing.sequence import TimeseriesGenerator, pad_sequences
from tinynet.preprocessing.text import Tokenizer, hashing_trick, one_hot, text_to_word_sequence, tokenizer_from_json
from tinynet.utils import split_dataset, text_dataset_from_directory, timeseries_dataset_from_array

TEXTS = ["The cat sat on the mat.", "The dog!", "A cat?"]


def test_tokenizer():
    tokenizer = Tokenizer(num_words=4, oov_token="<OOV>")
    tokenizer.fit_on_texts(TEXTS)
    assert tokenizer.word_index == {"<OOV>": 1, "the": 2, "cat": 3, "sat": 4, "on": 5, "mat": 6, "dog": 7, "a": 8}
    assert tokenizer.texts_to_sequences(["the cat sat", "bird"]) == [[2, 3, 1], [1]]
    assert tokenizer.sequences_to_texts([[2, 3, 4]]) == ["the cat <OOV>"]
    assert tokenizer.word_counts["the"] == 3 and tokenizer.word_docs["the"] == 2 and tokenizer.document_count == 3
    plain = Tokenizer()
    plain.fit_on_texts(TEXTS)
    assert plain.texts_to_sequences(["the bird"]) == [[1]]
    assert plain.texts_to_matrix(["the the cat"], "count")[0, :3].tolist() == [0, 2, 1]
    assert plain.texts_to_matrix(["the the cat"], "freq")[0, 1] == pytest.approx(2 / 3)
    assert plain.texts_to_matrix(["the the cat"], "tfidf")[0, 1] == pytest.approx((1 + np.log(2)) * np.log(1 + 3 / 3))
    letters = Tokenizer(char_level=True)
    letters.fit_on_texts(["aab"])
    assert letters.word_index == {"a": 1, "b": 2}
    loaded = tokenizer_from_json(tokenizer.to_json())
    assert loaded.texts_to_sequences(TEXTS) == tokenizer.texts_to_sequences(TEXTS) and loaded.index_word[2] == "the"


def test_words():
    assert text_to_word_sequence("A-b, C", lower=False) == ["A", "b", "C"]
    assert hashing_trick("a b a", 50)[0] == one_hot("a", 50)[0] and all(0 < n < 5 for n in one_hot("a b c d e", 5))
    assert pad_sequences([[1], [1, 2, 3]], maxlen=2, padding="post").tolist() == [[1, 0], [2, 3]]


def test_series():
    series = np.arange(20)
    generator = TimeseriesGenerator(series[:, None], series, length=4, sampling_rate=2, batch_size=5)
    assert len(generator) == 4 and generator[0][0].shape == (5, 2, 1)
    x, y = generator[3]
    assert x[0, :, 0].tolist() == [15, 17] and y[0] == 19
    dataset = timeseries_dataset_from_array(series, series + 100, sequence_length=3, sequence_stride=4, sampling_rate=2,
                                            batch_size=None)
    assert [(x.tolist(), y.item()) for x, y in dataset][:2] == [([0, 2, 4], 100), ([4, 6, 8], 104)]
    assert len(dataset) == 4
    shuffled = timeseries_dataset_from_array(series, None, 2, shuffle=True, seed=1, batch_size=None)
    assert sorted(x.tolist()[0] for x in shuffled) == list(range(19))
    with pytest.raises(ValueError, match="sequence_length must be from 1"):
        timeseries_dataset_from_array(series, None, 50)


def test_split_dataset():
    left, right = split_dataset((np.arange(10), np.arange(10) * 2), right_size=3, shuffle=True, seed=2)
    assert len(left) == 7 and len(right) == 3
    assert sorted(x.item() for part in (left, right) for x, _ in part) == list(range(10))
    with pytest.raises(ValueError, match="give left_size or right_size"):
        split_dataset(np.arange(3))


def test_text_files(tmp_path):
    for kind in ("neg", "pos"):
        (tmp_path / kind).mkdir()
        for i in range(3):
            (tmp_path / kind / f"{i}.txt").write_text(f"{kind} ü {i}")
    dataset = text_dataset_from_directory(tmp_path, label_mode="binary", batch_size=6, seed=0, verbose=False)
    texts, labels = next(iter(dataset))
    assert labels.shape == (6, 1) and dataset.class_names == ["neg", "pos"]
    assert all((text[:3] == b"pos") == label for text, label in zip(texts.numpy(), labels.data[:, 0], strict=True))
    assert texts.numpy()[0].decode()[4] == "ü"
    short = text_dataset_from_directory(tmp_path, max_length=3, label_mode=None, verbose=False)
    assert set(next(iter(short)).numpy()) == {b"neg", b"pos"}


@pytest.mark.parametrize(("text", "message"), [
    ("", "tokenizer_from_json: Expecting value"), ("[]", "tokenizer_from_json"), ("{}", "the key 'config' is missing"),
    ('{"config": {}}', "the key 'word_counts' is missing"), ("[" * 10**5, "nested too deeply"),
    ('{"config": {"word_counts": "[]", "word_docs": "{}", "index_docs": "{}", "index_word": "{}", "word_index": "{}"}}',
     "word_counts must be an object"),
    ('{"config": {"word_counts": "{}", "word_docs": "{}", "index_docs": "{}", "index_word": "{\\"a\\": 1}", '
     '"word_index": "{}"}}', "invalid literal"),
])
def test_what_is_no_tokenizer(text, message):
    with pytest.raises(DataError, match=message):
        tokenizer_from_json(text)


@pytest.mark.parametrize("stride", [1, 2, 5, 30])
@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_the_batches_of_a_series_hold_each_window_once(stride, batch_size):
    generator = TimeseriesGenerator(np.arange(20), np.arange(20), length=4, stride=stride, batch_size=batch_size)
    batches = [generator[index] for index in range(len(generator))]
    assert all(0 < len(y) <= batch_size for _, y in batches)
    assert np.concatenate([y for _, y in batches]).tolist() == list(range(4, 20, stride))
