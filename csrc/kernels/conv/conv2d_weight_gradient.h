// The weight gradient of a direct convolution: dkernel[p][q][c][f] = sum over pixels of x[..p..q..][c] * dy[pixel][f].
// It uses the same tile; the rows are the weights, and the inner sum runs over the pixels of an output row.
#pragma once

#include "kernels/amx/weight_gradient.h"
#include "kernels/conv/conv2d_direct.h"

namespace tinynet::TINYNET_ISA {
namespace {

// dy[batch][out_height][out_width][filters]. It counts only where y > 0, unless y is null.
template <class T>
struct OutputGradient {
  const T *dy, *y;

  // dy itself if it needs no mask, else null.
  const T* in_place() const { return y == nullptr ? dy : nullptr; }

  // Packs one panel of a block: out[pixel][vectors * lanes] = its filters from `first` on, and zeros in the columns
  // that it lacks. Adds its sum over the pixels to `sums`, unless that is null.
  template <int vectors>
  void pack(const Conv2dShape& s, const Block& block, Index first, Index columns, T* out, T* sums) const {
    constexpr int lanes = VectorOf<T>::lanes;
    const Index start = (block.image * s.out_height + block.row) * s.out_width * s.filters + first;
    const Index pixels = block.images * block.rows * s.out_width;
    Vec<T> sum[vectors] = {};
    for (Index k = 0; k < pixels; ++k)
      for (int v = 0; v < vectors; ++v) {
        const Index at = start + k * s.filters + v * lanes;
        Vec<T> value = load_columns(dy + at, columns - v * lanes);
        if (y != nullptr) value = load_columns(y + at, columns - v * lanes) > Vec<T>{} ? value : Vec<T>{};
        sum[v] += value;
        store(out + (k * vectors + v) * lanes, value);
      }
    if (sums != nullptr)
      for (int v = 0; v < vectors; ++v) store(sums + v * lanes, load(sums + v * lanes) + sum[v]);
  }
};

// Adds the sum over the pixels of dy[pixel][width], of `vectors` vectors of them, to `sums`.
template <int vectors, class T>
void add_pixels(const T* dy, Index pixels, Index width, T* sums) {
  constexpr int lanes = VectorOf<T>::lanes;
  constexpr Index chains = 4;  // an addition takes up to four cycles
  Vec<T> sum[chains][vectors] = {};
  Index k = 0;
  for (; k + chains <= pixels; k += chains)
    for (Index c = 0; c < chains; ++c)
      for (int v = 0; v < vectors; ++v) sum[c][v] += load(dy + (k + c) * width + v * lanes);
  for (; k < pixels; ++k)
    for (int v = 0; v < vectors; ++v) sum[0][v] += load(dy + k * width + v * lanes);
  for (int v = 0; v < vectors; ++v)
    store(sums + v * lanes, load(sums + v * lanes) + ((sum[0][v] + sum[1][v]) + (sum[2][v] + sum[3][v])));
}

// Adds the partial results [part][group][panel][row][width] in a fixed order. dkernel is null if rows == 0.
template <class T>
void add_parts(const Conv2dShape& s, Index rows, Index parts, const T* partials, const T* partial_sums, T* dkernel,
               T* dbias) {
  const Index columns = s.filters / s.groups, padded = padded_columns<T>(columns);
  const Index partial = s.groups * padded * rows;
  parallel_for(rows, max(1, 16384 / max(1, s.filters * parts)), [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r)
      for (Index g = 0; g < s.groups; ++g)
        for (Index column = 0; column < columns; column += kPanel<T>) {
          const Index width = panel_width<T>(columns, column);
          T* const out = dkernel + r * s.filters + g * columns + column;
          const T* const in = partials + (g * padded + column) * rows + r * width;
          for (Index j = 0; j < min(width, columns - column); ++j) {
            T sum = in[j];
            for (Index part = 1; part < parts; ++part) sum += in[part * partial + j];
            out[j] = sum;
          }
        }
  });
  if (dbias != nullptr)
    for (Index g = 0; g < s.groups; ++g)
      for (Index j = 0; j < columns; ++j) {
        T sum = partial_sums[g * padded + j];
        for (Index part = 1; part < parts; ++part) sum += partial_sums[part * s.groups * padded + g * padded + j];
        dbias[g * columns + j] = sum;
      }
}

// The gradient of the output as an OutputGradient (or a class with the same members), x[batch][height][width][channels]
// -> dkernel[kh][kw][channels/groups][filters], dbias[filters] (either may be null)
template <class T, class Gradient>
void weight_gradient_of(const Conv2dShape& s, const Gradient& gradient, const T* x, T* dkernel, T* dbias) {
  const Index depth = s.channels / s.groups, columns = s.filters / s.groups, padded = padded_columns<T>(columns);
  const Index rows = dkernel == nullptr ? 0 : s.kernel_height * s.kernel_width * depth;
  const Taps taps(s);
  const Window<T> w{x, nullptr, s.batch, s.height, s.width, s.channels, s.out_height, s.out_width,
                    s.stride_h, s.stride_w, s.kernel_height, s.kernel_width, taps.row, taps.col};
  const Index pixel_count = s.batch * s.out_height * s.out_width;
  if (pixel_count == 0) {
    for (Index i = 0; i < rows * s.filters; ++i) dkernel[i] = 0;
    if (dbias != nullptr)
      for (Index j = 0; j < s.filters; ++j) dbias[j] = 0;
    return;
  }
  const Scratch<Index> row_offset(rows);
  for (Index r = 0; r < rows; ++r)
    row_offset[r] = w.row_offset(r / (s.kernel_width * depth)) + w.col_offset(r / depth % s.kernel_width) + r % depth;

  // The sum over pixels is cut into `parts`, each with its own partial result, as many as memory traffic allows, and a
  // power of 2: equal shares for 2, 4 or 8 threads. If that is too few, the weights of each part are cut into `slices`,
  // which changes no sum. Each slice copies the blocks of its part again, so there are no more than two tasks a thread.
  const Blocks blocks = Blocks::of(w, kBlockPixels);
  const Index partial = s.groups * padded * rows;  // [group][panel][row][width]
  const Index row_tiles = ceil_div(rows, kTileRows);
  const Index limit = kPartialKernelsBytes / max(1, partial * Index(sizeof(T)));
  const Index most = min(blocks.count, min(kTasks, max(1, limit)));
  Index parts = 1;
  while (2 * parts <= most) parts *= 2;
  const Index slices = min(max(1, row_tiles), ceil_div(2 * num_threads(), parts));
  const Scratch<T> partials(parts * partial), partial_sums(parts * s.groups * padded);

  // dy is read in place if its rows are whole panels. With many weights a filter, several panels are packed first.
  const T* const dy = gradient.in_place();
  const bool whole = columns <= kPanel<T> ? columns % VectorOf<T>::lanes == 0 : columns % kPanel<T> == 0;
  const bool pack = s.groups > 1 || dy == nullptr || !whole || (columns > kPanel<T> && rows > kPackedRows);
  const Index slab_size = w.in_place() ? 0 : blocks.images * w.image_pitch(blocks.rows);
  parallel_for(parts * slices, 1, [&](Index begin, Index end) {
    const Scratch<T> slab(slab_size), packed(pack ? blocks.pixels * s.groups * padded : 0);
    const Scratch<Segment> segments(blocks.images * blocks.rows);
    const Scratch<Index> to(kTileRows);
    for (Index task = begin; task < end; ++task) {
      const Index part = task / slices, slice = task % slices;
      const Index first_tile = row_tiles * slice / slices, last_tile = row_tiles * (slice + 1) / slices;
      T* const sums = dbias != nullptr && slice == 0 ? partial_sums + part * s.groups * padded : nullptr;
      if (sums != nullptr)
        for (Index j = 0; j < s.groups * padded; ++j) sums[j] = 0;
      const Index first_block = blocks.count * part / parts, last_block = blocks.count * (part + 1) / parts;
      for (Index index = first_block; index < last_block; ++index) {
        const Block block = Block::at(index, blocks, w);
        const Index pixels = block.images * block.rows * w.grid_w;
        const T* const input = rows == 0 ? x : block_input(w, block, static_cast<T*>(slab));
        const Index start = (block.image * w.grid_h + block.row) * w.grid_w * s.filters;
        if (pack)
          for (Index g = 0; g < s.groups; ++g)
            for (Index column = 0; column < columns; column += kPanel<T>) {
              T* const panel = packed + (g * padded + column) * pixels;
              T* const panel_sums = sums == nullptr ? nullptr : sums + g * padded + column;
              if (panel_width<T>(columns, column) == kPanel<T>)
                gradient.template pack<2>(s, block, g * columns + column, columns - column, panel, panel_sums);
              else
                gradient.template pack<1>(s, block, g * columns + column, columns - column, panel, panel_sums);
            }
        Index segment_count = 0;
        for (Index n = 0; n < block.images; ++n)
          for (Index i = 0; i < block.rows; ++i)
            segments[segment_count++] = {n * w.image_pitch(block.rows) + i * w.stride_h * w.pitch(), w.grid_w};
        for (Index g = 0; g < s.groups; ++g)
          for (Index column = 0; column < columns; column += kPanel<T>) {
            const Index width = panel_width<T>(columns, column);
            TileInput<T> in{input + g * depth, nullptr, w.stride_w * w.channels, segments, segment_count,
                            pack ? packed + (g * padded + column) * pixels : dy + start + column,
                            pack ? width : s.filters};
            TileOutput<T> out{nullptr, to, width, nullptr, index > first_block, false};
            for (Index i = 0; i < kTileRows; ++i) to[i] = i * width;
            for (Index t = first_tile; t < last_tile; ++t) {
              const Index r = rows * t / row_tiles;
              in.row = row_offset + r;
              out.c = partials + part * partial + (g * padded + column) * rows + r * width;
              tile_for<T>(rows * (t + 1) / row_tiles - r, width)(in, out);
            }
          }
        // The tiles have just loaded dy, overlapped with their multiplications, so dy is in the cache.
        if (!pack && sums != nullptr)
          for (Index column = 0; column < columns; column += kPanel<T>)
            (columns >= kPanel<T> ? add_pixels<2, T> : add_pixels<1, T>)(dy + start + column, pixels, columns,
                                                                         sums + column);
      }
    }
  });

  add_parts<T>(s, rows, parts, partials, partial_sums, dkernel, dbias);
}

// dy[batch][out_height][out_width][filters]. It counts only where y > 0, unless y is null.
template <class T>
void conv2d_weight_gradient_direct(const Conv2dShape& s, const T* dy, const T* x, const T* y, T* dkernel, T* dbias) {
#if defined(__AMX_BF16__)
  if constexpr (sizeof(T) == sizeof(float))
    if (dkernel != nullptr && tiles::weight_gradient_is_profitable(s) &&
        tiles::weight_gradient(s, dy, x, y, dkernel, dbias))
      return;
#endif
  weight_gradient_of(s, OutputGradient<T>{dy, y}, x, dkernel, dbias);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
