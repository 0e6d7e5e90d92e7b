// The matrix product: C = op(A) op(B), cut into tiles (microkernel.h), panels and blocks.
//
// A tile of C reads a panel of A (up to 12 rows) and a panel of B (two vectors of columns). A panel is packed, that is,
// copied into contiguous memory in the order of its use, if it is read many times or if its layout is bad for the cache
// (A or B transposed, rows 4096 bytes apart). Blocks of k keep the data of a task in the L2 cache.
#pragma once

#include <type_traits>

#include "caches.h"
#include "kernels.h"
#include "kernels/amx/matmul.h"
#include "kernels/helpers.h"
#include "kernels/matmul/types.h"
#include "kernels/matmul/microkernel.h"
#include "kernels/matmul/transpose.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace product {

using helpers::ceil_div;
using helpers::max;
using helpers::Scratch;
using helpers::min;

// How a product of m x k by k x n is cut up. The plan depends on sizes and layout alone, never on the number of
// threads.
template <class T>
struct Plan {
  // Products of more operations run in parallel: 2 million operations take about 9 us on one AVX-512 core, and waking
  // another thread takes 1-2 us.
  static constexpr double kSerial = 2e6;
  static constexpr double kTask = 0.7e6;  // about 3 us: small enough to balance the load, large against an atomic
  static constexpr Index kMaxTasks = 64;
  static constexpr Index kPackedDepth =
      (Tile<T>::low ? kPackedPanelBytes / Tile<T>::columns : kPackedDepthBytes) / Index(sizeof(T));
  static constexpr Index kUnpackedDepth = kUnpackedDepthBytes / sizeof(T);
  static constexpr Index kManyRows = 192;
  static constexpr Index kManyColumns = 256;

  Plan(Index m, Index n, Index k, const Matrix<T>& b) {
    const Index row_tiles = ceil_div(m, Tile<T>::rows), panels = ceil_div(n, Tile<T>::columns);
    height = ceil_div(m, row_tiles);  // 13 rows are 7 + 6, not 12 + 1: a low tile leaves multipliers idle
    const Index page = 4096 / static_cast<Index>(sizeof(T));
    // Of 8192x288x64 with tiles of 6 rows, the 288 lines of a panel in its place would share a quarter of the L1 cache.
    const bool is_large = k * n * Index(sizeof(T)) > (Tile<T>::low ? kReadInPlaceLowBytes : kReadInPlaceBytes);
    pack_b = b.column != 1 || (m >= kManyRows && is_large) ||
             (m > 2 * height && b.row % page == 0 && k > 64);
    // Packing A is worth it if many columns read it: 1024x1056x1056 with A in place takes 4% longer.
    pack_a = n >= kManyColumns && k > 64;
    const Index max_depth = pack_b || pack_a ? kPackedDepth : kUnpackedDepth;
    const Index depths = max(1, ceil_div(k, max_depth + max_depth / 2));
    depth = ceil_div(k, depths);

    const double tile_size = static_cast<double>(height * Tile<T>::columns);
    const double tile_work = 2.0 * tile_size * static_cast<double>(max(1, depth));
    const double work = tile_work * static_cast<double>(row_tiles * panels);
    if (work < kSerial) {
      task_tiles = row_tiles, task_panels = panels;
    } else {
      const double target = work / kMaxTasks > kTask ? work / kMaxTasks : kTask;
      const Index tiles = max(1, static_cast<Index>(target / tile_work));
      task_tiles = ceil_div(row_tiles, ceil_div(row_tiles, min(16, max(1, tiles))));
      task_panels = min(panels, max(1, tiles / task_tiles));
    }
    serial = work < kSerial;
    columns_first = n > m;
  }

  Index height;       // rows of a tile
  Index depth;        // length of a block of k
  Index task_tiles;   // size of a task, in tiles of rows
  Index task_panels;  // and in panels of columns
  bool pack_a, pack_b;
  bool serial;
  bool columns_first;  // consecutive tasks move along the longer side of C, so that each thread reads less
};

