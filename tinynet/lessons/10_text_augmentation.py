# %% [markdown] lang="en"
# # Text augmentation
#
# Course rows: 56-62 · Minutes: 35
#
# **The question.** Is there no augmentation for NLP? An image can be turned by five degrees and nobody minds. A sentence
# has no five degrees: change one word, and "good" may become "not good". What can be changed, and what stays?
# %% [markdown] lang="ko"
# # 텍스트 데이터 증강(text augmentation)
#
# 강의 항목: 56-62 · 시간(분): 35
#
# **질문.** NLP에는 Augmentation이 없을까? 이미지는 5도쯤 돌려도 아무도 뭐라 하지 않습니다. 그런데 문장에는 5도가 없습니다. 단어 하나만
# 바꿔도 "좋다"가 "좋지 않다"가 될 수 있습니다. 무엇을 바꿀 수 있고, 무엇이 그대로 남을까요?
# %%
import numpy as np
import matplotlib.pyplot as plt

import tinynet as tn
from tinynet import augment

tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14

sentence = "a great film with a boring story about a film"
words = sentence.split()
synonyms = {"film": ["movie", "picture"], "great": ["superb", "splendid"], "story": ["plot", "tale"],
            "boring": ["dull", "tedious"]}
# %% [markdown] lang="en"
# ## 1. Back translation
#
# Translate to another language and back: other words, the same meaning. Any translator will do; `CallableTranslator` makes
# one of a function, and `ApertiumTranslator` uses a program that works offline. Here a dictionary of a few words plays both
# parts, so that you can see the mechanics.
# %% [markdown] lang="ko"
# ## 1. 역번역(Back Translation)
#
# 다른 언어로 번역했다가 다시 돌아옵니다. 뜻은 같은데 단어가 달라집니다. 번역기는 무엇이든 됩니다. `CallableTranslator`는 함수를 번역기로
# 만들어 주고, `ApertiumTranslator`는 인터넷 없이 작동하는 프로그램을 씁니다. 여기서는 원리를 볼 수 있게 단어 몇 개짜리 사전이 번역기
# 노릇을 합니다.
# %%
to_korean = {"a": "한", "great": "훌륭한", "film": "영화", "with": "함께", "boring": "지루한", "story": "이야기", "about": "대한"}
to_english = {"한": "a", "훌륭한": "wonderful", "영화": "movie", "함께": "with", "지루한": "dull", "이야기": "tale", "대한": "about"}


def word_by_word(table):
    return augment.CallableTranslator(lambda text: " ".join(table[word] for word in text.split()))


there, back = word_by_word(to_korean), word_by_word(to_english)
returned = augment.back_translate(sentence, there, back)
print(sentence, "\n ->", there.translate([sentence])[0], "\n ->", returned)
assert returned == "a wonderful movie with a dull tale about a movie"
# %% [markdown] lang="en"
# ## 2. Easy Data Augmentation (EDA)
#
# Four operations, none of which needs a network:
#
# | operation | what it does |
# |---|---|
# | Synonym Replacement | replace $n$ words by a synonym, each at all its positions |
# | Random Insertion | $n$ times: insert a synonym of some word anywhere |
# | Random Swap | $n$ times: exchange two words |
# | Random Deletion | delete each word with probability $p$ |
#
# The slide gives no numbers. The authors take $n = \max(1, \lfloor \alpha \cdot \text{words} \rfloor)$ with
# $\alpha = 0.1$, and $p = 0.1$.
# %% [markdown] lang="ko"
# ## 2. EDA(Easy Data Augmentation)
#
# 네 가지 연산이고, 어느 것도 신경망이 필요 없습니다.
#
# | 연산 | 하는 일 |
# |---|---|
# | 유의어 교체(Synonym Replacement) | 단어 $n$개를 유의어로 바꾸고, 같은 단어는 모두 바꿈 |
# | 무작위 삽입(Random Insertion) | $n$번: 어떤 단어의 유의어를 아무 데나 끼워 넣음 |
# | 무작위 교환(Random Swap) | $n$번: 두 단어의 자리를 맞바꿈 |
# | 무작위 삭제(Random Deletion) | 단어마다 확률 $p$로 지움 |
#
# 슬라이드에는 숫자가 없습니다. 논문의 저자들은 $n = \max(1, \lfloor \alpha \cdot \text{words} \rfloor)$, $\alpha = 0.1$, 그리고
# $p = 0.1$을 썼습니다.
# %%
replaced = augment.synonym_replacement(words, n=1, synonyms=synonyms, seed=1)
inserted = augment.random_insertion(words, n=2, synonyms=synonyms, seed=0)
swapped = augment.random_swap(words, n=1, seed=0)
deleted = augment.random_deletion(words, p=0.2, seed=0)
for name, result in {"replacement": replaced, "insertion": inserted, "swap": swapped, "deletion": deleted}.items():
    print(f"{name:<12}", " ".join(result))

