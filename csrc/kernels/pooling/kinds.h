// The two kinds of pooling, and the taps of a window and the windows over a pixel: shared by pooling/channels.h and
// pooling/lines.h.
#pragma once

#include "kernels/conv/conv2d_direct.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace pooling {

constexpr Index kGrain = 16384;  // elements of x per block: about 2 us of work if they are in the cache

template <class T>
using Places = decltype(Vec<T>{} < Vec<T>{});  // argmax indices: integers as wide as T, taps counted row by row

template <class T, class Place>
struct StoredPlaces {
  typedef Place type
      __attribute__((vector_size(sizeof(Place) * VectorOf<T>::lanes), aligned(alignof(Place)), may_alias));
};

template <class T, class Place>
inline Places<T> load_places(const Place* memory) {
#if defined(__AVX2__)  // GCC 12 converts element by element: 47 instructions for 16 indices
  if constexpr (__is_same(T, float) && sizeof(Place) == 1) {
#if defined(__AVX512F__)
    return (Places<T>)_mm512_maskz_cvtepu8_epi32(0xFFFF, _mm_loadu_si128(reinterpret_cast<const __m128i*>(memory)));
#else
    return (Places<T>)_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(memory)));
#endif
  }
#endif
  return __builtin_convertvector(*reinterpret_cast<const typename StoredPlaces<T, Place>::type*>(memory), Places<T>);
}

template <class T, class Place>
inline void store_places(Place* memory, Places<T> places) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  if constexpr (__is_same(T, float) && sizeof(Place) == 1) {  // GCC 12 converts element by element: three times slower
    const __m256i wide = (__m256i)places;
    const __m128i half = _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(memory), _mm_packus_epi16(half, half));
    return;
  }
#endif
  using Stored = typename StoredPlaces<T, Place>::type;
  *reinterpret_cast<Stored*>(memory) = __builtin_convertvector(places, Stored);
}

template <class T>
inline Places<T> same_place(Index place) {
  return Places<T>{} + static_cast<decltype(Places<T>{}[0] + 0)>(place);
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
  return {larger(0, pad - i * stride), smaller(pool, size + pad - i * stride)};
}

// Taps are counted from the window's corner, so two rows of a larger window are a different case.
inline bool is_two_by_two(Span rows, Span cols, Index pool_w) {
  return pool_w == 2 && rows.begin == 0 && rows.end == 2 && cols.begin == 0 && cols.end == 2;
}

// The windows that cover row (or column) `at`, along one axis.
inline Span windows_over(Index at, Index stride, Index pool, Index pad, Index out) {
  const Index last = at + pad;
  return {last < pool ? 0 : (last - pool) / stride + 1, smaller(out, last / stride + 1)};
}

inline Index rows_a_block(Index row_elements) { return larger(1, kGrain / larger(1, row_elements)); }

// Zeros the rows of dx between window i, whose `rows` begin at `first`, and the next window, or the end of the image.
template <class T>
inline void zero_rows_below(const Pool2dShape& s, Index i, Span rows, T* first) {
  const Index line = s.width * s.channels, corner = i * s.stride_h - s.pad_top;
  const Index gap = corner + rows.end, next = i + 1 < s.out_height ? corner + s.stride_h : s.height;
  if (gap < next)
    __builtin_memset(first + rows.size() * line, 0, sizeof(T) * static_cast<std::size_t>((next - gap) * line));
}

// The two kinds of pooling. `Running` is one vector of outputs while its window is read. `Share` is one vector of dy.

template <class T, class Place>
struct Maximum {
  T* y;
  Place* places;  // null: not wanted

  struct Running {
    Vec<T> best;
    Places<T> place;
    Running(Vec<T> first, Places<T> at) : best(first), place(at) {}
    void see(Vec<T> value, Index tap) {  // the first of equal values wins, and the first NaN
      const Places<T> take = ~(value <= best) & (best == best);
      best = take ? value : best;
      place = take ? same_place<T>(tap) : place;
    }
  };
  void finish(Index at, const Running& running, Index) const {
    store(y + at, running.best);
    if (places != nullptr) store_places<T>(places + at, running.place);
  }
  void finish(Index at, const Running& running, Index, Index count) const {  // the first `count` lanes
    FirstLanes<T>(count).store(y + at, running.best);
    if (places == nullptr) return;
    Place all[VectorOf<T>::lanes];
    store_places<T>(all, running.place);
    for (Index l = 0; l < count; ++l) places[at + l] = all[l];
  }
  static T outside() { return -T(__builtin_inf()); }
};

template <class T>
struct Mean {
  T* y;

  struct Running {
    Vec<T> sum;
    Running(Vec<T> first, Places<T>) : sum(first) {}
    void see(Vec<T> value, Index) { sum += value; }
  };
  void finish(Index at, const Running& running, Index seen) const { store(y + at, running.sum / broadcast(T(seen))); }
  static T outside() { return 0; }
};

template <class T, class Place>
struct MaximumGradient {
  const T* dy;
  const Place* places;

  struct Share {
    Vec<T> dy;
    Places<T> place;
    Vec<T> of(Index tap) const { return of(same_place<T>(tap)); }
    Vec<T> of(Places<T> taps) const { return place == taps ? dy : Vec<T>{}; }
    Share from(Index lane) const { return {lanes_from<T>(dy, lane), place}; }
    Share permuted(Places<T> lane) const { return {__builtin_shuffle(dy, lane), __builtin_shuffle(place, lane)}; }
  };
  Share share(Index at, Index) const { return {load(dy + at), load_places<T>(places + at)}; }
  Share share(Index at, Index, const T*) const { return share(at, 0); }
  MaximumGradient from(Index at) const { return {dy + at, places + at}; }
};

template <class T>
struct MeanGradient {
  const T* dy;

  struct Share {
    Vec<T> dy;
    Vec<T> of(Index) const { return dy; }
    Vec<T> of(Places<T> taps) const { return taps >= 0 ? dy : Vec<T>{}; }
    Share from(Index lane) const { return {lanes_from<T>(dy, lane)}; }
    Share permuted(Places<T> lane) const { return {__builtin_shuffle(dy, lane)}; }
  };
  Share share(Index at, Index seen) const { return {load(dy + at) / broadcast(T(seen))}; }
  Share share(Index at, Index rows, const T* columns) const {  // of adjacent windows with `columns` columns inside
    return {load(dy + at) / (load(columns) * broadcast(T(rows)))};
  }
  MeanGradient from(Index at) const { return {dy + at}; }
};

}  // namespace pooling
}  // namespace
}  // namespace tinynet::TINYNET_ISA
