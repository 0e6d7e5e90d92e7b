// Convolution, bias, ReLU and max pooling in one pass: tinynet/ops/conv2d_max_pool2d.py.
//
// A first layer has few products per output. For (128, 28, 28, 1) and 32 filters of 3x3, moving the 11 MB of outputs
// through memory takes as long as computing them; pooling, its gradient and the weight gradient move them again. Here
// the sums of a window stay in registers until their maximum is known. The backward pass spreads dy over its windows
// block by block, because the weight gradient needs it packed anyway, or it gathers the input elements that dy is
// multiplied by (conv2d_max_pool2d_gather.h). That takes 0.7 ms on one thread (AVX-512) instead of 3.2.
//
// Each sum takes its terms in the order of direct convolution (conv2d_direct.h, conv2d_weight_gradient.h). So the
// results equal those of the separate operations bit for bit, except for the sign of a zero, for gathered gradients,
// and for the bias gradient without ReLU, which a convolution that reads dy in place sums in four chains (add_pixels).
#pragma once

#include "kernels/conv/conv2d_max_pool2d_gather.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace conv_pool {

// Argmax index of a maximum that gets no gradient through ReLU. With it, the backward pass needs no y.
constexpr Index kNoArgmax = 255;

constexpr int kPositionsPerRound = 4;  // positions of a window in one round: all of the most common window, 2x2

// Adjacent windows whose sums are in registers together: 2x4x2 vectors, 2 of weights and 1 of x. 8 sums in flight are
// enough to hide the latency of an FMA.
#if TINYNET_VECTOR_BYTES == 64 || defined(__aarch64__)
constexpr int kWindows = 2;
#else
constexpr int kWindows = 1;
#endif

// The arguments that all windows of a call share.
template <class T>
struct Windows {
  const Segment* segments;  // the taps, relative to the first tap of a position
  Index segment_count;
  // Offset in x of each position of a window; the last is repeated up to a multiple of kPositionsPerRound.
  const Index* position;
  Index positions;        // including the repetitions, which never become a new maximum
  Index step;             // from window to window in x
  Index filters;
  bool relu;
  pooling::Maximum<T, std::uint8_t> maximum;
};

// `windows` adjacent windows. x points at the first position of the first window. The results are stored to y + at,
// `columns` of each panel. `one_round`: the window has kPositionsPerRound positions. This is a template argument
// because otherwise GCC keeps `best` and `argmax` in memory, and the most common window takes 1.4 times as long.
template <class T, int windows, int vectors, bool one_round>
__attribute__((always_inline)) inline void pool_windows(const Windows<T>& all, const T* x, const T* panel,
                                                        const T* bias, Index columns, Index at) {
  using Accumulator = typename pooling::Maximum<T, std::uint8_t>::Accumulator;
  constexpr int lanes = VectorOf<T>::lanes;
  Vec<T> best[windows][vectors] = {};
  pooling::Indices<T> argmax[windows][vectors] = {};
  for (Index first = 0; first < (one_round ? kPositionsPerRound : all.positions); first += kPositionsPerRound) {
    Vec<T> sum[windows][kPositionsPerRound][vectors];
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      const Vec<T> start = bias != nullptr ? load(bias + v * lanes) : Vec<T>{};
#pragma GCC unroll 2
      for (int w = 0; w < windows; ++w)
#pragma GCC unroll 4
        for (int i = 0; i < kPositionsPerRound; ++i) sum[w][i][v] = start;
    }
    Index from[kPositionsPerRound];
#pragma GCC unroll 4
    for (int i = 0; i < kPositionsPerRound; ++i) from[i] = all.position[first + i];
    const T* b = panel;
    for (Index s = 0; s < all.segment_count; ++s) {
      const T* a = x + all.segments[s].offset;
      for (Index k = all.segments[s].length; k > 0; --k, ++a, b += vectors * lanes) {
        Vec<T> bv[vectors];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) bv[v] = load(b + v * lanes);
#pragma GCC unroll 2
        for (int w = 0; w < windows; ++w)
#pragma GCC unroll 4
          for (int i = 0; i < kPositionsPerRound; ++i) {
            const Vec<T> av = broadcast(a[w * all.step + from[i]]);
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) sum[w][i][v] += av * bv[v];
          }
      }
    }
