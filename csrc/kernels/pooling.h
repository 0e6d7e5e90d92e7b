// Pooling: the maximum or the mean of every window; tinynet/ops/max_pool2d.py and average_pool2d.py.
//
// The lanes of a vector are neighbouring channels. With fewer channels than lanes they are neighbouring windows: rows
// are copied into lines in which the columns that one tap sees stand side by side ("Few channels" below).
//
// Beside the maximum its place is kept, one byte an output: the way back then reads dy and these bytes and writes dx,
// where finding the maximum again would read x too, 2.3 arrays instead of 1.3.
#pragma once

#include "kernels/conv2d_direct.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace pooling {

constexpr Index kGrain = 16384;  // elements of x a block: about 2 us of work when they are in the cache

template <class T>
using Places = decltype(Vec<T>{} < Vec<T>{});  // integers as wide as T: taps, counted row by row through the window

template <class T, class Place>
struct StoredPlaces {
  typedef Place type
      __attribute__((vector_size(sizeof(Place) * VectorOf<T>::lanes), aligned(alignof(Place)), may_alias));
};

template <class T, class Place>
inline Places<T> load_places(const Place* memory) {
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

// The vector with zeros in the lanes before `first`.
template <class T>
inline Vec<T> lanes_from(Vec<T> value, Index first) {
  for (Index lane = 0; lane < VectorOf<T>::lanes; ++lane) value[lane] = lane < first ? T(0) : value[lane];
  return value;
}

struct Span {
  Index begin, end;
  Index size() const { return end - begin; }
};

// The taps of window `i` that lie in the image, along one axis.
inline Span taps_inside(Index i, Index stride, Index pool, Index pad, Index size) {
  return {larger(0, pad - i * stride), smaller(pool, size + pad - i * stride)};
}

// Taps are counted from the window's corner: two rows of a larger window are something else.
inline bool is_two_by_two(Span rows, Span cols, Index pool_w) {
  return pool_w == 2 && rows.begin == 0 && rows.end == 2 && cols.begin == 0 && cols.end == 2;
}

// The windows that see row (or column) `at`, along one axis.
inline Span windows_over(Index at, Index stride, Index pool, Index pad, Index out) {
  const Index last = at + pad;
  return {last < pool ? 0 : (last - pool) / stride + 1, smaller(out, last / stride + 1)};
}

inline Index rows_a_block(Index row_elements) { return larger(1, kGrain / larger(1, row_elements)); }

// The two kinds of pooling. `Running` is one vector of outputs while its window is read, `Share` one vector of dy.

template <class T, class Place>
struct Maximum {
  T* y;
  Place* places;  // null: not wanted

  struct Running {
    Vec<T> best;
    Places<T> place;
    Running(Vec<T> first, Places<T> at) : best(first), place(at) {}
    void see(Vec<T> value, Index tap) {  // the first of equals stays, and the first NaN
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
    Vec<T> of(Index tap) const { return place == same_place<T>(tap) ? dy : Vec<T>{}; }
    Share from(Index lane) const { return {lanes_from<T>(dy, lane), place}; }
  };
  Share share(Index at, Index) const { return {load(dy + at), load_places<T>(places + at)}; }
};

template <class T>
struct MeanGradient {
  const T* dy;

  struct Share {
    Vec<T> dy;
    Vec<T> of(Index) const { return dy; }
    Share from(Index lane) const { return {lanes_from<T>(dy, lane)}; }
  };
  Share share(Index at, Index seen) const { return {load(dy + at) / broadcast(T(seen))}; }
};

// --- A vector of channels ------------------------------------------------------------------------------------------

// Calls use(c) for vectors that cover the channels; the last one reaches back over some that were done already.
template <class T, class Use>
inline void for_channels(Index channels, const Use& use) {
  constexpr Index lanes = VectorOf<T>::lanes;
  Index c = 0;
  for (; c + lanes <= channels; c += lanes) use(c);
  if (c < channels) use(channels - lanes);
}

// One output pixel. x points at the window's first tap inside, taps p, q of the window at x[p*line + q*channels].
template <class T, class Kind>
__attribute__((always_inline)) inline void pool_window(const T* x, Index line, Index channels, Span rows, Span cols,
                                                       Index pool_w, const Kind& kind, Index at) {
  for_channels<T>(channels, [&](Index c) __attribute__((always_inline)) {
    const Index first = rows.begin * pool_w + cols.begin;
    typename Kind::Running running(load(x + c), same_place<T>(first));
    for (Index p = rows.begin; p < rows.end; ++p)
      for (Index q = cols.begin; q < cols.end; ++q)
        if (p * pool_w + q != first)
          running.see(load(x + (p - rows.begin) * line + (q - cols.begin) * channels + c), p * pool_w + q);
    kind.finish(at + c, running, rows.size() * cols.size());
  });
}

template <class T, class Kind>
void forward_channels(const Pool2dShape& s, const T* x, const Kind& kind) {
  const Index line = s.width * s.channels;
  parallel_for(s.batch * s.out_height, rows_a_block(s.stride_h * line), [=](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const Index image = row / s.out_height, i = row % s.out_height;
      const Span rows = taps_inside(i, s.stride_h, s.pool_height, s.pad_top, s.height);
      const T* const above = x + (image * s.height + i * s.stride_h - s.pad_top + rows.begin) * line;
      for (Index j = 0; j < s.out_width; ++j) {
        const Span cols = taps_inside(j, s.stride_w, s.pool_width, s.pad_left, s.width);
        const T* const in = above + (j * s.stride_w - s.pad_left + cols.begin) * s.channels;
        const Index at = (row * s.out_width + j) * s.channels;
        if (is_two_by_two(rows, cols, s.pool_width))  // the common window, unrolled
          pool_window(in, line, s.channels, {0, 2}, {0, 2}, 2, kind, at);
        else
          pool_window(in, line, s.channels, rows, cols, s.pool_width, kind, at);
      }
    }
  });
}

template <class T, class Gradient>
__attribute__((always_inline)) inline void spread_window(T* dx, Index line, Index channels, Span rows, Span cols,
                                                         Index pool_w, const Gradient& gradient, Index at) {
  for_channels<T>(channels, [&](Index c) __attribute__((always_inline)) {
    const auto share = gradient.share(at + c, rows.size() * cols.size());
    for (Index p = rows.begin; p < rows.end; ++p)
      for (Index q = cols.begin; q < cols.end; ++q)
        store(dx + (p - rows.begin) * line + (q - cols.begin) * channels + c, share.of(p * pool_w + q));
  });
}

// Windows that do not overlap: each writes its pixels of dx, and zeros up to the next window.
template <class T, class Gradient>
void backward_apart(const Pool2dShape& s, const Gradient& gradient, T* dx) {
  const Index line = s.width * s.channels;
  parallel_for(s.batch * s.out_height, rows_a_block(s.stride_h * line), [=](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const Index image = row / s.out_height, i = row % s.out_height, corner = i * s.stride_h - s.pad_top;
      const Span rows = taps_inside(i, s.stride_h, s.pool_height, s.pad_top, s.height);
      T* const first = dx + (image * s.height + corner + rows.begin) * line;
      for (Index j = 0; j < s.out_width; ++j) {
        const Span cols = taps_inside(j, s.stride_w, s.pool_width, s.pad_left, s.width);
        const Index left = j * s.stride_w - s.pad_left;
        T* const out = first + (left + cols.begin) * s.channels;
        const Index at = (row * s.out_width + j) * s.channels;
        if (is_two_by_two(rows, cols, s.pool_width))
          spread_window(out, line, s.channels, {0, 2}, {0, 2}, 2, gradient, at);
        else
          spread_window(out, line, s.channels, rows, cols, s.pool_width, gradient, at);
        const Index gap = left + cols.end, next = j + 1 < s.out_width ? left + s.stride_w : s.width;
        if (gap < next)
          for (Index p = 0; p < rows.size(); ++p)
            __builtin_memset(first + p * line + gap * s.channels, 0,
                             sizeof(T) * static_cast<std::size_t>((next - gap) * s.channels));
      }
      const Index gap = corner + rows.end, next = i + 1 < s.out_height ? corner + s.stride_h : s.height;
      if (gap < next)
        __builtin_memset(first + rows.size() * line, 0, sizeof(T) * static_cast<std::size_t>((next - gap) * line));
    }
  });
}

