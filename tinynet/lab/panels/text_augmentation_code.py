"""The Python that the panel "text_augmentation" shows, for `program`."""

from __future__ import annotations

EDA_CODE = """
from tinynet import augment

text = $sentence
words = text.split()
synonyms = $synonyms
n_sr = @synonym_replacement
n_ri = @random_insertion
n_rs = @random_swap

synonym_replacement = augment.synonym_replacement(words, n_sr, synonyms, seed=$seed)
random_insertion = augment.random_insertion(words, n_ri, synonyms, seed=$seed)
random_swap = augment.random_swap(words, n_rs, seed=$seed)
random_deletion = augment.random_deletion(words, $p_rd, seed=$seed)
for variant in (synonym_replacement, random_insertion, random_swap, random_deletion):
    print(" ".join(variant))

# All four together: num_aug variants, and the text itself at the end.
variants = augment.eda(text, synonyms, alpha_sr=$alpha_sr, alpha_ri=$alpha_ri, alpha_rs=$alpha_rs,
                       p_rd=$p_rd, num_aug=$num_aug, seed=$seed)
print(*variants, sep="\\n")
"""
EMBEDDING_CODE = """
import numpy as np

from tinynet import augment

sentences = [
    $sentence.split(),
    $other.split(),
]
vocabulary = sorted({word for words in sentences for word in words})
# One vector a word, as an Embedding layer has them before training.
table = np.random.default_rng($first).standard_normal((len(vocabulary), $dim)).astype("float32")
length = max(map(len, sentences))
x = np.zeros((2, length, $dim), "float32")  # the shorter sentence is padded with zeros
for i, words in enumerate(sentences):
    x[i, : len(words)] = table[[vocabulary.index(word) for word in words]]
mask = np.array([[j < len(words) for j in range(length)] for words in sentences])
labels = np.eye(2, dtype="float32")

mixed, targets = augment.word_mixup(x, labels, weights=$weight, partners=[1, 0])
encodings = x.sum(axis=1) / mask.sum(axis=1, keepdims=True).astype("float32")
mixed_encodings, _ = augment.sentence_mixup(encodings, labels, weights=$weight, partners=[1, 0])
print("target label", targets[0])

cut = augment.embedding_cutout(x, $share, $kind, seed=$seed, mask=mask)
dropped = augment.word_dropout(sentences[0], $share, seed=$seed)
print(" ".join(dropped))
"""
PIVOT_CODE = """
from tinynet import augment

# Word tables instead of translators. With real ones (apt install apertium apertium-eng-spa):
# there = augment.ApertiumTranslator("eng", "spa")
# back = augment.ApertiumTranslator("spa", "eng")
to_pivot = $there
from_pivot = $back
there = augment.CallableTranslator(
    lambda text: " ".join(to_pivot.get(word, word) for word in text.split()))
back = augment.CallableTranslator(
    lambda text: " ".join(from_pivot.get(word, word) for word in text.split()))

result = augment.back_translate($sentence, there, back)
print(result)
"""
