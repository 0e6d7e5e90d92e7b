// Direct convolution of float32 images on the matrix unit (amx/tile.h). It implements correlate() of conv2d_direct.h,
// which computes the output and the input gradient.
//
// The input of a block, with its zero padding, is split once into three bfloat16 images that stay in the L2 cache.
// Tiles of the left factor are loaded directly from these images: 16 pixels of a row, and 32 consecutive elements from
// each, at the offset of the tap. So each element is split once and used for all taps and all filters.
#pragma once

#if defined(__AMX_BF16__)

#include "kernels/amx/matmul.h"
#include "kernels/conv/conv2d_window.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace tiles {

constexpr Index kMaxSteps = 64;  // steps of 32 products before the next pair of column tiles: 384 KB of weights

// The inner sum of a window, in steps of 32 products. A run is a range of consecutive elements in the slab: a whole row
// of taps where the taps are adjacent, else the channels of one tap. The last step of a run may load elements past its
// end; their weights are zero.
struct Runs {
  Runs(const Window<float>& w, Index depth) {
    rows = w.taps_w == 1 || w.tap_col[w.taps_w - 1] - w.tap_col[0] == w.taps_w - 1;
    length = rows ? w.taps_w * depth : depth;
    count = rows ? w.taps_h : w.taps_h * w.taps_w;
    steps = ceil_div(length, kDepth);
  }
  bool rows;
  Index length, count, steps;  // elements in a run; runs; steps per run
};

// Whether the matrix unit is faster than the vector units. Each step must be full enough, and each split element must
// take part in enough products. (Measured speed relative to AVX-512: 1x1 kernels from 256 to 64 channels 1.7, stride 2
// 1.9, 512 channels 1.7.) Splitting the weights, in every call, takes as long as their products with some 200 pixels: one
// image of 7x7x256 would take 1.25 times as long, and four images are even.
inline bool correlate_is_profitable(const Window<float>& w, Index groups, Index depth, Index columns) {
  if (groups != 1 || depth == 0 || columns < 4 || w.taps_h * w.taps_w == 0) return false;
  const Runs runs(w, depth);
  const Index positions = w.batch * w.grid_h * w.grid_w, taps = w.taps_h * w.taps_w;
  const double products = static_cast<double>(positions) * static_cast<double>(taps * depth * columns);
  return 2 * runs.length >= runs.steps * kDepth && taps * columns >= 64 * w.stride_h * w.stride_w && products > 4e6 &&
         positions >= 192;
}

// Whether the matrix unit is faster than conv2d_spread.h for an input gradient with few channels. 6 channels leave 10
// of the 16 columns of a tile idle, but 25 taps make up for that.
inline bool few_channels_are_profitable(const Conv2dShape& s) {
  return s.channels >= 4 && s.kernel_height * s.kernel_width * s.channels >= 128 * s.stride_h * s.stride_w;
}

// Splits `count` elements and stores piece k at out + k * plane. If a mask is given, elements count as zero where the
// mask is not positive. The last step is padded with zeros.
inline void split_run(const float* x, const float* mask, Index count, BFloat16* out, Index plane,
                      Vec<float>& unsplittable) {
  const auto load_kept = [&](Index i) {
    const FirstLanes<float> present(min(16, max(0, count - i)));
    const Vec<float> value = present.load(x + i);
    return mask == nullptr ? value : present.load(mask + i) > Vec<float>{} ? value : Vec<float>{};
  };
  for (Index i = 0; i < count; i += kDepth) {
    const Split s = split_neighbours(load_kept(i), load_kept(i + 16), unsplittable);
    for (Index p = 0; p < kPieces; ++p) std::memcpy(out + p * plane + i, &s.piece[p], 64);
  }
}

// Splits the input of a block into slab[piece][image][row][col][channel], with zero padding around the image and
// `slack` zeros at the end.
inline void split_block(const Window<float>& w, const Block& block, BFloat16* slab, Index plane, Index slack,
                        Vec<float>& unsplittable) {
  const Index cols = w.slab_cols(), rows = w.slab_rows(block.rows), line = w.width * w.channels;
  const Index left = min(cols, max(0, -w.first_col())), from = max(0, w.first_col());
  const Index copied = max(0, min(cols - left, w.width - from));
  const Index first = block.row * w.stride_h + w.first_row();
  const auto zero = [&](BFloat16* out, Index count) {
    for (Index p = 0; p < kPieces; ++p)
      std::memset(out + p * plane, 0, static_cast<std::size_t>(count) * sizeof(BFloat16));
  };
  BFloat16* out = slab;
  for (Index n = block.image; n < block.image + block.images; ++n)
    for (Index r = first; r < first + rows; ++r, out += cols * w.channels) {
      if (r < 0 || r >= w.height || copied == 0) {
        zero(out, cols * w.channels);
        continue;
      }
      const Index at = (n * w.height + r) * line + from * w.channels;
      zero(out, left * w.channels);
      split_run(w.x + at, w.mask == nullptr ? nullptr : w.mask + at, copied * w.channels, out + left * w.channels,
                plane, unsplittable);
      zero(out + (left + copied) * w.channels, (cols - left - copied) * w.channels);
    }
  zero(out, slack);
}

