"""Whether a call of the user's own does the same operations in every step: found by reading its source.

    class Block(Layer):
        def call(self, x):                          every name in it is looked up, every statement looked at
            y = self.bn(self.conv(x))               self.conv and self.bn are layers: they are called again
            return tf.nn.relu(y + x)                tf.nn.relu is an operation of tinynet

A step that is run from a recording runs no Python. So what Python does in `call` must have no effect but the operations
that it calls, and may depend only on what stays as it is. What may change unseen is written down (`Facts`), and
compared before each step: global names, closures, class attributes, lists of layers. Attributes of layers need not be
compared in a recording, since setting one is noticed (layers/base_weights.py).

The reading accepts what it knows and refuses all else, with the line and the reason. It looks at the code, not at
values: an `if` on a number of a Tensor is found while the step runs (tinynet/tensor.py). Functions and methods of the
user's own that are called are read in the same way. `Reader` looks names up, readable_body.py reads the statements of a
function, readable_names.py has the lists of what may be used.
"""

from __future__ import annotations

import builtins
import types
from collections.abc import Callable
from typing import Any

from ..layers.base import Layer
from ..seeds import SeedGenerator
from . import readable_names as names
from .readable_body import Body
from .readable_names import ANY, FRESH, OWN, Fixed, Super, is_tinynets
from .readable_source import Unreadable

_DEEPEST = 12  # functions that call each other
_MISSING = object()


class Facts:
    """What a call depends on beside its arguments, and what may change without notice.

    Attributes:
        attributes: (layer, or None for the layer whose call was read; name; object) of attributes that were read.
        layers, kept: The layers, and the Tensors that are no variables, which the call uses.
        reads_shapes: Whether the Python code may depend on the lengths of the inputs' axes.
        draws: Whether it uses a generator of random numbers.
    """

    def __init__(self) -> None:
        self.attributes: list[tuple[Any, str, Any]] = []
        self.layers: list[Any] = []
        self.kept: list[Any] = []
        self.reads_shapes = self.draws = False
        self._names: dict[Any, tuple[Callable[..., Any], tuple[Any, ...], Any]] = {}
        self._containers: dict[int, tuple[Any, list[Any]]] = {}

    def add_name(self, owner: Any, name: str, value: Any = _MISSING) -> None:
        """What a name in a dict or a class stands for, or an attribute of another object, such as a closure's cell."""
        place = vars(owner) if isinstance(owner, type) else owner
        if isinstance(place, dict | types.MappingProxyType):
            self._names[id(owner), name] = place.get, (name, _MISSING), value
        else:
            self._names[id(owner), name] = owner.__getattribute__, (name,), value

    def add_container(self, container: Any) -> None:
        """A list, set or dict, whose contents may change in their place."""
        self._containers[id(container)] = container, _contents(container)

    def hold(self) -> bool:
        """Whether all but the attributes of layers is as it was."""
        try:
            for get, name, value in self._names.values():
                if get(*name) is not value:
                    return False
        except (AttributeError, ValueError):  # deleted
            return False
        return all(_same(_contents(container), known) for container, known in self._containers.values())

    def attributes_hold(self, owner: Any) -> bool:
        """Whether the attributes of layers are as they were, too. `owner` is the layer whose call was read."""
        return all(vars(owner if layer is None else layer).get(name, _MISSING) is value
                   for layer, name, value in self.attributes)


def _contents(container: Any) -> list[Any]:
    return [*container, *container.values()] if isinstance(container, dict) else [*container]


