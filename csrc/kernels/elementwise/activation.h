// Activation functions, element by element. Each has one formula and one derivative, as in tinynet/ops/activation.py.
#pragma once

#include "kernels.h"
#include "kernels/elementwise/math.h"

namespace tinynet::TINYNET_ISA {
namespace {

// Elements per block: 64 KB of floats. That is enough work to outweigh waking a thread (1-2 us), and small enough to
// balance the load of the threads.
constexpr Index kElementwiseGrain = 16384;

// Calls use(f, df) with the activation f and its derivative df. Both are functions of one element, and a loop over
// either vectorises. At a kink df is the derivative of the flat side, or of the left side if neither is flat. f(NaN) is
// NaN.
template <class T, class Use>
inline void with_activation(Activation which, T a, T b, T c, const Use& use) {
  using math::select;
  constexpr T zero = 0, one = 1, half = 0.5;
  constexpr T selu_alpha = T(1.6732632423543772), selu_scale = T(1.0507009873554805);
  constexpr T sqrt_half = T(0.70710678118654752), sqrt_2_over_pi = T(0.79788456080286536), cubic = T(0.044715);
  constexpr T density_at_0 = T(0.39894228040143268);  // 1 / sqrt(2 pi)
  constexpr T erf_slope = T(1.1283791670955126);      // 2 / sqrt(pi)

  switch (which) {
    case Activation::linear:
      return use([](T x) { return x; }, [](T) { return one; });
    case Activation::relu:
      return use([](T x) { return math::max(x, zero); }, [](T x) { return select(x > zero, one, zero); });
    case Activation::relu6:
      return use([](T x) { return math::clamp(x, zero, T(6)); },
                 [](T x) { return select((x > zero) & (x < T(6)), one, zero); });
    case Activation::leaky_relu:  // a: negative_slope
      return use([=](T x) { return select(x < zero, a * x, x); }, [=](T x) { return select(x > zero, one, a); });
    case Activation::clipped_relu: {  // a: negative_slope, b: max_value or infinity, c: threshold
      const T infinity = T(__builtin_huge_val()), floor = b < infinity ? zero : -infinity;
      return use([=](T x) { return math::clamp(select(x <= c, zero, x), floor, b) - a * math::max(c - x, zero); },
                 [=](T x) {
                   return select((x > c) & (x > floor) & (x < b), one, zero) + select(x < c, a, zero);
                 });
    }
    case Activation::elu:  // a: alpha
      return use([=](T x) { return select(x > zero, x, a * math::expm1(x)); },
                 [=](T x) { return select(x > zero, one, a * math::exp(x)); });
    case Activation::celu:  // a: alpha
      return use([=](T x) { return select(x > zero, x, a * math::expm1(x / a)); },
                 [=](T x) { return select(x > zero, one, math::exp(x / a)); });
    case Activation::selu:
      return use([](T x) { return selu_scale * select(x > zero, x, selu_alpha * math::expm1(x)); },
                 [](T x) { return selu_scale * select(x > zero, one, selu_alpha * math::exp(x)); });
    case Activation::gelu:
      return use([](T x) { return half * x * (one + math::erf(x * sqrt_half)); },
                 [](T x) {
                   return half * (one + math::erf(x * sqrt_half)) + x * density_at_0 * math::exp(-half * x * x);
                 });
    case Activation::gelu_tanh:
      return use([](T x) { return half * x * (one + math::tanh(sqrt_2_over_pi * (x + cubic * x * x * x))); },
                 [](T x) {
                   const T v = math::clamp(x, T(-20), T(20));  // beyond this range tanh is 1 and x^3 may be infinite
                   const T t = math::tanh(sqrt_2_over_pi * (v + cubic * v * v * v));
                   return half * (one + t) + half * v * (one - t * t) * sqrt_2_over_pi * (one + 3 * cubic * v * v);
                 });
    case Activation::sigmoid:
      return use([](T x) { return math::sigmoid(x); }, [](T x) { return math::sigmoid(x) * math::sigmoid(-x); });
    case Activation::hard_sigmoid:
      return use([](T x) { return math::clamp(x + T(3), zero, T(6)) / T(6); },
                 [](T x) { return select((x > T(-3)) & (x < T(3)), one / T(6), zero); });
    case Activation::log_sigmoid:
      return use([](T x) { return -math::softplus(-x); }, [](T x) { return math::sigmoid(-x); });
    case Activation::silu:
      return use([](T x) { return x * math::sigmoid(x); },
                 [](T x) { return math::sigmoid(x) * (one + x * math::sigmoid(-x)); });
    case Activation::hard_silu:
      return use([](T x) { return x * (math::clamp(x + T(3), zero, T(6)) / T(6)); },
                 [](T x) { return select(x <= T(-3), zero, select(x >= T(3), one, x / T(3) + half)); });
    case Activation::tanh:
      return use([](T x) { return math::tanh(x); },
                 [](T x) {
                   const T t = math::tanh(x);
                   return one - t * t;
                 });
    case Activation::hard_tanh:
      return use([](T x) { return math::clamp(x, -one, one); },
                 [](T x) { return select(math::abs(x) < one, one, zero); });
    case Activation::tanh_shrink:
      return use([](T x) { return x - math::tanh(x); },
                 [](T x) {
                   const T t = math::tanh(x);
                   return t * t;
                 });
    case Activation::hard_shrink:  // a: threshold
      return use([=](T x) { return select(math::abs(x) <= a, zero, x); },
                 [=](T x) { return select(math::abs(x) > a, one, zero); });
    case Activation::soft_shrink:  // a: threshold
      return use([=](T x) { return x - math::clamp(x, -a, a); },
                 [=](T x) { return select(math::abs(x) > a, one, zero); });
    case Activation::softplus:
      return use([](T x) { return math::softplus(x); }, [](T x) { return math::sigmoid(x); });
    case Activation::softsign:
      return use([](T x) { return x / (one + math::abs(x)); },
                 [](T x) {
                   const T slope = one / (one + math::abs(x));
                   return slope * slope;
                 });
    case Activation::mish: {
      // tanh(log(1 + e^x)) = (w^2 + 2w) / (w^2 + 2w + 2) with w = e^x. For x > 0, numerator and denominator are divided
      // by w^2.
      const auto gate = [](T x) {
        const T w = math::exp(-math::abs(x)), square = select(x > zero, one + 2 * w, w * (w + 2));
        return square / (square + 2 * select(x > zero, w * w, one));
      };
      return use([=](T x) { return x * gate(x); },
                 [=](T x) {
                   const T t = gate(x);
                   return t + x * (one - t * t) * math::sigmoid(x);
                 });
    }
    case Activation::exponential:
      return use([](T x) { return math::exp(x); }, [](T x) { return math::exp(x); });
    case Activation::sparse_plus:
      return use([](T x) { return select(x <= -one, zero, select(x >= one, x, T(0.25) * ((x + one) * (x + one)))); },
                 [](T x) { return math::clamp(half * (x + one), zero, one); });
    case Activation::sparse_sigmoid:
      return use([](T x) { return math::clamp(half * (x + one), zero, one); },
                 [](T x) { return select(math::abs(x) < one, half, zero); });
    case Activation::squareplus:  // a: b
      return use([=](T x) { return half * (x + math::sqrt(x * x + a)); },
                 [=](T x) { return half * (one + x / math::sqrt(x * x + a)); });
    case Activation::threshold:  // a: threshold, b: default_value
      return use([=](T x) { return select(x <= a, b, x); }, [=](T x) { return select(x > a, one, zero); });
    case Activation::expm1:
      return use([](T x) { return math::expm1(x); }, [](T x) { return math::exp(x); });
    case Activation::log:
      return use([](T x) { return math::log(x); }, [](T x) { return one / x; });
    case Activation::log1p:
      return use([](T x) { return math::log1p(x); }, [](T x) { return one / (one + x); });
    case Activation::erf:
      return use([](T x) { return math::erf(x); }, [](T x) { return erf_slope * math::exp(-x * x); });
  }
}

template <class T>
void activation_forward(Activation which, const T* x, T* y, Index size, T a, T b, T c) {
  with_activation(which, a, b, c, [=](const auto& f, const auto&) {
    parallel_for(size, kElementwiseGrain, [=](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) y[i] = f(x[i]);
    });
  });
}

template <class T>
void activation_backward(Activation which, const T* dy, const T* x, T* dx, Index size, T a, T b, T c) {
  with_activation(which, a, b, c, [=](const auto&, const auto& df) {
    parallel_for(size, kElementwiseGrain, [=](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) dx[i] = dy[i] * df(x[i]);
    });
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
