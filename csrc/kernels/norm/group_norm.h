// Group normalization over x[samples][pixels][channels]: tinynet/ops/group_norm.py has the formulas.
//
// One thread processes a sample: x comes from memory once and from the cache in the later passes. Inside a sample, the
// pixels are grouped into lines as in batch_norm.h, and the numbers of the groups are repeated for each channel of a
// line. So every loop runs at full vector width, whether a group has 1 channel or all.
#pragma once

#include <limits>

#include "kernels/norm/layer_norm.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace normalization {

// The lines of one sample, which are no longer than the sample.
inline Lines lines_of_sample(Index pixels, Index channels) {
  Lines lines(pixels, channels);
  lines.folded = helpers::smaller(lines.folded, pixels);
  lines.width = lines.folded * channels;
  return lines;
}

// Calls body(group, first channel, end) for each group.
template <class Body>
inline void each_group(Index groups, Index channels, const Body& body) {
  const Index members = channels / groups;
  for (Index group = 0; group < groups; ++group) body(group, group * members, (group + 1) * members);
}

// Repeats the first row of a line in the others.
template <class T>
inline void fill_line(T* line, const Lines& lines) {
  for (Index r = 1; r < lines.folded; ++r)
    for (Index c = 0; c < lines.channels; ++c) line[r * lines.channels + c] = line[c];
}

template <class T>
inline double sum_of(const T* values, Index begin, Index end) {
  double sum = 0;
  for (Index c = begin; c < end; ++c) sum += values[c];
  return sum;
}

}  // namespace normalization

// The statistics take two passes, as those of layer_norm_forward: the sums around the mean of the first pass also
// correct its rounding error. Sums of a channel are in T, those over the channels of a group in float64.
template <class T>
void group_norm_forward(const T* x, const T* gamma, const T* beta, double epsilon, T* y, T* mean, T* inverse_std,
                        Index samples, Index pixels, Index channels, Index groups) {
  using namespace normalization;
  const Index size = pixels * channels;
  if (size == 0) {  // the mean of nothing
    for (Index i = 0; i < samples * groups; ++i) mean[i] = inverse_std[i] = std::numeric_limits<T>::quiet_NaN();
    return;
  }
  const Lines lines = lines_of_sample(pixels, channels);
  const double count = static_cast<double>(size / groups);
  parallel_for(samples, row_grain(size), [=, &lines](Index begin, Index end) {
    const Scratch<T> memory(2 * channels + 3 * lines.width);
    T *const first = memory, *const second = first + channels;  // sums of each channel
    T *const centre = second + channels, *const scale = centre + lines.width, *const offset = scale + lines.width;
    for (Index c = 0; c < channels; ++c) offset[c] = beta != nullptr ? beta[c] : T(0);
    fill_line(offset, lines);
    for (Index sample = begin; sample < end; ++sample) {
      const T* const from = x + sample * size;
      T* const to = y + sample * size;
      column_sums(0, pixels, lines, first, second,
                  [=](Index) { return [=](Index i, T& sum, T&) { sum += from[i]; }; });
      each_group(groups, channels, [=](Index, Index c_begin, Index c_end) {
        const T m = static_cast<T>(sum_of(first, c_begin, c_end) / count);
        for (Index c = c_begin; c < c_end; ++c) centre[c] = m;
      });
      fill_line(centre, lines);
      column_sums(0, pixels, lines, first, second, [=](Index j) {
        return [=, m = centre[j]](Index i, T& sum, T& sum_of_squares) {
          const T d = from[i] - m;
          sum += d;
          sum_of_squares += d * d;
        };
      });
      each_group(groups, channels, [=](Index group, Index c_begin, Index c_end) {
        const double shift = sum_of(first, c_begin, c_end) / count;
        const double value = sum_of(second, c_begin, c_end) / count - shift * shift;
        const double variance = value < 0 ? 0 : value;  // NaN stays NaN
        const T m = static_cast<T>(centre[c_begin] + shift);
        const T inverse = static_cast<T>(1 / math::sqrt(variance + epsilon));
        mean[sample * groups + group] = m;
        inverse_std[sample * groups + group] = inverse;
        for (Index c = c_begin; c < c_end; ++c) {
          centre[c] = m;
          scale[c] = gamma != nullptr ? gamma[c] * inverse : inverse;
        }
      });
      fill_line(centre, lines);
      fill_line(scale, lines);
      each_element(0, pixels, lines, [=](Index j) {
        return [=, m = centre[j], s = scale[j], b = offset[j]](Index i) { to[i] = (from[i] - m) * s + b; };
      });
    }
  });
}

