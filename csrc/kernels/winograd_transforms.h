// Winograd's transforms (conv2d_winograd.h says what for): the matrices, tiles of an image, kernels, outputs.
#pragma once

#include "kernels/conv2d_window.h"
#include "kernels/moments.h"

namespace tinynet::TINYNET_ISA {
namespace {

// F(2, 3) with the points 0, 1, -1, infinity. Each function is one matrix times the column v[0], v[1], ...
struct F2 {
  static constexpr int m = 2, n = 4;
  template <class T, class V>  // B^T
  static void input(const V* d, V* r) {
    r[0] = d[2] - d[0];
    r[1] = d[2] + d[1];
    r[2] = d[2] - d[1];
    r[3] = d[3] - d[1];
  }
  template <class T, class V>  // G
  static void kernel(const V* w, V* r) {
    const V even = (w[0] + w[2]) * T(0.5), odd = w[1] * T(0.5);
    r[0] = -w[0];
    r[1] = even + odd;
    r[2] = even - odd;
    r[3] = w[2];
  }
  template <class T, class V>  // A^T
  static void output(const V* p, V* y) {
    y[0] = p[0] + (p[1] + p[2]);
    y[1] = p[3] + (p[1] - p[2]);
  }
  template <class T, class V>  // A
  static void output_adjoint(const V* y, V* r) {
    r[0] = y[0];
    r[1] = y[0] + y[1];
    r[2] = y[0] - y[1];
    r[3] = y[1];
  }
  template <class T, class V>  // G^T
  static void kernel_adjoint(const V* u, V* w) {
    const V sum = (u[1] + u[2]) * T(0.5), difference = (u[1] - u[2]) * T(0.5);
    w[0] = sum - u[0];
    w[1] = difference;
    w[2] = sum + u[3];
  }
};

// F(4, 3) with the points 0, a, -a, b, -b, infinity.
struct F4 {
  static constexpr int m = 4, n = 6;
  static constexpr double a = 0.625, b = 1.5, aa = a * a, bb = b * b;
  static constexpr double g0 = 1 / (aa * bb), ga = 1 / (2 * aa * (aa - bb)), gb = 1 / (2 * bb * (bb - aa));
  template <class T, class V>
  static void input(const V* d, V* r) {
    const V ea = d[4] - T(bb) * d[2], oa = d[3] - T(bb) * d[1];
    const V eb = d[4] - T(aa) * d[2], ob = d[3] - T(aa) * d[1];
    r[0] = d[4] - T(aa + bb) * d[2] + T(aa * bb) * d[0];
    r[1] = ea + T(a) * oa;
    r[2] = ea - T(a) * oa;
    r[3] = eb + T(b) * ob;
    r[4] = eb - T(b) * ob;
    r[5] = d[5] - T(aa + bb) * d[3] + T(aa * bb) * d[1];
  }
  template <class T, class V>
  static void kernel(const V* w, V* r) {
    const V ea = T(ga) * w[0] + T(ga * aa) * w[2], eb = T(gb) * w[0] + T(gb * bb) * w[2];
    r[0] = T(g0) * w[0];
    r[1] = ea + T(ga * a) * w[1];
    r[2] = ea - T(ga * a) * w[1];
    r[3] = eb + T(gb * b) * w[1];
    r[4] = eb - T(gb * b) * w[1];
    r[5] = w[2];
  }
  template <class T, class V>
  static void output(const V* p, V* y) {
    const V sa = p[1] + p[2], da = p[1] - p[2], sb = p[3] + p[4], db = p[3] - p[4];
    y[0] = p[0] + sa + sb;
    y[1] = T(a) * da + T(b) * db;
    y[2] = T(aa) * sa + T(bb) * sb;
    y[3] = p[5] + T(aa * a) * da + T(bb * b) * db;
  }
  template <class T, class V>
  static void output_adjoint(const V* y, V* r) {
    const V ea = y[0] + T(aa) * y[2], oa = y[1] + T(aa) * y[3];
    const V eb = y[0] + T(bb) * y[2], ob = y[1] + T(bb) * y[3];
    r[0] = y[0];
    r[1] = ea + T(a) * oa;
    r[2] = ea - T(a) * oa;
    r[3] = eb + T(b) * ob;
    r[4] = eb - T(b) * ob;
    r[5] = y[3];
  }
  template <class T, class V>
  static void kernel_adjoint(const V* u, V* w) {
    const V sa = u[1] + u[2], da = u[1] - u[2], sb = u[3] + u[4], db = u[3] - u[4];
    w[0] = T(g0) * u[0] + T(ga) * sa + T(gb) * sb;
    w[1] = T(ga * a) * da + T(gb * b) * db;
    w[2] = u[5] + T(ga * aa) * sa + T(gb * bb) * sb;
  }
};

// Images in overlapping tiles: tile (i, j) covers the pixels from (i*m - top, j*m - left), n to a side.
template <class T>
struct Tiles {
  const T* x;     // x[batch][height][width][channels]
  const T* mask;  // of x's shape, or null: where it is not positive, x counts as zero
  Index batch, height, width, channels, top, left, rows, cols;  // rows and cols: tiles an image
  Index count() const { return batch * rows * cols; }
};

constexpr Index kSharedKernelBytes = 4 << 20;  // transformed kernels larger than this are not read again for each block

// Calls f(t, image, row, column) for the tiles first, ..., first + count - 1; t counts from 0.
template <class Function>
inline void for_tiles(Index rows, Index cols, Index first, Index count, const Function& f) {
  Index j = first % cols, i = first / cols % rows, image = first / cols / rows;
  for (Index t = 0; t < count; ++t) {
    f(t, image, i, j);
    if (++j == cols) {
      j = 0;
      if (++i == rows) i = 0, ++image;
    }
  }
}

// As many zeros: the channels of any pixel outside an image.
template <class T>
class Zeros {
 public:
  explicit Zeros(Index count) : memory_(count) {
    for (Index i = 0; i < count; ++i) memory_[i] = 0;
  }
  operator const T*() const { return memory_; }

