// The input of a band of output rows of a depthwise convolution: rows of the image, or copies of them.
#pragma once

#include "kernels/conv/conv2d_direct.h"

namespace tinynet::TINYNET_ISA {
namespace {

// Copies an input row of an image, with zeros around the image: line[col][channel*repeat + m], in whole vectors.
template <class T>
void copy_row(const Window<T>& w, Index image, Index r, Index repeat, T* line) {
  const Index cols = w.slab_cols(), used = w.channels * repeat, padded = whole_vectors<T>(used);
  for (Index c = w.first_col(); c < w.first_col() + cols; ++c, line += padded) {
    Index done = 0;
    if (r >= 0 && r < w.height && c >= 0 && c < w.width) {
      const Index pixel = ((image * w.height + r) * w.width + c) * w.channels;
      const T* const in = w.x + pixel;
      if (w.mask != nullptr) {
        for (Index i = 0; i < w.channels; ++i)
          for (Index m = 0; m < repeat; ++m) line[i * repeat + m] = w.mask[pixel + i] > 0 ? in[i] : T(0);
      } else if (repeat == 1) {
        for (Index i = 0; i < w.channels; ++i) line[i] = in[i];
      } else {
        for (Index i = 0; i < w.channels; ++i)
          for (Index m = 0; m < repeat; ++m) line[i * repeat + m] = in[i];
      }
      done = used;
    }
    for (; done < padded; ++done) line[done] = 0;
  }
}

// The same, normalized: one filter a channel. The zeros stand around the normalized image. A vector of
// channels of all pixels comes after another: its mean, scale and offset stay in registers.
template <class T>
void normalize_row(const Window<T>& w, Index image, Index r, T* line) {
  constexpr Index lanes = VectorOf<T>::lanes;
  const Index cols = w.slab_cols(), padded = whole_vectors<T>(w.channels);
  const bool inside = r >= 0 && r < w.height;
  const Index begin = inside ? min(cols, max(0, -w.first_col())) : 0;
  const Index end = inside ? max(begin, min(cols, w.width - w.first_col())) : 0;
  for (Index i = 0; i < begin * padded; ++i) line[i] = 0;
  for (Index i = end * padded; i < cols * padded; ++i) line[i] = 0;
  const T* const pixels = w.x + ((image * w.height + r) * w.width + w.first_col()) * w.channels;
  for (Index c = 0; c < padded; c += lanes) {
    const auto columns = w.normalized->columns(c);
    for (Index k = begin; k < end; ++k) {
      const Vec<T> value = columns.scaled(columns.centred(load_columns(pixels + k * w.channels + c, w.channels - c)));
      store(line + k * padded + c, w.normalized->relu ? value < Vec<T>{} ? Vec<T>{} : value : value);
    }
  }
}

// The rows of the input that a band of output rows reads: rows of the image, or copies of those that an output row needs,
// made in the L1 cache where they are needed first.
template <class T>
class BandInput {
 public:
  // Bands of the rows of an image. The input of a band stays in the L1 or L2 cache.
  struct Bands {
    Index rows, each, count;
  };

  BandInput(const Window<T>& w, Index repeat)
      : w_(w),
        repeat_(repeat),
        in_place_(w.mask == nullptr && w.normalized == nullptr && repeat == 1 && w.channels >= VectorOf<T>::lanes),
        used_(w.channels * repeat),
        pitch_(in_place_ ? used_ : whole_vectors<T>(used_)) {}

  Index channels() const { return used_; }
  Index pitch() const { return pitch_; }  // from one column to the next

  // What is copied is copied again for the next band where both read it, hence larger bands.
  Bands bands() const {
    const Index cols = in_place_ ? w_.width : w_.slab_cols(), bytes = in_place_ ? kDepthwiseImageBytes : kDepthwiseSlabBytes;
    const Index fitting = max(1, bytes / max(1, cols * pitch_ * Index(sizeof(T))) / w_.stride_h);
    const Index each = ceil_div(w_.grid_h, fitting), rows = ceil_div(w_.grid_h, max(1, each));
    return {rows, ceil_div(w_.grid_h, rows), w_.batch * ceil_div(w_.grid_h, rows)};
  }

  // The output columns [begin, end) whose taps all lie inside of the image, or of the slab.
  Index inside_begin() const { return in_place_ ? min(w_.grid_w, ceil_div(max(0, -w_.first_col()), w_.stride_w)) : 0; }
  Index inside_end() const {
    if (!in_place_) return w_.grid_w;
    const Index room = w_.width - 1 - w_.tap_col[w_.taps_w - 1];
    return max(inside_begin(), room < 0 ? 0 : min(w_.grid_w, room / w_.stride_w + 1));
  }
  // Whether tap q of output column j reads the image.
  bool is_inside(Index j, Index q) const {
    const Index col = j * w_.stride_w + w_.tap_col[q];
    return !in_place_ || (col >= 0 && col < w_.width);
  }
  // Where tap q of output column 0 is in a row; more by stride_w * pitch() for the next column.
  Index column_offset(Index q) const { return (w_.tap_col[q] - (in_place_ ? 0 : w_.first_col())) * pitch_; }

  Index slab_size() const { return in_place_ ? 0 : w_.slab_rows(1) * w_.slab_cols() * pitch_; }
  // rows[p] = the input row of tap p for output row `first + i`. Those of a band are asked for in order: i = 0, 1, ...
  void find_rows(Index image, Index first, Index i, T* slab, const T* zeros, const T** rows) const {
    const Index kept = w_.slab_rows(1), line = w_.slab_cols() * pitch_, top = i * w_.stride_h;
    if (!in_place_)
      for (Index r = i == 0 ? 0 : max(top, top - w_.stride_h + kept); r < top + kept; ++r) {
        const Index row = first * w_.stride_h + w_.first_row() + r;
        if (w_.normalized != nullptr)
          normalize_row(w_, image, row, slab + r % kept * line);
        else
          copy_row(w_, image, row, repeat_, slab + r % kept * line);
      }
    for (Index p = 0; p < w_.taps_h; ++p) {
      const Index row = (first + i) * w_.stride_h + w_.tap_row[p];
      if (!in_place_)
        rows[p] = slab + (top + w_.tap_row[p] - w_.first_row()) % kept * line;
      else
        rows[p] = row < 0 || row >= w_.height ? zeros : w_.x + (image * w_.height + row) * w_.width * pitch_;
    }
  }
  Index zeros_size() const { return in_place_ ? max(w_.width, 1) * pitch_ : 0; }

 private:
  const Window<T>& w_;
  const Index repeat_;
  const bool in_place_;
  const Index used_, pitch_;
};

// A row of zeros.
template <class T>
struct Zeros {
  explicit Zeros(Index size) : memory(size) {
    for (Index i = 0; i < size; ++i) memory[i] = 0;
  }
  const Scratch<T> memory;
};

}  // namespace
}  // namespace tinynet::TINYNET_ISA