def _same(one: list[Any], other: list[Any]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


class Reading:
    """What was found by reading.

    Args:
        owner: The layer, or another object whose call is read.
        read: Function that reads it with a Reader.

    Attributes:
        reason: Why the call has to run in Python in every step; "" if it need not.
        facts: What it depends on.
    """

    __slots__ = ("_owner", "facts", "reason")

    def __init__(self, owner: Any, read: Callable[[Reader], Any]) -> None:
        self.facts, self.reason = Facts(), ""
        self._owner = id(owner)  # no reference: a layer keeps its reading
        try:
            read(Reader(owner, self.facts))
        except Unreadable as error:
            self.reason = str(error)
        except RecursionError:
            self.reason = "its code is nested too deeply"

    def holds_for(self, owner: Any) -> bool:
        """Whether it is of this object, and nothing has changed since."""
        return self._owner == id(owner) and self.facts.hold() and self.facts.attributes_hold(owner)

    def __reduce__(self) -> Any:
        return type(None), ()  # of a copy of a layer nothing has been read yet


def reading_of_call(layer: Any) -> Reading:
    """Read the `call` of a layer, and the methods of its class that tinynet's classes may call."""
    known = vars(layer).get("_own_reading")
    if known is None or not known.holds_for(layer):
        known = vars(layer)["_own_reading"] = Reading(layer, Reader.read_class)
    return known


def reading_of_object(loss: Any) -> Reading:
    """The same of an object that is no layer, such as a loss of the user's own class."""
    return Reading(loss, Reader.read_class)


def reading_of_function(function: Any) -> Reading:
    """Read a function, such as an activation or a loss of the user's own."""
    return Reading(function, lambda reader: reader.called(reader.checked(function, "", None), [], {}, None))


class Reader:
    """Reads the functions that a call consists of.

    Args:
        owner: The layer, or another object whose call is read.
        facts: Where to write down what they depend on.
    """

    def __init__(self, owner: Any, facts: Facts) -> None:
        self.owner, self.facts = owner, facts
        self._results: dict[Any, Any] = {}  # what functions return; of those under way ANY
        self.depth = 0

    def read_class(self) -> None:
        """The class of the owner: `call`, and what else of tinynet's classes it replaces."""
        base = next(cls for cls in type(self.owner).__mro__ if is_tinynets(cls))
        for cls in type(self.owner).__mro__:
            if is_tinynets(cls) or cls is object:
                continue
            for name, value in [*vars(cls).items()]:
                if name in names.REFUSED_METHODS:
                    raise Unreadable(f"{cls.__name__} has a {name} of its own")
                inherited = name in names.HOOKS or hasattr(base, name) and name not in names.NOT_IN_A_STEP
                if inherited and isinstance(value, types.FunctionType | property | staticmethod | classmethod):
                    self._read_method(name)
        self._read_method("call")

    def _read_method(self, name: str) -> None:
        found = self.of_attribute(Fixed(self.owner), name, None)
        if isinstance(found, Fixed):
            self.called(found, [], {}, None)

    # -- functions -----------------------------------------------------------------------------------------------

    def called(self, function: Any, arguments: list[Any], keywords: dict[str, Any], where: Any) -> Any:
        """The kind of what a call returns.

        Args:
            function: The kind of what is called.
            arguments, keywords: The kinds of the arguments.
            where: (function, line) of the call.
        """
        if not isinstance(function, Fixed):
            return FRESH  # an element of a list that was looked at: a layer or an operation
        value = function.value
        if isinstance(value, types.MethodType):
            if not is_tinynets(value.__func__):
                method: Any = value.__func__
                return self._read(method, [Fixed(value.__self__), *arguments], keywords)
            if value.__name__ in names.METHODS:
                return FRESH
        elif isinstance(value, types.FunctionType) and not is_tinynets(value):
            return self._read(value, arguments, keywords)
        elif isinstance(value, Layer):
            return FRESH
        elif names.is_operation(value):
            if value.__name__ in names.OF_SHAPES:
                self.facts.reads_shapes = True
            return ANY if value in (builtins.max, builtins.min) else FRESH
        elif any(value is one for one in names.MAKES_CONTAINERS):
            return OWN
        elif isinstance(value, type) and issubclass(value, BaseException):
            return FRESH
        raise Unreadable(f"{_in(where)}calls {names.name_of(value)}")

    def _read(self, function: types.FunctionType, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """Read a function of the user's own; returns the kind of its result."""
        key = (function, *map(_key, arguments), *((name, _key(kind)) for name, kind in keywords.items()))
        if key in self._results:
            return self._results[key]
        if self.depth >= _DEEPEST:
            raise Unreadable(f"{_short(function)} is one of many functions that call each other")
        for default in [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]:
            if not names.is_plain(default):
                raise Unreadable(f"{_short(function)} has a default that is no plain value")
        self._results[key] = ANY
        self.depth += 1
        result = self._results[key] = Body(self, function, arguments, keywords).run()
        self.depth -= 1
        return result

    # -- names and attributes ------------------------------------------------------------------------------------

    def of_name(self, function: types.FunctionType, name: str, where: Any) -> Any:
        """What a name that is not local stands for."""
        code = function.__code__
        if name in code.co_freevars:
            cell = (function.__closure__ or ())[code.co_freevars.index(name)]
            try:
                value = cell.cell_contents
            except ValueError:
                raise Unreadable(f"{_in(where)}uses {name}, which has no value yet") from None
            self.facts.add_name(cell, "cell_contents", value)
        elif name in function.__globals__:
            value = function.__globals__[name]
            self.facts.add_name(function.__globals__, name, value)
        elif hasattr(builtins, name):
            value = getattr(builtins, name)
            self.facts.add_name(function.__globals__, name)
            self.facts.add_name(vars(builtins), name, value)
        else:
            raise Unreadable(f"{_in(where)}uses {name}, which has no value yet")
        return self.checked(value, name, where)

    def checked(self, value: Any, name: str, where: Any, depth: int = 0) -> Any:
        """`Fixed(value)`, if it is of a kind that a step may depend on."""
        if type(value) in (list, dict, set, tuple):
            if depth > 6 or len(value) > 10000:
                raise Unreadable(f"{_in(where)}uses {name}, a large or deep structure")
            if type(value) is not tuple:
                self.facts.add_container(value)
            for part in _contents(value):
                self.checked(part, name, where, depth + 1)
        elif isinstance(value, Layer):
            self.facts.layers.append(value)
        elif isinstance(value, SeedGenerator):
            self.facts.draws = True
        elif names.is_kept(value):
            self.facts.kept.append(value)
            self.facts.add_name(value, "data", value.data)
        elif isinstance(value, types.FunctionType) and not is_tinynets(value) and depth == 0:
            pass  # read where it is called, or given to another function
        elif not names.may_be_used(value):
            is_code = isinstance(value, type | types.FunctionType | types.BuiltinFunctionType | types.MethodType)
            what = names.name_of(value) if is_code else f"{name}, an object of {type(value).__name__}"
            raise Unreadable(f"{_in(where)}uses {what}")
        return Fixed(value)

    def of_attribute(self, base: Any, name: str, where: Any) -> Any:
        """The kind of an attribute."""
        if not isinstance(base, Fixed):
            if name in names.OF_SHAPES:
                self.facts.reads_shapes = True
            if name not in names.OF_VALUES and name not in names.CHANGES_A_CONTAINER:
                raise Unreadable(f"{_in(where)}uses .{name}")
            return ANY if name in names.GIVES_PARTS else FRESH
        value = base.value
        if isinstance(value, Super):
            mro = type(value.bound).__mro__
            return self._of_class(value.bound, name, where, mro[mro.index(value.cls) + 1:])
        if names.is_namespace(value):
            found = getattr(value, name, _MISSING)
            if found is _MISSING:
                raise Unreadable(f"{_in(where)}uses {name}, which has no value yet")
            if isinstance(value, types.ModuleType) and name in vars(value):
                self.facts.add_name(vars(value), name, found)
            return self.checked(found, name, where)
        if isinstance(value, Layer) or value is self.owner:
            own, layer = vars(value), None if value is self.owner else value
            self.facts.attributes.append((layer, name, own.get(name, _MISSING)))
            if name in own:
                return self.checked(own[name], f"{'self' if layer is None else layer.name}.{name}", where)
            return self._of_class(value, name, where, type(value).__mro__)
        return self.of_attribute(ANY, name, where)

    def _of_class(self, bound: Any, name: str, where: Any, classes: Any) -> Any:
        """An attribute that one of an object's classes has."""
        for cls in classes:
            ours = is_tinynets(cls)
            found = vars(cls).get(name, _MISSING)
            if not ours and cls is not object:
                self.facts.add_name(cls, name, found)
            if found is _MISSING:
                continue
            if isinstance(found, property):
                if ours and name in names.PROPERTIES:
                    return FRESH
                if ours and name == "layers" and type(bound)._sublayers is Layer._sublayers:
                    self.checked(vars(bound)["_children"], "self.layers", where)
                    return ANY
                if not ours and found.fget is not None:
                    return self.called(Fixed(found.fget), [Fixed(bound)], {}, where)
            elif isinstance(found, staticmethod):
                return self.checked(found.__func__, name, where)
            elif isinstance(found, types.FunctionType):
                if not ours or name in names.METHODS:
                    return Fixed(types.MethodType(found, bound))
            elif not hasattr(type(found), "__get__"):
                return self.checked(found, name, where)
            raise Unreadable(f"{_in(where)}uses self.{name}")
        if isinstance(bound, Layer) and not bound.built:
            return ANY  # `build` may set it: then the call is read again
        raise Unreadable(f"{_in(where)}uses self.{name}, which has no value yet")


def _key(kind: Any) -> Any:
    return (id(kind.value), "fixed") if isinstance(kind, Fixed) else kind


def _in(where: Any) -> str:
    return "" if where is None else f"{_short(where[0])}, line {where[1]}, "


def _short(function: Any) -> str:
    return function.__qualname__.rpartition("<locals>.")[2]
