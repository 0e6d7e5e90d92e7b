"""Models as scikit-learn estimators: its own common checks, and its tools around them."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import tinynet as tn
from tinynet.callbacks import EarlyStopping
from tinynet.layers import Dense, Input

pytest.importorskip("sklearn")

from sklearn.base import clone  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.model_selection import GridSearchCV, cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

from tinynet.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer  # noqa: E402

ALL = (SKLearnClassifier, SKLearnRegressor, SKLearnTransformer)
QUICK = {"epochs": 2, "verbose": 0}


def network(X, y, loss="mse", activation=None, units=8):
    """A small network, compiled; always with the same first weights."""
    tn.utils.set_random_seed(0)
    model = tn.Sequential([Input((X.shape[1],)), Dense(units, "relu"), Dense(y.shape[1], activation)])
    model.compile(tn.optimizers.Adam(0.02), loss)
    return model


def estimator(cls, **fit_kwargs):
    kwargs = {"loss": "categorical_crossentropy", "activation": "softmax"} if cls is SKLearnClassifier else {}
    return cls(network, model_kwargs=kwargs, fit_kwargs={**QUICK, **fit_kwargs})


def compiled(outputs=1, loss="mse", activation=None):
    model = tn.Sequential([Input((4,)), Dense(8, "relu"), Dense(outputs, activation)])
    model.compile(tn.optimizers.Adam(0.02), loss, metrics=["mae"])
    return model


def blobs(seed=0, samples=60):
    """Three classes that can be told apart, (X, labels)."""
    rng = np.random.default_rng(seed)
    places = np.arange(samples) % 3
    return rng.normal(size=(3, 4))[places] * 3 + rng.normal(size=(samples, 4)), np.array(["a", "b", "c"])[places]


def linear(seed=0, samples=60):
    X = np.random.default_rng(seed).normal(size=(samples, 4))
    return X, X @ [1.0, -2.0, 0.5, 1.5]


def expected_to_fail(estimator):
    """{check: reason}."""
    if isinstance(estimator, SKLearnRegressor):
        return {"check_regressor_multioutput": "wants float64 predictions; a model's are float32, as its weights"}
    return {}


def check_id(value):
    """The same in every run, and so in every worker; scikit-learn's own ids hold the address of `network`."""
    if isinstance(value, ALL):
        return type(value).__name__
    options = "".join(f",{key}={option}" for key, option in getattr(value, "keywords", {}).items()
                      if isinstance(option, bool | int | str))
    return getattr(value, "func", value).__name__ + options


CHECKS = parametrize_with_checks([estimator(cls) for cls in ALL], expected_failed_checks=expected_to_fail)


@pytest.mark.parametrize(*CHECKS.args, ids=check_id)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_classifier_learns_string_labels():
    X, y = blobs()
    classifier = estimator(SKLearnClassifier, epochs=30).fit(X, y)
    assert classifier.classes_.tolist() == ["a", "b", "c"] and classifier.n_features_in_ == 4
    assert classifier.score(X, y) > 0.9
    assert len(classifier.history_.history["loss"]) == 30
    np.testing.assert_allclose(classifier.decision_function(X).sum(axis=1), 1, rtol=1e-5)


def test_regressor_learns():
    X, y = linear()
    regressor = estimator(SKLearnRegressor, epochs=60).fit(X, y)
    assert regressor.predict(X).shape == y.shape and regressor.score(X, y) > 0.9


def test_function_sees_encoded_targets_and_its_arguments():
    seen = []

    def make(X, y, **kwargs):
        seen.append((X, y, kwargs["units"]))
        return network(X, y, **kwargs)

    X, y = blobs()
    kwargs = {"units": 3, "loss": "categorical_crossentropy", "activation": "softmax"}
    SKLearnClassifier(make, model_kwargs=kwargs, fit_kwargs=QUICK).fit(X, y)
    np.testing.assert_array_equal(seen[0][0], X)
    np.testing.assert_array_equal(seen[0][1], y[:, None] == ["a", "b", "c"])
    assert seen[0][2] == 3
    X, y = linear()
    SKLearnRegressor(make, model_kwargs={"units": 5}, fit_kwargs=QUICK).fit(X, y)
    np.testing.assert_array_equal(seen[1][1], y[:, None])


def test_autoencoder():
    X, _ = linear()
    transformer = SKLearnTransformer(network, fit_kwargs=QUICK)
    assert transformer.fit_transform(X, X).shape == (60, 4)


def test_several_targets():
    X, y = linear()
    regressor = estimator(SKLearnRegressor, epochs=60).fit(X, np.stack([y, -y], axis=1))
    assert regressor.predict(X).shape == (60, 2) and regressor.score(X, np.stack([y, -y], axis=1)) > 0.9


def test_two_classes_have_one_decision():
    X, y = blobs()
    X, y = X[y != "c"], y[y != "c"]
    classifier = estimator(SKLearnClassifier, epochs=30).fit(X, y)
    assert cross_val_score(classifier, X, y, scoring="roc_auc", cv=3).mean() > 0.9
    np.testing.assert_array_equal(classifier.decision_function(X) > 0, classifier.predict(X) == "b")


def test_arguments_of_fit_come_first():
    X, y = linear()
    regressor = estimator(SKLearnRegressor, epochs=2).fit(X, y, epochs=3, batch_size=60)
    assert regressor.history_.params == {"verbose": 0, "epochs": 3, "steps": 1}
    assert regressor.fit_kwargs["epochs"] == 2


