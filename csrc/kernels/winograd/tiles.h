// How Winograd's algorithm (conv2d_winograd.h) cuts a batch of images into tiles, and tiles into blocks.
//
// Tile (i, j) of an image computes the m x m outputs from (i*m, j*m) on and reads n x n pixels. If the last row or
// column of tiles has only one or two outputs, F4 uses its `Last` tiles there, which have two. An image of 14x14 then
// has 22 x 22 elements instead of 24 x 24, which is 16% less of everything.
//
// All tiles of a block are of one kind; each element of a block is then one matrix product. Therefore the tiles are not
// in the order of the images: the inner tiles of some images come first, then those at their right edge, at their
// bottom edge, and in the corner.
#pragma once

#include <type_traits>

#include "caches.h"
#include "kernels/conv/conv2d_window.h"
#include "kernels/winograd/matrices.h"

namespace tinynet::TINYNET_ISA {
namespace {

constexpr Index kMaxElements = 36;

// Number of rows (or columns) of F's tiles for `outputs` outputs, and whether the last of them is F::Last's.
template <class F>
struct Axis {
  explicit Axis(Index outputs)
      : tiles(ceil_div(outputs, F::m)),
        last(F::Last::m < F::m && outputs % F::m > 0 && outputs % F::m <= F::Last::m),
        elements((tiles - last) * F::n + last * F::Last::n) {}
  Index tiles;
  bool last;
  Index elements;  // if squared: multiplications per image, channel and filter
};

// Tiles first, ..., first + count - 1 of `rows` x `cols` tiles per image, from tile (row, col) on, in images from
// `image` on. All are F's tiles, or F::Last's in their rows (columns).
struct TileBlock {
  Index image, row, col, rows, cols, first, count;
  bool last_rows, last_cols;
  Index number = 0, skipped = 0;  // number of the block, and of its tiles before the first

  TileBlock part(Index begin, Index end) const {
    TileBlock result = *this;
    result.first += begin, result.skipped += begin, result.count = end - begin;
    return result;
  }

