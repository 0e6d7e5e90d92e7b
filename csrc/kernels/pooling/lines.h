// Pooling of few channels, in which the lanes of a vector are adjacent windows.
#pragma once

#include "kernels/pooling/kinds.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace pooling {

// A row of the padded image, with its columns sorted by their remainder:
// line[column % stride][column / stride][channel].
// Tap q of the windows 0, 1, 2, ... then reads line[q % stride][q / stride] and the elements that follow.
struct Line {
  Index channels, stride, pad, width, columns, padded;  // `columns` of each remainder, in `padded` elements

  explicit Line(const Pool2dShape& s, Index lanes)
      : channels(s.channels), stride(s.stride_w), pad(s.pad_left), width(s.width),
        columns(s.out_width + (s.pool_width - 1) / s.stride_w), padded(columns * s.channels + max(lanes, 16)) {}
  Index size() const { return stride * padded; }
  Index at_tap(Index q) const { return q % stride * padded + q / stride * channels; }

  // The range of the `columns` with this remainder that are inside the image.
  Span inside(Index remainder) const {
    const Index begin = min(columns, pad > remainder ? ceil_div(pad - remainder, stride) : 0);
    const Index reach = width + pad - remainder;
    return {begin, max(begin, min(columns, reach > 0 ? ceil_div(reach, stride) : 0))};
  }

  template <class T>
  void load_row(const T* row, T outside, T* line) const {  // row[width][channels]
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
  void store_row(const T* line, T* row) const {  // the inverse; 0 in columns that no line has
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
    for (Index k = max(0, columns * stride - pad) * channels; k < width * channels; ++k) row[k] = 0;
  }

 private:
  // Calls use(column, offset in the line, copy) for the columns from left to right. copy(to, from) copies a pixel as
  // one piece of at least `channels` elements. The next column overwrites the excess elements.
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
    const Index covered = min(width, columns * stride - pad);
    const auto next = [&] {
      ++w, at += padded;
      if (++remainder == stride) remainder = 0, at += channels - stride * padded;
    };
    while (w < covered && w * channels + piece <= width * channels) {
      use(w, at, [](T* to, const T* from) { __builtin_memcpy(to, from, piece * sizeof(T)); });
      next();
    }
    while (w < covered) {
      use(w, at, [this](T* to, const T* from) {
        for (Index c = 0; c < channels; ++c) to[c] = from[c];
      });
      next();
    }
  }
};

// finish_line(kind, ...) writes one vector of a row of outputs. `tap_counts` holds the number of taps inside the image,
// for each output.
template <class T, class StoredIndex>
inline void finish_line(const Maximum<T, StoredIndex>& kind, Index at,
                        const typename Maximum<T, StoredIndex>::Accumulator& accumulator, Index count, const T*) {
  if (count >= VectorOf<T>::lanes) return kind.finish(at, accumulator, 0);
  kind.finish(at, accumulator, 0, count);
}
template <class T>
inline void finish_line(const Mean<T>& kind, Index at, const typename Mean<T>::Accumulator& accumulator, Index count,
                        const T* tap_counts) {
  const Vec<T> y = accumulator.sum / load(tap_counts);
  if (count >= VectorOf<T>::lanes) return store(kind.y + at, y);
  FirstLanes<T>(count).store(kind.y + at, y);
}

template <class T, class Kind>
void forward_lines(const Pool2dShape& s, const T* x, const Kind& kind) {
  constexpr Index lanes = VectorOf<T>::lanes;
  using Element = decltype(Indices<T>{}[0] + 0);
  const Line line(s, lanes);
  const Index used = s.out_width * s.channels, padded = used + lanes;
  const Index grain = rows_per_block(s.stride_h * s.width * s.channels);
  parallel_for(s.batch * s.out_height, grain, [=, &line](Index begin, Index end) {
    const Scratch<T> lines(s.pool_height * line.size()), tap_counts(padded);
    const Scratch<Element> first(padded);  // column of each window's first tap inside the image
    for (Index l = 0; l < padded; ++l) {
      const Index j = min(l / s.channels, s.out_width - 1);
      const Span cols = taps_inside(j, s.stride_w, s.pool_width, s.pad_left, s.width);
      first[l] = static_cast<Element>(cols.begin), tap_counts[l] = T(cols.size());
    }
    const Scratch<T> counts(padded);
    for (Index row = begin; row < end; ++row) {
      const Index image = row / s.out_height, i = row % s.out_height;
      const Span rows = taps_inside(i, s.stride_h, s.pool_height, s.pad_top, s.height);
      for (Index p = rows.begin; p < rows.end; ++p)
        line.load_row(x + (image * s.height + i * s.stride_h - s.pad_top + p) * s.width * s.channels, Kind::outside(),
                  lines + p * line.size());
      for (Index l = 0; l < padded; ++l) counts[l] = tap_counts[l] * T(rows.size());
      for (Index l = 0; l < used; l += lanes) {
        const Indices<T> start = *reinterpret_cast<const typename StoredIndices<T, Element>::type*>(first + l);
        typename Kind::Accumulator accumulator(broadcast(Kind::outside()),
                                               start + broadcast_index<T>(rows.begin * s.pool_width));
        for (Index p = rows.begin; p < rows.end; ++p)
          for (Index q = 0; q < s.pool_width; ++q)
            accumulator.accumulate(load(lines + p * line.size() + line.at_tap(q) + l), p * s.pool_width + q);
        finish_line(kind, row * used + l, accumulator, used - l, static_cast<const T*>(counts + l));
      }
    }
  });
}

