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

#include <atomic>
#include <type_traits>

#include "kernels/amx_winograd.h"
#include "kernels/winograd_transforms.h"

namespace tinynet::TINYNET_ISA {
namespace {

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
          TileInput<T>{v + t * pitch, from, 1, segments, depth / VectorOf<T>::lanes, u + column * depth, width},
          TileOutput<T>{out + t * columns + column, to, width, nullptr, false, false});
  }
}

// y(n, i, j) = sum over taps of x(n, i + p - top, j + q - left) w[p][q], through u = transform_kernel(w).
template <class T, class F>
void winograd(const Tiles<T>& x, const T* u, Index u_plane, Index filters, const T* bias, bool relu, T* y,
              Index out_height, Index out_width, TileSums<T>* sums = nullptr) {
#if defined(__AMX_BF16__)
  if constexpr (std::is_same_v<T, float>)
    if (tiles::winograd_can(x.channels, filters) &&
        tiles::winograd<F>(x, u, u_plane, filters, bias, relu, y, out_height, out_width, sums))
      return;
#endif
  constexpr Index elements = F::n * F::n, lanes = VectorOf<T>::lanes;
  const Index depth = x.channels, pitch = plane_of<T>(elements * depth);
  if (sums != nullptr) sums->tiles = kTileRows;
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
      const Zeros<T> zeros(depth);
      transform_tiles<T, F::n, F::n>(x, F::m, first + begin, end - begin, v + begin * pitch,
                                     tile_by_tile<T>(elements, depth), static_cast<T*>(nullptr),
                                     static_cast<const T*>(zeros),
                                     [](const Vec<T>* in, Vec<T>* out) { F::template input<T>(in, out); });
    });
    parallel_for(elements, 1, [&](Index begin, Index end) {
      for (Index e = begin; e < end; ++e)
        multiply_element<T>(v + e * lanes, elements, count, depth, segments, u + e * u_plane, filters,
                            products + e * p_plane);
    });
    parallel_for(count, kTileRows, [&](Index begin, Index end) {
      output_tiles<T, F>(x, first + begin, end - begin, products + begin * filters, p_plane, filters, bias, relu, y,
                         out_height, out_width, sums);
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
void conv2d_forward_winograd(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, T* y, bool relu,
                             TileSums<T>* sums = nullptr) {
  const Index plane = plane_of<T>(s.channels * s.filters);
  const Scratch<T> u(F::n * F::n * plane);
  transform_kernel<T, F>(kernel, s.channels, s.filters, false, u, plane);
  const Tiles<T> tiles{x,
                       nullptr,
                       s.batch,
                       s.height,
                       s.width,
                       s.channels,
                       s.pad_top,
                       s.pad_left,
                       ceil_div(s.out_height, F::m),
                       ceil_div(s.out_width, F::m)};
  winograd<T, F>(tiles, u, plane, s.filters, bias, relu, y, s.out_height, s.out_width, sums);
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
  const Tiles<T> tiles{dy,
                       y,
                       s.batch,
                       s.out_height,
                       s.out_width,
                       s.filters,
                       2 - s.pad_top,
                       2 - s.pad_left,
                       ceil_div(s.height, F::m),
                       ceil_div(s.width, F::m)};
  winograd<T, F>(tiles, u, plane, s.channels, static_cast<const T*>(nullptr), false, dx, s.height, s.width);
}

// dkernel = G^T [sum over tiles of (B^T x B) * (A dy A^T)] G. With `unit` the products are the matrix unit's; false,
// and the results undefined, when it cannot split a number.
template <class T, class F, bool unit>
bool weight_gradient_winograd(const Conv2dShape& s, const T* dy, const T* y, const T* x, T* dkernel, T* dbias) {
  constexpr Index elements = F::n * F::n;
  constexpr Index lanes = VectorOf<T>::lanes;
  const Index rows = ceil_div(s.out_height, F::m), cols = ceil_div(s.out_width, F::m);
  const Tiles<T> input{x, nullptr, s.batch, s.height, s.width, s.channels, s.pad_top, s.pad_left, rows, cols};
  const Tiles<T> gradient{dy, y, s.batch, s.out_height, s.out_width, s.filters, 0, 0, rows, cols};
  const Index count_of_tiles = input.count();
  const Index plane = plane_of<T>(s.channels * s.filters),
              partial = elements * plane;  // [element][panel][channel][width]

  const bool cooperate = partial * Index(sizeof(T)) > kSharedKernelBytes;
  const Index per_tile = elements * (s.channels + s.filters) * Index(sizeof(T));
  // A block and its products are to stay in the L2 cache: with 2 MB instead of 512 KB it takes 10 to 20% longer.
  const Index wanted = (cooperate ? Index(16) << 20 : Index(512) << 10) / per_tile;
  const Index block = unit ? larger(64, wanted / 32 * 32) : larger(48, wanted / kTileRows * kTileRows);
  const Index blocks = ceil_div(count_of_tiles, block);
  const Layout x_layout = element_by_element<T>(block, s.channels), dy_layout = element_by_element<T>(block, s.filters);
  const Index parts =
      cooperate ? 1 : smaller(blocks, smaller(kTasks, larger(1, (Index(8) << 20) / (partial * Index(sizeof(T))))));
  const Index groups = ceil_div(block, kTileRows);  // of tiles, which sum dy on their own
  const Scratch<T> partials(parts * partial), sums(parts * groups * s.filters);
  for (Index i = 0; i < parts * groups * s.filters; ++i) sums[i] = 0;
  std::atomic<bool> failure{false};

  const auto process = [&](Index first, Index count, T* v, T* d, T* out, T* part_sums, bool add) {
    parallel_for(count, kTileRows, [&](Index begin, Index end) {
      const Zeros<T> zeros(larger(s.channels, s.filters));
      transform_tiles<T, F::n, F::n>(input, F::m, first + begin, end - begin, v + begin * s.channels, x_layout,
                                     static_cast<T*>(nullptr), static_cast<const T*>(zeros),
                                     [](const Vec<T>* in, Vec<T>* r) { F::template input<T>(in, r); });
      transform_tiles<T, F::m, F::n>(gradient, F::m, first + begin, end - begin, d + begin * s.filters, dy_layout,
                                     dbias == nullptr ? nullptr : part_sums + begin / kTileRows * s.filters,
                                     static_cast<const T*>(zeros),
                                     [](const Vec<T>* in, Vec<T>* r) { F::template output_adjoint<T>(in, r); });
    });
    parallel_for(elements, 1, [&](Index begin, Index end) {
#if defined(__AMX_BF16__)
      if constexpr (unit) {
        const tiles::Unit on;
        const Index panel = ceil_div(count, tiles::kDepth) * tiles::kSplitTile;
        const Scratch<tiles::Half> left(ceil_div(s.channels, lanes) * panel), right(ceil_div(s.filters, lanes) * panel);
        Vec<T> failed{};
        for (Index e = begin; e < end; ++e)
          tiles::multiply_element(v + e * x_layout.element, d + e * dy_layout.element, count, s.channels, s.filters,
                                  out + e * plane, add, left, right, failed);
        if (tiles::any_nan(failed)) failure.store(true, std::memory_order_relaxed);
        return;
      }
#endif
      Index to[kTileRows];
      const Index row_tiles = ceil_div(s.channels, kTileRows);
      for (Index e = begin; e < end; ++e)
        for (Index column = 0; column < s.filters; column += kPanel<T>) {
          const Index width = panel_width<T>(s.filters, column);
          for (Index i = 0; i < kTileRows; ++i) to[i] = i * width;
          for (Index t = 0; t < row_tiles; ++t) {
            const Index c = s.channels * t / row_tiles, rows = s.channels * (t + 1) / row_tiles - c;
            product::compute_tile(
                product::TileProduct<T>{v + e * x_layout.element + c, nullptr, s.channels,
                                        d + e * dy_layout.element + column, s.filters, count,
                                        out + e * plane + column * s.channels + c * width, to, add, nullptr, false},
                static_cast<int>(rows), width);
          }
        }
    });
  };
  const auto run = [&](Index begin, Index end) {  // parts
    const Scratch<T> v(elements * (x_layout.element + dy_layout.element));
    T* const d = v + elements * x_layout.element;
    for (Index part = begin; part < end; ++part) {
      const Index first_block = blocks * part / parts, last_block = blocks * (part + 1) / parts;
      for (Index b = first_block; b < last_block; ++b)
        process(b * block, smaller(block, count_of_tiles - b * block), v, d, partials + part * partial,
                sums + part * groups * s.filters, b > first_block);
    }
  };
  if (cooperate)
    run(0, 1);
  else
    parallel_for(parts, 1, run);

  if (failure.load(std::memory_order_relaxed)) return false;

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
  return true;
}

template <class T, class F>
void conv2d_weight_gradient_winograd(const Conv2dShape& s, const T* dy, const T* y, const T* x, T* dkernel, T* dbias) {
#if defined(__AMX_BF16__)
  if constexpr (std::is_same_v<T, float>)
    if (tiles::gradient_worth(s.channels, s.filters) &&
        weight_gradient_winograd<T, F, true>(s, dy, y, x, dkernel, dbias))
      return;
#endif
  weight_gradient_winograd<T, F, false>(s, dy, y, x, dkernel, dbias);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
