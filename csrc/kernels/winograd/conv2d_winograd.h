// Convolution with fewer multiplications: Winograd's F(m x m, 3 x 3) for 3x3 kernels with stride 1.
//
//   y = A^T [ (G w G^T) * (B^T x B) ] A        x: a tile of n x n pixels, n = m + 2; y: m x m outputs;
//                                              * element by element
//
// Summed over channels, each of the n*n elements is a matrix product of tiles by channels by filters. So an output tile
// takes n*n multiplications instead of the 9*m*m of direct convolution. F(4x4) saves a factor of 4, F(2x2) one of 2.25.
// (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015.)
//
// The edge tiles of an image may be smaller (winograd/tiles.h).
//
// The gradients are the exact adjoints. The input gradient is the convolution of dy with the flipped kernel, and
// dw = G^T [ (B^T x B) * (A dy A^T) ] G.
//
// B, G and A follow from the points at which two polynomials are multiplied. The usual points of F(4x4), 0, +-1, +-2,
// give 3 to 5 times the error of the points 0, +-5/8, +-3/2 used here. Error over sum |x||w| in float32, measured over
// 16 to 512 channels: F(2x2) 1e-7 to 2e-7, F(4x4) 4e-7 to 1e-6.
//
// A NaN or an infinity in x reaches every output that depends on it. It may turn other outputs of the same tile into
// NaN as well.
#pragma once

#include <atomic>
#include <type_traits>

#include "kernels/amx/winograd.h"
#include "kernels/winograd/transforms.h"