// A row of dy, for the maximum with its argmax indices, in scratch memory that may be read past its end.
template <class T, class StoredIndex>
struct MaximumGradientRow {
  using Element = decltype(Indices<T>{}[0] + 0);
  const MaximumGradient<T, StoredIndex>& gradient;
  Scratch<T> dy;
  Scratch<Element> argmax;
  MaximumGradientRow(const MaximumGradient<T, StoredIndex>& from, Index padded)
      : gradient(from), dy(padded), argmax(padded) {
    for (Index l = 0; l < padded; ++l) dy[l] = 0, argmax[l] = 0;
  }
  void fill(Index at, Index used, Index, const T*) {
    for (Index l = 0; l < used; ++l) dy[l] = gradient.dy[at + l];
    for (Index l = 0; l < used; ++l) argmax[l] = gradient.argmax[at + l];
  }
  typename MaximumGradient<T, StoredIndex>::PooledGradient at(Index l) const {
    return {load(dy + l), *reinterpret_cast<const typename StoredIndices<T, Element>::type*>(argmax + l)};
  }
};
template <class T>
struct MeanGradientRow {
  const MeanGradient<T>& gradient;
  Scratch<T> dy;
  MeanGradientRow(const MeanGradient<T>& from, Index padded) : gradient(from), dy(padded) {
    for (Index l = 0; l < padded; ++l) dy[l] = 0;
  }
  void fill(Index at, Index used, Index rows, const T* tap_counts) {
    for (Index l = 0; l < used; ++l) dy[l] = gradient.dy[at + l] / (tap_counts[l] * T(rows));
  }
  typename MeanGradient<T>::PooledGradient at(Index l) const { return {load(dy + l)}; }
};

// The number of taps inside the image, for each element of a row of outputs. The lanes that follow are divisors too, so
// they get 1.
template <class T>
inline void count_columns(const Pool2dShape& s, T* tap_counts) {
  const Index used = s.out_width * s.channels;
  for (Index l = 0; l < used; ++l)
    tap_counts[l] = T(taps_inside(l / s.channels, s.stride_w, s.pool_width, s.pad_left, s.width).size());
  for (Index l = used; l < used + VectorOf<T>::lanes; ++l) tap_counts[l] = 1;
}

template <class GradientRow, class T, class Gradient>
void backward_lines(const Pool2dShape& s, const Gradient& gradient, T* dx) {
  constexpr Index lanes = VectorOf<T>::lanes;
  const Line line(s, lanes);
  const Index used = s.out_width * s.channels, padded = used + lanes;
  parallel_for(s.batch * s.height, rows_per_block(s.width * s.channels), [=, &line, &gradient](Index begin, Index end) {
    const Scratch<T> sums(line.size()), tap_counts(padded);
    GradientRow gradient_row(gradient, padded);
    count_columns<T>(s, tap_counts);
    for (Index row = begin; row < end; ++row) {
      const Index image = row / s.height, h = row % s.height;
      const Span above = windows_over(h, s.stride_h, s.pool_height, s.pad_top, s.out_height);
      for (Index l = 0; l < line.size(); ++l) sums[l] = 0;
      for (Index i = above.begin; i < above.end; ++i) {
        const Index p = h + s.pad_top - i * s.stride_h;
        const Index rows = taps_inside(i, s.stride_h, s.pool_height, s.pad_top, s.height).size();
        gradient_row.fill((image * s.out_height + i) * used, used, rows, tap_counts);
        for (Index q = s.pool_width - 1; q >= 0; --q) {
          T* const to = sums + line.at_tap(q);
          for (Index l = 0; l < used; l += lanes)
            store(to + l, load(to + l) + gradient_row.at(l).of(p * s.pool_width + q));
        }
      }
      line.store_row(static_cast<const T*>(sums), dx + row * s.width * s.channels);
    }
  });
}