assert len(replaced) == 10 and replaced.count("film") == 0 and len(set(replaced) - set(words)) == 1
assert len(inserted) == 12 and sorted(swapped) == sorted(words) and swapped != words and len(deleted) < 10
# %% [markdown] lang="en"
# "film" stands twice and both became the same word. Stop words ("a", "with", "about") are never replaced.
#
# `eda` does all four: 9 variants and the sentence itself.
# %% [markdown] lang="ko"
# "film"이 두 번 나오는데 둘 다 같은 단어로 바뀌었습니다. 불용어(stop word)인 "a", "with", "about"은 바꾸지 않습니다.
#
# `eda`는 네 가지를 모두 해서 변형 9개와 원래 문장을 돌려줍니다.
# %%
variants = augment.eda(sentence, synonyms, num_aug=9, seed=2)
for variant in variants:
    print(" ", variant)
assert len(variants) == 10 and variants[-1] == sentence

lengths = [len(augment.random_deletion(words * 100, p=0.1, seed=seed)) for seed in range(20)]
print(f"random deletion keeps {np.mean(lengths) / 1000:.3f} of the words")
assert abs(np.mean(lengths) / 1000 - 0.9) < 0.01
# %% [markdown] lang="en"
# ## Korean: particles stand in the way
#
# "영화" (film) is in the table, but the sentence has "영화는", with a particle, and a plain look-up does not find it. And a
# synonym may need *another* particle: after a consonant 은, after a vowel 는. So: cut the particle off, look up, put the right
# one back on. Let us write that ourselves first; `synonyms` may be a function.
#
# A Korean letter's code tells whether it ends in a consonant: $(\text{code} - 44032) \bmod 28$ is 0 if it does not.
# %% [markdown] lang="ko"
# ## 한국어: 조사가 길을 막는다
#
# 사전에는 "영화"가 있는데 문장에는 조사가 붙은 "영화는"이 있어서 그냥 찾으면 찾지 못합니다. 게다가 유의어에는 *다른* 조사가 필요할 수
# 있습니다. 받침이 있으면 '은', 없으면 '는'입니다. 그러니 조사를 떼고, 찾고, 알맞은 조사를 다시 붙여야 합니다. 먼저 직접 만들어 봅시다.
# `synonyms`에는 함수도 넣을 수 있습니다.
#
# 한글 글자의 코드를 보면 받침이 있는지 알 수 있습니다. $(\text{code} - 44032) \bmod 28$이 0이면 받침이 없습니다.
# %%
korean = {"영화": ["작품"], "배우": ["연기자"], "재미있다": ["흥미롭다"]}
review = "이 영화는 재미있는 배우를 만났다".split()
PAIRS = [("은", "는"), ("을", "를"), ("이", "가"), ("과", "와")]


def ends_in_consonant(word):
    return (ord(word[-1]) - 44032) % 28 != 0


def with_particle(word):
    """The synonyms of a word, or of what stands before its particle, each with the particle that suits it."""
    found = list(korean.get(word, []))
    for pair in PAIRS:
        if word[-1] in pair:
            found += [other + pair[0 if ends_in_consonant(other) else 1] for other in korean.get(word[:-1], [])]
    return found


