"""The words in the pictures, in each language."""

from __future__ import annotations

from typing import Any

LANGUAGES = ("en", "ko")

# {key: (English, Korean)}
MESSAGES = {
    "epoch": ("epoch", "에폭"),
    "step": ("step", "스텝"),
    "loss": ("loss", "손실(loss)"),
    "train": ("training", "학습"),
    "validation": ("validation", "검증"),
    "learning_rate": ("learning rate", "학습률(learning rate)"),
    "best_epoch": ("best epoch: {epoch}", "최적 에폭: {epoch}"),
    "not_finite": ("not finite from epoch {epoch} on", "에폭 {epoch}부터 무한대 또는 NaN"),
    "true_class": ("true class", "실제 클래스"),
    "predicted_class": ("predicted class", "예측 클래스"),
    "confusion": ("{correct} of {count} correct ({share:.1%})", "{count}개 중 {correct}개 정답 ({share:.1%})"),
    "class": ("class {index}", "클래스 {index}"),
    "score": ("score", "점수"),
    "precision": ("precision", "정밀도(precision)"),
    "recall": ("recall", "재현율(recall)"),
    "f1": ("F1", "F1 점수"),
    "support": ("{name} ({count})", "{name} ({count}개)"),
    "accuracy": ("accuracy {value:.1%}", "정확도 {value:.1%}"),
    "no_mistakes": ("no mistakes", "오답 없음"),
    "wrong": ("{true} → {predicted}", "{true} → {predicted}"),
    "wrong_sure": ("{true} → {predicted}\n{share:.0%}", "{true} → {predicted}\n{share:.0%}"),
    "filter": ("filter {index}", "필터 {index}"),
    "filters": ("{layer}: {shape}", "{layer}: {shape}"),
    "weight": ("weights", "가중치"),
    "activation": ("activations", "활성값"),
    "gradient": ("gradients", "기울기(gradient)"),
    "histogram": ("{layer}\nmean {mean:.2g}, std {std:.2g}", "{layer}\n평균 {mean:.2g}, 표준편차 {std:.2g}"),
    "zeros": (", zeros {zeros:.0%}", ", 0의 비율 {zeros:.0%}"),
    "start": ("start", "시작점"),
    "minimum": ("minimum", "최솟점"),
    "saddle": ("saddle", "안장점"),
    "end": ("end", "끝점"),
    "hardly_moved": (
        "{name} moved only {length:.2g} in {steps} steps:\nits learning rate is too small for this surface",
        "{name}: {steps}스텝 동안 {length:.2g}만 이동.\n이 곡면에 비해 학습률이 너무 작습니다",
    ),
    "leaves": ("{name} leaves the picture", "{name}: 그림 밖으로 벗어남"),
    "w0": ("$w_0$", "$w_0$"),
    "w1": ("$w_1$", "$w_1$"),
    "direction1": ("along direction 1", "방향 1로 이동한 거리"),
    "direction2": ("along direction 2", "방향 2로 이동한 거리"),
    "trained": ("trained weights", "학습된 가중치"),
    "x1": ("$x_1$", "$x_1$"),
    "x2": ("$x_2$", "$x_2$"),
    "output": ("output", "출력"),
    "component": ("component {index} ({share:.0%} of the variance)", "주성분 {index} (분산의 {share:.0%})"),
    "axis": ("{method} {index}", "{method} {index}"),
    "image": ("the image", "원본"),
    "first": ("first", "첫째"),
    "second": ("second", "둘째"),
    "sample": ("draw {index}", "{index}번째"),
    "grad_cam": ("Grad-CAM: {name}", "Grad-CAM: {name}"),
    "saliency": ("saliency: {name}", "현저도(saliency): {name}"),
    "occlusion": ("occlusion: {name}", "가림(occlusion): {name}"),
    "occlusion_bar": ("fall of the probability", "확률 감소"),
    # The course's own pictures.
    "sign": ("sign of the gradient\n$dL/dw_{coordinate}$", "기울기의 부호\n$dL/dw_{coordinate}$"),
    "negative": ("Negative (-)", "음수 (-)"),
    "positive": ("Positive (+)", "양수 (+)"),
    "step_gradient": ("gradient", "기울기 (gradient)"),
    "step_velocity": ("velocity", "속도 (velocity)"),
    "step_taken": ("step", "실제 이동 (step)"),
    "degree": ("degree {degree}", "{degree}차"),
    "degrees": ("degree of the polynomial", "다항식의 차수"),
    "points": ("points", "데이터"),
    "truth": ("truth", "참 함수"),
    "mean_squared_error": ("mean squared error", "평균제곱오차(MSE)"),
    "best_degree": ("best degree: {degree}", "최적 차수: {degree}"),
    "ball": ("L{norm} ball,\nradius {radius:g}", "L{norm} 제약 영역,\n반지름 {radius:g}"),
    "least_loss": ("least loss", "손실이 최소인 점"),
    "least_in_ball": ("least loss\nin the ball", "제약 안에서\n손실이 최소인 점"),
    "weight_w": ("weight w", "가중치 w"),
    "bias_b": ("bias b", "편향 b"),
    "edge_positive": ("{show} > 0", "{show} > 0"),
    "edge_negative": ("{show} < 0", "{show} < 0"),
    "edge_zero": ("{show} = 0", "{show} = 0"),
    "one_weight": ("weight", "가중치"),
    "one_gradient": ("gradient", "기울기"),
    "layer_inputs": ("inputs of the layer: mean ± std", "층의 입력: 평균 ± 표준편차"),
    "digits_input": ("X = A[0]", "입력 X = A[0]"),
    "digits_outcome": ("Misclassified: {wrong}/{count}  Cost: {cost:.2f}", "오분류: {wrong}/{count}  비용: {cost:.2f}"),
    "eigenvalue": ("eigenvalue of the Hessian", "헤시안의 고윳값"),
    "eigenvalue_number": ("number {index}", "{index}번째"),
    "stable": ("2 / learning rate", "2 / 학습률"),
}


def message(key: str, lang: str, **values: Any) -> str:
    """Return a message.

    Args:
        key: Of `MESSAGES`.
        lang: 'en' or 'ko'.
        values: What stands in its braces.

    >>> message("best_epoch", "en", epoch=7), message("epoch", "ko")
    ('best epoch: 7', '에폭')
    """
    return MESSAGES[key][LANGUAGES.index(lang)].format(**values)
