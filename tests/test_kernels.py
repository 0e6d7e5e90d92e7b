"""What holds for every compiled kernel, whoever wrote it and whatever tests of its own it has.

Each name of tinynet/reference.py has calls in tests/kernel_calls/. They are made on 1 to 8 threads, on every
instruction set, without elements, in every memory layout, and with a NaN or an infinity in each argument.
"""

import inspect
from types import SimpleNamespace

import numpy as np
import pytest
from checks import assert_same_bits_on_any_threads, assert_same_values, available_isas, isa
from kernel_calls import EQUAL, KERNELS, Numbers, Rounding, argument_names, call, changed_arrays, is_changed
from strategies import DTYPES, LAYOUTS, in_layout

from tinynet import _native, reference

pytestmark = pytest.mark.filterwarnings("ignore:Mean of empty slice")  # the references of empty arrays

NAMES = sorted(set(reference.__all__) & set(KERNELS))
every_kernel = pytest.mark.parametrize("name", NAMES)
every_type = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)


def arguments_of(name, shape, dtype, whole=None):
    kernel = KERNELS[name]
    made = kernel.arguments(Numbers(dtype, kernel.whole if whole is None else whole), *shape)
    unknown = set(made) - set(argument_names(name))
    assert not unknown, f"tests/kernel_calls/ gives {name} the arguments {unknown}, which it does not have"
    return made


def with_arrays(f, value):
    """`value` with f(array) in place of each array: in a dict of arguments, and in the lists of a step."""
    if isinstance(value, dict):
        return {name: with_arrays(f, part) for name, part in value.items()}
    if isinstance(value, list):
        return [with_arrays(f, part) for part in value]
    return f(value) if isinstance(value, np.ndarray) else value


def is_float(array):
    return array.dtype.kind == "f"


def copied(arguments):
    return with_arrays(np.copy, arguments)


def in_float64(arguments):
    return with_arrays(lambda array: array.astype(np.float64) if is_float(array) else array.copy(), arguments)


def arrays_of(arguments):
    """(name, array) of all arrays, those in lists too."""
    found = []
    for name, value in arguments.items():
        found += [(name, array) for array in (value if isinstance(value, list) else [value])
                  if isinstance(array, np.ndarray)]
    return found


def in_place_of_none(argument, array):
    """An array with which the results are the same as without one."""
    return np.ones_like(array) if argument in ("gamma", "mask", "recurrent_mask") else np.zeros_like(array)


def is_unbounded(name, shape):
    return any(part in KERNELS[name].unbounded for part in shape if isinstance(part, str))


class Expected:
    """The reference's results for one call, and how far a kernel's may be from them."""

    def __init__(self, name, shape, dtype, without=None):
        """`without`: the name of an argument that is None instead."""
        self.name, self.where = name, f"{name}{shape} {np.dtype(dtype)}" + (f" without {without}" if without else "")
        self.arguments = arguments_of(name, shape, dtype)
        for_bound = in_float64(self.arguments)
        if without is not None:
            for_bound[without] = in_place_of_none(without, for_bound[without])
            self.arguments[without] = None
        with np.errstate(all="ignore"):
            exact = call(reference, name, in_float64(self.arguments))
            bounds = KERNELS[name].bound(SimpleNamespace(**for_bound), exact, Rounding(dtype))
        assert len(bounds) == len(exact), f"{self.where}: {len(bounds)} bounds of {len(exact)} results"
        same_type = call(reference, name, copied(self.arguments)) if any(bound is EQUAL for bound in bounds) else exact
        # Below the normal range a kernel may flush what it adds up.
        tiny = 1000 * float(np.finfo(dtype).tiny)
        self.results = [(same, EQUAL) if bound is EQUAL else (right, np.broadcast_to(bound, right.shape) + tiny)
                        for same, right, bound in zip(same_type, exact, bounds, strict=True)]
        self.types = [np.dtype(dtype) if right.dtype == np.float64 else right.dtype for right in exact]

    def check(self, module=_native):
        actual = call(module, self.name, copied(self.arguments))
        assert len(actual) == len(self.results), f"{self.where}: {len(actual)} results, expected {len(self.results)}"
        for i, (got, (right, allowed), dtype) in enumerate(zip(actual, self.results, self.types, strict=True)):
            where = f"{self.where}, result {i}"
            assert got.shape == right.shape and got.dtype == dtype, (
                f"{where}: {got.dtype} {got.shape}, expected {dtype} {right.shape}")
            if allowed is EQUAL:
                np.testing.assert_array_equal(got, right, err_msg=where)
                continue
            error = np.abs(got.astype(np.float64) - right)
            wrong = ~(error <= allowed) & ~(np.isnan(got) & np.isnan(right))  # NaN: the mean of nothing
            assert not wrong.any(), f"{where}: error {np.max(error[wrong])}, {np.max((error / allowed)[wrong])} bounds"


