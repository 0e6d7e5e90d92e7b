// Output rows of a depthwise convolution: what its passes, and a pointwise convolution after it, consist of.
#pragma once

#include "kernels/conv/depthwise_conv2d_band.h"

namespace tinynet::TINYNET_ISA {
namespace {

// Adjacent pixels of an output row, all channels: out[j][c] = bias[c] + sum over taps of input * weight.
template <class T>
struct PixelRun {
  const T* const* rows;  // [taps_h]
  Index taps_h;
  const Index* columns;  // [taps_w], of the first pixel
  Index taps_w;
  Index step;        // from the input of a pixel to that of the next
  const T* weights;  // weights[taps_h][taps_w][pitch]
  Index pitch;
  const T* bias;  // whole vectors, or null
  bool relu;
  T* out;
  Index out_step, channels;

  // The lanes of a vector are channels, so that a loaded weight serves all pixels.
  template <int pixels>
  static __attribute__((noinline)) void compute(const PixelRun& run, Index at, T* out) {
    constexpr Index lanes = VectorOf<T>::lanes;
    const Index vectors = ceil_div(run.channels, lanes);
    for (Index v = 0; v < vectors; ++v) {
      const Index c = first_channel<T>(v, run.channels);
      const Vec<T> start = run.bias == nullptr ? Vec<T>{} : load(run.bias + c);
      const T* weights = run.weights + c;
      Vec<T> sum[pixels];
#pragma GCC unroll 8
      for (int j = 0; j < pixels; ++j) sum[j] = start;
      for (Index p = 0; p < run.taps_h; ++p)
        for (Index q = 0; q < run.taps_w; ++q, weights += run.pitch) {
          const Vec<T> weight = load(weights);
          const T* const in = run.rows[p] + at + run.columns[q] + c;
#pragma GCC unroll 8
          for (int j = 0; j < pixels; ++j) sum[j] += weight * load(in + j * run.step);
        }
      run.store_pixels(sum, out, c);
    }
  }

  // The same for kernels of three adjacent columns: a vector of the input is loaded once for all pixels that read it.
  // 32x32x32 takes 0.7 of the time. `left`, `right`: the first, the last column that is read is outside of the image.
  template <int pixels, int stride>
  static __attribute__((noinline)) void compute_three(const PixelRun& run, Index at, T* out, bool left, bool right) {
    constexpr Index lanes = VectorOf<T>::lanes;
    constexpr int span = (pixels - 1) * stride + 3;
    const Index vectors = ceil_div(run.channels, lanes), pitch = run.columns[1] - run.columns[0];
    for (Index v = 0; v < vectors; ++v) {
      const Index c = first_channel<T>(v, run.channels);
      const Vec<T> start = run.bias == nullptr ? Vec<T>{} : load(run.bias + c);
      const T* weights = run.weights + c;
      Vec<T> sum[pixels];
#pragma GCC unroll 8
      for (int j = 0; j < pixels; ++j) sum[j] = start;
      for (Index p = 0; p < run.taps_h; ++p, weights += 3 * run.pitch) {
        const Vec<T> weight[3] = {load(weights), load(weights + run.pitch), load(weights + 2 * run.pitch)};
        const T* const in = run.rows[p] + at + run.columns[0] + c;
#pragma GCC unroll 17
        for (int k = 0; k < span; ++k) {
          const bool outside = (k == 0 && left) || (k == span - 1 && right);
          const Vec<T> value = outside ? Vec<T>{} : load(in + k * pitch);
#pragma GCC unroll 3
          for (int q = 0; q < 3; ++q)
            if (k >= q && (k - q) % stride == 0 && (k - q) / stride < pixels)
              sum[(k - q) / stride] += weight[q] * value;
        }
      }
      run.store_pixels(sum, out, c);
    }
  }

  template <int pixels>
  __attribute__((always_inline)) void store_pixels(Vec<T> (&sum)[pixels], T* out, Index c) const {
    if (relu)
#pragma GCC unroll 8
      for (int j = 0; j < pixels; ++j) sum[j] = sum[j] < Vec<T>{} ? Vec<T>{} : sum[j];  // NaN stays NaN
    if (channels < VectorOf<T>::lanes) {
      const FirstLanes<T> used(channels);
#pragma GCC unroll 8
      for (int j = 0; j < pixels; ++j) used.store(out + j * out_step, sum[j]);
    } else {
#pragma GCC unroll 8
      for (int j = 0; j < pixels; ++j) store(out + j * out_step + c, sum[j]);
    }
  }

  // The pixels [begin, end) of the row, as many at a time as registers hold.
  void compute_row(Index begin, Index end) const {
    while (begin < end) {
      const Index left = end - begin, pixels = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
      const auto function = pixels == 8 ? compute<8> : pixels == 4 ? compute<4> : pixels == 2 ? compute<2> : compute<1>;
      function(*this, begin * step, out + begin * out_step);
      begin += pixels;
    }
  }

