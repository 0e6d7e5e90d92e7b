// The two kinds of pooling, and the taps of a window and the windows over a pixel: shared by pooling/channels.h and
// pooling/lines.h.
#pragma once

#include "kernels/conv/conv2d_direct.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace pooling {

constexpr Index kGrain = 16384;  // elements of x per block: about 2 us of work if they are in the cache

template <class T>
using Indices = Lanes<T>;  // argmax indices: integers as wide as T, taps counted row by row

template <class T, class StoredIndex>
struct StoredIndices {
  typedef StoredIndex type
      __attribute__((vector_size(sizeof(StoredIndex) * VectorOf<T>::lanes), aligned(alignof(StoredIndex)), may_alias));
};

template <class T, class StoredIndex>
inline Indices<T> load_indices(const StoredIndex* memory) {
#if defined(__AVX2__)  // GCC 12 converts element by element: 47 instructions for 16 indices
  if constexpr (__is_same(T, float) && sizeof(StoredIndex) == 1) {
#if defined(__AVX512F__)
    return (Indices<T>)_mm512_maskz_cvtepu8_epi32(0xFFFF, _mm_loadu_si128(reinterpret_cast<const __m128i*>(memory)));
#else
    return (Indices<T>)_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(memory)));
#endif
  }
#endif
  using Stored = typename StoredIndices<T, StoredIndex>::type;
  return __builtin_convertvector(*reinterpret_cast<const Stored*>(memory), Indices<T>);
}

template <class T, class StoredIndex>
inline void store_indices(StoredIndex* memory, Indices<T> indices) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  // GCC 12 converts element by element: three times slower.
  if constexpr (__is_same(T, float) && sizeof(StoredIndex) == 1) {
    const __m256i wide = (__m256i)indices;
    const __m128i half = _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(memory), _mm_packus_epi16(half, half));
    return;
  }
#endif
  using Stored = typename StoredIndices<T, StoredIndex>::type;
  *reinterpret_cast<Stored*>(memory) = __builtin_convertvector(indices, Stored);
}

template <class T>
inline Indices<T> broadcast_index(Index index) {
  return Indices<T>{} + static_cast<decltype(Indices<T>{}[0] + 0)>(index);
}

template <class T>
inline Indices<T> shuffle_indices(Indices<T> indices, Indices<T> lane) {
  return (Indices<T>)shuffle<T>((Vec<T>)indices, lane);
}

// The vector, with zeros in the lanes before `first`.
template <class T>
inline Vec<T> lanes_from(Vec<T> value, Index first) {
  for (Index lane = 0; lane < VectorOf<T>::lanes; ++lane) value[lane] = lane < first ? T(0) : value[lane];
  return value;
}

struct Span {
  Index begin, end;
  Index size() const { return end - begin; }
};

// The taps of window `i` that are inside the image, along one axis.
inline Span taps_inside(Index i, Index stride, Index pool, Index pad, Index size) {
  return {max(0, pad - i * stride), min(pool, size + pad - i * stride)};
}

// Taps are counted from the window's corner, so two rows of a larger window are a different case.
inline bool is_two_by_two(Span rows, Span cols, Index pool_w) {
  return pool_w == 2 && rows.begin == 0 && rows.end == 2 && cols.begin == 0 && cols.end == 2;
}

// The windows that cover row (or column) `at`, along one axis.
inline Span windows_over(Index at, Index stride, Index pool, Index pad, Index out) {
  const Index last = at + pad;
  return {last < pool ? 0 : (last - pool) / stride + 1, min(out, last / stride + 1)};
}

inline Index rows_per_block(Index row_elements) { return max(1, kGrain / max(1, row_elements)); }

// Zeros the rows of dx between window i, whose `rows` begin at `first`, and the next window, or the end of the image.
template <class T>
inline void zero_rows_below(const Pool2dShape& s, Index i, Span rows, T* first) {
  const Index line = s.width * s.channels, corner = i * s.stride_h - s.pad_top;
  const Index gap = corner + rows.end, next = i + 1 < s.out_height ? corner + s.stride_h : s.height;
  if (gap < next)
    __builtin_memset(first + rows.size() * line, 0, sizeof(T) * static_cast<std::size_t>((next - gap) * line));
}

