"""What a panel's reader can set: each kind of parameter checks a value, reads it from an address and writes it there.

A value arrives from a browser or from the address of a shared link. `parse` accepts what is within the bounds that are
declared here and refuses everything else with a `LabError`; nothing is ever evaluated.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .words import LabError, Words


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One control of a panel.

    Attributes:
        name: Of the setting, in Python, in the address and in the teacher's file.
        label: What the page writes beside the control.
        default: The value at first.
        help: One sentence more, shown below the control.
        view: Whether it only changes what is shown. A change of any other parameter starts the panel anew, so that the
            settings, the seed and the number of steps always determine the picture.
        keep: Whether, after a change, the panel trains to the step where it was.
        shown: Whether the page makes a control of it; if not, the panel's ES module sets it.
        when: {name of another parameter: values}: the control is shown only while that parameter has one of them.
    """

    name: str
    label: Words
    default: Any
    help: Words | None = None
    view: bool = False
    keep: bool = False
    shown: bool = True
    when: dict[str, tuple] = field(default_factory=dict)

    kind = ""

    def parse(self, raw: Any) -> Any:
        """Return the value that `raw` stands for: a value of JSON, or the text of an address.

        Raises:
            LabError: it stands for none, or for one that is out of bounds.
        """
        raise NotImplementedError(f"{type(self).__name__} must override parse(raw)")

    def format(self, value: Any) -> str:
        """Return the value as a text of an address, which `parse` reads back."""
        return str(value)

    def describe(self) -> dict[str, Any]:
        """Return what the page needs to know to make the control, ready for JSON."""
        return {
            "kind": self.kind, "name": self.name, "label": self.label.as_dict(), "default": self.default,
            "help": self.help and self.help.as_dict(), "shown": self.shown,
            "when": {name: list(values) for name, values in self.when.items()},
        }

    def refuse(self, raw: Any, wanted_en: str, wanted_ko: str) -> LabError:
        """Return the error for a value that is not what is wanted; `raise` it."""
        got = repr(raw)
        got = got if len(got) <= 60 else got[:57] + "..."
        return LabError(Words(f"{self.label.en}: {wanted_en}, got {got}",
                              f"{self.label.ko}: {wanted_ko}. 받은 값: {got}"))


@dataclass(frozen=True, kw_only=True)
class Choice(Parameter):
    """One of several options: a list to choose from.

    Attributes:
        options: (value, label) of each.
    """

    options: Sequence[tuple[str, Words]]
    kind = "choice"

    def parse(self, raw: Any) -> str:
        """One of the values of the options."""
        values = [value for value, _ in self.options]
        if not isinstance(raw, str) or raw not in values:
            raise self.refuse(raw, f"must be one of {', '.join(values)}", f"{', '.join(values)} 가운데 하나여야 합니다")
        return raw

    def describe(self) -> dict[str, Any]:
        """As for all parameters; with the options."""
        return super().describe() | {"options": [[value, words.as_dict()] for value, words in self.options]}


@dataclass(frozen=True, kw_only=True)
class Several(Choice):
    """Any number of the options, in their order: a group of boxes to tick. The value is a tuple."""

    kind = "several"

    def parse(self, raw: Any) -> tuple[str, ...]:  # type: ignore[override]
        """The chosen values, in the order of the options."""
        if isinstance(raw, str):
            raw = [part for part in raw.split(".") if part]
        if not isinstance(raw, list | tuple) or len(raw) > len(self.options):
            raise self.refuse(raw, "must be a list of options", "고른 항목의 목록이어야 합니다")
        chosen = {super(Several, self).parse(one) for one in raw}
        return tuple(value for value, _ in self.options if value in chosen)

    def format(self, value: Any) -> str:
        """The values with dots between them."""
        return ".".join(value)


