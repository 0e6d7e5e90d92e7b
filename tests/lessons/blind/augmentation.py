"""mixup, Cutout and EDA, written without seeing the detectors."""

import numpy as np

import tinynet as tn

from . import right, wrong

# -- mixup


@right("mixup")
def mixup_with_indexing(x, y, lam, partners):
    x = x.astype(float)
    return lam * x + (1 - lam) * x[partners], lam * y + (1 - lam) * y[partners]


@right("mixup")
def mixup_image_by_image(x, y, lam, partners):
    mixed_x, mixed_y = np.zeros(x.shape), np.zeros(y.shape)
    for i in range(len(x)):
        j = partners[i]
        mixed_x[i] = lam * x[i] + (1 - lam) * x[j]
        mixed_y[i] = lam * y[i] + (1 - lam) * y[j]
    return mixed_x, mixed_y


@right("mixup")
def mixup_as_an_interpolation(x, y, lam, partners):
    x, y = np.array(x, np.float32), np.array(y, np.float32)
    other_x, other_y = np.take(x, partners, axis=0), np.take(y, partners, axis=0)
    x += (1 - lam) * (other_x - x)
    y += (1 - lam) * (other_y - y)
    return x, y


@right("mixup")
def mixup_as_a_matrix(x, y, lam, partners):
    n = len(x)
    mix = lam * np.eye(n) + (1 - lam) * np.eye(n)[partners]
    return np.tensordot(mix, x, axes=1), mix @ y


@right("mixup")
def mixup_with_lists(x, y, lam, partners):
    def mix(a):
        return [lam * a[i] + (1 - lam) * a[j] for i, j in enumerate(partners)]

    return mix(x.astype("float64")), mix(y)


@wrong("mixup", "pixels_cut")
def mixup_in_the_pixels_type(x, y, lam, partners):
    # The mixed images are cast back to the pixels' type, which cuts the fractions off.
    mixed_x = (lam * x + (1 - lam) * x[partners]).astype(x.dtype)
    return mixed_x, lam * y + (1 - lam) * y[partners]


@wrong("mixup", "labels_not_mixed")
def mixup_leaves_the_labels(x, y, lam, partners):
    # The labels are not mixed.
    return lam * x + (1 - lam) * x[partners], y


@wrong("mixup", "shares_exchanged")
def mixup_with_the_weights_exchanged(x, y, lam, partners):
    # lam belongs to the partner.
    return (1 - lam) * x + lam * x[partners], (1 - lam) * y + lam * y[partners]


# -- cutout


@right("cutout")
def cutout_with_a_slice(image, row, column, size):
    top, left = row - size // 2, column - size // 2
    image = image.copy()
    image[max(0, top) : max(0, top + size), max(0, left) : max(0, left + size)] = 0
    return image