  // Calls f(t, image, i, j). t counts from 0.
  template <class Function>
  void for_tiles(const Function& f) const {
    Index j = first % cols, i = first / cols % rows, n = image + first / cols / rows;
    for (Index t = 0; t < count; ++t) {
      f(t, n, row + i, col + j);
      if (++j == cols) {
        j = 0;
        if (++i == rows) i = 0, ++n;
      }
    }
  }
};

// Calls use(F or F::Last for the rows, F or F::Last for the columns).
template <class F, class Use>
inline void with_kind(const TileBlock& block, const Use& use) {
  using Last = typename F::Last;
  if constexpr (std::is_same_v<F, Last>)
    use(F{}, F{});
  else if (block.last_rows)
    block.last_cols ? use(Last{}, Last{}) : use(Last{}, F{});
  else
    block.last_cols ? use(F{}, Last{}) : use(F{}, F{});
}

// The elements of a block's transformed tiles, as indices of elements of the transformed kernel.
struct Elements {
  template <class F>
  static Elements of(const TileBlock& block) {
    Elements result;
    with_kind<F>(block, [&](auto rows, auto cols) {
      for (int i = 0; i < rows.n; ++i)
        for (int j = 0; j < cols.n; ++j) result.index[result.count++] = rows.point[i] * F::points + cols.point[j];
    });
    return result;
  }
  Index count = 0, index[kMaxElements];
};

// What a tile costs, in products: those of its elements, and its transforms, which take as long as some 8 products for
// each channel and filter.
inline Index tile_cost(Index elements, Index depth, Index filters) {
  return elements * (depth * filters + 8 * (depth + filters));
}

// A thread that has less to do costs more than it saves (conv/conv2d_window.h): some 10 us with AVX-512.
constexpr Index kCostOfThread = 400'000;

// How many tiles a block of a forward pass (or input gradient) has. It depends on sizes alone: the moments of y are
// summed block by block. Tiles and products of a block share the L2 cache, as far as that leaves enough tiles to read
// the transformed kernel for.
template <class T>
Index forward_block(Index elements, Index depth, Index filters, Index tiles) {
  const Index per_tile = elements * (depth + filters) * Index(sizeof(T));
  const bool streamed = elements * depth * filters * Index(sizeof(T)) > kStreamedKernelBytes;
  const Index most =
      max(streamed ? kStreamedTiles : 2 * kTileRows, kWinogradBlockBytes / per_tile / kTileRows * kTileRows);
  // Few tiles are cut into up to four equal blocks, for as many threads: one image of 32x32x16 into two of 32 tiles
  // rather than one of 48 and one of 16.
  const Index parts = min(4, max(1, tiles * tile_cost(elements, depth, filters) / kCostOfThread));
  const Index equal = ceil_div(tiles, parts);
  return min(most, equal <= 8 ? 8 : equal <= kTileRows ? kTileRows : ceil_div(equal, kTileRows) * kTileRows);
}

// The same of the weight gradient. Its results are loaded and stored again in every block. If they do not fit into L2,
// it is one element of all tiles that stays there, which allows more of them.
template <class T, bool unit>
Index gradient_block(Index elements, Index channels, Index filters) {
  const Index both = (channels + filters) * Index(sizeof(T));
  const bool streamed = elements * channels * filters * Index(sizeof(T)) > kStreamedKernelBytes;
  if (unit)
    return max(64, (streamed ? kUnitSharedBlockBytes : kGradientBlockBytes) / (elements * both) / 32 * 32);
  const Index size = streamed ? kGradientElementBytes / both : kGradientBlockBytes / (elements * both);
  return max(36, size / kTileRows * kTileRows);
}

// The tiles of a batch in blocks of at most `size`.
class TileBlocks {
 public:
  template <class F>
  static TileBlocks of(Index batch, Index out_height, Index out_width, Index size) {
    const Axis<F> rows(out_height), cols(out_width);
    TileBlocks b;
    b.batch_ = batch, b.size_ = size;
    b.rows_ = rows.tiles, b.cols_ = cols.tiles;
    b.last_row_ = rows.tiles - rows.last, b.last_col_ = cols.tiles - cols.last;
    // Uses as many images together as make whole blocks of each kind.
    b.images_ = b.last_row_ == b.rows_ && b.last_col_ == b.cols_ ? batch : min(batch, size);
    b.each_ = b.in_group(b.images_);
    return b;
  }

  Index tiles() const { return batch_ * rows_ * cols_; }
  Index count() const { return batch_ / images_ * each_ + in_group(batch_ % images_); }

  TileBlock operator[](Index number) const {
    const Index image = number / each_ * images_, images = min(images_, batch_ - image);
    Index index = number % each_;
    for (int kind = 0;; ++kind) {
      TileBlock b = kind_of(kind);
      b.image = image, b.number = number;
      const Index all = images * b.rows * b.cols, blocks = ceil_div(all, size_);
      if (index < blocks) {
        b.first = index * size_;
        b.count = min(size_, all - b.first);
        return b;
      }
      index -= blocks;
    }
  }

 private:
  // The inner tiles, those at the right edge, those at the bottom edge, the corner.
  TileBlock kind_of(int kind) const {
    const bool below = kind / 2, right = kind % 2;
    return {0,
            below ? last_row_ : 0,
            right ? last_col_ : 0,
            below ? rows_ - last_row_ : last_row_,
            right ? cols_ - last_col_ : last_col_,
            0,
            0,
            below,
            right};
  }
  Index in_group(Index images) const {
    Index blocks = 0;
    for (int kind = 0; kind < 4; ++kind) blocks += ceil_div(images * kind_of(kind).rows * kind_of(kind).cols, size_);
    return blocks;
  }

  Index batch_, size_, rows_, cols_, last_row_, last_col_, images_, each_;
};

}  // namespace
}  // namespace tinynet::TINYNET_ISA
