// Winograd's products on the matrix unit (amx/tile.h): winograd() of conv2d_winograd.h, and the products of the weight
// gradient.
//
// Tiles of the image are transformed a few at a time, in float32, and split element by element. A tile of the left
// factor is one element of sixteen transformed tiles by 32 channels. The products are float32 again, so everything else
// is the same as without the matrix unit.
#pragma once

#if defined(__AMX_BF16__)

#include "kernels/amx/matmul.h"
#include "kernels/winograd/transforms.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace tiles {

// Whether channels and filters fill whole tiles.
inline bool winograd_supports(Index channels, Index filters) {
  return channels % kDepth == 0 && filters % kColumns == 0;
}

// Splitting the transformed kernel, in every call, takes as long as the vector units' products with some 100 tiles: one
// image of 8x8x64 to 128 channels would take 4 times as long, one of 16x16x32 to 64 channels 1.4 times.
constexpr Index kFewestTiles = 128;

// Whether the products of the weight gradient outweigh splitting both factors. With 64 channels and 64 filters they do
// not.
inline bool gradient_is_profitable(Index channels, Index filters) {
  return channels * filters >= 64 * (channels + filters);
}

// Whether direct convolution on the matrix unit (amx/conv2d.h, amx/weight_gradient.h) is faster than Winograd's
// algorithm for a pass with results of size rows x cols. For outputs and input gradients it is in two cases: where edge
// tiles extend past the image, so that less than 0.7 of F4's tiles is filled (7x7 fills 0.77), and where the vector
// units would compute Winograd's products, in small images with few channels. For weight gradients it is never faster
// (7x7 and 14x14 images of 64 to 128 channels: 1.03 to 1.13 times as long).
inline bool direct_is_faster(const Conv2dShape& s, ConvPass pass, Index rows, Index cols) {
  const Index products = s.channels * s.filters, pixels = rows * cols;
  if (pass == ConvPass::weight_gradient) return false;
  const bool backward = pass == ConvPass::input_gradient;
  if (s.batch * Axis<F4>(rows).tiles * Axis<F4>(cols).tiles < kFewestTiles) return false;
  if (winograd_supports(backward ? s.filters : s.channels, backward ? s.channels : s.filters))
    return 10 * 36 * pixels < 7 * 16 * Axis<F4>(rows).elements * Axis<F4>(cols).elements;
  return products <= 64 * 64 && pixels <= 32 * 32;
}

// Splits 32 consecutive elements as pairs (0, 16), (1, 17), ... Both factors must use the same order, whichever it is;
// this one needs no shuffles.
inline Split split_halves(const float* low, const float* high, Vec<float>& unsplittable) {
  return split(load(low), load(high), unsplittable);
}

// Splits transformed tiles, `pitch` apart, into rows of out[element][step].
inline void split_transformed(const float* tiles, Index pitch, Index count, Index elements, Index steps, BFloat16* out,
                              Vec<float>& unsplittable) {
  Vec<float> nan = unsplittable;
  for (Index element = 0; element < elements; ++element)
    for (Index s = 0; s < steps; ++s, out += kSplitTile) {
      const float* from = tiles + (2 * s * elements + element) * kColumns;
      for (Index r = 0; r < count; ++r, from += pitch)
        store_row(split_halves(from, from + elements * kColumns, nan), out, r);
    }
  unsplittable = nan;
}