plain = [korean.get(word) for word in review]
ours = [with_particle(word) for word in review]
built_in = augment.synonym_replacement(review, n=5, synonyms=korean, seed=0)
print("the table alone:", plain)
print("our function:   ", ours)
print("tinynet:        ", " ".join(built_in))
assert plain == [None] * 5 and ours == [[], ["작품은"], [], ["연기자를"], []]
assert built_in == "이 작품은 흥미로운 연기자를 만났다".split()
# %% [markdown] lang="en"
# The film's 는 became 은, since 작품 ends in a consonant. tinynet does the same without our function (`augment/korean.py`), with
# more particles, and with the endings of predicates that it can inflect without a dictionary: the table has only dictionary
# forms, and the adjective of the sentence got its synonym in its own form. What it cannot inflect it leaves alone. For real
# work use a morphological analyser.
#
# ## 3. Skills from computer vision
#
# A word is a discrete thing; its **embedding** is a vector, and vectors can be mixed and erased like pixels.
#
# $$\tilde{x} = \lambda x_i + (1 - \lambda) x_j, \qquad \tilde{y} = \lambda y_i + (1 - \lambda) y_j$$
# %% [markdown] lang="ko"
# '작품'에 받침이 있으니 '는'이 '은'으로 바뀌었습니다. 사실 tinynet은 함수를 따로 주지 않아도 이렇게 합니다(`augment/korean.py`). 더 많은
# 조사를 알고, 사전 없이 활용할 수 있는 용언의 어미까지 맞춥니다. '재미있는'은 '재미있다'의 활용형이니 '흥미롭다'도 같은 꼴인 '흥미로운'으로
# 바꿉니다. 활용할 수 없는 말은 그대로 둡니다. 실전에서는 형태소 분석기(morphological analyser)를 쓰세요.
#
# ## 3. 컴퓨터 비전(CV)의 기술 가져오기
#
# 단어는 띄엄띄엄한 것이지만 단어의 **임베딩(embedding)** 은 벡터입니다. 벡터라면 픽셀처럼 섞고 지울 수 있습니다.
#
# $$\tilde{x} = \lambda x_i + (1 - \lambda) x_j, \qquad \tilde{y} = \lambda y_i + (1 - \lambda) y_j$$
# %%
rng = np.random.default_rng(0)
embedded, labels = rng.standard_normal((2, 6, 4)), np.eye(2)
mixed, shares = augment.word_mixup(embedded, labels, weights=0.4, partners=[1, 0])
cut = augment.embedding_cutout(embedded, share=0.5, kind="span", seed=0)
hidden = augment.word_dropout(words, rate=0.3, seed=1)
print("mixup's labels", shares.tolist(), "\ncutout erased the words", np.nonzero((cut[0] == 0).all(axis=-1))[0])
print("word dropout:", " ".join(hidden))
assert np.allclose(mixed[0], 0.4 * embedded[0] + 0.6 * embedded[1]) and np.allclose(shares[0], [0.4, 0.6])
assert (cut[0] == 0).all(axis=-1).sum() == 3 and hidden.count("<unk>") > 0 and len(hidden) == len(words)
# %% [markdown] lang="en"
# ## Does it help?
#
# A toy review: 8 sentences, good or bad, made of a few words; the test uses **synonyms that no training sentence has**. A
# network that counts words cannot know them. With EDA's synonyms in the training set it does. That is what augmentation
# can do: bring knowledge (the table) into the data.
# %% [markdown] lang="ko"
# ## 도움이 될까?
#
# 장난감 같은 영화평 8개를 좋다, 나쁘다로 나눕니다. 시험 문장에는 **학습 문장에 한 번도 나오지 않은 유의어**만 나옵니다. 단어를 세는
# 신경망으로서는 알 길이 없습니다. 그런데 EDA로 유의어를 넣어 학습하면 알게 됩니다. 증강이 할 수 있는 일이 바로 이것입니다. 지식(유의어
# 표)을 데이터 속으로 가져오는 것입니다.
# %%
good = ["a great film", "great story", "the film was great", "great great story"]
bad = ["a boring film", "boring story", "the film was boring", "boring boring story"]
new = ["a superb movie", "splendid plot", "superb tale", "a dull movie", "tedious plot", "dull tale"]
new_labels = np.array([1, 1, 1, 0, 0, 0])


