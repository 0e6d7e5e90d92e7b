// The weight gradient of a convolution on the matrix unit: dkernel[p][q][c][f] = sum over pixels of x[..p..q..][c] *
// dy[pixel][f]. amx/tile.h explains the arithmetic.
//
// The sum runs over a block of several images, or of several rows of one image. Its pixels have positions: row by row,
// with the zero padding between the rows. The left factor is dy transposed: a tile holds 16 filters by 32 positions,
// with zeros where there is no pixel. The right factor is x: pairs of positions by 16 channels.
//
// The input of a block is split once, into a slab that holds one element per channel at each position. A tap is then an
// offset into the slab. A pair is one cache line; for odd offsets, a second copy pairs positions 1 and 2, 3 and 4, and
// so on. (With x transposed instead, tiles would cross cache lines, which takes 1.3 times as long.) With strides the
// slab has one plane for each residue class of the rows and columns modulo the stride, and a tap is an offset into one
// of the planes.
//
// With few channels a tile would be mostly empty. The slab then holds the channels of a whole kernel row at each
// position.
#pragma once

#include "kernels/conv/conv2d_direct.h"

#if defined(__AMX_BF16__)

#include <numeric>

#include "kernels/amx/matmul.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace tiles {

// kSlabGroup and kGradientGroup are kept split at a time: a group of channels, and a group of filters, at all positions
// of a block.
constexpr Index kMinPositions = 512;  // of a block: the fixed cost of a call equals that of two steps of 32
constexpr Index kMaxPositions = 2048;

// Rows or columns of the slab. Position i reads, through tap t, element i*stride + t*dilation - pad of the image. That
// is element i + offset(t) of plane phase(t). Element r of a plane is element r*stride + residue(phase) - pad of
// the image.
struct SlabAxis {
  SlabAxis(Index size, Index out, Index stride, Index dilation, Index taps, Index pad)
      : size(size),
        out(out),
        stride(stride),
        dilation(dilation),
        taps(taps),
        pad(pad),
        period(stride / std::gcd(stride, dilation)),
        phases(min(taps, period)) {}
  Index phase(Index tap) const { return tap % period; }
  Index residue(Index phase) const { return phase * dilation % stride; }
  Index offset(Index tap) const { return tap * dilation / stride; }
  Index span(Index positions) const { return positions + offset(taps - 1); }

  // Index of the element in the image, or -1 for a zero.
  Index element(Index phase, Index r) const {
    const Index e = r * stride + residue(phase) - pad;
    return e >= 0 && e < size ? e : -1;
  }

  // Positions from one row to the next, or rows from one image to the next. The zeros after a row can be the same as
  // those before the next row.
  Index distance() const {
    const auto zeros_are_shared = [&](Index d) {
      for (Index i = 0; i < phases; ++i)
        if (d * stride + residue(i) - pad < size || (span(out) - 1 - d) * stride + residue(i) - pad >= 0) return false;
      return true;
    };
    Index d = out;
    while (d < span(out) && !zeros_are_shared(d)) ++d;
    return d;
  }

  Index size, out, stride, dilation, taps, pad;
  Index period, phases;
};

// Whether the channels of the slab are those of a whole kernel row, which are adjacent in x.
inline bool whole_rows(const Conv2dShape& s) {
  return s.dilation_w == 1 &&
         ceil_div(s.kernel_width * s.channels, kColumns) < s.kernel_width * ceil_div(s.channels, kColumns);
}

struct Plan {
  explicit Plan(const Conv2dShape& s)
      : wide(whole_rows(s)),
        rows(s.height, s.out_height, s.stride_h, s.dilation_h, s.kernel_height, s.pad_top),
        cols(wide ? SlabAxis(s.out_width, s.out_width, 1, 1, 1, 0)
                  : SlabAxis(s.width, s.out_width, s.stride_w, s.dilation_w, s.kernel_width, s.pad_left)),
        depth(s.channels * (wide ? s.kernel_width : 1)),
        taps(s.kernel_height * (wide ? 1 : s.kernel_width)),
        pitch(cols.distance()),
        image_rows(rows.distance()) {
    const Index fitting = (kSlabGroup + kGradientGroup) / 2 / (2 * kPieces * (2 * depth + s.filters));
    const Index target_size = min(kMaxPositions, max(kMinPositions, fitting));
    const Index area = image_rows * pitch;
    if (area <= target_size) {
      blocks.images = min(s.batch, ceil_div(target_size, area));
      blocks.rows = s.out_height;
      blocks.bands = 1;
    } else {
      blocks.images = 1;
      blocks.bands = ceil_div(s.out_height, ceil_div(target_size, pitch));
      blocks.rows = ceil_div(s.out_height, blocks.bands);
      blocks.bands = ceil_div(s.out_height, blocks.rows);
    }
    blocks.count = ceil_div(s.batch, blocks.images) * blocks.bands;
    plane = ((blocks.images - 1) * image_rows + rows.span(blocks.rows)) * pitch;
    steps = ceil_div(plane, kDepth) + 1;
    // The last step reads 31 positions past the last pixel, and rows share their zeros.
    const Index slack = kDepth + 1 + cols.span(s.out_width) - pitch;
    length = ceil_div(cols.phases * rows.phases * plane + slack, kDepth) * kDepth;
  }

