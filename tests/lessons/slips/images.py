"""Wrong solutions of the exercises on convolution, pooling and augmentation. How to read it: optimizers.py."""

TEXTS = {
    "output_size": """
def my_output_size(W, K, P, S):
    room = W - K + 2 * P
    return room // S + 1
""",
    "convolution": """
def my_convolution(x, kernel, stride, padding):
    height, width, channels = x.shape
    kh, kw, _, filters = kernel.shape
    big = np.zeros((height + 2 * padding, width + 2 * padding, channels))
    big[padding:padding + height, padding:padding + width] = x
    out_h = (height - kh + 2 * padding) // stride + 1
    out_w = (width - kw + 2 * padding) // stride + 1
    y = np.zeros((out_h, out_w, filters))
    for i in range(out_h):
        for j in range(out_w):
            for f in range(filters):
                window = big[i * stride:i * stride + kh, j * stride:j * stride + kw]
                y[i, j, f] = np.sum(window * kernel[:, :, :, f])
    return y
""",
    "max_pooling": """
def my_max_pooling(x, size, stride):
    height, width, channels = x.shape
    rows = (height - size) // stride + 1
    columns = (width - size) // stride + 1
    y = np.zeros((rows, columns, channels))
    for i in range(rows):
        for j in range(columns):
            for c in range(channels):
                window = x[i * stride:i * stride + size, j * stride:j * stride + size, c]
                y[i, j, c] = window.max()
    return y
""",
    "max_pooling_gradient": """
def my_max_pooling_gradient(dy, x, size, stride):
    dx = np.zeros(x.shape)
    rows, columns, channels = dy.shape
    for i in range(rows):
        for j in range(columns):
            for c in range(channels):
                best, where = None, None
                for p in range(size):
                    for q in range(size):
                        value = x[i * stride + p, j * stride + q, c]
                        if best is None or value > best:
                            best, where = value, (i * stride + p, j * stride + q, c)
                dx[where] += dy[i, j, c]
    return dx
""",
    "mixup": """
def my_mixup(x, y, lam, partners):
    new_x = np.zeros(x.shape)
    new_y = np.zeros(y.shape)
    for i in range(len(x)):
        j = partners[i]
        new_x[i] = lam * x[i] + (1 - lam) * x[j]
        new_y[i] = lam * y[i] + (1 - lam) * y[j]
    return new_x, new_y
""",
    "cutout": """
def my_cutout(image, row, column, size):
    new = image.copy()
    top, left = row - size // 2, column - size // 2
    for i in range(top, top + size):
        for j in range(left, left + size):
            if 0 <= i < image.shape[0] and 0 <= j < image.shape[1]:
                new[i, j] = 0
    return new
""",
    "eda": """
def my_eda(words, synonyms, i, j, draws, p):
    replaced = []
    for word in words:
        if word == words[i]:
            replaced.append(synonyms[word])
        else:
            replaced.append(word)
    inserted = words.copy()
    inserted.insert(j, synonyms[words[i]])
    swapped = words.copy()
    swapped[i], swapped[j] = words[j], words[i]
    deleted = []
    for k in range(len(words)):
        if draws[k] >= p:
            deleted.append(words[k])
    if len(deleted) == 0:
        deleted = [words[i]]
    return replaced, inserted, swapped, deleted
""",
}

_WINDOWS = """
def my_max_pooling_gradient(dy, x, size, stride):
    dx = np.zeros(x.shape)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            for c in range(dy.shape[2]):
                rows = slice(i * stride, i * stride + size)
                columns = slice(j * stride, j * stride + size)
                window = x[rows, columns, c]
                HERE
    return dx
"""