// Like winograd() of conv2d_winograd.h. Returns false, with the outputs undefined, if an element cannot be split.
template <class F>
bool winograd(const Images<float>& x, const float* u, Index u_plane, const Outputs<float>& out) {
  constexpr Index elements = F::n * F::n;
  const Index depth = x.channels, filters = out.filters, steps = depth / kDepth, column_tiles = filters / kColumns;
  const Index panel = steps * kSplitTile;
  const Index per_tile = elements * (depth * kPieces * Index(sizeof(BFloat16)) + filters * Index(sizeof(float)));
  const bool all_threads_per_block = elements * column_tiles * panel * Index(sizeof(BFloat16)) > kStreamedKernelBytes;
  const Index block_bytes = all_threads_per_block ? kUnitSharedBlockBytes : kUnitBlockBytes;
  const Index block = max(1, block_bytes / per_tile / kBlock) * kBlock;
  const TileBlocks blocks = TileBlocks::of<F>(out.batch, out.height, out.width, block);
  const TileSums<float> sums(out, blocks.count(), block, kRows);
  const Index p_plane = padded_plane<float>(block * filters);
  std::atomic<bool> any_unsplittable{false};

  const Scratch<BFloat16> weights(elements * column_tiles * panel);  // [element][tile of filters][step]
  parallel_for(elements * column_tiles, max(1, 32 / steps), [&](Index begin, Index end) {
    Vec<float> unsplittable{};
    for (Index index = begin; index < end; ++index) {
      const Index element = index / column_tiles, tile = index % column_tiles;
      const Index column = tile / 2 * kPanel<float>, width = panel_width<float>(filters, column);
      const float* const from = u + element * u_plane + column * depth + tile % 2 * kColumns;
      for (Index k = 0; k < depth; ++k) {
        if (k % kDepth >= 16) continue;
        store_row(split_halves(from + k * width, from + (k + 16) * width, unsplittable),
                  weights + index * panel + k / kDepth * kSplitTile, k % kDepth);
      }
    }
    if (any_nan(unsplittable)) any_unsplittable.store(true, std::memory_order_relaxed);
  });

  // Number of tiles that are split while they are in an L1 cache of 48 KB. It divides sixteen evenly.
  const Index tiles_per_group = max(2, 256 / depth);
  // Either one thread processes a block of its own, or all threads share each step of one large block. When nested, the
  // loops below run on one thread.
  const auto process = [&](const TileBlock& b, BFloat16* v, float* products) {  // v[sixteen tiles][element][step]
    const Elements of = Elements::of<F>(b);
    const Layout layout = tile_by_tile<float>(of.count, depth);
    parallel_for(b.count, all_threads_per_block ? kRows : block, [&](Index begin, Index end) {
      const Zeros<float> zeros(F::n * depth);
      const Scratch<float> transformed(tiles_per_group * layout.tile);
      Vec<float> unsplittable{};
      for (Index t = begin; t < end; t += tiles_per_group) {
        const Index present = min(tiles_per_group, end - t);
        transform_tiles<float, F, InputStep>(x, b.part(t, t + present), transformed, layout,
                                             static_cast<float*>(nullptr), static_cast<const float*>(zeros));
        split_transformed(transformed, layout.tile, present, of.count, steps,
                          v + t / kRows * of.count * panel + t % kRows * kDepth, unsplittable);
      }
      if (any_nan(unsplittable)) any_unsplittable.store(true, std::memory_order_relaxed);
    });
    // Rows beyond the last tile hold uninitialised memory; only their own products depend on it.
    parallel_for(of.count, all_threads_per_block ? 1 : of.count, [&](Index begin, Index end) {
      const Unit unit;
      for (Index e = begin; e < end; ++e)
        for (Index tile = 0; tile < column_tiles; tile += 2)
          for (Index t = 0; t < b.count; t += kBlock) {
            const BFloat16* const left = v + (t / kRows * of.count + e) * panel;
            const BFloat16* const right = weights + (of.index[e] * column_tiles + tile) * panel;
            float* const to = products + e * p_plane + t * filters + tile * kColumns;
            multiply_tiles(b.count - t > kRows ? 2 : 1, column_tiles - tile > 1 ? 2 : 1,
                           {{left, left + of.count * panel}, 64, kTile}, nullptr, {{right, right + panel}, 64, kTile},
                           nullptr, steps, {{to, to + kRows * filters}, filters});
          }
    });
    parallel_for(b.count, all_threads_per_block ? kRows : block, [&](Index begin, Index end) {
      output_tiles<float, F>(b.part(begin, end), products + begin * filters, p_plane, out, sums);
    });
  };
  const auto run = [&](Index begin, Index end) {
    const Scratch<float> products(elements * p_plane);
    const Scratch<BFloat16> v(block / kRows * elements * panel);
    for (Index index = begin; index < end; ++index) process(blocks[index], v, products);
  };
  if (all_threads_per_block)
    run(0, blocks.count());
  else
    parallel_for(blocks.count(), 1, run);
  if (any_unsplittable.load(std::memory_order_relaxed)) return false;
  sums.finish();
  return true;
}

// The products of one element of the weight gradient: out[panel of filters][channel][width] (+)= sum over `count` tiles
// of v[tile][channel] * d[tile][filter]. left and right are buffers for the split factors: kSplitTile per step of 32
// tiles and 16 channels (or filters).
inline void multiply_element(const float* v, const float* d, Index count, Index channels, Index filters, float* out,
                             bool add, BFloat16* left, BFloat16* right, Vec<float>& unsplittable) {
  const Index steps = ceil_div(count, kDepth), panel = steps * kSplitTile;
  const auto split_tiles = [&](const float* from, Index pitch, Index s, BFloat16* tile) __attribute__((always_inline)) {
    for (Index i = 0, t = s * kDepth; i < kRows; ++i, ++t) {
      const Vec<float> first = t < count ? load(from + t * pitch) : Vec<float>{};
      const Vec<float> second = t + 16 < count ? load(from + (t + 16) * pitch) : Vec<float>{};
      store_row(split(first, second, unsplittable), tile, i);
    }
  };
  for (Index c = 0; c < channels; c += kRows)
    for (Index s = 0; s < steps; ++s) {
      BFloat16* const tile = left + c / kRows * panel + s * kSplitTile;
      split_tiles(v + c, channels, s, tile);
      transpose_tile(tile);
    }
  for (Index f = 0; f < filters; f += kColumns)
    for (Index s = 0; s < steps; ++s) split_tiles(d + f, filters, s, right + f / kColumns * panel + s * kSplitTile);
  for (Index f = 0; f < filters; f += kBlock)
    for (Index c = 0; c < channels; c += kBlock) {
      const Index width = panel_width<float>(filters, f);
      float* const to = out + f * channels + c * width;
      const BFloat16* const rows = left + c / kRows * panel;
      const BFloat16* const columns = right + f / kColumns * panel;
      multiply_tiles(channels - c > kRows ? 2 : 1, width > kColumns ? 2 : 1, {{rows, rows + panel}, 64, kTile}, nullptr,
                     {{columns, columns + panel}, 64, kTile}, nullptr, steps, {{to, to + kRows * width}, width, add});
    }
}

}  // namespace tiles
}  // namespace
}  // namespace tinynet::TINYNET_ISA

#endif