  Index offset(Index tap) const {
    const Index p = tap / cols.taps, q = tap % cols.taps;
    return (cols.phase(q) * rows.phases + rows.phase(p)) * plane + rows.offset(p) * pitch + cols.offset(q);
  }

  bool wide;
  SlabAxis rows, cols;
  Index depth;  // channels of the slab
  Index taps;
  Index pitch;       // positions from row to row
  Index image_rows;  // rows from image to image
  Blocks blocks;
  Index plane;   // positions
  Index steps;   // of 32 positions, at most
  Index length;  // positions of all planes [column phase][row phase], and of the zeros after them
};

// The rows of x that a block reads, with the zeros to the left and right: padded[image][row][column][channel]. The
// whole kernel row of a position is contiguous there.
struct PaddedRows {
  PaddedRows(const Conv2dShape& s, const Plan& plan)
      : first(-s.pad_top),
        per_image((plan.blocks.rows - 1) * s.stride_h + (s.kernel_height - 1) * s.dilation_h + 1),
        line(((s.out_width - 1) * s.stride_w + s.kernel_width) * s.channels) {}
  Index size(const Plan& plan) const { return plan.blocks.images * per_image * line; }

  void copy(const Conv2dShape& s, const float* x, const Block& block, float* out) const {
    const Index begin = min(line, s.pad_left * s.channels);
    const Index copied = max(0, min(line - begin, s.width * s.channels));
    for (Index n = block.image; n < block.image + block.images; ++n)
      for (Index r = 0; r < per_image; ++r, out += line) {
        const Index row = block.row * s.stride_h + first + r;
        const bool inside = row >= 0 && row < s.height;
        const float* const in = x + (n * s.height + (inside ? row : 0)) * s.width * s.channels;
        for (Index i = 0; i < begin; ++i) out[i] = 0;
        for (Index i = 0; i < copied; ++i) out[begin + i] = inside ? in[i] : 0;
        for (Index i = begin + copied; i < line; ++i) out[i] = 0;
      }
  }

  Index first, per_image, line;
};

// source[position]: offset of its channels in x (or in the padded rows), or -1 for zeros.
inline void find_sources(const Conv2dShape& s, const Plan& plan, const PaddedRows& padded, const Block& block,
                         Index* source) {
  for (Index i = 0; i < plan.length; ++i) source[i] = -1;
  for (Index v = 0; v < plan.cols.phases; ++v)
    for (Index h = 0; h < plan.rows.phases; ++h, source += plan.plane)
      for (Index n = 0; n < block.images; ++n)
        for (Index r = 0; r < plan.rows.span(block.rows); ++r) {
          const Index row = plan.rows.element(h, block.row + r);
          if (row < 0) continue;
          Index* const out = source + (n * plan.image_rows + r) * plan.pitch;
          if (plan.wide) {
            const Index line = n * padded.per_image + row - padded.first - block.row * s.stride_h;
            for (Index c = 0; c < plan.pitch; ++c) out[c] = line * padded.line + c * s.stride_w * s.channels;
            continue;
          }
          const Index line = ((block.image + n) * s.height + row) * s.width;
          for (Index c = 0; c < plan.pitch; ++c) {
            const Index col = plan.cols.element(v, c);
            if (col >= 0) out[c] = (line + col) * s.channels;
          }
        }
}

