// Optimizer steps: tinynet/ops/optimizer_steps.py has the rules. Each step is one pass over the memory of all
// variables.
#pragma once

#include "denormals.h"
#include "kernels.h"
#include "kernels/elementwise/math.h"
#include "kernels/helpers.h"

namespace tinynet::TINYNET_ISA {
namespace {

inline float power(float x, float y) { return __builtin_powf(x, y); }
inline double power(double x, double y) { return __builtin_pow(x, y); }
template <class T>
inline T maximum(T a, T b) {  // NaN if either is, like np.maximum
  return a > b || a != a ? a : b;
}

template <class T>
inline T* advance(T* array, Index by) {
  return array == nullptr ? nullptr : array + by;
}

// While the root and the division of a piece are computed, the data this far ahead is prefetched: Adam on 10 million
// weights takes 3.6 ms instead of 4.3. The blocks of small networks are shorter than that; they are in the cache
// anyway.
constexpr Index kPiece = 128, kPrefetchDistance = 2048;

template <class T>
inline void prefetch(const T* array) {
  constexpr Index line = 64 / Index(sizeof(T));
  for (Index i = 0; i < kPiece; i += line) __builtin_prefetch(array + i, 1);
}

// Applies `rule` to n elements: to a weight, its gradient, and its states. Bit k of States is set if the rule has state
// k. An absent state is neither read nor written.
template <int States, bool kDecay, class T, class Rule>
inline void update_piece(T* w, const T* g, T* a, T* b, T* c, Index n, T decay, const Rule& rule) {
  for (Index start = 0; start < n; start += kPiece) {
    const Index stop = start + kPiece < n ? start + kPiece : n;
    if (const Index next = start + kPrefetchDistance; next + kPiece <= n) {
      prefetch(w + next);
      prefetch(g + next);
      if constexpr (States & 1) prefetch(a + next);
      if constexpr (States & 2) prefetch(b + next);
      if constexpr (States & 4) prefetch(c + next);
    }
    TINYNET_NO_OVERLAP
    for (Index i = start; i < stop; ++i) {
      T weight = w[i], s[3] = {};
      if constexpr (States & 1) s[0] = a[i];
      if constexpr (States & 2) s[1] = b[i];
      if constexpr (States & 4) s[2] = c[i];
      if constexpr (kDecay) weight -= decay * weight;
      rule(weight, g[i], s[0], s[1], s[2]);
      w[i] = weight;
      if constexpr (States & 1) a[i] = s[0];
      if constexpr (States & 2) b[i] = s[1];
      if constexpr (States & 4) c[i] = s[2];
    }
  }
}

// The elements of all variables count as one long row, cut into blocks that depend on its length alone. A block runs on
// the same core in every step, and its weights and states are still in that core's cache.
template <int States, class T, class Rule>
inline void update(const Parameter<T>* parameters, Index count, double decay, const Rule& rule) {
  Index total = 0;
  for (Index p = 0; p < count; ++p) total += parameters[p].size;
  // Below 16384 elements (about 3 us) a second thread costs more than it saves. There are at most 256 blocks, because
  // each block searches for its first variable.
  const Index grain = total <= 16384 ? total : total <= 256 * 2048 ? 2048 : (total / 256 + 1023) / 1024 * 1024;
  parallel_for(total, grain, [=](Index begin, Index end) {
    // A mean that gets no more gradient shrinks by a factor of 0.9 per step and is below 1e-38 after 830 steps. Many
    // CPUs take 100 times as long for such numbers: the step of the 784-128-10 network took 180 us instead of 45.
    const FlushDenormals flush;
    for (const Parameter<T>* p = parameters; end > 0; begin -= p->size, end -= p->size, ++p) {
      const Index first = begin > 0 ? begin : 0, last = end < p->size ? end : p->size, n = last - first;
      if (n <= 0) continue;
      T *w = p->weights + first, *a = advance(p->state[0], first), *b = advance(p->state[1], first);
      T* c = advance(p->state[2], first);
      const T* g = p->gradient + first;
      if (decay == 0)
        update_piece<States, false>(w, g, a, b, c, n, T(0), rule);
      else
        update_piece<States, true>(w, g, a, b, c, n, T(decay), rule);
    }
  });
}

template <class T>
void sgd_step(const Parameter<T>* parameters, Index count, double learning_rate, double momentum, bool nesterov,
              double decay) {
  const T rate = T(learning_rate), mu = T(momentum);
  if (parameters->state[0] == nullptr)
    update<0b000>(parameters, count, decay, [=](T& w, T g, T&, T&, T&) { w -= rate * g; });
  else if (nesterov)
    update<0b001>(parameters, count, decay, [=](T& w, T g, T& v, T&, T&) {
      v = mu * v - rate * g;
      w += mu * v - rate * g;
    });
  else
    update<0b001>(parameters, count, decay, [=](T& w, T g, T& v, T&, T&) {
      v = mu * v - rate * g;
      w += v;
    });
}

template <class T>
void adam_step(const Parameter<T>* parameters, Index count, double step_size, double beta_1, double beta_2,
               double epsilon, double decay) {
  const T alpha = T(step_size), one_minus_beta_1 = T(1 - beta_1), one_minus_beta_2 = T(1 - beta_2), eps = T(epsilon);
  if (parameters->state[2] == nullptr)
    update<0b011>(parameters, count, decay, [=](T& w, T g, T& m, T& v, T&) {
      m += (g - m) * one_minus_beta_1;
      v += (g * g - v) * one_minus_beta_2;
      w -= alpha * m / (math::sqrt(v) + eps);
    });
  else
    update<0b111>(parameters, count, decay, [=](T& w, T g, T& m, T& v, T& v_max) {
      m += (g - m) * one_minus_beta_1;
      v += (g * g - v) * one_minus_beta_2;
      v_max = maximum(v_max, v);
      w -= alpha * m / (math::sqrt(v_max) + eps);
    });
}

template <class T>
void adamax_step(const Parameter<T>* parameters, Index count, double step_size, double beta_1, double beta_2,
                 double epsilon, double decay) {
  const T alpha = T(step_size), one_minus_beta_1 = T(1 - beta_1), b2 = T(beta_2), eps = T(epsilon);
  update<0b011>(parameters, count, decay, [=](T& w, T g, T& m, T& u, T&) {
    m += (g - m) * one_minus_beta_1;
    u = maximum(b2 * u, math::abs(g));
    w -= alpha * m / (u + eps);
  });
}

template <class T>
void nadam_step(const Parameter<T>* parameters, Index count, double learning_rate, double mean_factor,
                double gradient_factor, double variance_factor, double beta_1, double beta_2, double epsilon,
                double decay) {
  const T by_mean = T(learning_rate * mean_factor), by_gradient = T(learning_rate * gradient_factor);
  const T by_variance = T(variance_factor), eps = T(epsilon);
  const T one_minus_beta_1 = T(1 - beta_1), one_minus_beta_2 = T(1 - beta_2);
  update<0b011>(parameters, count, decay, [=](T& w, T g, T& m, T& v, T&) {
    m += (g - m) * one_minus_beta_1;
    v += (g * g - v) * one_minus_beta_2;
    w -= (by_mean * m + by_gradient * g) / (math::sqrt(v * by_variance) + eps);
  });
}

template <class T>
void rmsprop_step(const Parameter<T>* parameters, Index count, double learning_rate, double rho, double momentum,
                  double epsilon, double decay) {
  const T rate = T(learning_rate), r = T(rho), one_minus_rho = T(1 - rho), mu = T(momentum), eps = T(epsilon);
  const bool has_momentum = parameters->state[1] != nullptr, centered = parameters->state[2] != nullptr;
  if (centered && has_momentum)
    update<0b111>(parameters, count, decay, [=](T& w, T g, T& v, T& momentum_state, T& mean) {
      v = r * v + one_minus_rho * (g * g);
      mean = r * mean + one_minus_rho * g;
      momentum_state = mu * momentum_state + rate * g / math::sqrt(v - mean * mean + eps);
      w -= momentum_state;
    });
  else if (centered)
    update<0b101>(parameters, count, decay, [=](T& w, T g, T& v, T&, T& mean) {
      v = r * v + one_minus_rho * (g * g);
      mean = r * mean + one_minus_rho * g;
      w -= rate * g / math::sqrt(v - mean * mean + eps);
    });
  else if (has_momentum)
    update<0b011>(parameters, count, decay, [=](T& w, T g, T& v, T& momentum_state, T&) {
      v = r * v + one_minus_rho * (g * g);
      momentum_state = mu * momentum_state + rate * g / math::sqrt(v + eps);
      w -= momentum_state;
    });
  else
    update<0b001>(parameters, count, decay, [=](T& w, T g, T& v, T&, T&) {
      v = r * v + one_minus_rho * (g * g);
      w -= rate * g / math::sqrt(v + eps);
    });
}

template <class T>
void adagrad_step(const Parameter<T>* parameters, Index count, double learning_rate, double epsilon, double decay) {
  const T rate = T(learning_rate), eps = T(epsilon);
  update<0b001>(parameters, count, decay, [=](T& w, T g, T& a, T&, T&) {
    a += g * g;
    w -= rate * g / math::sqrt(a + eps);
  });
}

template <class T>
void adadelta_step(const Parameter<T>* parameters, Index count, double learning_rate, double rho, double epsilon,
                   double decay) {
  const T rate = T(learning_rate), r = T(rho), one_minus_rho = T(1 - rho), eps = T(epsilon);
  update<0b011>(parameters, count, decay, [=](T& w, T g, T& a, T& u, T&) {
    a = r * a + one_minus_rho * (g * g);
    const T delta = math::sqrt(u + eps) * g / math::sqrt(a + eps);
    u = r * u + one_minus_rho * (delta * delta);
    w -= rate * delta;
  });
}

template <class T>
void lion_step(const Parameter<T>* parameters, Index count, double learning_rate, double beta_1, double beta_2,
               double decay) {
  const T rate = T(learning_rate), b1 = T(beta_1), b2 = T(beta_2);
  const T one_minus_beta_1 = T(1 - beta_1), one_minus_beta_2 = T(1 - beta_2);
  update<0b001>(parameters, count, decay, [=](T& w, T g, T& m, T&, T&) {
    const T c = b1 * m + one_minus_beta_1 * g;
    w -= c > 0 ? rate : c < 0 ? -rate : rate * c;  // rate * sign(c); 0 and NaN are propagated
    m = b2 * m + one_minus_beta_2 * g;
  });
}

template <class T>
void ftrl_step(const Parameter<T>* parameters, Index count, double learning_rate, double learning_rate_power, double l1,
               double l2, double shrinkage, double decay) {
  const T rate = T(learning_rate), strength_1 = T(l1), twice_l2 = T(2 * l2), shrink = T(2 * shrinkage);
  const auto with_power = [=](const auto& raised) {
    update<0b011>(parameters, count, decay, [=](T& w, T g, T& a, T& z, T&) {
      const T before = raised(a), after = raised(a + g * g);
      z += g + shrink * w - (after - before) / rate * w;
      a += g * g;
      const T clipped = z < -strength_1 ? -strength_1 : z > strength_1 ? strength_1 : z;
      w = (clipped - z) / (after / rate + twice_l2);
    });
  };
  const T exponent = T(-learning_rate_power);
  if (exponent == T(0.5))  // the default; a power is ten times slower
    with_power([](T x) { return math::sqrt(x); });
  else
    with_power([=](T x) { return power(x, exponent); });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
