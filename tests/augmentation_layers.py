"""One instance of each augmentation layer, for the contract of all layers and for that of augmentation.

Each function takes `seed`, `dtype`, `data_format`, as the layer does.
"""

from tinynet import layers

# They draw at random.
MAKE = {
    "AugMix": lambda **k: layers.AugMix(factor=0.5, **k), "Augment": lambda **k: layers.Augment("elastic", **k),
    "CutMix": lambda **k: layers.CutMix((0.5, 1.0), **k), "Cutout": lambda **k: layers.Cutout(5, **k),
    "MixUp": lambda **k: layers.MixUp(1.0, **k), "Mixing": lambda **k: layers.Mixing("random_rows", **k),
    "PatchShuffle": lambda **k: layers.PatchShuffle(3, 0.5, **k),
    "RandAugment": lambda **k: layers.RandAugment(num_ops=4, **k),
    "RandomBrightness": lambda **k: layers.RandomBrightness((0.1, 0.3), **k),
    "RandomColorDegeneration": lambda **k: layers.RandomColorDegeneration((0.3, 0.9), **k),
    "RandomColorJitter": lambda **k: layers.RandomColorJitter((0, 255), 0.2, 0.3, (0.2, 0.8), 0.5, **k),
    "RandomContrast": lambda **k: layers.RandomContrast((0.3, 0.4), **k),
    "RandomCrop": lambda **k: layers.RandomCrop(7, 6, **k),
    "RandomElasticTransform": lambda **k: layers.RandomElasticTransform((1.0, 1.0), (0.8, 1.0), **k),
    "RandomErasing": lambda **k: layers.RandomErasing((1.0, 1.0), **k),
    "RandomFlip": lambda **k: layers.RandomFlip(**k),
    "RandomGaussianBlur": lambda **k: layers.RandomGaussianBlur((1.0, 1.0), 5, (0.5, 1.0), **k),
    "RandomGrayscale": lambda **k: layers.RandomGrayscale(0.5, **k),
    "RandomHue": lambda **k: layers.RandomHue((0.3, 0.6), **k),
    "RandomInvert": lambda **k: layers.RandomInvert((0.5, 0.9), **k),
    "RandomPerspective": lambda **k: layers.RandomPerspective((1.0, 1.0), 0.5, **k),
    "RandomPosterization": lambda **k: layers.RandomPosterization(5, **k),
    "RandomRotation": lambda **k: layers.RandomRotation(0.1, **k),
    "RandomSaturation": lambda **k: layers.RandomSaturation((0.1, 0.9), **k),
    "RandomSharpness": lambda **k: layers.RandomSharpness((0.7, 1.0), **k),
    "RandomShear": lambda **k: layers.RandomShear(0.3, 0.2, **k),
    "RandomTranslation": lambda **k: layers.RandomTranslation(0.2, (0.1, 0.3), **k),
    "RandomZoom": lambda **k: layers.RandomZoom(0.2, (-0.3, 0.3), **k),
    "Solarization": lambda **k: layers.Solarization(0.2, (0.3, 0.8), **k),
}
ALWAYS_THE_SAME = {"AutoContrast": lambda **k: layers.AutoContrast(**k),
                   "Equalization": lambda **k: layers.Equalization(**k)}
EVERY = {**MAKE, **ALWAYS_THE_SAME}
