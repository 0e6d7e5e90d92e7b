"""Controls for every parameter of every transform in `tinynet.augment`'s catalogue, and their values.

A transform that is new in the catalogue gets its controls from its signature and its default ranges; `BOUNDS` and the
words only make them better.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ...augment.catalogue import PIXEL, SPATIAL, TRANSFORMS
from ...augment.gallery import needed_parameters
from ..parameters import Choice, Number, Parameter
from ..words import Words
from .augmentation_words import PARAMETERS, name_of

SIDE = 64  # pixels of all pictures
# The slides' headings. What they show on pages of their own stands apart.
PATCHES = ("patch_shuffle", "cutout", "random_erasing", "coarse_dropout")
GROUPS: dict[str, tuple[str, ...]] = {
    "pixel": tuple(PIXEL), "spatial": tuple(name for name in SPATIAL if name not in PATCHES), "patches": PATCHES,
}
COMMON = ("fill_mode", "interpolation", "fill_value")  # one control for all spatial transforms
PASSED = ("seed", "value_range")  # are no settings of a transform


class Bound(NamedTuple):
    """The bounds of a slider; `default` None: what the function or the catalogue has. `odd`: only odd numbers."""

    low: float
    high: float
    step: float = 0.05
    default: float | None = None
    odd: bool = False


BOUNDS = {
    ("brightness", "delta"): Bound(-1, 1), ("contrast", "factor"): Bound(0, 3), ("gamma", "power"): Bound(0.1, 4, 0.1),
    ("hue_saturation", "hue"): Bound(-0.5, 0.5, 0.01, 0.3), ("hue_saturation", "saturation"): Bound(0, 3),
    ("color", "factor"): Bound(0, 3), ("solarize", "threshold"): Bound(0, 1), ("solarize", "addition"): Bound(-1, 1),
    ("posterize", "bits"): Bound(1, 8, default=2), ("equalize", "bins"): Bound(2, 256),
    ("clahe", "clip_limit"): Bound(1, 10, 0.1), ("clahe", "tiles"): Bound(1, 16), ("sharpen", "amount"): Bound(0, 5, 0.1),
    ("gaussian_blur", "sigma"): Bound(0, 6, 0.1, 1.5), ("median_blur", "size"): Bound(1, 7, odd=True),
    ("motion_blur", "size"): Bound(1, 21, odd=True, default=9), ("motion_blur", "angle"): Bound(0, 180, 5, 45),
    ("gaussian_noise", "stddev"): Bound(0, 0.5, 0.01), ("iso_noise", "color"): Bound(0, 0.5, 0.01),
    ("iso_noise", "intensity"): Bound(0, 2), ("salt_and_pepper", "amount"): Bound(0, 0.5, 0.01),
    ("salt_and_pepper", "salt"): Bound(0, 1), ("jpeg", "quality"): Bound(1, 95, default=10),
    ("rgb_shift", "red"): Bound(-1, 1), ("rgb_shift", "green"): Bound(-1, 1), ("rgb_shift", "blue"): Bound(-1, 1),
    ("fog", "density"): Bound(0, 1), ("rain", "amount"): Bound(0, 0.2, 0.005), ("rain", "length"): Bound(1, 31, odd=True),
    ("rain", "angle"): Bound(0, 180, 5), ("snow", "amount"): Bound(0, 0.2, 0.005), ("snow", "size"): Bound(0.1, 3, 0.1),
    ("rotate90", "turns"): Bound(0, 3), ("rotate", "angle"): Bound(-180, 180, 1),
    ("shift", "x"): Bound(-64, 64, 1, 16), ("shift", "y"): Bound(-64, 64, 1, 8), ("scale", "factor"): Bound(0.2, 4),
    ("shear", "x"): Bound(-1, 1), ("shear", "y"): Bound(-1, 1, default=0),
    ("shift_scale_rotate", "x"): Bound(-64, 64, 1, 8), ("shift_scale_rotate", "y"): Bound(-64, 64, 1, 4),
    ("shift_scale_rotate", "factor"): Bound(0.2, 4), ("shift_scale_rotate", "angle"): Bound(-180, 180, 1),
    ("affine", "angle"): Bound(-180, 180, 1), ("affine", "shift_x"): Bound(-64, 64, 1),
    ("affine", "shift_y"): Bound(-64, 64, 1), ("affine", "scale_x"): Bound(0.2, 3),
    ("affine", "scale_y"): Bound(0.2, 3), ("affine", "shear_x"): Bound(-1, 1), ("affine", "shear_y"): Bound(-1, 1),
    ("perspective", "strength"): Bound(0, 0.45, 0.01, 0.2),
    **{("crop", side): Bound(0, SIDE - 1) for side in ("top", "left")},
    **{(name, side): Bound(1, SIDE) for name in ("crop", "random_crop") for side in ("height", "width")},
    **{("pad", side): Bound(0, 32) for side in ("top", "left", "bottom", "right")},
    ("random_resized_crop", "area"): Bound(0.05, 1), ("random_resized_crop", "ratio"): Bound(0.2, 5),
    ("elastic", "alpha"): Bound(0, 20, 0.5, 3), ("elastic", "sigma"): Bound(0.5, 16, 0.5),
    ("grid_distortion", "steps"): Bound(1, 16), ("grid_distortion", "strength"): Bound(0, 0.95),
    ("grid_shuffle", "grid"): Bound(1, 16), ("cutout", "size"): Bound(0, SIDE), ("cutout", "fill_value"): Bound(0, 255, 1),
    ("random_erasing", "area"): Bound(0, 1, 0.01), ("random_erasing", "ratio"): Bound(0.1, 10, 0.1),
    ("coarse_dropout", "holes"): Bound(0, 64), ("coarse_dropout", "size"): Bound(0, 32),
    ("coarse_dropout", "fill_value"): Bound(0, 255, 1),
    ("patch_shuffle", "size"): Bound(1, 32, default=4), ("patch_shuffle", "probability"): Bound(0, 1, default=0.5),
}


def group_of(name: str) -> str:
    """Return the group that a transform belongs to."""
    return next(group for group, names in GROUPS.items() if name in names)


def default_of(name: str, key: str) -> Any:
    """Return a visible value of a parameter: of `BOUNDS`, of the gallery, of the function, or of the catalogue."""
    bound, given = BOUNDS.get((name, key)), TRANSFORMS[name].parameters[key]
    needed, ranges = needed_parameters(name, (SIDE, SIDE)), TRANSFORMS[name].ranges
    if bound and bound.default is not None:
        return bound.default
    if key in needed:
        return needed[key]
    if key in ranges and not (isinstance(given, int | float) and given not in (0, 1)):
        return ranges[key][1]  # the function's own default is missing, or has no effect
    return given


def settings_of(name: str) -> dict[str, tuple[str, ...]]:
    """Return {parameter of a transform: its settings here}: two, a low and a high one, for a range."""
    found: dict[str, tuple[str, ...]] = {}
    for key in TRANSFORMS[name].parameters:
        if key in PASSED or key in COMMON and (name, key) not in BOUNDS:
            continue
        default = default_of(name, key)
        if isinstance(default, tuple):
            found[key] = (f"{name}_{key}_low", f"{name}_{key}_high")
        elif isinstance(default, int | float) and not isinstance(default, bool):
            found[key] = (f"{name}_{key}",)
    return found


def is_whole(name: str, key: str) -> bool:
    """Report whether a parameter is a whole number."""
    given, needed = TRANSFORMS[name].parameters[key], needed_parameters(name, (SIDE, SIDE))
    range_ = TRANSFORMS[name].ranges.get(key, ())
    return isinstance(given, int) or isinstance(needed.get(key), int) or bool(range_) and all(
        isinstance(end, int) for end in range_)


def bound_of(name: str, key: str) -> Bound:
    """Return the bounds of a parameter's sliders."""
    if (name, key) in BOUNDS:
        return BOUNDS[name, key]
    if key in TRANSFORMS[name].ranges:
        return Bound(*TRANSFORMS[name].ranges[key])
    default = default_of(name, key)
    most = max(map(abs, default)) if isinstance(default, tuple) else abs(default)
    return Bound(1 if is_whole(name, key) else 0, 2 * most or 1)