def test_every_kernel_has_calls():
    missing = sorted(set(reference.__all__) - set(KERNELS))
    assert not missing, (
        f"no calls of {missing}: add an entry to KERNELS of its family in tests/kernel_calls/, with sizes on both "
        "sides of the kernel's blocks and vectors. Threads, instruction sets, empty arrays and memory layouts are then "
        "tested here")
    gone = sorted(set(KERNELS) - set(reference.__all__))
    assert not gone, f"tests/kernel_calls/ calls {gone}, which tinynet/reference.py does not have"


@every_type
@every_kernel
def test_same_bits_on_any_threads(name, dtype):
    largest = 0
    for shape in KERNELS[name].large:
        arguments = arguments_of(name, shape, dtype, whole=False)
        largest = max(largest, *(array.size for _, array in arrays_of(arguments)),
                      *(result.size for result in call(_native, name, copied(arguments))))
        for isa_name in available_isas():
            with isa(isa_name):
                assert_same_bits_on_any_threads(lambda arguments=arguments: call(_native, name, copied(arguments)))
    assert largest > 50_000, f"the large shapes of {name} in tests/kernel_calls/ are too small for several threads"


@every_type
@every_kernel
def test_every_instruction_set_agrees_with_the_reference(name, dtype):
    for shape in (*KERNELS[name].small, *KERNELS[name].large):
        if is_unbounded(name, shape):
            continue
        expected = Expected(name, shape, dtype)
        for isa_name in available_isas():
            with isa(isa_name):
                expected.check()


@every_type
@every_kernel
def test_empty_arrays(name, dtype):
    """The reference's results: no elements, or sums of none."""
    assert KERNELS[name].empty or KERNELS[name].refused, f"no call of {name} without elements in tests/kernel_calls/"
    for isa_name in available_isas():
        with isa(isa_name):
            for shape in KERNELS[name].empty:
                Expected(name, shape, dtype).check()
            for shape in KERNELS[name].refused:
                with pytest.raises(ValueError):
                    call(_native, name, arguments_of(name, shape, dtype))


def without_optional_arguments(name, dtype):
    """The calls of the small shapes without one of the arrays that may be None, each in turn."""
    parameters = inspect.signature(getattr(reference, name)).parameters
    optional = [argument for argument, parameter in parameters.items() if "None" in str(parameter.annotation)]
    # They go together, or with the results of the forward pass: the shapes choose which are there.
    if name in ("prepare_weights", "attention_backward"):
        optional = []
    for shape in KERNELS[name].small:
        arguments = arguments_of(name, shape, dtype)
        for argument in optional:
            if isinstance(arguments.get(argument), np.ndarray) and not is_unbounded(name, shape):
                yield Expected(name, shape, dtype, argument)


@every_type
@every_kernel
def test_optional_arguments(name, dtype):
    """A scale without an offset, an offset without a scale, no bias, no mask."""
    for expected in without_optional_arguments(name, dtype):
        for isa_name in available_isas():
            with isa(isa_name):
                expected.check()


@every_kernel
def test_results_that_are_not_wanted(name):
    """Without one result, and with one alone, the others have the same bits."""
    flags = [argument for argument in argument_names(name) if argument.startswith("need_")]
    for shape in KERNELS[name].small:
        arguments = arguments_of(name, shape, np.float32)
        for isa_name in available_isas():
            with isa(isa_name):
                everything = call(_native, name, copied(arguments))
                for flag in flags:
                    for wanted in ({flag: False}, {other: other == flag for other in flags}):
                        rest = iter(everything)
                        some = call(_native, name, {**copied(arguments), **wanted})
                        where = f"{name}{shape}, {isa_name}, {wanted}"
                        assert len(some) < len(everything) or all(wanted.values()), where
                        for got in some:
                            assert any(got.shape == right.shape and got.tobytes() == right.tobytes()
                                       for right in rest), f"{where}: other bits"


@every_type
@every_kernel
def test_any_memory_layout(name, dtype):
    """The bits of the dense copy. What a kernel changes in place must be dense: all else is refused, unchanged."""
    for shape in KERNELS[name].small:
        arguments = arguments_of(name, shape, dtype)
        expected = call(_native, name, copied(arguments))
        for layout in LAYOUTS:
            strange = {argument: value if is_changed(name, argument) else
                       with_arrays(lambda array, layout=layout: np.asarray(in_layout(array, layout)), value)
                       for argument, value in copied(arguments).items()}
            for got, right in zip(call(_native, name, strange), expected, strict=True):
                assert got.tobytes() == right.tobytes(), f"{name}{shape}: other bits for {layout} arguments"
    if name.endswith("_step"):
        arguments = arguments_of(name, (KERNELS[name].small[0][0], (4, 6)), dtype)
        for argument in {argument for argument, _ in arrays_of(arguments)} - {"gradients"}:
            for layout in ("fortran", "reversed", "strided", "read-only", "misaligned", "byte-swapped"):
                strange = copied(arguments)
                strange[argument] = [in_layout(array, layout) for array in strange[argument]]
                with pytest.raises(ValueError, match=f"{name}: {argument}"):
                    call(_native, name, strange)
                for (_, array), (_, before) in zip(arrays_of(strange), arrays_of(arguments), strict=True):
                    assert_same_values(array.astype(before.dtype), before)