def bag(texts, vocabulary):
    return np.array([[text.split().count(word) for word in vocabulary] for text in texts], dtype=np.float32)


def accuracy_with(texts, targets):
    vocabulary = sorted({word for text in [*texts, *new] for word in text.split()})
    tn.utils.set_random_seed(0)
    model = tn.keras.Sequential([
        tn.keras.Input((len(vocabulary),)),
        tn.keras.layers.Dense(1, activation="sigmoid", kernel_initializer="zeros"),
    ])
    model.compile(optimizer=tn.keras.optimizers.Adam(0.05), loss="binary_crossentropy")
    model.fit(bag(texts, vocabulary), np.array(targets, np.float32).reshape(-1, 1), epochs=60, batch_size=8, verbose=0)
    probability = model.predict(bag(new, vocabulary), verbose=0).ravel()
    return float(np.mean((probability > 0.5) == new_labels)), probability.round(2)


texts, targets = good + bad, [1] * 4 + [0] * 4
plain, unsure = accuracy_with(texts, targets)
more, more_targets = [], []
for seed, (text, target) in enumerate(zip(texts, targets, strict=True)):
    made = augment.eda(text, synonyms, num_aug=12, seed=seed)
    more, more_targets = more + made, more_targets + [target] * len(made)
augmented, sure = accuracy_with(more, more_targets)
print("8 sentences:", plain, unsure)
print(f"{len(more)} sentences of EDA:", augmented, sure)

_, ax = plt.subplots(figsize=(9, 4), layout="constrained")
ax.bar(np.arange(6) - 0.2, unsure, 0.4, label=f"{len(texts)}")
ax.bar(np.arange(6) + 0.2, sure, 0.4, label=f"{len(more)} (EDA)")
ax.axhline(0.5, color="gray", linestyle=":")
ax.set(ylabel=r"$\hat y$", ylim=(0, 1), xticks=np.arange(6))
ax.set_xticklabels(new, rotation=20)
legend = ax.legend()
assert plain == 0.5 and np.ptp(unsure) < 0.3 and augmented == 1.0
# %% [markdown] lang="en"
# ## In Keras's words
#
# Keras has no EDA; texts are augmented before `TextVectorization` numbers the words. What stays the same in Keras 3: the
# bag of words and the classifier. This cell runs there too.
# %% [markdown] lang="ko"
# ## Keras 방식으로
#
# Keras에는 EDA가 없습니다. `TextVectorization`이 단어에 번호를 붙이기 전에 텍스트를 미리 증강합니다. 단어 주머니(bag of words)와 분류기는
# Keras 3에서도 똑같습니다. 이 셀은 Keras 3에서도 실행됩니다.
# %% tags=["keras"]
import numpy as np
import tinynet as tf

counts = np.array([[1, 0, 1], [1, 0, 0], [0, 1, 1], [0, 1, 0]], dtype="float32")  # great, boring, film
liked = np.array([[1.0], [1.0], [0.0], [0.0]], dtype="float32")
classifier = tf.keras.Sequential([
    tf.keras.Input((3,)), tf.keras.layers.Dense(1, activation="sigmoid", kernel_initializer="zeros")])