// to[k*pitch + i] = from[i*stride + k*step] for i < width, k < depth. stride or step is 1.
template <class T>
void pack_panel(const T* from, Index stride, Index step, Index width, Index depth, T* to, Index pitch) {
  constexpr int lanes = VectorOf<T>::lanes;
  if (stride == 1) {
    for (Index k = 0; k < depth; ++k)
      for (Index i = 0; i < width; ++i) to[k * pitch + i] = from[k * step + i];
    return;
  }
  for (Index i0 = 0; i0 < width; i0 += lanes) {
    const Index count = min(lanes, width - i0);
    const FirstLanes<T> kept(count);
    Index k = 0;
    for (; step == 1 && k + lanes <= depth; k += lanes) {
      Vec<T> square[lanes];
      for (int i = 0; i < lanes; ++i) square[i] = i < count ? load(from + (i0 + i) * stride + k) : Vec<T>{};
      transpose<T>(square);
      for (int i = 0; i < lanes; ++i) kept.store(to + (k + i) * pitch + i0, square[i]);
    }
    for (; k < depth; ++k)
      for (Index i = i0; i < i0 + count; ++i) to[k * pitch + i] = from[i * stride + k * step];
  }
}

// to[panel][k][Tile::columns] = from[k*stride + column] for k < rows; panels are `depth` rows long. All panels are
// packed in one pass over the rows, because the hardware prefetches rows that are read to their end. Packing one panel
// at a time, 2048x2048x2048 takes 5% longer.
template <class T>
void pack_rows(const T* from, Index stride, Index rows, Index columns, T* to, Index depth) {
  constexpr Index width = Tile<T>::columns, lanes = Tile<T>::lanes;
  for (Index k = 0; k < rows; ++k, from += stride, to += width) {
    T* out = to;
    Index j = 0;
    for (; j + width <= columns; j += width, out += depth * width)
      for (Index v = 0; v < width; v += lanes) store(out + v, load(from + j + v));
    for (Index column = j; column < columns; ++column) out[column - j] = from[column];
  }
}

// Whether to cut the sums of a small c into parts. This is for long sums, as in a dense layer with small batches, where
// both factors are larger than c. Each thread then reads its own share of the rows of B. Those are the rows whose
// gradients and new values the same thread computed in the step before; what another core has just written arrives at 5
// GB/s only. With 784 -> 128 and batches of 32, the forward pass of a training step takes 28 us instead of 45.
//
// From about 60 rows on, the matrix unit multiplies the parts, on CPUs that have one. Each element is then split once:
// 128x784x128 takes 95 us in a training step instead of 108.
template <class T>
bool should_split_k(Index m, Index n, Index k, const Matrix<T>& a, const Matrix<T>& b) {
  return a.column == 1 && b.column == 1 && m < Plan<T>::kManyRows && n < Plan<T>::kManyColumns && k >= 512 &&
         2.0 * static_cast<double>(m * n) * static_cast<double>(k) > Plan<T>::kSerial;
}