// Windows that overlap: each row of dx collects from all windows over it, in a fixed order.
template <class T, class Gradient>
void backward_overlapping(const Pool2dShape& s, const Gradient& gradient, T* dx) {
  const Index line = s.width * s.channels;
  parallel_for(s.batch * s.height, rows_a_block(line), [=](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const Index image = row / s.height, h = row % s.height;
      T* const out = dx + row * line;
      __builtin_memset(out, 0, sizeof(T) * static_cast<std::size_t>(line));
      const Span above = windows_over(h, s.stride_h, s.pool_height, s.pad_top, s.out_height);
      for (Index i = above.begin; i < above.end; ++i) {
        const Index p = h + s.pad_top - i * s.stride_h;
        const Index rows = taps_inside(i, s.stride_h, s.pool_height, s.pad_top, s.height).size();
        for (Index j = 0; j < s.out_width; ++j) {
          const Span cols = taps_inside(j, s.stride_w, s.pool_width, s.pad_left, s.width);
          T* const under = out + (j * s.stride_w - s.pad_left) * s.channels;
          const Index at = ((image * s.out_height + i) * s.out_width + j) * s.channels;
          const auto add = [&](Index c, const auto& share) {
            for (Index q = cols.begin; q < cols.end; ++q) {
              T* const sum = under + q * s.channels + c;
              store(sum, load(sum) + share.of(p * s.pool_width + q));
            }
          };
          Index c = 0;
          for (; c + VectorOf<T>::lanes <= s.channels; c += VectorOf<T>::lanes)
            add(c, gradient.share(at + c, rows * cols.size()));
          if (c < s.channels) {  // the last vector reaches back over channels that are done already, and adds 0 to them
            const Index last = s.channels - VectorOf<T>::lanes;
            add(last, gradient.share(at + last, rows * cols.size()).from(c - last));
          }
        }
      }
    }
  });
}

