"""The optimizer's frame: learning rate, slots, clipping, weight decay, averages, accumulation. The rules are elsewhere.

`apply` gathers the arrays of all variables and hands them to `update_all`, which for the optimizers of this package is
one compiled call over all of them (tinynet/ops/optimizer_steps.py). An optimizer of your own overrides `update_step`,
one variable at a time, as in Keras.
"""

import operator
import re
import warnings

import numpy as np

from ..config import floatx
from ..naming import to_snake_case
from ..tape import GradientTape, weights_may_change_in_place
from ..tensor import Tensor, Variable, to_array
from . import schedules
from .clipping import clip_each_by_norm, clip_together_by_norm
from .plan import Plan


class Optimizer:
    """Base of all optimizers.

    Args:
        learning_rate: Float, a `schedules.LearningRateSchedule`, or a function without arguments.
        weight_decay: Before each step, w -= learning_rate weight_decay w (decoupled: the gradient does not see it).
        clipnorm: Scale the gradient of each variable to at most this L2 norm.
        clipvalue: Cut the elements of the gradients to [-clipvalue, clipvalue].
        global_clipnorm: Scale all gradients by one factor, so that their common L2 norm is at most this.
        use_ema: Keep an exponential moving average of the weights.
        ema_momentum: average = ema_momentum average + (1 - ema_momentum) w.
        ema_overwrite_frequency: Set the weights to their averages every so many steps; None for only at the end, by
            `finalize_variable_values`.
        loss_scale_factor: `scale_loss` multiplies the loss by it, `apply` divides the gradients.
        gradient_accumulation_steps: Collect the gradients of so many calls, and step with their mean.
        name: For variables and configs.

    Old spellings: `lr` means `learning_rate`; `decay` means learning_rate / (1 + decay t) after t steps.
    """

    slot_names = ()  # the states of one variable; `update_all` gets a list of arrays for each
    hyperparameters = ()  # what `get_config` adds

    def __init__(
        self,
        learning_rate,
        weight_decay=None,
        clipnorm=None,
        clipvalue=None,
        global_clipnorm=None,
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        loss_scale_factor=None,
        gradient_accumulation_steps=None,
        name=None,
        **kwargs,
    ):
        label = type(self).__name__
        if kwargs.get("lr") is not None:
            warnings.warn(
                f"{label}: lr is the old spelling of learning_rate; write {label}(learning_rate=...)",
                DeprecationWarning,
                stacklevel=3,
            )
            learning_rate = kwargs["lr"]
        if kwargs.get("decay"):
            warnings.warn(
                f"{label}: decay={kwargs['decay']} is applied as schedules.InverseTimeDecay(learning_rate, "
                "decay_steps=1, decay_rate=decay), that is learning_rate / (1 + decay * step); pass such a schedule as "
                "learning_rate instead",
                DeprecationWarning,
                stacklevel=3,
            )
            learning_rate = schedules.InverseTimeDecay(_number(learning_rate, label), 1, kwargs["decay"])
        unknown = [key for key in kwargs if key not in ("lr", "decay")]
        if unknown:
            raise ValueError(f"{label}: unknown argument {unknown[0]!r}")
        if sum(limit is not None for limit in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueError(
                f"{label}: only one of clipnorm, clipvalue and global_clipnorm can be set, got clipnorm={clipnorm}, "
                f"clipvalue={clipvalue}, global_clipnorm={global_clipnorm}"
            )
        if gradient_accumulation_steps and not gradient_accumulation_steps >= 2:
            raise ValueError(
                f"{label}: gradient_accumulation_steps must be an int of 2 or more, got {gradient_accumulation_steps}"
            )
        if use_ema and not 0 <= ema_momentum <= 1:
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
        self._variables = []
        self._trainable_variables = []
        self._index = {}  # id of a variable -> its place in _trainable_variables
        self._slots = []  # one list of Variables a slot name
        self._plan = None
        self._not_decayed = lambda variable: False
        self._one_by_one = _overrides_update_step(type(self))
        self._iterations = self._track("iteration", np.zeros((), np.int64))
        if callable(learning_rate):
            self._learning_rate = learning_rate
        else:
            self._learning_rate = self._track("learning_rate", np.asarray(_number(learning_rate, label), floatx()))

    # -- state ---------------------------------------------------------------------------------------------------------

    @property
    def iterations(self):
        """How many steps were done, as a Variable (under gradient accumulation a Tensor: updates of the weights)."""
        if self.gradient_accumulation_steps:
            return Tensor.wrap(self._iterations.data // self.gradient_accumulation_steps)
        return self._iterations

    @property
    def variables(self):
        """All state: the step count, the learning rate if it is a number, then the slots."""
        return list(self._variables)

    @property
    def learning_rate(self):
        """The present learning rate. Assign a number, a schedule or a function to change it."""
        if isinstance(self._learning_rate, Variable):
            return self._learning_rate
        if isinstance(self._learning_rate, schedules.LearningRateSchedule):
            return self._learning_rate(self._iterations)
        return self._learning_rate()

    @learning_rate.setter
    def learning_rate(self, value):
        present = self._learning_rate
        if callable(value):
            self._learning_rate = value
            self._variables = [variable for variable in self._variables if variable is not present]
        elif isinstance(present, Variable):
            present.assign(_number(value, type(self).__name__))
        elif isinstance(present, schedules.LearningRateSchedule):
            raise TypeError(
                f"{type(self).__name__}: the learning rate follows a {type(present).__name__} and cannot be set to "
                "a number; create the optimizer with a number to set it later"
            )
        else:
            self._learning_rate = self._track(
                "learning_rate", np.asarray(_number(value, type(self).__name__), floatx())
            )

    lr = learning_rate  # the old name

    def build(self, variables):
        """Create the slots for these variables; `apply` does it at its first call."""
        if self.built:
            return
        variables = list(variables)
        self._trainable_variables = variables
        self._index = {id(variable): i for i, variable in enumerate(variables)}
        if self.use_ema:
            self._averages = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated = self.add_optimizer_variables(variables, "gradient_accumulator")
        self._slots = [[] for _ in self.slot_names]
        self.add_slots(variables)
        self.built = True

    def add_slots(self, variables):
        """Create one variable a slot name and variable; overridden where slots have other shapes or first values."""
        if self.slot_names:
            self._slots = list(self.add_optimizer_variables(variables, list(self.slot_names)))

    def add_variable(self, shape, initializer="zeros", dtype=None, name=None, **ignored):
        """Add a state of any shape."""
        from .. import initializers

        values = initializers.get(initializer)(tuple(shape), dtype=dtype or floatx())
        return self._track(name or "variable", to_array(values))

    def add_variable_from_reference(self, reference_variable, name=None, initializer="zeros"):
        """Add a state of a variable's shape and dtype, named after it."""
        prefix = reference_variable.path.replace("/", "_")
        return self.add_variable(
            reference_variable.shape, initializer, reference_variable.dtype, f"{prefix}_{name or 'var'}"
        )

    def add_optimizer_variables(self, trainable_variables, name, initializer="zeros"):
        """Add a state for each variable; with a list of names a tuple of lists."""
        names = [name] if isinstance(name, str) else list(name)
        first = (
            [initializer] * len(names) if isinstance(initializer, str) or callable(initializer) else list(initializer)
        )
        lists = tuple([] for _ in names)
        for variable in trainable_variables:
            for states, state_name, start in zip(lists, names, first, strict=True):
                states.append(self.add_variable_from_reference(variable, state_name, start))
        return lists[0] if isinstance(name, str) else lists

    def _track(self, name, value):
        variable = Variable(value, trainable=False, name=name)
        variable.path = f"{self.name}/{name}"
        self._variables.append(variable)
        return variable

    def set_weights(self, weights):
        """Set all state, in the order of `variables`."""
        if len(weights) != len(self._variables):
            raise ValueError(
                f"{type(self).__name__}.set_weights: {len(weights)} arrays for {len(self._variables)} variables; "
                "call build(trainable_variables) first if the optimizer is new"
            )
        for variable, weight in zip(self._variables, weights, strict=True):
            variable.assign(weight)

    def get_weights(self):
        """All state as arrays, in the order of `variables`."""
        return [variable.numpy() for variable in self._variables]

    def save_own_variables(self, store):
        """Put all state into a dict-like store, under "0", "1", ..."""
        for i, variable in enumerate(self._variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store):
        """Take all state from what `save_own_variables` filled."""
        if len(store.keys()) != len(self._variables):
            warnings.warn(
                f"the state of optimizer {self.name!r} is not loaded: it has {len(self._variables)} variables, "
                f"the saved one has {len(store.keys())}" + ("" if self.built else "; build it first"),
                stacklevel=2,
            )
            return
        for i, variable in enumerate(self._variables):
            variable.assign(store[str(i)])

    # -- a step --------------------------------------------------------------------------------------------------------

    def apply_gradients(self, grads_and_vars):
        """One step from pairs (gradient, variable). Returns the step count."""
        grads, variables = zip(*grads_and_vars, strict=True)
        self.apply(grads, variables)
        return self._iterations

    def minimize(self, loss, var_list, tape=None):
        """One step down `loss`: a function without arguments, or a Tensor computed under `tape`."""
        variables = var_list() if callable(var_list) else var_list
        if callable(loss):
            with tape or GradientTape() as tape:
                loss = loss()
        elif tape is None:
            raise ValueError(
                "minimize: a loss that is a Tensor needs the tape it was computed under: "
                "minimize(loss, variables, tape=tape)"
            )
        self.apply(tape.gradient(loss, variables), variables)
        return self._iterations

    def apply(self, grads, trainable_variables=None):
        """One step.

        Args:
            grads: Tensors or arrays, one a variable; None where there is none.
            trainable_variables: The variables, in the same order; those the optimizer was built with if None.

        Raises:
            ValueError: no gradient at all, or a variable that the optimizer was not built with.
        """
        if len(grads) == 0:
            return
        variables = self._trainable_variables if trainable_variables is None else trainable_variables
        gradients = [grad.data if isinstance(grad, Tensor) else grad for grad in grads]
        if (
            not all(type(gradient) is np.ndarray for gradient in gradients)
            or len(gradients) != len(variables)
            or not self.built
        ):
            gradients, variables = self._sort_out(gradients, variables)
        plan = self._plan
        if (
            plan is None
            or len(plan.variables) != len(variables)
            or not all(map(operator.is_, plan.variables, variables))
        ):
            plan = self._plan = Plan(self, variables)
        if not weights_may_change_in_place():
            for variable in plan.variables:  # a tape that is still to be played needs the old values
                variable.data = variable.data.copy()
        if self.loss_scale_factor is not None:
            gradients = [gradient / self.loss_scale_factor for gradient in gradients]
        if self.gradient_accumulation_steps:
            gradients = self._accumulate(plan, gradients)
        if gradients is not None:
            if self.clipnorm or self.global_clipnorm or self.clipvalue:
                gradients = self._clip(gradients)
            self._update(plan, gradients, self._current_rate())
        if self.use_ema:
            self._average()
        for variable in plan.constrained:
            variable.assign(variable.constraint(variable))
        iterations = self._iterations
        iterations.data = iterations.data + 1

    def update_all(self, weights, gradients, slots, learning_rate, decay):
        """The rule: change weights and slots in place.

        Args:
            weights: Arrays of one dtype.
            gradients: Arrays of the same shapes.
            slots: One list of arrays a name in `slot_names`.
            learning_rate: A float.
            decay: learning_rate * weight_decay; first of all, w -= decay * w.
        """
        raise NotImplementedError(f"{type(self).__name__} must override update_step(gradient, variable, learning_rate)")

    def update_step(self, gradient, variable, learning_rate):
        """The rule for one variable, for optimizers of your own: use `assign`, `assign_add` and `assign_sub`."""
        raise NotImplementedError(f"{type(self).__name__} must override update_step(gradient, variable, learning_rate)")

    def assign(self, variable, value):
        """variable = value, in place; for `update_step`."""
        np.copyto(variable.data, to_array(value, variable.data.dtype))

    def assign_add(self, variable, value):
        """variable += value, in place."""
        np.add(variable.data, to_array(value, variable.data.dtype), out=variable.data)

    def assign_sub(self, variable, value):
        """variable -= value, in place."""
        np.subtract(variable.data, to_array(value, variable.data.dtype), out=variable.data)

    def _update(self, plan, gradients, rate):
        if self._one_by_one:
            self._decay(plan.variables, rate)
            for gradient, variable in zip(gradients, plan.variables, strict=True):
                self.update_step(Tensor.wrap(gradient.astype(variable.data.dtype, copy=False)), variable, rate)
            return
        decay = rate * self.weight_decay if self.weight_decay else 0.0
        for group in plan.groups(self.weight_decay is not None):
            weights = [variable.data for variable in group.variables]
            chosen = gradients if group.positions is None else [gradients[i] for i in group.positions]
            for i, gradient in enumerate(chosen):
                if gradient.dtype is not group.dtype:
                    chosen[i] = gradient.astype(group.dtype, copy=False)
            slots = [[state.data for state in slot] for slot in group.slots]
            self.update_all(weights, chosen, slots, rate, decay if group.decays else 0.0)

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

    def _get_variable_index(self, variable):
        return self._index[id(variable)]

    def _sort_out(self, gradients, variables):
        """The unusual: nothing built yet, other lengths, missing gradients, lists instead of arrays."""
        variables = list(variables)
        if not self.built:
            if not variables:
                raise ValueError(
                    f"{type(self).__name__}.apply: give the variables too, or call build(trainable_variables) first"
                )
            self.build(variables)
        if len(gradients) != len(variables):
            raise ValueError(f"{type(self).__name__}.apply: {len(gradients)} gradients for {len(variables)} variables")
        missing = [variable.path for gradient, variable in zip(gradients, variables, strict=True) if gradient is None]
        if len(missing) == len(variables):
            raise ValueError(
                "No gradients provided for any variable: the loss does not depend on them, or was computed outside "
                "the tape"
            )
        if missing:
            warnings.warn(
                f"Gradients do not exist for variables {missing} when minimizing the loss. If using `model.compile()`, "
                "did you forget to provide a `loss` argument?",
                stacklevel=3,
            )
        pairs = [
            (gradient, variable)
            for gradient, variable in zip(gradients, variables, strict=True)
            if gradient is not None
        ]
        return [to_array(gradient, variable.data.dtype) for gradient, variable in pairs], [
            variable for _, variable in pairs
        ]

    # -- options -------------------------------------------------------------------------------------------------------

    def _accumulate(self, plan, gradients):
        """Add to what was collected. The mean when enough is there, else None."""
        sums = [self._accumulated[i] for i in plan.indices]
        for total, gradient in zip(sums, gradients, strict=True):
            total.data += gradient
        steps = self.gradient_accumulation_steps
        if (self._iterations.data.item() + 1) % steps:
            return None
        means = [total.data / total.data.dtype.type(steps) for total in sums]
        for total in self._accumulated:
            total.data[...] = 0
        return means

    def _clip(self, gradients):
        if self.clipnorm and self.clipnorm > 0:
            return clip_each_by_norm(gradients, self.clipnorm)
        if self.global_clipnorm and self.global_clipnorm > 0:
            return clip_together_by_norm(gradients, self.global_clipnorm)
        if self.clipvalue and self.clipvalue > 0:
            return [np.clip(gradient, -self.clipvalue, self.clipvalue) for gradient in gradients]
        return gradients

    def _decay(self, variables, rate):
        if self.weight_decay is None:
            return
        for variable in variables:
            if not self._not_decayed(variable):
                variable.data -= variable.data * (rate * self.weight_decay)

    def exclude_from_weight_decay(self, var_list=None, var_names=None):
        """Name variables that `weight_decay` leaves alone, before the optimizer is built.

        Args:
            var_list: Variables.
            var_names: Strings; variables in whose name one of them occurs.
        """
        if self.built:
            raise ValueError(
                f"{type(self).__name__}.exclude_from_weight_decay: call it before the first step (or build)"
            )
        listed = {id(variable) for variable in var_list or ()}
        pattern = re.compile("|".join(sorted(set(var_names)))) if var_names else None
        self._not_decayed = lambda variable: id(variable) in listed or bool(pattern and pattern.search(variable.name))

    def _average(self):
        first = self._count() == 1
        momentum = 0.0 if first else self.ema_momentum
        for variable, average in zip(self._trainable_variables, self._averages, strict=True):
            average.data = momentum * average.data + (1 - momentum) * variable.data
        if self.ema_overwrite_frequency and self._count() % self.ema_overwrite_frequency == 0:
            self.finalize_variable_values(self._trainable_variables)

    def finalize_variable_values(self, var_list):
        """Set the weights to their moving averages, if `use_ema`; at the end of training."""
        if self.use_ema:
            for variable in var_list:
                variable.assign(self._averages[self._index[id(variable)]])

    def scale_loss(self, loss):
        """The loss times `loss_scale_factor`."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # -- config --------------------------------------------------------------------------------------------------------

    def get_config(self):
        """What `from_config` needs to make this optimizer again, without its state."""
        rate = self._learning_rate
        if isinstance(rate, Variable):
            rate = float(rate.data)
        elif isinstance(rate, schedules.LearningRateSchedule):
            rate = schedules.serialize(rate)
        else:
            rate = getattr(rate, "__name__", None)
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
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            config["learning_rate"] = schedules.deserialize(rate, custom_objects)
        elif isinstance(rate, str):
            if rate not in (custom_objects or {}):
                raise ValueError(
                    f"{cls.__name__}: the learning rate was the function {rate!r}; pass "
                    f"custom_objects={{{rate!r}: ...}}"
                )
            config["learning_rate"] = custom_objects[rate]
        return cls(**config)

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}>"


def _overrides_update_step(cls):
    """Whether a class brings a rule for one variable; the nearest of `update_all` and `update_step` counts."""
    for base in cls.__mro__:
        if "update_all" in vars(base):
            return False
        if "update_step" in vars(base):
            return True
    return False


def _number(value, label):
    if isinstance(value, str | bool) or value is None:
        raise ValueError(f"{label}: learning_rate must be a float, a LearningRateSchedule or a function, got {value!r}")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(
            f"{label}: learning_rate must be a float, a LearningRateSchedule or a function, got {value!r}"
        ) from None
