// Winograd's products on the matrix unit (amx_tile.h): winograd() of conv2d_winograd.h, for kernels that fit the cache.
//
// Tiles are transformed sixteen at a time, in float32, and split element by element: a tile of the left factor is one
// element of sixteen tiles by 32 channels. Products go back to float32, so all else is as without the unit.
#pragma once

#if defined(__AMX_BF16__)

#include "kernels/amx_matmul.h"
#include "kernels/winograd_transforms.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace tiles {

constexpr Index kBlockBytes = 768 << 10;        // a block's split tiles and products, in an L2 cache of 2 MB
constexpr Index kMostKernelNumbers = 128 * 128;  // channels x filters: 3.5 MB when split, read for each block

inline bool winograd_can(Index channels, Index filters) {
  return channels % kDepth == 0 && filters % kColumns == 0 && channels * filters <= kMostKernelNumbers;
}

// Whether the direct way on the matrix unit (amx_conv2d.h, amx_weight_gradient.h) is the faster one for a pass whose
// results are rows x cols. Of outputs and input gradients: where tiles hang over the image (13x13 fills 66% of them), and
// where Winograd's products are left to the vectors, in small images of few channels. Of weight gradients: small images
// of many channels.
inline bool direct_is_faster(const Conv2dShape& s, ConvPass pass, Index rows, Index cols) {
  const Index products = s.channels * s.filters, pixels = rows * cols;
  if (pass == ConvPass::weight_gradient) return products >= 64 * 128 && products <= 128 * 128 && pixels <= 14 * 14;
  const bool backward = pass == ConvPass::input_gradient;
  if (winograd_can(backward ? s.filters : s.channels, backward ? s.channels : s.filters))
    return 10 * pixels < 7 * 16 * ceil_div(rows, 4) * ceil_div(cols, 4);
  return products <= 64 * 64 && pixels <= 32 * 32;
}

// 32 consecutive numbers as pairs (0, 16), (1, 17), ...: any order will do that both factors share, and this needs no
// shuffling.
inline Split split_halves(const float* low, const float* high, Vec<float>& failed) {
  return split(load(low), load(high), failed);
}

// As winograd() of conv2d_winograd.h; false, and y undefined, when a number cannot be split.
template <class F>
bool winograd(const Tiles<float>& x, const float* u, Index u_plane, Index filters, const float* bias, bool relu,
              float* y, Index out_height, Index out_width) {
  constexpr Index elements = F::n * F::n, lanes = 16;
  const Index depth = x.channels, steps = depth / kDepth, column_tiles = filters / kColumns;
  const Index panel = steps * kSplitTile, pitch = plane_of<float>(elements * depth);
  const Index per_tile = elements * (depth * kPieces * Index(sizeof(Half)) + filters * Index(sizeof(float)));
  const Index block = larger(1, kBlockBytes / per_tile / kBlock) * kBlock;
  const Index p_plane = plane_of<float>(block * filters);
  std::atomic<bool> failure{false};

  const Scratch<Half> weights(elements * column_tiles * panel);  // [element][tile of filters][step]
  parallel_for(elements * column_tiles, larger(1, 32 / steps), [&](Index begin, Index end) {
    Vec<float> failed{};
    for (Index index = begin; index < end; ++index) {
      const Index element = index / column_tiles, tile = index % column_tiles;
      const Index column = tile / 2 * kPanel<float>, width = panel_width<float>(filters, column);
      const float* const from = u + element * u_plane + column * depth + tile % 2 * kColumns;
      for (Index k = 0; k < depth; ++k) {
        if (k % kDepth >= 16) continue;
        store_row(split_halves(from + k * width, from + (k + 16) * width, failed),
                  weights + index * panel + k / kDepth * kSplitTile, k % kDepth);
      }
    }
    if (any_nan(failed)) failure.store(true, std::memory_order_relaxed);
  });

  parallel_for(x.count(), block, [&](Index begin, Index end) {
    const Unit unit;
    const Scratch<float> patch(elements * depth), transformed(kRows * pitch), products(elements * p_plane);
    const Scratch<Half> v(block / kRows * elements * panel);  // [sixteen tiles][element][step]
    Vec<float> failed{};
    const Index count = end - begin;
    for (Index t = 0; t < count; t += kRows) {
      transform_tiles<float, F::n, F::n>(x, F::m, begin + t, smaller(kRows, count - t), transformed,
                                         static_cast<float*>(nullptr), static_cast<float*>(patch),
                                         [](const Vec<float>* in, Vec<float>* out) { F::template input<float>(in, out); });
      for (Index element = 0; element < elements; ++element)
        for (Index s = 0; s < steps; ++s)
          for (Index r = 0; r < smaller(kRows, count - t); ++r) {
            const float* const from = transformed + r * pitch + (2 * s * elements + element) * lanes;
            store_row(split_halves(from, from + elements * lanes, failed),
                      v + (t / kRows * elements + element) * panel + s * kSplitTile, r);
          }
    }
    // Rows of tiles that are not there hold whatever was in memory, and only their own products depend on them.
    for (Index element = 0; element < elements; ++element)
      for (Index t = 0; t < count; t += kBlock)
        for (Index tile = 0; tile < column_tiles; tile += 2) {
          const Half* const left = v + (t / kRows * elements + element) * panel;
          const Half* const right = weights + (element * column_tiles + tile) * panel;
          float* const to = products + element * p_plane + t * filters + tile * kColumns;
          multiply_tiles(count - t > kRows ? 2 : 1, column_tiles - tile > 1 ? 2 : 1,
                         {{left, left + elements * panel}, 64, kTile}, nullptr, {{right, right + panel}, 64, kTile},
                         nullptr, steps, {{to, to + kRows * filters}, filters});
        }
    output_tiles<float, F>(x, begin, count, products, p_plane, filters, bias, relu, y, out_height, out_width);
    if (any_nan(failed)) failure.store(true, std::memory_order_relaxed);
  });
  return !failure.load(std::memory_order_relaxed);
}

}  // namespace tiles
}  // namespace
}  // namespace tinynet::TINYNET_ISA

#endif
