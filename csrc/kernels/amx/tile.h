// Products of float32 matrices on the CPU's matrix unit (Intel AMX). The unit multiplies bfloat16 only, which has 8
// significant bits.
//
// A float32 has 24 significant bits, so it is exactly the sum of three bfloat16:
//
//   x = h + m + l,   h = x rounded to 8 bits,   m = the next 8 bits of x - h,   l = the remainder
//   x y = h h' + (h m' + m h') + (m m' + h l' + l h') + (m l' + l m' + l l')
//
// The last bracket is at most 2^-23 |x y|, and mostly far less. It is left out, which leaves six products. The matrix
// unit computes the six 2.1 times as fast as AVX-512 computes the one (470 against 225 GFLOPS per core, measured on a
// Xeon of 2023). Sums are accumulated in float32. Error over sum |x||y|, for standard normal elements: at most 7e-8 for
// 512 products, half the error of a chain of float32 multiply-adds.
//
// Two things differ from float32 arithmetic. Pieces below 2^-126 count as zero, so products are wrong by up to 2^-126
// |y|. An infinity, a NaN, or a value that rounds to an infinite bfloat16 cannot be split: `split` reports this, and
// the caller then uses ordinary float32 arithmetic.
#pragma once

#if defined(__AMX_BF16__)

#include <atomic>
#include <cstring>

#include "kernels/helpers.h"
#include "simd.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace tiles {

using BFloat16 = std::uint16_t;  // the bits of a bfloat16

constexpr Index kRows = 16;              // rows of a tile
constexpr Index kColumns = 16;           // columns of a tile of sums, which are float32
constexpr Index kDepth = 32;             // products per sum and step: a row of a tile has 32 bfloat16
constexpr Index kTile = kRows * kDepth;  // bfloat16 in a tile: 1 KB
constexpr Index kPieces = 3;             // h, m, l
constexpr Index kSplitTile = kPieces * kTile;
constexpr Index kBlock = 32;  // rows and columns of sums that one call computes at most

// Turns the matrix unit on for this thread, for the lifetime of the object. Tiles of the left factor and of sums have
// `height` rows, at most 16. Each product takes `height` cycles.
class Unit {
 public:
  explicit Unit(Index height = kRows) {
    struct alignas(64) {
      std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
      std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      std::uint8_t rows[16] = {};
    } shape;
    for (int tile = 0; tile < 8; ++tile) shape.rows[tile] = static_cast<std::uint8_t>(tile < 6 ? height : 16);
    _tile_loadconfig(&shape);
  }
  ~Unit() { _tile_release(); }  // otherwise every context switch saves 8 KB more
  Unit(const Unit&) = delete;
  Unit& operator=(const Unit&) = delete;
};

using Bits = std::uint32_t __attribute__((vector_size(64)));

// 32 elements in three pieces. The matrix unit takes the elements in pairs: an element of `piece[p]` holds one element
// of `first` in its lower half and one of `second` in its upper half.
struct Split {
  Bits piece[kPieces];
};

// The upper half of a float32 is a bfloat16. `unsplittable` becomes NaN in lanes where an element could not be split.
inline Split split(Vec<float> first, Vec<float> second, Vec<float>& unsplittable) {
  constexpr std::uint32_t upper = 0xffff0000u, half = 0x8000u;
  const auto bits = [](Vec<float> x) { return reinterpret_cast<Bits>(x); };
  const auto number = [](Bits x) { return reinterpret_cast<Vec<float>>(x); };
  const Bits h1 = (bits(first) + half) & upper, h2 = (bits(second) + half) & upper;
  const Vec<float> remainder1 = first - number(h1), remainder2 = second - number(h2);
  const Bits m1 = bits(remainder1) & upper, m2 = bits(remainder2) & upper;
  const Vec<float> l1 = remainder1 - number(m1), l2 = remainder2 - number(m2);  // exact: these are already bfloat16
  unsplittable += l1 * 0.0f;                                                // inf - inf is NaN
  unsplittable += l2 * 0.0f;
  return {{h1 >> 16 | h2, m1 >> 16 | m2, bits(l1) >> 16 | bits(l2)}};
}

// The same for 32 consecutive elements, in pairs of neighbours.
inline Split split_neighbours(Vec<float> low, Vec<float> high, Vec<float>& unsplittable) {
  constexpr Lanes<float> even = {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30};
  return split(shuffle<float>(low, high, even), shuffle<float>(low, high, even + 1), unsplittable);
}

inline bool any_nan(Vec<float> x) {
  bool any = false;
  for (int i = 0; i < 16; ++i) any |= x[i] != x[i];
  return any;
}