// --- Few channels --------------------------------------------------------------------------------------------------

// A row of the padded image, its columns sorted by their remainder: line[column % stride][column / stride][channel].
// Tap q of the windows 0, 1, 2, ... then sees line[q % stride][q / stride], and what follows it.
struct Line {
  Index channels, stride, pad, width, columns, padded;  // `columns` of each remainder, in `padded` elements

  explicit Line(const Pool2dShape& s, Index lanes)
      : channels(s.channels), stride(s.stride_w), pad(s.pad_left), width(s.width),
        columns(s.out_width + (s.pool_width - 1) / s.stride_w), padded(columns * s.channels + larger(lanes, 16)) {}
  Index size() const { return stride * padded; }
  Index at_tap(Index q) const { return q % stride * padded + q / stride * channels; }

  // Those of the `columns` with this remainder that lie in the image.
  Span inside(Index remainder) const {
    const Index begin = smaller(columns, pad > remainder ? ceil_div(pad - remainder, stride) : 0);
    const Index reach = width + pad - remainder;
    return {begin, larger(begin, smaller(columns, reach > 0 ? ceil_div(reach, stride) : 0))};
  }

  template <class T>
  void fill(const T* row, T outside, T* line) const {  // row[width][channels]
    for (Index r = 0; r < stride; ++r)
      for (Index k = 0, n = inside(r).begin * channels; k < n; ++k) line[r * padded + k] = outside;
    if (stride == 1) {
      __builtin_memcpy(line + pad * channels, row, sizeof(T) * static_cast<std::size_t>(inside(0).size() * channels));
    } else if (stride == 2 && channels == 1) {  // constants, for the compiler
      for (Index r = 0; r < 2; ++r) {
        const Span in = inside(r);
        for (Index k = in.begin; k < in.end; ++k) line[r * padded + k] = row[2 * k + r - pad];
      }
    } else {
      pixel_by_pixel(row, [=](Index w, Index at, auto copy) { copy(line + at, row + w * channels); });
    }
    for (Index r = 0; r < stride; ++r)
      for (Index k = inside(r).end * channels; k < padded; ++k) line[r * padded + k] = outside;
  }

  template <class T>
  void empty(const T* line, T* row) const {  // the reverse; 0 in columns that no line has
    if (stride == 1) {
      __builtin_memcpy(row, line + pad * channels, sizeof(T) * static_cast<std::size_t>(inside(0).size() * channels));
    } else if (stride == 2 && channels == 1) {
      for (Index r = 0; r < 2; ++r) {
        const Span in = inside(r);
        for (Index k = in.begin; k < in.end; ++k) row[2 * k + r - pad] = line[r * padded + k];
      }
    } else {
      pixel_by_pixel(line, [=](Index w, Index at, auto copy) { copy(row + w * channels, line + at); });
    }
    for (Index k = larger(0, columns * stride - pad) * channels; k < width * channels; ++k) row[k] = 0;
  }

