// Shared by the two algorithms of conv2d_max_pool2d.h: the pixels of the convolution that the pooling windows cover,
// and their argmax indices.
#pragma once

#include "kernels/conv/conv2d_weight_gradient.h"
#include "kernels/pooling/kinds.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace conv_pool {

// The part of the convolution that whole pooling windows cover.
template <class T>
Window<T> window_of_windows(const Conv2dShape& s, const Pool2dShape& pool, const T* x, const Taps& taps) {
  return {x,
          nullptr,
          s.batch,
          s.height,
          s.width,
          s.channels,
          pool.out_height * pool.pool_height,
          pool.out_width * pool.pool_width,
          s.stride_h,
          s.stride_w,
          s.kernel_height,
          s.kernel_width,
          taps.row,
          taps.col};
}

// Its blocks, each of whole windows.
template <class T>
Blocks blocks_of_windows(const Window<T>& w, const Pool2dShape& pool, Index target_size) {
  Blocks blocks = Blocks::of(w, target_size);
  if (blocks.bands > 1) {
    blocks.rows = ceil_div(blocks.rows, pool.pool_height) * pool.pool_height;
    blocks.bands = ceil_div(w.grid_h, blocks.rows);
    blocks.count = w.batch * blocks.bands;
    blocks.pixels = blocks.rows * w.grid_w;
  }
  return blocks;
}

// Offset in the input of a block of each position of a window, from the first position on. The last offset is repeated
// up to `count`.
template <class T>
void fill_position_offsets(const Conv2dShape& s, const Pool2dShape& pool, const Window<T>& w, Index* position,
                           Index count) {
  const Index last = pool.pool_height * pool.pool_width - 1;
  for (Index i = 0; i < count; ++i) {
    const Index p = min(i, last) / pool.pool_width, q = min(i, last) % pool.pool_width;
    position[i] = p * s.stride_h * w.pitch() + q * s.stride_w * s.channels;
  }
}

// Loads the next vector of argmax indices. `remaining` of them remain in the array; lanes past these are unspecified.
template <class T>
inline pooling::Indices<T> load_first_indices(const std::uint8_t* argmax, Index remaining) {
  if (remaining >= VectorOf<T>::lanes) return pooling::load_indices<T>(argmax);
  std::uint8_t last[VectorOf<T>::lanes] = {};
  for (Index l = 0; l < remaining; ++l) last[l] = argmax[l];
  return pooling::load_indices<T>(last);
}

}  // namespace conv_pool
}  // namespace
}  // namespace tinynet::TINYNET_ISA