  // The same by compute_three. All columns are inside of the image but for the first one of pixel `begin` (`left`) and
  // the last one of pixel `end - 1` (`right`).
  template <int stride>
  void compute_row_of_three(Index begin, Index end, bool left, bool right) const {
    using Function = void (*)(const PixelRun&, Index, T*, bool, bool);
    static constexpr Function functions[] = {compute_three<1, stride>, compute_three<2, stride>,
                                             compute_three<3, stride>, compute_three<4, stride>,
                                             compute_three<5, stride>, compute_three<6, stride>,
                                             compute_three<7, stride>, compute_three<8, stride>};
    const Index count = end - begin, runs = ceil_div(count, 8);
    for (Index r = 0; r < runs; ++r) {
      const Index first = begin + count * r / runs, last = begin + count * (r + 1) / runs;
      functions[last - first - 1](*this, first * step, out + first * out_step, left && r == 0, right && r == runs - 1);
    }
  }
};

// Multiplies each channel of the window, repeated `repeat` times, by its own taps[p][q][padded], and adds bias[padded],
// which may be null. All threads share it.
template <class T>
class DepthwiseRows {
 public:
  DepthwiseRows(const Window<T>& w, Index repeat, const T* taps, const T* bias, bool relu)
      : w_(w),
        input_(w, repeat),
        zeros_(input_.zeros_size()),
        columns_(w.taps_w),
        taps_(taps),
        bias_(bias),
        relu_(relu) {
    for (Index q = 0; q < w.taps_w; ++q) columns_[q] = input_.column_offset(q);
    begin_ = input_.inside_begin(), end_ = input_.inside_end();
    of_three_ = w.taps_w == 3 && w.tap_col[2] - w.tap_col[0] == 2 && w.stride_w <= 2 && begin_ < end_;
    if (!of_three_) return;
    left_ = begin_ > 0 && (begin_ - 1) * w.stride_w + w.tap_col[0] == -1;
    right_ = end_ < w.grid_w && end_ * w.stride_w + w.tap_col[2] == w.width;
    if (left_) --begin_;
    if (right_) ++end_;
  }

  const BandInput<T>& input() const { return input_; }

  // A thread's memory for a row.
  struct Memory {
    explicit Memory(const DepthwiseRows& all)
        : slab(all.input_.slab_size()), rows(all.w_.taps_h), edge(all.w_.taps_h * all.w_.taps_w) {}
    const Scratch<T> slab;
    const Scratch<const T*> rows, edge;
  };

  // Output rows first, ..., first + count - 1 of an image. Row i goes to row_of(i), its pixels `out_step` apart, and
  // then finish(i, rows) is called with the input rows of its taps.
  template <class RowOf, class Finish>
  void compute(Index image, Index first, Index count, const Memory& memory, Index out_step, const RowOf& row_of,
               const Finish& finish) const {
    const Index padded = whole_vectors<T>(input_.channels()), step = w_.stride_w * input_.pitch(), none = 0;
    for (Index i = 0; i < count; ++i) {
      input_.find_rows(image, first, i, memory.slab, zeros_.memory, memory.rows);
      T* const out = row_of(i);
      // All channels of some pixels, then the next pixels: the input of a row of taps stays in the L1 cache.
      PixelRun<T> run{memory.rows, w_.taps_h, columns_, w_.taps_w, step, taps_, padded, bias_, relu_, out, out_step,
                      input_.channels()};
      if (!of_three_)
        run.compute_row(begin_, end_);
      else if (w_.stride_w == 1)
        run.template compute_row_of_three<1>(begin_, end_, left_, right_);
      else
        run.template compute_row_of_three<2>(begin_, end_, left_, right_);
      // At the edges the taps outside of the image read zeros: one row of taps, each with an address of its own.
      run.rows = memory.edge, run.taps_h = w_.taps_h * w_.taps_w, run.columns = &none, run.taps_w = 1;
      const auto at_edge = [&](Index from, Index to) {
        for (Index j = from; j < to; ++j) {
          for (Index p = 0; p < w_.taps_h; ++p)
            for (Index q = 0; q < w_.taps_w; ++q)
              memory.edge[p * w_.taps_w + q] =
                  input_.is_inside(j, q) ? memory.rows[p] + j * step + columns_[q] : zeros_.memory;
          PixelRun<T>::template compute<1>(run, 0, out + j * out_step);
        }
      };
      at_edge(0, begin_);
      at_edge(end_, w_.grid_w);
      finish(i, memory.rows);
    }
  }

 private:
  const Window<T>& w_;
  const BandInput<T> input_;
  const Zeros<T> zeros_;
  const Scratch<Index> columns_;
  const T *const taps_, *const bias_;
  const bool relu_;
  // The pixels [begin, end) of a row are computed together. Their columns are inside of the image but for the first one
  // (`left`) and the last one (`right`), which a kernel of three adjacent columns (`of_three`) reads as zeros.
  Index begin_ = 0, end_ = 0;
  bool of_three_ = false, left_ = false, right_ = false;
};

// A depthwise kernel[taps][filters] and its bias[filters], or null, in whole vectors.
template <class T>
struct DepthwiseWeights {
  DepthwiseWeights(const Conv2dShape& s, const T* kernel, const T* bias)
      : taps(s.kernel_height * s.kernel_width * whole_vectors<T>(s.filters)),
        offsets(bias == nullptr ? 0 : whole_vectors<T>(s.filters)),
        has_bias(bias != nullptr) {
    const Index padded = whole_vectors<T>(s.filters);
    for (Index t = 0; t < s.kernel_height * s.kernel_width; ++t)
      for (Index c = 0; c < padded; ++c) taps[t * padded + c] = c < s.filters ? kernel[t * s.filters + c] : T(0);
    if (has_bias)
      for (Index c = 0; c < padded; ++c) offsets[c] = c < s.filters ? bias[c] : T(0);
  }
  const T* bias() const { return has_bias ? static_cast<const T*>(offsets) : nullptr; }
  const Scratch<T> taps, offsets;
  const bool has_bias;
};

}  // namespace
}  // namespace tinynet::TINYNET_ISA
