"""The scenes of the convolution panel in which a window slides: over typed numbers, over a volume, and for pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ..code import program

Size = dict[str, Any]


def output_size(size: int, window: int, stride: int, padding: int, dilation: int, rule: str) -> Size:
    """How many windows fit along one axis, with all that the page writes about it.

    Args:
        size, window, stride, padding, dilation: W, K, S, P and D.
        rule: 'exact', the slide's: the division must leave no remainder; 'floor', Keras's.

    Returns:
        {"W", "K", "S", "P", "D"; "extent": of the dilated window; "free": W - extent + 2P; "exact": the quotient + 1;
        "floor": the same rounded down; "unread": rows at the end that no window reads; "problem": None, 'too_large' or
        'not_exact'; "windows": how many there are, 0 with a problem}.
    """
    extent = dilation * (window - 1) + 1
    free = size - extent + 2 * padding
    problem = "too_large" if free < 0 else "not_exact" if rule == "exact" and free % stride else None
    windows = 0 if problem else ops.conv_output_size(size, window, stride, padding, dilation, strict=rule == "exact")
    return {"W": size, "K": window, "S": stride, "P": padding, "D": dilation, "extent": extent, "free": free,
            "exact": free / stride + 1, "floor": free // stride + 1, "unread": free % stride if free >= 0 else 0,
            "problem": problem, "windows": windows}


def rows_of(values: Any) -> list[list[float]]:
    """Typed numbers as they are printed: whole ones without a point."""
    return [[int(one) if one == int(one) else one for one in row] for row in values]


def size_code(sizes: list[Size], rule: str) -> str:
    """Code that explains why sizes do not fit together."""
    first = sizes[0]
    return program("""
        import tinynet as tn

        sizes = []
        for size, window in $axes:
            try:
                sizes.append(tn.ops.conv_output_size(size, window, $stride, $padding, $dilation, strict=$strict))
            except ValueError as error:
                sizes.append(0)
                print(error)
    """, axes=[(one["W"], one["K"]) for one in sizes], stride=first["S"], padding=first["P"], dilation=first["D"],
        strict=rule == "exact")


class Filter:
    """A filter slides over numbers; each step is one output.

    Args:
        settings: Of the panel.
        seed: Not used here.
    """

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self.settings = settings
        image, kernel = np.array(settings["image"], float), np.array(settings["filter"], float)
        self.kernel = kernel[::-1, ::-1] if settings["flip"] else kernel
        self.stride, self.padding, self.dilation = (settings[name] for name in ("stride", "padding", "dilation"))
        self.sizes = [output_size(size, window, self.stride, self.padding, self.dilation, settings["rule"])
                      for size, window in zip(image.shape, kernel.shape, strict=True)]
        self.shape = tuple(one["windows"] for one in self.sizes)
        self.legal = all(self.shape)
        self.padded = np.pad(image, self.padding)
        self.output = np.full(self.shape if self.legal else (0, 0), np.nan)
        self.products = np.zeros_like(kernel)
        self.count = 0
        self.finished = not self.legal
        if self.legal:
            self.step()

    def step(self) -> None:
        i, j = divmod(self.count, self.shape[1])
        top, left = i * self.stride, j * self.stride
        tall, wide = (one["extent"] for one in self.sizes)
        window = self.padded[top : top + tall : self.dilation, left : left + wide : self.dilation]
        self.products = window * self.kernel
        self.output[i, j] = self.products.sum()
        self.count += 1
        self.finished = self.count == self.output.size

    def state(self) -> dict[str, Any]:
        i, j = divmod(max(self.count - 1, 0), max(self.output.shape[1], 1))
        numbers: dict[str, Any] = {"output_shape": f"{self.shape[0]} × {self.shape[1]}" if self.legal else "does_not_fit"}
        if self.legal:
            numbers |= {"row": i + 1, "column": j + 1, "value": float(self.output[i, j])}
        return {"numbers": numbers, "sizes": self.sizes, "legal": self.legal, "padded": self.padded, "kernel": self.kernel,
                "products": self.products, "output": self.output, "at": [i, j]}

    def code(self, steps: int) -> str:
        if not self.legal:
            return size_code(self.sizes, self.settings["rule"])
        return program("""
            import numpy as np
            import tinynet as tn

            image = np.array($image, float)
            kernel = np.array($kernel, float)
        """, image=rows_of(self.settings["image"]), kernel=rows_of(self.settings["filter"])) + (
            "kernel = kernel[::-1, ::-1]  # turned by 180 degrees\n" if self.settings["flip"] else "") + program("""
            stride, padding, dilation = $stride, $padding, $dilation

            shape = [
                tn.ops.conv_output_size(size, window, stride, padding, dilation)
                for size, window in zip(image.shape, kernel.shape)
            ]
            tall, wide = [dilation * (window - 1) + 1 for window in kernel.shape]
            padded = np.pad(image, padding)
            output = np.full(shape, np.nan)
            for step in range($count):
                i, j = divmod(step, shape[1])
                top, left = i * stride, j * stride
                window = padded[top : top + tall : dilation, left : left + wide : dilation]
                products = window * kernel
                output[i, j] = products.sum()
            print(products)
            print(output)

            # All of it in one call, as a layer does it: images are (batch, height, width, channels).
            whole = tn.ops.conv2d(image[None, :, :, None], kernel[:, :, None, None], strides=stride, padding=padding,
                                  dilation_rate=dilation)
            print(whole.numpy()[0, :, :, 0])
        """, stride=self.stride, padding=self.padding, dilation=self.dilation, count=min(steps + 1, self.output.size))

    def proof(self) -> dict[str, Any]:
        if not self.legal:
            return {"sizes": [one["windows"] for one in self.sizes]}
        return {"output": self.output, "products": self.products}


class Pooling:
    """A window takes the maximum and the average of what it covers; each step is one window.

    Args:
        settings: Of the panel.
        seed: Not used here.
    """

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self.settings = settings
        self.image = np.array(settings["pooled"], float)
        self.side, self.stride = settings["pool"], settings["pool_stride"]
        self.sizes = [output_size(size, self.side, self.stride, 0, 1, settings["rule"]) for size in self.image.shape]
        self.shape = tuple(one["windows"] for one in self.sizes)
        self.legal = all(self.shape)
        shape = self.shape if self.legal else (0, 0)
        self.largest, self.average = np.full(shape, np.nan), np.full(shape, np.nan)
        self.window = np.zeros((0, 0))
        self.count = 0
        self.finished = not self.legal
        if self.legal:
            self.step()

    def step(self) -> None:
        i, j = divmod(self.count, self.shape[1])
        top, left = i * self.stride, j * self.stride
        self.window = self.image[top : top + self.side, left : left + self.side]
        self.largest[i, j], self.average[i, j] = self.window.max(), self.window.mean()
        self.count += 1
        self.finished = self.count == self.largest.size

    def state(self) -> dict[str, Any]:
        i, j = divmod(max(self.count - 1, 0), max(self.largest.shape[1], 1))
        numbers: dict[str, Any] = {"output_shape": f"{self.shape[0]} × {self.shape[1]}" if self.legal else "does_not_fit"}
        if self.legal:
            numbers |= {"row": i + 1, "column": j + 1, "max": float(self.largest[i, j]),
                        "average": float(self.average[i, j])}
        return {"numbers": numbers, "sizes": self.sizes, "legal": self.legal, "image": self.image, "window": self.window,
                "largest": self.largest, "averages": self.average, "at": [i, j]}

    def code(self, steps: int) -> str:
        if not self.legal:
            return size_code(self.sizes, self.settings["rule"])
        return program("""
            import numpy as np
            import tinynet as tn

            image = np.array($image, float)
            size, stride = $side, $stride

            shape = [tn.ops.conv_output_size(one, size, stride) for one in image.shape]
            largest, average = np.full(shape, np.nan), np.full(shape, np.nan)
            for step in range($count):
                i, j = divmod(step, shape[1])
                window = image[i * stride : i * stride + size, j * stride : j * stride + size]
                largest[i, j], average[i, j] = window.max(), window.mean()
            print(largest)
            print(average)

            # All of it in one call each, as a layer does it.
            images = image[None, :, :, None]
            print(tn.ops.max_pool2d(images, size, strides=stride).numpy()[0, :, :, 0])
            print(tn.ops.average_pool2d(images, size, strides=stride).numpy()[0, :, :, 0])
        """, image=rows_of(self.settings["pooled"]), side=self.side, stride=self.stride,
            count=min(steps + 1, self.largest.size))

    def proof(self) -> dict[str, Any]:
        if not self.legal:
            return {"sizes": [one["windows"] for one in self.sizes]}
        return {"largest": self.largest, "average": self.average}


class Volume:
    """Filters of the full depth slide over a colour image; each step is one row of the activation maps.

    Args:
        settings: Of the panel.
        seed: Of the image's rectangles and of the filters.
    """

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self.seed = seed
        self.side, self.depth, self.filters = (settings[name] for name in ("side", "depth", "filters"))
        self.window, self.stride, self.padding = (settings[name] for name in ("window", "volume_stride", "volume_padding"))
        self.rule = settings["rule"]
        self.size = output_size(self.side, self.window, self.stride, self.padding, 1, self.rule)
        rng = np.random.default_rng(seed)
        self.image = np.zeros((self.side, self.side, self.depth))
        for _ in range(8):
            top, left = rng.integers(0, self.side - 4, 2)
            tall, wide = rng.integers(4, self.side // 2 + 1, 2)
            self.image[top : top + tall, left : left + wide] = rng.random(self.depth)
        self.kernel = rng.normal(size=(self.window, self.window, self.depth, self.filters))
        self.bias = rng.normal(size=self.filters)
        self.legal = self.size["problem"] is None
        self.whole = self.all_maps() if self.legal else np.zeros((0, 0, self.filters))
        self.rows = 1
        self.finished = not self.legal or self.rows >= len(self.whole)

    def all_maps(self) -> np.ndarray:
        """The activation maps, (rows, columns, filters)."""
        return ops.conv2d(self.image[None], self.kernel, self.bias, strides=self.stride, padding=self.padding).numpy()[0]

    def step(self) -> None:
        self.rows += 1
        self.finished = self.rows == len(self.whole)

    def state(self) -> dict[str, Any]:
        products = self.window * self.window * self.depth
        out = self.size["windows"]
        numbers = {"output_shape": f"{self.filters} × {out} × {out}" if self.legal else "does_not_fit",
                   "products": products, "parameters": self.filters * (products + 1)}
        if self.legal:
            numbers["multiplications"] = out * out * self.filters * products
        return {"numbers": numbers, "sizes": [self.size], "legal": self.legal,
                "image": (self.image * 255).astype(np.uint8), "kernel": self.kernel.astype(np.float32),
                "maps": self.whole[: self.rows].astype(np.float32), "largest": float(abs(self.whole).max(initial=1e-12))}

    def code(self, steps: int) -> str:
        if not self.legal:
            return size_code([self.size], self.rule)
        return program("""
            import numpy as np
            import tinynet as tn

            side, depth, filters, window = $side, $depth, $filters, $window
            rng = np.random.default_rng($seed)
            image = np.zeros((side, side, depth))
            for _ in range(8):
                top, left = rng.integers(0, side - 4, 2)
                tall, wide = rng.integers(4, side // 2 + 1, 2)
                image[top : top + tall, left : left + wide] = rng.random(depth)

            kernel = rng.normal(size=(window, window, depth, filters))  # each filter has the image's full depth
            bias = rng.normal(size=filters)
            maps = tn.ops.conv2d(image[None], kernel, bias, strides=$stride, padding=$padding).numpy()[0]
            print("image", image.shape, "filters", kernel.shape, "activation maps", maps.shape)
            print(kernel.size + bias.size, "parameters")
            maps = maps[:$rows]  # the rows that are drawn so far
        """, side=self.side, depth=self.depth, filters=self.filters, window=self.window, seed=self.seed,
            stride=self.stride, padding=self.padding, rows=min(steps + 1, len(self.whole)))

    def proof(self) -> dict[str, Any]:
        if not self.legal:
            return {"sizes": [self.size["windows"]]}
        return {"maps": self.whole[: self.rows]}