classifier.compile(optimizer=tf.keras.optimizers.Adam(0.1), loss="binary_crossentropy")
classifier.fit(counts, liked, epochs=60, batch_size=4, verbose=0)
kernel = np.ravel(classifier.get_weights()[0])
print("weights of great, boring, film:", kernel.round(2))
assert kernel[0] > 1 and kernel[1] < -1 and abs(kernel[2]) < 0.5
# %% [markdown] lang="en"
# ## Try it
#
# 1. `alpha_sr=0`: without synonym replacement, does the toy review still work? Which operation helped?
# 2. A sentence with "not": how often does `random_deletion(p=0.1)` delete the "not", and what happens to the label?
# 3. On real files: `tinynet augment-text FILE --out FILE`.
#
# The changed words marked, in both languages:
#
#     tinynet lab text_augmentation
# %% [markdown] lang="ko"
# ## 실험해 봅시다
#
# 1. `alpha_sr=0`으로 유의어 교체를 끄면 장난감 영화평이 여전히 될까요? 어느 연산이 도움이 되었나요?
# 2. "not"이 든 문장에서 `random_deletion(p=0.1)`은 얼마나 자주 "not"을 지울까요? 그러면 레이블은 어떻게 되나요?
# 3. 진짜 파일로 해 봅시다: `tinynet augment-text FILE --out FILE`.
#
# 바뀐 단어가 표시된 모습을 두 언어로 볼 수 있습니다.
#
#     tinynet lab text_augmentation
# %% [markdown] lang="en"
# ## What goes wrong in practice
#
# * **The label changes.** Delete "not", and the sentence means the opposite. The cell below counts how often.
# * **Augmenting before splitting.** A variant in the training set and its original in the test set: the accuracy is a lie.
#   Split first.
# * **Synonyms of another meaning.** A table knows no context: a "bank" is also a shore.
# * **Particles, endings, punctuation at a word:** in many programs the look-up fails in silence, and nothing is augmented.
#   Print some variants.
# * **Copies.** Of a short sentence many random changes change nothing; such copies only weigh it more. (`augment.eda` draws a
#   variant that equals its original again.)
# %% [markdown] lang="ko"
# ## 실제로 자주 하는 실수
#
# * **레이블이 바뀐다.** "not"을 지우면 뜻이 반대가 됩니다. 얼마나 자주 그런지 아래 셀에서 세어 봅시다.
# * **나누기 전에 증강하기.** 변형은 학습 데이터에, 원본은 테스트 데이터에 들어가면 정확도는 거짓말이 됩니다. 먼저 나누세요.
# * **뜻이 다른 유의어.** 표는 문맥을 모릅니다. '배'는 과일이기도 하고 탈것이기도 합니다.
# * **단어에 붙은 조사, 어미, 문장 부호.** 많은 프로그램이 찾기에 실패해도 아무 말을 하지 않습니다. 증강되는 것도 없습니다. 변형을 몇 개쯤
#   출력해서 확인하세요.
# * **복사본.** 짧은 문장에서는 무작위로 바꿔도 그대로인 경우가 많습니다. 그런 복사본은 그 문장의 비중만 키울 뿐입니다. (`augment.eda`는
#   원본과 똑같은 변형이 나오면 다시 뽑습니다.)
# %%
sour = "the film was not great".split()
lost = np.mean(["not" not in augment.random_deletion(sour, p=0.1, seed=seed) for seed in range(2000)])
print(f"'not' is deleted in {lost:.1%} of the variants, and they keep the label of the original")
assert abs(lost - 0.1) < 0.02

same = np.mean([" ".join(augment.random_deletion("great story".split(), p=0.1, seed=seed)) == "great story"
                for seed in range(2000)])
print(f"of two words, {same:.0%} of the variants are copies: 0.9^2 = {0.9**2:.2f}")
assert abs(same - 0.81) < 0.03
# %% [markdown] lang="en"
# ## Exercises
#
# ```python
# from tinynet import lessons
#
# lessons.check("eda", my_eda)
# ```
#
# On paper: a sentence of 25 words, $\alpha = 0.1$: how many words does synonym replacement change? And of 5 words? With
# what probability does random deletion leave a sentence of 10 words as it is?
# %% [markdown] lang="ko"
# ## 연습 문제
#
# ```python
# from tinynet import lessons
#
# lessons.check("eda", my_eda)
# ```
#
# 손으로 풀어 보기: 25단어 문장에서 $\alpha = 0.1$이면 유의어 교체는 단어를 몇 개 바꿀까요? 5단어 문장이라면요? 무작위 삭제가 10단어
# 문장을 그대로 둘 확률은 얼마일까요?
# %%
print(max(1, int(0.1 * 25)), max(1, int(0.1 * 5)), round(0.9**10, 3))
assert (max(1, int(0.1 * 25)), max(1, int(0.1 * 5)), round(0.9**10, 3)) == (2, 1, 0.349)