template <class T>
void multiply_split_k(Index m, Index n, Index k, const Matrix<T>& a, const Matrix<T>& b, T* c,
                       const Epilogue<T>& epilogue) {
  constexpr Index width = Tile<T>::columns;
  const Index parts = 2 * ceil_div(k, 2 * Plan<T>::kUnpackedDepth);
  const Scratch<T> partial((parts - 1) * m * n);  // the sums of the first part are in c
  const auto begin_of = [=](Index part) { return part < parts ? k * part / parts / 32 * 32 : k; };  // whole steps of 32
  // Calls use(k0, k1, i, sums) for the part k0, ..., k1 - 1 of the sums and for the rows from i on, `height` at a time.
  const auto each_part = [&](Index height, const auto& use) {
    const Index bands = ceil_div(m, height);
    parallel_for(parts * bands, 1, [&](Index begin, Index end) {
      for (Index task = begin; task < end; ++task) {
        const Index part = task / bands, i = task % bands * height;
        use(begin_of(part), begin_of(part + 1), i, (part == 0 ? c : partial + (part - 1) * m * n) + i * n);
      }
    });
  };
  // As few tasks as there are threads. They change no bit. Of smaller tasks, the thread that ends first takes one of the
  // other's: it then reads all of that thread's rows of B, which that thread has to fetch again to change them. With
  // batches of 128, Adam's step on such a kernel took 100 us instead of 34.
  const Index bands = ceil_div(num_threads(), parts);
  bool done = false;
#if defined(__AMX_BF16__)
  if constexpr (std::is_same_v<T, float>)
    if (tiles::is_profitable_single_threaded(m, n)) {
      const Index height = ceil_div(ceil_div(m, bands), tiles::kBlock) * tiles::kBlock;
      std::atomic<bool> any_unsplittable{false};
      each_part(height, [&](Index k0, Index k1, Index i, T* sums) {
        if (!tiles::multiply(min(height, m - i), n, k1 - k0, {a.data + i * a.row + k0, a.row, 1},
                             {b.data + k0 * b.row, b.row, 1}, sums, {}, 1))
          any_unsplittable.store(true, std::memory_order_relaxed);
      });
      done = !any_unsplittable.load(std::memory_order_relaxed);
    }
#endif
  if (!done) {
    const Index height = ceil_div(m, ceil_div(m, Tile<T>::rows));
    Index a_row[Tile<T>::rows], c_row[Tile<T>::rows];
    for (Index i = 0; i < height; ++i) a_row[i] = i * a.row, c_row[i] = i * n;
    const Index band = ceil_div(ceil_div(m, height), bands) * height;
    each_part(band, [&](Index k0, Index k1, Index first, T* sums) {
      for (Index i = first; i < min(m, first + band); i += height, sums += height * n)
        for (Index j = 0; j < n; j += width)
          compute_tile(TileProduct<T>{a.data + i * a.row + k0, a_row, 1, b.data + k0 * b.row + j, b.row, k1 - k0,
                                      sums + j, c_row, false, nullptr, false},
                       static_cast<int>(min(height, m - i)), min(width, n - j));
    });
  }
  parallel_for(m, ceil_div(4096, n), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i)
      for (Index j = 0; j < n; j += Tile<T>::lanes) {
        const FirstLanes<T> kept(min(Tile<T>::lanes, n - j));
        T* const out = c + i * n + j;
        Vec<T> sum = kept.load(out);
        for (Index part = 0; part + 1 < parts; ++part) sum += kept.load(partial + (part * m + i) * n + j);
        if (epilogue.bias != nullptr) sum += kept.load(epilogue.bias + j);
        kept.store(out, epilogue.relu ? sum < 0 ? Vec<T>{} : sum : sum);  // NaN stays NaN
      }
    if (epilogue.activate != nullptr) epilogue.activate(c + begin * n, end - begin, n, n);
  });
}

