"""Search in Korean: words without their particles, since 학습률은, 학습률을 and 학습률이 are one word.

Sphinx has no rules for Korean and would find a word only in the form that was typed. The same rule runs in Python, for
the index, and in the browser, for the question: endings are taken off as long as there are any and enough of the word
is left, so that a word and the word with a particle come to the same stem. It need not be a word: the stem of 평가 and
평가를 is 평가, that of 전문가 and 전문가를 is 전문. Latin letters are words of their own, and stemmed as English.
"""

import json
import re

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

# An ending, and how many syllables must be left: particles that few nouns end in, and the others with verbs' endings.
_AFTER_ONE = "에서는 에서도 으로는 에서 에는 에도 으로 까지 부터 마다 보다 처럼 만큼 은 는 을 를 의 에 로 과 와 도 만"
_AFTER_TWO = (
    "이라고 이라는 라고 라는 이란 란 이나 이며 이고 이다 입니다 인 일 이 가 들 "
    "하였습니다 했습니다 합니다 하면서 하는 하고 하며 하면 하여 해서 하지 하기 하려면 한다 한 할 함 "
    "되었습니다 됐습니다 됩니다 되면서 되는 되고 되며 되면 되어 된다 된 될 "
    "시킵니다 시키는 시키고 시키면 시킨 시킬"
)
LEFT = {**dict.fromkeys(_AFTER_TWO.split(), 2), **dict.fromkeys(_AFTER_ONE.split(), 1)}
ENDINGS = sorted(LEFT, key=len, reverse=True)

_WORD = re.compile(r"[가-힣]+|[^\W가-힣]+")

_IN_BROWSER = """
window.splitQuery = (query) => query.match(/[가-힣]+|(?:(?![가-힣])[\\p{L}\\p{N}_])+/gu) || [];
{
  const English = window.Stemmer, left = LEFT, endings = ENDINGS;
  const stem = (word) => {
    const found = endings.find((ending) => word.endsWith(ending) && word.length - ending.length >= left[ending]);
    return found ? stem(word.slice(0, -found.length)) : word;
  };
  window.Stemmer = function () {
    const english = new English();
    this.stemWord = (word) => (/^[가-힣]+$/.test(word) ? stem(word) : english.stemWord(word));
  };
}
"""


def stem_korean(word: str) -> str:
    """Return a word without its endings.

    Args:
        word: Syllables of Hangul.
    """
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= LEFT[ending]:
            return stem_korean(word.removesuffix(ending))
    return word


class SearchKorean(SearchEnglish):
    """Sphinx's search with the rules above; `language_name` names the English stemmer that it keeps for the browser."""

    lang = "ko"
    js_splitter_code = _IN_BROWSER.replace("LEFT", json.dumps(LEFT, ensure_ascii=False)).replace(
        "ENDINGS", json.dumps(ENDINGS, ensure_ascii=False))

    def split(self, input: str) -> list[str]:
        return _WORD.findall(input)

    def stem(self, word: str) -> str:
        return stem_korean(word) if re.fullmatch("[가-힣]+", word) else super().stem(word)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_search_language(SearchKorean)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
