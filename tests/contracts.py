"""Contracts of the kind: what every class of a family must satisfy, today's and those to come.

A family is a package such as `tinynet.optimizers`. `classes_in` finds every public class that one of its modules
defines, also one that is missing from `__all__`. `variants` constructs each class with EVERY argument set to a value
that is not its default, so that an argument which the saved configuration forgets makes a difference.
"""

import importlib
import inspect
import json
import pkgutil

import numpy as np

REQUIRED = inspect.Parameter.empty
_FLOATS = 0.25, 0.5  # exact in float32, between 0 and 1: most arguments allow them


# --- what a family consists of --------------------------------------------------------------------------------------


def modules_of(package):
    """The package itself and its modules, without those of packages inside it."""
    if not hasattr(package, "__path__"):
        return [package]
    names = [found.name for found in pkgutil.iter_modules(package.__path__)
             if not found.ispkg and found.name.isidentifier()]  # not the lessons, 03_momentum.py
    return [package, *(importlib.import_module(f"{package.__name__}.{name}") for name in names)]


def defined_in(module):
    """{name: class or function} of the public ones that a module itself defines; second names are left out."""
    return {name: item for name, item in vars(module).items()
            if name[:1] != "_" and (inspect.isclass(item) or inspect.isfunction(item))
            and item.__module__ == module.__name__ and item.__name__ == name}


def classes_in(package, base):
    """The public subclasses of `base` (and `base` itself) that the package's modules define, sorted by name."""
    found = {item for module in modules_of(package) for item in defined_in(module).values()
             if inspect.isclass(item) and issubclass(item, base)}
    return sorted(found, key=lambda cls: cls.__name__)


# --- arguments off their defaults -----------------------------------------------------------------------------------


def arguments_of(cls):
    """{argument: default} of a constructor; `**kwargs` stands for the arguments of the next constructor upwards."""
    found = {}
    for base in cls.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        parameters = list(inspect.signature(base.__init__).parameters.values())[1:]
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                found.setdefault(parameter.name, parameter.default)
        if not any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters):
            break
    return found


def off_default(cls, argument, default, values):
    """A value for an argument that is not its default.

    Args:
        cls: The class.
        argument: The argument's name.
        default: Its default, or REQUIRED.
        values: {'Class.argument' or 'argument': value}, for arguments whose value cannot be guessed from the default.

    Raises:
        AssertionError: no value is known, or the one in `values` is the default.
    """
    for key in (f"{cls.__name__}.{argument}", argument):
        if key in values:
            value = values[key]
            break
    else:
        if isinstance(default, bool):
            value = not default
        elif isinstance(default, int):
            value = default + 1
        elif isinstance(default, float):
            value = next(number for number in _FLOATS if number != default)
        else:
            raise AssertionError(f"{cls.__name__}: no value is known for the argument {argument!r} (default "
                                 f"{default!r}). Add '{argument}' or '{cls.__name__}.{argument}' to the test's VALUES")
    assert type(value) is not type(default) or value != default, f"{cls.__name__}.{argument}: {value!r} is the default"
    return value


def variants(cls, values, exclusive=()):
    """Dicts of constructor arguments, all off their defaults; together they hold every argument.

    Args:
        cls: The class.
        values: See `off_default`.
        exclusive: Groups of arguments of which only one may be set; one dict for each of them.
    """
    chosen = {name: off_default(cls, name, default, values) for name, default in arguments_of(cls).items()}
    dicts = [chosen]
    for group in exclusive:
        present = [name for name in group if name in chosen]
        if len(present) > 1:
            dicts = [{name: value for name, value in one.items() if name not in present or name == kept}
                     for one in dicts for kept in present]
    assert set().union(*dicts) == set(chosen)
    return dicts


# --- the saved configuration ----------------------------------------------------------------------------------------


def plain(value):
    """A value as it stands in a file: objects as dicts, tuples as lists, NumPy's numbers as Python's."""
    from tinynet.serialization import serialize_keras_object

    return json.loads(json.dumps(serialize_keras_object(value)))


def assert_config_holds(instance, arguments, unsaved=(), stored=None):
    """`get_config` has every argument, with the value that was passed.

    Args:
        instance: Made with `arguments`.
        arguments: {name: value}.
        unsaved: Arguments that a configuration does not hold, on purpose.
        stored: {name: value in the configuration} where it is not the value that was passed.
    """
    config, stored = plain(instance.get_config()), stored or {}
    for name, value in arguments.items():
        if name in unsaved:
            continue
        assert name in config, f"{type(instance).__name__}.get_config() does not hold the argument {name!r}"
        expected = plain(stored.get(name, value))
        assert config[name] == expected, (
            f"{type(instance).__name__}.get_config() holds {name}={config[name]!r}, it was made with {expected!r}")


def copies_of(instance, family, custom_objects=None):
    """The copies that `from_config`, and the family's `serialize` and `deserialize` through JSON, make.

    Args:
        instance: The original.
        family: Module with `serialize` and `deserialize`.
        custom_objects: Classes that the family does not know, by name.
    """
    saved = json.loads(json.dumps(plain(family.serialize(instance))))
    copies = [type(instance).from_config(instance.get_config()), family.deserialize(saved, custom_objects)]
    for copy in copies:
        assert type(copy) is type(instance)
        assert plain(copy.get_config()) == plain(instance.get_config())
    return copies


def assert_same_behaviour(original, copies, behaviour):
    """`behaviour(object)` is a list of arrays; the copies' have the same bits as the original's."""
    expected = [np.asarray(part) for part in behaviour(original)]
    assert expected
    for copy in copies:
        for part, other in zip(expected, behaviour(copy), strict=True):
            np.testing.assert_array_equal(np.asarray(other), part)


def assert_findable(cls, package, table=None):
    """A class of the family is a name of its package, in `__all__`, and is found by its name."""
    name = cls.__name__
    assert getattr(package, name, None) is cls, f"{cls.__module__}.{name} is not imported in {package.__name__}"
    assert name in package.__all__, f"{name} is missing from {package.__name__}.__all__"
    if table is not None:
        assert table.get(name, table.get(name.lower())) is cls, f"{package.__name__} does not find the name {name!r}"