def controls(name: str) -> list[Parameter]:
    """Return the controls of one transform."""
    group = group_of(name)
    made: list[Parameter] = []
    for key, settings in settings_of(name).items():
        bound, default = bound_of(name, key), default_of(name, key)
        words = PARAMETERS.get((name, key)) or PARAMETERS.get(key) or Words(key, key)
        for setting, value, ends in zip(settings, default if isinstance(default, tuple) else (default,),
                                        (("", "") if len(settings) == 1 else (", from", ": 최소"), (", to", ": 최대")),
                                        strict=False):
            made.append(Number(
                name=setting, label=Words(words.en + ends[0], words.ko + ends[1]), low=bound.low, high=bound.high,
                default=int(value) if is_whole(name, key) else float(value), step=bound.step,
                whole=is_whole(name, key), when={"group": (group,), group: (name,)}))
    return made


def has(key: str) -> tuple[str, ...]:
    """Return the spatial transforms with one of the parameters that they share."""
    return tuple(name for name in GROUPS["spatial"] if key in TRANSFORMS[name].parameters)


def all_controls() -> list[Parameter]:
    """Return the choice of a transform in each group, and all their controls."""
    labels = {"pixel": Words("Pixel-level transform", "픽셀 수준 변환"),
              "spatial": Words("Spatial-level transform", "공간 수준 변환"),
              "patches": Words("Patches", "패치(patch)")}
    firsts = {"pixel": "hue_saturation", "spatial": "rotate", "patches": "patch_shuffle"}
    made: list[Parameter] = [
        Choice(name=group, label=labels[group], default=firsts[group], when={"group": (group,)},
               options=tuple((name, name_of(name)) for name in names))
        for group, names in GROUPS.items()]
    for name in TRANSFORMS:
        made += controls(name)
    return [
        *made,
        Choice(name="fill_mode", label=Words("Beyond the border", "테두리 바깥"), default="reflect", options=(
            ("reflect", Words("mirrored", "거울상")), ("nearest", Words("the last pixel", "끝 화소")),
            ("wrap", Words("the other side", "반대쪽")), ("constant", Words("one value", "상수"))),
            when={"group": ("spatial",), "spatial": has("fill_mode")}),
        Number(name="fill_value", label=Words("Value beyond the border", "테두리 바깥의 값"), default=0.0, low=0, high=255,
               step=1, when={"group": ("spatial",), "spatial": has("fill_value"), "fill_mode": ("constant",)}),
        Choice(name="interpolation", label=Words("Between pixels", "화소 사이(interpolation)"), default="bilinear",
               options=(("bilinear", Words("bilinear", "쌍선형(bilinear)")), ("nearest", Words("nearest", "최근접(nearest)"))),
               when={"group": ("spatial",), "spatial": has("interpolation")}),
    ]


