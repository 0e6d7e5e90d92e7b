"""Pixels prepared for trained networks, and names of classes."""

import json

import numpy as np
import pytest

import tinynet as tn
from tinynet import applications
from tinynet.applications.imagenet_utils import decode_predictions, preprocess_input
from tinynet.core.errors import DataError, DatasetNotFoundError

PIXEL = np.array([[[0, 100, 255]]])
CAFFE, TF, TORCH = [151.061, -16.779, -123.68], [-1, -0.21568627, 1], [-2.11790393, -0.28501401, 2.64]


@pytest.mark.parametrize(("module", "expected"), [
    ("vgg16", CAFFE), ("vgg19", CAFFE), ("resnet", CAFFE), ("resnet50", CAFFE), ("resnet_v2", TF), ("mobilenet", TF),
    ("mobilenet_v2", TF), ("inception_v3", TF), ("xception", TF), ("densenet", TORCH),
    ("efficientnet", [0, 100, 255]),
])
def test_preprocessing_of_each_network(module, expected):
    module = getattr(applications, module)
    for x in (PIXEL, PIXEL.astype("float64"), tn.convert_to_tensor(PIXEL.astype("float32"))):
        np.testing.assert_allclose(np.asarray(module.preprocess_input(x)).ravel(), expected, rtol=1e-5)
    assert module.preprocess_input(tn.Input((8, 8, 3))).shape == (None, 8, 8, 3)
    assert module.decode_predictions is decode_predictions


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_channels_first(mode):
    x = np.random.default_rng(0).uniform(0, 255, (2, 4, 5, 3)).astype("float32")
    kept = x.copy()
    first = preprocess_input(np.moveaxis(x, -1, 1), "channels_first", mode)
    np.testing.assert_allclose(np.moveaxis(first, 1, -1), preprocess_input(x, mode=mode), rtol=1e-6)
    np.testing.assert_array_equal(x, kept)


def test_preprocessing_refuses():
    with pytest.raises(ValueError, match="mode must be 'caffe', 'tf' or 'torch', got 'keras'"):
        preprocess_input(PIXEL, mode="keras")
    with pytest.raises(ValueError, match="expected RGB images"):
        preprocess_input(PIXEL[..., :2])


def test_names_of_classes(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    predictions = np.array([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3]], "float32")
    with pytest.raises(DatasetNotFoundError, match="list of ImageNet's classes is not part of tinynet"):
        decode_predictions(predictions)
    index = {"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"], "2": ["n01484850", "great_white_shark"]}
    folder = tmp_path / ".keras" / "models"
    folder.mkdir(parents=True)
    (folder / "imagenet_class_index.json").write_text(json.dumps(index))
    for class_index in (None, index, folder / "imagenet_class_index.json"):
        best = decode_predictions(tn.convert_to_tensor(predictions), top=2, class_index=class_index)
        assert [[one[:2] for one in image] for image in best] == [
            [("n01443537", "goldfish"), ("n01484850", "great_white_shark")],
            [("n01440764", "tench"), ("n01484850", "great_white_shark")],
        ]
        assert best[0][0][2] == pytest.approx(0.6)
    with pytest.raises(ValueError, match=r"expected predictions of shape \(batch, 3\)"):
        decode_predictions(predictions[:, :2])
    with pytest.raises(ValueError, match="without gaps"):
        decode_predictions(predictions, class_index={"0": ["a", "b"], "2": ["c", "d"], "3": ["e", "f"]})
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises((DataError, ValueError), match="broken.json"):
        decode_predictions(predictions, class_index=tmp_path / "broken.json")