 private:
  Scratch<T> memory_;
};

// Where the numbers of transformed tiles lie: channel c of element e of tile t is at
// t * tile + c / lanes * vector + e * element + c % lanes.
struct Layout {
  Index tile, vector, element;
};

// pixel(i, j, c), channels from c on of a tile's pixels, through two passes of `step` to a transformed tile.
// Adds the sum over the pixels to `sums[channels]` unless that is null.
template <class T, int side, int to, class Pixel, class Step>
inline void transform_tile(const Pixel& pixel, Index channels, T* out, const Layout& layout, T* sums,
                           const Step& step) {
  constexpr int lanes = VectorOf<T>::lanes;
  for (Index c = 0; c < channels; c += lanes) {
    Vec<T> sum{};
    Vec<T> half[to][side];
#pragma GCC unroll 6
    for (int j = 0; j < side; ++j) {
      Vec<T> in[side], column[to];
#pragma GCC unroll 6
      for (int i = 0; i < side; ++i) {
        in[i] = pixel(i, j, c);
        if (side != to) sum += in[i];
      }
      step(in, column);
#pragma GCC unroll 6
      for (int i = 0; i < to; ++i) half[i][j] = column[i];
    }
    T* element = out;
#pragma GCC unroll 6
    for (int i = 0; i < to; ++i) {
      Vec<T> row[to];
      step(half[i], row);
#pragma GCC unroll 6
      for (int j = 0; j < to; ++j, element += layout.element) store(element, row[j]);
    }
    out += layout.vector;
    if (side != to && sums != nullptr) store(sums + c, load(sums + c) + sum);
  }
}

// Parts of a transformed array (tiles, or elements of the products) are this far apart: one cache line more than their
// size, which is often a multiple of 1 KB or 4 KB, so that all would share a few sets of the L1 cache.
template <class T>
inline Index plane_of(Index size) {
  return size + 64 / Index(sizeof(T));
}

// [tile][channel vector][element][lane]: written front to back, since a store that misses the L1 cache costs about 18
// cycles when the hardware cannot foresee it.
template <class T>
inline Layout tile_by_tile(Index elements, Index channels) {
  constexpr Index lanes = VectorOf<T>::lanes;
  return {plane_of<T>(elements * channels), elements * lanes, lanes};
}

// [element][tile][channel], for up to `tiles` of them.
template <class T>
inline Layout element_by_element(Index tiles, Index channels) {
  return {channels, VectorOf<T>::lanes, plane_of<T>(tiles * channels)};
}

// Tiles first, ..., first + count - 1, transformed, to v. Those that hang over the edge of the image find their pixels
// through a table: copying them into one place took a tenth of the weight gradient, of images of 14x14.
template <class T, int side, int to, class Step>
void transform_tiles(const Tiles<T>& x, Index m, Index first, Index count, T* v, const Layout& layout, T* sums,
                     const T* zeros, const Step& step) {
  const Index channels = x.channels, line = x.width * channels;
  for_tiles(x.rows, x.cols, first, count, [&](Index t, Index image, Index i, Index j) {
    const Index row = i * m - x.top, col = j * m - x.left, at = (image * x.height + row) * line + col * channels;
    const auto transform = [&](const auto& pixel) __attribute__((always_inline)) {
      transform_tile<T, side, to>(pixel, channels, v + t * layout.tile, layout, sums, step);
    };
    if (row >= 0 && col >= 0 && row + side <= x.height && col + side <= x.width) {
      const T *const from = x.x + at, *const mask = x.mask == nullptr ? nullptr : x.mask + at;
      const auto place = [=](int p, int q, Index c) { return p * line + q * channels + c; };
      if (mask == nullptr)
        transform([=](int p, int q, Index c) { return load(from + place(p, q, c)); });
      else
        transform([=](int p, int q, Index c) {
          return load(mask + place(p, q, c)) > Vec<T>{} ? load(from + place(p, q, c)) : Vec<T>{};
        });
      return;
    }
    const T *from[side][side], *mask[side][side];
    for (int p = 0; p < side; ++p)
      for (int q = 0; q < side; ++q) {
        const bool inside = row + p >= 0 && row + p < x.height && col + q >= 0 && col + q < x.width;
        const Index place = at + p * line + q * channels;
        from[p][q] = inside ? x.x + place : zeros;
        mask[p][q] = inside && x.mask != nullptr ? x.mask + place : zeros;
      }
    if (x.mask == nullptr)
      transform([&](int p, int q, Index c) { return load(from[p][q] + c); });
    else
      transform(
          [&](int p, int q, Index c) { return load(mask[p][q] + c) > Vec<T>{} ? load(from[p][q] + c) : Vec<T>{}; });
  });
}

// kernel[3][3][in][out] -> u[element][panel][in][width] = G w G^T
template <class T, class F>
void transform_kernel(const T* kernel, Index channels, Index filters, bool turned, T* u, Index plane) {
  constexpr Index lanes = VectorOf<T>::lanes;
  const Index tap = channels * filters;
  parallel_for(channels, larger(1, 8192 / filters), [=](Index begin, Index end) {
    for (Index c = begin; c < end; ++c)
      for (Index f = 0; f < filters; f += lanes) {
        const T* const in = kernel + c * filters + f;
        const Index panel = f / kPanel<T> * kPanel<T>, width = panel_width<T>(filters, panel);
        T* const out = u + panel * channels + c * width + (f - panel);
        Vec<T> half[F::n][3];
        for (int q = 0; q < 3; ++q) {
          Vec<T> w[3], r[F::n];
          for (int p = 0; p < 3; ++p) w[p] = load(in + (turned ? 8 - 3 * p - q : 3 * p + q) * tap);
          F::template kernel<T>(w, r);
          for (int i = 0; i < F::n; ++i) half[i][q] = r[i];
        }
        for (int i = 0; i < F::n; ++i) {
          Vec<T> r[F::n];
          F::template kernel<T>(half[i], r);
          for (int j = 0; j < F::n; ++j) store(out + (i * F::n + j) * plane, r[j]);
        }
      }
  });
}

// One output tile: A^T m A + bias, those of its pixels that are in the image.
template <class T, class F, bool inside>
inline void output_tile(const T* in, Index plane, Index filters, const T* bias, bool relu, T* y, Index line, Index rows,
                        Index cols) {
  constexpr int lanes = VectorOf<T>::lanes;
  // The lines to be written come from far away while the transform runs: 1.2 times as fast.
  for (Index i = 0; i < smaller(rows, F::m); ++i)
    for (Index f = 0; f < smaller(cols, F::m) * filters; f += lanes) __builtin_prefetch(y + i * line + f, 1);
  for (Index f = 0; f < filters; f += lanes) {
    const Vec<T> offset = bias == nullptr ? Vec<T>{} : load(bias + f);
    Vec<T> half[F::m][F::n];
#pragma GCC unroll 6
    for (int j = 0; j < F::n; ++j) {
      Vec<T> p[F::n], r[F::m];
#pragma GCC unroll 6
      for (int i = 0; i < F::n; ++i) p[i] = load(in + (i * F::n + j) * plane + f);
      F::template output<T>(p, r);
#pragma GCC unroll 6
      for (int i = 0; i < F::m; ++i) half[i][j] = r[i];
    }
#pragma GCC unroll 4
    for (int i = 0; i < F::m; ++i) {
      Vec<T> r[F::m];
      F::template output<T>(half[i], r);
      if (!inside && i >= rows) continue;
#pragma GCC unroll 4
      for (int j = 0; j < F::m; ++j) {
        if (!inside && j >= cols) continue;
        Vec<T> value = r[j] + offset;
        if (relu) value = value < Vec<T>{} ? Vec<T>{} : value;  // NaN stays NaN
        store(y + i * line + j * filters + f, value);
      }
    }
  }
}

// Where a convolution leaves the sums of its output that normalization::combine() makes moments of. A block is a group
// of neighbouring tiles, cut at the edges of the image; its centre is the mean of the first.
template <class T>
struct TileSums {
  normalization::BlockSums<T> sums;  // [group][filters]
  Index* pixels;                     // [group]
  Index tiles = 0;                   // in a group; who writes tiles begins with the first of one

