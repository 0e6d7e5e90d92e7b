# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The loops of image augmentation: one pass over each image, without the GIL.

Images are dense arrays [n][height][width][channel] of uint8, float32 or float64. Each function has a NumPy reference
of the same name, with `_reference` behind it, in sampling.py or boxes.py; shapes are checked there, before these loops.
"""

from libc.limits cimport INT_MAX

cdef extern from *:
    """
    /* Compiled three times, chosen by the CPU when the module is loaded; without fused multiply-adds (setup.py) all
       three give the same bits. */
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

cdef enum:
    CONSTANT = 0
    NEAREST = 1
    REFLECT = 2
    WRAP = 3
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
    """The pixel that stands for position i of an axis; -1 for the fill value."""
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


cdef inline double tap(const pixel_t* image, Py_ssize_t row, Py_ssize_t column, Py_ssize_t width,
                       Py_ssize_t channels, Py_ssize_t c, double fill) noexcept nogil:
    return fill if row < 0 or column < 0 else <double>image[(row * width + column) * channels + c]


cdef inline pixel_t as_pixel(double value, pixel_t* kind) noexcept nogil:
    """Rounded to the nearest for uint8; an interpolation never leaves [0, 255]."""
    if pixel_t is byte_t:
        return <unsigned char>(value + 0.5)
    else:
        return <pixel_t>value


cdef inline void sample_pixel(const pixel_t* image, Py_ssize_t height, Py_ssize_t width, Py_ssize_t channels, double y,
                              double x, int fill_mode, bint bilinear, double fill, pixel_t* out) noexcept nogil:
    """out[c] = the image at (y, x), for all channels."""
    cdef Py_ssize_t row, column, row1, column1, c
    cdef const pixel_t* corner
    cdef double wy, wx
    if bilinear and 0 <= y < height - 1 and 0 <= x < width - 1:  # most pixels: all four neighbours are there
        row, column = <Py_ssize_t>y, <Py_ssize_t>x
        wy, wx = y - row, x - column
        corner = image + (row * width + column) * channels
        for c in range(channels):
            out[c] = as_pixel[pixel_t](
                (1 - wy) * ((1 - wx) * corner[c] + wx * corner[channels + c])
                + wy * ((1 - wx) * corner[width * channels + c] + wx * corner[(width + 1) * channels + c]), NULL)
        return
    y, x = bounded(y), bounded(x)
    if not bilinear:  # halves are rounded away from zero
        row = inside(<Py_ssize_t>(y + 0.5 if y >= 0 else y - 0.5), height, fill_mode)
        column = inside(<Py_ssize_t>(x + 0.5 if x >= 0 else x - 0.5), width, fill_mode)
        for c in range(channels):
            out[c] = as_pixel[pixel_t](tap(image, row, column, width, channels, c, fill), NULL)
        return
    row, column = floor_index(y), floor_index(x)
    wy, wx = y - row, x - column
    row1, column1 = inside(row + 1, height, fill_mode), inside(column + 1, width, fill_mode)
    row, column = inside(row, height, fill_mode), inside(column, width, fill_mode)
    for c in range(channels):
        out[c] = as_pixel[pixel_t](
            (1 - wy) * ((1 - wx) * tap(image, row, column, width, channels, c, fill)
                        + wx * tap(image, row, column1, width, channels, c, fill))
            + wy * ((1 - wx) * tap(image, row1, column, width, channels, c, fill)
                    + wx * tap(image, row1, column1, width, channels, c, fill)), NULL)