def values_of(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Return {parameter: value} of a transform, for `augment.apply`."""
    values: dict[str, Any] = {}
    for key, names in settings_of(name).items():
        values[key] = settings[names[0]] if len(names) == 1 else tuple(settings[one] for one in names)
    for key in COMMON:
        if key in TRANSFORMS[name].parameters and key not in values and group_of(name) == "spatial":
            values[key] = settings[key]
    if values.get("fill_mode") != "constant" and group_of(name) == "spatial":
        values.pop("fill_value", None)
    return values


def ranges_of(name: str, settings: dict[str, Any], draws: str, spread: float) -> dict[str, Any]:
    """Return {parameter: value or (low, high) to draw from} for the sheet of draws.

    Args:
        name: Of the transform.
        settings: Of the panel.
        draws: 'catalogue': the catalogue's ranges; 'around': about the sliders' values; 'fixed': these values.
        spread: Of 'around': the share of the slider to each side.
    """
    values = values_of(name, settings)
    for key, range_ in TRANSFORMS[name].ranges.items():
        if key not in values or draws == "fixed":
            continue
        if draws == "catalogue":
            values[key] = range_
            continue
        bound = bound_of(name, key)
        far = spread * (bound.high - bound.low) / 2
        low, high = max(bound.low, values[key] - far), min(bound.high, values[key] + far)
        values[key] = (round(low), round(high)) if is_whole(name, key) else (round(low, 6), round(high, 6))
    return values


def adjusted(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return settings that fit together: rectangles inside the picture, ranges in order, odd windows.

    Args:
        old, new: Settings before and after the reader's change.
    """
    new = dict(new)
    for start, length in (("crop_top", "crop_height"), ("crop_left", "crop_width")):
        moved, other = (start, length) if new[start] != old[start] else (length, start)
        least = 1 if other == length else 0
        new[other] = max(least, min(new[other], SIDE - new[moved]))
    for name in TRANSFORMS:
        for key, names in settings_of(name).items():
            if len(names) == 2 and new[names[0]] > new[names[1]]:
                moved, other = names if new[names[0]] != old[names[0]] else names[::-1]
                new[other] = new[moved]
            if bound_of(name, key).odd and new[names[0]] % 2 == 0:
                new[names[0]] += 1 if new[names[0]] > old[names[0]] else -1
    return new