@right("cutout")
def cutout_pixel_by_pixel(image, row, column, size):
    new = np.array(image)
    for i in range(row - size // 2, row - size // 2 + size):
        for j in range(column - size // 2, column - size // 2 + size):
            if 0 <= i < image.shape[0] and 0 <= j < image.shape[1]:
                new[i, j, :] = 0
    return new


@right("cutout")
def cutout_with_a_mask(image, row, column, size):
    rows = np.arange(image.shape[0])[:, None] - (row - size // 2)
    columns = np.arange(image.shape[1])[None, :] - (column - size // 2)
    hole = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)
    return np.where(hole[..., np.newaxis], 0, image)


@right("cutout")
def cutout_with_clip(image, row, column, size):
    height, width, _ = image.shape
    y1, y2 = np.clip([row - size // 2, row - size // 2 + size], 0, height)
    x1, x2 = np.clip([column - size // 2, column - size // 2 + size], 0, width)
    mask = np.ones((height, width, 1), np.float32)
    mask[y1:y2, x1:x2] = 0.0
    return image * mask


@right("cutout")
def cutout_in_a_border(image, row, column, size):
    # A border as wide as the square, so that no index overhangs.
    padded = np.pad(image, ((size, size), (size, size), (0, 0)))
    top, left = size + row - size // 2, size + column - size // 2
    padded[top : top + size, left : left + size] = 0
    return tn.constant(padded[size:-size, size:-size] if size else image)


@wrong("cutout", "negative_index")
def cutout_with_negative_indices(image, row, column, size):
    # A negative first row counts from the end: nothing is cut at the upper and left border.
    image = image.copy()
    top, left = row - size // 2, column - size // 2
    image[top : top + size, left : left + size] = 0
    return image


@wrong("cutout", "odd_side_too_short")
def cutout_with_a_half_on_each_side(image, row, column, size):
    # The last row is row + size // 2 - 1: an odd square is smaller by one.
    half = size // 2
    image = image.copy()
    image[max(0, row - half) : row + half, max(0, column - half) : column + half] = 0
    return image


@wrong("cutout", "start_cut_off")
def cutout_pushed_inside(image, row, column, size):
    # The square's first row is set to 0 at the border, and it keeps its size: it is pushed in, not cut off.
    image = image.copy()
    top, left = max(0, row - size // 2), max(0, column - size // 2)
    image[top : top + size, left : left + size] = 0
    return image


# -- eda


@right("eda")
def eda_step_by_step(words, synonyms, i, j, draws, p):
    word = words[i]
    replaced = []
    for other in words:
        if other == word:
            replaced.append(synonyms[word])
        else:
            replaced.append(other)
    inserted = list(words)
    inserted.insert(j, synonyms[word])
    swapped = list(words)
    temporary = swapped[i]
    swapped[i] = swapped[j]
    swapped[j] = temporary
    deleted = []
    for k in range(len(words)):
        if draws[k] >= p:
            deleted.append(words[k])
    if len(deleted) == 0:
        deleted.append(word)
    return replaced, inserted, swapped, deleted


@right("eda")
def eda_with_comprehensions(words, synonyms, i, j, draws, p):
    new = synonyms[words[i]]
    swapped = words[:]
    swapped[i], swapped[j] = swapped[j], swapped[i]
    return (
        [new if word == words[i] else word for word in words],
        words[:j] + [new] + words[j:],
        swapped,
        [word for word, draw in zip(words, draws, strict=True) if not draw < p] or [words[i]],
    )


@right("eda")
def eda_with_arrays(words, synonyms, i, j, draws, p):
    array = np.array(words, dtype=object)
    order = np.arange(len(words))
    order[[i, j]] = order[[j, i]]
    kept = array[np.array(draws) >= p]
    return (
        np.where(array == words[i], synonyms[words[i]], array).tolist(),
        np.insert(array, j, synonyms[words[i]]).tolist(),
        array[order].tolist(),
        kept.tolist() if kept.size else [words[i]],
    )


@right("eda")
def eda_with_get_and_tuples(words, synonyms, i, j, draws, p):
    synonym = synonyms.get(words[i], words[i])
    replaced = tuple({words[i]: synonym}.get(word, word) for word in words)
    inserted = (*words[:j], synonym, *words[j:])
    swapped = tuple(words[{i: j, j: i}.get(k, k)] for k in range(len(words)))
    deleted = tuple(word for k, word in enumerate(words) if draws[k] >= p) or (words[i],)
    return replaced, inserted, swapped, deleted


@right("eda")
def eda_with_slices_and_filter(words, synonyms, i, j, draws, p):
    a, b = sorted((i, j))
    swapped = words if a == b else [*words[:a], words[b], *words[a + 1 : b], words[a], *words[b + 1 :]]
    inserted = words.copy()
    inserted[j:j] = [synonyms[words[i]]]
    replaced = [(word, synonyms[words[i]])[word == words[i]] for word in words]
    deleted = [pair[0] for pair in filter(lambda pair: pair[1] >= p, zip(words, draws, strict=True))]
    return [replaced, inserted, swapped, deleted if deleted else words[i : i + 1]]


@wrong("eda", "replaced_once")
def eda_replaces_one_occurrence(words, synonyms, i, j, draws, p):
    # Only the word at position i becomes its synonym, not every occurrence.
    replaced = list(words)
    replaced[i] = synonyms[words[i]]
    inserted = words[:j] + [synonyms[words[i]]] + words[j:]
    swapped = list(words)
    swapped[i], swapped[j] = swapped[j], swapped[i]
    deleted = [word for word, draw in zip(words, draws, strict=True) if draw >= p] or [words[i]]
    return replaced, inserted, swapped, deleted


@wrong("eda", "nothing_left")
def eda_deletes_everything(words, synonyms, i, j, draws, p):
    # If no word is left the sentence is empty.
    synonym = synonyms[words[i]]
    replaced = [synonym if word == words[i] else word for word in words]
    inserted = list(words)
    inserted.insert(j, synonym)
    swapped = list(words)
    swapped[i], swapped[j] = words[j], words[i]
    deleted = [words[k] for k in range(len(words)) if draws[k] >= p]
    return replaced, inserted, swapped, deleted


@wrong("eda", "one_after_another")
def eda_on_one_list(words, synonyms, i, j, draws, p):
    # The operations are done one after the other on one list, not each on the same sentence.
    synonym = synonyms[words[i]]
    replaced = [synonym if word == words[i] else word for word in words]
    inserted = replaced[:j] + [synonym] + replaced[j:]
    swapped = list(inserted)
    swapped[i], swapped[j] = swapped[j], swapped[i]
    deleted = [word for word, draw in zip(swapped, draws, strict=False) if draw >= p] or [swapped[i]]
    return replaced, inserted, swapped, deleted
