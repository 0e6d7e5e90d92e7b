// Pooling in which the lanes of a vector are adjacent channels of one pixel.
#pragma once

#include "kernels/pooling/kinds.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace pooling {

// Calls use(c) for vectors that cover the channels. The last vector may overlap the one before it.
template <class T, class Use>
inline void for_channels(Index channels, const Use& use) {
  constexpr Index lanes = VectorOf<T>::lanes;
  Index c = 0;
  for (; c + lanes <= channels; c += lanes) use(c);
  if (c < channels) use(channels - lanes);
}

// One output pixel. x points at the window's first tap inside the image. Tap (p, q), counted from there, is at
// x[p*line + q*channels].
template <class T, class Kind>
__attribute__((always_inline)) inline void pool_window(const T* x, Index line, Index channels, Span rows, Span cols,
                                                       Index pool_w, const Kind& kind, Index at) {
  for_channels<T>(channels, [&](Index c) __attribute__((always_inline)) {
    const Index first = rows.begin * pool_w + cols.begin;
    typename Kind::Accumulator accumulator(load(x + c), broadcast_index<T>(first));
    for (Index p = rows.begin; p < rows.end; ++p)
      for (Index q = cols.begin; q < cols.end; ++q)
        if (p * pool_w + q != first)
          accumulator.accumulate(load(x + (p - rows.begin) * line + (q - cols.begin) * channels + c), p * pool_w + q);
    kind.finish(at + c, accumulator, rows.size() * cols.size());
  });
}

template <class T, class Kind>
void forward_channels(const Pool2dShape& s, const T* x, const Kind& kind) {
  const Index line = s.width * s.channels;
  parallel_for(s.batch * s.out_height, rows_per_block(s.stride_h * line), [=](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const Index image = row / s.out_height, i = row % s.out_height;
      const Span rows = taps_inside(i, s.stride_h, s.pool_height, s.pad_top, s.height);
      const T* const above = x + (image * s.height + i * s.stride_h - s.pad_top + rows.begin) * line;
      for (Index j = 0; j < s.out_width; ++j) {
        const Span cols = taps_inside(j, s.stride_w, s.pool_width, s.pad_left, s.width);
        const T* const in = above + (j * s.stride_w - s.pad_left + cols.begin) * s.channels;
        const Index at = (row * s.out_width + j) * s.channels;
        if (is_two_by_two(rows, cols, s.pool_width))  // the most common window, unrolled
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
    const auto pooled = gradient.gradient_at(at + c, rows.size() * cols.size());
    for (Index p = rows.begin; p < rows.end; ++p)
      for (Index q = cols.begin; q < cols.end; ++q)
        store(dx + (p - rows.begin) * line + (q - cols.begin) * channels + c, pooled.of(p * pool_w + q));
  });
}

// For windows that do not overlap. Each window writes its pixels of dx, and zeros up to the next window.
template <class T, class Gradient>
void backward_disjoint(const Pool2dShape& s, const Gradient& gradient, T* dx) {
  const Index line = s.width * s.channels;
  parallel_for(s.batch * s.out_height, rows_per_block(s.stride_h * line), [=](Index begin, Index end) {
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
      zero_rows_below(s, i, rows, first);
    }
  });
}

// For windows that overlap. Each row of dx accumulates the gradients of all windows over it, in a fixed order.
template <class T, class Gradient>
void backward_overlapping(const Pool2dShape& s, const Gradient& gradient, T* dx) {
  const Index line = s.width * s.channels;
  parallel_for(s.batch * s.height, rows_per_block(line), [=](Index begin, Index end) {
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
          const auto add = [&](Index c, const auto& pooled) {
            for (Index q = cols.begin; q < cols.end; ++q) {
              T* const sum = under + q * s.channels + c;
              store(sum, load(sum) + pooled.of(p * s.pool_width + q));
            }
          };
          Index c = 0;
          for (; c + VectorOf<T>::lanes <= s.channels; c += VectorOf<T>::lanes)
            add(c, gradient.gradient_at(at + c, rows * cols.size()));
          if (c < s.channels) {  // the last vector overlaps finished channels and adds 0 to them
            const Index last = s.channels - VectorOf<T>::lanes;
            add(last, gradient.gradient_at(at + last, rows * cols.size()).from(c - last));
          }
        }
      }
    }
  });
}

}  // namespace pooling
}  // namespace
}  // namespace tinynet::TINYNET_ISA
