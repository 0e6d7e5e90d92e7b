"""Names of the transforms and mixings in both languages, and a sentence for each.

One that is not listed is called by its Python name, and described by the first line of its docstring.
"""

from __future__ import annotations

import inspect

from ...augment.catalogue import TRANSFORMS
from ...augment.mixing import MASKS
from ..words import Words

# {Python name: (English name, Korean name, English sentence, Korean sentence)}
DESCRIPTIONS = {
    "brightness": ("Brightness", "밝기", "Adds the same amount to every value.", "모든 값에 같은 양을 더합니다."),
    "contrast": ("Contrast", "대비", "Moves the values away from the mean of their channel (above 1), or towards it.",
                 "값을 채널의 평균에서 멀어지게(1보다 클 때) 또는 가까워지게 합니다."),
    "gamma": ("Gamma", "감마", "x to a power: above 1 darkens, below 1 brightens; black and white stay.",
              "x를 거듭제곱합니다. 1보다 크면 어두워지고 작으면 밝아집니다. 검정과 흰색은 그대로입니다."),
    "hue_saturation": ("Hue and saturation", "색상·채도", "Turns the colours on the colour circle, and makes them stronger or weaker.",
                       "색상환에서 색을 돌리고, 색을 진하게 또는 연하게 합니다."),
    "color": ("Colour", "색의 세기", "Blends with the grey picture: 0 is grey, 1 the picture, above 1 stronger colours.",
              "회색 그림과 섞습니다. 0이면 회색, 1이면 원본, 1보다 크면 색이 더 진해집니다."),
    "grayscale": ("Greyscale", "회색조", "Takes the colours away; three equal channels remain.",
                  "색을 없앱니다. 값이 같은 세 채널이 남습니다."),
    "invert": ("Invert", "반전", "The negative: white minus the value.", "네거티브입니다. 흰색 값에서 원래 값을 뺍니다."),
    "solarize": ("Solarize", "솔라라이즈", "Inverts the values from a threshold on.", "문턱값 이상인 값만 반전합니다."),
    "posterize": ("Posterize", "포스터화", "Keeps only the first of the eight bits of each value.",
                  "값마다 8비트 가운데 앞의 몇 비트만 남깁니다."),
    "equalize": ("Equalize", "히스토그램 평활화", "Makes all levels of a channel equally frequent: see the histogram.",
                 "채널의 모든 단계가 고르게 나타나게 합니다. 히스토그램을 보세요."),
    "auto_contrast": ("Auto contrast", "자동 대비", "The darkest value of each channel becomes black, the brightest white.",
                      "채널마다 가장 어두운 값은 검정, 가장 밝은 값은 흰색이 됩니다."),
    "clahe": ("CLAHE", "CLAHE", "Equalizes tile by tile, with limited contrast, and blends between the tiles.",
              "타일마다 대비를 제한하며 평활화하고, 타일 사이를 부드럽게 잇습니다."),
    "sharpen": ("Sharpen", "선명하게", "Adds the difference to a slightly blurred picture.",
                "살짝 흐린 그림과의 차이를 더합니다."),
    "gaussian_blur": ("Gaussian blur", "가우시안 블러", "Averages the neighbours, weighted with a bell curve.",
                      "이웃 화소를 종 모양 가중치로 평균합니다."),
    "median_blur": ("Median blur", "미디언 블러", "The median of each window: single wrong pixels vanish, edges stay.",
                    "창마다 중앙값을 씁니다. 튀는 화소는 사라지고 경계는 남습니다."),
    "motion_blur": ("Motion blur", "모션 블러", "Averages along a line, as of a camera that moved.",
                    "움직인 카메라처럼 한 방향으로 평균합니다."),
    "gaussian_noise": ("Gaussian noise", "가우시안 잡음", "Adds a normally distributed number to each value.",
                       "값마다 정규분포에서 뽑은 수를 더합니다."),
    "iso_noise": ("ISO noise", "ISO 잡음", "As of a camera at high sensitivity: counted photons, and colours that shift.",
                  "ISO 감도를 높인 카메라의 잡음입니다. 광자(photon) 수와 색상이 흔들립니다."),
    "salt_and_pepper": ("Salt and pepper", "소금-후추 잡음", "Some pixels become white or black.",
                        "일부 화소가 희거나 검게 됩니다."),
    "jpeg": ("JPEG compression", "JPEG 압축", "Compresses and decodes again: blocks of 8 x 8 show at low quality.",
             "압축했다가 다시 풉니다. 품질이 낮으면 8×8 블록이 보입니다."),
    "channel_shuffle": ("Channel shuffle", "채널 섞기", "Red, green and blue in a random order.",
                        "빨강, 초록, 파랑 채널의 순서를 무작위로 바꿉니다."),
    "rgb_shift": ("RGB shift", "RGB 이동", "Adds another amount to each of red, green and blue.",
                  "빨강, 초록, 파랑에 서로 다른 양을 더합니다."),
    "fog": ("Fog", "안개", "Blends with white, by a share that varies slowly over the picture.",
            "위치에 따라 천천히 변하는 비율로 흰색과 섞습니다."),
    "rain": ("Rain", "비", "Draws bright streaks.", "밝은 빗줄기를 그립니다."),
    "snow": ("Snow", "눈", "Draws white flakes.", "흰 눈송이를 그립니다."),
    "horizontal_flip": ("Horizontal flip", "좌우 뒤집기", "Mirrors left to right. A garment keeps its label; a letter may not.",
                        "좌우를 바꿉니다. 옷은 라벨이 그대로지만 글자는 그렇지 않을 수 있습니다."),
    "vertical_flip": ("Vertical flip", "상하 뒤집기", "Mirrors upside down. Good where there is no above, as in pictures from space.",
                      "위아래를 바꿉니다. 위성 사진처럼 위아래가 없는 그림에 알맞습니다."),
    "transpose": ("Transpose", "전치", "Exchanges rows and columns.", "행과 열을 맞바꿉니다."),
    "rotate90": ("Turn by 90 degrees", "90도 회전", "Turns by whole quarters; no pixel is interpolated.",
                 "90도 단위로 돌립니다. 화소를 보간하지 않습니다."),
    "rotate": ("Rotate", "회전", "Turns about the middle, counter-clockwise.", "가운데를 중심으로 반시계 방향으로 돌립니다."),
    "shift": ("Shift", "이동", "Moves to the right and down.", "오른쪽과 아래쪽으로 옮깁니다."),
    "scale": ("Scale", "확대·축소", "Enlarges about the middle; the size of the picture stays.",
              "가운데를 기준으로 확대합니다. 그림의 크기는 그대로입니다."),
    "shear": ("Shear", "전단", "Displaces each row by its distance from the middle: squares become slanted.",
              "가운데에서 떨어진 만큼 행을 밀어, 정사각형이 기울어집니다."),
    "shift_scale_rotate": ("Shift, scale, rotate", "이동·확대·회전", "All three in one interpolation.",
                           "세 가지를 한 번의 보간으로 합니다."),
    "affine": ("Affine", "아핀 변환", "Shears, scales, turns and shifts: straight lines stay straight and parallel.",
               "전단, 확대, 회전, 이동을 합칩니다. 곧은 선은 곧게, 평행선은 평행하게 남습니다."),
    "perspective": ("Perspective", "원근 변환", "Moves each corner at random: lines stay straight, but not parallel.",
                    "네 꼭짓점을 무작위로 옮깁니다. 선은 곧지만 평행하지는 않습니다."),
    "crop": ("Crop", "자르기", "Cuts out a rectangle.", "직사각형 하나를 잘라 냅니다."),
    "random_crop": ("Random crop", "무작위 자르기", "Cuts out a rectangle of this size at a random position.",
                    "이 크기의 직사각형을 무작위 위치에서 잘라 냅니다."),
    "random_resized_crop": ("Random resized crop", "잘라서 크기 맞추기", "Cuts out a random rectangle, and resizes it to the picture's size.",
                            "무작위 직사각형을 잘라 원래 크기로 늘립니다."),
    "pad": ("Pad", "패딩", "Adds rows and columns around the picture.", "그림 둘레에 행과 열을 덧붙입니다."),
    "elastic": ("Elastic", "탄성 변형", "Displaces the pixels by a smooth random field, as handwriting varies.",
                "부드러운 무작위 변위장으로 화소를 옮깁니다. 손글씨가 흔들리는 것과 같습니다."),
    "grid_distortion": ("Grid distortion", "격자 왜곡", "Bands of columns and rows become wider or narrower.",
                        "열과 행의 띠가 넓어지거나 좁아집니다."),
    "grid_shuffle": ("Grid shuffle", "격자 섞기", "Cuts the picture into tiles and puts them together in a random order.",
                     "그림을 타일로 잘라 무작위 순서로 다시 맞춥니다."),
    "patch_shuffle": ("PatchShuffle", "PatchShuffle", "The pixels in each n x n window are randomly shifted with probability p.",
                      "n×n 창마다 확률 p로 창 안의 화소를 무작위로 뒤섞습니다."),
    "cutout": ("Cutout", "컷아웃(Cutout)", "Erases a square about a random pixel; near the border part of it falls outside.",
               "무작위 화소를 중심으로 정사각형을 지웁니다. 테두리 근처에서는 일부가 그림 밖으로 나갑니다."),
    "random_erasing": ("Random erasing", "무작위 지우기", "Erases a rectangle of random area and shape inside the picture, with random values.",
                       "넓이와 모양이 무작위인 직사각형을 무작위 값으로 지웁니다."),
    "coarse_dropout": ("Coarse dropout", "굵은 드롭아웃", "Erases several squares at random positions.",
                       "여러 정사각형을 무작위 위치에서 지웁니다."),
    "mixup": ("mixup", "mixup", "The same share of the first picture everywhere: both shine through.",
              "모든 화소를 같은 비율로 섞습니다. 두 그림이 함께 비쳐 보입니다."),
    "cutmix": ("CutMix", "CutMix", "A rectangle of the second picture inside the first; the label follows its area.",
               "첫째 그림에 둘째 그림의 직사각형을 붙입니다. 라벨은 그 넓이를 따릅니다."),
    "vertical_concat": ("Vertical concat", "상하 이어 붙이기", "The first picture above, the second below.",
                        "위는 첫째 그림, 아래는 둘째 그림입니다."),
    "horizontal_concat": ("Horizontal concat", "좌우 이어 붙이기", "The first picture to the left, the second to the right.",
                          "왼쪽은 첫째 그림, 오른쪽은 둘째 그림입니다."),
    "mixed_concat": ("Mixed concat", "엇갈려 이어 붙이기", "Four fields about a random point, crosswise of the two pictures.",
                     "무작위 점에서 네 칸으로 나누고, 두 그림을 엇갈려 놓습니다."),
    "random_2x2": ("Random 2 x 2", "무작위 2×2", "Four fields about a random point, each of a random one of the two.",
                   "무작위 점에서 네 칸으로 나누고, 칸마다 두 그림 가운데 하나를 무작위로 놓습니다."),
    "vh_mixup": ("VH-mixup", "VH-mixup", "mixup of a vertical and a horizontal concatenation.",
                 "상하로 붙인 것과 좌우로 붙인 것을 mixup합니다."),
    "random_square": ("Random square", "무작위 정사각형", "A square of the second picture inside the first.",
                      "첫째 그림에 둘째 그림의 정사각형을 붙입니다."),
    "row_interval": ("Random row interval", "무작위 행 구간", "Neighbouring rows of the second picture inside the first.",
                     "첫째 그림의 이어진 행들을 둘째 그림으로 바꿉니다."),
    "column_interval": ("Random column interval", "무작위 열 구간", "Neighbouring columns of the second picture inside the first.",
                        "첫째 그림의 이어진 열들을 둘째 그림으로 바꿉니다."),
    "random_rows": ("Random rows", "무작위 행", "Each row of a random one of the two.", "행마다 두 그림 가운데 하나를 무작위로 씁니다."),
    "random_columns": ("Random columns", "무작위 열", "Each column of a random one of the two.",
                       "열마다 두 그림 가운데 하나를 무작위로 씁니다."),
    "random_pixels": ("Random pixels", "무작위 화소", "Each pixel of a random one of the two.",
                      "화소마다 두 그림 가운데 하나를 무작위로 씁니다."),
    "random_elements": ("Random elements", "무작위 원소", "Each channel of each pixel of a random one of the two.",
                        "화소의 채널마다 두 그림 가운데 하나를 무작위로 씁니다."),
    "noisy_mixup": ("Noisy mixup", "잡음 섞인 mixup", "mixup with a share that varies from pixel to pixel.",
                    "비율이 화소마다 조금씩 다른 mixup입니다."),
}