 private:
  // Calls use(column, place in the line, copy) for the columns from left to right, where copy(to, from) copies a pixel.
  // It does so in one piece of at least `channels` elements: what it writes too much, the next column overwrites.
  template <class T, class Use>
  void pixel_by_pixel(const T*, const Use& use) const {
    if (channels <= 1) return copy_pixels<T, 1>(use);
    if (channels <= 2) return copy_pixels<T, 2>(use);
    if (channels <= 4) return copy_pixels<T, 4>(use);
    if (channels <= 8) return copy_pixels<T, 8>(use);
    copy_pixels<T, 16>(use);
  }
  template <class T, int piece, class Use>
  void copy_pixels(const Use& use) const {
    Index remainder = pad % stride, at = remainder * padded + pad / stride * channels, w = 0;
    const Index covered = smaller(width, columns * stride - pad);
    const auto next = [&] {
      ++w, at += padded;
      if (++remainder == stride) remainder = 0, at += channels - stride * padded;
    };
    for (; w < covered && w * channels + piece <= width * channels; next())
      use(w, at, [](T* to, const T* from) { __builtin_memcpy(to, from, piece * sizeof(T)); });
    for (; w < covered; next())
      use(w, at, [this](T* to, const T* from) {
        for (Index c = 0; c < channels; ++c) to[c] = from[c];
      });
  }
};

// finish_line(kind, ...) writes one vector of a row of outputs; `seen` has the taps inside, by column.
template <class T, class Place>
inline void finish_line(const Maximum<T, Place>& kind, Index at, const typename Maximum<T, Place>::Running& running,
                        Index count, const T*) {
  if (count >= VectorOf<T>::lanes) return kind.finish(at, running, 0);
  kind.finish(at, running, 0, count);
}
template <class T>
inline void finish_line(const Mean<T>& kind, Index at, const typename Mean<T>::Running& running, Index count,
                        const T* seen) {
  const Vec<T> y = running.sum / load(seen);
  if (count >= VectorOf<T>::lanes) return store(kind.y + at, y);
  FirstLanes<T>(count).store(kind.y + at, y);
}

template <class T, class Kind>
void forward_lines(const Pool2dShape& s, const T* x, const Kind& kind) {
  constexpr Index lanes = VectorOf<T>::lanes;
  using Element = decltype(Places<T>{}[0] + 0);
  const Line line(s, lanes);
  const Index used = s.out_width * s.channels, padded = used + lanes;
  const Index grain = rows_a_block(s.stride_h * s.width * s.channels);
  parallel_for(s.batch * s.out_height, grain, [=, &line](Index begin, Index end) {
    const Scratch<T> lines(s.pool_height * line.size()), seen(padded);
    const Scratch<Element> first(padded);  // column of each window's first tap inside the image
    for (Index l = 0; l < padded; ++l) {
      const Index j = smaller(l / s.channels, s.out_width - 1);
      const Span cols = taps_inside(j, s.stride_w, s.pool_width, s.pad_left, s.width);
      first[l] = static_cast<Element>(cols.begin), seen[l] = T(cols.size());
    }
    const Scratch<T> counts(padded);
    for (Index row = begin; row < end; ++row) {
      const Index image = row / s.out_height, i = row % s.out_height;
      const Span rows = taps_inside(i, s.stride_h, s.pool_height, s.pad_top, s.height);
      for (Index p = rows.begin; p < rows.end; ++p)
        line.fill(x + (image * s.height + i * s.stride_h - s.pad_top + p) * s.width * s.channels, Kind::outside(),
                  lines + p * line.size());
      for (Index l = 0; l < padded; ++l) counts[l] = seen[l] * T(rows.size());
      for (Index l = 0; l < used; l += lanes) {
        const Places<T> start = *reinterpret_cast<const typename StoredPlaces<T, Element>::type*>(first + l);
        typename Kind::Running running(broadcast(Kind::outside()), start + same_place<T>(rows.begin * s.pool_width));
        for (Index p = rows.begin; p < rows.end; ++p)
          for (Index q = 0; q < s.pool_width; ++q)
            running.see(load(lines + p * line.size() + line.at_tap(q) + l), p * s.pool_width + q);
        finish_line(kind, row * used + l, running, used - l, static_cast<const T*>(counts + l));
      }
    }
  });
}

