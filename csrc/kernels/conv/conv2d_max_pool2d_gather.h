// The weight gradient of conv2d_max_pool2d.h for 2x2 windows over one channel, in float32. Each filter has its maximum
// in one of the four pixels of a window. So one product per tap is enough, where the convolution's own weight gradient
// computes four, three of them with 0. The pixel differs from lane to lane: the four elements that a tap reads are
// stored next to each other, and each lane selects its own.
//
// This is twice as fast as spreading dy. (With three channels, storing the elements costs as much as it saves.) The
// sums run in another order. The selection needs AVX; without it, selecting takes longer than it saves.
#pragma once

#include "kernels/conv/conv2d_max_pool2d_windows.h"

#if defined(__AVX2__)

namespace tinynet::TINYNET_ISA {
namespace {
namespace conv_pool {

constexpr Index kWindowPixels = 4;    // pixels of a window
constexpr Index kGatherPixels = 384;  // of the convolution in a block: their elements, four per tap, stay in the cache

// Rows of weights computed together, with 2 vectors each. 2 vectors of dy and 2 of argmax indices share the 32 (or 16)
// registers.
#if TINYNET_VECTOR_BYTES == 64
constexpr int kGatherRows = 12;
#else
constexpr int kGatherRows = 5;
#endif

// Selects in each lane the element of `window_elements` at its `index`.
inline Vec<float> select_lane(const float* window_elements, pooling::Indices<float> index) {
#if defined(__AVX512F__)
  const __m512 all = _mm512_maskz_broadcast_f32x4(0xFFFF, _mm_loadu_ps(window_elements));
  return _mm512_maskz_permutevar_ps(0xFFFF, all, (__m512i)index);
#else
  return _mm256_permutevar_ps(_mm256_broadcast_ps(reinterpret_cast<const __m128*>(window_elements)), (__m256i)index);
#endif
}

// Gathers the input of one tap for a row of windows -> out[j * pitch]: four elements per window, two from a line of x
// and two from the next line.
inline void gather_window(const float* x, Index line, Index windows, float* out, Index pitch) {
  for (Index j = 0; j < windows; ++j, x += 2, out += pitch) {
    __builtin_memcpy(out, x, 2 * sizeof(float));
    __builtin_memcpy(out + 2, x + line, 2 * sizeof(float));
  }
}

inline bool gather_supports(const Conv2dShape& s, const Pool2dShape& pool) {
  return pool.pool_height == 2 && pool.pool_width == 2 && s.channels == 1 && s.stride_w == 1 &&
         s.batch * pool.out_height * pool.out_width * s.filters > 0;
}

// One panel of filters of a block.
struct GatherInput {
  const float* window_elements;  // [window][pitch], from the first tap of the tile on
  Index pitch;
  const float* dy;  // dy[window][filters]
  const std::uint8_t* argmax;
  Index windows, filters, columns;
  Index remaining;  // argmax indices in the array, from `argmax` on
};

// sums[rows][vectors * lanes] += for each window, the selected element of each tap * dy. Likewise bias += dy.
template <int rows, int vectors>
void gather_tile(const GatherInput& in, float* sums, float* bias) {
  constexpr Index lanes = VectorOf<float>::lanes;
  Vec<float> sum[rows][vectors], total[vectors];
#pragma GCC unroll 2
  for (int v = 0; v < vectors; ++v) {
    total[v] = load(bias + v * lanes);
#pragma GCC unroll 12
    for (int r = 0; r < rows; ++r) sum[r][v] = load(sums + (r * vectors + v) * lanes);
  }
  const float* window_elements = in.window_elements;
  for (Index j = 0; j < in.windows; ++j, window_elements += in.pitch) {
    Vec<float> dy[vectors];
    pooling::Indices<float> argmax[vectors];
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      const Index at = j * in.filters + v * lanes;
      argmax[v] = load_first_indices<float>(in.argmax + at, in.remaining - at);
      const Vec<float> value = load_columns(in.dy + at, in.columns - v * lanes);
      dy[v] = argmax[v] < pooling::broadcast_index<float>(kWindowPixels) ? value : Vec<float>{};
      total[v] += dy[v];
    }
#pragma GCC unroll 12
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v)
        sum[r][v] += select_lane(window_elements + r * kWindowPixels, argmax[v]) * dy[v];
  }
#pragma GCC unroll 2
  for (int v = 0; v < vectors; ++v) {
    store(bias + v * lanes, total[v]);
#pragma GCC unroll 12
    for (int r = 0; r < rows; ++r) store(sums + (r * vectors + v) * lanes, sum[r][v]);
  }
}

using GatherTile = void (*)(const GatherInput& in, float* sums, float* bias);

template <int vectors>
inline GatherTile gather_tile_for(Index rows) {
#if TINYNET_VECTOR_BYTES == 64
  static constexpr GatherTile tiles[kGatherRows] = {
      gather_tile<1, vectors>, gather_tile<2, vectors>,  gather_tile<3, vectors>,  gather_tile<4, vectors>,
      gather_tile<5, vectors>, gather_tile<6, vectors>,  gather_tile<7, vectors>,  gather_tile<8, vectors>,
      gather_tile<9, vectors>, gather_tile<10, vectors>, gather_tile<11, vectors>, gather_tile<12, vectors>};
#else
  static constexpr GatherTile tiles[kGatherRows] = {gather_tile<1, vectors>, gather_tile<2, vectors>,
                                                    gather_tile<3, vectors>, gather_tile<4, vectors>,
                                                    gather_tile<5, vectors>};
#endif
  return tiles[rows - 1];
}

// Like conv2d_max_pool2d_weight_gradient, for shapes with gather_supports().
inline void gather_weight_gradient(const Conv2dShape& s, const Pool2dShape& pool, const float* dy,
                                   const std::uint8_t* argmax, const float* x, float* dkernel, float* dbias) {
  const Index rows = s.kernel_height * s.kernel_width, padded = padded_columns<float>(s.filters);
  const Taps taps(s);
  const Window<float> w = window_of_windows(s, pool, x, taps);
  const Scratch<Index> tap(rows);
  for (Index r = 0; r < rows; ++r) tap[r] = w.row_offset(r / s.kernel_width) + w.col_offset(r % s.kernel_width);

  const Blocks blocks = blocks_of_windows(w, pool, kGatherPixels);
  const Index parts = min(blocks.count, kTasks), pitch = rows * kWindowPixels, partial = padded * rows;
  const Index tiles = ceil_div(rows, Index(kGatherRows));
  const Scratch<float> partials(parts * partial), partial_sums(parts * padded);
  const Index slab_size = w.in_place() ? 0 : blocks.images * w.image_pitch(blocks.rows);
  const Index argmax_size = s.batch * pool.out_height * pool.out_width * s.filters;
  parallel_for(parts, 1, [&](Index begin, Index end) {
    const Scratch<float> slab(slab_size), window_elements(blocks.pixels / kWindowPixels * pitch);
    float unused[kPanel<float>] = {};
    for (Index part = begin; part < end; ++part) {
      float* const sums = partials + part * partial;
      float* const bias = partial_sums + part * padded;
      for (Index i = 0; i < partial; ++i) sums[i] = 0;
      for (Index i = 0; i < padded; ++i) bias[i] = 0;
      for (Index index = blocks.count * part / parts; index < blocks.count * (part + 1) / parts; ++index) {
        const Block block = Block::at(index, blocks, w);
        const float* const input = block_input(w, block, static_cast<float*>(slab));
        float* out = window_elements;
        for (Index n = 0; n < block.images; ++n)
          for (Index i = 0; i < block.rows; i += 2) {
            const float* const in = input + n * w.image_pitch(block.rows) + i * s.stride_h * w.pitch();
            for (Index r = 0; r < rows; ++r)
              gather_window(in + tap[r], s.stride_h * w.pitch(), pool.out_width, out + r * kWindowPixels, pitch);
            out += pool.out_width * pitch;
          }
        const Index windows = block.images * block.rows / 2 * pool.out_width;
        const Index first = (block.image * pool.out_height + block.row / 2) * pool.out_width;
        for (Index column = 0; column < s.filters; column += kPanel<float>) {
          const Index width = panel_width<float>(s.filters, column), from = first * s.filters + column;
          for (Index t = 0; t < tiles; ++t) {
            const Index row = rows * t / tiles, count = rows * (t + 1) / tiles - row;
            const GatherTile tile = width == kPanel<float> ? gather_tile_for<2>(count) : gather_tile_for<1>(count);
            tile({window_elements + row * kWindowPixels, pitch, dy + from, argmax + from, windows, s.filters,
                  s.filters - column, argmax_size - from},
                 sums + column * rows + row * width, t == 0 ? bias + column : unused);
          }
        }
      }
    }
  });
  add_parts<float>(s, rows, parts, partials, partial_sums, dkernel, dbias);
}

}  // namespace conv_pool
}  // namespace
}  // namespace tinynet::TINYNET_ISA

#endif
