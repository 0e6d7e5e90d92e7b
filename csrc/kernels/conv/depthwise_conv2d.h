// Depthwise convolution: each channel has its own small filters and reads no other channel. It does few operations for
// the memory it accesses. The lanes of a vector are adjacent channels.
#pragma once

#include "kernels/conv/conv2d_direct.h"

namespace tinynet::TINYNET_ISA {
namespace {

template <class T>
inline Index whole_vectors(Index channels) {
  return ceil_div(channels, VectorOf<T>::lanes) * VectorOf<T>::lanes;
}

// Bands of the rows of an image. The slab of a band stays in the cache.
struct Bands {
  Index rows, each, count;

  template <class T>
  static Bands of(const Window<T>& w, Index channels) {
    const Index row_bytes = max(1, w.slab_cols() * channels * Index(sizeof(T)));
    const Index fitting = max(1, kDepthwiseSlabBytes / row_bytes / w.stride_h);
    const Index each = ceil_div(w.grid_h, fitting), rows = ceil_div(w.grid_h, max(1, each));
    return {rows, ceil_div(w.grid_h, rows), w.batch * ceil_div(w.grid_h, rows)};
  }
};

// Fills the slab with the input rows of positions row, ..., row + rows - 1 of an image, with zeros around the image:
// slab[r][col][channel*repeat + m], in whole vectors.
template <class T>
void fill_slab(const Window<T>& w, Index image, Index row, Index rows, Index repeat, T* slab) {
  const Index cols = w.slab_cols(), used = w.channels * repeat, padded = whole_vectors<T>(used);
  const Index first = row * w.stride_h + w.first_row();
  for (Index r = first; r < first + w.slab_rows(rows); ++r)
    for (Index c = w.first_col(); c < w.first_col() + cols; ++c, slab += padded) {
      Index done = 0;
      if (r >= 0 && r < w.height && c >= 0 && c < w.width) {
        const Index pixel = ((image * w.height + r) * w.width + c) * w.channels;
        const T* const in = w.x + pixel;
        if (w.mask != nullptr) {
          for (Index i = 0; i < w.channels; ++i)
            for (Index m = 0; m < repeat; ++m) slab[i * repeat + m] = w.mask[pixel + i] > 0 ? in[i] : T(0);
        } else if (repeat == 1) {
          for (Index i = 0; i < w.channels; ++i) slab[i] = in[i];
        } else {
          for (Index i = 0; i < w.channels; ++i)
            for (Index m = 0; m < repeat; ++m) slab[i * repeat + m] = in[i];
        }
        done = used;
      }
      for (; done < padded; ++done) slab[done] = 0;
    }
}

// out[j][padded] = sum over taps of slab * taps, for `pixels` adjacent pixels of one output row and one vector of
// channels.
template <class T, int pixels>
inline void depthwise_pixels(const Window<T>& w, const T* slab, Index padded, const T* taps, Vec<T> start, bool relu,
                             T* out, Index out_step, Index columns) {
  Vec<T> sum[pixels];
  for (int j = 0; j < pixels; ++j) sum[j] = start;
  for (Index p = 0; p < w.taps_h; ++p)
    for (Index q = 0; q < w.taps_w; ++q) {
      const Vec<T> tap = load(taps + (p * w.taps_w + q) * padded);
      const T* const in =
          slab + ((w.tap_row[p] - w.first_row()) * w.slab_cols() + w.tap_col[q] - w.first_col()) * padded;
      for (int j = 0; j < pixels; ++j) sum[j] += tap * load(in + j * w.stride_w * padded);
    }
  for (int j = 0; j < pixels; ++j) {
    if (relu) sum[j] = sum[j] < Vec<T>{} ? Vec<T>{} : sum[j];  // NaN stays NaN
    store_columns(out + j * out_step, sum[j], columns);
  }
}

// Multiplies each channel of the window, repeated `repeat` times, by its own taps[p][q][padded]. Then adds up groups of
// `reduce` adjacent channels. target.bias is padded too.
template <class T>
void depthwise_correlate(const Window<T>& w, Index repeat, Index reduce, const T* taps, const Target<T>& target) {
  constexpr Index lanes = VectorOf<T>::lanes;
  const Index used = w.channels * repeat, padded = whole_vectors<T>(used);
  if (w.batch * w.grid_h * w.grid_w * used == 0) return;
  const Bands bands = Bands::of(w, padded);
  parallel_for(bands.count, 1, [&](Index begin, Index end) {
    const Scratch<T> slab(w.slab_rows(bands.rows) * w.slab_cols() * padded), line(reduce > 1 ? w.grid_w * padded : 0);
    for (Index band = begin; band < end; ++band) {
      const Index image = band / bands.each, first = band % bands.each * bands.rows;
      const Index rows = min(bands.rows, w.grid_h - first);
      fill_slab(w, image, first, rows, repeat, static_cast<T*>(slab));
      for (Index i = 0; i < rows; ++i) {
        T* const row = target.out + image * target.image + (first + i) * target.row;
        T* const out = reduce > 1 ? static_cast<T*>(line) : row;
        const Index out_step = reduce > 1 ? padded : target.col;
        for (Index c = 0; c < used; c += lanes) {
          const Vec<T> start = target.bias == nullptr ? Vec<T>{} : load(target.bias + c);
          const T* const in = slab + i * w.stride_h * w.slab_cols() * padded + c;
          const Index step = w.stride_w * padded;
          Index j = 0;
          for (; j + 8 <= w.grid_w; j += 8)
            depthwise_pixels<T, 8>(w, in + j * step, padded, taps + c, start, target.relu, out + j * out_step + c,
                                   out_step, used - c);
          for (; j < w.grid_w; ++j)
            depthwise_pixels<T, 1>(w, in + j * step, padded, taps + c, start, target.relu, out + j * out_step + c,
                                   out_step, used - c);
        }
        if (reduce > 1)
          for (Index j = 0; j < w.grid_w; ++j)
            for (Index c = 0; c < used / reduce; ++c) {
              T sum = 0;
              for (Index m = 0; m < reduce; ++m) sum += line[j * padded + c * reduce + m];
              row[j * target.col + c] = sum;
            }
      }
    }
  });
}

// x[batch][height][width][channels], kernel[kh][kw][channels][multiplier], where s.filters = channels * multiplier
template <class T>
void depthwise_conv2d_forward(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, T* y, bool relu) {
  const Index padded = whole_vectors<T>(s.filters), taps = s.kernel_height * s.kernel_width;
  const Scratch<Index> tap_row(s.kernel_height), tap_col(s.kernel_width);
  for (Index p = 0; p < s.kernel_height; ++p) tap_row[p] = p * s.dilation_h - s.pad_top;
  for (Index q = 0; q < s.kernel_width; ++q) tap_col[q] = q * s.dilation_w - s.pad_left;
  const Scratch<T> weights(taps * padded), offsets(padded);
  for (Index t = 0; t < taps; ++t)
    for (Index c = 0; c < padded; ++c) weights[t * padded + c] = c < s.filters ? kernel[t * s.filters + c] : T(0);
  if (bias != nullptr)
    for (Index c = 0; c < padded; ++c) offsets[c] = c < s.filters ? bias[c] : T(0);
  const Window<T> window{x, nullptr, s.batch, s.height, s.width, s.channels, s.out_height, s.out_width,
                         s.stride_h, s.stride_w, s.kernel_height, s.kernel_width, tap_row, tap_col};
  depthwise_correlate<T>(window, s.filters / max(1, s.channels), 1, weights,
                         {y, s.out_height * s.out_width * s.filters, s.out_width * s.filters, s.filters,
                          bias == nullptr ? nullptr : static_cast<const T*>(offsets), relu});
}

// The input gradient in phases, as in conv2d_input_gradient_direct.
template <class T>
void depthwise_conv2d_input_gradient(const Conv2dShape& s, const T* dy, const T* kernel, const T* y, T* dx) {
  const Index padded = whole_vectors<T>(s.filters), line = s.width * s.channels;
  const Scratch<Index> row(s.kernel_height), row_reach(s.kernel_height), col(s.kernel_width), col_reach(s.kernel_width);
  const Scratch<T> weights(s.kernel_height * s.kernel_width * padded);
  for (Index h = 0; h < min(s.stride_h, s.height); ++h)
    for (Index v = 0; v < min(s.stride_w, s.width); ++v) {
      const Index taps_h = taps_of_phase(h, s.kernel_height, s.stride_h, s.dilation_h, s.pad_top, row, row_reach);
      const Index taps_w = taps_of_phase(v, s.kernel_width, s.stride_w, s.dilation_w, s.pad_left, col, col_reach);
      T* const out = dx + h * line + v * s.channels;
      if (taps_h * taps_w == 0 || s.filters == 0) {
        zero_phase(s, h, v, dx);
        continue;
      }
      for (Index p = 0; p < taps_h; ++p)
        for (Index q = 0; q < taps_w; ++q)
          for (Index c = 0; c < padded; ++c)
            weights[(p * taps_w + q) * padded + c] =
                c < s.filters ? kernel[(row[p] * s.kernel_width + col[q]) * s.filters + c] : T(0);
      const Window<T> window{dy, y, s.batch, s.out_height, s.out_width, s.filters, ceil_div(s.height - h, s.stride_h),
                             ceil_div(s.width - v, s.stride_w), 1, 1, taps_h, taps_w, row_reach, col_reach};
      depthwise_correlate<T>(window, 1, s.filters / max(1, s.channels), weights,
                             {out, s.height * line, s.stride_h * line, s.stride_w * s.channels, nullptr, false});
    }
}

// dkernel[p][q][c][m] = sum over pixels of x[..p..q..][c] * dy[pixel][c*multiplier + m], dbias the sum of dy.
template <class T>
void depthwise_conv2d_weight_gradient(const Conv2dShape& s, const T* dy, const T* x, const T* y, T* dkernel, T* dbias) {
  constexpr Index lanes = VectorOf<T>::lanes;
  const Index padded = whole_vectors<T>(s.filters), taps = s.kernel_height * s.kernel_width;
  const Scratch<Index> tap_row(s.kernel_height), tap_col(s.kernel_width);
  for (Index p = 0; p < s.kernel_height; ++p) tap_row[p] = p * s.dilation_h - s.pad_top;
  for (Index q = 0; q < s.kernel_width; ++q) tap_col[q] = q * s.dilation_w - s.pad_left;
  const Window<T> w{x, nullptr, s.batch, s.height, s.width, s.channels, s.out_height, s.out_width,
                    s.stride_h, s.stride_w, s.kernel_height, s.kernel_width, tap_row, tap_col};
  const bool empty = s.batch * s.out_height * s.out_width * s.filters == 0;
  const Bands bands = empty ? Bands{1, 1, 0} : Bands::of(w, padded);
  const Index parts = min(bands.count, kTasks), partial = (taps + 1) * padded;  // the last row is dbias
  const Scratch<T> partials(parts * partial);
  for (Index i = 0; i < parts * partial; ++i) partials[i] = 0;
  parallel_for(parts, 1, [&](Index begin, Index end) {
    const Scratch<T> slab(w.slab_rows(bands.rows) * w.slab_cols() * padded), gradient(bands.rows * w.grid_w * padded);
    for (Index part = begin; part < end; ++part)
      for (Index band = bands.count * part / parts; band < bands.count * (part + 1) / parts; ++band) {
        const Index image = band / bands.each, first = band % bands.each * bands.rows;
        const Index rows = min(bands.rows, w.grid_h - first);
        fill_slab(w, image, first, rows, s.filters / max(1, s.channels), static_cast<T*>(slab));
        const Index start = (image * w.grid_h + first) * w.grid_w * s.filters;
        for (Index k = 0; k < rows * w.grid_w; ++k)
          for (Index c = 0; c < padded; c += lanes) {
            const Index at = start + k * s.filters + c;
            Vec<T> value = load_columns(dy + at, s.filters - c);
            if (y != nullptr) value = load_columns(y + at, s.filters - c) > Vec<T>{} ? value : Vec<T>{};
            store(gradient + k * padded + c, value);
          }
        for (Index c = 0; c < padded; c += lanes) {
          T* const out = partials + part * partial + c;
          const auto add = [&](Index row, Vec<T> value) {
            store(out + row * padded, load(out + row * padded) + value);
          };
          const Index step = w.stride_w * padded;
          for (Index i = 0; i < rows; ++i) {
            const T* const g = gradient + i * w.grid_w * padded + c;
            Vec<T> total{};
            for (Index j = 0; j < w.grid_w; ++j) total += load(g + j * padded);
            add(taps, total);
            for (Index p = 0; p < w.taps_h; ++p) {
              const T* const in = slab + (i * w.stride_h + w.tap_row[p] - w.first_row()) * w.slab_cols() * padded + c;
              Index q = 0;
              for (; q + 3 <= w.taps_w; q += 3) {  // three sums share each load of dy
                const T* const a0 = in + (w.tap_col[q] - w.first_col()) * padded;
                const T* const a1 = in + (w.tap_col[q + 1] - w.first_col()) * padded;
                const T* const a2 = in + (w.tap_col[q + 2] - w.first_col()) * padded;
                Vec<T> s0{}, s1{}, s2{};
                for (Index j = 0; j < w.grid_w; ++j) {
                  const Vec<T> d = load(g + j * padded);
                  s0 += load(a0 + j * step) * d;
                  s1 += load(a1 + j * step) * d;
                  s2 += load(a2 + j * step) * d;
                }
                add(p * w.taps_w + q, s0);
                add(p * w.taps_w + q + 1, s1);
                add(p * w.taps_w + q + 2, s2);
              }
              for (; q < w.taps_w; ++q) {
                const T* const a = in + (w.tap_col[q] - w.first_col()) * padded;
                Vec<T> sum{};
                for (Index j = 0; j < w.grid_w; ++j) sum += load(a + j * step) * load(g + j * padded);
                add(p * w.taps_w + q, sum);
              }
            }
          }
        }
      }
  });
  for (Index t = 0; t <= taps; ++t) {
    T* const out = t < taps ? dkernel == nullptr ? nullptr : dkernel + t * s.filters : dbias;
    if (out == nullptr) continue;
    for (Index c = 0; c < s.filters; ++c) {
      T sum = 0;
      for (Index part = 0; part < parts; ++part) sum += partials[part * partial + t * padded + c];
      out[c] = sum;
    }
  }
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
