"""GradientTape: what is watched, what it returns, what it refuses, and when it frees memory."""

import gc
import threading
import weakref

import numpy as np
import pytest
from checks import assert_gradient

import tinynet as tn
from tinynet import GradientTape, Tensor, Variable, ops
from tinynet.core.nest import map_structure
from tinynet.tape import is_tracked, record, weights_may_change_in_place


def square_sum(x):
    return ops.vdot(x, x)


def test_gradient_of_a_sum_of_squares():
    v = Variable([1.0, -2.0])
    with GradientTape() as tape:
        y = square_sum(v)
    gradient = tape.gradient(y, v)
    assert gradient.tolist() == [2.0, -4.0]
    assert type(gradient) is Tensor and gradient.dtype == "float32"


def test_watch():
    x = Tensor([1.0, 2.0])
    with GradientTape() as tape:
        assert not is_tracked(x)
        tape.watch(x)
        assert is_tracked(x)
        y = x * x
    assert tape.gradient(y, x).tolist() == [2.0, 4.0]
    with GradientTape() as tape:
        y = x * x
    assert tape.gradient(y, x) is None
    a, b = Tensor(1.0), Tensor(2.0)
    with GradientTape() as tape:
        tape.watch([a, (b,)])
        y = a * b
    assert [g.item() for g in tape.gradient(y, [a, b])] == [2.0, 1.0]


def test_watch_refuses_what_has_no_gradient():
    with GradientTape() as tape:
        with pytest.raises(TypeError, match="floating-point.*int32"):
            tape.watch(Tensor([1, 2]))
        with pytest.raises(TypeError, match="ndarray"):
            tape.watch(np.ones(2))


def test_integer_results_are_not_followed():
    v = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = ops.cast(ops.argsort(v), "float32") * 2.0
    assert tape.gradient(y, v) is None


def test_a_watched_tensor_is_its_own_derivative():
    x = Tensor(3.0)
    with GradientTape() as tape:
        tape.watch(x)
    assert tape.gradient(x, x).item() == 1.0


def test_trainable_variables_are_watched_without_a_call():
    v, frozen, number = Variable(2.0), Variable(3.0, trainable=False), Variable(4)
    with GradientTape() as tape:
        y = v * frozen * number
    assert [w is v for w in tape.watched_variables()] == [True]
    gradients = tape.gradient(y, [v, frozen, number])
    assert gradients[0].item() == 12.0 and gradients[1:] == [None, None]


