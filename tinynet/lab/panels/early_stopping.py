"""Early stopping: training and validation loss, patience, and the epoch that is restored."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...callbacks import EarlyStopping
from ...layers import Dense, Input
from ...losses import MeanSquaredError
from ...models import Sequential
from ...optimizers import SGD, Adam
from ..code import Call, make, program
from ..panel import Panel
from ..parameters import Choice, Flag, Number
from ..words import Words

MOST_EPOCHS = 3000


class Early(Panel):
    """Each step is one epoch."""

    key = "early_stopping"
    order = 5.2
    rows = "39"
    speed = 100
    title = Words("Early stopping", "조기 종료(early stopping)")
    about = Words(
        "A network with many more weights than points learns the noise in the end. Early stopping waits a number of epochs "
        "(patience) for a better loss, stops, and goes back to the best epoch. Or run the slide's snippet: 4 epochs.",
        "점보다 가중치가 훨씬 많은 신경망은 결국 잡음까지 외웁니다. 조기 종료는 정해진 에폭 수(patience)만큼 손실이 나아지기를 기다렸다가 학습을 "
        "멈추고 가장 좋았던 에폭으로 되돌립니다. 슬라이드의 코드도 실행해 보세요. 4 에폭만 돕니다.")
    parameters = (
        Choice(name="what", label=Words("Run", "실행할 것"), default="network", options=(
            ("network", Words("a network that over-fits", "과적합하는 신경망")), ("slide", Words("the slide's snippet", "슬라이드의 코드")))),
        Number(name="patience", label=Words("Patience, in epochs", "기다릴 에폭 수 (patience)"), default=100, low=0, high=1000, whole=True,
               when={"what": ("network",)}),
        Choice(name="monitor", label=Words("Loss that is watched", "지켜볼 손실"), default="val_loss", when={"what": ("network",)}, options=(
            ("val_loss", Words("validation", "검증")), ("loss", Words("training", "학습")))),
        Flag(name="restore", label=Words("Go back to the best epoch", "가장 좋은 에폭으로 되돌리기"), default=True, when={"what": ("network",)}),
        Number(name="units", label=Words("Hidden units", "은닉 뉴런 수"), default=60, low=1, high=200, whole=True, when={"what": ("network",)}),
        Number(name="noise", label=Words("Noise", "잡음"), default=0.3, low=0, high=1, step=0.05, when={"what": ("network",)}),
        Number(name="rate", label=Words("Learning rate (Adam)", "학습률 (Adam)"), default=0.01, low=0.0005, high=0.1, log=True, when={"what": ("network",)}),
    )
    words = {
        "epochs": Words("epochs run", "실행한 에폭"), "train": Words("training loss", "학습 손실"), "validation": Words("validation loss", "검증 손실"),
        "best": Words("best epoch", "가장 좋은 에폭"), "waited": Words("epochs without progress", "나아지지 않은 에폭"),
        "stopped": Words("stopped", "멈춤"), "yes": Words("yes, by patience", "예, patience만큼 기다림"), "no": Words("not yet", "아직"),
        "losses_of": Words("Loss over the epochs", "에폭별 손실"), "loss": Words("loss", "손실"), "epoch": Words("epoch", "에폭"),
        "fit_of": Words("What the network computes now", "신경망이 지금 계산하는 함수"), "restored": Words("restored", "되돌린 에폭"),
        "points": Words("training points", "학습 점"), "network": Words("network", "신경망"), "truth": Words("true curve", "원래 곡선"),
    }

    def start(self) -> None:
        chosen = self.settings
        self.slide = chosen["what"] == "slide"
        if self.slide:
            self.x: np.ndarray = np.arange(100).reshape(5, 20)
            self.y: np.ndarray = np.zeros(5)
            self.validation: Any = None
            self.model = Sequential([Dense(10, kernel_initializer=make(self._initializer()))])
            self.model.compile(SGD(), loss="mse")
            self.stopper = EarlyStopping(monitor="loss", patience=3)
        else:
            rng = np.random.default_rng(self.seed)
            x = rng.uniform(-1, 1, (40, 1))
            y = np.sin(np.pi * x) + chosen["noise"] * rng.standard_normal((40, 1))
            self.x, self.y, self.validation = x[:20], y[:20], (x[20:], y[20:])
            self.model = Sequential([
                Input((1,)), Dense(chosen["units"], activation="tanh", kernel_initializer=make(self._initializer())),
                Dense(chosen["units"], activation="tanh", kernel_initializer=make(self._initializer(1))),
                Dense(1, kernel_initializer=make(self._initializer(2)))])
            self.model.compile(Adam(chosen["rate"]), loss=MeanSquaredError())
            self.stopper = EarlyStopping(monitor=chosen["monitor"], patience=chosen["patience"],
                                         restore_best_weights=chosen["restore"])
        self.stopper.set_model(self.model)
        self.stopper.on_train_begin()
        self.losses: list[float] = []
        self.validation_losses: list[float] = []
        self.restored = False

    def _initializer(self, more: int = 0) -> Call:
        return Call("initializers.GlorotUniform" if self.settings["what"] == "slide" else "initializers.HeNormal",
                    seed=self.seed + more)

    def step(self) -> None:
        with np.errstate(all="ignore"):
            history = self.model.fit(self.x, self.y, batch_size=1 if self.slide else len(self.x), epochs=1, shuffle=False,
                                     validation_data=self.validation, verbose=0).history
        logs = {name: values[0] for name, values in history.items()}
        self.losses.append(logs["loss"])
        if not self.slide:
            self.validation_losses.append(logs["val_loss"])
        self.model.stop_training = False
        self.stopper.on_epoch_end(len(self.losses) - 1, logs)
        if self.model.stop_training or len(self.losses) == (10 if self.slide else MOST_EPOCHS):
            self.finished = True
            self.stopper.on_train_end()
            self.restored = self.model.stop_training and not self.slide and self.settings["restore"]

    def state(self) -> dict[str, Any]:
        watched = self.losses if self.slide or self.settings["monitor"] == "loss" else self.validation_losses
        numbers: dict[str, Any] = {"epochs": len(self.losses)}
        best = None
        if self.losses:
            finite = np.where(np.isfinite(watched), watched, np.inf)
            best = int(np.argmin(finite))
            numbers |= {"train": self.losses[-1], "best": best + 1, "waited": len(self.losses) - 1 - best,
                        "stopped": "yes" if self.finished and len(self.losses) < MOST_EPOCHS else "no"}
            if not self.slide:
                numbers["validation"] = self.validation_losses[-1]
        state: dict[str, Any] = {
            "numbers": numbers, "losses": np.array(self.losses, np.float64), "best": best, "restored": self.restored,
            "validation_losses": np.array(self.validation_losses, np.float64), "curve": None}
        if not self.slide:
            x = np.linspace(-1.1, 1.1, 121)
            state |= {"x": x, "curve": self.model(x[:, None]).numpy()[:, 0], "truth": np.sin(np.pi * x),
                      "train": np.hstack([self.x, self.y])}
        return state

    def code(self, steps: int) -> str:
        if self.slide:
            return program("""
                import numpy as np
                import tinynet as tf
                from tinynet import initializers

                callback = tf.keras.callbacks.EarlyStopping(monitor='loss', patience=3)
                model = tf.keras.models.Sequential([
                    tf.keras.layers.Dense(10, kernel_initializer=$initializer)])
                model.compile(tf.keras.optimizers.SGD(), loss='mse')
                history = model.fit(np.arange(100).reshape(5, 20), np.zeros(5), epochs=min(10, $steps),
                                    batch_size=1, shuffle=False, callbacks=[callback], verbose=0)
                losses = history.history['loss']
                print(len(losses), "epochs are run")
            """, initializer=self._initializer(), steps=max(steps, 1)) if steps else "losses = []\n"
        chosen = self.settings
        if not steps:
            return "losses = []\nvalidation_losses = []\n"
        return program("""
            import numpy as np
            import tinynet as tn
            from tinynet import initializers, layers

            rng = np.random.default_rng($seed)
            x = rng.uniform(-1, 1, (40, 1))
            y = np.sin(np.pi * x) + $noise * rng.standard_normal((40, 1))

            model = tn.Sequential([
                tn.Input((1,)),
                layers.Dense($units, activation="tanh", kernel_initializer=$first),
                layers.Dense($units, activation="tanh", kernel_initializer=$second),
                layers.Dense(1, kernel_initializer=$third),
            ])
            model.compile(tn.optimizers.Adam($rate), loss=tn.losses.MeanSquaredError())
            stopper = tn.callbacks.EarlyStopping(monitor=$monitor, patience=$patience, restore_best_weights=$restore)
            history = model.fit(x[:20], y[:20], batch_size=20, epochs=$steps, shuffle=False,
                                validation_data=(x[20:], y[20:]), callbacks=[stopper], verbose=0)
            losses, validation_losses = history.history["loss"], history.history["val_loss"]
            print(len(losses), "epochs, the best is", np.argmin(validation_losses) + 1)
        """, seed=self.seed, noise=chosen["noise"], units=chosen["units"], first=self._initializer(),
            second=self._initializer(1), third=self._initializer(2), rate=chosen["rate"], monitor=chosen["monitor"],
            patience=chosen["patience"], restore=chosen["restore"], steps=steps)

    def proof(self) -> dict[str, Any]:
        return {"losses": self.losses} | ({} if self.slide else {"validation_losses": self.validation_losses})
