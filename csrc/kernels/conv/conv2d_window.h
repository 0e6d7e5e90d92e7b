// The input and output of a convolution: a window that slides over padded images, the grid of its positions, cut into
// blocks, and the target of the results.
#pragma once

#include "caches.h"
#include "kernels/conv/conv2d_tile.h"
#include "kernels/helpers.h"

namespace tinynet::TINYNET_ISA {
namespace {

using helpers::ceil_div;
using helpers::max;
using helpers::Scratch;
using helpers::min;

constexpr Index kTasks = 16;  // at least, if there is enough work: divides evenly among 2, 4 or 8 threads
// A thread that has fewer products costs more, by opening the region and by lines of its results that move to another
// core, than it saves: some 5 to 10 us of work.
constexpr Index kProductsOfThread = 1 << 19;

// Batch normalization of what a window reads: (x - mean) scale + offset, then ReLU or not. Each array has whole vectors
// of channels.
template <class T>
struct Normalized {
  const T *mean, *scale, *offset;
  bool relu;

  struct Columns {
    Vec<T> mean, scale, offset;
    Vec<T> centred(Vec<T> x) const { return x - mean; }
    Vec<T> scaled(Vec<T> centred) const { return centred * scale + offset; }
  };
  Columns columns(Index c) const { return {load(mean + c), load(scale + c), load(offset + c)}; }
};

// The input of a convolution. Position (i, j) of the grid reads, through tap (p, q), the pixel
// x[n][i*stride_h + tap_row[p]][j*stride_w + tap_col[q]], which is zero outside of the image.
template <class T>
struct Window {
  const T* x;     // x[batch][height][width][channels]
  const T* mask;  // same shape as x, or null: x counts as zero where it is not positive
  Index batch, height, width, channels;
  Index grid_h, grid_w, stride_h, stride_w;
  Index taps_h, taps_w;
  const Index* tap_row;  // increasing
  const Index* tap_col;  // increasing
  // Unless it is null: what x counts as. Only depthwise convolution (BandInput) reads it.
  const Normalized<T>* normalized = nullptr;

  Index first_row() const { return tap_row[0]; }
  Index first_col() const { return tap_col[0]; }
  Index slab_rows(Index grid_rows) const { return (grid_rows - 1) * stride_h + tap_row[taps_h - 1] - tap_row[0] + 1; }
  Index slab_cols() const { return (grid_w - 1) * stride_w + tap_col[taps_w - 1] - tap_col[0] + 1; }
  bool in_place() const {
    return mask == nullptr && first_row() >= 0 && first_col() >= 0 && first_row() + slab_rows(grid_h) <= height &&
           first_col() + slab_cols() <= width;
  }
  Index pitch() const { return (in_place() ? width : slab_cols()) * channels; }
  Index image_pitch(Index grid_rows) const {
    return in_place() ? height * width * channels : slab_rows(grid_rows) * pitch();
  }
  Index row_offset(Index p) const { return (tap_row[p] - first_row()) * pitch(); }
  Index col_offset(Index q) const { return (tap_col[q] - first_col()) * channels; }
};

// The grid in blocks of several images, or of several rows of one image.
struct Blocks {
  Index images, rows;  // in a block, at most
  Index bands;         // blocks per image, if images == 1
  Index count;
  Index pixels;  // in a block, at most

  // `even`: few blocks of an image are made an even number, the larger ones: two threads take for three as long as for
  // four, and blocks of 64 pixels leave more of a register tile unused than those of 128.
  template <class T>
  static Blocks of(const Window<T>& w, Index target_size, bool even = false) {
    Blocks b{};
    const Index area = w.grid_h * w.grid_w;
    target_size = min(target_size, max(96, w.batch * area / kTasks));
    const Index pixel_bytes = max(1, w.slab_rows(w.grid_h) * w.slab_cols() * w.channels * Index(sizeof(T)) / area);
    target_size = min(target_size, max(96, kSlabBytes / pixel_bytes));
    if (area <= target_size) {
      b.images = target_size / area;
      b.rows = w.grid_h;
      b.bands = 1;
    } else {
      b.images = 1;
      b.bands = ceil_div(w.grid_h, max(1, target_size / w.grid_w));
      const bool few = even && w.batch * b.bands < kTasks;
      if (few && b.bands > 2) b.bands -= b.bands % 2;
      b.rows = ceil_div(w.grid_h, b.bands);
      while (few && b.rows < w.grid_h / 2 && ceil_div(w.grid_h, b.rows) % 2 != 0) ++b.rows;
      b.bands = ceil_div(w.grid_h, b.rows);
    }
    b.count = ceil_div(w.batch, b.images) * b.bands;
    b.pixels = b.images * b.rows * w.grid_w;
    return b;
  }

  // All positions in one block.
  template <class T>
  static Blocks whole(const Window<T>& w) {
    return {w.batch, w.grid_h, 1, 1, w.batch * w.grid_h * w.grid_w};
  }

  // Blocks that a thread takes at least, of so many products a pixel.
  Index grain(Index products) const { return max(1, kProductsOfThread / max(1, pixels * products)); }
};

struct Block {
  Index image, images, row, rows;

  template <class T>
  static Block at(Index index, const Blocks& blocks, const Window<T>& w) {
    const Index image = index / blocks.bands * blocks.images, row = index % blocks.bands * blocks.rows;
    return {image, min(blocks.images, w.batch - image), row, min(blocks.rows, w.grid_h - row)};
  }
};

// The blocks of pixels of a weight gradient. Those of a block's dy, packed, stay in the L2 cache too.
template <class T>
Blocks weight_gradient_blocks(const Window<T>& w, Index filters) {
  return Blocks::of(w, min(kBlockPixels, max(96, kSlabBytes / Index(sizeof(T)) / max(1, filters))));
}

template <class T>
inline Index whole_vectors(Index channels) {
  return ceil_div(channels, VectorOf<T>::lanes) * VectorOf<T>::lanes;
}

// The first channel of vector v of `channels`. The last vector overlaps the one before it where they do not fill it.
template <class T>
inline Index first_channel(Index v, Index channels) {
  return min(v * VectorOf<T>::lanes, max(0, channels - VectorOf<T>::lanes));
}

// The channel in a column, if vectors of channels fill the columns.
template <class T>
inline Index channel_of(Index column, Index channels) {
  return first_channel<T>(column / VectorOf<T>::lanes, channels) + column % VectorOf<T>::lanes;
}

// Columns in panels of two vectors. A last panel of at most one vector is one vector wide.
template <class T>
inline Index padded_columns(Index columns) {
  constexpr Index lanes = VectorOf<T>::lanes;
  const Index remainder = columns % kPanel<T>;
  return columns - remainder + (remainder == 0 ? 0 : remainder <= lanes ? lanes : kPanel<T>);
}
template <class T>
inline Index panel_width(Index columns, Index first) {
  return columns - first <= VectorOf<T>::lanes ? VectorOf<T>::lanes : kPanel<T>;
}

// Where the values of the grid are stored: out + n*image + i*row + j*col + column.
template <class T>
struct Target {
  T* out;
  Index image, row, col;
  const T* bias;  // [groups][padded columns], or null
  bool relu;
};

}  // namespace
}  // namespace tinynet::TINYNET_ISA
