"""Your model: the model that a notebook is training, looked into. `model.lab()` or `callbacks.Lab()` opens it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..callbacks.lab import BINS, KINDS, Lab
from .panel import Following
from .parameters import Choice, Number
from .words import LabError, Words

# The callbacks whose pages are open in this process: the newest is shown.
watching: list[Lab] = []
RIDGES = 40  # histograms over time that are drawn


class YourModel(Following):
    """Follows the `fit` of a model of this process."""

    key = "model"
    order = -1
    rows = "1, 63, 70"
    title = Words("Your model", "나의 모델")
    about = Words(
        "The model that your notebook is training. Choose a layer in the table to see its activations, gradients and "
        "weights over time. Pause holds the training before its next batch.",
        "노트북에서 학습 중인 모델입니다. 표에서 층(layer)을 고르면 활성값, 기울기, 가중치가 시간에 따라 어떻게 변하는지 볼 수 있습니다. "
        "멈춤을 누르면 다음 배치 직전에서 학습이 기다립니다.")
    parameters = (
        Number(name="layer", label=Words("Layer", "층"), default=1, low=1, high=1000, whole=True, view=True,
               help=Words("Its number in the table", "표에 있는 번호")),
        Choice(name="what", label=Words("Look at", "볼 것"), default="activation", view=True, options=(
            ("activation", Words("activations", "활성값")), ("gradient", Words("gradients", "기울기")),
            ("weight", Words("weights", "가중치")))),
    )
    words = {
        "epoch": Words("epoch", "에폭"), "loss": Words("loss", "손실"), "learning_rate": Words("learning rate", "학습률"),
        "milliseconds": Words("milliseconds a batch", "배치당 시간 (ms)"), "parameters": Words("parameters", "파라미터 수"),
        "state": Words("training", "학습 상태"), "runs": Words("runs", "진행 중"), "held": Words("held", "멈춤"),
        "waits": Words("waits for fit()", "fit()을 기다림"), "layers": Words("Layers", "층"), "name": Words("layer", "층"),
        "type": Words("type", "종류"), "shape": Words("output", "출력 모양"), "mean": Words("mean", "평균"),
        "deviation": Words("std", "표준편차"), "zeros": Words("zeros", "0의 비율"), "norm": Words("norm", "크기(norm)"),
        "history": Words("Loss and metrics by epoch", "에폭별 손실과 지표"), "running": Words("Loss within the epochs", "에폭 안의 손실"),
        "over_time": Words("Histograms over time, the newest in front", "시간에 따른 히스토그램 (맨 앞이 최신)"),
        "maps": Words("Feature maps of one sample", "샘플 하나의 특징 맵(feature map)"),
        "confusion": Words("Confusion matrix", "혼동 행렬(confusion matrix)"), "true": Words("true class", "정답"),
        "predicted": Words("predicted class", "예측"), "worst": Words("Worst mistakes", "가장 크게 틀린 샘플"),
        "warnings": Words("Warnings", "경고"), "batch": Words("batch", "배치"), "value": Words("value", "값"),
        "processes": Words("processes", "프로세스 수"), "samples": Words("samples a second, all together", "초당 샘플 수 (전체)"),
        "communication": Words("% of the time waiting for communication", "통신을 기다린 시간 (%)"),
        "slowest": Words("slowest process (rank)", "가장 느린 프로세스 (랭크)"),
        "slow": Words("slowest", "가장 느림"),
        "ranks": Words("Processes that train this model together", "이 모델을 함께 학습하는 프로세스"),
        "rank": Words("rank", "랭크(rank)"), "host": Words("host", "호스트"),
        "waits_for": Words("of its time waiting for others", "다른 프로세스를 기다린 시간"),
        "whole": Words(
            "Losses, metrics and gradients are those of the whole batch. Activations and feature maps are those of rank 0, "
            "which shows this page. The slowest process waits least: the others wait for it.",
            "손실, 지표, 기울기는 배치 전체의 값입니다. 활성값과 특징 맵은 이 페이지를 띄운 랭크 0이 맡은 샘플의 값입니다. 기다린 시간이 가장 짧은 "
            "프로세스가 가장 느린 프로세스입니다. 나머지가 그 프로세스를 기다리는 셈입니다."),
        "validation": Words("of validation samples", "검증 샘플 수"), "training": Words("of training samples", "학습 샘플 수"),
        "nothing_yet": Words("Nothing yet: call fit() in the notebook", "아직 없습니다. 노트북에서 fit()을 호출하세요"),
        "no_values": Words("This layer has none", "이 층에는 없습니다"),
    }

    def start(self) -> None:
        if not watching:
            raise LabError(Words("no model is watched: call model.lab() in a notebook or script",
                                 "보고 있는 모델이 없습니다. 노트북이나 스크립트에서 model.lab()을 호출하세요"))

    @property
    def lab(self) -> Lab:
        """Of the model that was opened or trained last and still exists."""
        return next((one for one in reversed(watching) if one.model is not None), watching[-1])

    def step(self) -> None:
        """Nothing: `fit` makes the steps."""

    def state(self) -> dict[str, Any]:
        lab = self.lab
        layers = self._layers()
        chosen = layers[min(self.settings["layer"], len(layers)) - 1]["name"] if layers else ""
        lab.chosen = chosen
        numbers: dict[str, Any] = {"state": "held" if lab.training and lab.held else "runs" if lab.training else "waits",
                                   "epoch": lab.epoch + 1 if lab.step else 0}
        model, running = lab.model, list(lab.running)  # `fit` goes on meanwhile
        if running:
            numbers["loss"] = running[-1][1]
        if model is not None:
            rate = getattr(model.optimizer, "learning_rate", None)
            if rate is not None:
                numbers["learning_rate"] = float(rate)
            numbers["parameters"] = model.count_params() if model.built else 0
        if np.isfinite(lab.step_seconds):
            numbers["milliseconds"] = round(1000 * lab.step_seconds, 3)
        ranks = self._together(numbers)
        ridges = list(lab.samples.get((chosen, self.settings["what"]), ()))[-RIDGES:]
        return {
            "numbers": numbers, "layers": layers, "chosen": chosen, "ranks": ranks,
            "running": np.array(running, np.float64).reshape(-1, 2),
            "epochs": [{name: _number(value) for name, value in logs.items()} for logs in list(lab.epoch_logs)],
            "ridges": {"counts": np.array([one["counts"] for one in ridges], np.int32).reshape(-1, BINS),
                       "ranges": np.array([[one["low"], one["high"]] for one in ridges], np.float64).reshape(-1, 2)},
            "maps": _as_bytes(lab.maps) if lab.maps is not None and lab.maps_of == chosen else None,
            "report": lab.report, "warnings": list(getattr(model, "_advice", [])),
        }

    def _together(self, numbers: dict[str, Any]) -> list[dict[str, Any]]:
        """The processes that train the model, one a row, with what they have in common among the numbers; no row where
        one process trains it.
        """
        strategy = self.lab.strategy
        if strategy is None:
            return []
        numbers["processes"] = strategy.size
        speed = strategy.speed  # `fit` goes on meanwhile
        if speed is not None:
            numbers["samples"] = round(speed.samples_per_second)
            numbers["communication"] = round(100 * speed.waiting, 1)
            numbers["slowest"] = speed.slowest
        return [{"rank": rank, "host": host, "waiting": speed.waiting_by_rank[rank] if speed is not None else None,
                 "slowest": speed is not None and rank == speed.slowest}
                for rank, host in enumerate(strategy.communicator.hosts)]

    def _layers(self) -> list[dict[str, Any]]:
        lab = self.lab
        model = lab.model
        if model is None or not model.built:
            return []
        rows = []
        for layer in lab._layers():
            newest = {kind: lab.samples[layer.name, kind][-1] for kind in KINDS if lab.samples.get((layer.name, kind))}
            rows.append({
                "name": layer.name, "type": type(layer).__name__, "shape": str(_shape(layer)),
                "parameters": layer.count_params() if layer.built else 0, "trainable": bool(layer.trainable),
                **{kind: {name: _number(one[name]) for name in ("mean", "std", "zeros", "norm")}
                   for kind, one in newest.items()},
            })
        return rows

    def code(self, steps: int) -> str:
        return ("import tinynet as tn\n\n# model: your compiled model\nmodel.lab()\n"
                "model.fit(x, y, validation_split=0.1, epochs=10)\n")

    def proof(self) -> dict[str, Any]:
        return {}


def _number(value: Any) -> Any:
    value = np.asarray(value)
    return float(value) if value.ndim == 0 else value.astype(float).tolist()


def _shape(layer: Any) -> Any:
    try:
        return layer.output_shape
    except (AttributeError, RuntimeError, ValueError):
        return "?"


def _as_bytes(maps: np.ndarray) -> np.ndarray:
    """Maps (height, width, number) as bytes (number, height, width), each from its least to its greatest value."""
    every = max(1, max(maps.shape[:2]) // 32)
    maps = np.moveaxis(maps[::every, ::every], -1, 0)
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    with np.errstate(all="ignore"):
        return np.nan_to_num((maps - low) * (255 / np.where(high > low, high - low, 1))).astype(np.uint8)
