"""The terms of one pass through the network 2-2-1, forwards and backwards: formula, numbers filled in, values.

x1, x2 -> z1, z2 -> a1, a2 -> z -> y -> L, with the weights w11 (from x1 to z1), w21, w12, w22, b1, b2, v1, v2, c. Terms
of the backward pass have a d before the name: dz1 is the derivative of the loss with respect to z1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WEIGHTS = ("w11", "w12", "w21", "w22", "b1", "b2", "v1", "v2", "c")  # in the order of the model's arrays
FORWARD = ("z1", "z2", "a1", "a2", "z", "y", "L")
BACKWARD = ("dy", "dz", "dv1", "dv2", "dc", "da1", "da2", "dz1", "dz2",
            "dw11", "dw21", "db1", "dw12", "dw22", "db2")
EPSILON = 1e-7  # cross-entropy's clipping

# f as TeX, f' as TeX of (z, a): in letters or in numbers.
FUNCTIONS = {
    "sigmoid": (r"\sigma({z})", r"{a}\,(1-{a})"),
    "tanh": (r"\tanh({z})", r"(1-{a}^2)"),
    "relu": (r"\max(0,\,{z})", r"[{z}>0]"),
    "linear": (r"{z}", r"1"),
}


@dataclass(frozen=True)
class Term:
    """One term of the walk.

    Attributes:
        name: Of the term.
        uses: Names of what stands in its formula.
        tex: The formula in letters.
        filled: The same in numbers: one line for each sample, or one line where the term sums over them.
        values: One for each sample, or one.
    """

    name: str
    uses: tuple[str, ...]
    tex: str
    filled: tuple[str, ...]
    values: np.ndarray


def activate(name: str, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (f(z), f'(z))."""
    if name == "sigmoid":
        a = 1 / (1 + np.exp(-z))
        return a, a * (1 - a)
    if name == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if name == "relu":
        return np.maximum(z, 0), (z > 0).astype(z.dtype)
    return z.copy(), np.ones_like(z)


def number(value: float) -> str:
    """A number as TeX: four digits, in brackets if negative.

    >>> number(-0.25), number(1.0), number(float("inf"))
    ('(-0.25)', '1', '\\\\infty')
    """
    value = float(value)
    if value != value:
        return r"\mathrm{NaN}"
    if abs(value) == float("inf"):
        return r"\infty" if value > 0 else r"(-\infty)"
    text = f"{value:.4g}"
    if "e" in text:
        digits, power = text.split("e")
        text = rf"{digits}\cdot10^{{{int(power)}}}"
    return f"({text})" if value < 0 else text


def symbol(name: str) -> str:
    """The TeX of a name.

    >>> symbol("w11"), symbol("dz1"), symbol("y")
    ('w_{11}', '\\\\frac{\\\\partial L}{\\\\partial z_{1}}', '\\\\hat y')
    """
    if name.startswith("d"):
        return rf"\frac{{\partial L}}{{\partial {symbol(name[1:])}}}"
    if name == "y":
        return r"\hat y"
    return name[0] + (f"_{{{name[1:]}}}" if name[1:] else "")


def make_terms(x: np.ndarray, t: np.ndarray, weights: Sequence[np.ndarray], hidden: str, output: str,
               loss: str) -> list[Term]:
    """Return the terms in their order, for a batch.

    Args:
        x: Shape (n, 2).
        t: Targets, shape (n, 1).
        weights: (2, 2), (2,), (2, 1) and (1,), as the model has them.
        hidden, output: Activations.
        loss: 'half', 'mse' or 'bce'.
    """
    with np.errstate(all="ignore"):
        return _Walk(x, t, weights, hidden, output, loss).terms