@every_kernel
def test_arguments_stay_as_they_are(name):
    """Nothing is written to them, and no result is a view of them, except where a kernel works in place."""
    for shape in (*KERNELS[name].small, *KERNELS[name].empty):
        arguments = arguments_of(name, shape, np.float32)
        before = copied(arguments)
        results = call(_native, name, arguments)
        for (argument, array), (_, old) in zip(arrays_of(arguments), arrays_of(before), strict=True):
            if is_changed(name, argument):
                continue
            assert array.tobytes() == old.tobytes(), f"{name}{shape} has written to {argument}"
            assert not any(np.shares_memory(array, result) for result in results), (
                f"{name} returns memory of {argument}")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@every_kernel
def test_nan_and_infinity_reach_what_depends_on_them(name, bad):
    """Where the reference's results are not finite, the kernel's are not; where they stay, the kernel's bits stay."""
    tainted = KERNELS[name].tainted
    for shape in KERNELS[name].small:
        if tainted.keys() & {part for part in shape if isinstance(part, str)}:
            continue
        arguments = arguments_of(name, shape, np.float32)
        clean_right = call(reference, name, in_float64(arguments))
        clean = results_by_isa(name, arguments)
        for k, (argument, array) in enumerate(arrays_of(arguments)):
            if not is_float(array) or argument in tainted:
                continue
            spoilt = copied(arguments)
            arrays_of(spoilt)[k][1].flat[array.size // 2] = bad
            with np.errstate(all="ignore"):
                expected = call(reference, name, in_float64(spoilt))
            for (isa_name, actual), was in zip(results_by_isa(name, spoilt).items(), clean.values(), strict=True):
                where = f"{name}{shape} with {bad} in {argument}, {isa_name}"
                assert_spoilt_alike(actual, expected, was, clean_right, bad, argument in KERNELS[name].spread, where)


def results_by_isa(name, arguments):
    results = {}
    for isa_name in available_isas():
        with isa(isa_name):
            results[isa_name] = call(_native, name, copied(arguments))
    return results


def assert_spoilt_alike(actual, expected, clean, clean_expected, bad, may_spread, where):
    for got, right, was, was_right in zip(actual, expected, clean, clean_expected, strict=True):
        if may_spread:
            assert not np.any(np.isfinite(got) & ~np.isfinite(right)), f"{where} is lost"
            continue
        if is_float(got):
            np.testing.assert_array_equal(np.isfinite(got), np.isfinite(right), err_msg=where)
            if np.isnan(bad):
                np.testing.assert_array_equal(np.isnan(got), np.isnan(right), err_msg=where)
        stays = right == was_right
        np.testing.assert_array_equal(got[stays], was[stays], err_msg=where)


class Mutant:
    """A module whose kernels return change(result, first argument) in place of result number `which`, or of all."""

    def __init__(self, change, which=None):
        self.change, self.which = change, which

    def __getattr__(self, name):
        def kernel(**arguments):
            first = arrays_of(copied(arguments))[0][1]
            result = getattr(_native, name)(**arguments)
            if isinstance(result, dict):
                return dict.fromkeys(result, "")
            parts = [part for part in (result if isinstance(result, tuple) else (result,)) if part is not None]
            if result is None:
                parts = changed_arrays(name, arguments)
            for i, part in enumerate(parts):
                if self.which in (None, i):
                    parts[i] = self.change(np.asarray(part), first)
                    if result is None:
                        part[...] = parts[i]
            return None if result is None else tuple(parts)
        return kernel


def zeros(result, argument):
    return np.zeros_like(result)


def own_argument(result, argument):
    """The argument's numbers in the result's shape."""
    return np.resize(argument, result.shape).astype(result.dtype)


@every_kernel
def test_a_kernel_that_returns_zeros_or_its_argument_fails(name):
    calls = [Expected(name, shape, np.float32) for shape in KERNELS[name].small]
    mutants = [Mutant(zeros, i) for i in range(max(len(call.results) for call in calls))] + [Mutant(own_argument)]
    for mutant in mutants:
        assert any(fails(expected, mutant) for expected in calls), (
            f"the calls of {name} let {mutant.change.__name__} pass as result {mutant.which}")


def fails(expected, module):
    try:
        expected.check(module)
    except AssertionError:
        return True
    return False