@dataclass(frozen=True, kw_only=True)
class Number(Parameter):
    """A number within bounds: a slider with a field.

    Attributes:
        low, high: The bounds.
        step: Distance of two neighbours on the slider; for `log`, of the exponents of 10.
        log: Whether the slider is logarithmic; `low` must then be above 0.
        whole: Whether it is a whole number.
    """

    low: float
    high: float
    step: float = 0.01
    log: bool = False
    whole: bool = False
    kind = "number"

    def parse(self, raw: Any) -> int | float:
        """An int if `whole`, else a float."""
        wanted = ("a whole number " if self.whole else "a number ") + f"from {self.low:g} to {self.high:g}"
        korean = f"{self.low:g}부터 {self.high:g}까지의 {'정수' if self.whole else '수'}여야 합니다"
        try:
            if isinstance(raw, bool) or isinstance(raw, str) and len(raw) > 40:
                raise ValueError
            value = float(raw)
        except (TypeError, ValueError, OverflowError):
            raise self.refuse(raw, f"must be {wanted}", korean) from None
        if not self.low <= value <= self.high or self.whole and value != int(value):
            raise self.refuse(raw, f"must be {wanted}", korean)
        return int(value) if self.whole else value

    def format(self, value: Any) -> str:
        """The shortest digits that give the same number."""
        return repr(value)

    def describe(self) -> dict[str, Any]:
        """As for all parameters; with the bounds."""
        return super().describe() | {"low": self.low, "high": self.high, "step": 1 if self.whole else self.step,
                                     "log": self.log, "whole": self.whole}


@dataclass(frozen=True, kw_only=True)
class Flag(Parameter):
    """Yes or no: a box to tick."""

    kind = "flag"

    def parse(self, raw: Any) -> bool:
        """A bool; '1' and '0' in an address."""
        if raw not in (True, False, "1", "0") or isinstance(raw, float):
            raise self.refuse(raw, "must be on or off", "켜거나 끌 수만 있습니다")
        return raw in (True, "1")

    def format(self, value: Any) -> str:
        """'1' or '0'."""
        return "1" if value else "0"


@dataclass(frozen=True, kw_only=True)
class Text(Parameter):
    """A line of text.

    Attributes:
        most: Its greatest number of characters.
    """

    most: int = 200
    kind = "text"

    def parse(self, raw: Any) -> str:
        """A text without control characters."""
        if not isinstance(raw, str) or len(raw) > self.most or not raw.isprintable():
            raise self.refuse(raw, f"must be one line of at most {self.most} characters",
                              f"{self.most}자 이내의 한 줄이어야 합니다")
        return raw

    def describe(self) -> dict[str, Any]:
        """As for all parameters; with the length."""
        return super().describe() | {"most": self.most}


@dataclass(frozen=True, kw_only=True)
class Rows(Parameter):
    """Rows of numbers: points, a matrix, the widths of layers. The value is a tuple of tuples of floats.

    Attributes:
        columns: (fewest, most) numbers in a row; all rows have the same number.
        rows: (fewest, most) rows.
        low, high: Bounds of each number.
        whole: Whether all are whole numbers; the value then has ints.
        look: How the page shows them: 'grid' (a table to type in), 'points' (set by clicks in the picture), 'list'
            (one row, as widths of layers).
    """

    columns: tuple[int, int]
    rows: tuple[int, int]
    low: float = -1e6
    high: float = 1e6
    whole: bool = False
    look: str = "grid"
    kind = "rows"

    def parse(self, raw: Any) -> tuple[tuple[float, ...], ...]:
        """Rows of numbers; in an address '1,2;3,4'."""
        number = Number(name=self.name, label=self.label, default=0, low=self.low, high=self.high, whole=self.whole)
        if isinstance(raw, str):
            raw = [row.split(",") for row in raw.split(";")] if raw else []
        shape_en = f"must be {self.rows[0]} to {self.rows[1]} rows of {self.columns[0]} to {self.columns[1]} numbers"
        shape_ko = f"{self.columns[0]}~{self.columns[1]}개의 수로 된 행이 {self.rows[0]}~{self.rows[1]}개여야 합니다"
        if not isinstance(raw, list | tuple) or not self.rows[0] <= len(raw) <= self.rows[1]:
            raise self.refuse(raw, shape_en, shape_ko)
        if any(not isinstance(row, list | tuple) or len(row) != len(raw[0])
               or not self.columns[0] <= len(row) <= self.columns[1] for row in raw):
            raise self.refuse(raw, shape_en, shape_ko)
        return tuple(tuple(number.parse(one) for one in row) for row in raw)

    def format(self, value: Any) -> str:
        """Numbers with commas, rows with semicolons between them."""
        return ";".join(",".join(f"{one:.6g}" if isinstance(one, float) else str(one) for one in row) for row in value)

    def describe(self) -> dict[str, Any]:
        """As for all parameters; with the bounds."""
        return super().describe() | {"columns": list(self.columns), "rows": list(self.rows), "low": self.low,
                                     "high": self.high, "whole": self.whole, "look": self.look}


