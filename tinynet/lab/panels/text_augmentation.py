"""Augmentation of texts: back translation, the four operations of EDA, and mixup and cutout of words' vectors."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ... import augment
from ...augment.embeddings import CUTOUTS, kept
from ...augment.text import changes
from ...core.errors import DataError, DatasetNotFoundError
from ..code import Call, program
from ..panel import Panel
from ..parameters import Choice, Number, Text
from ..words import LabError, Words
from .text_augmentation_code import EDA_CODE, EMBEDDING_CODE, PIVOT_CODE
from .text_augmentation_words import marking, numbered, operation_of, parse_pivot, parse_synonyms, traced, word_for_word

SENTENCE = "the film has a great story and the young actors play it very well"
SYNONYMS = "film: movie, motion picture; great: superb, splendid; story: plot, tale; young: youthful; actors: performers; play: perform"
PIVOT = "film > 영화 > movie; great > 훌륭한 > excellent; story > 이야기 > tale; actors > 배우들 > performers; well > 잘 > nicely"
OPERATIONS = {"synonym_replacement": "alpha_sr", "random_insertion": "alpha_ri", "random_swap": "alpha_rs",
              "random_deletion": "p_rd"}
EDA, EMBEDDING = ("eda",), ("embedding",)


class TextAugmentation(Panel):
    """Each step draws anew."""

    key = "text_augmentation"
    order = 8.5
    rows = "56-62"
    speed = 1
    title = Words("Augmentation of texts", "텍스트 증강(text augmentation)")
    about = Words(
        "Is there no augmentation for NLP? There are three kinds: back translation, Easy Data Augmentation (EDA), and the "
        "skills of computer vision on the vectors of words. Type a sentence; what has changed is marked.",
        "NLP에는 증강(augmentation)이 없을까요? 세 가지가 있습니다. 역번역(back translation), EDA(Easy Data Augmentation), 그리고 "
        "컴퓨터 비전의 기법을 단어 벡터에 쓰는 것입니다. 문장을 입력해 보세요. 바뀐 단어를 표시합니다.")
    parameters = (
        Choice(name="part", label=Words("Kind", "종류"), default="eda", options=(
            ("pivot", Words("1. Back translation", "1. 역번역")), ("eda", Words("2. EDA", "2. EDA")),
            ("embedding", Words("3. As in vision", "3. 비전 기법 적용")))),
        Text(name="sentence", label=Words("Sentence", "문장"), default=SENTENCE,
             help=Words("Any language with spaces between the words", "띄어쓰기가 있으면 한국어 문장도 됩니다. 표도 한국어로 바꾸세요")),
        Choice(name="source", label=Words("Synonyms from", "동의어 출처"), default="table", when={"part": EDA}, options=(
            ("table", Words("the table below", "아래의 표")), ("wordnet", Words("WordNet", "WordNet"))),
            help=Words("WordNet is English, and must be installed where the lab runs",
                       "WordNet은 영어 사전이며, 실험실이 실행되는 컴퓨터에 설치되어 있어야 합니다")),
        Text(name="synonyms", label=Words("Table of synonyms", "동의어 표"), default=SYNONYMS, most=600,
             when={"part": EDA, "source": ("table",)},
             help=Words("word: synonym, synonym; word: synonym", "단어: 동의어, 동의어; 단어: 동의어")),
        Number(name="alpha_sr", label=Words("α of synonym replacement", "동의어 교체의 α"), default=0.1, low=0, high=1, step=0.05,
               when={"part": EDA}, help=Words("The share of the words; n = max(1, int(α · words)). 0 switches it off",
                                              "바꿀 단어의 비율, n = max(1, int(α · 단어 수)). 0이면 쓰지 않습니다")),
        Number(name="alpha_ri", label=Words("α of random insertion", "무작위 삽입의 α"), default=0.1, low=0, high=1, step=0.05,
               when={"part": EDA}),
        Number(name="alpha_rs", label=Words("α of random swap", "무작위 교환의 α"), default=0.1, low=0, high=1, step=0.05,
               when={"part": EDA}),
        Number(name="p_rd", label=Words("p of random deletion", "무작위 삭제의 p"), default=0.1, low=0, high=1, step=0.05,
               when={"part": EDA}),
        Number(name="num_aug", label=Words("num_aug: variants", "num_aug: 만들 문장 수"), default=9, low=0, high=16, whole=True,
               when={"part": EDA}, help=Words("The paper: 16 for 500 sentences, 8 for 2,000, 4 for 5,000 and more",
                                              "논문의 권장값: 500문장이면 16, 2,000문장이면 8, 5,000문장 이상이면 4")),
        Text(name="other", label=Words("Second sentence", "둘째 문장"), default="a dull plot and very weak actors",
             when={"part": EMBEDDING}),
        Number(name="weight", label=Words("λ of mixup", "mixup의 λ"), default=0.4, low=0, high=1, step=0.05, when={"part": EMBEDDING}),
        Number(name="dim", label=Words("Components of a vector", "벡터의 차원"), default=8, low=2, high=16, whole=True,
               when={"part": EMBEDDING}),
        Choice(name="kind", label=Words("Cutout erases", "컷아웃(cutout)이 지울 것"), default="span", when={"part": EMBEDDING},
               options=tuple(zip(CUTOUTS, (Words("neighbouring words", "이어진 단어"), Words("single words", "낱낱의 단어"),
                                           Words("components", "벡터의 성분")), strict=True))),
        Number(name="share", label=Words("Share that is erased", "지울 비율"), default=0.3, low=0, high=1, step=0.05,
               when={"part": EMBEDDING}),
        Text(name="pivot", label=Words("Word > translation > word", "단어 > 번역 > 단어"), default=PIVOT, most=600,
             when={"part": ("pivot",)},
             help=Words("This table stands in for two translators, there and back", "이 표가 오가는 두 번역기를 대신합니다")),
    )
    formulas = (
        (Words("EDA: words that an operation changes", "EDA: 연산이 바꾸는 단어 수"), r"n = \max(1, \lfloor \alpha\, l \rfloor),\quad l\text{: words}"),
        (Words("mixup of word vectors", "단어 벡터의 mixup"), r"\tilde{x}_t = \lambda x_{i,t} + (1-\lambda) x_{j,t},\quad \tilde{y} = \lambda y_i + (1-\lambda) y_j"),
        (Words("Back translation", "역번역"), r"\tilde{s} = g(f(s)),\quad f\text{: there},\ g\text{: back}"),
    )
    words = {
        "synonym_replacement": Words("Synonym Replacement", "동의어 교체(Synonym Replacement)"),
        "random_insertion": Words("Random Insertion", "무작위 삽입(Random Insertion)"),
        "random_swap": Words("Random Swap", "무작위 교환(Random Swap)"),
        "random_deletion": Words("Random Deletion", "무작위 삭제(Random Deletion)"),
        "about_synonym_replacement": Words("n words that are no stop words become a random synonym.",
                                           "불용어(stop word)가 아닌 단어 n개를 무작위 동의어로 바꿉니다."),
        "about_random_insertion": Words("n times: a random synonym of a random word goes to a random position.",
                                        "n번, 무작위로 고른 단어의 동의어를 무작위 위치에 넣습니다."),
        "about_random_swap": Words("n times: two random words change their positions.", "n번, 무작위 두 단어의 자리를 맞바꿉니다."),
        "about_random_deletion": Words("Each word goes with probability p; one word always stays.",
                                       "단어마다 확률 p로 지웁니다. 적어도 한 단어는 남습니다."),
        "sentence": Words("The sentence", "원래 문장"), "unchanged": Words("unchanged", "바뀐 것 없음"), "off": Words("off", "쓰지 않음"),
        "all_of": Words("eda(): the four operations in turn, shuffled, cut to num_aug, and the sentence itself",
                        "eda(): 네 연산의 결과를 섞어 num_aug개만 남기고, 원래 문장을 덧붙입니다"),
        "itself": Words("the sentence itself", "원래 문장"), "new": Words("new word", "새 단어"),
        "old": Words("replaced or deleted", "바뀌거나 지워진 단어"), "moved": Words("moved", "자리를 옮긴 단어"),
        "word_count": Words("words", "단어 수"), "n_sr": Words("n of synonym replacement", "동의어 교체의 n"),
        "n_ri": Words("n of random insertion", "무작위 삽입의 n"), "n_rs": Words("n of random swap", "무작위 교환의 n"),
        "deleted": Words("words deleted", "지워진 단어"), "different": Words("different sentences in all", "서로 다른 문장 수"),
        "translated": Words("words changed", "바뀐 단어"), "there": Words("there: the other language", "가는 번역: 다른 언어"),
        "back": Words("back again", "돌아오는 번역"),
        "engines": Words(
            "A word table stands in for the translators here, so that you can see the idea. The lab starts no translation "
            "program. In your own program take a real engine: augment.ApertiumTranslator (offline), or any function of yours "
            "in augment.CallableTranslator. The code below has the lines.",
            "원리를 볼 수 있도록 단어 표가 번역기를 대신합니다. 실험실은 번역 프로그램을 실행하지 않습니다. 직접 짠 프로그램에서는 진짜 번역기를 쓰세요. "
            "인터넷 없이 쓰는 augment.ApertiumTranslator가 있고, 어떤 함수든 augment.CallableTranslator로 감싸면 됩니다. 아래 코드에 그 줄이 있습니다."),
        "first_of": Words("x₁: the sentence", "x₁: 원래 문장"), "second_of": Words("x₂: the second sentence", "x₂: 둘째 문장"),
        "mixed_of": Words("mixup: λ x₁ + (1 − λ) x₂, word by word", "mixup: 단어마다 λ x₁ + (1 − λ) x₂"),
        "cut_of": Words("Cutout of x₁: the crossed part is 0", "x₁의 컷아웃: 빗금 친 부분이 0"),
        "encodings_of": Words("Sentence vectors (means of the words), and their mixup", "문장 벡터(단어의 평균)와 그 mixup"),
        "dropout_of": Words("Word dropout: unknown words instead of zeros", "단어 드롭아웃(word dropout): 0 대신 모르는 단어로"),
        "component": Words("component", "성분"), "padding": Words("(padding)", "(패딩)"), "mix": Words("mixup", "mixup"),
        "share_first": Words("share of the first label", "첫째 라벨의 비율"),
        "share_second": Words("share of the second label", "둘째 라벨의 비율"), "erased": Words("values erased", "지워진 값"),
        "first_label": Words("label of x₁", "x₁의 라벨"), "second_label": Words("label of x₂", "x₂의 라벨"),
        "negative": Words("below 0", "0보다 작음"), "zero": Words("0", "0"), "positive": Words("above 0", "0보다 큼"),
    }

    def start(self) -> None:
        chosen = self.settings
        self.tokens = chosen["sentence"].split()
        if not self.tokens:
            raise LabError(Words("type a sentence of at least one word", "한 단어 이상의 문장을 입력하세요"))
        self.count = 0
        if chosen["part"] == "eda":
            self.synonyms = self._find_synonyms()
            self._draw_eda()
        elif chosen["part"] == "embedding":
            self._embed()
            self._draw_embedding()
        else:
            self._translate()

    def step(self) -> None:
        self.count += 1
        if self.settings["part"] == "eda":
            self._draw_eda()
        else:
            self._draw_embedding()

    # EDA ------------------------------------------------------------------------------------------------------------

    def _find_synonyms(self) -> Any:
        if self.settings["source"] == "table":
            return parse_synonyms(self.settings["synonyms"])
        try:
            return augment.WordNet()
        except (DatasetNotFoundError, DataError) as error:
            raise LabError(Words(
                f"WordNet is not found here ({error}). Take the table instead",
                "이 컴퓨터에서 WordNet을 찾을 수 없습니다(데비안·우분투: apt install wordnet-base). 동의어 표를 쓰세요")) from None

    def _changes(self, name: str) -> int:
        """How many words an operation changes; 0 if it is switched off."""
        alpha = self.settings[OPERATIONS[name]]
        return changes(alpha, self.tokens) if alpha else 0

    def _draw_eda(self) -> None:
        """The four operations and `eda`, and the same with marks on the words: equal draws, since marks are no letters."""
        self.one_each = self._operations(self.tokens, self.synonyms)
        self.variants = self._eda(self.synonyms)
        marked = marking(self.synonyms)
        self.parts = {name: traced(variant, self.tokens)
                      for name, variant in self._operations(numbered(self.tokens), marked).items()}
        # The last of `eda` is the text as it came, without marks.
        self.variant_parts = [traced(one.split(), self.tokens) for one in
                              self._eda(marked, tokenize=lambda text: numbered(text.split()))[:-1]]

    def _operations(self, words: list[str], synonyms: Any) -> dict[str, list[str]]:
        seed = self.seed + self.count
        return {
            "synonym_replacement": augment.synonym_replacement(words, self._changes("synonym_replacement"), synonyms, seed),
            "random_insertion": augment.random_insertion(words, self._changes("random_insertion"), synonyms, seed),
            "random_swap": augment.random_swap(words, self._changes("random_swap"), seed),
            "random_deletion": augment.random_deletion(words, self.settings["p_rd"], seed)}

    def _eda(self, synonyms: Any, **more: Any) -> list[str]:
        given = {name: self.settings[name] for name in (*OPERATIONS.values(), "num_aug")}
        return augment.eda(self.settings["sentence"], synonyms, **given, seed=self.seed + self.count, **more)

    def _eda_state(self) -> dict[str, Any]:
        numbers = {"word_count": len(self.tokens), "n_sr": self._changes("synonym_replacement"),
                   "n_ri": self._changes("random_insertion"), "n_rs": self._changes("random_swap"),
                   "deleted": len(self.tokens) - len(self.one_each["random_deletion"]),
                   "different": len({" ".join(one.split()) for one in self.variants})}
        return {"numbers": numbers,
                "operations": [{"name": name, "parts": self.parts[name], "on": bool(self.settings[parameter]),
                                "given": f"p = {self.settings['p_rd']:g}" if name == "random_deletion" else
                                f"n = {self._changes(name)}"} for name, parameter in OPERATIONS.items()],
                "variants": [{"name": operation_of(parts) or "unchanged", "parts": parts} for parts in self.variant_parts]}

    # Vectors of words ------------------------------------------------------------------------------------------------

    def _embed(self) -> None:
        chosen = self.settings
        self.sentences = [self.tokens, chosen["other"].split()]
        if not self.sentences[1]:
            raise LabError(Words("type a second sentence of at least one word", "둘째 문장도 한 단어 이상 입력하세요"))
        vocabulary = sorted({word for words in self.sentences for word in words})
        shape = (len(vocabulary), chosen["dim"])
        self.table = np.random.default_rng(self.seed).standard_normal(shape).astype("float32")
        length = max(map(len, self.sentences))
        self.x = np.zeros((2, length, chosen["dim"]), "float32")
        for i, words in enumerate(self.sentences):
            self.x[i, : len(words)] = self.table[[vocabulary.index(word) for word in words]]
        self.mask = np.array([[j < len(words) for j in range(length)] for words in self.sentences])
        labels = np.eye(2, dtype="float32")
        how: dict[str, Any] = {"weights": chosen["weight"], "partners": [1, 0]}
        self.mixed, self.targets = augment.word_mixup(self.x, labels, **how)
        self.encodings = self.x.sum(axis=1) / self.mask.sum(axis=1, keepdims=True).astype("float32")
        self.mixed_encodings, _ = augment.sentence_mixup(self.encodings, labels, **how)

    def _draw_embedding(self) -> None:
        chosen, seed = self.settings, self.seed + self.count
        self.cut = augment.embedding_cutout(self.x, chosen["share"], chosen["kind"], seed, self.mask)
        self.dropped = augment.word_dropout(self.tokens, chosen["share"], seed=seed)

    def _embedding_state(self) -> dict[str, Any]:
        keep = kept(self.x.shape, self.settings["share"], self.settings["kind"], self.seed + self.count, self.mask)
        erased = ~np.broadcast_to(keep, self.x.shape)[0, : len(self.tokens)]
        numbers = {"share_first": float(self.targets[0, 0]), "share_second": float(self.targets[0, 1]),
                   "erased": int(erased.sum())}
        return {"numbers": numbers, "sentences": self.sentences, "x": self.x, "mixed": self.mixed[0],
                "cut": self.cut[0, : len(self.tokens)], "erased_part": erased,
                "encodings": np.stack([*self.encodings, self.mixed_encodings[0]]),
                "target": self.targets[0], "dropped": [[new, "same" if new == old else "moved"] for old, new in
                                                       zip(self.tokens, self.dropped, strict=True)]}

    # Back translation ------------------------------------------------------------------------------------------------

    def _translate(self) -> None:
        self.there, self.back = parse_pivot(self.settings["pivot"])
        there, back = (augment.CallableTranslator(partial(word_for_word, table)) for table in (self.there, self.back))
        self.result = augment.back_translate(self.settings["sentence"], there, back)
        self.finished = True  # nothing in it is random

    def _pivot_state(self) -> dict[str, Any]:
        pivots = [self.there.get(word, word) for word in self.tokens]
        words = [self.back.get(pivot, pivot) for pivot in pivots]
        same = [["same" if new == old else "new" for new, old in zip(one, self.tokens, strict=True)]
                for one in (pivots, words)]
        return {"numbers": {"word_count": len(self.tokens), "translated": same[1].count("new")},
                "rows": [list(map(list, zip(one, kinds, strict=True))) for one, kinds in
                         ((self.tokens, ["same"] * len(self.tokens)), (pivots, same[0]), (words, same[1]))]}

    # What all panels have --------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        part = self.settings["part"]
        state = {"eda": self._eda_state, "embedding": self._embedding_state, "pivot": self._pivot_state}[part]()
        return {"part": part, "words": self.tokens, **state}

    def code(self, steps: int) -> str:
        chosen, seed = self.settings, self.seed + steps
        if chosen["part"] == "pivot":
            return program(PIVOT_CODE, sentence=chosen["sentence"], there=self.there, back=self.back)
        if chosen["part"] == "embedding":
            values = {name: chosen[name] for name in ("sentence", "other", "dim", "weight", "share", "kind")}
            return program(EMBEDDING_CODE, **values, first=self.seed, seed=seed)
        synonyms = self.synonyms if isinstance(self.synonyms, dict) else Call("augment.WordNet")
        template = EDA_CODE
        for name, parameter in list(OPERATIONS.items())[:3]:
            formula = f"max(1, int(${parameter} * len(words)))" if chosen[parameter] else "0  # switched off"
            template = template.replace(f"@{name}", formula)
        given = {name: chosen[name] for name in (*OPERATIONS.values(), "num_aug")}
        return program(template, sentence=chosen["sentence"], synonyms=synonyms, seed=seed, **given)

    def proof(self) -> dict[str, Any]:
        part = self.settings["part"]
        if part == "eda":
            return {**self.one_each, "variants": self.variants}
        if part == "pivot":
            return {"result": self.result}
        return {"x": self.x, "mixed": self.mixed, "targets": self.targets, "mixed_encodings": self.mixed_encodings,
                "cut": self.cut, "dropped": self.dropped}
