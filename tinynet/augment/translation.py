"""Back translation: to another language and back, the same meaning in other words.

A translator is anything with `translate(texts)`, from a list of str to a list of as many. Apertium translates by
rules, offline and always alike; other engines come as functions:

    english_to_spanish, spanish_to_english = ApertiumTranslator("eng", "spa"), ApertiumTranslator("spa", "eng")
    back_translate(["Where is the station?"], english_to_spanish, spanish_to_english)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from ..core.processes import end_session


@runtime_checkable
class Translator(Protocol):
    """The interface that `back_translate` needs. A class with this method has it, also if this is not its base.

    Raises:
        TypeError: it is instantiated: it has no translation of its own.

    >>> class Shouting:
    ...     def translate(self, texts):
    ...         return [text.upper() for text in texts]
    >>> isinstance(Shouting(), Translator)
    True
    """

    def translate(self, texts: list[str]) -> list[str]:
        """Return the translation of each text."""


class CallableTranslator:
    """A function as a translator.

    Args:
        function: From a str to a str; or from a list of str to a list of as many.
        batched: Whether it is of the second kind.

    Raises:
        TypeError: it is not callable.

    >>> CallableTranslator(str.upper).translate(["a", "b"])
    ['A', 'B']
    """

    def __init__(self, function: Callable[[Any], Any], batched: bool = False) -> None:
        if not callable(function):
            raise TypeError(f"CallableTranslator: expected a function, got {type(function).__name__}")
        self.function = function
        self.batched = batched

    def translate(self, texts: list[str]) -> list[str]:
        return self.function(texts) if self.batched else [self.function(text) for text in texts]


class ApertiumTranslator:
    """The program apertium, run for each call.

    Forcada et al., "Apertium: a free/open-source platform for rule-based machine translation", Machine Translation 25,
    2011. What it cannot translate stays as it is. White space within a text becomes single spaces.

    Args:
        source, target: Languages as in the names of its packages.
        timeout: Seconds that a call of `translate` may take; about 1,000 short texts are translated in one.

    Raises:
        FileNotFoundError: the program, or this pair of languages, is not installed; the message names the packages.
        ValueError: `timeout` is not above 0.

    >>> ApertiumTranslator("eng", "spa").translate(["The house is red."])
    ['La casa es roja.']
    """

    # A paragraph between the texts: the tagger starts anew after a full stop, but the first word of a text would get a
    # capital or a small letter depending on the preceding text.
    SEPARATOR = "1."

    def __init__(self, source: str = "eng", target: str = "spa", timeout: float = 60.0) -> None:
        import shutil  # late

        if not timeout > 0:
            raise ValueError(f"ApertiumTranslator: timeout must be a number of seconds above 0, got {timeout!r}")
        self.source, self.target, self.timeout = source, target, timeout
        self.program = shutil.which("apertium")
        if self.program is None:
            raise FileNotFoundError(
                "ApertiumTranslator: the program apertium is not installed. Install Debian's packages of it and of "
                "the languages (apt install apertium apertium-eng-spa), or use CallableTranslator with another engine"
            )
        pairs = self._run(["-l"], "").split()
        if self.direction not in pairs:
            raise FileNotFoundError(
                f"ApertiumTranslator: apertium has no {self.direction}; it has {', '.join(pairs) or 'none'}. Install "
                "the package of the languages: apertium-eng-spa for English and Spanish; apt-cache search ^apertium- "
                "lists the others"
            )

    @property
    def direction(self) -> str:
        """Apertium's name for the pair of languages, such as 'eng-spa'."""
        return f"{self.source}-{self.target}"

    def translate(self, texts: list[str]) -> list[str]:
        """Return the translation of each text.

        Raises:
            TimeoutError: it took longer than `timeout`.
            RuntimeError: the program failed.
            ValueError: a text has NUL characters.
        """
        texts = [" ".join(text.split()) for text in _texts(texts, "ApertiumTranslator")]
        for text in texts:
            if "\0" in text:
                raise ValueError(f"ApertiumTranslator: a text must not have NUL characters, got {text[:60]!r}")
        sent = [text for text in texts if text]
        if not sent:
            return texts
        paragraphs = [self.SEPARATOR]
        for text in sent:
            paragraphs += [text, self.SEPARATOR]
        paragraphs = self._run(["-u", self.direction], "\n\n".join([*paragraphs, ""])).split("\n\n")
        if len(paragraphs) != 2 * len(sent) + 2 or set(paragraphs[::2]) - {self.SEPARATOR}:
            raise RuntimeError(
                f"ApertiumTranslator: apertium {self.direction} returned {len(paragraphs)} paragraphs "
                f"for {2 * len(sent) + 2}, so that it is not known which belongs to which text"
            )
        translated = iter(paragraphs[1::2])
        return [" ".join(next(translated).split()) if text else "" for text in texts]

    def _run(self, arguments, text):
        """The output of apertium."""
        import subprocess  # late

        # A session of its own: the program is a shell script, whose pipeline must end with it.
        process = subprocess.Popen([self.program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        try:
            out, errors = process.communicate(text.encode(), timeout=self.timeout)
        except BaseException as error:
            end_session(process)
            process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                raise TimeoutError(
                    f"ApertiumTranslator: apertium {' '.join(arguments)} took longer than {self.timeout} s "
                    f"for {len(text)} characters; pass fewer texts at once, or a greater timeout"
                ) from None
            raise
        if process.returncode:
            message = " ".join(errors.decode(errors="replace").split()) or f"exit code {process.returncode}"
            raise RuntimeError(f"ApertiumTranslator: apertium {' '.join(arguments)} failed: {message}")
        return out.decode()

    def __repr__(self) -> str:
        return f"ApertiumTranslator({self.source!r}, {self.target!r}, timeout={self.timeout})"


def back_translate(texts: Any, there: Translator, back: Translator) -> Any:
    """Translate texts to another language, and from there back.

    Source: Sennrich et al., "Improving Neural Machine Translation Models with Monolingual Data", ACL 2016, translated
    back
    to get more data; Yu et al., "QANet", ICLR 2018, there and back to get other words for the same.

    Args:
        texts: A str, or a list of str.
        there: Translator to the other language.
        back: Translator from there.

    Returns:
        A str for a str, a list for a list.

    Raises:
        TypeError: `there` or `back` is no translator.
        ValueError: one of them returned another number of texts, or something else.

    >>> there, back = CallableTranslator({"film": "cine"}.get), CallableTranslator({"cine": "cinema"}.get)
    >>> back_translate("film", there, back)
    'cinema'
    """
    single = isinstance(texts, str)
    result = _texts([texts] if single else texts, "back_translate")
    for name, translator in (("there", there), ("back", back)):
        if not isinstance(translator, Translator):
            raise TypeError(
                f"back_translate: {name} must have a method translate(texts), got {type(translator).__name__}"
                + ("; wrap a function: CallableTranslator(function)" if callable(translator) else "")
            )
        given, result = result, list(translator.translate(result))
        if len(result) != len(given) or not all(isinstance(text, str) for text in result):
            raise ValueError(
                f"back_translate: {name} must turn {len(given)} texts into as many, got {result!r:.80}"
            )
    return result[0] if single else result


def _texts(texts, where):
    texts = [texts] if isinstance(texts, str) else list(texts)
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"{where}: expected texts (str), got {type(text).__name__}")
    return texts