cdef cloned_void sample_inside(const pixel_t* image, int width, int channels, double y0, double dy, double x0,
                               double dx, int begin, int end, pixel_t* out) noexcept nogil:
    """out[j, c] = the image at (dy j + y0, dx j + x0), interpolated, where all four neighbours are in the image.

    Without the questions that a pixel at the border asks, the compiler can take several pixels at once.
    """
    cdef int j, k, row, column, corner, c, block, step = width * channels
    cdef double y, x, wy, wx
    cdef double value[BLOCK]  # the compiler cannot know that `out` is not part of the image; of this it does
    if dy == 0 and dx == 1 and -FAR < x0 < FAR and x0 * FRACTIONS == <double><long long>(x0 * FRACTIONS):
        # Shifted by a fraction that is exact at every pixel: the weights stay, the neighbours follow each other.
        row, column = <int>y0, <int>(begin + x0)
        wy, wx = y0 - row, begin + x0 - column
        corner = (row * width + column) * channels
        out += begin * channels
        end = (end - begin) * channels
        begin = 0
        while begin < end:
            block = end - begin if end - begin < BLOCK else BLOCK
            for k in range(block):
                value[k] = ((1 - wy) * ((1 - wx) * image[corner + k] + wx * image[corner + channels + k])
                            + wy * ((1 - wx) * image[corner + step + k] + wx * image[corner + step + channels + k]))
            for k in range(block):
                out[begin + k] = as_pixel[pixel_t](value[k], NULL)
            begin += block
            corner += block
        return
    if channels == 1:
        while begin < end:
            block = end - begin if end - begin < BLOCK else BLOCK
            for k in range(block):
                y, x = dy * (begin + k) + y0, dx * (begin + k) + x0
                row, column = <int>y, <int>x
                wy, wx = y - row, x - column
                corner = row * width + column
                value[k] = ((1 - wy) * ((1 - wx) * image[corner] + wx * image[corner + 1])
                            + wy * ((1 - wx) * image[corner + width] + wx * image[corner + width + 1]))
            for k in range(block):
                out[begin + k] = as_pixel[pixel_t](value[k], NULL)
            begin += block
        return
    for j in range(begin, end):
        y, x = dy * j + y0, dx * j + x0
        row, column = <int>y, <int>x
        wy, wx = y - row, x - column
        corner = (row * width + column) * channels
        for c in range(channels):
            out[j * channels + c] = as_pixel[pixel_t](
                (1 - wy) * ((1 - wx) * image[corner + c] + wx * image[corner + channels + c])
                + wy * ((1 - wx) * image[corner + step + c] + wx * image[corner + step + channels + c]), NULL)


cdef inline bint has_neighbours(double y, double x, Py_ssize_t height, Py_ssize_t width) noexcept nogil:
    return 0 <= y < height - 1 and 0 <= x < width - 1


cdef void sample_row(const pixel_t* image, Py_ssize_t height, Py_ssize_t width, Py_ssize_t channels, double y0,
                     double dy, double x0, double dx, Py_ssize_t count, int fill_mode, bint bilinear, double fill,
                     pixel_t* out) noexcept nogil:
    """out[j, c] = the image at (dy j + y0, dx j + x0).

    Positions on a line leave the inside of the image once at most, also after rounding, which keeps their order: from
    both ends to the first pixel inside, then the rest without asking.
    """
    cdef Py_ssize_t begin = 0, end = count
    if not bilinear or height * width * channels > INT_MAX or count > INT_MAX:
        for begin in range(count):
            sample_pixel(image, height, width, channels, dy * begin + y0, dx * begin + x0, fill_mode, bilinear, fill,
                         out + begin * channels)
        return
    while begin < end and not has_neighbours(dy * begin + y0, dx * begin + x0, height, width):
        sample_pixel(image, height, width, channels, dy * begin + y0, dx * begin + x0, fill_mode, bilinear, fill,
                     out + begin * channels)
        begin += 1
    while end > begin and not has_neighbours(dy * (end - 1) + y0, dx * (end - 1) + x0, height, width):
        end -= 1
        sample_pixel(image, height, width, channels, dy * end + y0, dx * end + x0, fill_mode, bilinear, fill,
                     out + end * channels)
    sample_inside(image, <int>width, <int>channels, y0, dy, x0, dx, <int>begin, <int>end, out)


def warp(const pixel_t[:, :, :, ::1] images, const double[:, ::1] transforms, pixel_t[:, :, :, ::1] out, int fill_mode,
         bint bilinear, double fill):
    """out[n, i, j] = images[n] at the position that transforms[n] gives for (i, j)."""
    cdef Py_ssize_t n, i, j
    cdef Py_ssize_t height = images.shape[1], width = images.shape[2], channels = images.shape[3]
    cdef const double* t
    cdef const pixel_t* image
    cdef pixel_t* target
    cdef double x0, y0, k, k0
    if out.size == 0 or images.size == 0:
        return
    with nogil:
        for n in range(out.shape[0]):
            t = &transforms[n, 0]
            image, target = &images[n, 0, 0, 0], &out[n, 0, 0, 0]
            for i in range(out.shape[1]):
                x0, y0, k0 = t[1] * i + t[2], t[4] * i + t[5], t[7] * i + 1
                if t[6] == 0 and t[7] == 0:
                    sample_row(image, height, width, channels, y0, t[3], x0, t[0], out.shape[2], fill_mode, bilinear,
                               fill, target)
                    target += out.shape[2] * channels
                else:
                    for j in range(out.shape[2]):
                        k = t[6] * j + k0
                        sample_pixel(image, height, width, channels, (t[3] * j + y0) / k, (t[0] * j + x0) / k,
                                     fill_mode, bilinear, fill, target)
                        target += channels


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
                    sample_pixel(&images[n, 0, 0, 0], images.shape[1], images.shape[2], images.shape[3],
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
                    for j in range(width * channels):
                        target[j] = source[j]
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


cdef inline Py_ssize_t clipped(long long position, Py_ssize_t size) noexcept nogil:
    return 0 if position < 0 else size if position > size else position


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