class _Walk:
    def __init__(self, x: np.ndarray, t: np.ndarray, weights: Sequence[np.ndarray], hidden: str, output: str,
                 loss: str) -> None:
        kernel, bias, head, head_bias = weights
        self.n = len(x)
        self.terms: list[Term] = []
        self.v: dict[str, np.ndarray] = {"x1": x[:, 0], "x2": x[:, 1], "t": t[:, 0], "c": head_bias[0]}  # values by name
        for i in (1, 2):
            self.v |= {f"w{i}1": kernel[i - 1, 0], f"w{i}2": kernel[i - 1, 1], f"b{i}": bias[i - 1], f"v{i}": head[i - 1, 0]}
        self.forward(hidden, output, loss)
        self.backward(hidden, output, loss)

    def at(self, name, n):
        """A value in numbers, of sample n."""
        value = np.asarray(self.v[name])
        return number(value[n] if value.ndim else value)

    def each(self, name, uses, tex, pattern, values):
        """A term with a value for each sample; <name> in the pattern stands for a value."""
        lines = []
        for n in range(self.n):
            line = pattern
            for one in uses:
                line = line.replace(f"<{one}>", self.at(one, n)).replace(f"<{one}!>", self.at(one, n).strip("()"))
            lines.append(line)
        self.add(name, uses, tex, lines, values)

    def total(self, name, uses, tex, pattern, values, around="{}"):
        """A term that sums over the samples."""
        parts = []
        for n in range(self.n):
            part = pattern
            for one in uses:
                part = part.replace(f"<{one}>", self.at(one, n))
            parts.append(part)
        self.add(name, uses, tex, [around.replace("{}", " + ".join(parts))], np.array([values.sum()]))

    def add(self, name, uses, tex, lines, values):
        self.v[name] = values
        self.terms.append(Term(name, tuple(uses), rf"{symbol(name)} = {tex}", tuple(lines), values))

    def forward(self, hidden, output, loss):
        v = self.v
        for j in (1, 2):
            uses = (f"w1{j}", "x1", f"w2{j}", "x2", f"b{j}")
            tex = rf"w_{{1{j}}}\,x_1 + w_{{2{j}}}\,x_2 + b_{j}"
            self.each(f"z{j}", uses, tex, rf"<w1{j}>\cdot <x1> + <w2{j}>\cdot <x2> + <b{j}>",
                      v[f"w1{j}"] * v["x1"] + v[f"w2{j}"] * v["x2"] + v[f"b{j}"])
        for j in (1, 2):
            tex = FUNCTIONS[hidden][0]
            self.each(f"a{j}", (f"z{j}",), tex.replace("{z}", f"z_{j}"), tex.replace("{z}", f"<z{j}!>"),
                      activate(hidden, v[f"z{j}"])[0])
        self.each("z", ("v1", "a1", "v2", "a2", "c"), r"v_1\,a_1 + v_2\,a_2 + c",
                  r"<v1>\cdot <a1> + <v2>\cdot <a2> + <c>", v["v1"] * v["a1"] + v["v2"] * v["a2"] + v["c"])
        tex = FUNCTIONS[output][0]
        self.each("y", ("z",), tex.replace("{z}", "z"), tex.replace("{z}", "<z!>"), activate(output, v["z"])[0])
        t, y = v["t"], v["y"]
        many = self.n > 1
        mean = rf"\tfrac{{1}}{{{self.n}}}" if many else ""
        sigma = r"\sum_n " if many else ""
        if loss == "bce":
            p = np.clip(y, EPSILON, 1 - EPSILON)
            self.total("L", ("t", "y"), rf"-{mean}{sigma}\big[t\ln\hat y + (1-t)\ln(1-\hat y)\big]",
                       r"<t>\ln <y> + (1-<t>)\ln(1-<y>)", -(t * np.log(p) + (1 - t) * np.log(1 - p)) / self.n,
                       rf"-{mean}\big[{{}}\big]")
        else:
            factor = r"\tfrac12" if loss == "half" else mean
            scale = 0.5 if loss == "half" else 1 / self.n
            self.total("L", ("t", "y"), rf"{factor}{sigma}(t-\hat y)^2", r"(<t>-<y>)^2", scale * (t - y) ** 2,
                       rf"{factor}\big[{{}}\big]" if many else rf"{factor}{{}}")

    def backward(self, hidden, output, loss):
        v, many = self.v, self.n > 1
        t, y = v["t"], v["y"]
        mean = rf"\tfrac{{1}}{{{self.n}}}" if many else ""
        if loss == "bce":
            inside = (y >= EPSILON) & (y <= 1 - EPSILON)  # beyond, the clipped loss is flat
            slope = np.where(inside, (y - t) / np.where(inside, y * (1 - y), 1) / self.n, 0.0)
            tex, pattern = rf"{mean}\frac{{\hat y-t}}{{\hat y\,(1-\hat y)}}", rf"{mean}\frac{{<y>-<t>}}{{<y>\,(1-<y>)}}"
        else:
            slope = (y - t) * (1 if loss == "half" else 2 / self.n)
            factor = "" if loss == "half" else rf"\tfrac{{2}}{{{self.n}}}" if many else "2"
            tex = rf"{factor}(\hat y-t)" if factor else r"\hat y-t"
            pattern = rf"{factor}\,(<y>-<t>)" if factor else "<y>-<t>"
        self.each("dy", ("y", "t"), tex, pattern, slope)
        self.through("dz", "dy", "z", "y", output)
        for j in (1, 2):
            self.weight(f"dv{j}", "dz", f"a{j}")
        self.weight("dc", "dz", None)
        for j in (1, 2):
            self.each(f"da{j}", ("dz", f"v{j}"), rf"\frac{{\partial L}}{{\partial z}}\cdot\frac{{\partial z}}{{\partial a_{j}}}"
                      rf" = \frac{{\partial L}}{{\partial z}}\cdot v_{j}", rf"<dz>\cdot <v{j}>", v["dz"] * v[f"v{j}"])
        for j in (1, 2):
            self.through(f"dz{j}", f"da{j}", f"z{j}", f"a{j}", hidden)
        for j in (1, 2):
            for i in (1, 2):
                self.weight(f"dw{i}{j}", f"dz{j}", f"x{i}")
            self.weight(f"db{j}", f"dz{j}", None)

    def through(self, name, outer, z, a, function):
        """Through an activation: the outer derivative times f'(z)."""
        slope = FUNCTIONS[function][1]
        letters = slope.replace("{z}", symbol(z)).replace("{a}", symbol(a))
        numbers = slope.replace("{z}", f"<{z}!>").replace("{a}", f"<{a}>")
        tex = (rf"{symbol(outer)}\cdot\frac{{\partial {symbol(a)}}}{{\partial {symbol(z)}}}"
               rf" = {symbol(outer)}\cdot {letters}")
        self.each(name, (outer, z, a), tex, rf"<{outer}>\cdot {numbers}", self.v[outer] * activate(function, self.v[z])[1])

    def weight(self, name, outer, factor):
        """The derivative with respect to a weight: summed over the samples."""
        sigma = r"\sum_n " if self.n > 1 else ""
        z, w = symbol(outer[1:]), symbol(name[1:])
        inner = symbol(factor) if factor else "1"
        tex = (rf"{sigma}{symbol(outer)}\cdot\frac{{\partial {z}}}{{\partial {w}}}"
               rf" = {sigma}{symbol(outer)}\cdot {inner}")
        uses = (outer, factor) if factor else (outer,)
        self.total(name, uses, tex, rf"<{outer}>\cdot <{factor}>" if factor else rf"<{outer}>\cdot 1",
                   self.v[outer] * (self.v[factor] if factor else 1))
