// Cross-entropies, one loss per row: -sum_k target_k log p_k. p is given, or computed from logits.
#pragma once

#include "kernels.h"
#include "kernels/elementwise/activation.h"
#include "kernels/helpers.h"
#include "kernels/loss/softmax.h"

namespace tinynet::TINYNET_ISA {
namespace {

// From logits: -log p_label = log(sum_k e^(x_k - max)) - (x_label - max)
template <class T>
void sparse_softmax_cross_entropy_forward(const T* logits, const std::int64_t* labels, T* losses, T* probabilities,
                                          Index rows, Index classes) {
  parallel_for(rows, softmax_grain(classes), [=](Index begin, Index end) {
    softmax_rows(logits, probabilities, begin, end, classes, [=](Index row, T largest, T log_sum) {
      const Index label = labels[row];
      losses[row] = label < 0 ? T(0) : log_sum - (logits[row * classes + label] - largest);
    });
  });
}

// dlogits = dloss (p - [k = label])
template <class T>
void sparse_softmax_cross_entropy_backward(const T* dlosses, const T* probabilities, const std::int64_t* labels,
                                           T* dlogits, Index rows, Index classes) {
  parallel_for(rows, softmax_grain(classes), [=](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const T* const p = probabilities + row * classes;
      T* const dx = dlogits + row * classes;
      const T dloss = dlosses[row];
      const Index label = labels[row];
      if (label < 0) {
        for (Index k = 0; k < classes; ++k) dx[k] = 0;
        continue;
      }
      for (Index k = 0; k < classes; ++k) dx[k] = dloss * p[k];
      dx[label] = dloss * (p[label] - T(1));
    }
  });
}

template <class T>
void softmax_cross_entropy_forward(const T* logits, const T* targets, T* losses, T* probabilities, Index rows,
                                   Index classes) {
  parallel_for(rows, softmax_grain(classes), [=](Index begin, Index end) {
    softmax_rows(logits, probabilities, begin, end, classes, [=](Index row, T largest, T log_sum) {
      const T *const x = logits + row * classes, *const target = targets + row * classes;
      losses[row] = row_sum<T>(classes, [=](Index k) { return target[k] * (log_sum - (x[k] - largest)); });
    });
  });
}

// dlogits = dloss (p sum target - target)
template <class T>
void softmax_cross_entropy_backward(const T* dlosses, const T* probabilities, const T* targets, T* dlogits, Index rows,
                                    Index classes) {
  parallel_for(rows, softmax_grain(classes), [=](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const T *const p = probabilities + row * classes, *const target = targets + row * classes;
      const T total = row_sum<T>(classes, [=](Index k) { return target[k]; });
      T* const dx = dlogits + row * classes;
      for (Index k = 0; k < classes; ++k) dx[k] = dlosses[row] * (p[k] * total - target[k]);
    }
  });
}

// -z log s(x) - (1 - z) log(1 - s(x)) = max(x, 0) - x z + log(1 + e^-|x|), with s the sigmoid
template <class T>
void sigmoid_cross_entropy_forward(const T* logits, const T* targets, T* losses, Index size) {
  parallel_for(size, kElementwiseGrain, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const T x = logits[i];
      losses[i] = math::max(x, T(0)) - x * targets[i] + math::log1p_of_unit(math::exp(-math::abs(x)));
    }
  });
}

// dlogits = dloss (s(x) - z)
template <class T>
void sigmoid_cross_entropy_backward(const T* dlosses, const T* logits, const T* targets, T* dlogits, Index size) {
  parallel_for(size, kElementwiseGrain, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) dlogits[i] = dlosses[i] * (math::sigmoid(logits[i]) - targets[i]);
  });
}

// From probabilities: q = p / sum p, clipped to [low, high]. The gradient is 0 where q is clipped.
template <class T>
void sparse_cross_entropy_forward(const T* probabilities, const std::int64_t* labels, T* losses, Index rows,
                                  Index classes, T low, T high) {
  parallel_for(rows, softmax_grain(classes), [=](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const T* const p = probabilities + row * classes;
      const T sum = row_sum<T>(classes, [=](Index k) { return p[k]; });
      const T q = p[labels[row] < 0 ? 0 : labels[row]] / sum;
      losses[row] = math::clamp(q, low, high);
    }
    for (Index row = begin; row < end; ++row) losses[row] = -math::log(losses[row]);
    for (Index row = begin; row < end; ++row) losses[row] = math::select(labels[row] < 0, T(0), losses[row]);
  });
}

