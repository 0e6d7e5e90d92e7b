"""Augmentation of images: functions from arrays to arrays, on one image or on a batch; and of texts.

Layers over them are in `tinynet.layers`; catalogue.py lists the transforms of one image.
"""

from ..core.absence import explainer
from .catalogue import PIXEL, SPATIAL, TRANSFORMS, apply
from .distortion import elastic, grid_distortion, grid_shuffle
from .embeddings import embedding_cutout, sentence_mixup, word_mixup
from .erasing import coarse_dropout, cutout, erase, paste, random_erasing
from .filters import gaussian_blur, median_blur, motion_blur, sharpen
from .gallery import gallery
from .geometry import (
    affine, crop, flip, horizontal_flip, pad, perspective, random_crop, random_resized_crop, resize, rotate, rotate90,
    scale, shear, shift, shift_scale_rotate, transpose, vertical_flip,
)
from .histogram import auto_contrast, clahe, equalize
from .mixing import MASKS, blend, cutmix, mix, mixing_mask, mixup
from .noise import fog, gaussian_noise, iso_noise, jpeg, rain, salt_and_pepper, snow
from .patches import patch_shuffle
from .pixel import (
    brightness, channel_shuffle, color, contrast, gamma, grayscale, hue_saturation, invert, posterize, rgb_shift,
    solarize,
)
from .sampling import projective_transform, remap
from .text import (
    STOP_WORDS, eda, only_letters, random_deletion, random_insertion, random_swap, synonym_replacement, word_dropout,
)
from .translation import ApertiumTranslator, CallableTranslator, Translator, back_translate
from .wordnet import WordNet

__all__ = [
    "MASKS", "PIXEL", "SPATIAL", "TRANSFORMS", "affine", "apply", "auto_contrast", "blend", "brightness",
    "channel_shuffle", "clahe", "coarse_dropout", "color", "contrast", "crop", "cutmix", "cutout", "elastic",
    "equalize", "erase", "flip", "fog", "gallery", "gamma", "gaussian_blur", "gaussian_noise", "grayscale",
    "grid_distortion", "grid_shuffle", "horizontal_flip", "hue_saturation", "invert", "iso_noise", "jpeg",
    "median_blur", "mix", "mixing_mask", "mixup", "motion_blur", "pad", "paste", "patch_shuffle", "perspective",
    "posterize", "projective_transform", "rain", "random_crop", "random_erasing", "random_resized_crop", "remap",
    "resize", "rgb_shift", "rotate", "rotate90", "salt_and_pepper", "scale", "sharpen", "shear", "shift",
    "shift_scale_rotate", "snow", "solarize", "transpose", "vertical_flip",
    # text
    "ApertiumTranslator", "CallableTranslator", "STOP_WORDS", "Translator", "WordNet", "back_translate", "eda",
    "embedding_cutout", "only_letters", "random_deletion", "random_insertion", "random_swap", "sentence_mixup",
    "synonym_replacement", "word_dropout", "word_mixup",
]

__getattr__ = explainer(__name__)
