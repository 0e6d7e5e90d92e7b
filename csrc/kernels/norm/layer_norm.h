// Layer normalization and root-mean-square normalization, along the rows of x[rows][size]: tinynet/ops/layer_norm.py
// has the formulas.
#pragma once

#include "kernels/norm/batch_norm.h"
#include "kernels/loss/softmax.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace normalization {

inline Index row_grain(Index size) { return max(1, 16384 / (size + 1)); }

}  // namespace normalization

// `rms`: no mean is subtracted, and `mean` is set to 0. gamma[size] and beta[size] may be null.
template <class T>
void layer_norm_forward(const T* x, const T* gamma, const T* beta, double epsilon, bool rms, T* y, T* mean,
                        T* inverse_std, Index rows, Index size) {
  parallel_for(rows, normalization::row_grain(size), [=](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const T* const from = x + row * size;
      T* const to = y + row * size;
      const T count = static_cast<T>(size);
      T m = rms ? T(0) : row_sum<T>(size, [=](Index k) { return from[k]; }) / count;
      if (!rms) m += row_sum<T>(size, [=](Index k) { return from[k] - m; }) / count;  // corrects the rounding error
      const T variance = row_sum<T>(size, [=](Index k) { return (from[k] - m) * (from[k] - m); }) / count;
      const T scale = static_cast<T>(1 / math::sqrt(static_cast<double>(variance) + epsilon));
      mean[row] = m;
      inverse_std[row] = scale;
      if (gamma == nullptr)
        for (Index k = 0; k < size; ++k) to[k] = (from[k] - m) * scale;
      else if (beta == nullptr)
        for (Index k = 0; k < size; ++k) to[k] = (from[k] - m) * scale * gamma[k];
      else
        for (Index k = 0; k < size; ++k) to[k] = (from[k] - m) * scale * gamma[k] + beta[k];
      if (gamma == nullptr && beta != nullptr)
        for (Index k = 0; k < size; ++k) to[k] += beta[k];
    }
  });
}

// dx, dgamma and dbeta may each be null.
template <class T>
void layer_norm_backward(const T* dy, const T* x, const T* gamma, const T* mean, const T* inverse_std, bool rms, T* dx,
                         T* dgamma, T* dbeta, Index rows, Index size) {
  const Index grain = helpers::max(16, normalization::row_grain(size));
  const Index blocks = (rows + grain - 1) / grain;
  const product::Scratch<T> for_gamma(dgamma != nullptr ? blocks * size : 0);
  const product::Scratch<T> for_beta(dbeta != nullptr ? blocks * size : 0);
  T *const gamma_sums = for_gamma, *const beta_sums = for_beta;
  parallel_for(rows, grain, [=](Index begin, Index end) {
    T* const sum_gamma = gamma_sums != nullptr ? gamma_sums + begin / grain * size : nullptr;
    T* const sum_beta = beta_sums != nullptr ? beta_sums + begin / grain * size : nullptr;
    if (sum_gamma != nullptr)
      for (Index k = 0; k < size; ++k) sum_gamma[k] = 0;
    if (sum_beta != nullptr)
      for (Index k = 0; k < size; ++k) sum_beta[k] = 0;
    for (Index row = begin; row < end; ++row) {
      const T *const d = dy + row * size, *const from = x + row * size;
      const T m = mean[row], scale = inverse_std[row], count = static_cast<T>(size);
      if (sum_gamma != nullptr)
        for (Index k = 0; k < size; ++k) sum_gamma[k] += d[k] * ((from[k] - m) * scale);
      if (sum_beta != nullptr)
        for (Index k = 0; k < size; ++k) sum_beta[k] += d[k];
      if (dx == nullptr) continue;
      T* const to = dx + row * size;
      const auto along_row = [=](const auto& g) {  // g(k): gradient with respect to xhat[k]
        const T mean_dy = rms ? T(0) : row_sum<T>(size, g) / count;
        const T slope = row_sum<T>(size, [=](Index k) { return g(k) * ((from[k] - m) * scale); }) / count;
        for (Index k = 0; k < size; ++k) to[k] = scale * ((g(k) - mean_dy) - (from[k] - m) * scale * slope);
      };
      if (gamma != nullptr)
        along_row([=](Index k) { return d[k] * gamma[k]; });
      else
        along_row([=](Index k) { return d[k]; });
    }
  });
  if (dgamma != nullptr) normalization::add_blocks(gamma_sums, blocks, size, dgamma);
  if (dbeta != nullptr) normalization::add_blocks(beta_sums, blocks, size, dbeta);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