// dp = dloss (1 / sum p - [k = label] / p)
template <class T>
void sparse_cross_entropy_backward(const T* dlosses, const T* probabilities, const std::int64_t* labels,
                                   T* dprobabilities, Index rows, Index classes, T low, T high) {
  parallel_for(rows, softmax_grain(classes), [=](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const T* const p = probabilities + row * classes;
      T* const dp = dprobabilities + row * classes;
      const Index label = labels[row];
      const T sum = row_sum<T>(classes, [=](Index k) { return p[k]; });
      const T q = p[label < 0 ? 0 : label] / sum;
      const bool counts = label >= 0 && !(q < low) && !(q > high);
      const T from_sum = counts ? dlosses[row] / sum : T(0);
      for (Index k = 0; k < classes; ++k) dp[k] = from_sum;
      if (counts) dp[label] = from_sum - dlosses[row] / p[label];
    }
  });
}

template <class T>
void cross_entropy_forward(const T* probabilities, const T* targets, T* losses, Index rows, Index classes, T low,
                           T high) {
  parallel_for(rows, softmax_grain(classes), [=](Index begin, Index end) {
    const Index size = (end - begin) * classes;
    const helpers::Scratch<T> logs(size);  // of all rows at once, because a row may be short
    for (Index row = begin; row < end; ++row) {
      const T* const p = probabilities + row * classes;
      const T sum = row_sum<T>(classes, [=](Index k) { return p[k]; });
      for (Index k = 0; k < classes; ++k) logs[(row - begin) * classes + k] = math::clamp(p[k] / sum, low, high);
    }
    for (Index i = 0; i < size; ++i) logs[i] = math::log(logs[i]);
    for (Index row = begin; row < end; ++row) {
      const T *const target = targets + row * classes, *const log_q = logs + (row - begin) * classes;
      losses[row] = -row_sum<T>(classes, [=](Index k) { return target[k] * log_q[k]; });
    }
  });
}

// dp = dloss (sum of the unclipped targets / sum p - target / p)
template <class T>
void cross_entropy_backward(const T* dlosses, const T* probabilities, const T* targets, T* dprobabilities, Index rows,
                            Index classes, T low, T high) {
  parallel_for(rows, softmax_grain(classes), [=](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const T *const p = probabilities + row * classes, *const target = targets + row * classes;
      T* const dp = dprobabilities + row * classes;
      const T sum = row_sum<T>(classes, [=](Index k) { return p[k]; });
      const auto clipped = [=](Index k) { return (p[k] / sum < low) | (p[k] / sum > high); };
      const T total = row_sum<T>(classes, [=](Index k) { return math::select(clipped(k), T(0), target[k]); });
      const T dloss = dlosses[row], from_sum = total / sum;
      for (Index k = 0; k < classes; ++k)
        dp[k] = dloss * (from_sum - math::select(clipped(k), T(0), target[k] / p[k]));
    }
  });
}

// Element by element: -z log p - (1 - z) log(1 - p)
template <class T>
void binary_cross_entropy_forward(const T* probabilities, const T* targets, T* losses, Index size, T low, T high) {
  parallel_for(size, kElementwiseGrain, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const T p = math::clamp(probabilities[i], low, high), z = targets[i];
      losses[i] = -(z * math::log(p) + (T(1) - z) * math::log(T(1) - p));
    }
  });
}

// dp = dloss ((1 - z) / (1 - p) - z / p)
template <class T>
void binary_cross_entropy_backward(const T* dlosses, const T* probabilities, const T* targets, T* dprobabilities,
                                   Index size, T low, T high) {
  parallel_for(size, kElementwiseGrain, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const T p = probabilities[i], z = targets[i];
      const T slope = (T(1) - z) / (T(1) - p) - z / p;
      dprobabilities[i] = math::select((p < low) | (p > high), T(0), dlosses[i] * slope);
    }
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