// start[step]: first position of the step, an even one. pixel[step][32]: offsets of its pixels in dy, or -1. Finds the
// fewest steps that cover all pixels. Returns their number.
inline Index find_steps(const Conv2dShape& s, const Plan& plan, const Block& block, Index* start, Index* pixel) {
  Index steps = 0, end = 0, at = (block.image * s.out_height + block.row) * s.out_width * s.filters;
  for (Index n = 0; n < block.images; ++n)
    for (Index i = 0; i < block.rows; ++i)
      for (Index j = 0; j < s.out_width; ++j, at += s.filters) {
        const Index position = (n * plan.image_rows + i) * plan.pitch + j;
        if (position >= end) {
          for (Index k = 0; k < kDepth; ++k) pixel[steps * kDepth + k] = -1;
          start[steps++] = position & ~Index(1);
          end = (position & ~Index(1)) + kDepth;
        }
        pixel[steps * kDepth + position - end] = at;
      }
  return steps;
}

// Packs channels [first, last) of all positions into slab[tile][copy][piece][pair][channel]. The second copy serves odd
// offsets.
inline void pack_slab(const float* x, const Index* source, Index length, Index first, Index last, Index piece, bool odd,
                      BFloat16* slab, Vec<float>& unsplittable) {
  const float zeros[16] = {};
  for (Index i = 0; i < length; i += kDepth)
    for (Index c = first; c < last; c += kColumns) {
      const FirstLanes<float> kept(min(kColumns, last - c));
      const auto number = [&](Index k) { return kept.load(source[k] < 0 ? zeros : x + source[k] + c); };
      BFloat16* out = slab + (c - first) / kColumns * (odd ? 2 : 1) * kPieces * piece + i / 2 * kDepth;
      Split before{};
      if (odd && i > 0)
        for (Index p = 0; p < kPieces; ++p) std::memcpy(&before.piece[p], out - kDepth + p * piece, 64);
      for (Index k = i; k < i + kDepth; k += 2, out += kDepth) {
        const Split pair = split(number(k), number(k + 1), unsplittable);
        for (Index p = 0; p < kPieces; ++p) {
          std::memcpy(out + p * piece, &pair.piece[p], 64);
          const Bits crossing = before.piece[p] >> 16 | pair.piece[p] << 16;
          if (odd && k > 0) std::memcpy(out - kDepth + (kPieces + p) * piece, &crossing, 64);
        }
        before = pair;
      }
    }
}

// Packs filters [first, last) of all steps into out[tile][step][piece]. Adds their sums over the pixels to `sums`
// unless it is null.
inline void pack_steps(const float* dy, const float* mask, const Index* pixel, Index steps, Index first, Index last,
                       BFloat16* out, Index tile_pitch, float* sums, Vec<float>& unsplittable) {
  const float zeros[16] = {};
  for (Index s = 0; s < steps; ++s, pixel += kDepth)
    for (Index f = first; f < last; f += kRows) {
      const FirstLanes<float> kept(min(kRows, last - f));
      Vec<float> sum{};
      const auto number = [&](Index k) {
        Vec<float> value = kept.load(pixel[k] < 0 ? zeros : dy + pixel[k] + f);
        if (mask != nullptr)
          value = kept.load(pixel[k] < 0 ? zeros : mask + pixel[k] + f) > Vec<float>{} ? value : Vec<float>{};
        sum += value;
        return value;
      };
      BFloat16* const tile = out + (f - first) / kRows * tile_pitch + s * kSplitTile;
      for (Index k = 0; k < kDepth; k += 2) {
        const Vec<float> even = number(k), odd = number(k + 1);
        store_row(split(even, odd, unsplittable), tile, k / 2);
      }
      transpose_tile(tile);
      if (sums != nullptr) kept.store(sums + f, kept.load(sums + f) + sum);
    }
}

// out[channel][filter] (+)= sums[filter][channel], for up to 16 channels and 32 filters.
inline void store_transposed(const float* sums, float* out, Index stride, Index channels, Index filters,
                             bool accumulate) {
  for (Index f = 0; f < filters; f += kRows) {
    const FirstLanes<float> kept(min(kRows, filters - f));
    Vec<float> block[16];
    for (Index i = 0; i < 16; ++i) block[i] = load(sums + (f + i) * kBlock);
    transpose<float>(block);
    for (Index c = 0; c < channels; ++c) {
      float* const to = out + c * stride + f;
      kept.store(to, accumulate ? kept.load(to) + block[c] : block[c]);
    }
  }
}