SLIPS = {
    "output_size": {
        "no_plus_1": [(" + 1", "")],
        "padding_once": [("2 * P", "P")],
        "no_padding": [(" + 2 * P", "")],
        "padding_subtracted": [("+ 2 * P", "- 2 * P")],
        "no_stride": [("room // S", "room")],
        "true_division": [("//", "/")],
        "rounded_up": [("room // S", "-(-room // S)")],
        "rounded": [("room // S", "round(room / S)")],
        "plus_1_divided": [("room // S + 1", "(room + 1) // S")],
        "padding_and_stride_exchanged": [("W, K, P, S", "W, K, S, P")],
        "same_size": [("room // S + 1", "(W + S - 1) // S")],
        "division_of_part": [("room // S + 1", "W - K + 2 * P // S + 1")],
        "true_division_of_part": [("room // S + 1", "W - K + 2 * P / S + 1")],
        "padding_not_divided": [("room // S + 1", "(W - K) // S + 2 * P + 1")],
        "transposed": [("room // S + 1", "S * (W - 1) + K - 2 * P")],
        "float_number": [("room // S + 1", "float(room // S + 1)")],
    },
    "convolution": {
        "filter_flipped": [("kernel[:, :, :, f]", "np.flip(kernel, (0, 1))[:, :, :, f]")],
        "filter_flipped_along_width": [("kernel[:, :, :, f]", "np.fliplr(kernel[:, :, :, f])")],
        "filter_flipped_along_height": [("kernel[:, :, :, f]", "np.flipud(kernel[:, :, :, f])")],
        "channels_first": [("return y", "return np.transpose(y, (2, 0, 1))")],
        "rows_and_columns_exchanged": [("(out_h, out_w, filters)", "(out_w, out_h, filters)"),
                                       ("y[i, j, f]", "y[j, i, f]")],
        "first_channel_only": [("window * kernel[:, :, :, f]", "window[:, :, 0] * kernel[:, :, 0, f]")],
        "last_channel_only": [("                y[i, j, f] = np.sum(window * kernel[:, :, :, f])",
                               "                for c in range(channels):\n"
                               "                    y[i, j, f] = np.sum(window[:, :, c] * kernel[:, :, c, f])")],
        "last_product_only": [("y[i, j, f] = np.sum(window * kernel[:, :, :, f])",
                               "for product in (window * kernel[:, :, :, f]).ravel():\n"
                               "                    y[i, j, f] = product")],
        "channels_not_summed": [("(out_h, out_w, filters)", "(out_h, out_w, channels, filters)"),
                                ("y[i, j, f] = np.sum(window * kernel[:, :, :, f])",
                                 "y[i, j, :, f] = np.sum(window * kernel[:, :, :, f], axis=(0, 1))")],
        "kernel_transposed": [("x.shape\n", "x.shape\n    kernel = kernel.transpose(1, 0, 2, 3)\n")],
        "size_without_padding": [("kh + 2 * padding", "kh"), ("kw + 2 * padding", "kw")],
        "mean": [("np.sum(", "np.mean(")],
        "mean_over_channels": [("kernel[:, :, :, f])", "kernel[:, :, :, f]) / channels")],
        "first_filter_only": [("kernel[:, :, :, f]", "kernel[:, :, :, 0]")],
        "filters_summed": [("(out_h, out_w, filters)", "(out_h, out_w)"), ("y[i, j, f] =", "y[i, j] +=")],
        "filter_axes_exchanged": [("kernel[:, :, :, f]", "kernel[:, :, f, :]")],
        "no_stride": [("stride, padding):", "stride, padding):\n    stride = 1")],
        "contiguous_windows": [("i * stride:i * stride + kh", "i:i + kh"), ("j * stride:j * stride + kw", "j:j + kw")],
        "no_padding": [("stride, padding):", "stride, padding):\n    padding = 0")],
        "edge_padding": [("    out_h", "    big = np.pad(x, [(padding, padding), (padding, padding), (0, 0)], 'edge')\n    out_h")],
        "reflected_padding": [
            ("    out_h", "    big = np.pad(x, [(padding, padding), (padding, padding), (0, 0)], 'reflect')\n    out_h")],
        "padding_on_one_side": [("height + 2 * padding, width + 2 * padding", "height + padding, width + padding"),
                                ("kh + 2 * padding", "kh + padding"), ("kw + 2 * padding", "kw + padding")],
        "padding_on_far_side": [("height + 2 * padding, width + 2 * padding", "height + padding, width + padding"),
                                ("kh + 2 * padding", "kh + padding"), ("kw + 2 * padding", "kw + padding"),
                                ("big[padding:padding + height, padding:padding + width]", "big[:height, :width]")],
        "last_window_lost": [("(height - kh + 2 * padding) // stride + 1", "(height - kh + 2 * padding) // stride"),
                             ("(width - kw + 2 * padding) // stride + 1", "(width - kw + 2 * padding) // stride")],
        "whole_numbers": [("np.zeros((out_h, out_w, filters))", "np.zeros((out_h, out_w, filters), dtype=int)")],
    },
    "max_pooling": {
        "average": [("window.max()", "window.mean()")],
        "minimum": [("window.max()", "window.min()")],
        "largest_absolute_value": [("window.max()", "abs(window).max()")],
        "starts_at_0": [("y[i, j, c] = window.max()", "best = 0\n                for value in window.ravel():\n"
                         "                    if value > best:\n                        best = value\n"
                         "                y[i, j, c] = best")],
        "over_channels": [("(rows, columns, channels)", "(rows, columns)"), ("+ size, c]", "+ size]"),
                          ("y[i, j, c] =", "y[i, j] =")],
        "over_channels_repeated": [("+ size, c]", "+ size]")],
        "no_stride": [("size, stride):", "size, stride):\n    stride = 1")],
        "stride_is_size": [("size, stride):", "size, stride):\n    stride = size")],
        "window_is_stride": [("i * stride + size", "(i + 1) * stride"), ("j * stride + size", "(j + 1) * stride")],
        "contiguous_windows": [("i * stride:i * stride + size", "i:i + size"), ("j * stride:j * stride + size", "j:j + size")],
        "windows_of_size": [("i * stride:i * stride + size", "i * size:i * size + size"),
                            ("j * stride:j * stride + size", "j * size:j * size + size")],
        "length_over_stride": [("(height - size) // stride + 1", "height // stride"),
                               ("(width - size) // stride + 1", "width // stride")],
        "window_too_small": [("i * stride + size", "i * stride + size - 1"), ("j * stride + size", "j * stride + size - 1")],
        "window_too_large": [("i * stride + size", "i * stride + size + 1"), ("j * stride + size", "j * stride + size + 1")],
        "partial_windows": [("(height - size) // stride + 1", "int(np.ceil((height - size) / stride)) + 1"),
                            ("(width - size) // stride + 1", "int(np.ceil((width - size) / stride)) + 1")],
        "last_window_lost": [("(height - size) // stride + 1", "(height - size) // stride"),
                             ("(width - size) // stride + 1", "(width - size) // stride")],
        "rows_and_columns_exchanged": [("(rows, columns, channels)", "(columns, rows, channels)"),
                                       ("y[i, j, c]", "y[j, i, c]")],
        "channels_first": [("(rows, columns, channels)", "(channels, rows, columns)"), ("y[i, j, c]", "y[c, i, j]")],
        "first_of_window": [("window.max()", "window[0, 0]")],
    },
    "max_pooling_gradient": {
        "tie_to_all": _WINDOWS.replace("HERE", "dx[rows, columns, c] += (window == np.max(window)) * dy[i, j, c]"),
        "tie_shared": _WINDOWS.replace("HERE", "mask = window == np.max(window)\n"
                                       "                dx[rows, columns, c] += mask / np.count_nonzero(mask) * dy[i, j, c]"),
        "tie_to_last": [("value > best", "value >= best")],
        "tie_by_columns": [("for p in range(size):", "for q in range(size):"),
                           ("    for q in range(size):\n                        value", "    for p in range(size):\n                        value")],
        "overwritten": [("dx[where] +=", "dx[where] =")],
        "average": _WINDOWS.replace("HERE", "dx[rows, columns, c] += dy[i, j, c] / (size * size)"),
        "everywhere": _WINDOWS.replace("HERE", "dx[rows, columns, c] += dy[i, j, c]"),
        "value_instead_of_gradient": [("+= dy[i, j, c]", "+= best")],
        "value_times_gradient": [("+= dy[i, j, c]", "+= best * dy[i, j, c]")],
        "one_instead_of_gradient": [("+= dy[i, j, c]", "+= 1")],
        "first_of_window": _WINDOWS.replace("HERE", "dx[i * stride, j * stride, c] += dy[i, j, c]"),
        "minimum": [("value > best", "value < best")],
        "starts_at_0": [("best, where = None, None", "best, where = 0, (i * stride, j * stride, c)")],
        "position_in_window": _WINDOWS.replace("HERE", "p, q = divmod(int(window.argmax()), size)\n"
                                               "                dx[p, q, c] += dy[i, j, c]"),
        "windows_of_size": _WINDOWS.replace("i * stride, i * stride", "i * size, i * size").replace(
            "j * stride, j * stride", "j * size, j * size").replace(
            "HERE", "p, q = np.unravel_index(np.argmax(window), window.shape)\n"
                    "                dx[i * size + p, j * size + q, c] += dy[i, j, c]"),
        "over_channels": """
def my_max_pooling_gradient(dy, x, size, stride):
    dx = np.zeros(x.shape)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            window = x[i * stride:i * stride + size, j * stride:j * stride + size]
            p, q, c = np.argwhere(window == window.max())[0]
            dx[i * stride + p, j * stride + q, c] += dy[i, j, c]
    return dx
""",
    },
    "mixup": {
        "labels_not_mixed": [("return new_x, new_y", "return new_x, y")],
        "images_not_mixed": [("return new_x, new_y", "return x, new_y")],
        "shares_exchanged": [("lam * x[i] + (1 - lam) * x[j]", "(1 - lam) * x[i] + lam * x[j]"),
                             ("lam * y[i] + (1 - lam) * y[j]", "(1 - lam) * y[i] + lam * y[j]")],
        "labels_with_other_share": [("lam * y[i] + (1 - lam) * y[j]", "lam * y[j] + (1 - lam) * y[i]")],
        "labels_without_partners": [("* y[j]", "* y[len(y) - 1 - i]")],
        "reversed_batch": [("j = partners[i]", "j = len(x) - 1 - i")],
        "half_and_half": [("lam, partners):", "lam, partners):\n    lam = 0.5")],
        "partner_whole": [("(1 - lam) * x", "x"), ("(1 - lam) * y", "y")],
        "pixels_rounded": [("    return", "    if x.dtype == np.uint8:\n        new_x = np.round(new_x)\n    return")],
        "pixels_cut": [("np.zeros(x.shape)", "np.zeros_like(x)")],
        "partner_already_mixed": [("np.zeros(x.shape)", "x = x * 1.0"), ("np.zeros(y.shape)", "y = y * 1.0")],
        "labels_of_largest_share": [("new_y[i] = lam * y[i] + (1 - lam) * y[j]",
                                     "new_y[i] = y[i] if lam > 0.5 else y[j]")],
    },
    "cutout": {
        "negative_index": """
def my_cutout(image, row, column, size):
    image = image.copy()
    half = size // 2
    image[row - half:row - half + size, column - half:column - half + size, :] = 0
    return image
""",
        "corner_instead_of_centre": [("row - size // 2, column - size // 2", "row, column")],
        "moved_inside": [("column - size // 2", "column - size // 2\n"
                          "    top = min(max(top, 0), image.shape[0] - size)\n"
                          "    left = min(max(left, 0), image.shape[1] - size)")],
        "start_cut_off": [("row - size // 2, column - size // 2", "max(row - size // 2, 0), max(column - size // 2, 0)")],
        "border_not_checked": [("            if 0 <= i < image.shape[0] and 0 <= j < image.shape[1]:\n    ", "")],
        "even_side_too_long": [("top + size", "row + size // 2 + 1"), ("left + size", "column + size // 2 + 1")],
        "even_side_shifted": [("row - size // 2, column - size // 2", "row - (size - 1) // 2, column - (size - 1) // 2")],
        "size_is_radius": [("row - size // 2, column - size // 2", "row - size, column - size"),
                           ("top + size", "row + size"), ("left + size", "column + size")],
        "odd_side_too_short": [("top + size", "row + size // 2"), ("left + size", "column + size // 2")],
        "one_too_large": [("top + size", "top + size + 1"), ("left + size", "left + size + 1")],
        "row_and_column_exchanged": [("row - size // 2, column - size // 2", "column - size // 2, row - size // 2")],
        "rest_erased": [("new = image.copy()", "new = np.zeros(image.shape)"), ("= 0\n", "= image[i, j]\n")],
        "first_channel_only": [("new[i, j] =", "new[i, j, 0] =")],
        "filled_with_mean": [("= 0\n", "= np.mean(image)\n")],
        "filled_with_ones": [("= 0\n", "= 1\n")],
        "unchanged": [("return new", "return image")],
    },
    "eda": {
        "replaced_once": [("if word == words[i]:", "if len(replaced) == i:")],
        "substrings_replaced": [("        if word == words[i]:\n            replaced.append(synonyms[word])\n        else:\n"
                                 "            replaced.append(word)",
                                 "        replaced.append(word.replace(words[i], synonyms[words[i]]))")],
        "all_words_replaced": [("if word == words[i]:", "if word in synonyms:")],
        "word_itself_inserted": [("insert(j, synonyms[words[i]])", "insert(j, words[i])")],
        "insertion_overwrites": [("inserted.insert(j, synonyms[words[i]])", "inserted[j] = synonyms[words[i]]")],
        "inserted_after": [("insert(j,", "insert(j + 1,")],
        "inserted_at_word": [("insert(j,", "insert(i,")],
        "appended": [("insert(j, ", "append(")],
        "word_lost_in_swap": [("swapped[i], swapped[j] = words[j], words[i]",
                               "swapped[i] = swapped[j]\n    swapped[j] = swapped[i]")],
        "not_swapped": [("words[j], words[i]", "words[i], words[j]")],
        "swapped_everywhere": [("swapped[i], swapped[j] = words[j], words[i]",
                                "for k, word in enumerate(words):\n        if word == words[i]:\n"
                                "            swapped[k] = words[j]\n        elif word == words[j]:\n"
                                "            swapped[k] = words[i]")],
        "deletion_inverted": [("draws[k] >= p", "draws[k] < p")],
        "nothing_left": [("        deleted = [words[i]]", "        pass")],
        "first_word_left": [("deleted = [words[i]]", "deleted = [words[0]]")],
        "all_left": [("deleted = [words[i]]", "deleted = words.copy()")],
        "skipped_after_deletion": [("deleted = []\n    for k in range(len(words)):\n        if draws[k] >= p:\n"
                                    "            deleted.append(words[k])",
                                    "deleted = words.copy()\n    for k, word in enumerate(deleted):\n"
                                    "        if draws[k] < p:\n            deleted.remove(word)")],
        "first_occurrences_deleted": [("deleted = []\n", "deleted = words.copy()\n"), ("draws[k] >= p", "draws[k] < p"),
                                      ("deleted.append(words[k])", "deleted.remove(words[k])")],
        "one_after_another": [("inserted = words.copy()", "word = words[i]\n    inserted = replaced.copy()"),
                              ("synonyms[words[i]])\n    swapped = words.copy()",
                               "synonyms[word])\n    swapped = inserted.copy()"),
                              ("swapped[i], swapped[j] = words[j], words[i]",
                               "swapped[i], swapped[j] = swapped[j], swapped[i]"),
                              ("range(len(words))", "range(min(len(draws), len(swapped)))"),
                              ("deleted.append(words[k])", "deleted.append(swapped[k])"),
                              ("deleted = [words[i]]", "deleted = [swapped[i]]")],
        "outputs_swapped": [("return replaced, inserted, swapped, deleted", "return inserted, replaced, swapped, deleted")],
    },
}
