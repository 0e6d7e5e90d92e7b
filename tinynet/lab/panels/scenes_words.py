"""The texts of panel 0, scenes.py."""

from ..words import Words

WORDS = {
    "data": Words("data", "데이터"), "model": Words("model", "모델"), "loss": Words("loss L", "손실 L"),
    "gradient": Words("gradient", "기울기"), "update": Words("update", "가중치 갱신"),
    "pipeline": Words("The stages of a training step", "학습 한 단계의 과정"),
    "forward": Words("forward pass", "순전파(forward pass)"), "backward": Words("backward pass", "역전파(backward pass)"),
    "network_of": Words("The network with its numbers", "숫자가 표시된 신경망"),
    "this_term": Words("This term", "지금 계산하는 항"),
    "tell_data": Words("A batch arrives: its inputs stand at the left, its target at the loss. The weights are as they "
                       "are.", "배치(batch)가 들어옵니다. 입력은 왼쪽에, 정답은 손실 옆에 놓입니다. 가중치는 아직 그대로입니다."),
    "tell_model": Words("Forward: from the inputs to the prediction.", "순전파: 입력에서 예측값까지 계산합니다."),
    "tell_loss": Words("The loss: how far the prediction is from the target.", "손실: 예측값이 정답에서 얼마나 떨어져 있는지 나타냅니다."),
    "tell_gradient": Words("Backward: the derivative of the loss, by the chain rule, from the loss to each weight.",
                           "역전파: 손실의 미분을 연쇄 법칙으로 손실에서 각 가중치까지 거슬러 계산합니다."),
    "tell_update": Words("The update: each weight takes a step against its gradient. The next batch follows.",
                         "가중치 갱신: 모든 가중치가 기울기의 반대 방향으로 움직입니다. 다음 배치가 이어집니다."),
    "weight": Words("weight", "가중치"), "value": Words("value", "값"), "chain": Words("chain rule", "연쇄 법칙"),
    "numerical": Words("numerical", "수치 미분"), "error": Words("relative error", "상대 오차"),
    "new_value": Words("w − lr · gradient", "w − lr · 기울기"),
    "weights_of": Words("Each weight: its gradient, checked, and its update", "가중치별 기울기와 검산, 그리고 갱신"),
    "mean_loss": Words("mean of the last epoch", "최근 한 에폭(epoch)의 평균"),
    "losses_of": Words("Loss of each batch", "배치별 손실"), "batches": Words("batches", "배치"),
    "plane_of": Words("Prediction over the plane of the inputs, and the samples", "입력 평면 위의 예측값과 샘플"),
    "samples_of": Words("Samples", "샘플"), "sample": Words("sample", "샘플"), "target": Words("target t", "정답 t"),
    "prediction": Words("prediction ŷ", "예측값 ŷ"), "in_batch": Words("in this batch", "이번 배치"),
    "updates": Words("updates", "갱신 횟수"), "seen": Words("samples used", "사용한 샘플 수"),
    "all_loss": Words("loss over all samples, now", "전체 샘플의 손실 (현재)"),
    "check": Words("largest relative error of the check", "검산의 최대 상대 오차"),
    "tape": Words("largest difference to GradientTape", "GradientTape와의 최대 차이"),
    "positive": Words("weight above 0", "양의 가중치"), "negative": Words("weight below 0", "음의 가중치"),
    "gradient_number": Words("∂: gradient of the loss", "∂: 손실의 기울기"), "now": Words("this term", "지금 계산하는 항"),
}