# {parameter, or (transform, parameter): its label}; otherwise its Python name.
PARAMETERS: dict[str | tuple[str, str], Words] = {
    "delta": Words("Share of the range to add", "더할 양(전체 범위의 비율)"), "factor": Words("Factor", "배율"),
    "power": Words("Power", "거듭제곱"), "hue": Words("Hue: share of a full turn", "색상(한 바퀴의 비율)"),
    "saturation": Words("Saturation", "채도"), "threshold": Words("Threshold, a share of the range", "문턱값(범위의 비율)"),
    "addition": Words("Added first", "먼저 더할 양"), "bits": Words("Bits kept", "남길 비트 수"),
    "bins": Words("Levels", "단계 수"), "clip_limit": Words("Clip limit", "제한 배수(clip limit)"),
    "tiles": Words("Tiles a side", "한 변의 타일 수"), "amount": Words("Amount", "양"),
    "sigma": Words("sigma in pixels", "시그마(화소)"), "size": Words("Side in pixels", "한 변(화소)"),
    "angle": Words("Angle in degrees", "각도(도)"), "stddev": Words("Standard deviation, a share of the range", "표준편차(범위의 비율)"),
    ("iso_noise", "color"): Words("Noise of the hue", "색상의 잡음"), "intensity": Words("Intensity", "세기"),
    "salt": Words("Share of white ones", "흰 화소의 비율"), "quality": Words("Quality", "품질"),
    "red": Words("Red", "빨강"), "green": Words("Green", "초록"), "blue": Words("Blue", "파랑"),
    "density": Words("Density", "농도"), "length": Words("Length in pixels", "길이(화소)"),
    "turns": Words("Quarter turns", "90도 회전 수"), "x": Words("x", "x"), "y": Words("y", "y"),
    ("shift", "x"): Words("Pixels to the right", "오른쪽으로(화소)"), ("shift", "y"): Words("Pixels down", "아래로(화소)"),
    ("shift_scale_rotate", "x"): Words("Pixels to the right", "오른쪽으로(화소)"),
    ("shift_scale_rotate", "y"): Words("Pixels down", "아래로(화소)"),
    ("shear", "x"): Words("Along the rows", "행 방향"), ("shear", "y"): Words("Along the columns", "열 방향"),
    "shift_x": Words("Pixels to the right", "오른쪽으로(화소)"), "shift_y": Words("Pixels down", "아래로(화소)"),
    "scale_x": Words("Factor of the width", "가로 배율"), "scale_y": Words("Factor of the height", "세로 배율"),
    "shear_x": Words("Shear along the rows", "행 방향 전단"), "shear_y": Words("Shear along the columns", "열 방향 전단"),
    "strength": Words("Strength", "세기"), "top": Words("Top", "위"), "left": Words("Left", "왼쪽"),
    "bottom": Words("Bottom", "아래"), "right": Words("Right", "오른쪽"), "height": Words("Height", "높이"),
    "width": Words("Width", "너비"), "area": Words("Share of the area", "넓이의 비율"),
    "ratio": Words("Height / width", "높이/너비"), "alpha": Words("Displacement in pixels", "변위(화소)"),
    "steps": Words("Bands", "띠의 수"), "grid": Words("Tiles a side", "한 변의 타일 수"),
    "fill_value": Words("Fill value", "채울 값"), "holes": Words("Squares", "정사각형 수"),
    ("patch_shuffle", "size"): Words("n: side of a window", "n: 창의 한 변"),
    "probability": Words("p: probability of a window", "p: 창이 섞일 확률"),
}


def name_of(name: str) -> Words:
    """Return what a transform or mixing is called, with its Python name in Korean."""
    if name not in DESCRIPTIONS:
        return Words(name, name)
    english, korean, _, _ = DESCRIPTIONS[name]
    return Words(english, korean if english in korean else f"{korean} ({english})")


def sentence_of(name: str) -> Words:
    """Return what a transform or mixing does."""
    if name in DESCRIPTIONS:
        return Words(*DESCRIPTIONS[name][2:])
    function = TRANSFORMS[name].function if name in TRANSFORMS else MASKS[name]
    first = (inspect.getdoc(function) or name).split("\n")[0]
    return Words(first, first)
