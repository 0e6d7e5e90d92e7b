// The matrix product of float32 matrices on the matrix unit. amx/tile.h explains the arithmetic; this file cuts the
// product into tiles and blocks.
//
// A task computes a block of C. It splits its rows of A for one block of k at a time; the split rows stay in its L2
// cache. B is split by each task, one run of columns at a time. If more than two tasks would split the same columns, B
// is split once, beforehand. (Fetching what another core has just written takes about as long as splitting it twice.)
#pragma once

#include "kernels/matmul/types.h"

#if defined(__AMX_BF16__)

#include "caches.h"
#include "kernels/amx/tile.h"
#include "kernels/matmul/transpose.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace tiles {

using helpers::ceil_div;
using helpers::max;
using helpers::Scratch;
using helpers::min;
using product::Epilogue;
using product::Matrix;

constexpr Index kMaxDepth = 1024;  // of a block of k
// If one run holds all columns of a task, two row tiles at a time are split and multiplied while they are in the L1
// cache: 4096x64x64 takes 0.83 and 2048x256x256 takes 0.88 of the time. (With A transposed, 784x128x128 takes 1.04.)

// Packs a tile from 32 vectors of 16 elements, two vectors per row. `count` vectors are filled, each `width` wide.
inline void pack_vectors(const float* from, Index stride, Index count, Index width, BFloat16* tile,
                         Vec<float>& unsplittable) {
  const FirstLanes<float> kept(min(16, width));
  for (Index i = 0; i < 16; ++i) {
    const Vec<float> first = 2 * i < count ? kept.load(from + 2 * i * stride) : Vec<float>{};
    const Vec<float> second = 2 * i + 1 < count ? kept.load(from + (2 * i + 1) * stride) : Vec<float>{};
    store_row(split(first, second, unsplittable), tile, i);
  }
}

// Packs a tile from 16 rows of 32 adjacent elements. `count` rows are filled, each `width` wide.
inline void pack_rows_of_neighbours(const float* from, Index stride, Index count, Index width, BFloat16* tile,
                                    Vec<float>& unsplittable) {
  const FirstLanes<float> kept(min(16, width)), kept_second(max(0, width - 16));
  for (Index i = 0; i < 16; ++i) {
    const Vec<float> low = i < count ? kept.load(from + i * stride) : Vec<float>{};
    const Vec<float> high = i < count ? kept_second.load(from + i * stride + 16) : Vec<float>{};
    store_row(split_neighbours(low, high, unsplittable), tile, i);
  }
}

// Transposes the 16 x 16 pairs of each piece.
inline void transpose_tile(BFloat16* tile) {
  for (Index p = 0; p < kPieces; ++p) {
    Vec<float> rows[16];  // of pairs: no arithmetic is done on them
    std::memcpy(rows, tile + p * kTile, sizeof rows);
    transpose<float>(rows);
    std::memcpy(tile + p * kTile, rows, sizeof rows);
  }
}

// Packs a tile of the left factor: 16 rows (`rows` of them filled) by 32 values of k (`depth` filled).
inline void pack_left(const Matrix<float>& a, Index rows, Index depth, BFloat16* tile, Vec<float>& unsplittable) {
  if (a.column == 1) return pack_rows_of_neighbours(a.data, a.row, rows, depth, tile, unsplittable);
  pack_vectors(a.data, a.column, depth, rows, tile, unsplittable);
  transpose_tile(tile);
}

// Packs a tile of the right factor: 32 values of k (`depth` filled), in pairs, by 16 columns (`columns` filled).
inline void pack_right(const Matrix<float>& b, Index depth, Index columns, BFloat16* tile, Vec<float>& unsplittable) {
  if (b.column == 1) return pack_vectors(b.data, b.row, depth, columns, tile, unsplittable);
  pack_rows_of_neighbours(b.data, b.column, columns, depth, tile, unsplittable);
  transpose_tile(tile);
}

// c[rows][columns] (+)= sums, then bias and activation. Stores the part of a 32 x 32 block that lies inside C.
inline void store_block(const float* sums, float* c, Index stride, Index rows, Index columns, bool accumulate,
                        const float* bias, bool relu) {
  for (Index j = 0; j < columns; j += kColumns) {
    const FirstLanes<float> kept(min(kColumns, columns - j));
    const Vec<float> offset = bias == nullptr ? Vec<float>{} : kept.load(bias + j);
    for (Index i = 0; i < rows; ++i) {
      float* const out = c + i * stride + j;
      Vec<float> value = load(sums + i * kBlock + j);
      if (accumulate) value += kept.load(out);
      if (bias != nullptr) value += offset;
      if (relu) value = value < 0 ? Vec<float>{} : value;  // NaN stays NaN
      kept.store(out, value);
    }
  }
}

