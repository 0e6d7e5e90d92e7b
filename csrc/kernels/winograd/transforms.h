// Winograd's transforms (conv2d_winograd.h explains them) of tiles of an image, kernels and outputs.
#pragma once

#include "kernels/norm/moments.h"
#include "kernels/winograd/tiles.h"

namespace tinynet::TINYNET_ISA {
namespace {

// The images that are cut into tiles. The first pixel of tile (0, 0) is (-top, -left).
template <class T>
struct Images {
  const T* x;     // x[batch][height][width][channels]
  const T* mask;  // same shape as x, or null: x counts as zero where it is not positive
  Index height, width, channels, top, left;
};

// The outputs y[batch][out_height][out_width][filters] of a pass: f(sums + bias + residual), and their mean[filters] and
// variance[filters]. bias, residual (shaped like y), mean and variance may be null.
template <class T>
struct Outputs {
  Index batch, height, width, filters;
  T* y;
  const T* bias;
  bool relu;
  T *mean, *variance;
  const T* residual = nullptr;
};

// Sums of outputs for their moments. A group is several consecutive tiles of a block; only their pixels inside the
// image count. The shift of a group is the mean of its first tile.
template <class T>
class TileSums {
 public:
  // Blocks of `size` tiles in groups of `tiles_per_group`. A thread that writes tiles must begin with the first of a
  // group.
  TileSums(const Outputs<T>& out, Index blocks, Index size, Index tiles_per_group)
      : out_(out),
        tiles_per_group_(tiles_per_group),
        groups_per_block_(ceil_div(size, tiles_per_group)),
        groups_(out.mean == nullptr ? 0 : blocks * groups_per_block_),
        columns_(whole_vectors<T>(out.filters)),
        memory_(3 * groups_ * columns_),
        pixels_(groups_),
        sums_(normalization::BlockSums<T>::in(memory_, groups_ * columns_)) {
    for (Index i = 0; i < groups_; ++i) pixels_[i] = 0;
  }

  bool enabled() const { return groups_ > 0; }

  // Adds a tile that has just been stored. Loading it from the L1 cache takes no longer than using the registers before
  // the store. This takes 0.1 ms for (128, 28, 28, 32), where reading all of it again takes 0.5.
  void add(Index block, Index tile, const T* y, Index line, Index rows, Index cols) const {
    const Index filters = out_.filters, group = block * groups_per_block_ + tile / tiles_per_group_;
    const Index at = group * columns_;
    const bool first = tile % tiles_per_group_ == 0;
    T *const shift = sums_.shift + at, *const deviation_sum = sums_.deviation_sum + at;
    T* const squared_deviation_sum = sums_.squared_deviation_sum + at;
    pixels_[group] += rows * cols;
    for (Index column = 0; column < columns_; column += VectorOf<T>::lanes) {
      const Index f = first_channel<T>(column / VectorOf<T>::lanes, filters);
      Vec<T> middle{}, sum{}, sum_of_squares{};
      if (first) {
        for (Index i = 0; i < rows; ++i)
          for (Index j = 0; j < cols; ++j) middle += load(y + i * line + j * filters + f);
        middle /= static_cast<T>(rows * cols);
        store(shift + column, middle);
      } else {
        middle = load(shift + column), sum = load(deviation_sum + column);
        sum_of_squares = load(squared_deviation_sum + column);
      }
      for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < cols; ++j) {
          const Vec<T> distance = load(y + i * line + j * filters + f) - middle;
          sum += distance;
          sum_of_squares += distance * distance;
        }
      store(deviation_sum + column, sum);
      store(squared_deviation_sum + column, sum_of_squares);
    }
  }

  void finish() const {
    if (!enabled()) return;
    const Scratch<T> mean(columns_), variance(columns_);
    normalization::combine<T>(
        sums_, groups_, columns_, [&](Index group) { return pixels_[group]; }, mean, variance);
    for (Index column = 0; column < columns_; ++column) {
      const Index f = channel_of<T>(column, out_.filters);
      out_.mean[f] = mean[column], out_.variance[f] = variance[column];
    }
  }

 private:
  const Outputs<T>& out_;
  Index tiles_per_group_, groups_per_block_, groups_, columns_;
  Scratch<T> memory_;
  Scratch<Index> pixels_;
  normalization::BlockSums<T> sums_;
};

// `count` zeros: a row of a tile outside of the image.
template <class T>
class Zeros {
 public:
  explicit Zeros(Index count) : memory_(count) {
    for (Index i = 0; i < count; ++i) memory_[i] = 0;
  }
  operator const T*() const { return memory_; }