namespace tinynet::TINYNET_ISA {
namespace {

// One element of the products: out[t][columns] = sum over d of v[t * pitch + (place of d)] * u[panel][d][width]. The
// segments hold the positions of the channels.
template <class T>
void multiply_element(const T* v, Index pitch, Index tiles, Index depth, const Segment* segments, Index count,
                      const T* u, Index columns, T* out) {
  Index from[kTileRows], to[kTileRows];
  for (Index i = 0; i < kTileRows; ++i) from[i] = i * pitch, to[i] = i * columns;
  for (Index column = 0; column < columns; column += kPanel<T>) {
    const Index width = panel_width<T>(columns, column);
    for (Index t = 0; t < tiles; t += kTileRows)
      tile_for<T>(min(kTileRows, tiles - t), width)(
          TileInput<T>{v + t * pitch, from, 1, segments, count, u + column * depth, width},
          TileOutput<T>{out + t * columns + column, to, width, nullptr, false, false});
  }
}

// y(n, i, j) = sum over taps of x(n, i + p - top, j + q - left) w[p][q], through u = transform_kernel(w).
template <class T, class F>
void winograd(const Images<T>& x, const T* u, Index u_plane, const Outputs<T>& out) {
#if defined(__AMX_BF16__)
  if constexpr (std::is_same_v<T, float>)
    if (tiles::winograd_supports(x.channels, out.filters) &&
        TileBlocks::of<F>(out.batch, out.height, out.width, 1).tiles() >= tiles::kFewestTiles &&
        tiles::winograd<F>(x, u, u_plane, out))
      return;
#endif
  constexpr Index elements = F::n * F::n, lanes = VectorOf<T>::lanes;
  const Index depth = x.channels, filters = whole_vectors<T>(out.filters);
  const Index kernel_bytes = elements * depth * filters * Index(sizeof(T));
  const Index all = TileBlocks::of<F>(out.batch, out.height, out.width, 1).tiles();
  const Index block = forward_block<T>(elements, depth, filters, all);
  const TileBlocks blocks = TileBlocks::of<F>(out.batch, out.height, out.width, block);
  const TileSums<T> sums(out, blocks.count(), block, kTileRows);
  const Index p_plane = padded_plane<T>(block * filters);

  // Either one thread processes a block of its own, or all threads share each step of a block: if the threads would
  // evict the transformed kernel from the cache they share, or if there are too few blocks for them. No bit depends on
  // it.
  const bool too_few = blocks.count() < num_threads() && all * tile_cost(elements, depth, filters) >= 2 * kCostOfThread;
  const bool all_threads_per_block =
      too_few || (kernel_bytes > kStreamedKernelBytes &&
                  (kernel_bytes > largest_shared_kernel(cache_sizes()) || blocks.count() < 2 * num_threads()));
  const bool by_elements = lanes * sizeof(T) < 64 || kernel_bytes > kStreamedKernelBytes;
  const auto process = [&](const TileBlock& b, T* v, T* products) {
    const Elements of = Elements::of<F>(b);
    const Layout layout = by_elements ? element_by_element<T>(block, depth) : tile_by_tile<T>(of.count, depth);
    const Index count = by_elements ? 1 : ceil_div(depth, lanes);
    const Scratch<Segment> segments(count);
    for (Index i = 0; i < count; ++i) {  // of the last vector, the channels that are in no other
      const Index length = by_elements ? depth : min(lanes, depth - i * lanes);
      segments[i] = {by_elements ? 0 : i * layout.vector + lanes - length, length};
    }
    parallel_for(b.count, all_threads_per_block ? kTileRows : block, [&](Index begin, Index end) {
      const Zeros<T> zeros(F::n * depth);
      transform_tiles<T, F, InputStep>(x, b.part(begin, end), v + begin * layout.tile, layout, static_cast<T*>(nullptr),
                                       static_cast<const T*>(zeros));
    });
    parallel_for(of.count, all_threads_per_block ? 1 : of.count, [&](Index begin, Index end) {
      for (Index e = begin; e < end; ++e)
        multiply_element<T>(v + e * layout.element, layout.tile, b.count, depth, segments, count,
                            u + of.index[e] * u_plane, filters, products + e * p_plane);
    });
    parallel_for(b.count, all_threads_per_block ? kTileRows : block, [&](Index begin, Index end) {
      output_tiles<T, F>(b.part(begin, end), products + begin * filters, p_plane, out, sums);
    });
  };
  const auto run = [&](Index begin, Index end) {
    const Scratch<T> v(by_elements ? elements * element_by_element<T>(block, depth).element
                                   : block * tile_by_tile<T>(elements, depth).tile);
    const Scratch<T> products(elements * p_plane);
    for (Index index = begin; index < end; ++index) process(blocks[index], v, products);
  };
  if (all_threads_per_block)
    run(0, blocks.count());
  else
    parallel_for(blocks.count(), 1, run);
  sums.finish();
}

// mean and variance of y may be null.
template <class T, class F>
void conv2d_forward_winograd(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, T* y, bool relu,
                             T* mean = nullptr, T* variance = nullptr) {
  const Index plane = transformed_plane<T>(s.channels, s.filters);
  const Scratch<T> u(F::n * F::n * plane);
  transform_kernel<T, F>(kernel, s.channels, s.filters, false, u, plane);
  const Images<T> images{x, nullptr, s.height, s.width, s.channels, s.pad_top, s.pad_left};
  winograd<T, F>(images, u, plane, {s.batch, s.out_height, s.out_width, s.filters, y, bias, relu, mean, variance});
}

template <class T, class F>
void conv2d_input_gradient_winograd(const Conv2dShape& s, const T* dy, const T* kernel, const T* y, T* dx) {
  const Index plane = transformed_plane<T>(s.filters, s.channels);
  const Scratch<T> u(F::n * F::n * plane), transposed(9 * s.channels * s.filters);
  constexpr Index run = VectorOf<T>::lanes;
  const Index runs = ceil_div(s.channels, run);
  parallel_for(9 * runs, max(1, 32768 / (s.filters * run)), [&](Index begin, Index end) {
    for (Index index = begin; index < end; ++index) {
      const Index tap = index / runs, c0 = index % runs * run;
      const T* const in = kernel + tap * s.channels * s.filters;
      T* const out = transposed + tap * s.channels * s.filters;
      for (Index f0 = 0; f0 < s.filters; f0 += run)
        for (Index c = c0; c < min(c0 + run, s.channels); ++c)
          for (Index f = f0; f < min(f0 + run, s.filters); ++f) out[f * s.channels + c] = in[c * s.filters + f];
    }
  });
  transform_kernel<T, F>(transposed, s.filters, s.channels, true, u, plane);
  const Images<T> images{dy, y, s.out_height, s.out_width, s.filters, 2 - s.pad_top, 2 - s.pad_left};
  winograd<T, F>(images, u, plane, {s.batch, s.height, s.width, s.channels, dx, nullptr, false, nullptr, nullptr});
}

// A register tile of one element's products: sums[i][j] (+)= sum over t of v[t][i] * d[t][j]. Its rows are contiguous,
// and the next tile's follow. The cache lines of the next tile, which are in L2 or further away, are prefetched, one
// per step. Without that the whole gradient takes 5% longer; with all lines prefetched at once, 3%.
template <class T, int rows, int vectors>
__attribute__((noinline)) void multiply_tile(const T* v, Index channels, const T* d, Index filters, Index tiles,
                                             T* sums, bool add) {
  constexpr int lanes = VectorOf<T>::lanes;
  const T* next = sums + rows * vectors * lanes;
  Vec<T> sum[rows][vectors] = {};
  for (Index t = 0; t < tiles; ++t, v += channels, d += filters, next += lanes) {
    __builtin_prefetch(next, 1);
    Vec<T> right[vectors];
#pragma GCC unroll 2
    for (int j = 0; j < vectors; ++j) right[j] = load(d + j * lanes);
#pragma GCC unroll 12
    for (int i = 0; i < rows; ++i) {
      const Vec<T> left = broadcast(v[i]);
#pragma GCC unroll 2
      for (int j = 0; j < vectors; ++j) sum[i][j] += left * right[j];
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 2
    for (int j = 0; j < vectors; ++j, sums += lanes) store(sums, add ? load(sums) + sum[i][j] : sum[i][j]);
}

// For 1 <= rows <= kTileRows and the width of a panel.
template <class T, int max_rows = kTileRows>
inline void multiply_tile(Index rows, Index width, const T* v, Index channels, const T* d, Index filters, Index tiles,
                          T* sums, bool add) {
  if constexpr (max_rows > 1)
    if (rows < max_rows) return multiply_tile<T, max_rows - 1>(rows, width, v, channels, d, filters, tiles, sums, add);
  if (width == kPanel<T>)
    multiply_tile<T, max_rows, 2>(v, channels, d, filters, tiles, sums, add);
  else
    multiply_tile<T, max_rows, 1>(v, channels, d, filters, tiles, sums, add);
}

// dkernel = G^T [sum over tiles of (B^T x B) * (A dy A^T)] G. `unit`: the matrix unit computes the products. Returns
// false, with the results undefined, if the matrix unit cannot split an element.
template <class T, class F, bool unit>
bool weight_gradient_winograd(const Conv2dShape& s, const T* dy, const T* x, const T* y, T* dkernel, T* dbias) {
  constexpr Index elements = F::n * F::n;
  constexpr Index lanes = VectorOf<T>::lanes;
  const Images<T> input{x, nullptr, s.height, s.width, s.channels, s.pad_top, s.pad_left};
  const Images<T> gradient{dy, y, s.out_height, s.out_width, s.filters, 0, 0};
  const Index filters = whole_vectors<T>(s.filters);
  const Index plane = transformed_plane<T>(s.channels, s.filters),
              partial = elements * plane;  // [element][panel][channel][width]

  // All threads share each step of a block if partial results of their own would be large.
  const bool all_threads_per_block = partial * Index(sizeof(T)) > kStreamedKernelBytes;
  const Index block = gradient_block<T, unit>(elements, s.channels, filters);
  const TileBlocks blocks = TileBlocks::of<F>(s.batch, s.out_height, s.out_width, block);
  const Layout x_layout = element_by_element<T>(block, s.channels, !unit);
  const Layout dy_layout = element_by_element<T>(block, s.filters, !unit, false);
  // The sum over tiles is cut into parts, each with its own partial result. Two parts would be the fastest: with 16 it
  // takes 1.1 times as long, because the results are first stored to lines that are in no cache. But more threads need
  // more parts.
  const Index fitting = kGradientPartialBytes / (partial * Index(sizeof(T)));
  const Index parts = all_threads_per_block ? 1 : min(blocks.count(), max(4, min(8, fitting)));
  const Index groups = ceil_div(block, kTileRows);  // of tiles; each group sums dy on its own
  const Scratch<T> partials(parts * partial), sums(parts * groups * filters);
  for (Index i = 0; i < parts * groups * filters; ++i) sums[i] = 0;
  std::atomic<bool> any_unsplittable{false};

  const auto process = [&](const TileBlock& b, T* v, T* d, T* out, T* part_sums, bool* initialized) {
    const Elements of = Elements::of<F>(b);
    const Index count = b.count;
    parallel_for(count, kTileRows, [&](Index begin, Index end) {
      const Zeros<T> zeros(F::n * max(s.channels, s.filters));
      transform_tiles<T, F, InputStep>(input, b.part(begin, end), v + begin * x_layout.tile, x_layout,
                                       static_cast<T*>(nullptr), static_cast<const T*>(zeros));
      transform_tiles<T, F, AdjointStep>(gradient, b.part(begin, end), d + begin * dy_layout.tile, dy_layout,
                                         dbias == nullptr ? nullptr : part_sums + begin / kTileRows * filters,
                                         static_cast<const T*>(zeros));
    });
    parallel_for(of.count, 1, [&](Index begin, Index end) {
#if defined(__AMX_BF16__)
      if constexpr (unit) {
        const tiles::Unit on;
        const Index panel = ceil_div(count, tiles::kDepth) * tiles::kSplitTile;
        const Scratch<tiles::BFloat16> left(ceil_div(s.channels, lanes) * panel);
        const Scratch<tiles::BFloat16> right(ceil_div(s.filters, lanes) * panel);
        Vec<T> unsplittable{};
        for (Index e = begin; e < end; ++e)
          tiles::multiply_element(v + e * x_layout.element, d + e * dy_layout.element, count, s.channels, s.filters,
                                  out + of.index[e] * plane, initialized[of.index[e]], left, right, unsplittable);
        if (tiles::any_nan(unsplittable)) any_unsplittable.store(true, std::memory_order_relaxed);
        return;
      }
#endif
      const Index row_tiles = ceil_div(s.channels, kTileRows);
      const Index low = s.channels / row_tiles, higher = s.channels % row_tiles;  // 32 rows are 11 + 11 + 10
      for (Index e = begin; e < end; ++e)
        for (Index column = 0; column < filters; column += kPanel<T>) {
          const Index width = panel_width<T>(filters, column);
          T* const to = out + of.index[e] * plane + column * s.channels;
          for (Index t = 0, c = 0, rows; t < row_tiles; ++t, c += rows) {
            rows = low + (t < higher ? 1 : 0);
            multiply_tile<T>(rows, width, v + e * x_layout.element + c, x_layout.tile,
                             d + e * dy_layout.element + column, dy_layout.tile, count, to + c * width,
                             initialized[of.index[e]]);
          }
        }
    });
    for (Index e = 0; e < of.count; ++e) initialized[of.index[e]] = true;
  };
  const auto run = [&](Index begin, Index end) {  // parts
    const Scratch<T> v(elements * (x_layout.element + dy_layout.element));
    T* const d = v + elements * x_layout.element;
    for (Index part = begin; part < end; ++part) {
      T* const out = partials + part * partial;
      bool initialized[elements] = {};  // the first block of a part may not have all elements
      for (Index b = blocks.count() * part / parts; b < blocks.count() * (part + 1) / parts; ++b)
        process(blocks[b], v, d, out, sums + part * groups * filters, initialized);
      for (Index e = 0; e < elements; ++e)
        if (!initialized[e])
          for (Index i = 0; i < plane; ++i) out[e * plane + i] = 0;
    }
  };
  if (all_threads_per_block)
    run(0, 1);
  else
    parallel_for(parts, 1, run);

  if (any_unsplittable.load(std::memory_order_relaxed)) return false;

  // Adds the parts in a fixed order and transforms back.
  parallel_for(s.channels, max(1, 2048 / s.filters), [&](Index begin, Index end) {
    for (Index c = begin; c < end; ++c)
      for (Index column = 0; column < filters; column += lanes) {
        const Index panel = column / kPanel<T> * kPanel<T>, width = panel_width<T>(filters, panel);
        const Index f = first_channel<T>(column / lanes, s.filters);
        const T* const in = partials + panel * s.channels + c * width + (column - panel);
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
    for (Index column = 0; column < filters; ++column) {
      T sum = sums[column];
      for (Index i = 1; i < parts * groups; ++i) sum += sums[i * filters + column];
      dbias[channel_of<T>(column, s.filters)] = sum;
    }
  return true;
}

template <class T, class F>
void conv2d_weight_gradient_winograd(const Conv2dShape& s, const T* dy, const T* x, const T* y, T* dkernel, T* dbias) {
#if defined(__AMX_BF16__)
  if constexpr (std::is_same_v<T, float>)
    if (s.channels % tiles::kRows == 0 && s.filters % tiles::kColumns == 0 &&
        tiles::gradient_is_profitable(s.channels, s.filters) &&
        weight_gradient_winograd<T, F, true>(s, dy, x, y, dkernel, dbias))
      return;
#endif
  weight_gradient_winograd<T, F, false>(s, dy, x, y, dkernel, dbias);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