// Stores row `row` of a split tile. The three pieces are one tile apart.
inline void store_row(const Split& s, BFloat16* tile, Index row) {
  for (Index p = 0; p < kPieces; ++p) std::memcpy(tile + p * kTile + row * kDepth, &s.piece[p], 64);
}

// The addresses of the tiles of one factor, for one tile or two adjacent ones.
struct Factor {
  const BFloat16* tile[2];
  Index row_bytes;  // from row to row: 64 if packed
  Index piece;      // from h to m to l, in bfloat16: kTile if packed
};

// Where the sums are stored: one or two tiles of rows. Each row is 16 or 32 elements wide, and rows are `stride`
// elements apart. `add`: accumulate into the stored values.
struct Sums {
  float* tile[2];
  Index stride;
  bool add = false;
};

// sums = sum over `steps` of left * right. Step s loads left.tile + left_at[s] and right.tile + right_at[s], or uses
// the offset s * kSplitTile where the array is null. There are one or two tiles of rows and of columns; with two of
// each, every tile is used twice.
//
// The six products are computed in an order, small ones first, that loads each piece of the left factor once.
template <int rows, int columns>
__attribute__((noinline)) void multiply_tiles(const Factor& left, const Index* left_at, const Factor& right,
                                              const Index* right_at, Index steps, const Sums& sums) {
  asm volatile("" ::: "memory");  // the compiler cannot see what the tile loads read: finish the stores to it first
  const Index bytes = sums.stride * Index(sizeof(float));
  alignas(64) float unread[kRows * kColumns];
  if (sums.add) {
    _tile_loadd(0, sums.tile[0], bytes);
    if constexpr (columns == 2) _tile_loadd(1, sums.tile[0] + kColumns, bytes);
    if constexpr (rows == 2) _tile_loadd(2, sums.tile[1], bytes);
    if constexpr (rows == 2 && columns == 2) _tile_loadd(3, sums.tile[1] + kColumns, bytes);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  const auto load_left = [&](Index at, Index piece) __attribute__((always_inline)) {
    _tile_loadd(4, left.tile[0] + at + piece * left.piece, left.row_bytes);
    if constexpr (rows == 2) _tile_loadd(5, left.tile[1] + at + piece * left.piece, left.row_bytes);
  };
  const auto load_right = [&](Index at, Index piece) __attribute__((always_inline)) {
    _tile_loadd(6, right.tile[0] + at + piece * right.piece, 64);
    if constexpr (columns == 2) _tile_loadd(7, right.tile[1] + at + piece * right.piece, 64);
  };
  const auto multiply = [&]() __attribute__((always_inline)) {
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (columns == 2) _tile_dpbf16ps(1, 4, 7);
    if constexpr (rows == 2) _tile_dpbf16ps(2, 5, 6);
    if constexpr (rows == 2 && columns == 2) _tile_dpbf16ps(3, 5, 7);
  };
  for (Index s = 0; s < steps; ++s) {
    const Index from = left_at == nullptr ? s * kSplitTile : left_at[s];
    const Index at = right_at == nullptr ? s * kSplitTile : right_at[s];
    enum { h, m, l };
    load_left(from, l), load_right(at, h), multiply();
    load_left(from, m), multiply();
    load_right(at, m), multiply();
    load_left(from, h), multiply();
    load_right(at, l), multiply();
    load_right(at, h), multiply();
    // The first store of a tile after more than five steps costs about 800 cycles. A store in between, whose result is
    // never read, prevents that (measured: 18 steps take 7100 cycles without it, 6400 with it).
    if (s % 4 == 3) _tile_stored(0, unread, 64);
  }
  _tile_stored(0, sums.tile[0], bytes);
  if constexpr (columns == 2) _tile_stored(1, sums.tile[0] + kColumns, bytes);
  if constexpr (rows == 2) _tile_stored(2, sums.tile[1], bytes);
  if constexpr (rows == 2 && columns == 2) _tile_stored(3, sums.tile[1] + kColumns, bytes);
  asm volatile("" ::: "memory");
}

inline void multiply_tiles(int rows, int columns, const Factor& left, const Index* left_at, const Factor& right,
                           const Index* right_at, Index steps, const Sums& sums) {
  if (rows == 2)
    columns == 2 ? multiply_tiles<2, 2>(left, left_at, right, right_at, steps, sums)
                 : multiply_tiles<2, 1>(left, left_at, right, right_at, steps, sums);
  else
    columns == 2 ? multiply_tiles<1, 2>(left, left_at, right, right_at, steps, sums)
                 : multiply_tiles<1, 1>(left, left_at, right, right_at, steps, sums);
}

}  // namespace tiles
}  // namespace
}  // namespace tinynet::TINYNET_ISA

#endif
