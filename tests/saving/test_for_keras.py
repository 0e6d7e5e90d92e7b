"""Files for Keras: what Keras does not have, or does not read, is named. In tests/judge Keras itself reads them."""

import json
import warnings

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers as L

pytest.importorskip("h5py")


def model_with(*layers, optimizer=None, loss="mse"):
    model = tn.Sequential([tn.Input((6, 6, 3)), *layers, L.Flatten(), L.Dense(2)])
    if optimizer is not None:
        model.compile(optimizer, loss)
    return model


@pytest.mark.parametrize(("model", "what"), [
    (model_with(L.Cutout(2, name="hole")), "'hole' .Cutout.: it is tinynet's own"),
    (model_with(L.Pipeline([L.PatchShuffle(2, name="tiles")])), "'tiles' .PatchShuffle.: it is tinynet's own"),
    (model_with(L.Conv2D(2, 3, padding=1, name="first")), "'first' .Conv2D.: padding=1: .*ZeroPadding"),
    (model_with(L.Conv2D(2, 3, padding=[[1, 0], [0, 1]], name="first")), "'first' .Conv2D.: padding="),
    (model_with(L.RandomShear((-0.1, 0.3), name="tilt")), "'tilt' .RandomShear.: x_factor"),
    (model_with(L.RandomShear(0.1, (-0.1, 0.3), name="tilt")), "'tilt' .RandomShear.: y_factor"),
    (model_with(L.Equalization(name="even")), "'even' .Equalization."),
    (model_with(optimizer=tn.textbook.Momentum(0.1)), "'momentum' .Momentum.: it is tinynet's own"),
    (model_with(optimizer="sgd", loss=tn.textbook.HalfSquaredError()),
     "'half_squared_error' .HalfSquaredError.: it is tinynet's own"),
])
def test_refused_by_name(model, what, tmp_path):
    path = tmp_path / "m.keras"
    with pytest.raises(ValueError, match=f"{what}.*Leave out format="):
        model.save(path, format="keras")
    assert not path.exists()
    model.save(path)  # tinynet's own file has no such limits
    tn.models.load_model(path, custom_objects=tn.textbook.custom_objects)
    with pytest.warns(UserWarning, match=f"Keras will not: {what}"):
        model.save(tmp_path / "m.h5")


@pytest.mark.parametrize("layer", [L.Softmax([1, 2], name="odd"), L.LayerNormalization([1, 2], name="odd")])
def test_what_only_the_old_format_loses(layer, tmp_path):
    model = model_with(layer)
    with pytest.warns(UserWarning, match="'odd'.*an axis that is a list"):
        model.save(tmp_path / "m.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.save(tmp_path / "m.keras", format="keras")


def test_a_symmetric_shear_is_one_number(tmp_path):
    layer = L.RandomShear(0.3, (0.1, 0.2))
    assert layer.get_config()["x_factor"] == 0.3 and layer.get_config()["y_factor"] == (0.1, 0.2)
    assert L.RandomShear.from_config(layer.get_config()).x_factor == (-0.3, 0.3)


def training_config(path):
    import h5py

    with h5py.File(path) as file:
        return json.loads(file.attrs["training_config"])


def test_losses_have_their_long_names_in_the_old_format(tmp_path):
    """Keras's reader takes 'mean_squared_error' but not 'mse', and no function in a dict."""
    path = tmp_path / "m.h5"
    for loss, name in (("mse", "mean_squared_error"), ("bce", "binary_crossentropy"), ("crossentropy", "crossentropy"),
                       (tn.losses.mean_squared_error, "mean_squared_error")):
        model_with(optimizer="sgd", loss=loss).save(path)
        assert training_config(path)["loss"] == name
    x = np.ones((2, 6, 6, 3), "float32")
    model = model_with(optimizer="sgd")
    model.save(path)
    twin = tn.models.load_model(path)
    assert twin.evaluate(x, np.zeros((2, 2)), verbose=0) == model.evaluate(x, np.zeros((2, 2)), verbose=0)


def test_a_pipeline_keeps_the_new_format_in_an_old_file(tmp_path):
    import h5py

    model_with(L.Pipeline([L.RandomFlip(name="flip")])).save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        config = json.loads(file.attrs["model_config"])
    pipeline = config["config"]["layers"][1]
    assert "module" not in pipeline and pipeline["config"]["layers"][0]["module"] == "keras.layers"


def test_losses_and_metrics_have_the_old_format_in_an_old_file(tmp_path):
    model = model_with()
    model.compile("sgd", tn.losses.Huber(0.5), metrics=[tn.metrics.MeanAbsoluteError()],
                  weighted_metrics=[tn.metrics.MeanSquaredError(name="weighted")])
    model.save(tmp_path / "m.h5")
    config = training_config(tmp_path / "m.h5")
    for name, metric in (("metrics", "MeanAbsoluteError"), ("weighted_metrics", "MeanSquaredError")):
        [entry] = config[name]
        assert entry["class_name"] == metric and set(entry) == {"class_name", "config"}
    assert config["loss"]["class_name"] == "Huber" and set(config["loss"]) == {"class_name", "config"}
    twin = tn.models.load_model(tmp_path / "m.h5")
    assert twin.evaluate(np.ones((2, 6, 6, 3)), np.zeros((2, 2)), verbose=0, return_dict=True) == model.evaluate(
        np.ones((2, 6, 6, 3)), np.zeros((2, 2)), verbose=0, return_dict=True)


def test_models_and_layers_have_a_name_and_a_configuration_alone_in_an_old_file(tmp_path):
    """No modules, shapes or losses, which the new format has beside them; a model inside may be compiled, too."""
    import h5py

    inner = model_with(optimizer="sgd")
    model = tn.Sequential([tn.Input((6, 6, 3)), inner, L.Dense(1)])
    model.compile("sgd", "mse")
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        config = json.loads(file.attrs["model_config"])
    nested = config["config"]["layers"][1]
    for part in (config, *config["config"]["layers"], *nested["config"]["layers"]):
        assert set(part) == {"class_name", "config"}