// Whether the matrix unit is worth it. Two conditions must hold. First, each split element, counted with the padding to
// whole tiles, takes part in enough products: with 36 of them (3x3 from 8 channels to 32) it takes 1.15 times as long
// as AVX-512, with 49 (7x7, 3 to 16) only 0.87 times. Second, the result is not so large that accumulating it block by
// block is most of the work (3x3 of 256 to 512 channels: 1.2 times as long).
inline bool weight_gradient_is_profitable(const Conv2dShape& s) {
  const Index depth = s.channels * (whole_rows(s) ? s.kernel_width : 1);
  const Index split = (ceil_div(depth, kColumns) + ceil_div(s.filters, kRows)) * 16;
  const Index weights = s.kernel_height * s.kernel_width * s.channels * s.filters;
  return s.groups == 1 && weights >= 40 * split && weights > 0 && weights <= (1 << 20) &&
         s.batch * s.out_height * s.out_width >= 512;
}

// How the work is divided. Each part is a range of blocks with its own partial result; there are as many parts as
// memory traffic allows. If that is too few for the threads, each part is cut into slices of the channels and filters,
// in tiles. Slices change no bit.
struct Partition {
  Partition(const Plan& plan, Index filters, Index weights)
      : channels(ceil_div(plan.depth, kColumns)), filters(ceil_div(filters, kRows)) {
    while (parts < kTasks && 2 * parts <= plan.blocks.count && 2 * parts * weights * Index(sizeof(float)) <= (4 << 20))
      parts *= 2;
    const Index target = parts % num_threads() == 0 ? 1 : ceil_div(2 * num_threads(), parts);
    while (slices() < target && (channels > 1 || filters > 2)) {
      if (channels >= filters || filters <= 2)
        channels = ceil_div(channels, 2), channel_slices *= 2;
      else
        filters = ceil_div(filters, 4) * 2, filter_slices *= 2;
    }
  }
  Index slices() const { return channel_slices * filter_slices; }
  Index parts = 1, channel_slices = 1, filter_slices = 1;
  Index channels, filters;  // tiles in a slice
};