def test_all_variables_of_an_operation_are_watched():
    x, v, w = Tensor(1.0), Variable(2.0), Variable(3.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = record(x.data * v.data * w.data, (x, v, w), lambda dy: (dy * 6, dy * 3, dy * 2))
    assert [g.item() for g in tape.gradient(y, [x, v, w])] == [6.0, 3.0, 2.0]


def test_watch_accessed_variables_false():
    v, w = Variable(2.0), Variable(3.0)
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(w)
        y = v * w
    dv, dw = tape.gradient(y, [v, w])
    assert dv is None and dw.item() == 2.0


def test_unconnected():
    v, w = Variable([1.0, 2.0]), Variable([[3.0]])
    with GradientTape(persistent=True) as tape:
        y = v * 2.0
    assert tape.gradient(y, w) is None
    assert tape.gradient(y, [w, v], unconnected_gradients="zero")[0].tolist() == [[0.0]]
    with pytest.raises(ValueError, match="'none' or 'zero'"):
        tape.gradient(y, v, unconnected_gradients="no")


def test_persistent():
    v = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = v * v
        z = y * v
    assert tape.gradient(y, v).item() == 6.0
    assert tape.gradient(z, v).item() == 27.0
    assert tape.gradient(z, y).item() == 3.0
    assert tape.gradient(z, [v, y])[1].item() == 3.0


def test_a_tape_is_played_once():
    v = Variable(3.0)
    with GradientTape() as tape:
        y = v * v
    tape.gradient(y, v)
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.gradient(y, v)
    with tape:  # a second recording
        y = v * 5.0
    assert tape.gradient(y, v).item() == 5.0


def test_several_targets_are_added_up():
    v = Variable([1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        y, z = v * v, v * 3.0
    assert tape.gradient([y, z], v).tolist() == [5.0, 7.0]
    assert tape.gradient([y, y], v).tolist() == [4.0, 8.0]
    assert tape.gradient({"a": y, "b": (z,)}, v).tolist() == [5.0, 7.0]


def test_output_gradients():
    v = Variable([1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        y, z = v * v, v * 3.0
    assert tape.gradient(y, v, output_gradients=[10.0, 1.0]).tolist() == [20.0, 4.0]
    assert tape.gradient([y, z], v, output_gradients=[Tensor([1.0, 0.0]), np.array([0.0, 1.0])]).tolist() == [2.0, 3.0]
    with pytest.raises(ValueError, match=r"shape \(1,\), the target \(2,\)"):
        tape.gradient(y, v, output_gradients=Tensor([1.0]))
    with pytest.raises(ValueError, match="2 targets but 1"):
        tape.gradient([y, z], v, output_gradients=[None])


def test_structures_of_sources():
    a, b, c = Variable(1.0), Variable(2.0), Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = a * b * c
    gradients = tape.gradient(y, {"first": a, "others": (b, [c])})
    assert gradients["first"].item() == 6.0
    assert gradients["others"][0].item() == 3.0 and gradients["others"][1][0].item() == 2.0
    assert type(gradients["others"]) is tuple
    assert tape.gradient(y, []) == []
    assert [g.item() for g in tape.gradient(y, [a, a])] == [6.0, 6.0]


def test_wrong_arguments():
    v = Variable(1.0)
    with GradientTape(persistent=True) as tape:
        y = v * 2.0
    with pytest.raises(TypeError, match="sources must be Tensors or Variables, got float"):
        tape.gradient(y, 1.0)
    with pytest.raises(TypeError, match="target must be a Tensor, got float"):
        tape.gradient(1.0, v)
    with pytest.raises(TypeError, match="got float32; a NumPy function, .* has taken the numbers off the tape"):
        tape.gradient(np.sum(y), v)


def test_stop_recording_and_reset():
    v = Variable(2.0)
    with GradientTape(persistent=True) as tape:
        y = v * v
        with tape.stop_recording():
            z = v * v
            assert not is_tracked(v)
        w = v * y
    assert tape.gradient(z, v) is None
    assert tape.gradient(w, v).item() == 12.0
    with GradientTape() as tape:
        y = v * v
        tape.reset()
        z = v * 3.0
    assert tape.gradient([y, z], v).item() == 3.0


def test_entering_twice_is_refused():
    with GradientTape() as tape, pytest.raises(ValueError, match="already recording"), tape:
        pass


def test_recording_goes_on_when_entered_again():
    v = Variable(2.0)
    tape = GradientTape()
    with tape:
        y = v * v
    with tape:
        z = y * v
    assert tape.gradient(z, v).item() == 12.0


def test_gradient_inside_the_block():
    v = Variable(2.0)
    with GradientTape() as tape:
        y = v * v
        assert tape.gradient(y, v).item() == 4.0
        y = v * v
        with pytest.raises(RuntimeError, match="played already"):
            tape.gradient(y, v)
    with GradientTape(persistent=True) as tape:
        y = v * v
        assert tape.gradient(y, v).item() == 4.0
        y = y * v
        assert tape.gradient(y, v).item() == 12.0


def test_nested_tapes_see_the_same_operations():
    v = Variable(2.0)
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = v * v
        z = y * v
    assert inner.gradient(y, v).item() == 4.0
    assert outer.gradient(z, v).item() == 12.0


def squared_sum(x):
    """An operation without a recorded gradient."""
    data = x.data
    return record(np.asarray(np.sum(data * data)), (x,), lambda dy: (2 * data * dy,))


def test_an_operation_whose_gradient_cannot_be_differentiated_is_named():
    v = Variable([2.0, 3.0])
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = squared_sum(v)
        first = inner.gradient(y, v)  # the values are right
        z = ops.sum(first * 3.0)
    assert first.tolist() == [4.0, 6.0]
    with pytest.raises(RuntimeError, match="second-order gradients of squared_sum"):
        outer.gradient(z, v)
    with GradientTape() as outer:  # they may be used as constants
        with GradientTape() as inner:
            y = squared_sum(v)
        z = ops.sum(ops.stop_gradient(inner.gradient(y, v)) * v)
    assert outer.gradient(z, v).tolist() == [4.0, 6.0]


def test_second_and_third_order():
    x = Variable(2.0)
    with GradientTape() as third, GradientTape() as second:
        with GradientTape() as first:
            y = x**4
        dx = first.gradient(y, x)
        ddx = second.gradient(dx, x)
    assert (dx.item(), ddx.item(), third.gradient(ddx, x).item()) == (32.0, 48.0, 48.0)


def test_a_persistent_tape_differentiates_its_own_gradients():
    x = Variable(2.0)
    with GradientTape(persistent=True) as tape:
        y = x**3
        dx = tape.gradient(y, x)
        ddx = tape.gradient(dx, x)
    assert (dx.item(), ddx.item(), tape.gradient(ddx, x).item()) == (12.0, 12.0, 6.0)
    outside = tape.gradient(y, x)  # not recorded: the tape is closed
    assert tape.gradient(outside, x) is None


def test_the_walk_of_a_tape_uses_the_values_of_the_forward_pass():
    x = Variable(2.0)
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = x * x * x
        x.assign(5.0)
        dx = inner.gradient(y, x)
    assert dx.item() == 12.0
    assert outer.gradient(dx, x).item() == 12.0


def test_the_upstream_gradient_is_differentiated_too():
    x, dy = Tensor([1.0, 2.0]), Tensor([3.0, 5.0])
    with GradientTape() as outer:
        outer.watch(dy)
        with GradientTape() as inner:
            inner.watch(x)
            y = x * x
        dx = inner.gradient(y, x, output_gradients=dy)
    assert outer.gradient(dx, dy).tolist() == [2.0, 4.0]


def test_batch_jacobian():
    x = Variable([[1.0, 2.0], [3.0, 4.0]])
    with GradientTape(persistent=True) as tape:
        y = ops.stack([x[:, 0] * x[:, 1], x[:, 0] ** 2, ops.sum(x, 1)], 1)
        unconnected = Tensor([[1.0], [2.0]])
    jacobian = tape.batch_jacobian(y, x)
    assert jacobian.tolist() == [[[2, 1], [2, 0], [1, 1]], [[4, 3], [6, 0], [1, 1]]]
    assert np.array_equal(jacobian.numpy(), np.einsum("nink->nik", tape.jacobian(y, x).numpy()))
    assert tape.batch_jacobian(unconnected, x) is None
    assert tape.batch_jacobian(unconnected, x, unconnected_gradients="zero").shape == (2, 1, 2)
    with pytest.raises(ValueError, match="batch_jacobian: .*first axis of one length"):
        tape.batch_jacobian(y[:1], x)


def test_the_jacobian_of_a_gradient_is_the_hessian():
    x = Variable(np.array([0.5, -1.0, 2.0]))
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = ops.sum(ops.exp(x) * ops.flip(x) ** 2) + x[0] * x[1] * x[2]
        gradient = inner.gradient(y, x)
    hessian = outer.jacobian(gradient, x).numpy()
    assert np.allclose(hessian, hessian.T, rtol=1e-14, atol=0)
    a, b, c = x.numpy()
    assert np.allclose(hessian[0, 1], c) and np.allclose(hessian[0, 2], 2 * np.exp(a) * c + 2 * a * np.exp(c) + b)
    with GradientTape() as third:  # and a Jacobian can be differentiated
        with GradientTape() as tape:
            y = x**3
        jacobian = tape.jacobian(y, x)
    assert np.allclose(third.gradient(jacobian, x).numpy(), 6 * x.numpy())


def test_a_tensor_used_many_times():
    v = Variable(1.5)
    with GradientTape() as tape:
        y = v
        for _ in range(5):
            y = y * v
    assert tape.gradient(y, v).item() == pytest.approx(6 * 1.5**5)


def test_diamonds():
    def graph(x):
        for _ in range(8):
            left, right = ops.sin(x), ops.cos(x)
            x = left * right + left
        return x

    assert_gradient(graph, np.array([0.3, 0.7, -1.2]))


def test_chains_of_ten_thousand():
    v = Variable(0.0)
    with GradientTape() as tape:
        y = v
        for _ in range(10_000):
            y = y + 1.0
    assert tape.gradient(y, v).item() == 1.0
    with GradientTape() as tape:  # never played: freed without a deep recursion
        y = v
        for _ in range(10_000):
            y = y + 1.0
    del tape, y


def test_assigning_after_recording_does_not_change_the_gradient():
    for op, expected in (
        (lambda v: v * v, 6.0),
        (lambda v: v**3, 27.0),
        (ops.exp, np.exp(np.float32(3.0))),
        (lambda v: 1.0 / v, -1 / 9),
        (lambda v: ops.matmul(ops.reshape(v, (1, 1)), ops.reshape(v, (1, 1))), 6.0),
    ):
        v = Variable(3.0)
        with GradientTape() as tape:
            y = op(v)
        v.assign(100.0)
        v.assign_add(1.0)
        assert tape.gradient(y, v).item() == pytest.approx(expected)


def test_weights_may_not_change_in_place_while_a_tape_holds_nodes():
    v = Variable(3.0)
    assert weights_may_change_in_place()
    with GradientTape() as tape:
        assert weights_may_change_in_place()
        y = v * v
        assert not weights_may_change_in_place()
    assert not weights_may_change_in_place()
    tape.gradient(y, v)
    assert weights_may_change_in_place()
    with GradientTape(persistent=True) as tape:
        y = v * v
    tape.gradient(y, v)
    assert not weights_may_change_in_place()
    del tape
    assert weights_may_change_in_place()


def test_each_thread_has_its_own_tapes():
    v = Variable(2.0)
    errors = []

    def work(factor):
        try:
            for _ in range(50):
                assert not is_tracked(v)
                with GradientTape() as tape:
                    y = v * factor
                assert tape.gradient(y, v).item() == factor
        except BaseException as error:
            errors.append(error)

    with GradientTape() as tape:
        threads = [threading.Thread(target=work, args=(float(factor),)) for factor in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        y = v * 7.0
    assert not errors
    assert len(tape._nodes) == 1
    assert tape.gradient(y, v).item() == 7.0
    assert weights_may_change_in_place()


def test_memory_is_released_while_walking_back():
    v = Variable(np.ones(4, np.float32))
    alive = []
    seen = []

    def node(x):
        y = x.data * 2

        def backward(dy):
            seen.append(sum(reference() is not None for reference in alive))
            return (dy * 2,)

        output = record(y, (x,), backward)
        alive.append(weakref.ref(output))
        return output

    with GradientTape() as tape:
        y = v
        for _ in range(10):
            y = node(y)
    gradient = tape.gradient(y, v)
    assert gradient.tolist() == [1024.0] * 4
    assert seen[0] == 10
    # The last one is held by `y` here; of the others only what comes before, and the one at work.
    assert all(later < earlier for earlier, later in zip(seen[1:], seen[2:], strict=False))
    assert seen[-1] <= 3


def test_no_reference_cycles():
    v = Variable([1.0, 2.0])
    gc.collect()
    gc.disable()
    try:
        with GradientTape() as tape:
            y = ops.exp(v) * v[0] + ops.concatenate([v[:1], v[1:]])
            y = ops.einsum("i,i->", y, ops.where(v > 1.5, y, 0.0))
        gradients = tape.gradient(y, {"v": [v]})
        references = [weakref.ref(tape), weakref.ref(y), weakref.ref(gradients["v"][0])]
        del tape, y, gradients
        assert [reference() for reference in references] == [None, None, None]
        with GradientTape(persistent=True) as tape:
            y = v * v
        tape.gradient(y, v)
        references = [weakref.ref(tape), weakref.ref(y)]
        del tape, y
        assert [reference() for reference in references] == [None, None]
    finally:
        gc.enable()


def test_an_error_inside_the_block_closes_the_tape():
    v = Variable(1.0)
    with pytest.raises(ZeroDivisionError), GradientTape():
        v * v
        raise ZeroDivisionError
    assert not is_tracked(v)


def test_jacobian():
    x, w = Variable(np.array([1.0, 2.0, 3.0])), Variable(np.arange(6.0).reshape(2, 3))
    other = Variable(1.0)
    with GradientTape(persistent=True) as tape:
        y = w @ (x * x)
    np.testing.assert_array_equal(tape.jacobian(y, x).data, w.data * 2 * x.data)
    dx, dw, d_other = tape.jacobian(y, [x, w, other])
    assert dw.shape == (2, 2, 3) and d_other is None
    np.testing.assert_array_equal(dw.data[0], [[1, 4, 9], [0, 0, 0]])
    assert tape.jacobian(y, other, unconnected_gradients="zero").tolist() == [0.0, 0.0]
    with GradientTape() as tape:
        y = x * x
    assert tape.jacobian(y, x).data.diagonal().tolist() == [2.0, 4.0, 6.0]
    with pytest.raises(RuntimeError, match="played"):
        tape.jacobian(y, x)


def test_custom_gradient():
    @ops.custom_gradient
    def clipped(x):
        """Identity, whose gradient is cut at 1."""
        return x * 1.0, lambda dy: ops.clip(dy, -1.0, 1.0)

    @ops.custom_gradient
    def product(x, y):
        return x * y, lambda upstream: (upstream * 10.0, None)

    v, w = Variable([2.0, 3.0]), Variable([1.0, 1.0])
    with GradientTape(persistent=True) as tape:
        y = clipped(v) * 5.0
        z = product(v, w)
    assert clipped.__name__ == "clipped" and clipped.__doc__.startswith("Identity")
    assert tape.gradient(y, v).tolist() == [1.0, 1.0]
    dv, dw = tape.gradient(z, [v, w])
    assert dv.tolist() == [10.0, 10.0] and dw is None


def test_a_training_loop_as_tf_keras_writes_it():
    rng = np.random.default_rng(0)
    true_w = np.array([[2.0], [-1.0]], np.float32)
    x = rng.standard_normal((64, 2)).astype(np.float32)
    y = x @ true_w + np.float32(0.5)
    w, b = Variable(np.zeros((2, 1), np.float32)), Variable(np.zeros(1, np.float32))
    losses = []
    for _ in range(200):
        with GradientTape() as tape:
            error = x @ w + b - y
            loss = ops.vdot(error, error) / len(x)
        for variable, gradient in zip([w, b], tape.gradient(loss, [w, b]), strict=True):
            variable.assign_sub(0.1 * gradient)
        losses.append(float(loss))
    np.testing.assert_allclose(w.numpy(), true_w, atol=1e-4)
    np.testing.assert_allclose(b.numpy(), [0.5], atol=1e-4)
    assert losses[-1] < 1e-6 < losses[0]
    assert weights_may_change_in_place()


def test_backends_do_not_matter_to_the_tape():
    v = Variable([-1.0, 2.0])
    with tn.backend("numpy"):
        with GradientTape() as tape:
            y = ops.relu(v) * v
        assert tape.gradient(y, v).tolist() == [0.0, 4.0]


@pytest.mark.parametrize("nest", [list, tuple, lambda v: [v[0], [v[1]]], lambda v: {"a": v[0], "b": (v[1],)}])
def test_gradients_are_nested_as_the_sources_are(nest):
    """A list of variables, which training asks for in each step, is not flattened and packed again; all others are."""
    variables = [Variable(2.0), Variable(5.0)]
    with GradientTape() as tape:
        y = variables[0] * variables[1]
    sources = nest(variables)
    gradients = tape.gradient(y, sources)
    assert map_structure(float, gradients) == nest([5.0, 2.0])
    assert gradients is not sources
    assert map_structure(float, variables) == [2.0, 5.0]


# --- forward mode ---------------------------------------------------------------------------------------------------


def test_jacobian_vector_products():
    x, w = Variable(np.array([1.0, 2.0])), Tensor(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    v, dw = np.array([0.5, -1.0]), np.full((3, 2), 0.1)
    with tn.autodiff.ForwardAccumulator([x, w], [v, dw]) as acc:
        y = {"product": ops.sum(w * x * x, 1), "x": x, "constant": Tensor([1.0]), "whole": Tensor([1])}
    found = acc.jvp(y)
    assert np.allclose(found["product"].numpy(), w.numpy() @ (2 * x.numpy() * v) + dw @ x.numpy() ** 2, rtol=1e-14)
    assert found["x"].tolist() == v.tolist()
    assert found["constant"] is None and found["whole"] is None
    assert acc.jvp(y["constant"], unconnected_gradients="zero").tolist() == [0.0]
    with pytest.raises(ValueError, match="2 primals but 1 tangents"):
        tn.autodiff.ForwardAccumulator([x, w], [v])
    with pytest.raises(ValueError, match="tangent has shape"):
        tn.autodiff.ForwardAccumulator(x, [v[:1]])
    with pytest.raises(ValueError, match="'none' or 'zero'"):
        acc.jvp(y, unconnected_gradients="ones")


def test_forward_over_backward_and_forward_over_forward():
    x, v = Variable(np.array([0.5, 1.5])), np.array([1.0, -2.0])
    hessian = np.diag(6 * x.numpy())
    with tn.autodiff.ForwardAccumulator(x, v) as acc:
        with GradientTape() as tape:
            y = ops.sum(x**3)
        gradient = tape.gradient(y, x)
    assert np.allclose(acc.jvp(gradient).numpy(), hessian @ v, rtol=1e-14)
    with tn.autodiff.ForwardAccumulator(x, v) as outer, tn.autodiff.ForwardAccumulator(x, v) as inner:
        y = ops.sum(x**3)
        slope = inner.jvp(y)
    assert np.allclose(outer.jvp(slope).item(), v @ hessian @ v, rtol=1e-14)


def test_jacobian_vector_product_of_a_network_in_two_passes():
    model = tn.Sequential([tn.layers.Input((6, 6, 1)), tn.layers.Conv2D(3, 3, activation="relu"),
                           tn.layers.MaxPooling2D(), tn.layers.Flatten(), tn.layers.Dense(4, activation="softmax")])
    rng = np.random.default_rng(0)
    x, v = (Tensor(rng.normal(size=(2, 6, 6, 1)).astype("float32")) for _ in range(2))
    with GradientTape() as tape:
        tape.watch(x)
        y = model(x)
    jacobian = tape.batch_jacobian(y, x).numpy()
    with tn.autodiff.ForwardAccumulator(x, v) as acc:
        y = model(x)
    expected = np.einsum("nkhwc,nhwc->nk", jacobian, v.numpy())
    assert np.allclose(acc.jvp(y).numpy(), expected, rtol=1e-4, atol=1e-6)


def test_jvp_of_a_function():
    y, slope = tn.ops.jvp(lambda a, b: {"product": a * b, "sum": a + b}, [2.0, np.float32(3.0)], [1.0, 10.0])
    assert (float(y["product"]), float(slope["product"]), float(slope["sum"])) == (6.0, 23.0, 11.0)
    y, slope, note = tn.ops.jvp(lambda x: (x["a"] ** 3, "note"), ({"a": Tensor(2.0)},), ({"a": 1.0},), has_aux=True)
    assert (float(y), float(slope), note) == (8.0, 12.0, "note")