  // Adds a tile that has just been written: from the L1 cache, in no more time than from the registers before. 0.1 ms
  // for (128, 28, 28, 32), where reading all of it again takes 0.5.
  void add(Index tile, const T* y, Index line, Index rows, Index cols, Index filters) const {
    const Index group = tile / tiles, at = group * filters;
    const bool first = tile % tiles == 0;
    T *const centre = sums.centre + at, *const rest = sums.rest + at, *const square = sums.square + at;
    pixels[group] = rows * cols + (first ? 0 : pixels[group]);
    for (Index f = 0; f < filters; f += VectorOf<T>::lanes) {
      Vec<T> middle{}, sum{}, sum_of_squares{};
      if (first) {
        for (Index i = 0; i < rows; ++i)
          for (Index j = 0; j < cols; ++j) middle += load(y + i * line + j * filters + f);
        middle /= static_cast<T>(rows * cols);
        store(centre + f, middle);
      } else {
        middle = load(centre + f), sum = load(rest + f), sum_of_squares = load(square + f);
      }
      for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < cols; ++j) {
          const Vec<T> distance = load(y + i * line + j * filters + f) - middle;
          sum += distance;
          sum_of_squares += distance * distance;
        }
      store(rest + f, sum);
      store(square + f, sum_of_squares);
    }
  }
};

// Tiles first, ..., first + count - 1 from products[element][tile][filters], planes apart, to the image y, and their
// sums to `sums` unless that is null.
template <class T, class F>
void output_tiles(const Tiles<T>& x, Index first, Index count, const T* products, Index plane, Index filters,
                  const T* bias, bool relu, T* y, Index out_height, Index out_width, const TileSums<T>* sums) {
  const Index line = out_width * filters;
  for_tiles(x.rows, x.cols, first, count, [&](Index t, Index image, Index i, Index j) {
    const T* const in = products + t * filters;
    const Index row = i * F::m, col = j * F::m;
    const Index rows = smaller(F::m, out_height - row), cols = smaller(F::m, out_width - col);
    T* const out = y + (image * out_height + row) * line + col * filters;
    if (rows == F::m && cols == F::m)
      output_tile<T, F, true>(in, plane, filters, bias, relu, out, line, rows, cols);
    else
      output_tile<T, F, false>(in, plane, filters, bias, relu, out, line, rows, cols);
    // Not in a loop of its own: a second copy of this one might round z differently.
    if (sums != nullptr) sums->add(first + t, out, line, rows, cols, filters);
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