def test_model_is_cloned_with_its_compilation():
    X, y = linear()
    model = compiled()
    before = [w.copy() for w in model.get_weights()]
    regressor = SKLearnRegressor(model, fit_kwargs=QUICK).fit(X, y)
    assert regressor.model_ is not model and regressor.model is model
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    assert model.optimizer.iterations == 0 and regressor.model_.optimizer is not model.optimizer
    assert regressor.model_.optimizer.learning_rate == model.optimizer.learning_rate
    assert set(regressor.history_.history) == {"loss", "mae"}


def test_warm_start_goes_on():
    X, y = linear()
    model = compiled()
    regressor = SKLearnRegressor(model, warm_start=True, fit_kwargs=QUICK).fit(X, y)
    first = regressor.history_.history["loss"]
    assert regressor.model_ is model
    assert regressor.fit(X, y).model_ is model and max(regressor.history_.history["loss"]) < min(first)
    made = estimator(SKLearnRegressor).set_params(warm_start=True).fit(X, y)
    kept = made.model_
    assert made.fit(X, y).model_ is kept
    again = pickle.loads(pickle.dumps(regressor))
    assert again.model is again.model_


def test_warm_start_refuses_other_classes():
    X, y = blobs()
    classifier = estimator(SKLearnClassifier).set_params(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"must stay those of the first fit, \['a', 'b', 'c'\]; y has \['a', 'b'\]"):
        classifier.fit(X[y != "c"], y[y != "c"])


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_predict_and_train_alike(cls, copied):
    X, y = blobs() if cls is SKLearnClassifier else linear()
    one = estimator(cls).fit(X, y)
    other = copied(one)
    np.testing.assert_array_equal(other.model_.predict(X, verbose=0), one.model_.predict(X, verbose=0))
    assert other.model_ is not one.model_ and other.history_.model is other.model_ and one.history_.model is one.model_
    for each in (one, other):  # the optimizer's state and the order of the samples come along
        each.set_params(warm_start=True).fit(X, y)
    assert one.history_.history == other.history_.history


def test_pickle_of_a_model_holds_no_code_of_it():
    X, y = linear()
    state = pickle.dumps(SKLearnRegressor(compiled(), fit_kwargs=QUICK).fit(X, y))
    assert b"PK\x03\x04" in state and b"tinynet.layers" not in state and b"Sequential" not in state.split(b"PK\x03")[0]


def test_clone_is_not_fitted():
    X, y = linear()
    one = SKLearnRegressor(compiled(), fit_kwargs=QUICK).fit(X, y)
    with pytest.raises(NotFittedError):
        clone(one).predict(X)
    assert clone(one).fit(X, y).predict(X).shape == (60,)


def test_pipeline_cross_validation_and_grid_search():
    X, y = blobs()
    pipeline = make_pipeline(StandardScaler(), estimator(SKLearnClassifier, epochs=30))
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.8
    search = GridSearchCV(pipeline, {"sklearnclassifier__fit_kwargs": [{"epochs": e, "verbose": 0} for e in (0, 30)]},
                          cv=3)
    search.fit(X, y)
    assert search.best_params_["sklearnclassifier__fit_kwargs"]["epochs"] == 30
    assert search.predict(X[:5]).shape == (5,)


def test_transformer_in_a_pipeline():
    X, y = linear()
    pipeline = make_pipeline(SKLearnTransformer(network, fit_kwargs=QUICK), estimator(SKLearnRegressor))
    assert pipeline.fit(X, y).predict(X).shape == (60,)


def test_callbacks_and_validation():
    X, y = linear()
    regressor = estimator(SKLearnRegressor, validation_split=0.2, epochs=5,
                          callbacks=[EarlyStopping(patience=0, min_delta=1e9)])
    assert len(clone(regressor).fit(X, y).history_.history["val_loss"]) == 2


def test_silent_fit_has_silent_predictions(capsys):
    X, y = linear()
    estimator(SKLearnRegressor).fit(X, y).predict(X)
    assert capsys.readouterr().out == ""


def test_errors_say_what_to_do():
    X, y = linear()
    with pytest.raises(TypeError, match="SKLearnRegressor: model must be a compiled model or a function"):
        SKLearnRegressor(3).fit(X, y)
    with pytest.raises(TypeError, match="must return a model, got 3"):
        SKLearnRegressor(lambda X, y: 3).fit(X, y)
    for model in (tn.Sequential([Dense(1)]), lambda X, y: tn.Sequential([Dense(1)])):
        with pytest.raises(RuntimeError, match="is not compiled; call model.compile"):
            SKLearnRegressor(model).fit(X, y)
    with pytest.raises(ValueError, match="only one class, 1"):
        estimator(SKLearnClassifier).fit(X, np.ones(60, int))


def run(code):
    return subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout


def test_scikit_learn_is_imported_when_asked_for():
    assert run("import sys, tinynet, tinynet.keras.wrappers; print('sklearn' in sys.modules)") == "False\n"
    assert run("from tinynet import keras, wrappers\nfrom tinynet.keras.wrappers import SKLearnRegressor\n"
               "print(keras.wrappers.SKLearnRegressor is SKLearnRegressor is wrappers.SKLearnRegressor)") == "True\n"


def test_missing_scikit_learn_names_the_extra():
    message = run("import sys; sys.modules['sklearn'] = None\nimport tinynet\n"
                  "try:\n    tinynet.keras.wrappers.SKLearnClassifier\nexcept ImportError as error: print(error)")
    assert 'pip install "tinynet-learn[sklearn]"' in message