// Like correlate() of conv2d_direct.h. Returns false, with the target undefined, if an element cannot be split.
inline bool correlate(const Window<float>& w, Index depth, Index columns, const float* panels,
                      const Target<float>& target) {
  const Runs runs(w, depth);
  const Index steps = runs.count * runs.steps, column_tiles = ceil_div(columns, kColumns);
  const Index pitch = w.slab_cols() * w.channels;
  const Scratch<Index> step_at(steps);  // offset of each step in the slab
  for (Index s = 0; s < steps; ++s) {
    const Index run = s / runs.steps, p = runs.rows ? run : run / w.taps_w, q = runs.rows ? 0 : run % w.taps_w;
    step_at[s] =
        (w.tap_row[p] - w.first_row()) * pitch + (w.tap_col[q] - w.first_col()) * w.channels + s % runs.steps * kDepth;
  }
  std::atomic<bool> any_unsplittable{false};
  const Scratch<BFloat16> weights(column_tiles * steps * kSplitTile);  // [column tile][step]
  parallel_for(column_tiles * steps, 32, [&](Index begin, Index end) {
    Vec<float> unsplittable{};
    for (Index index = begin; index < end; ++index) {
      const Index tile = index / steps, step = index % steps, done = step % runs.steps * kDepth;
      const Index column = tile / 2 * kPanel<float>, width = panel_width<float>(columns, column);
      const Index k = step / runs.steps * runs.length + done;
      pack_vectors(panels + column * runs.count * runs.length + k * width + tile % 2 * kColumns, width,
                   runs.length - done, kColumns, weights + index * kSplitTile, unsplittable);
    }
    if (any_nan(unsplittable)) any_unsplittable.store(true, std::memory_order_relaxed);
  });

  const Blocks blocks = Blocks::of(w, kBlockPixels);
  // Tiles per row, and pixels per tile.
  const Index across = ceil_div(w.grid_w, kRows), height = ceil_div(w.grid_w, across);
  // The last tile of a row may read past the last pixel, and the last step of a run may read past its last element.
  const Index slack = (across * height - w.grid_w) * w.stride_w * w.channels + kDepth;
  const Index plane = ceil_div(blocks.images * w.slab_rows(blocks.rows) * pitch + slack, kDepth) * kDepth;
  const bool plain = target.bias == nullptr && !target.relu && steps <= kMaxSteps;
  parallel_for(blocks.count, blocks.grain(runs.count * runs.length * columns), [&](Index begin, Index end) {
    const Unit unit(height);
    const Scratch<BFloat16> slab(kPieces * plane);
    alignas(64) float buffer[kBlock * kBlock];
    Vec<float> unsplittable{};
    for (Index index = begin; index < end; ++index) {
      const Block block = Block::at(index, blocks, w);
      split_block(w, block, slab, plane, slack, unsplittable);
      const Index count = block.images * block.rows * across;
      for (Index tile = 0; tile < column_tiles; tile += 2) {
        const Index column = tile * kColumns, wide = min(2, column_tiles - tile);
        const Index present = min(kBlock, columns - column);
        for (Index s = 0; s < steps; s += kMaxSteps) {
          const BFloat16* const right = weights + (tile * steps + s) * kSplitTile;
          const bool last = s + kMaxSteps >= steps;
          for (Index t = 0; t < count; t += 2) {
            const Index high = min(2, count - t);
            const BFloat16* from[2] = {};
            float* to[2] = {};
            Index pixels[2] = {};
            for (Index i = 0; i < high; ++i) {
              const Index n = (t + i) / across / block.rows, row = (t + i) / across % block.rows;
              const Index col = (t + i) % across * height;
              from[i] = slab + (n * w.slab_rows(block.rows) + row * w.stride_h) * pitch + col * w.stride_w * w.channels;
              to[i] = target.out + (block.image + n) * target.image + (block.row + row) * target.row +
                      col * target.col + column;
              pixels[i] = min(height, w.grid_w - col);
            }
            const bool direct =
                plain && present == wide * kColumns && pixels[0] == height && (high == 1 || pixels[1] == height);
            multiply_tiles(static_cast<int>(high), static_cast<int>(wide),
                           {{from[0], from[1]}, w.stride_w * w.channels * Index(sizeof(BFloat16)), plane}, step_at + s,
                           {{right, right + steps * kSplitTile}, 64, kTile}, nullptr, min(kMaxSteps, steps - s),
                           direct ? Sums{{to[0], to[1]}, target.col} : Sums{{buffer, buffer + kRows * kBlock}, kBlock});
            for (Index i = 0; i < high && !direct; ++i)
              store_block(buffer + i * kRows * kBlock, to[i], target.col, pixels[i], present, s > 0,
                          last && target.bias != nullptr ? target.bias + column : nullptr, last && target.relu);
          }
        }
      }
    }
    if (any_nan(unsplittable)) any_unsplittable.store(true, std::memory_order_relaxed);
  });
  return !any_unsplittable.load(std::memory_order_relaxed);
}

}  // namespace tiles
}  // namespace
}  // namespace tinynet::TINYNET_ISA

#endif
