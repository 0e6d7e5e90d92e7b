// The input of a band of output rows of a depthwise convolution: rows of the image, or copies of them.
#pragma once

#include "kernels/conv/conv2d_direct.h"

namespace tinynet::TINYNET_ISA {
namespace {

// Fills the slab with the input rows of positions row, ..., row + rows - 1 of an image, with zeros around the image:
// slab[r][col][channel*repeat + m], in whole vectors.
template <class T>
void fill_slab(const Window<T>& w, Index image, Index row, Index rows, Index repeat, T* slab) {
  const Index cols = w.slab_cols(), used = w.channels * repeat, padded = whole_vectors<T>(used);
  const Index first = row * w.stride_h + w.first_row();
  for (Index r = first; r < first + w.slab_rows(rows); ++r)
    for (Index c = w.first_col(); c < w.first_col() + cols; ++c, slab += padded) {
      Index done = 0;
      if (r >= 0 && r < w.height && c >= 0 && c < w.width) {
        const Index pixel = ((image * w.height + r) * w.width + c) * w.channels;
        const T* const in = w.x + pixel;
        if (w.mask != nullptr) {
          for (Index i = 0; i < w.channels; ++i)
            for (Index m = 0; m < repeat; ++m) slab[i * repeat + m] = w.mask[pixel + i] > 0 ? in[i] : T(0);
        } else if (repeat == 1) {
          for (Index i = 0; i < w.channels; ++i) slab[i] = in[i];
        } else {
          for (Index i = 0; i < w.channels; ++i)
            for (Index m = 0; m < repeat; ++m) slab[i * repeat + m] = in[i];
        }
        done = used;
      }
      for (; done < padded; ++done) slab[done] = 0;
    }
}

// The rows of the input that a band of output rows reads: rows of the image, or their copies in a slab.
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
        in_place_(w.mask == nullptr && repeat == 1 && w.channels >= VectorOf<T>::lanes),
        used_(w.channels * repeat),
        pitch_(in_place_ ? used_ : whole_vectors<T>(used_)) {}

  Index channels() const { return used_; }
  Index pitch() const { return pitch_; }  // from one column to the next

  // A slab has two rows more than its band, hence its larger bands.
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

  Index slab_size(Index rows) const { return in_place_ ? 0 : w_.slab_rows(rows) * w_.slab_cols() * pitch_; }
  void fill(Index image, Index first, Index rows, T* slab) const {
    if (!in_place_) fill_slab(w_, image, first, rows, repeat_, slab);
  }
  // rows[p] = the input row of tap p for output row `first + i`, where the slab begins at output row `first`.
  void find_rows(Index image, Index first, Index i, const T* slab, const T* zeros, const T** rows) const {
    for (Index p = 0; p < w_.taps_h; ++p) {
      const Index row = (first + i) * w_.stride_h + w_.tap_row[p];
      if (!in_place_)
        rows[p] = slab + (i * w_.stride_h + w_.tap_row[p] - w_.first_row()) * w_.slab_cols() * pitch_;
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