// Like conv2d_weight_gradient_direct, with dkernel not null. Returns false, with the results undefined, if an element
// cannot be split.
inline bool weight_gradient(const Conv2dShape& s, const float* dy, const float* x, const float* y, float* dkernel,
                            float* dbias) {
  const Plan plan(s);
  const Blocks& blocks = plan.blocks;
  const Index weights = s.kernel_height * s.kernel_width * s.channels * s.filters;
  const Partition partition(plan, s.filters, weights);
  const Index parts = partition.parts, slices = partition.slices();
  const Index channel_tiles = ceil_div(plan.depth, kColumns), filter_tiles = ceil_div(s.filters, kRows);

  // Taps with even offsets first: pairs of neighbours then read the same cache lines.
  const Scratch<Index> taps(plan.taps);
  Index even_taps = 0, count = 0;
  for (Index t = 0; t < plan.taps; ++t) even_taps += plan.offset(t) % 2 == 0;
  for (Index parity = 0; parity < 2; ++parity)
    for (Index t = 0; t < plan.taps; ++t)
      if (plan.offset(t) % 2 == parity) taps[count++] = t;
  const bool odd = even_taps < plan.taps;
  const Index piece = (plan.length / 2 | 1) * kDepth, tile = (odd ? 2 : 1) * kPieces * piece;
  const Scratch<Index> tap_at(plan.taps);
  for (Index i = 0; i < plan.taps; ++i)
    tap_at[i] = plan.offset(taps[i]) / 2 * kDepth + plan.offset(taps[i]) % 2 * kPieces * piece;

  const Index gradient_tile = plan.steps * kSplitTile;
  const Index group_channels = min(partition.channels, max(1, kSlabGroup / (tile * Index(sizeof(BFloat16)))));
  const Index group_filters =
      min(partition.filters, max(1, kGradientGroup / (gradient_tile * Index(sizeof(BFloat16))) / 2) * 2);
  const PaddedRows padded(s, plan);
  const Scratch<float> partials(parts > 1 ? parts * weights : 0), partial_sums(parts * s.filters);
  std::atomic<bool> any_unsplittable{false};
  parallel_for(parts * slices, 1, [&](Index begin, Index end) {
    const Unit unit;
    const Scratch<BFloat16> slab(group_channels * tile), gradient((group_filters + 1) / 2 * 2 * gradient_tile);
    const Scratch<float> copy(plan.wide ? padded.size(plan) : 0);
    const Scratch<Index> source(plan.length), start(plan.steps), pixel(plan.steps * kDepth);
    alignas(64) float sums[kBlock * kBlock];
    Vec<float> unsplittable{};
    for (Index task = begin; task < end; ++task) {
      const Index part = task / slices, slice = task % slices;
      const Index first_channel = slice / partition.filter_slices * partition.channels;
      const Index last_channel = min(channel_tiles, first_channel + partition.channels);
      const Index first_filter = slice % partition.filter_slices * partition.filters;
      const Index last_filter = min(filter_tiles, first_filter + partition.filters);
      float* const out = parts > 1 ? partials + part * weights : dkernel;
      float* const bias_sums = dbias != nullptr && first_channel == 0 ? partial_sums + part * s.filters : nullptr;
      if (bias_sums != nullptr)
        for (Index f = first_filter * kRows; f < min(s.filters, last_filter * kRows); ++f) bias_sums[f] = 0;
      const Index first_block = blocks.count * part / parts, last_block = blocks.count * (part + 1) / parts;
      for (Index index = first_block; index < last_block; ++index) {
        const Index image = index / blocks.bands * blocks.images, top = index % blocks.bands * blocks.rows;
        const Block block{image, min(blocks.images, s.batch - image), top,
                          min(blocks.rows, s.out_height - top)};
        find_sources(s, plan, padded, block, source);
        if (plan.wide) padded.copy(s, x, block, copy);
        const Index steps = find_steps(s, plan, block, start, pixel);
        for (Index i = 0; i < steps; ++i) start[i] *= kDepth / 2;  // from here on, an offset into the slab
        for (Index c0 = first_channel; c0 < last_channel; c0 += group_channels) {
          const Index c1 = min(last_channel, c0 + group_channels);
          pack_slab(plan.wide ? copy : x, source, plan.length, c0 * kColumns, min(plan.depth, c1 * kColumns), piece,
                    odd, slab, unsplittable);
          for (Index f0 = first_filter; f0 < last_filter; f0 += group_filters) {
            const Index f1 = min(last_filter, f0 + group_filters);
            if (c0 == first_channel || last_filter - first_filter > group_filters)
              pack_steps(dy, y, pixel, steps, f0 * kRows, min(s.filters, f1 * kRows), gradient, gradient_tile,
                         c0 == first_channel ? bias_sums : nullptr, unsplittable);
            for (Index f = f0; f < f1; f += 2) {
              const BFloat16* const left = gradient + (f - f0) * gradient_tile;
              const Index filters = min(kBlock, s.filters - f * kRows), entries = (c1 - c0) * plan.taps;
              for (Index e = 0; e < entries; e += 2) {
                const BFloat16* right[2] = {};
                float* to[2] = {};
                Index channels[2] = {};
                for (Index k = 0; k < min(2, entries - e); ++k) {
                  const Index c = (e + k) / plan.taps, t = (e + k) % plan.taps;
                  right[k] = slab + c * tile + tap_at[t];
                  channels[k] = min(kColumns, plan.depth - (c0 + c) * kColumns);
                  to[k] = out + (taps[t] * plan.depth + (c0 + c) * kColumns) * s.filters + f * kRows;
                  for (Index i = 0; i < channels[k]; ++i) {
                    __builtin_prefetch(to[k] + i * s.filters, 1);
                    __builtin_prefetch(to[k] + i * s.filters + filters - 1, 1);
                  }
                }
                multiply_tiles(filters > kRows ? 2 : 1, channels[1] > 0 ? 2 : 1,
                               {{left, left + gradient_tile}, 64, kTile}, nullptr, {{right[0], right[1]}, 64, piece},
                               start, steps, {{sums, sums + kRows * kBlock}, kBlock});
                for (Index k = 0; k < 2; ++k)
                  if (channels[k] > 0)
                    store_transposed(sums + k * kColumns, to[k], s.filters, channels[k], filters, index > first_block);
              }
            }
          }
        }
      }
    }
    if (any_nan(unsplittable)) any_unsplittable.store(true, std::memory_order_relaxed);
  });
  if (any_unsplittable.load(std::memory_order_relaxed)) return false;

  // Adds the partial results in a fixed order.
  if (parts > 1)
    parallel_for(weights, 4096, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) {
        float sum = partials[i];
        for (Index part = 1; part < parts; ++part) sum += partials[part * weights + i];
        dkernel[i] = sum;
      }
    });
  if (dbias != nullptr)
    for (Index f = 0; f < s.filters; ++f) {
      float sum = partial_sums[f];
      for (Index part = 1; part < parts; ++part) sum += partial_sums[part * s.filters + f];
      dbias[f] = sum;
    }
  return true;
}

}  // namespace tiles
}  // namespace
}  // namespace tinynet::TINYNET_ISA

#endif
