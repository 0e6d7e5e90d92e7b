// Convolution with fewer multiplications: Winograd's F(m x m, 3 x 3) for 3x3 kernels with stride 1.
//
//   y = A^T [ (G w G^T) * (B^T x B) ] A        x: a tile of n x n pixels, n = m + 2; y: m x m outputs;
//                                              * element by element
//
// Summed over channels, each of the n*n elements is a matrix product of tiles by channels by filters: n*n
// multiplications an output tile where the direct way has 9*m*m. F(4x4) saves a factor of 4, F(2x2) one of 2.25.
// (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015.)
//
// The gradients are the exact adjoints: the input gradient is the convolution of dy with the turned kernel, and
// dw = G^T [ (B^T x B) * (A dy A^T) ] G.
//
// B, G and A follow from the points where two polynomials are multiplied. F(4x4)'s usual points 0, +-1, +-2 give 3 to 5
// times the error of 0, +-5/8, +-3/2 used here. Error over sum |x||w| in float32, measured over 16 to 512 channels:
// F(2x2) 1e-7 to 2e-7, F(4x4) 4e-7 to 1e-6.
//
// A NaN or an infinity in x reaches every output it should, and may turn outputs of the same tile into NaN as well.
#pragma once

#include "kernels/conv2d_direct.h"

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

// The pixels of a tile that hangs over the image's edge, copied with zeros in place of those outside
// (and of masked ones).
template <class T>
void copy_tile(const Tiles<T>& x, Index image, Index row, Index col, Index side, T* out) {
  constexpr int lanes = VectorOf<T>::lanes;
  const Index length = side * x.channels;
  for (Index i = row; i < row + side; ++i, out += length) {
    const bool outside = i < 0 || i >= x.height;
    const Index begin = outside ? length : larger(0, -col) * x.channels;
    const Index end = outside ? length : larger(0, smaller(side, x.width - col)) * x.channels;
    const Index at = ((image * x.height + i) * x.width + col) * x.channels;
    for (Index c = 0; c < begin; c += lanes) store(out + c, Vec<T>{});
    if (x.mask == nullptr)
      for (Index c = begin; c < end; c += lanes) store(out + c, load(x.x + at + c));
    else
      for (Index c = begin; c < end; c += lanes)
        store(out + c, load(x.mask + at + c) > Vec<T>{} ? load(x.x + at + c) : Vec<T>{});
    for (Index c = end; c < length; c += lanes) store(out + c, Vec<T>{});
  }
}

// x[side][side][channels], its rows `line` apart, through two passes of `step` to out[channel vector][element][lane].
// Adds the sum over the pixels to `sums[channels]` unless that is null.
template <class T, int side, int to, bool masked, class Step>
void transform_tile(const T* x, const T* mask, Index line, Index channels, T* out, T* sums, const Step& step) {
  constexpr int lanes = VectorOf<T>::lanes;
  for (Index c = 0; c < channels; c += lanes, x += lanes, mask += masked ? lanes : 0) {
    Vec<T> sum{};
    Vec<T> half[to][side];
#pragma GCC unroll 6
    for (int j = 0; j < side; ++j) {
      Vec<T> in[side], column[to];
#pragma GCC unroll 6
      for (int i = 0; i < side; ++i) {
        in[i] = load(x + i * line + j * channels);
        if (masked) in[i] = load(mask + i * line + j * channels) > Vec<T>{} ? in[i] : Vec<T>{};
        if (side != to) sum += in[i];
      }
      step(in, column);
#pragma GCC unroll 6
      for (int i = 0; i < to; ++i) half[i][j] = column[i];
    }
#pragma GCC unroll 6
    for (int i = 0; i < to; ++i) {
      Vec<T> row[to];
      step(half[i], row);
#pragma GCC unroll 6
      for (int j = 0; j < to; ++j) store(out + (i * to + j) * lanes, row[j]);
    }
    out += to * to * lanes;
    if (side != to && sums != nullptr) store(sums + c, load(sums + c) + sum);
  }
}

// Parts of a transformed array (tiles, or elements of the products) are this far apart: one cache line more than their
// size, which is often a multiple of 1 KB or 4 KB, so that all would share a few sets of the L1 cache.
template <class T>
inline Index plane_of(Index size) {
  return size + 64 / Index(sizeof(T));
}