 private:
  Scratch<T> memory_;
};

// The pixels of a tile: row p begins at x[p], and its columns [first, last) are inside the image.
template <class T, int rows>
struct TilePixels {
  const T *x[rows], *mask[rows];
  Index first, last;
};

// The layout of transformed tiles: lane l of vector v of element e of tile t is at t * tile + v * vector + e * element + l.
// Where channels do not fill whole vectors, the last one overlaps the one before it (first_channel()). `by_channel`: it
// does so in the layout as well, where channel c then is at t * tile + e * element + c.
struct Layout {
  Index tile, vector, element;
  bool by_channel = false;
};

// Transforms a vector of channels, from c on, of a tile of kind (R, C) by two passes of Step. The elements of the
// transformed tile are `plane` apart. Adds the sum over the pixels to `sums[lanes]` unless that is null. The same
// element of the next tile is `next` further on: its cache lines are prefetched from L2 while this one is computed.
//
// With six rows the first pass leaves 36 vectors. Three rows at a time, they stay in 32 registers (16 channels of a
// tile take 62 ns instead of 77). 16 registers are too few either way, and loading the pixels twice takes longer.
//
// It is not inlined into the loop over channels, because there GCC keeps 36 pointers on the stack, one for each pixel.
template <class T, class Step, class R, class C, bool masked>
__attribute__((noinline)) void transform_vector(const TilePixels<T, Step::template from<R>>& pixels, Index channels,
                                                Index c, T* out, Index plane, Index next, T* sums) {
  constexpr int rows = Step::template from<R>, cols = Step::template from<C>;
  constexpr int rows_per_pass = kTileRows > 6 && R::n > 4 ? R::n / 2 : R::n;
  Vec<T> sum{};
#pragma GCC unroll 6
  for (int start = 0; start < R::n; start += rows_per_pass) {
    Vec<T> half[rows_per_pass][cols];
#pragma GCC unroll 6
    for (int j = 0; j < cols; ++j) {
      if (j < pixels.first || j >= pixels.last) {
#pragma GCC unroll 6
        for (int i = 0; i < rows_per_pass; ++i) half[i][j] = Vec<T>{};
        continue;
      }
      Vec<T> in[rows], column[R::n];
#pragma GCC unroll 6
      for (int i = 0; i < rows; ++i) {
        const Index at = j * channels + c;
        in[i] = load(pixels.x[i] + at);
        if (masked) in[i] = load(pixels.mask[i] + at) > Vec<T>{} ? in[i] : Vec<T>{};
        if (start == 0) sum += in[i];
      }
      Step::template apply<R, T>(in, column);
#pragma GCC unroll 6
      for (int i = 0; i < rows_per_pass; ++i) half[i][j] = column[start + i];
    }
#pragma GCC unroll 6
    for (int i = 0; i < rows_per_pass; ++i) {
      Vec<T> row[C::n];
      Step::template apply<C, T>(half[i], row);
      T* const element = out + (start + i) * C::n * plane;
#pragma GCC unroll 6
      for (int j = 0; j < C::n; ++j) {
        store(element + j * plane, row[j]);
        __builtin_prefetch(element + j * plane + next, 1);
      }
    }
  }
  if (std::is_same_v<Step, AdjointStep> && sums != nullptr) store(sums, load(sums) + sum);
}

// All channels of a tile; `sums` is in whole vectors.
template <class T, class Step, class R, class C, bool masked>
inline void transform_tile(const TilePixels<T, Step::template from<R>>& pixels, Index channels, T* out,
                           const Layout& layout, T* sums) {
  constexpr Index lanes = VectorOf<T>::lanes;
  for (Index v = 0; v * lanes < channels; ++v) {
    const Index c = first_channel<T>(v, channels);
    transform_vector<T, Step, R, C, masked>(pixels, channels, c, out + (layout.by_channel ? c : v * layout.vector),
                                            layout.element, layout.tile, sums == nullptr ? nullptr : sums + v * lanes);
  }
}

// Parts of a transformed array (tiles, or elements of the products) are this far apart: one cache line more than their
// size. The size is often a multiple of 1 KB or 4 KB, and without the extra line all parts would share a few sets of
// the L1 cache.
template <class T>
inline Index padded_plane(Index size) {
  return size + 64 / Index(sizeof(T));
}

// The transformed kernel: one element of it, and of its panels in whole vectors.
template <class T>
inline Index transformed_plane(Index channels, Index filters) {
  return padded_plane<T>(channels * whole_vectors<T>(filters));
}

// [tile][channel vector][element][lane]: stored from front to back, because a store that misses the L1 cache costs
// about 18 cycles if the hardware cannot predict it.
template <class T>
inline Layout tile_by_tile(Index elements, Index channels) {
  constexpr Index lanes = VectorOf<T>::lanes;
  return {padded_plane<T>(elements * whole_vectors<T>(channels)), elements * lanes, lanes};
}

// [element][tile][channel], for up to `tiles` tiles. `padded`: tiles are a cache line more than their channels apart,
// for products that read one line of every tile. `by_channel`: or else [element][tile][channel vector][lane].
template <class T>
inline Layout element_by_element(Index tiles, Index channels, bool padded = false, bool by_channel = true) {
  const Index columns = by_channel ? channels : whole_vectors<T>(channels);
  const Index tile = padded ? padded_plane<T>(columns) : columns;
  return {tile, VectorOf<T>::lanes, padded_plane<T>(tiles * tile), by_channel};
}

// Prefetches the first `count` elements of some lines of pixels.
template <class T>
inline void prefetch_lines(const T* first, Index line, Index lines, Index count) {
  for (Index p = 0; p < lines; ++p)
    for (Index k = 0; k < count; k += 64 / Index(sizeof(T))) __builtin_prefetch(first + p * line + k, 0, 2);
}

// Transforms the tiles of a block into v. `zeros` has n * channels elements. Tiles that extend past the edge of the
// image (half of all tiles in an image of 28x28) read zeros for rows outside and skip columns outside.
template <class T, class F, class Step>
void transform_tiles(const Images<T>& x, const TileBlock& block, T* v, const Layout& layout, T* sums, const T* zeros) {
  const Index channels = x.channels, line = x.width * channels;
  with_kind<F>(block, [&](auto r, auto c) {
    using R = decltype(r);
    using C = decltype(c);
    constexpr int rows = Step::template from<R>, cols = Step::template from<C>;
    // In a network the images come from main memory, and the hardware prefetcher has to detect each line, and each
    // page, from scratch. So the pixels that the tile below reads first (or the first tile of the next image) are
    // prefetched one row of tiles ahead: 28x28x32 takes 0.87 to 0.92 of the time, 14x14x64 0.98 (and 1.02 if the images
    // are in the caches). The tiles of the other kinds, at the right and bottom edges, are partly loaded already.
    const bool prefetch_next_row =
        block.row == 0 && block.col == 0 && F::m * line * Index(sizeof(T)) <= kPrefetchedRowBytes;
    block.for_tiles([&](Index t, Index image, Index i, Index j) {
      const Index row = i * F::m - x.top, col = j * F::m - x.left;
      const Index at = (image * x.height + row) * line + col * channels;
      TilePixels<T, rows> pixels;
      pixels.first = max(0, -col), pixels.last = min(cols, x.width - col);
      for (int p = 0; p < rows; ++p) {
        const bool inside = row + p >= 0 && row + p < x.height;
        pixels.x[p] = inside ? x.x + at + p * line : zeros;
        pixels.mask[p] = inside && x.mask != nullptr ? x.mask + at + p * line : zeros;
      }
      if (prefetch_next_row) {
        const bool below = i + 1 < block.row + block.rows;
        prefetch_lines(x.x + at + (below ? rows : x.height - i * F::m) * line, line, below ? F::m : rows,
                       F::m * channels);
      }
      T* const out = v + t * layout.tile;
      if (x.mask == nullptr)
        transform_tile<T, Step, R, C, false>(pixels, channels, out, layout, sums);
      else
        transform_tile<T, Step, R, C, true>(pixels, channels, out, layout, sums);
    });
  });
}

// kernel[3][3][in][out] -> u[element][panel][in][width] = G w G^T, the filters in whole vectors.
template <class T, class F>
void transform_kernel(const T* kernel, Index channels, Index filters, bool flipped, T* u, Index plane) {
  constexpr Index lanes = VectorOf<T>::lanes;
  const Index tap = channels * filters;
  parallel_for(channels, max(1, 8192 / filters), [=](Index begin, Index end) {
    for (Index c = begin; c < end; ++c)
      for (Index column = 0; column < filters; column += lanes) {
        const T* const in = kernel + c * filters + first_channel<T>(column / lanes, filters);
        const Index panel = column / kPanel<T> * kPanel<T>, width = panel_width<T>(filters, panel);
        T* const out = u + panel * channels + c * width + (column - panel);
        Vec<T> half[F::n][3];
        for (int q = 0; q < 3; ++q) {
          Vec<T> w[3], r[F::n];
          for (int p = 0; p < 3; ++p) w[p] = load(in + (flipped ? 8 - 3 * p - q : 3 * p + q) * tap);
          F::template kernel<T>(w, r);
          for (int i = 0; i < F::n; ++i) half[i][q] = r[i];
        }
        for (int i = 0; i < F::n; ++i) {
          Vec<T> r[F::n];
          F::template kernel<T>(half[i], r);
          for (int j = 0; j < F::n; ++j) store(out + (i * F::n + j) * plane, r[j]);
        }
      }
  });
}

// One output tile: A^T m A + bias + residual, for those of its pixels that are inside the image.
template <class T, class R, class C, bool inside>
inline void output_tile(const T* in, Index plane, Index filters, const T* bias, const T* residual, bool relu, T* y,
                        Index line, Index rows, Index cols) {
  constexpr int lanes = VectorOf<T>::lanes;
  // Prefetches the cache lines of the outputs while the transform runs: 1.2 times as fast.
  for (Index i = 0; i < min(rows, R::m); ++i)
    for (Index f = 0; f < min(cols, C::m) * filters; f += lanes) __builtin_prefetch(y + i * line + f, 1);
  for (Index column = 0; column < filters; column += lanes) {
    const Index f = first_channel<T>(column / lanes, filters);
    const Vec<T> offset = bias == nullptr ? Vec<T>{} : load(bias + f);
    Vec<T> half[R::m][C::n];
#pragma GCC unroll 6
    for (int j = 0; j < C::n; ++j) {
      Vec<T> p[R::n], r[R::m];
#pragma GCC unroll 6
      for (int i = 0; i < R::n; ++i) p[i] = load(in + (i * C::n + j) * plane + column);
      R::template output<T>(p, r);
#pragma GCC unroll 6
      for (int i = 0; i < R::m; ++i) half[i][j] = r[i];
    }
#pragma GCC unroll 4
    for (int i = 0; i < R::m; ++i) {
      Vec<T> r[C::m];
      C::template output<T>(half[i], r);
      if (!inside && i >= rows) continue;
#pragma GCC unroll 4
      for (int j = 0; j < C::m; ++j) {
        if (!inside && j >= cols) continue;
        Vec<T> value = r[j] + offset;
        if (residual != nullptr) value += load(residual + i * line + j * filters + f);
        if (relu) value = value < Vec<T>{} ? Vec<T>{} : value;  // NaN stays NaN
        store(y + i * line + j * filters + f, value);
      }
    }
  }
}

// Transforms the tiles of a block from products[element][tile][filters in whole vectors], elements `plane` apart, to the
// images.
template <class T, class F>
void output_tiles(const TileBlock& block, const T* products, Index plane, const Outputs<T>& out,
                  const TileSums<T>& sums) {
  const Index filters = out.filters, line = out.width * filters;
  with_kind<F>(block, [&](auto r, auto c) {
    using R = decltype(r);
    using C = decltype(c);
    block.for_tiles([&](Index t, Index image, Index i, Index j) {
      const T* const in = products + t * whole_vectors<T>(filters);
      const Index row = i * F::m, col = j * F::m;
      const Index rows = min(R::m, out.height - row), cols = min(C::m, out.width - col);
      const Index at = (image * out.height + row) * line + col * filters;
      T* const y = out.y + at;
      const T* const residual = out.residual == nullptr ? nullptr : out.residual + at;
      if (rows == R::m && cols == C::m)
        output_tile<T, R, C, true>(in, plane, filters, out.bias, residual, out.relu, y, line, rows, cols);
      else
        output_tile<T, R, C, false>(in, plane, filters, out.bias, residual, out.relu, y, line, rows, cols);
      // Not a separate loop: a second copy of this one might round y differently.
      if (sums.enabled()) sums.add(block.number, block.skipped + t, y, line, rows, cols);
    });
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