#pragma GCC unroll 2
    for (int w = 0; w < windows; ++w)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) {
        Accumulator accumulator(sum[w][0][v], pooling::broadcast_index<T>(0));
        if (first > 0) {
          accumulator = Accumulator(best[w][v], argmax[w][v]);
          accumulator.accumulate(sum[w][0][v], first);
        }
#pragma GCC unroll 3
        for (int i = 1; i < kPositionsPerRound; ++i) accumulator.accumulate(sum[w][i][v], first + i);
        best[w][v] = accumulator.best;
        argmax[w][v] = accumulator.argmax;
      }
  }
#pragma GCC unroll 2
  for (int w = 0; w < windows; ++w)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      Accumulator accumulator(best[w][v], argmax[w][v]);
      if (all.relu) {
        accumulator.argmax = accumulator.best > Vec<T>{} ? accumulator.argmax : pooling::broadcast_index<T>(kNoArgmax);
        accumulator.best = accumulator.best <= Vec<T>{} ? Vec<T>{} : accumulator.best;  // NaN stays NaN
      }
      if (columns - v * lanes >= lanes)
        all.maximum.finish(at + w * all.filters + v * lanes, accumulator, 0);
      else
        all.maximum.finish(at + w * all.filters + v * lanes, accumulator, 0, columns - v * lanes);
    }
}

template <class T, int vectors, bool one_round>
void pool_row(const Windows<T>& all, Index count, const T* x, const T* panel, const T* bias, Index columns, Index at) {
  Index j = 0;
  for (; j + kWindows <= count; j += kWindows)
    pool_windows<T, kWindows, vectors, one_round>(all, x + j * all.step, panel, bias, columns, at + j * all.filters);
  if constexpr (kWindows > 1)
    for (; j < count; ++j)
      pool_windows<T, 1, vectors, one_round>(all, x + j * all.step, panel, bias, columns, at + j * all.filters);
}

template <class T>
auto row_of_windows(bool two_vectors, bool one_round) {
  if (two_vectors) return one_round ? pool_row<T, 2, true> : pool_row<T, 2, false>;
  return one_round ? pool_row<T, 1, true> : pool_row<T, 1, false>;
}

// The gradient of the convolution's output: dy where the maximum was, 0 elsewhere.
template <class T>
struct SpreadGradient {
  const Pool2dShape& pool;
  const T* dy;                 // [batch][pool.out_height][pool.out_width][filters]
  const std::uint8_t* argmax;  // argmax indices, same layout

  const T* in_place() const { return nullptr; }

  // Like OutputGradient::pack.
  template <int vectors>
  void pack(const Conv2dShape& s, const Block& block, Index first, Index columns, T* out, T* sums) const {
    if (pool.pool_width == 2)
      spread<vectors>(s, block, first, columns, 2, out, sums);  // the most common window, unrolled
    else
      spread<vectors>(s, block, first, columns, pool.pool_width, out, sums);
  }

  template <int vectors>
  __attribute__((always_inline)) inline void spread(const Conv2dShape& s, const Block& block, Index first,
                                                    Index columns, Index pool_w, T* out, T* sums) const {
    constexpr Index lanes = VectorOf<T>::lanes, width = vectors * lanes;
    const Index all = s.batch * pool.out_height * pool.out_width * s.filters;
    Vec<T> sum[vectors] = {};
    for (Index n = block.image; n < block.image + block.images; ++n)
      for (Index h = block.row; h < block.row + block.rows; ++h, out += s.out_width * width) {
        const Index i = h / pool.pool_height, windows = i < pool.out_height ? pool.out_width : 0;
        const Index first_tap = h % pool.pool_height * pool_w;
        const Index row = (n * pool.out_height + i) * pool.out_width * s.filters + first;
        for (Index j = 0; j < windows; ++j)
#pragma GCC unroll 2
          for (int v = 0; v < vectors; ++v) {
            const Index at = row + j * s.filters + v * lanes;
            const Vec<T> value = load_columns(dy + at, columns - v * lanes);
            const pooling::Indices<T> index = load_first_indices<T>(argmax + at, all - at);
#pragma GCC unroll 2
            for (Index q = 0; q < pool_w; ++q) {
              const Vec<T> here = index == pooling::broadcast_index<T>(first_tap + q) ? value : Vec<T>{};
              sum[v] += here;
              store(out + (j * pool_w + q) * width + v * lanes, here);
            }
          }
        for (Index k = windows * pool_w * width; k < s.out_width * width; k += lanes) store(out + k, Vec<T>{});
      }
    if (sums != nullptr)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) store(sums + v * lanes, load(sums + v * lanes) + sum[v]);
  }
};

}  // namespace conv_pool