@dataclass(frozen=True, kw_only=True)
class Place(Parameter):
    """A point of the plane, which the reader drags. The value is (x, y).

    Attributes:
        bounds: (x from, x to, y from, y to).
    """

    bounds: tuple[float, float, float, float]
    kind = "place"

    def parse(self, raw: Any) -> tuple[float, float]:
        """(x, y) within the bounds; in an address 'x,y'."""
        if isinstance(raw, str):
            raw = raw.split(",")
        if not isinstance(raw, list | tuple) or len(raw) != 2:
            raise self.refuse(raw, "must be a point of two coordinates", "좌표가 두 개인 점이어야 합니다")
        x, y = (Number(name=self.name, label=self.label, default=0, low=low, high=high).parse(one)
                for one, low, high in zip(raw, self.bounds[::2], self.bounds[1::2], strict=True))
        return float(x), float(y)

    def format(self, value: Any) -> str:
        """'x,y' in six digits: finer than a pixel."""
        return ",".join(f"{one:.6g}" for one in value)

    def describe(self) -> dict[str, Any]:
        """As for all parameters; with the bounds."""
        return super().describe() | {"bounds": list(self.bounds)}


@dataclass(frozen=True, kw_only=True)
class Picture(Parameter):
    """A picture of the reader's own, which the browser decodes, scales and sends as bytes. '' is none.

    The value is its base64 text, so that it can stand in an address; `pixels` reads it.

    Attributes:
        shape: (height, width, channels).
    """

    shape: tuple[int, int, int]
    kind = "picture"

    def parse(self, raw: Any) -> str:
        """Base64 (of URLs) of exactly height x width x channels bytes, or ''."""
        height, width, channels = self.shape
        size = height * width * channels
        if raw == "":
            return ""
        try:
            if not isinstance(raw, str) or len(raw) > 4 * (size // 3 + 1):
                raise ValueError
            decoded = base64.b64decode(raw, altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            decoded = b""
        if len(decoded) != size:
            raise self.refuse(raw, f"must be a picture of {height} x {width} pixels with {channels} channels",
                              f"{height}×{width} 화소, 채널 {channels}개인 그림이어야 합니다")
        return raw

    def pixels(self, value: str) -> np.ndarray | None:
        """Return the picture, uint8, shaped as declared; None for ''."""
        if not value:
            return None
        return np.frombuffer(base64.b64decode(value, altchars=b"-_"), np.uint8).reshape(self.shape)

    def describe(self) -> dict[str, Any]:
        """As for all parameters; with the shape."""
        return super().describe() | {"shape": list(self.shape)}


def parse_settings(parameters: Sequence[Parameter], raw: Any) -> dict[str, Any]:
    """Return the values of all parameters: those given, checked, and the defaults of the others.

    Args:
        parameters: Those of a panel.
        raw: {name: value or text}.

    Raises:
        LabError: `raw` is no such dict, names an unknown parameter, or has a value that is refused.
    """
    known = {parameter.name: parameter for parameter in parameters}
    if not isinstance(raw, dict) or len(raw) > max(100, len(known)):
        raise LabError(Words("the settings are no list of names and values", "설정이 이름과 값의 목록이 아닙니다"))
    for name in raw:
        if name not in known:
            raise LabError(Words(f"there is no setting {str(name)[:40]!r}; there are {', '.join(known)}",
                                 f"{str(name)[:40]!r}(이)라는 설정은 없습니다. 쓸 수 있는 설정: {', '.join(known)}"))
    return {name: parameter.parse(raw[name]) if name in raw else parameter.default
            for name, parameter in known.items()}

