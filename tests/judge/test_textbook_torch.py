"""What the docstrings of tinynet.textbook say about PyTorch, and of Keras beyond tests/textbook, asked of them."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tinynet import Variable, textbook  # noqa: E402
from tinynet.optimizers import schedules  # noqa: E402

STEPS = 10


def ours(optimizer):
    rng, w = np.random.default_rng(0), Variable(np.linspace(-1, 1, 6), dtype="float64")
    for _ in range(STEPS):
        optimizer.apply([rng.standard_normal(6)], [w])
    return w.numpy()


def theirs(make, rates=None):
    rng = np.random.default_rng(0)
    w = torch.tensor(np.linspace(-1, 1, 6), requires_grad=True)
    optimizer = make([w])
    for step in range(STEPS):
        if rates is not None:
            optimizer.param_groups[0]["lr"] = rates[step]
        w.grad = torch.tensor(rng.standard_normal(6))
        optimizer.step()
    return w.detach().numpy()


# Rates and epsilons that float32, which keeps the learning rate, has exactly.
RATE = 2.0**-5
DECAY = [RATE if step < 4 else RATE / 8 for step in range(STEPS)]


def decaying():
    return schedules.PiecewiseConstantDecay([3], [RATE, RATE / 8])


@pytest.mark.parametrize(("slide", "make", "rates"), [
    (textbook.GradientDescent(RATE), lambda w: torch.optim.SGD(w, lr=RATE), None),
    (textbook.Momentum(RATE, 0.9), lambda w: torch.optim.SGD(w, lr=RATE, momentum=0.9), None),
    (textbook.Momentum(decaying(), 0.9), lambda w: torch.optim.SGD(w, lr=RATE, momentum=0.9), DECAY),
    (textbook.NesterovChangeOfVariables(RATE, 0.9),
     lambda w: torch.optim.SGD(w, lr=RATE, momentum=0.9, nesterov=True), None),
    (textbook.AdaGradForm3(RATE, epsilon=1e-10), lambda w: torch.optim.Adagrad(w, lr=RATE), None),
    (textbook.RMSPropSlide(RATE, 0.99, 1e-8), lambda w: torch.optim.RMSprop(w, lr=RATE), None),
    (textbook.AdamAlgorithm1(RATE), lambda w: torch.optim.Adam(w, lr=RATE), None),
], ids=lambda value: type(value).__name__ if isinstance(value, textbook.SlideOptimizer) else "")
def test_the_slides_form_is_pytorchs(slide, make, rates):
    np.testing.assert_allclose(ours(slide), theirs(make, rates), rtol=1e-10, atol=1e-12)


def test_nesterov_parts_from_pytorch_under_a_decaying_rate():
    slide = ours(textbook.NesterovChangeOfVariables(decaying(), 0.9))
    torch_one = theirs(lambda w: torch.optim.SGD(w, lr=RATE, momentum=0.9, nesterov=True), DECAY)
    assert np.abs(slide - torch_one).max() > 1e-3


def test_uniform_is_pytorchs_default_for_linear_layers():
    torch.manual_seed(0)
    bound = float(torch.nn.Linear(500, 300).weight.detach().abs().max())
    assert bound <= 500**-0.5 and bound == pytest.approx(500**-0.5, rel=1e-4)
    assert np.abs(textbook.UniformSlide(seed=0)((500, 300)).numpy()).max() == pytest.approx(bound, rel=1e-4)