// x[batch][height][width][channels], kernel[kh][kw][channels][filters], bias[filters] or null
// -> y[batch][pool.out_height][pool.out_width][filters] and, unless null, the argmax indices of the maxima
template <class T>
void conv2d_max_pool2d_forward(const Conv2dShape& s, const Pool2dShape& pool, const T* x, const T* kernel,
                               const T* bias, T* y, std::uint8_t* argmax, bool relu) {
  using namespace conv_pool;
  if (s.batch * pool.out_height * pool.out_width * s.filters == 0) return;
  const Taps taps(s);
  const PackedWeights<T> weights(s, kernel, bias);
  const Window<T> w = window_of_windows(s, pool, x, taps);
  const Index run = s.dilation_w == 1 ? s.kernel_width * s.channels : s.channels;  // contiguous elements
  const Index runs_per_row = s.dilation_w == 1 ? 1 : s.kernel_width, runs = s.kernel_height * runs_per_row;
  const Scratch<Segment> segments(runs);
  for (Index r = 0; r < runs; ++r) segments[r] = {w.row_offset(r / runs_per_row) + w.col_offset(r % runs_per_row), run};

  const Blocks blocks = blocks_of_windows(w, pool, kBlockPixels);
  const Index positions = ceil_div(pool.pool_height * pool.pool_width, kPositionsPerRound) * kPositionsPerRound;
  const Scratch<Index> position(positions);
  fill_position_offsets(s, pool, w, position, positions);
  const Windows<T> windows{segments,  runs, position,   positions, pool.pool_width * s.stride_w * s.channels,
                           s.filters, relu, {y, argmax}};
  const Index slab_size = w.in_place() ? 0 : blocks.images * w.image_pitch(blocks.rows);
  parallel_for(blocks.count, 1, [&](Index begin, Index end) {
    const Scratch<T> slab(slab_size);
    for (Index index = begin; index < end; ++index) {
      const Block block = Block::at(index, blocks, w);
      const T* const input = block_input(w, block, static_cast<T*>(slab));
      for (Index n = 0; n < block.images; ++n)
        for (Index i = 0; i < block.rows; i += pool.pool_height) {
          const T* const in = input + n * w.image_pitch(block.rows) + i * s.stride_h * w.pitch();
          const Index row = (block.image + n) * pool.out_height + (block.row + i) / pool.pool_height;
          for (Index column = 0; column < s.filters; column += kPanel<T>) {
            const bool whole = panel_width<T>(s.filters, column) == kPanel<T>;
            row_of_windows<T>(whole, positions == kPositionsPerRound)(
                windows, pool.out_width, in, weights.panels + column * runs * run,
                bias == nullptr ? nullptr : weights.padded_bias + column, s.filters - column,
                row * pool.out_width * s.filters + column);
          }
        }
    }
  });
}

// dy[batch][pool.out_height][pool.out_width][filters] and the argmax indices that the forward pass has stored
// -> dkernel[kh][kw][channels][filters], dbias[filters] (which may be null)
template <class T>
void conv2d_max_pool2d_weight_gradient(const Conv2dShape& s, const Pool2dShape& pool, const T* dy,
                                       const std::uint8_t* argmax, const T* x, T* dkernel, T* dbias) {
#if defined(__AVX2__)
  if constexpr (sizeof(T) == sizeof(float))
    if (conv_pool::gather_supports(s, pool))
      return conv_pool::gather_weight_gradient(s, pool, dy, argmax, x, dkernel, dbias);
#endif
  weight_gradient_of(s, conv_pool::SpreadGradient<T>{pool, dy, argmax}, x, dkernel, dbias);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