// Tiles first, ..., first + count - 1 to v[tile][channel vector][element][lane]: written front to back, since a store
// that misses the L1 cache costs about 18 cycles when the hardware cannot foresee it.
template <class T, int side, int to, class Step>
void transform_tiles(const Tiles<T>& x, Index m, Index first, Index count, T* v, T* sums, T* patch, const Step& step) {
  for_tiles(x.rows, x.cols, first, count, [&](Index t, Index image, Index i, Index j) {
    const Index row = i * m - x.top, col = j * m - x.left;
    T* const out = v + t * plane_of<T>(to * to * x.channels);
    if (row >= 0 && col >= 0 && row + side <= x.height && col + side <= x.width) {
      const Index at = ((image * x.height + row) * x.width + col) * x.channels;
      if (x.mask == nullptr)
        transform_tile<T, side, to, false>(x.x + at, nullptr, x.width * x.channels, x.channels, out, sums, step);
      else
        transform_tile<T, side, to, true>(x.x + at, x.mask + at, x.width * x.channels, x.channels, out, sums, step);
    } else {
      copy_tile(x, image, row, col, side, patch);
      transform_tile<T, side, to, false>(patch, nullptr, side * x.channels, x.channels, out, sums, step);
    }
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

// One element of the products: out[t][columns] = sum over d of
// v[t][d / lanes][element][d % lanes] * u[panel][d][width], where v already points at the element.
template <class T>
void multiply_element(const T* v, Index elements, Index tiles, Index depth, const Segment* segments, const T* u,
                      Index columns, T* out) {
  Index from[kTileRows], to[kTileRows];
  const Index pitch = plane_of<T>(elements * depth);
  for (Index i = 0; i < kTileRows; ++i) from[i] = i * pitch, to[i] = i * columns;
  for (Index column = 0; column < columns; column += kPanel<T>) {
    const Index width = panel_width<T>(columns, column);
    for (Index t = 0; t < tiles; t += kTileRows)
      tile_for<T>(smaller(kTileRows, tiles - t), width)(
          TileInput<T>{v + t * pitch, from, 1, segments, depth / VectorOf<T>::lanes, u + column * depth,
                       width},
          TileOutput<T>{out + t * columns + column, to, width, nullptr, false, false});
  }
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

constexpr Index kSharedKernelBytes = 4 << 20;  // transformed kernels larger than this are not read again for each block

// y(n, i, j) = sum over taps of x(n, i + p - top, j + q - left) w[p][q], through u = transform_kernel(w).
template <class T, class F>
void winograd(const Tiles<T>& x, const T* u, Index u_plane, Index filters, const T* bias, bool relu, T* y,
              Index out_height, Index out_width) {
  constexpr Index elements = F::n * F::n, lanes = VectorOf<T>::lanes;
  const Index depth = x.channels, pitch = plane_of<T>(elements * depth);
  const bool cooperate = elements * depth * filters * Index(sizeof(T)) > kSharedKernelBytes;
  const Index per_tile = elements * (depth + filters) * Index(sizeof(T));
  const Index wanted = (cooperate ? Index(16) << 20 : Index(256) << 10) / per_tile;
  const Index block = larger(2, wanted / kTileRows) * kTileRows;
  const Index p_plane = plane_of<T>(block * filters);
  const Scratch<Segment> segments(depth / lanes);
  for (Index i = 0; i < depth / lanes; ++i) segments[i] = {i * elements * lanes, lanes};

  // Alone on a block of its own, or all threads on each step of one large block: nested, the loops below run on one.
  const auto process = [&](Index first, Index count, T* v, T* products) {
    parallel_for(count, kTileRows, [&](Index begin, Index end) {
      const Scratch<T> patch(elements * depth);
      transform_tiles<T, F::n, F::n>(x, F::m, first + begin, end - begin, v + begin * pitch,
                                     static_cast<T*>(nullptr), static_cast<T*>(patch),
                                     [](const Vec<T>* in, Vec<T>* out) { F::template input<T>(in, out); });
    });
    parallel_for(elements, 1, [&](Index begin, Index end) {
      for (Index e = begin; e < end; ++e)
        multiply_element<T>(v + e * lanes, elements, count, depth, segments, u + e * u_plane, filters,
                            products + e * p_plane);
    });
    parallel_for(count, kTileRows, [&](Index begin, Index end) {
      for_tiles(x.rows, x.cols, first + begin, end - begin, [&](Index t, Index image, Index i, Index j) {
        const T* const in = products + (begin + t) * filters;
        const Index row = i * F::m, col = j * F::m, line = out_width * filters;
        T* const out = y + (image * out_height + row) * line + col * filters;
        if (row + F::m <= out_height && col + F::m <= out_width)
          output_tile<T, F, true>(in, p_plane, filters, bias, relu, out, line, F::m, F::m);
        else
          output_tile<T, F, false>(in, p_plane, filters, bias, relu, out, line, out_height - row, out_width - col);
      });
    });
  };
  const auto run = [&](Index begin, Index end) {
    const Scratch<T> v(block * pitch), products(elements * p_plane);
    for (Index first = begin; first < end; first += block) process(first, smaller(block, end - first), v, products);
  };
  if (cooperate)
    run(0, x.count());
  else
    parallel_for(x.count(), block, run);
}

template <class T, class F>
void conv2d_forward_winograd(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, T* y, bool relu) {
  const Index plane = plane_of<T>(s.channels * s.filters);
  const Scratch<T> u(F::n * F::n * plane);
  transform_kernel<T, F>(kernel, s.channels, s.filters, false, u, plane);
  const Tiles<T> tiles{x,          nullptr,   s.batch,    s.height,
                       s.width,    s.channels, s.pad_top, s.pad_left,
                       ceil_div(s.out_height, F::m), ceil_div(s.out_width, F::m)};
  winograd<T, F>(tiles, u, plane, s.filters, bias, relu, y, s.out_height, s.out_width);
}

template <class T, class F>
void conv2d_input_gradient_winograd(const Conv2dShape& s, const T* dy, const T* y, const T* kernel, T* dx) {
  const Index plane = plane_of<T>(s.channels * s.filters);
  const Scratch<T> u(F::n * F::n * plane), transposed(9 * s.channels * s.filters);
  constexpr Index run = VectorOf<T>::lanes;
  parallel_for(9 * s.channels / run, larger(1, 32768 / (s.filters * run)), [&](Index begin, Index end) {
    for (Index index = begin; index < end; ++index) {
      const Index tap = index / (s.channels / run), c0 = index % (s.channels / run) * run;
      const T* const in = kernel + tap * s.channels * s.filters;
      T* const out = transposed + tap * s.channels * s.filters;
      for (Index f0 = 0; f0 < s.filters; f0 += run)
        for (Index c = c0; c < c0 + run; ++c)
          for (Index f = f0; f < smaller(f0 + run, s.filters); ++f) out[f * s.channels + c] = in[c * s.filters + f];
    }
  });
  transform_kernel<T, F>(transposed, s.filters, s.channels, true, u, plane);
  const Tiles<T> tiles{dy,          y,         s.batch,       s.out_height,
                       s.out_width, s.filters, 2 - s.pad_top, 2 - s.pad_left,
                       ceil_div(s.height, F::m), ceil_div(s.width, F::m)};
  winograd<T, F>(tiles, u, plane, s.channels, static_cast<const T*>(nullptr), false, dx, s.height, s.width);
}

// dkernel = G^T [sum over tiles of (B^T x B) * (A dy A^T)] G
template <class T, class F>
void conv2d_weight_gradient_winograd(const Conv2dShape& s, const T* dy, const T* y, const T* x, T* dkernel, T* dbias) {
  constexpr Index elements = F::n * F::n;
  constexpr Index lanes = VectorOf<T>::lanes;
  const Index rows = ceil_div(s.out_height, F::m), cols = ceil_div(s.out_width, F::m);
  const Tiles<T> input{x, nullptr, s.batch, s.height, s.width, s.channels, s.pad_top, s.pad_left, rows, cols};
  const Tiles<T> gradient{dy, y, s.batch, s.out_height, s.out_width, s.filters, 0, 0, rows, cols};
  const Index tiles = input.count();
  const Index x_pitch = plane_of<T>(elements * s.channels), dy_pitch = plane_of<T>(elements * s.filters);
  const Index plane = plane_of<T>(s.channels * s.filters),
              partial = elements * plane;  // [element][panel][channel][width]

  const bool cooperate = partial * Index(sizeof(T)) > kSharedKernelBytes;
  const Index per_tile = elements * (s.channels + s.filters) * Index(sizeof(T));
  // A block and its products are to stay in the L2 cache: with 2 MB instead of 512 KB it takes 10 to 20% longer.
  const Index wanted = (cooperate ? Index(16) << 20 : Index(512) << 10) / per_tile;
  const Index block = larger(48, wanted / kTileRows * kTileRows);
  const Index blocks = ceil_div(tiles, block);
  const Index parts =
      cooperate ? 1 : smaller(blocks, smaller(kTasks, larger(1, (Index(8) << 20) / (partial * Index(sizeof(T))))));
  const Index groups = ceil_div(block, kTileRows);  // of tiles, which sum dy on their own
  const Scratch<T> partials(parts * partial), sums(parts * groups * s.filters);
  for (Index i = 0; i < parts * groups * s.filters; ++i) sums[i] = 0;

  const auto process = [&](Index first, Index count, T* v, T* d, T* out, T* part_sums, bool add) {
    parallel_for(count, kTileRows, [&](Index begin, Index end) {
      const Scratch<T> patch(elements * larger(s.channels, s.filters));
      transform_tiles<T, F::n, F::n>(input, F::m, first + begin, end - begin, v + begin * x_pitch,
                                     static_cast<T*>(nullptr), static_cast<T*>(patch),
                                     [](const Vec<T>* in, Vec<T>* r) { F::template input<T>(in, r); });
      transform_tiles<T, F::m, F::n>(gradient, F::m, first + begin, end - begin, d + begin * dy_pitch,
                                     dbias == nullptr ? nullptr : part_sums + begin / kTileRows * s.filters,
                                     static_cast<T*>(patch),
                                     [](const Vec<T>* in, Vec<T>* r) { F::template output_adjoint<T>(in, r); });
    });
    parallel_for(elements, 1, [&](Index begin, Index end) {
      const Segment segment{0, count};
      Index from[kTileRows], to[kTileRows];
      const Index row_tiles = ceil_div(s.channels, kTileRows);
      for (Index e = begin; e < end; ++e)
        for (Index column = 0; column < s.filters; column += kPanel<T>) {
          const Index width = panel_width<T>(s.filters, column);
          for (Index i = 0; i < kTileRows; ++i) to[i] = i * width;
          for (Index t = 0; t < row_tiles; ++t) {
            const Index c = s.channels * t / row_tiles, rows = s.channels * (t + 1) / row_tiles - c;
            for (Index i = 0; i < rows; ++i) from[i] = (c + i) / lanes * elements * lanes + (c + i) % lanes;
            tile_for<T>(rows, width)(
                TileInput<T>{v + e * lanes, from, x_pitch, &segment, 1, d + column * elements + e * lanes, dy_pitch,
                             elements * lanes},
                TileOutput<T>{out + e * plane + column * s.channels + c * width, to, width, nullptr, add, false});
          }
        }
    });
  };
  const auto run = [&](Index begin, Index end) {  // parts
    const Scratch<T> v(block * (x_pitch + dy_pitch));
    T* const d = v + block * x_pitch;
    for (Index part = begin; part < end; ++part) {
      const Index first_block = blocks * part / parts, last_block = blocks * (part + 1) / parts;
      for (Index b = first_block; b < last_block; ++b)
        process(b * block, smaller(block, tiles - b * block), v, d, partials + part * partial,
                sums + part * groups * s.filters, b > first_block);
    }
  };
  if (cooperate)
    run(0, 1);
  else
    parallel_for(parts, 1, run);

  // Add the parts in a fixed order, transform back.
  parallel_for(s.channels, larger(1, 2048 / s.filters), [&](Index begin, Index end) {
    for (Index c = begin; c < end; ++c)
      for (Index f = 0; f < s.filters; f += lanes) {
        const Index panel = f / kPanel<T> * kPanel<T>, width = panel_width<T>(s.filters, panel);
        const T* const in = partials + panel * s.channels + c * width + (f - panel);
        Vec<T> half[3][F::n];
        for (int j = 0; j < F::n; ++j) {
          Vec<T> u[F::n], w[3];
          for (int i = 0; i < F::n; ++i) {
            u[i] = load(in + (i * F::n + j) * plane);
            for (Index part = 1; part < parts; ++part) u[i] += load(in + part * partial + (i * F::n + j) * plane);
          }
          F::template kernel_adjoint<T>(u, w);
          for (int p = 0; p < 3; ++p) half[p][j] = w[p];
        }
        for (int p = 0; p < 3; ++p) {
          Vec<T> w[3];
          F::template kernel_adjoint<T>(half[p], w);
          for (int q = 0; q < 3; ++q) store(dkernel + ((p * 3 + q) * s.channels + c) * s.filters + f, w[q]);
        }
      }
  });
  if (dbias != nullptr)
    for (Index f = 0; f < s.filters; ++f) {
      T sum = sums[f];
      for (Index i = 1; i < parts * groups; ++i) sum += sums[i * s.filters + f];
      dbias[f] = sum;
    }
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