// The two kinds of pooling. `Accumulator` is one vector of outputs while its window is read. `PooledGradient` is one
// vector of dy.

template <class T, class StoredIndex>
struct Maximum {
  T* y;
  StoredIndex* argmax;  // null: not stored

  struct Accumulator {
    Vec<T> best;
    Indices<T> argmax;
    Accumulator(Vec<T> first, Indices<T> at) : best(first), argmax(at) {}
    void accumulate(Vec<T> value, Index tap) {  // the first of equal values wins, and the first NaN
      const Indices<T> take = ~(value <= best) & (best == best);
      best = take ? value : best;
      argmax = take ? broadcast_index<T>(tap) : argmax;
    }
  };
  void finish(Index at, const Accumulator& accumulator, Index) const {
    store(y + at, accumulator.best);
    if (argmax != nullptr) store_indices<T>(argmax + at, accumulator.argmax);
  }
  void finish(Index at, const Accumulator& accumulator, Index, Index count) const {  // the first `count` lanes
    FirstLanes<T>(count).store(y + at, accumulator.best);
    if (argmax == nullptr) return;
    StoredIndex all[VectorOf<T>::lanes];
    store_indices<T>(all, accumulator.argmax);
    for (Index l = 0; l < count; ++l) argmax[at + l] = all[l];
  }
  static T outside() { return -T(__builtin_inf()); }
};

template <class T>
struct Mean {
  T* y;

  struct Accumulator {
    Vec<T> sum;
    Accumulator(Vec<T> first, Indices<T>) : sum(first) {}
    void accumulate(Vec<T> value, Index) { sum += value; }
  };
  void finish(Index at, const Accumulator& accumulator, Index tap_count) const {
    store(y + at, accumulator.sum / broadcast(T(tap_count)));
  }
  static T outside() { return 0; }
};

template <class T, class StoredIndex>
struct MaximumGradient {
  const T* dy;
  const StoredIndex* argmax;

  struct PooledGradient {
    Vec<T> dy;
    Indices<T> argmax;
    Vec<T> of(Index tap) const { return of(broadcast_index<T>(tap)); }
    Vec<T> of(Indices<T> taps) const { return argmax == taps ? dy : Vec<T>{}; }
    PooledGradient from(Index lane) const { return {lanes_from<T>(dy, lane), argmax}; }
    PooledGradient permuted(Indices<T> lane) const {
      return {shuffle<T>(dy, lane), shuffle_indices<T>(argmax, lane)};
    }
  };
  PooledGradient gradient_at(Index at, Index) const { return {load(dy + at), load_indices<T>(argmax + at)}; }
  PooledGradient gradient_at(Index at, Index, const T*) const { return gradient_at(at, 0); }
  MaximumGradient from(Index at) const { return {dy + at, argmax + at}; }
};

template <class T>
struct MeanGradient {
  const T* dy;

  struct PooledGradient {
    Vec<T> dy;
    Vec<T> of(Index) const { return dy; }
    Vec<T> of(Indices<T> taps) const { return taps >= 0 ? dy : Vec<T>{}; }
    PooledGradient from(Index lane) const { return {lanes_from<T>(dy, lane)}; }
    PooledGradient permuted(Indices<T> lane) const { return {shuffle<T>(dy, lane)}; }
  };
  PooledGradient gradient_at(Index at, Index tap_count) const { return {load(dy + at) / broadcast(T(tap_count))}; }
  // Of adjacent windows with `columns` columns inside.
  PooledGradient gradient_at(Index at, Index rows, const T* columns) const {
    return {load(dy + at) / (load(columns) * broadcast(T(rows)))};
  }
  MeanGradient from(Index at) const { return {dy + at}; }
};

}  // namespace pooling
}  // namespace
}  // namespace tinynet::TINYNET_ISA