// A row of dy, and whose share it is, in scratch memory that may be read past its end.
template <class T, class Place>
struct MaximumShares {
  using Element = decltype(Places<T>{}[0] + 0);
  const MaximumGradient<T, Place>& gradient;
  Scratch<T> dy;
  Scratch<Element> places;
  MaximumShares(const MaximumGradient<T, Place>& from, Index padded) : gradient(from), dy(padded), places(padded) {
    for (Index l = 0; l < padded; ++l) dy[l] = 0, places[l] = 0;
  }
  void fill(Index at, Index used, Index, const T*) {
    for (Index l = 0; l < used; ++l) dy[l] = gradient.dy[at + l];
    for (Index l = 0; l < used; ++l) places[l] = gradient.places[at + l];
  }
  typename MaximumGradient<T, Place>::Share at(Index l) const {
    return {load(dy + l), *reinterpret_cast<const typename StoredPlaces<T, Element>::type*>(places + l)};
  }
};
template <class T>
struct MeanShares {
  const MeanGradient<T>& gradient;
  Scratch<T> dy;
  MeanShares(const MeanGradient<T>& from, Index padded) : gradient(from), dy(padded) {
    for (Index l = 0; l < padded; ++l) dy[l] = 0;
  }
  void fill(Index at, Index used, Index rows, const T* seen) {
    for (Index l = 0; l < used; ++l) dy[l] = gradient.dy[at + l] / (seen[l] * T(rows));
  }
  typename MeanGradient<T>::Share at(Index l) const { return {load(dy + l)}; }
};

template <class Shares, class T, class Gradient>
void backward_lines(const Pool2dShape& s, const Gradient& gradient, T* dx) {
  constexpr Index lanes = VectorOf<T>::lanes;
  const Line line(s, lanes);
  const Index used = s.out_width * s.channels, padded = used + lanes;
  parallel_for(s.batch * s.height, rows_a_block(s.width * s.channels), [=, &line, &gradient](Index begin, Index end) {
    const Scratch<T> sums(line.size()), seen(padded);
    Shares shares(gradient, padded);
    for (Index l = 0; l < used; ++l)
      seen[l] = T(taps_inside(l / s.channels, s.stride_w, s.pool_width, s.pad_left, s.width).size());
    for (Index row = begin; row < end; ++row) {
      const Index image = row / s.height, h = row % s.height;
      const Span above = windows_over(h, s.stride_h, s.pool_height, s.pad_top, s.out_height);
      for (Index l = 0; l < line.size(); ++l) sums[l] = 0;
      for (Index i = above.begin; i < above.end; ++i) {
        const Index p = h + s.pad_top - i * s.stride_h;
        const Index rows = taps_inside(i, s.stride_h, s.pool_height, s.pad_top, s.height).size();
        shares.fill((image * s.out_height + i) * used, used, rows, seen);
        for (Index q = s.pool_width - 1; q >= 0; --q) {
          T* const to = sums + line.at_tap(q);
          for (Index l = 0; l < used; l += lanes) store(to + l, load(to + l) + shares.at(l).of(p * s.pool_width + q));
        }
      }
      line.empty(static_cast<const T*>(sums), dx + row * s.width * s.channels);
    }
  });
}

template <class T, class Kind>
void forward(const Pool2dShape& s, const T* x, const Kind& kind) {
  if (s.batch * s.out_height * s.out_width * s.channels == 0) return;
  if (s.channels < VectorOf<T>::lanes)
    forward_lines<T>(s, x, kind);
  else
    forward_channels<T>(s, x, kind);
}

template <class Shares, class T, class Gradient>
void backward(const Pool2dShape& s, const Gradient& gradient, T* dx) {
  if (s.batch * s.height * s.width * s.channels == 0) return;
  if (s.channels < VectorOf<T>::lanes)
    backward_lines<Shares>(s, gradient, dx);
  else if (s.stride_h >= s.pool_height && s.stride_w >= s.pool_width)
    backward_apart(s, gradient, dx);
  else
    backward_overlapping(s, gradient, dx);
}

}  // namespace pooling

template <class T>
void max_pool2d_forward(const Pool2dShape& s, const T* x, T* y, const PoolPlaces& places) {
  if (places.wide != nullptr)
    pooling::forward(s, x, pooling::Maximum<T, std::int32_t>{y, places.wide});
  else
    pooling::forward(s, x, pooling::Maximum<T, std::uint8_t>{y, places.narrow});
}

template <class T>
void max_pool2d_backward(const Pool2dShape& s, const T* dy, const PoolPlaces& places, T* dx) {
  using namespace pooling;
  if (places.wide != nullptr)
    backward<MaximumShares<T, std::int32_t>>(s, MaximumGradient<T, std::int32_t>{dy, places.wide}, dx);
  else
    backward<MaximumShares<T, std::uint8_t>>(s, MaximumGradient<T, std::uint8_t>{dy, places.narrow}, dx);
}

template <class T>
void average_pool2d_forward(const Pool2dShape& s, const T* x, T* y) {
  pooling::forward(s, x, pooling::Mean<T>{y});
}

template <class T>
void average_pool2d_backward(const Pool2dShape& s, const T* dy, T* dx) {
  pooling::backward<pooling::MeanShares<T>>(s, pooling::MeanGradient<T>{dy}, dx);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