// Whether the matrix unit is faster than the vector units: 2mnk operations must outweigh splitting A and B, one of
// which is split twice.
inline bool is_profitable(Index m, Index n, Index k) {
  const double split = static_cast<double>(min(m + 2 * n, 2 * m + n));
  const double elements = static_cast<double>(m) * static_cast<double>(n);
  return k >= kDepth && elements >= 60.0 * split && elements * static_cast<double>(k) > 3e6;
}

// The same for a product on one thread, which splits A and B once.
inline bool is_profitable_single_threaded(Index m, Index n) { return m * n >= 40 * (m + n); }

// The tasks: `rows` x `columns` of them. Their number depends on the number of threads, which changes no bit: each
// element of C is one chain over k. Splitting costs least when the tasks are square.
struct Grid {
  Grid(Index row_tiles, Index column_tiles, Index max_rows, Index threads) {
    const Index target = threads * (row_tiles * column_tiles > 1024 ? 2 : 1);
    Index min_cost = 0;
    for (Index r = 1; r <= min(target, row_tiles); ++r) {
      const Index c = min(column_tiles, ceil_div(target, r));
      const Index cost = r * column_tiles + c * row_tiles;
      if (r == 1 || cost < min_cost) min_cost = cost, rows = r, columns = c;
    }
    rows = max(rows, ceil_div(row_tiles, max_rows));
    task_rows = ceil_div(ceil_div(row_tiles, rows), 2) * 2;
    task_columns = ceil_div(ceil_div(column_tiles, columns), 2) * 2;
    rows = ceil_div(row_tiles, task_rows);
    columns = ceil_div(column_tiles, task_columns);
  }
  Index rows = 1, columns = 1;
  Index task_rows, task_columns;  // in tiles, even
};

// Calls pack(tile, step) for each step of each tile. The calls follow the rows of the source matrix, because the
// hardware prefetches along rows. `along_depth`: the rows run from step to step.
template <class Pack>
inline void each_tile(bool along_depth, Index tiles, Index steps, const Pack& pack) {
  if (along_depth) {
    for (Index tile = 0; tile < tiles; ++tile)
      for (Index s = 0; s < steps; ++s) pack(tile, s);
  } else {
    for (Index s = 0; s < steps; ++s)
      for (Index tile = 0; tile < tiles; ++tile) pack(tile, s);
  }
}

