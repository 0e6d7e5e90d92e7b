# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The loops of image augmentation: one pass over each image, without the GIL.

Images are dense arrays [n][height][width][channel] of uint8, float32 or float64. The NumPy reference of a function
`warp` is `warp_reference`, in sampling.py or boxes.py; shapes are checked there, before these loops.
"""

from libc.limits cimport INT_MAX
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

cdef extern from *:
    """
    /* Compiled three times, chosen by the CPU when the module is loaded; without fused multiply-adds (setup.py) all
       three produce the same bits. */
    #if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__gnu_linux__)
    #define TINYNET_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
    #else
    #define TINYNET_CLONES
    #endif
    typedef void tinynet_void;
    #define TINYNET_CLONED_VOID TINYNET_CLONES tinynet_void
    """
    ctypedef void cloned_void "TINYNET_CLONED_VOID"

ctypedef unsigned char byte_t
ctypedef fused pixel_t:
    byte_t
    float
    double

ctypedef fused weight_t:  # of the interpolation: float for float pixels, double for the others
    float
    double

cdef enum:
    CONSTANT = 0
    NEAREST = 1
    REFLECT = 2
    WRAP = 3
    LANES = 16  # float32 in a vector of AVX-512
    BLOCK = 64  # pixels interpolated together
    FRACTIONS = 1 << 20  # of a pixel: shifts by these are exact in double precision

cdef double FAR = 1e9  # beyond any image, within the range of an index


cdef inline double bounded(double x) noexcept nogil:
    """x within [-FAR, FAR], NaN as -FAR, so that it can become an index."""
    if not x > -FAR:
        return -FAR
    return FAR if x > FAR else x


cdef inline Py_ssize_t floor_index(double x) noexcept nogil:
    cdef Py_ssize_t i = <Py_ssize_t>x  # towards zero; floor() would be a call where the CPU has no SSE4.1
    return i - (x < <double>i)


cdef inline Py_ssize_t inside(Py_ssize_t i, Py_ssize_t size, int fill_mode) noexcept nogil:
    """The pixel whose value position i of an axis has; -1 for the fill value."""
    if 0 <= i < size:
        return i
    if fill_mode == CONSTANT:
        return -1
    if fill_mode == NEAREST:
        return 0 if i < 0 else size - 1
    if fill_mode == WRAP:
        i = i % size
        return i + size if i < 0 else i
    i = i % (2 * size)  # reflect: d c b a | a b c d | d c b a
    if i < 0:
        i += 2 * size
    return i if i < size else 2 * size - 1 - i


cdef inline Py_ssize_t clipped(long long position, Py_ssize_t size) noexcept nogil:
    return 0 if position < 0 else size if position > size else position


cdef inline weight_t tap(const pixel_t* image, Py_ssize_t row, Py_ssize_t column, Py_ssize_t width,
                         Py_ssize_t channels, Py_ssize_t c, weight_t fill) noexcept nogil:
    return fill if row < 0 or column < 0 else <weight_t>image[(row * width + column) * channels + c]


cdef inline weight_t between(weight_t a, weight_t b, weight_t weight) noexcept nogil:
    return a + weight * (b - a)


cdef inline Py_ssize_t nearest_index(double position) noexcept nogil:
    """Halves are rounded away from zero."""
    return <Py_ssize_t>(position + 0.5 if position >= 0 else position - 0.5)


cdef inline pixel_t as_pixel(weight_t value, pixel_t* kind) noexcept nogil:
    """Rounded to the nearest for uint8; an interpolation does not leave [0, 255] by as much as a half."""
    if pixel_t is byte_t:
        return <unsigned char>(value + 0.5)
    else:
        return <pixel_t>value


cdef void sample_pixel(const pixel_t* image, Py_ssize_t height, Py_ssize_t width, Py_ssize_t channels, double y,
                       double x, int fill_mode, bint bilinear, weight_t fill, pixel_t* out) noexcept nogil:
    """out[c] = the image at (y, x), for all channels."""
    cdef Py_ssize_t row, column, row1, column1, c
    cdef weight_t wy, wx
    y, x = bounded(y), bounded(x)
    if not bilinear:
        row, column = inside(nearest_index(y), height, fill_mode), inside(nearest_index(x), width, fill_mode)
        for c in range(channels):
            out[c] = as_pixel(tap(image, row, column, width, channels, c, fill), out)
        return
    row, column = floor_index(y), floor_index(x)
    wy, wx = <weight_t>(y - row), <weight_t>(x - column)
    row1, column1 = inside(row + 1, height, fill_mode), inside(column + 1, width, fill_mode)
    row, column = inside(row, height, fill_mode), inside(column, width, fill_mode)
    for c in range(channels):
        out[c] = as_pixel(
            between(between(tap(image, row, column, width, channels, c, fill),
                            tap(image, row, column1, width, channels, c, fill), wx),
                    between(tap(image, row1, column, width, channels, c, fill),
                            tap(image, row1, column1, width, channels, c, fill), wx), wy), out)


cdef struct Window:
    # The part that a transform reads of an image that continues beyond its borders.
    Py_ssize_t top, left, height, width


cdef bint find_window(const double* t, Py_ssize_t height, Py_ssize_t width, Window* window) noexcept nogil:
    """The window for an output of height x width pixels; False if it is not worth copying, or there is none.

    Along rows and columns positions only rise or only fall, also after rounding, which keeps order: those of the four
    corners bound all others.
    """
    cdef double x, y, i, j, low_x = FAR, high_x = -FAR, low_y = FAR, high_y = -FAR
    cdef int corner
    if t[6] != 0 or t[7] != 0:
        return False
    for corner in range(4):
        j, i = (width - 1) * (corner & 1), (height - 1) * (corner >> 1)
        x, y = t[0] * j + (t[1] * i + t[2]), t[3] * j + (t[4] * i + t[5])
        if not (-FAR < x < FAR and -FAR < y < FAR):
            return False
        low_x, high_x = x if x < low_x else low_x, x if x > high_x else high_x
        low_y, high_y = y if y < low_y else low_y, y if y > high_y else high_y
    window.top, window.left = floor_index(low_y), floor_index(low_x)
    window.height, window.width = floor_index(high_y) + 2 - window.top, floor_index(high_x) + 2 - window.left
    # A transform that shrinks the image much reads few of the pixels that would be copied.
    return window.height * window.width <= 4 * (height + LANES) * (width + LANES)


cdef void copy_window(const pixel_t* image, Py_ssize_t height, Py_ssize_t width, Py_ssize_t channels, Window* window,
                      int fill_mode, weight_t fill, weight_t* out) noexcept nogil:
    """out[r, s, c] = pixel (window.top + r, window.left + s) of the image, beyond its borders by the fill mode."""
    cdef Py_ssize_t r, s, c, row, column
    cdef Py_ssize_t begin = clipped(-window.left, window.width), end = clipped(width - window.left, window.width)
    cdef const pixel_t* source
    for r in range(window.height):
        row = inside(window.top + r, height, fill_mode)
        if row < 0:
            for s in range(window.width * channels):
                out[s] = fill
        else:
            source = image + row * width * channels
            for s in range(begin * channels, end * channels):
                out[s] = <weight_t>source[window.left * channels + s]
            s = 0 if begin > 0 else end
            while s < window.width:
                column = inside(window.left + s, width, fill_mode)
                for c in range(channels):
                    out[s * channels + c] = fill if column < 0 else <weight_t>source[column * channels + c]
                s += 1
                if s == begin:
                    s = end
        out += window.width * channels


cdef inline int whole_vectors(int count) noexcept nogil:
    """How many values are computed together when `count` are left."""
    return BLOCK if count > BLOCK else (count + LANES - 1) // LANES * LANES


cdef cloned_void sample_row(const weight_t* pixels, Window* window, int channels, double y0, double dy, double x0,
                            double dx, int count, weight_t* out) noexcept nogil:
    """out[j, c] = the image at (dy j + y0, dx j + x0), whose window is `pixels`, for j from 0 to below count.

    Whole vectors of LANES are computed and written. Beyond `count` they repeat the last pixel, or (where the weights
    stay) read what follows in memory.
    """
    cdef int k, c, j, row, column, begin = 0, values = count * channels, block, stride = <int>window.width * channels
    cdef int top = <int>window.top, left = <int>window.left
    cdef double y, x
    cdef weight_t wy, wx
    cdef const weight_t* corner
    cdef int first[BLOCK]
    cdef weight_t weight_y[BLOCK]
    cdef weight_t weight_x[BLOCK]
    cdef weight_t upper[2 * BLOCK]
    cdef weight_t lower[2 * BLOCK]
    if dy == 0 and dx == 1 and x0 * FRACTIONS == <double><long long>(x0 * FRACTIONS):
        # Shifted by a fraction that is exact at every pixel: the weights stay, the neighbours follow each other.
        row, column = <int>floor_index(y0), <int>floor_index(x0)
        wy, wx = <weight_t>(y0 - row), <weight_t>(x0 - column)
        corner = pixels + (row - top) * stride + (column - left) * channels
        while begin < values:
            block = whole_vectors(values - begin)
            for k in range(block):
                out[begin + k] = between(between(corner[k], corner[k + channels], wx),
                                         between(corner[k + stride], corner[k + stride + channels], wx), wy)
            begin += block
            corner += block
        return
    while begin < count:
        block = whole_vectors(count - begin)
        for k in range(block):
            j = begin + k if begin + k < count else count - 1
            y, x = dy * j + y0, dx * j + x0
            row, column = <int>y, <int>x  # towards zero
            row, column = row - (y < row), column - (x < column)
            weight_y[k], weight_x[k] = <weight_t>(y - row), <weight_t>(x - column)
            first[k] = (row - top) * stride + (column - left) * channels
        if channels == 1:
            for k in range(block):  # two pixels at once: half as many loads, and none of the gathers that take longer
                memcpy(&upper[2 * k], pixels + first[k], 2 * sizeof(weight_t))
                memcpy(&lower[2 * k], pixels + first[k] + stride, 2 * sizeof(weight_t))
            for k in range(block):
                out[begin + k] = between(between(upper[2 * k], upper[2 * k + 1], weight_x[k]),
                                         between(lower[2 * k], lower[2 * k + 1], weight_x[k]), weight_y[k])
        else:
            for k in range(block):
                corner = pixels + first[k]
                for c in range(channels):
                    out[(begin + k) * channels + c] = between(
                        between(corner[c], corner[c + channels], weight_x[k]),
                        between(corner[c + stride], corner[c + stride + channels], weight_x[k]), weight_y[k])
        begin += block


cdef void sample_window(const pixel_t* image, Py_ssize_t height, Py_ssize_t width, Py_ssize_t channels,
                        const double* t, Py_ssize_t out_height, Py_ssize_t out_width, Window* window,
                        int fill_mode, weight_t fill, weight_t* memory, pixel_t* out) noexcept nogil:
    """One image by an affine transform: first the window, which has all pixels beyond the border, then row by row."""
    cdef Py_ssize_t i, k, values = out_width * channels
    cdef weight_t* row = memory + window.height * window.width * channels + LANES
    copy_window(image, height, width, channels, window, fill_mode, fill, memory)
    for i in range(out_height):
        sample_row(memory, window, <int>channels, t[4] * i + t[5], t[3], t[1] * i + t[2], t[0], <int>out_width, row)
        for k in range(values):
            out[k] = as_pixel(row[k], out)
        out += values


cdef void move_image(const pixel_t* image, Py_ssize_t height, Py_ssize_t width, Py_ssize_t channels, const double* t,
                     Py_ssize_t out_height, Py_ssize_t out_width, int fill_mode, pixel_t fill, Py_ssize_t* columns,
                     pixel_t* out) noexcept nogil:
    """The nearest pixels of an image that is shifted or zoomed, not turned: each column of `out` is one of the image.

    A shift leaves columns that follow each other side by side: they are copied together, a row in 10 ns.
    """
    cdef Py_ssize_t i, j, c, row, begin = 0, end
    cdef const pixel_t* source
    for j in range(out_width):
        columns[j] = inside(nearest_index(bounded(t[0] * j + t[2])), width, fill_mode)
    while begin < out_width and columns[begin] < 0:
        begin += 1
    end = begin
    while end < out_width and columns[end] >= 0 and columns[end] - columns[begin] == end - begin:
        end += 1
    for i in range(out_height):
        row = inside(nearest_index(bounded(t[4] * i + t[5])), height, fill_mode)
        source = image + row * width * channels
        if row >= 0 and begin < end:
            memcpy(out + begin * channels, source + columns[begin] * channels,
                   (end - begin) * channels * sizeof(pixel_t))
        for j in range(out_width):
            if row < 0 or columns[j] < 0:
                for c in range(channels):
                    out[j * channels + c] = fill
            elif j < begin or j >= end:
                for c in range(channels):
                    out[j * channels + c] = source[columns[j] * channels + c]
        out += out_width * channels


cdef void warp_images(const pixel_t* images, Py_ssize_t count, Py_ssize_t height, Py_ssize_t width, Py_ssize_t channels,
                      const double* transforms, pixel_t* out, Py_ssize_t out_height, Py_ssize_t out_width,
                      int fill_mode, bint bilinear, weight_t fill) noexcept nogil:
    cdef Py_ssize_t n, i, j, size = 0, needed
    cdef weight_t* memory = NULL
    cdef Py_ssize_t* columns = <Py_ssize_t*>malloc(out_width * sizeof(Py_ssize_t))
    cdef const double* t
    cdef double x0, y0, k0, k
    cdef Window window
    for n in range(count):
        t = transforms + 8 * n
        needed = -1
        if bilinear and find_window(t, out_height, out_width, &window):
            needed = window.height * window.width * channels + LANES + (out_width + LANES) * channels
            if needed > size and needed < INT_MAX:
                free(memory)
                memory = <weight_t*>malloc(needed * sizeof(weight_t))
                size = 0 if memory == NULL else needed
        if 0 <= needed <= size:
            sample_window(images, height, width, channels, t, out_height, out_width, &window, fill_mode, fill, memory,
                          out)
            out += out_height * out_width * channels
        elif not bilinear and columns != NULL and t[1] == 0 and t[3] == 0 and t[6] == 0 and t[7] == 0:
            move_image(images, height, width, channels, t, out_height, out_width, fill_mode, as_pixel(fill, out),
                       columns, out)
            out += out_height * out_width * channels
        else:
            for i in range(out_height):
                x0, y0, k0 = t[1] * i + t[2], t[4] * i + t[5], t[7] * i + 1
                for j in range(out_width):
                    k = t[6] * j + k0
                    sample_pixel(images, height, width, channels, (t[3] * j + y0) / k, (t[0] * j + x0) / k, fill_mode,
                                 bilinear, fill, out)
                    out += channels
        images += height * width * channels
    free(memory)
    free(columns)


def warp(const pixel_t[:, :, :, ::1] images, const double[:, ::1] transforms, pixel_t[:, :, :, ::1] out, int fill_mode,
         bint bilinear, double fill):
    """out[n, i, j] = images[n] at the position to which transforms[n] maps (i, j)."""
    if out.size == 0 or images.size == 0:
        return
    with nogil:
        if pixel_t is float:
            warp_images[float, float](
                &images[0, 0, 0, 0], out.shape[0], images.shape[1], images.shape[2], images.shape[3], &transforms[0, 0],
                &out[0, 0, 0, 0], out.shape[1], out.shape[2], fill_mode, bilinear, <float>fill)
        else:
            warp_images[pixel_t, double](
                &images[0, 0, 0, 0], out.shape[0], images.shape[1], images.shape[2], images.shape[3], &transforms[0, 0],
                &out[0, 0, 0, 0], out.shape[1], out.shape[2], fill_mode, bilinear, fill)


def sample(const pixel_t[:, :, :, ::1] images, const double[:, :, :, ::1] positions, pixel_t[:, :, :, ::1] out,
           int fill_mode, bint bilinear, double fill):
    """out[n, i, j] = images[n] at positions[n, i, j] = (y, x)."""
    cdef Py_ssize_t n, i, j
    if out.size == 0 or images.size == 0:
        return
    with nogil:
        for n in range(out.shape[0]):
            for i in range(out.shape[1]):
                for j in range(out.shape[2]):
                    if pixel_t is float:
                        sample_pixel[float, float](
                            &images[n, 0, 0, 0], images.shape[1], images.shape[2], images.shape[3],
                            positions[n, i, j, 0], positions[n, i, j, 1], fill_mode, bilinear, <float>fill,
                            &out[n, i, j, 0])
                    else:
                        sample_pixel[pixel_t, double](
                            &images[n, 0, 0, 0], images.shape[1], images.shape[2], images.shape[3],
                            positions[n, i, j, 0], positions[n, i, j, 1], fill_mode, bilinear, fill,
                            &out[n, i, j, 0])


def flip(const pixel_t[:, :, :, ::1] images, const unsigned char[::1] horizontal, const unsigned char[::1] vertical,
         pixel_t[:, :, :, ::1] out):
    """out[n] = images[n], mirrored left to right where horizontal[n], upside down where vertical[n]."""
    cdef Py_ssize_t n, i, j, c
    cdef Py_ssize_t height = images.shape[1], width = images.shape[2], channels = images.shape[3]
    cdef const pixel_t* source
    cdef pixel_t* target
    if out.size == 0:
        return
    with nogil:
        for n in range(out.shape[0]):
            for i in range(height):
                source = &images[n, height - 1 - i if vertical[n] else i, 0, 0]
                target = &out[n, i, 0, 0]
                if not horizontal[n]:
                    memcpy(target, source, width * channels * sizeof(pixel_t))
                elif channels == 1:
                    for j in range(width):
                        target[j] = source[width - 1 - j]
                else:
                    for j in range(width):
                        for c in range(channels):
                            target[j * channels + c] = source[(width - 1 - j) * channels + c]


def permute(const pixel_t[:, :, ::1] images, const int[:, ::1] order, pixel_t[:, :, ::1] out):
    """out[n, p] = images[n, order[n, p]]; axis 1 holds the pixels of an image."""
    cdef Py_ssize_t n, p, c, channels = images.shape[2]
    cdef const pixel_t* source
    cdef pixel_t* target
    if out.size == 0:
        return
    with nogil:
        for n in range(out.shape[0]):
            for p in range(out.shape[1]):
                source, target = &images[n, order[n, p], 0], &out[n, p, 0]
                for c in range(channels):
                    target[c] = source[c]


def fill_boxes(pixel_t[:, :, :, ::1] images, const long long[:, :, ::1] boxes, double value):
    """images[n][top:bottom, left:right] = value for each of boxes[n] = (top, left, bottom, right), in place."""
    cdef Py_ssize_t n, b, i, j, left, right
    cdef Py_ssize_t height = images.shape[1], width = images.shape[2], channels = images.shape[3]
    cdef pixel_t* row
    cdef pixel_t pixel = <pixel_t>value
    if images.size == 0:
        return
    with nogil:
        for n in range(images.shape[0]):
            for b in range(boxes.shape[1]):
                left, right = clipped(boxes[n, b, 1], width), clipped(boxes[n, b, 3], width)
                for i in range(clipped(boxes[n, b, 0], height), clipped(boxes[n, b, 2], height)):
                    row = &images[n, i, 0, 0]
                    for j in range(left * channels, right * channels):
                        row[j] = pixel


def paste_boxes(pixel_t[:, :, :, ::1] images, const pixel_t[:, :, :, ::1] source, const long long[::1] rows,
                const long long[:, :, ::1] boxes):
    """images[n][box] = source[rows[n]][box] for each of boxes[n], in place."""
    cdef Py_ssize_t n, b, i, j, left, right
    cdef Py_ssize_t height = images.shape[1], width = images.shape[2], channels = images.shape[3]
    cdef pixel_t* row
    cdef const pixel_t* other
    if images.size == 0:
        return
    with nogil:
        for n in range(images.shape[0]):
            for b in range(boxes.shape[1]):
                left, right = clipped(boxes[n, b, 1], width), clipped(boxes[n, b, 3], width)
                for i in range(clipped(boxes[n, b, 0], height), clipped(boxes[n, b, 2], height)):
                    row, other = &images[n, i, 0, 0], &source[rows[n], i, 0, 0]
                    for j in range(left * channels, right * channels):
                        row[j] = other[j]