// Where the elements of a row of dx come from, for windows that do not overlap. The vectors of the row begin at `to`.
// Lane k of a vector takes output from + lane[k] of the row of outputs, at column tap[k] of its window. A vector takes
// at most as many outputs as it has lanes, so one load is enough.
template <class T>
struct GatherPlan {
  static constexpr Index lanes = VectorOf<T>::lanes;
  using Element = decltype(Indices<T>{}[0] + 0);
  using Stored = typename StoredIndices<T, Element>::type;
  Index size;
  Scratch<Index> to, from;
  Scratch<Element> lane, tap;

  explicit GatherPlan(const Pool2dShape& s)
      : size(ceil_div(s.width * s.channels, lanes)), to(size), from(size), lane(size * lanes), tap(size * lanes) {
    const Index none = -s.pool_height * s.pool_width;  // for taps between windows: negative in every row of a window
    for (Index v = 0; v < size; ++v) {
      to[v] = min(v * lanes, s.width * s.channels - lanes);  // the last vector overlaps
      from[v] = s.out_width * s.channels;
      Index outputs[lanes];
      for (Index k = 0; k < lanes; ++k) {
        const Index column = (to[v] + k) / s.channels + s.pad_left, j = column / s.stride_w, q = column % s.stride_w;
        const bool inside = j < s.out_width && q < s.pool_width;
        outputs[k] = inside ? j * s.channels + (to[v] + k) % s.channels : s.out_width * s.channels;
        from[v] = min(from[v], outputs[k]);
        tap[v * lanes + k] = static_cast<Element>(inside ? q : none);
      }
      for (Index k = 0; k < lanes; ++k)
        lane[v * lanes + k] = static_cast<Element>(tap[v * lanes + k] < 0 ? 0 : outputs[k] - from[v]);
    }
  }
  Indices<T> lanes_of(Index v) const { return *reinterpret_cast<const Stored*>(lane + v * lanes); }
  Indices<T> taps_of(Index v) const { return *reinterpret_cast<const Stored*>(tap + v * lanes); }
};

// For windows that do not overlap and rows of dx of at least one vector. Each vector of dx is stored once, as a
// permutation of a vector of dy. backward_lines accumulates each row in a line and reorders it, which takes 1.6 to 4
// times as long with 1 to 12 channels.
//
// dy is read in place: lanes that the vectors of a row load from the next rows are not used. Only at the end of dy are
// its rows copied first. Copying all rows, 14 outputs at a time that are loaded again at once, takes twice as long with
// 1 channel.
template <class GradientRow, class T, class Gradient>
void backward_lines_disjoint(const Pool2dShape& s, const Gradient& gradient, T* dx) {
  const Index line = s.width * s.channels, used = s.out_width * s.channels, padded = used + VectorOf<T>::lanes;
  const Index outputs = s.batch * s.out_height * used;
  const GatherPlan<T> plan(s);
  const Scratch<T> tap_counts(padded);
  count_columns<T>(s, tap_counts);
  const Index grain = rows_per_block(s.stride_h * line);
  parallel_for(s.batch * s.out_height, grain, [=, &plan, &tap_counts, &gradient](Index begin, Index end) {
    GradientRow gradient_row(gradient, padded);
    for (Index row = begin; row < end; ++row) {
      const Index image = row / s.out_height, i = row % s.out_height, corner = i * s.stride_h - s.pad_top;
      const Span rows = taps_inside(i, s.stride_h, s.pool_height, s.pad_top, s.height);
      T* const first = dx + (image * s.height + corner + rows.begin) * line;
      const Indices<T> top = broadcast_index<T>(rows.begin * s.pool_width), down = broadcast_index<T>(s.pool_width);
      const auto spread = [&](const auto& below, Index height) __attribute__((always_inline)) {
        const Index* const from = plan.from;
        const Index* const to = plan.to;
        for (Index v = 0, size = plan.size, pitch = line; v < size; ++v) {
          const auto pooled = below(from[v]).permuted(plan.lanes_of(v));
          Indices<T> taps = plan.taps_of(v) + top;
          T* out = first + to[v];
          for (Index p = 0; p < height; ++p, out += pitch, taps += down) store(out, pooled.of(taps));
        }
      };
      if (row * used + padded <= outputs) {
        const Gradient in_place = gradient.from(row * used);
        const T* const columns = tap_counts;
        const Index height = rows.size();
        const auto below = [=](Index l) { return in_place.gradient_at(l, height, columns + l); };
        height == 2 ? spread(below, 2) : spread(below, height);  // a constant, for the compiler
      } else {
        gradient_row.fill(row * used, used, rows.size(), tap_counts);
        spread([&](Index l) { return gradient_row.at(l); }, rows.size());
      }
      zero_rows_below(s, i, rows, first);
    }
  });
}

}  // namespace pooling
}  // namespace
}  // namespace tinynet::TINYNET_ISA