// Like product::multiply. Returns false, with c undefined, if an element of a or b cannot be split.
inline bool multiply(Index m, Index n, Index k, const Matrix<float>& a, const Matrix<float>& b, float* c,
                     const Epilogue<float>& epilogue, Index threads = num_threads()) {
  const Index depth = ceil_div(ceil_div(k, ceil_div(k, kMaxDepth)), kDepth) * kDepth;
  const Index panel = depth / kDepth * kSplitTile;  // one tile wide, over the whole depth
  const Index column_tiles = ceil_div(n, kColumns);
  const Grid grid(ceil_div(m, kRows), column_tiles, kBandBytes / (panel * Index(sizeof(BFloat16))), threads);
  const bool pack_b_once = grid.rows > 2;
  const Index run = max(1, kRunBytes / (2 * panel * Index(sizeof(BFloat16)))) * kBlock;  // columns
  const bool narrow = a.column == 1 && run >= grid.task_columns * kColumns;
  const Scratch<BFloat16> shared(pack_b_once ? column_tiles * panel : 0);
  std::atomic<bool> any_unsplittable{false};
  const bool plain = epilogue.bias == nullptr && !epilogue.relu;

  for (Index k0 = 0; k0 < k; k0 += depth) {
    const Index present = min(depth, k - k0), steps = ceil_div(present, kDepth);
    const bool first = k0 == 0, last = k0 + depth >= k;
    // Packs step s of the tile of columns j, ..., at most last_j - 1.
    const auto pack_column_tile = [&](Index j, Index last_j, Index s, BFloat16* tile, Vec<float>& unsplittable) {
      pack_right({b.data + (k0 + s * kDepth) * b.row + j * b.column, b.row, b.column},
                 min(kDepth, present - s * kDepth), min(kColumns, last_j - j), tile, unsplittable);
    };
    if (pack_b_once)  // here too, packing follows the rows
      parallel_for(steps, 1, [&](Index begin, Index end) {
        Vec<float> unsplittable{};
        for (Index s = begin; s < end; ++s)
          for (Index tile = 0; tile < column_tiles; ++tile)
            pack_column_tile(tile * kColumns, n, s, shared + tile * panel + s * kSplitTile, unsplittable);
        if (any_nan(unsplittable)) any_unsplittable.store(true, std::memory_order_relaxed);
      });
    parallel_for(grid.rows * grid.columns, 1, [&](Index begin, Index end) {
      const Unit unit;
      const Scratch<BFloat16> rows((narrow ? 2 : grid.task_rows) * panel);
      const Scratch<BFloat16> columns(pack_b_once ? 0 : min(run / kColumns, grid.task_columns) * panel);
      alignas(64) float sums[kBlock * kBlock];
      Vec<float> unsplittable{};
      for (Index task = begin; task < end; ++task) {
        const Index i0 = task / grid.columns * grid.task_rows * kRows;
        const Index j0 = task % grid.columns * grid.task_columns * kColumns;
        const Index i1 = min(m, i0 + grid.task_rows * kRows), j1 = min(n, j0 + grid.task_columns * kColumns);
        const auto pack_rows = [&](Index first_i, Index last_i) {
          each_tile(a.column == 1, ceil_div(last_i - first_i, kRows), steps, [&](Index tile, Index s) {
            const Index i = first_i + tile * kRows;
            pack_left({a.data + i * a.row + (k0 + s * kDepth) * a.column, a.row, a.column}, min(kRows, last_i - i),
                      min(kDepth, present - s * kDepth), rows + tile * panel + s * kSplitTile, unsplittable);
          });
        };
        if (!narrow) pack_rows(i0, i1);
        for (Index first_j = j0; first_j < j1; first_j += run) {
          const Index last_j = min(j1, first_j + run);
          if (!pack_b_once)
            each_tile(b.row == 1, ceil_div(last_j - first_j, kColumns), steps, [&](Index tile, Index s) {
              pack_column_tile(first_j + tile * kColumns, last_j, s, columns + tile * panel + s * kSplitTile,
                               unsplittable);
            });
          const BFloat16* const split = pack_b_once ? shared + first_j / kColumns * panel : columns;
          for (Index i = i0; i < i1; i += kBlock) {
            if (narrow) pack_rows(i, min(i1, i + kBlock));
            const BFloat16* const left = narrow ? rows : rows + (i - i0) / kRows * panel;
            for (Index j = first_j; j < last_j; j += kBlock) {
              const BFloat16* const right = split + (j - first_j) / kColumns * panel;
              float* const block = c + i * n + j;
              const Index height = min(kBlock, i1 - i), width = min(kBlock, j1 - j);
              for (Index r = 0; r < height; ++r) {
                __builtin_prefetch(block + r * n, 1);
                __builtin_prefetch(block + r * n + kColumns, 1);
              }
              const bool direct = plain && first && height == kBlock && width == kBlock;
              const Sums to =
                  direct ? Sums{{block, block + kRows * n}, n} : Sums{{sums, sums + kRows * kBlock}, kBlock};
              multiply_tiles(height > kRows ? 2 : 1, width > kColumns ? 2 : 1, {{left, left + panel}, 64, kTile},
                             nullptr, {{right, right + panel}, 64, kTile}, nullptr, steps, to);
              if (!direct)
                store_block(sums, block, n, height, width, !first,
                            last && epilogue.bias != nullptr ? epilogue.bias + j : nullptr, last && epilogue.relu);
            }
          }
        }
        if (last && epilogue.activate != nullptr) epilogue.activate(c + i0 * n + j0, i1 - i0, j1 - j0, n);
      }
      if (any_nan(unsplittable)) any_unsplittable.store(true, std::memory_order_relaxed);
    });
    if (any_unsplittable.load(std::memory_order_relaxed)) return false;
  }
  return true;
}

}  // namespace tiles
}  // namespace
}  // namespace tinynet::TINYNET_ISA

#endif