// c[i][j] = f(sum over k of a(i, k) * b(k, j) + bias[j]). c is dense, m x n.
template <class T>
void multiply(Index m, Index n, Index k, const Matrix<T>& a, const Matrix<T>& b, T* c, const Epilogue<T>& epilogue) {
  if (m == 0 || n == 0) return;
#if defined(__AMX_BF16__)
  if constexpr (std::is_same_v<T, float>)
    if (tiles::is_profitable(m, n, k) && tiles::multiply(m, n, k, a, b, c, epilogue)) return;
#endif
  constexpr Index width = Tile<T>::columns;
  const Plan<T> plan(m, n, k, b);
  const Index height = plan.height;
  const Index row_tiles = ceil_div(m, height), panels = ceil_div(n, width);
  const Index task_rows = ceil_div(row_tiles, plan.task_tiles), task_columns = ceil_div(panels, plan.task_panels);
  const Scratch<T> packed_a(plan.pack_a ? row_tiles * height * plan.depth : 0);  // [tile][k][height]
  const Scratch<T> packed_b(plan.pack_b ? panels * width * plan.depth : 0);      // [panel][k][width]
  const bool by_rows = b.column == 1;

  Index k0 = 0;
  do {
    const Index depth = min(plan.depth, k - k0);
    const T* const a_block = a.data + k0 * a.column;
    const T* const b_block = b.data + k0 * b.row;
    // Each part packs its share of A and of B. The thread that multiplies these rows of A later is the one that packs
    // them.
    const Index packs_a = plan.pack_a ? row_tiles : 0, packs_b = !plan.pack_b ? 0 : by_rows ? depth : panels;
    const Index parts = packs_a + packs_b == 0 ? 0 : plan.serial ? 1 : Plan<T>::kMaxTasks;
    parallel_for(parts, 1, [&](Index begin, Index end) {
      const Index first_a = packs_a * begin / parts, last_a = packs_a * end / parts;
      const Index first_b = packs_b * begin / parts, last_b = packs_b * end / parts;
      for (Index i = first_a * height; i < last_a * height; i += height)
        pack_panel<T>(a_block + i * a.row, a.row, a.column, min(height, m - i), depth, packed_a + i * depth,
                      height);
      if (by_rows)
        pack_rows<T>(b_block + first_b * b.row, b.row, last_b - first_b, n, packed_b + first_b * width, depth);
      else
        for (Index j = first_b * width; j < last_b * width; j += width)
          pack_panel<T>(b_block + j * b.column, b.column, b.row, min(width, n - j), depth, packed_b + j * depth,
                        width);
    });

    const bool first = k0 == 0, last = k0 + depth >= k;
    parallel_for(task_rows * task_columns, 1, [&](Index begin, Index end) {
      for (Index task = begin; task < end; ++task) {
        const Index task_row = plan.columns_first ? task % task_rows : task / task_columns;
        const Index task_column = plan.columns_first ? task / task_rows : task % task_columns;
        const Index i0 = task_row * plan.task_tiles * height, i1 = min(m, i0 + plan.task_tiles * height);
        const Index j0 = task_column * plan.task_panels * width, j1 = min(n, j0 + plan.task_panels * width);
        Index a_row[Tile<T>::rows], c_row[Tile<T>::rows];
        for (Index i = 0; i < height; ++i) {
          a_row[i] = i * a.row;
          c_row[i] = i * n;
        }
        TileProduct<T> tile{};
        tile.a_row = plan.pack_a ? nullptr : a_row;
        tile.a_step = plan.pack_a ? height : a.column;
        tile.b_step = plan.pack_b ? width : b.row;
        tile.depth = depth;
        tile.c_row = c_row;
        tile.accumulate = !first;
        tile.relu = last && epilogue.relu;
        const auto compute = [&](Index i, Index j, Index together = 1) {
          tile.a = plan.pack_a ? packed_a + i * depth : a_block + i * a.row;
          tile.b = plan.pack_b ? packed_b + j * depth : b_block + j;
          tile.c = c + i * n + j;
          tile.bias = last && epilogue.bias != nullptr ? epilogue.bias + j : nullptr;
          compute_panels(tile, static_cast<int>(min(height, m - i)), n - j, together,
                         plan.pack_b ? depth * width : width);
        };
        // One panel stays in the L1 cache while the panels of the other factor come from the L2 cache: that of more
        // columns or rows. With the loops exchanged, 2048x2048x2048 takes 10% longer with tiles of 12x32.
        if (m == 1) {
          for (Index j = j0, together; j < j1; j += together * width)
            compute(0, j, together = panels_together<T>(m, j1 - j));
        } else if constexpr (Tile<T>::low) {
          for (Index j = j0; j < j1; j += width)
            for (Index i = i0; i < i1; i += height) compute(i, j);
        } else {
          for (Index i = i0; i < i1; i += height)
            for (Index j = j0; j < j1; j += width) compute(i, j);
        }
        if (last && epilogue.activate != nullptr) epilogue.activate(c + i0 * n + j0, i1 - i0, j1 - j0, n);
      }
    });
    k0 += depth;
  } while (k0 < k);
}

}  // namespace product

// c[g] = op(a[a_offset[g]]) op(b[b_offset[g]]) for each of `batch` products. c[g] is m x n.
template <class T>
void matmul(const T* a, const Index* a_offset, const T* b, const Index* b_offset, T* c, Index batch, Index m, Index n,
            Index k, bool transpose_a, bool transpose_b) {
  const auto one = [&](Index g) {
    const product::Matrix<T> left{a + a_offset[g], transpose_a ? 1 : k, transpose_a ? m : 1};
    const product::Matrix<T> right{b + b_offset[g], transpose_b ? 1 : n, transpose_b ? k : 1};
    product::multiply(m, n, k, left, right, c + g * m * n, product::Epilogue<T>{});
  };
  // Small products are distributed over the threads whole (a product inside a parallel_for starts no second one). Large
  // products run one after another, each on all threads.
  const double work = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  const double products_per_task = product::Plan<T>::kSerial / 2 / (work + 100.0);
  const Index grain =
      work > 4 * product::Plan<T>::kSerial ? batch : helpers::max(1, static_cast<Index>(products_per_task));
  parallel_for(batch, grain, [&](Index begin, Index end) {
    for (Index g = begin; g < end; ++g) one(g);
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
