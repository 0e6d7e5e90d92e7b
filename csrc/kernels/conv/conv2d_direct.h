// Direct convolution: the output, the input gradient and the weight gradient, each as products of register tiles.
//
// All three iterate over blocks of output pixels. The input of a block is read in place if no tap falls outside of the
// image. Otherwise its rows are copied, with their zero padding, into a slab that stays in the cache. Error over sum
// |x||w|: 1e-7 to 5e-7 in float32.
#pragma once

#include <type_traits>

#include "kernels/amx/conv2d.h"
#include "kernels/conv/conv2d_tile.h"
#include "kernels/conv/conv2d_window.h"

namespace tinynet::TINYNET_ISA {
namespace {

// Returns the address in the block's input of position (0, 0), first tap. Copies the input to `slab`, with zeros around
// the image, unless it is read in place.
template <class T>
const T* block_input(const Window<T>& w, const Block& block, T* slab) {
  const Index line = w.width * w.channels;
  const Index first = block.row * w.stride_h + w.first_row();
  if (w.in_place()) return w.x + (block.image * w.height + first) * line + w.first_col() * w.channels;
  const Index cols = w.slab_cols(), rows = w.slab_rows(block.rows);
  const Index left = min(cols, max(0, -w.first_col()));
  const Index from = max(0, w.first_col());
  const Index copied = max(0, min(cols - left, w.width - from));
  T* out = slab;
  for (Index n = block.image; n < block.image + block.images; ++n)
    for (Index r = first; r < first + rows; ++r, out += cols * w.channels) {
      const Index begin = left * w.channels, end = begin + copied * w.channels;
      if (r < 0 || r >= w.height || copied == 0) {
        for (Index i = 0; i < cols * w.channels; ++i) out[i] = 0;
        continue;
      }
      for (Index i = 0; i < begin; ++i) out[i] = 0;
      const Index start = (n * w.height + r) * line + from * w.channels - begin;
      if (w.mask != nullptr)
        for (Index i = begin; i < end; ++i) out[i] = w.mask[start + i] > 0 ? w.x[start + i] : T(0);
      else
        for (Index i = begin; i < end; ++i) out[i] = w.x[start + i];
      for (Index i = end; i < cols * w.channels; ++i) out[i] = 0;
    }
  return slab;
}

// The images that a block's input is taken from. A thread has a copy of its own.
template <class T>
struct StoredImages {
  const Window<T>& w;
  Index slab_size(const Blocks& blocks) const { return w.in_place() ? 0 : blocks.images * w.image_pitch(blocks.rows); }
  const T* input(const Block& block, T* slab) { return block_input(w, block, slab); }
};

// out(n, i, j)[column] = sum over taps and depth of window * weights, group by group.
// panels[group][panel][tap][depth][width]: the weights, in the window's order of taps. `source_for_thread(blocks)` is
// what a thread takes the input of its blocks from.
template <class T, class SourceForThread>
void correlate_blocks(const Window<T>& w, Index groups, Index depth, Index columns, const T* panels,
                      const Target<T>& target, const SourceForThread& source_for_thread) {
  const Index taps = w.taps_h * w.taps_w;
  if (w.batch * w.grid_h * w.grid_w * columns == 0) return;
  const Index padded = padded_columns<T>(columns), total_depth = taps * depth;

  // Segments are the runs of contiguous input: the channels of one tap, or a whole kernel row if its taps are adjacent.
  // They are cut where a block of depth ends.
  const bool whole_rows = groups == 1 && w.taps_w > 1 && w.tap_col[w.taps_w - 1] - w.tap_col[0] == w.taps_w - 1;
  const Index run = whole_rows ? w.taps_w * depth : depth, runs = total_depth / max(1, run);
  const Index capacity = runs + total_depth / kBlockDepth + 1;
  const Scratch<Segment> segments(capacity);
  const Scratch<Index> block_first(capacity + 1), block_start(capacity + 1);  // first segment and first k of each block
  Index count = 0, depth_blocks = 0, in_block = kBlockDepth;
  for (Index r = 0, k = 0; r < runs; ++r) {
    const Index offset = whole_rows ? w.row_offset(r) : w.row_offset(r / w.taps_w) + w.col_offset(r % w.taps_w);
    for (Index done = 0; done < run;) {
      if (in_block == kBlockDepth) {
        block_first[depth_blocks] = count;
        block_start[depth_blocks++] = k;
        in_block = 0;
      }
      const Index length = min(run - done, kBlockDepth - in_block);
      segments[count++] = {offset + done, length};
      done += length;
      k += length;
      in_block += length;
    }
  }
  if (depth_blocks == 0) block_first[0] = block_start[0] = 0, depth_blocks = 1;  // empty sum: zeros
  block_first[depth_blocks] = count;

  // Few pixels are one block, whose columns are computed in parts: each thread then reads its own part of the weights.
  // Two images of 14x14x256 with stride 2, whose weights take 2.4 MB, took 1.7 times as long a pixel as one.
  const Index products = total_depth * columns * groups, all_panels = ceil_div(columns, kPanel<T>);
  Blocks blocks = Blocks::whole(w);
  const bool by_columns = groups == 1 && all_panels > 1 && blocks.pixels <= kFewPixels &&
                          Index(sizeof(T)) * products > kFewPixelsBytes &&
                          w.batch * w.image_pitch(w.grid_h) * Index(sizeof(T)) <= kFewPixelsBytes;
  if (!by_columns) blocks = Blocks::of(w, kBlockPixels, true);
  const Index most_parts = blocks.count > 1 ? 1 : by_columns ? min(all_panels, 4) : min(all_panels, 2);
  const Index parts = blocks.pixels * products >= 2 * kProductsOfThread ? most_parts : 1;
  parallel_for(blocks.count * parts, blocks.grain(products / parts), [&](Index begin, Index end) {
    auto source = source_for_thread(blocks);
    const Scratch<T> slab(source.slab_size(blocks));
    const Scratch<Index> from(blocks.pixels), to(blocks.pixels);
    for (Index index = begin; index < end; ++index) {
      const Block block = Block::at(index / parts, blocks, w);
      const Index first_panel = all_panels * (index % parts) / parts;
      const Index end_panel = all_panels * (index % parts + 1) / parts;
      const T* const input = source.input(block, slab);
      // The offsets are accumulated. If each pixel's are computed by multiplication, a first layer of one channel takes
      // 1.6 times as long.
      Index pixels = 0;
      for (Index n = 0; n < block.images; ++n)
        for (Index i = 0; i < block.rows; ++i) {
          Index at = n * w.image_pitch(block.rows) + i * w.stride_h * w.pitch();
          Index out_offset = (block.image + n) * target.image + (block.row + i) * target.row;
          for (const Index end = pixels + w.grid_w, step = w.stride_w * w.channels, col = target.col; pixels < end;
               ++pixels, at += step, out_offset += col)
            from[pixels] = at, to[pixels] = out_offset;
        }
      const Index tiles = ceil_div(pixels, kTileRows);
      for (Index g = 0; g < groups; ++g)
        for (Index column = first_panel * kPanel<T>; column < min(columns, end_panel * kPanel<T>); column += kPanel<T>) {
          const Index width = panel_width<T>(columns, column);
          const T* const panel = panels + (g * padded + column) * total_depth;
          for (Index d = 0; d < depth_blocks; ++d) {
            TileInput<T> in{input + g * depth,
                            nullptr,
                            1,
                            segments + block_first[d],
                            block_first[d + 1] - block_first[d],
                            panel + block_start[d] * width,
                            width};
            TileOutput<T> out{target.out + g * columns + column,
                              nullptr,
                              min(columns - column, kPanel<T>),
                              target.bias == nullptr ? nullptr : target.bias + g * padded + column,
                              d > 0,
                              target.relu && d == depth_blocks - 1};
            for (Index t = 0; t < tiles; ++t) {
              const Index pixel = pixels * t / tiles;
              in.row = from + pixel;
              out.row = to + pixel;
              tile_for<T>(pixels * (t + 1) / tiles - pixel, out.columns)(in, out);
            }
          }
        }
    }
  });
}

// The same with the matrix unit where it is faster, for images that are stored.
template <class T>
void correlate(const Window<T>& w, Index groups, Index depth, Index columns, const T* panels, const Target<T>& target) {
#if defined(__AMX_BF16__)
  if constexpr (std::is_same_v<T, float>)
    if (tiles::correlate_is_profitable(w, groups, depth, columns) && w.batch * w.grid_h * w.grid_w * columns > 0 &&
        tiles::correlate(w, depth, columns, panels, target))
      return;
#endif
  correlate_blocks(w, groups, depth, columns, panels, target, [&](const Blocks&) { return StoredImages<T>{w}; });
}

// kernel[tap][depth][groups * columns] -> panels[group][panel][tap][depth][width], zeros in the columns that a last
// panel lacks.
template <class T>
void pack_kernel(const T* kernel, Index total_depth, Index groups, Index columns, T* panels) {
  const Index padded = padded_columns<T>(columns);
  const Index each = ceil_div(columns, kPanel<T>);
  const Index grain = max(1, 65536 / max(1, total_depth * kPanel<T>));
  parallel_for(groups * each, grain, [=](Index begin, Index end) {
    for (Index index = begin; index < end; ++index) {
      const Index g = index / each, column = index % each * kPanel<T>;
      const Index width = panel_width<T>(columns, column), used = min(width, columns - column);
      T* out = panels + (g * padded + column) * total_depth;
      const T* in = kernel + g * columns + column;
      for (Index k = 0; k < total_depth; ++k, in += groups * columns, out += width) {
        for (Index j = 0; j < used; ++j) out[j] = in[j];
        for (Index j = used; j < width; ++j) out[j] = 0;
      }
    }
  });
}

// The same for the input gradient, which swaps the roles of channels and filters:
// kernel[kh][kw][channels/groups][filters] -> panels[group][panel of channels][p][q][filter of the group][width] for
// the taps (rows[p], cols[q]).
template <class T>
void pack_kernel_transposed(const Conv2dShape& s, const T* kernel, const Index* rows, Index taps_h, const Index* cols,
                            Index taps_w, T* panels) {
  const Index depth = s.filters / s.groups, columns = s.channels / s.groups, padded = padded_columns<T>(columns);
  const Index each = ceil_div(columns, kPanel<T>), taps = taps_h * taps_w;
  constexpr Index run = 64 / sizeof(T);  // filters: one cache line of the kernel
  parallel_for(s.groups * each * taps, max(1, 32768 / max(1, depth * kPanel<T>)), [=](Index begin, Index end) {
    for (Index index = begin; index < end; ++index) {
      const Index t = index % taps, panel = index / taps;
      const Index g = panel / each, column = panel % each * kPanel<T>;
      const Index width = panel_width<T>(columns, column), used = min(width, columns - column);
      const T* const in =
          kernel + ((rows[t / taps_w] * s.kernel_width + cols[t % taps_w]) * columns + column) * s.filters + g * depth;
      T* const out = panels + (g * padded + column) * taps * depth + t * depth * width;
      for (Index f0 = 0; f0 < depth; f0 += run)
        for (Index j = 0; j < width; ++j)
          for (Index f = f0; f < min(depth, f0 + run); ++f)
            out[f * width + j] = j < used ? in[j * s.filters + f] : T(0);
    }
  });
}

// Offsets of the taps of a forward pass in the input, relative to the position of the output times the stride.
struct Taps {
  explicit Taps(const Conv2dShape& s) : row(s.kernel_height), col(s.kernel_width) {
    for (Index p = 0; p < s.kernel_height; ++p) row[p] = p * s.dilation_h - s.pad_top;
    for (Index q = 0; q < s.kernel_width; ++q) col[q] = q * s.dilation_w - s.pad_left;
  }
  const Scratch<Index> row, col;
};

// The bias that the sums of all panels start from; null without one.
template <class T>
struct PaddedBias {
  PaddedBias(const Conv2dShape& s, const T* bias)
      : padded_bias(bias == nullptr ? 0 : s.groups * padded_columns<T>(s.filters / s.groups)) {
    const Index columns = s.filters / s.groups, padded = padded_columns<T>(columns);
    if (bias != nullptr)
      for (Index g = 0; g < s.groups; ++g)
        for (Index j = 0; j < padded; ++j) padded_bias[g * padded + j] = j < columns ? bias[g * columns + j] : T(0);
  }
  const Scratch<T> padded_bias;
};

// The weights of a forward pass, packed in panels, and the bias.
template <class T>
struct PackedWeights : PaddedBias<T> {
  PackedWeights(const Conv2dShape& s, const T* kernel, const T* bias)
      : PaddedBias<T>(s, bias),
        panels(s.groups * padded_columns<T>(s.filters / s.groups) * s.kernel_height * s.kernel_width * s.channels /
               s.groups) {
    pack_kernel(kernel, s.kernel_height * s.kernel_width * s.channels / s.groups, s.groups, s.filters / s.groups,
                static_cast<T*>(panels));
  }
  const Scratch<T> panels;
};

// The forward pass with packed weights.
template <class T>
void conv2d_forward_packed(const Conv2dShape& s, const T* x, const T* panels, const T* padded_bias, T* y, bool relu) {
  const Taps taps(s);
  const Window<T> window{x,           nullptr,    s.batch,    s.height,        s.width,        s.channels, s.out_height,
                         s.out_width, s.stride_h, s.stride_w, s.kernel_height, s.kernel_width, taps.row,   taps.col};
  correlate<T>(window, s.groups, s.channels / s.groups, s.filters / s.groups, panels,
               {y, s.out_height * s.out_width * s.filters, s.out_width * s.filters, s.filters, padded_bias, relu});
}

// x[batch][height][width][channels], kernel[kh][kw][channels/groups][filters], bias[filters] or null
// -> y[batch][out_height][out_width][filters]
template <class T>
void conv2d_forward_direct(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, T* y, bool relu) {
  const PackedWeights<T> weights(s, kernel, bias);
  conv2d_forward_packed<T>(s, x, weights.panels, weights.padded_bias, y, relu);
}

// The taps of one axis that reach the input positions of one residue class modulo the stride: residue,
// residue + stride, .... Position residue + stride*i receives a gradient from output i + reach[t] through tap[t].
// `reach` increases. Returns the number of taps.
inline Index taps_of_phase(Index residue, Index kernel, Index stride, Index dilation, Index pad, Index* tap,
                           Index* reach) {
  Index count = 0;
  for (Index p = kernel - 1; p >= 0; --p) {
    const Index distance = residue + pad - p * dilation;
    if (distance % stride != 0) continue;
    tap[count] = p;
    reach[count++] = distance / stride;
  }
  return count;
}

// Zeros the gradient of the pixels that no output depends on.
template <class T>
void zero_phase(const Conv2dShape& s, Index h, Index v, T* dx) {
  for (Index n = 0; n < s.batch; ++n)
    for (Index i = h; i < s.height; i += s.stride_h)
      for (Index j = v; j < s.width; j += s.stride_w)
        for (Index c = 0; c < s.channels; ++c) dx[((n * s.height + i) * s.width + j) * s.channels + c] = 0;
}

// dx[n][h][w][c] = sum over (p, q, f) of dy[n][(h + top - p*dilation)/stride][...][f] * kernel[p][q][c][f], where the
// division has no remainder. With a stride the pixels form stride_h * stride_w phases (residue classes), each with its
// own taps. Each phase is a convolution of dy with a part of the flipped kernel. If y is given, dy counts only where y
// is positive.
template <class T>
void conv2d_input_gradient_direct(const Conv2dShape& s, const T* dy, const T* kernel, const T* y, T* dx) {
  const Index depth = s.filters / s.groups, columns = s.channels / s.groups, padded = padded_columns<T>(columns);
  const Scratch<Index> row(s.kernel_height), row_reach(s.kernel_height), col(s.kernel_width), col_reach(s.kernel_width);
  const Scratch<T> panels(s.groups * padded * s.kernel_height * s.kernel_width * depth);
  const Index line = s.width * s.channels;
  for (Index h = 0; h < min(s.stride_h, s.height); ++h)
    for (Index v = 0; v < min(s.stride_w, s.width); ++v) {
      const Index taps_h = taps_of_phase(h, s.kernel_height, s.stride_h, s.dilation_h, s.pad_top, row, row_reach);
      const Index taps_w = taps_of_phase(v, s.kernel_width, s.stride_w, s.dilation_w, s.pad_left, col, col_reach);
      if (taps_h * taps_w == 0) {
        zero_phase(s, h, v, dx);
        continue;
      }
      pack_kernel_transposed<T>(s, kernel, row, taps_h, col, taps_w, panels);
      const Window<T> window{dy,
                             y,
                             s.batch,
                             s.out_height,
                             s.out_width,
                             s.filters,
                             ceil_div(s.height - h, s.stride_h),
                             ceil_div(s.width - v, s.stride_w),
                             1,
                             1,
                             taps_h,
                             taps_w,
                             row_reach,
                             col_reach};
      correlate<T>(window, s.groups, depth, columns, panels,
                   {dx + h * line + v * s.channels, s.height * line, s.stride_h * line, s.stride_w * s.channels,
                    nullptr, false});
    }
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
