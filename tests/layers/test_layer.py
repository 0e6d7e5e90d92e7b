"""Layer: weights, names, building, tracking of sublayers, dtypes, errors that name the layer."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers


class Scale(layers.Layer):
    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")

    def call(self, x):
        return x * self.scale


class Pair(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.steps = [layers.Dense(3), layers.Dense(2)]
        self.named = {"drop": layers.Dropout(0.5)}

    def call(self, x):
        for step in self.steps:
            x = step(x)
        return self.named["drop"](x)


def test_weights_are_made_at_the_first_call():
    layer = Scale()
    assert not layer.built and layer.weights == []
    assert layer(np.ones((2, 3))).shape == (2, 3)
    assert layer.built
    assert [v.name for v in layer.weights] == ["scale", "calls"]
    assert [v.name for v in layer.trainable_weights] == ["scale"]
    assert [v.name for v in layer.non_trainable_weights] == ["calls"]
    assert layer.count_params() == 4


def test_build_by_hand_builds_once():
    layer = layers.Dense(2, name="by_hand")
    layer.build((None, 3))
    assert layer.built and [v.path for v in layer.weights] == ["by_hand/kernel", "by_hand/bias"]
    layer(np.ones((1, 3)))
    assert len(layer.weights) == 2


def test_sublayers_in_lists_and_dicts_are_found():
    tn.utils.clear_session()
    layer = Pair(name="pair")
    layer(np.ones((4, 5)))
    assert [v.path for v in layer.weights] == ["pair/dense/kernel", "pair/dense/bias", "pair/dense_1/kernel",
                                               "pair/dense_1/bias"]
    layer.trainable = False
    assert layer.trainable_weights == [] and len(layer.non_trainable_weights) == 4


class Inherited(layers.Dense):
    def build(self, input_shape):
        super().build(input_shape)  # the name must not come twice


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_weight_has_each_name_around_it_once(depth):
    layer = Inherited(2, name="inner")
    for name in ["around", "outside"][:depth]:
        layer = layers.TimeDistributed(layer, name=name)
    layer(np.ones((2, 3, 4, 5)[:depth + 2]))
    expected = "/".join([*["outside", "around"][2 - depth:], "inner"])
    assert [v.path for v in layer.weights] == [f"{expected}/kernel", f"{expected}/bias"]


@pytest.mark.parametrize("extent", [0, 1, None])
def test_an_input_may_be_empty_but_not_negative(extent):
    assert layers.Input((extent, 3)).shape == (None, extent, 3)
    with pytest.raises(ValueError, match="-1"):
        layers.Input((-1, 3))


def test_training_flag_reaches_inner_layers():
    tn.utils.set_random_seed(0)
    layer = Pair()
    x = np.ones((200, 5))
    assert not (layer(x, training=True).numpy() == 0).all()
    assert (layer(x, training=True).numpy() == 0).any()
    assert not (layer(x).numpy() == 0).any()


def test_automatic_names_count_up_and_start_again():
    tn.utils.clear_session()
    assert [layers.Dense(1).name for _ in range(3)] == ["dense", "dense_1", "dense_2"]
    tn.utils.clear_session()
    assert layers.Dense(1).name == "dense"


def test_floats_are_cast_to_the_layers_type():
    assert layers.Dense(2)(np.ones((3, 4), np.float64)).dtype == np.float32
    assert layers.Dense(2, dtype="float64")(np.ones((3, 4), np.float32)).dtype == np.float64
    assert layers.Dense(2)([[1, 2], [3, 4]]).shape == (2, 2)


def test_set_weights_changes_all_or_nothing():
    layer = layers.Dense(2)
    layer(np.ones((1, 3)))
    before = layer.get_weights()
    with pytest.raises(ValueError, match=r"weight 'dense.*/bias' has shape \(2,\), got \(3,\)"):
        layer.set_weights([np.zeros((3, 2)), np.zeros(3)])
    with pytest.raises(ValueError, match="got 1 arrays, the layer has 2 weights"):
        layer.set_weights([np.zeros((3, 2))])
    for old, new in zip(before, layer.get_weights(), strict=True):
        assert (old == new).all()


def test_get_weights_are_copies():
    layer = layers.Dense(2)
    layer(np.ones((1, 3)))
    layer.get_weights()[0][...] = 7
    assert not (layer.get_weights()[0] == 7).any()


def test_errors_name_the_layer_once():
    model = tn.Sequential([layers.Dense(4, name="first"), layers.Dense(2, name="second")])
    model(np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"^layer 'first' \(Dense\), called on \(1, 5\): ") as caught:
        model(np.ones((1, 5)))
    assert str(caught.value).count("layer '") == 1


@pytest.mark.parametrize(("layer", "x", "message"), [
    (layers.Conv2D(4, 3, name="conv1"), np.ones((32, 28, 28)),
     r"^layer 'conv1' \(Conv2D\), called on \(32, 28, 28\): .*Add a channel axis with x\[..., None\]"),
    (layers.Conv2D(4, 3, groups=2, name="pairs"), np.ones((1, 8, 8, 3)), "^layer 'pairs' .* 3 channels in 2 groups"),
    (layers.Dense(2, name="fc"), [[1.0, 2.0], [3.0]], "^fc: "),
])
def test_the_first_call_names_the_layer_too(layer, x, message):
    with pytest.raises(ValueError, match=message):
        layer(x)


def test_an_error_keeps_its_other_arguments():
    class Refusing(layers.Layer):
        def call(self, x):
            raise ValueError("no", x.shape, "more")

    with pytest.raises(ValueError) as caught:
        Refusing(name="own")(np.ones((1, 3)))
    assert caught.value.args == ("layer 'own' (Refusing), called on (1, 3): no", (1, 3), "more")


def test_text_where_numbers_are_expected_is_named():
    class Refusing(layers.Layer):
        def call(self, x):
            raise ValueError(self.name)

    text = tn.constant([["a"]])
    for reason in ("could not convert string to float: 'a'", "invalid literal for int() with base 10: 'a'"):
        with pytest.raises(ValueError, match="called on .* expected numbers, got text; .*TextVectorization"):
            Refusing(name=reason)(text)
    with pytest.raises(ValueError, match=r"called on \(1, 1\): other$"):
        Refusing(name="other")(text)
    with pytest.raises(ValueError, match=r"called on \(1, 1\): could not convert$"):
        Refusing(name="could not convert")(np.ones((1, 1)))


@pytest.mark.filterwarnings("error")
def test_numbers_too_large_for_the_layer_are_refused():
    layer = layers.Dense(2, name="fc")
    for large in (np.full((1, 3), 1e300), np.full((1, 3), -1e39)):
        with pytest.raises(ValueError, match=r"fc: overflow: the input, float64, .* largest float32, 3\.4e\+38"):
            layer(large)
    with np.errstate(invalid="ignore"):  # NumPy tells of NaN where it computes
        assert not np.isfinite(layer(np.full((1, 3), np.inf)).numpy()).any()  # what is infinite already may be so
    assert layers.Dense(2, dtype="float64")(np.full((1, 3), 1e300)).shape == (1, 2)


@pytest.mark.parametrize(("units", "error"), [(0, ValueError), (-1, ValueError), (2.5, TypeError), ("8", TypeError),
                                              (True, TypeError), (None, TypeError)])
def test_dense_refuses_bad_units(units, error):
    with pytest.raises(error, match="Dense: units must be a positive int, got"):
        layers.Dense(units)


def test_dense_takes_units_from_an_array():
    assert layers.Dense(tn.reduce_prod(tn.constant([28, 28])).numpy()).units == 784
    with pytest.raises(TypeError, match="positive int"):
        layers.Dense(np.array(2.0))


def test_unknown_arguments_are_named():
    with pytest.raises(TypeError, match="Dense: unknown argument 'unit'; Dense takes units, activation"):
        layers.Dense(3, unit=4)


def test_bad_dtypes():
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64', got 'float16'"):
        layers.Dense(3, dtype="float16")
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64', got 'nonsense'"):
        layers.Dense(3, dtype="nonsense")
    for bad in (np.array(["1", "2"]), np.array([1 + 2j]), np.array([None]), np.array(["2020-01-01"], "datetime64[D]")):
        with pytest.raises(TypeError, match="expected numbers"):
            layers.Dense(3)(bad.reshape(1, -1))


def test_initial_weights_argument():
    layer = layers.Dense(1, weights=[np.full((2, 1), 3.0), np.array([1.0])])
    assert layer(np.array([[1.0, 1.0]])).numpy().item() == 7


def test_penalties_are_collected():
    layer = layers.Dense(2, kernel_regularizer="l2", activity_regularizer=tn.regularizers.L1(0.5),
                         kernel_initializer="ones")
    y = layer(np.ones((4, 3)))
    kernel, activity = sorted(float(loss) for loss in layer.losses)
    assert kernel == pytest.approx(0.01 * 6)
    assert activity == pytest.approx(0.5 * np.abs(y.numpy()).sum() / 4)


def test_dropout_rate_bounds():
    for rate in (-0.1, 1.5):
        with pytest.raises(ValueError, match=f"Dropout: rate must be a number from 0 to 1, got {rate}"):
            layers.Dropout(rate)
    with pytest.raises(TypeError, match="rate must be a number"):
        layers.Dropout("half")


def test_reshape_says_what_does_not_fit():
    with pytest.raises(ValueError, match=r"a sample of shape \(7,\) has 7 elements and does not fit \(2, 3\)"):
        layers.Reshape((2, 3))(np.ones((4, 7)))
    assert layers.Reshape((2, -1))(np.ones((4, 6))).shape == (4, 2, 3)


def test_flatten_gives_the_same_order_for_both_image_formats():
    x = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    last = layers.Flatten()(x).numpy()
    first = layers.Flatten(data_format="channels_first")(x.transpose(0, 3, 1, 2)).numpy()
    assert (last == first).all()


def test_methods_of_keras_2_explain_themselves():
    with pytest.raises(AttributeError, match="Layer.add_metric is not part of tinynet: it was removed from Keras 3"):
        Pair().add_metric(1.0, name="mean")


def test_attributes_are_found_in_pythons_fast_way():
    """With a `__getattr__` in its class, an attribute takes Python 3.11 four times as long; so does one in a dict that
    shares its keys. What a `__getattr__` would say is said without.
    """
    for kind in (layers.Layer, layers.Dense, tn.Sequential, tn.Model):
        assert not hasattr(kind, "__getattr__") and kind.__getattribute__ is object.__getattribute__

    class Late(layers.Layer):
        def __init__(self):
            self.inner = layers.Dense(2)

    with pytest.raises(RuntimeError, match=r"Late: call super\(\).__init__\(\) in __init__, before the layer is used"):
        Late()(np.ones((1, 2)))
    with pytest.raises(AttributeError, match="^'Dense' object has no attribute 'kernal'$") as caught:
        layers.Dense(2).kernal  # noqa: B018
    assert caught.value.name == "kernal" and isinstance(caught.value.obj, layers.Dense)
    assert not hasattr(layers.Dense, "add_update") and not hasattr(layers.Dense(2), "get_updates_for")


def test_units_from_a_tensor():
    assert tn.layers.Dense(tn.ops.prod((4, 5)))(np.zeros((1, 3), "f4")).shape == (1, 20)
    with pytest.raises(TypeError, match="positive int"):
        tn.layers.Dense(tn.ops.ones((1,)))


class Halved(layers.Layer):
    """Known to take nothing but x, once it has been called."""

    def call(self, x):
        return x / 2


def remembers_training(parent):
    class Child(parent):
        def call(self, x, training=None):
            self.seen = training
            return x

    return Child


@pytest.mark.parametrize("parent", [Halved, layers.Activation, layers.Identity])
def test_a_subclass_of_a_called_layer_is_asked_for_its_own_arguments(parent):
    arguments = ["relu"] if parent is layers.Activation else []
    parent(*arguments)(np.ones((2, 3)), training=True)
    child = remembers_training(parent)(*arguments)
    child(np.ones((2, 3)), training=True)
    assert child.seen is True
    parent(*arguments)(np.ones((2, 3)), training=True)  # nor has the parent learned from the child


def test_a_subclass_may_take_fewer_arguments_than_a_called_layer():
    class AlwaysDrops(layers.Dropout):
        def call(self, x):
            return super().call(x, training=True)

    layers.Dropout(0.5)(np.ones((2, 3)), training=True)
    x = np.ones((100, 10))
    for training in (None, False, True):
        assert (AlwaysDrops(0.5, seed=1)(x, training=training).numpy() == 0).any()
    layers.GlobalAveragePooling1D()(layers.Masking()(np.ones((2, 3, 4))))

    class Unmasked(layers.GlobalAveragePooling1D):
        def call(self, x):
            return tn.ops.mean(x, axis=1)

    assert Unmasked()(layers.Masking()(np.ones((2, 3, 4)))).shape == (2, 4)


def test_methods_of_a_mixin_count():
    class TakesTraining:
        def call(self, x, training=None):
            return x * (2.0 if training else 1.0)

        def compute_mask(self, inputs, previous_mask=None):
            return tn.ops.not_equal(inputs, 0)[..., 0]

    class Mixed(TakesTraining, Halved):
        pass

    Halved()(np.ones((1, 2)))
    y = Mixed()(np.ones((1, 2, 1)), training=True)
    assert y.numpy().ravel().tolist() == [2, 2]
    assert y._keras_mask.numpy().tolist() == [[True, True]]


def test_a_constructor_need_not_take_what_every_configuration_has():
    class Own(layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.units = units

    for extra in ({"name": "a"}, {"trainable": True}, {"dtype": "float32"}, {}):
        assert Own.from_config({"units": 3, **extra}).units == 3
    with pytest.raises(TypeError, match="unit"):
        Own.from_config({"units": 3, "unit": 4})


def test_add_weight_takes_its_name_first_or_by_keyword():
    layer = layers.Layer()
    assert layer.add_weight("kernel", (3, 2), "ones").name == layer.add_weight((3, 2), "ones", name="kernel").name
    assert layer.add_weight("kernel", (3, 2)).shape == (3, 2)