// dx, dgamma and dbeta may each be null. In a group
//
//   dx = inverse_std (dy gamma - mean of dy gamma - xhat * mean of dy gamma xhat)
//      = dy scale - (level + (x - mean) slope)
//
// whose means follow from the sums of dy and of dy (x - mean) in each channel, which are also dbeta and dgamma.
template <class T>
void group_norm_backward(const T* dy, const T* x, const T* gamma, const T* mean, const T* inverse_std, T* dx, T* dgamma,
                         T* dbeta, Index samples, Index pixels, Index channels, Index groups) {
  using namespace normalization;
  const Index size = pixels * channels;
  if (size == 0) {
    for (Index c = 0; c < channels; ++c) {
      if (dgamma != nullptr) dgamma[c] = 0;
      if (dbeta != nullptr) dbeta[c] = 0;
    }
    return;
  }
  const Lines lines = lines_of_sample(pixels, channels);
  const double count = static_cast<double>(size / groups);
  // A block has 16 pixels or more: its sums, one a channel, are then small beside x.
  const Index grain = helpers::larger(row_grain(size), helpers::ceil_div(16, pixels));
  const Index blocks = helpers::ceil_div(samples, grain);
  const Scratch<T> for_gamma(dgamma != nullptr ? blocks * channels : 0);
  const Scratch<T> for_beta(dbeta != nullptr ? blocks * channels : 0);
  T *const gamma_sums = for_gamma, *const beta_sums = for_beta;
  parallel_for(samples, grain, [=, &lines](Index begin, Index end) {
    T* const sum_gamma = gamma_sums != nullptr ? gamma_sums + begin / grain * channels : nullptr;
    T* const sum_beta = beta_sums != nullptr ? beta_sums + begin / grain * channels : nullptr;
    for (Index c = 0; c < channels; ++c) {
      if (sum_gamma != nullptr) sum_gamma[c] = 0;
      if (sum_beta != nullptr) sum_beta[c] = 0;
    }
    const Scratch<T> memory(2 * channels + 4 * lines.width);
    T *const first = memory, *const second = first + channels;  // sums of dy and of dy (x - mean) in each channel
    T *const centre = second + channels, *const scale = centre + lines.width;
    T *const level = scale + lines.width, *const slope = level + lines.width;
    for (Index sample = begin; sample < end; ++sample) {
      const T *const d = dy + sample * size, *const from = x + sample * size;
      const T *const means = mean + sample * groups, *const inverses = inverse_std + sample * groups;
      each_group(groups, channels, [=](Index group, Index c_begin, Index c_end) {
        for (Index c = c_begin; c < c_end; ++c) centre[c] = means[group];
      });
      fill_line(centre, lines);
      column_sums(0, pixels, lines, first, second, [=](Index j) {
        return [=, m = centre[j]](Index i, T& sum, T& sum_of_products) {
          sum += d[i];
          sum_of_products += d[i] * (from[i] - m);
        };
      });
      each_group(groups, channels, [=](Index group, Index c_begin, Index c_end) {
        const T inverse = inverses[group];
        double all = 0, products = 0;
        for (Index c = c_begin; c < c_end; ++c) {
          const T weight = gamma != nullptr ? gamma[c] : T(1);
          all += static_cast<double>(weight) * first[c];
          products += static_cast<double>(weight) * second[c];
          scale[c] = weight * inverse;
          if (sum_gamma != nullptr) sum_gamma[c] += second[c] * inverse;
          if (sum_beta != nullptr) sum_beta[c] += first[c];
        }
        const double factor = static_cast<double>(inverse) / count;
        for (Index c = c_begin; c < c_end; ++c) {
          level[c] = static_cast<T>(all * factor);
          slope[c] = static_cast<T>(products * factor * inverse * inverse);
        }
      });
      if (dx == nullptr) continue;
      fill_line(scale, lines);
      fill_line(level, lines);
      fill_line(slope, lines);
      T* const to = dx + sample * size;
      each_element(0, pixels, lines, [=](Index j) {
        return [=, m = centre[j], s = scale[j], l = level[j], k = slope[j]](Index i) {
          to[i] = d[i] * s - (l + (from[i] - m) * k);
        };
      });
    }
  });
  if (dgamma != nullptr) add_blocks(gamma_sums, blocks, channels, dgamma);
  if (dbeta != nullptr) add_blocks(beta_sums, blocks, channels, dbeta);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
