"""What an optimizer keeps: its options, the learning rate, and the slots of each variable; saving and configs."""

from __future__ import annotations

import inspect
import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import floatx
from ..core.errors import warn_user
from ..core.naming import to_snake_case, unknown_name
from ..core.old_names import note
from ..core.registry import get_registered_object, serialize_function
from ..tensor import Tensor, to_array
from ..variable import Variable
from . import schedules
from .checks import finite

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self

    from ..core.types import Array, Config, DTypeLike, TensorLike
    from .schedules import Rate


class OptimizerState:
    """The state of an optimizer. `Optimizer` (base.py), which documents the arguments, adds the step."""

    slot_names: tuple[str, ...] = ()  # the states of one variable; `update_all` gets a list of arrays for each
    hyperparameters: tuple[str, ...] = ()  # what `get_config` adds

    def __init__(
        self, learning_rate: Rate, weight_decay: float | None = None, clipnorm: float | None = None,
        clipvalue: float | None = None, global_clipnorm: float | None = None, use_ema: bool = False,
        ema_momentum: float = 0.99, ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None, **kwargs: Any,
    ) -> None:
        label = type(self).__name__
        if kwargs.get("lr") is not None:
            note(f"{label}: lr is the old spelling of learning_rate; write {label}(learning_rate=...)")
            learning_rate = kwargs["lr"]
        if kwargs.get("decay"):
            note(
                f"{label}: decay={kwargs['decay']} is applied as schedules.InverseTimeDecay(learning_rate, "
                "decay_steps=1, decay_rate=decay), that is learning_rate / (1 + decay * step); "
                "pass such a schedule as learning_rate instead"
            )
            learning_rate = schedules.InverseTimeDecay(_rate(learning_rate, label), 1, kwargs["decay"])
        unknown = [key for key in kwargs if key not in ("lr", "decay")]
        if unknown:
            raise ValueError(f"{label}: {unknown_name('argument', unknown[0], _arguments(type(self)))}")
        for option, value in (
            ("weight_decay", weight_decay),
            ("clipnorm", clipnorm),
            ("clipvalue", clipvalue),
            ("global_clipnorm", global_clipnorm),
            ("loss_scale_factor", loss_scale_factor),
        ):
            if value is not None:
                finite(value, self, option)
        if sum(limit is not None for limit in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueError(
                f"{label}: only one of clipnorm, clipvalue and global_clipnorm can be set, got clipnorm={clipnorm}, "
                f"clipvalue={clipvalue}, global_clipnorm={global_clipnorm}"
            )
        steps = gradient_accumulation_steps
        if steps and (not isinstance(steps, numbers.Integral) or steps < 2):
            raise ValueError(f"{label}: gradient_accumulation_steps must be an int of 2 or more, got {steps!r}")
        if use_ema and not 0 <= finite(ema_momentum, self, "ema_momentum") <= 1:
            raise ValueError(f"{label}: ema_momentum must be from 0 to 1, got {ema_momentum}")
        if (
            use_ema
            and ema_overwrite_frequency
            and (not isinstance(ema_overwrite_frequency, int) or ema_overwrite_frequency < 1)
        ):
            raise ValueError(
                f"{label}: ema_overwrite_frequency must be an int of 1 or more, or None, got {ema_overwrite_frequency}"
            )
        self.name = name or to_snake_case(label)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.built = False
        self._variables: list[Variable] = []
        self._trainable_variables: list[Variable] = []
        self._index: dict[int, int] = {}  # id of a variable -> its index in _trainable_variables
        self._slots: list[Any] = []  # one list of Variables a slot name
        self._iterations = self._track("iteration", np.zeros((), np.int64))
        self._learning_rate: Any
        if callable(learning_rate):
            self._learning_rate = learning_rate
        else:
            self._learning_rate = self._track("learning_rate", np.asarray(_rate(learning_rate, label), floatx()))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy, or what was pickled: its variables are other objects."""
        self.__dict__.update(state)
        self._index = {id(variable): i for i, variable in enumerate(self._trainable_variables)}

    # -- state ---------------------------------------------------------------------------------------------------------

    @property
    def iterations(self) -> Tensor:
        """How many steps were done, as a Variable (with gradient accumulation a Tensor: updates of the weights)."""
        if self.gradient_accumulation_steps:
            return Tensor.wrap(self._iterations.data // self.gradient_accumulation_steps)
        return self._iterations

    @property
    def variables(self) -> list[Variable]:
        """All state: the step count, the learning rate if it is a number, then the slots."""
        return list(self._variables)

    @property
    def learning_rate(self) -> Any:
        """The present learning rate, a Variable if it is a number. A number, a schedule or a function can be assigned.

        Raises:
            TypeError: (when a number is assigned) the learning rate follows a schedule.
            ValueError: (when assigned) it is neither a number, a schedule nor a function.
        """
        if isinstance(self._learning_rate, Variable):
            return self._learning_rate
        if isinstance(self._learning_rate, schedules.LearningRateSchedule):
            return self._learning_rate(self._iterations)
        return self._learning_rate()

    @learning_rate.setter
    def learning_rate(self, value: Rate) -> Any:
        present = self._learning_rate
        if callable(value):
            self._learning_rate = value
            self._variables = [variable for variable in self._variables if variable is not present]
        elif isinstance(present, Variable):
            present.assign(_rate(value, type(self).__name__))
        elif isinstance(present, schedules.LearningRateSchedule):
            raise TypeError(
                f"{type(self).__name__}: the learning rate follows a {type(present).__name__} and cannot be set to "
                "a number; create the optimizer with a number to set it later"
            )
        else:
            self._learning_rate = self._track(
                "learning_rate", np.asarray(_rate(value, type(self).__name__), floatx())
            )

    lr = learning_rate  # the old name

    def _current_rate(self):
        rate = self._learning_rate
        if type(rate) is Variable:
            return rate.data.item()
        if isinstance(rate, schedules.LearningRateSchedule):
            if type(rate).__call__ is schedules.LearningRateSchedule.__call__:
                return rate.at(self._iterations.data.item())
            return float(rate(self._iterations))
        return float(rate())

    def _count(self):
        """The number of the coming update, from 1."""
        done = self._iterations.data.item()
        return (done // self.gradient_accumulation_steps if self.gradient_accumulation_steps else done) + 1

    def build(self, variables: Iterable[Variable]) -> None:
        """Create the slots for these variables; `apply` does it at its first call.

        Args:
            variables: The variables to train.

        Raises:
            TypeError: something is not a Variable.
        """
        if self.built:
            return
        variables = list(variables)
        for variable in variables:
            if not isinstance(variable, Variable):
                raise TypeError(
                    f"{self.name}: expected Variables to train, got {type(variable).__name__}; apply_gradients takes "
                    "pairs (gradient, variable), in this order"
                )
        self._trainable_variables = variables
        self._index = {id(variable): i for i, variable in enumerate(variables)}
        if self.use_ema:
            self._averages = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated = self.add_optimizer_variables(variables, "gradient_accumulator")
        self._slots = [[] for _ in self.slot_names]
        self.add_slots(variables)
        self.built = True

    def add_slots(self, variables: Sequence[Variable]) -> None:
        """Create one state for each slot name and variable; overridden where slots have other shapes or first values.

        Args:
            variables: The variables to train.
        """
        if self.slot_names:
            self._slots = list(self.add_optimizer_variables(variables, list(self.slot_names)))

    def add_variable(
        self, shape: Sequence[int], initializer: Any = "zeros", dtype: DTypeLike = None, name: str | None = None,
        **ignored: Any,
    ) -> Variable:
        """Add a state of any shape.

        Args:
            shape: Its shape.
            initializer: Name, object or function that makes the first values.
            dtype: Element type; `floatx()` if None.
            name: For files.
            **ignored: Further arguments of Keras, without effect.

        Returns:
            The Variable.
        """
        from .. import initializers

        values = initializers.get(initializer)(tuple(shape), dtype=dtype or floatx())
        return self._track(name or "variable", to_array(values))

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros",
    ) -> Variable:
        """Add a state of a variable's shape and dtype, named after it.

        Args:
            reference_variable: The variable.
            name: Added to the variable's name.
            initializer: Name, object or function that makes the first values.

        Returns:
            The Variable.
        """
        prefix = reference_variable.path.replace("/", "_")
        return self.add_variable(
            reference_variable.shape, initializer, reference_variable.dtype, f"{prefix}_{name or 'var'}"
        )

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: str | Sequence[str], initializer: Any = "zeros",
    ) -> Any:
        """Add a state for each variable.

        Args:
            trainable_variables: The variables.
            name: Added to the variable's name; several names add several states a variable.
            initializer: Name, object or function that makes the first values; with several names also a list of them.

        Returns:
            List of Variables; with several names a tuple of lists.
        """
        names = [name] if isinstance(name, str) else list(name)
        first = (
            [initializer] * len(names) if isinstance(initializer, str) or callable(initializer) else list(initializer)
        )
        lists: tuple[list[Variable], ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for states, state_name, start in zip(lists, names, first, strict=True):
                states.append(self.add_variable_from_reference(variable, state_name, start))
        return lists[0] if isinstance(name, str) else lists

    def _track(self, name, value):
        variable = Variable(value, trainable=False, name=name)
        variable.path = f"{self.name}/{name}"
        self._variables.append(variable)
        return variable

    def set_weights(self, weights: Sequence[TensorLike]) -> None:
        """Set all state, in the order of `variables`.

        Args:
            weights: Arrays.

        Raises:
            ValueError: their number is not that of `variables`.

        >>> old, new = tn.optimizers.SGD(0.5), tn.optimizers.SGD()
        >>> new.set_weights(old.get_weights())
        >>> new.learning_rate.item()
        0.5
        """
        if len(weights) != len(self._variables):
            raise ValueError(
                f"{type(self).__name__}.set_weights: {len(weights)} arrays for {len(self._variables)} variables; "
                "call build(trainable_variables) first if the optimizer is new"
            )
        for variable, weight in zip(self._variables, weights, strict=True):
            variable.assign(weight)

    def get_weights(self) -> list[Array]:
        """Return all state as arrays, in the order of `variables`.

        >>> weight, optimizer = Variable([1.0, 2.0]), tn.optimizers.SGD(0.5, momentum=0.9)
        >>> optimizer.apply([Tensor([2.0, -2.0])], [weight])
        >>> [array.tolist() for array in optimizer.get_weights()]  # steps, learning rate, momentum
        [1, 0.5, [-1.0, 1.0]]
        """
        return [variable.numpy() for variable in self._variables]

    def save_own_variables(self, store: Any) -> None:
        """Write all state to a dict-like store, under the keys "0", "1", ...

        Args:
            store: A mapping.
        """
        for i, variable in enumerate(self._variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Read all state from what `save_own_variables` filled; a store of another size is ignored with a warning.

        Args:
            store: A mapping.
        """
        if len(store.keys()) != len(self._variables):
            warn_user(
                f"the state of optimizer {self.name!r} is not loaded: it has {len(self._variables)} variables, "
                f"the saved one has {len(store.keys())}" + ("" if self.built else "; build it first"),
                UserWarning,
            )
            return
        for i, variable in enumerate(self._variables):
            variable.assign(store[str(i)])

    def _get_variable_index(self, variable):
        return self._index[id(variable)]

    # -- config --------------------------------------------------------------------------------------------------------

    def get_config(self) -> Config:
        """Return the constructor's arguments, from which `from_config` makes this optimizer again, without its state.

        >>> tn.optimizers.SGD(0.1, momentum=0.9).get_config()["momentum"]
        0.9
        """
        rate = self._learning_rate
        if isinstance(rate, Variable):
            rate = float(rate.data)
        elif isinstance(rate, schedules.LearningRateSchedule):
            rate = schedules.serialize(rate)
        else:
            rate = serialize_function(rate)["config"]
        common = (
            "weight_decay",
            "clipnorm",
            "global_clipnorm",
            "clipvalue",
            "use_ema",
            "ema_momentum",
            "ema_overwrite_frequency",
            "loss_scale_factor",
            "gradient_accumulation_steps",
        )
        names = (*common, *self.hyperparameters)
        return {"name": self.name, "learning_rate": rate, **{name: getattr(self, name) for name in names}}

    @classmethod
    def from_config(cls, config: Config, custom_objects: dict[str, Any] | None = None) -> Self:
        """Make an optimizer from what `get_config` returned.

        Args:
            config: The dict.
            custom_objects: {name: class or function} of a schedule, or of a function that was the learning rate.

        Returns:
            A new optimizer, without state.

        Raises:
            ValueError: the learning rate was a function, which `custom_objects` does not have.
        """
        config = dict(config)
        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            config["learning_rate"] = schedules.deserialize(rate, custom_objects)
        elif isinstance(rate, str):
            found = get_registered_object(rate, custom_objects)
            if found is None:
                raise ValueError(
                    f"{cls.__name__}: the learning rate was the function {rate!r}; pass "
                    f"custom_objects={{{rate!r}: ...}}"
                )
            config["learning_rate"] = found
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _arguments(cls):
    """The names of all arguments of an optimizer, for the error about one that it does not have."""
    return {
        name
        for base in cls.__mro__
        if "__init__" in vars(base) and issubclass(base, OptimizerState)
        for name in inspect.signature(base.__init__).parameters
        if name not in ("self", "kwargs")
    }


def _rate(value, label):
    if isinstance(value, str | bool) or value is None:
        raise ValueError(f"{label}: learning_rate must be a float, a LearningRateSchedule or a function, got {value!r}")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(
            f"{label}: learning_rate must be a float, a LearningRateSchedule or a function, got {value!r}"
        ) from None
