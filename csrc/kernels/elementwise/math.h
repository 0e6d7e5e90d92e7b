// Elementary functions that vectorise in a plain loop over floats: no branches, no tables, no calls.
//
// The float versions are within 4 units in the last place of the exact value (tests/ops/test_activation.py), over the
// whole range: subnormal arguments and results, overflow to infinity, NaN for NaN. The double versions are those of the
// C library, exact to a unit in the last place and not vectorised: float64 is for checking gradients.
//
// The polynomial coefficients are minimax fits (weighted least squares, reweighted until the error is level) of the
// function in the comment beside them. `select` chooses between two values and computes both. With `c ? a : b`, GCC
// emits a branch if a or b is a computation that could raise a floating-point exception, and the loop stays scalar (exp
// over 1M floats on AVX2: 3.2 ms, with select 0.4 ms).
#pragma once

#include <cstdint>

#ifndef TINYNET_ISA
#error "include this from a unit of csrc/kernels/, which setup.py compiles with TINYNET_ISA and TINYNET_VECTOR_BYTES"
#endif

namespace tinynet::TINYNET_ISA {
namespace {
namespace math {

inline std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float from_bits(std::uint32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

inline std::uint64_t bits_of(double value) {
  std::uint64_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline double from_bits(std::uint64_t bits) {
  double value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

// c ? a : b
template <class T>
inline T select(bool c, T a, T b) {
  using Bits = decltype(bits_of(a));
  const Bits mask = -static_cast<Bits>(c);
  return from_bits((bits_of(a) & mask) | (bits_of(b) & ~mask));
}

inline float abs(float x) { return __builtin_fabsf(x); }
inline double abs(double x) { return __builtin_fabs(x); }
inline float sqrt(float x) { return __builtin_sqrtf(x); }
inline double sqrt(double x) { return __builtin_sqrt(x); }
inline float copysign(float x, float sign) { return __builtin_copysignf(x, sign); }
inline double copysign(double x, double sign) { return __builtin_copysign(x, sign); }

// `max` and `min` return NaN if x is NaN.
template <class T>
inline T max(T x, T floor) { return select(x < floor, floor, x); }
template <class T>
inline T min(T x, T ceiling) { return select(x > ceiling, ceiling, x); }
template <class T>
inline T clamp(T x, T low, T high) { return min(max(x, low), high); }

// x = n ln 2 + r with |r| <= ln(2)/2. Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
constexpr float kRounder = 12582912.0f;
struct Reduced {
  std::uint32_t n;  // two's complement
  float r;
};
inline Reduced reduce_by_ln2(float x) {
  const float shifted = x * 1.44269504f + kRounder;
  const float n = shifted - kRounder;
  // ln 2 in two parts. The first has nine bits, so n times it is exact even without fused multiply-add.
  return {bits_of(shifted) - bits_of(kRounder), (x - n * 0.693359375f) + n * 2.12194440e-4f};
}

// 2^n for n in [-126, 127].
inline float power_of_two(std::uint32_t n) { return from_bits((n + 127u) << 23); }

// e^r = 1 + r + r^2 q(r)
inline float exp_of_reduced(float r) {
  float q = 1.394573948e-03f + r * 1.978927321e-04f;
  q = 8.333503269e-03f + r * q;
  q = 4.166628048e-02f + r * q;
  q = 1.666666567e-01f + r * q;
  q = 5.000000000e-01f + r * q;
  return 1.0f + (r + r * r * q);
}

inline float exp(float x) {
  const Reduced part = reduce_by_ln2(clamp(x, -104.0f, 89.0f));  // beyond this range: 0 and infinity
  // Two factors, because n may be as low as -150 (subnormal results) and as high as 128.
  const std::uint32_t half = static_cast<std::uint32_t>(static_cast<std::int32_t>(part.n) >> 1);
  return exp_of_reduced(part.r) * power_of_two(half) * power_of_two(part.n - half);
}

// e^x for x <= 0 with an absolute error of 2^-126. It needs one factor less than exp, and is for sums in which so small
// a term is lost anyway.
inline float exp_of_negative(float x) {
  const Reduced part = reduce_by_ln2(max(x, -87.0f));
  return exp_of_reduced(part.r) * power_of_two(part.n);
}

// e^x - 1 = 2^n (e^r - 1) + (2^n - 1), computed in halves because 2^128 is not a float.
inline float expm1(float x) {
  const float clamped = clamp(x, -18.0f, 89.0f);  // below this: -1
  const Reduced part = reduce_by_ln2(clamped);
  const float r = part.r;
  float q = 1.394164050e-03f + r * 1.984595729e-04f;
  q = 8.333391510e-03f + r * q;
  q = 4.166634753e-02f + r * q;
  q = 1.666666567e-01f + r * q;
  q = 5.000000000e-01f + r * q;
  const float p = r + r * r * q;
  const float half = power_of_two(part.n - 1u);
  const float y = 2.0f * (p * half + (half - 0.5f));
  return select(abs(x) < 1e-8f, x, y);  // also preserves subnormal numbers and the sign of 0
}

// x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); log x = e ln 2 + f - f^2/2 + f^3 p(f)
inline float log(float x) {
  constexpr float kSmallest = 1.17549435e-38f, kInfinity = __builtin_huge_valf();
  const bool subnormal = x < kSmallest;
  const std::uint32_t scaled = bits_of(x * select(subnormal, 8388608.0f, 1.0f));  // times 2^23
  // Bits relative to those of sqrt(1/2): the exponent is then that of the nearest power of two.
  const std::uint32_t above = scaled - 0x3f3504f3u;
  const float e = static_cast<float>(static_cast<std::int32_t>(above) >> 23) - select(subnormal, 23.0f, 0.0f);
  const float f = from_bits((above & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  float p = -1.168885306e-01f + f * 6.754363328e-02f;
  p = 1.189194396e-01f + f * p;
  p = -1.240382120e-01f + f * p;
  p = 1.421884745e-01f + f * p;
  p = -1.666806191e-01f + f * p;
  p = 2.000215352e-01f + f * p;
  p = -2.500000894e-01f + f * p;
  p = 3.333331347e-01f + f * p;
  const float square = f * f;
  const float tail = (square * f * p - e * 2.12194440e-4f) - 0.5f * square;
  float y = (f + tail) + e * 0.693359375f;
  y = select(x == kInfinity, x, y);
  y = select(x == 0.0f, -kInfinity, y);
  y = select(x < 0.0f, __builtin_nanf(""), y);
  return select(x != x, x, y);
}

// log(1 + x): the logarithm of the rounded sum u, plus the rounding error of u divided by u.
inline float log1p(float x) {
  const float u = 1.0f + x;
  const float rounded = u - 1.0f;
  const float lost = (1.0f - (u - rounded)) + (x - rounded);
  const float y = log(u) + lost / u;
  return select((x <= -1.0f) | (x > 1e9f), log(u), y);
}

// log(1 + x) for x in [0, 1] = 2 atanh(s) with s = x / (2 + x); atanh s = s + s^3 a(s^2)
inline float log1p_of_unit(float x) {
  const float s = x / (2.0f + x);
  const float z = s * s;
  float a = 1.071357280e-01f + z * 1.215214282e-01f;
  a = 1.430844814e-01f + z * a;
  a = 1.999944001e-01f + z * a;
  a = 3.333333731e-01f + z * a;
  const float twice = s + s;
  return twice + twice * z * a;
}

// (e^2|x| - 1) / (e^2|x| + 1)
inline float tanh(float x) {
  const float magnitude = min(abs(x), 10.0f);  // from 9.02 on, tanh is 1
  const float e = expm1(2.0f * magnitude);
  return copysign(select(abs(x) < 1e-8f, abs(x), e / (e + 2.0f)), x);
}

// 1 / (1 + e^-x), computed from the exponential of a negative number only: no overflow, and subnormal results.
inline float sigmoid(float x) {
  const float e = exp(-abs(x));
  return select(x < 0.0f, e, 1.0f) / (1.0f + e);
}

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
inline float softplus(float x) { return max(x, 0.0f) + log1p_of_unit(exp(-abs(x))); }

// Below 1: x + x p(x^2). From 1 on: 1 - e^-t(x).
inline float erf(float x) {
  const float z = x * x;
  float p = -8.482830599e-04f + z * (1.125695708e-04f + z * -9.641540601e-06f);
  p = 5.220945459e-03f + z * p;
  p = -2.686540037e-02f + z * p;
  p = 1.128378212e-01f + z * p;
  p = -3.761263788e-01f + z * p;
  p = 1.283791661e-01f + z * p;
  const float near = x + x * p;

  const float m = min(abs(x), 4.0f);  // from 3.92 on, erf is 1
  float t = -4.414724826e-04f + m * 2.169760228e-05f;
  t = 4.205283709e-03f + m * t;
  t = -2.521033771e-02f + m * t;
  t = 1.084220931e-01f + m * t;
  t = 6.332163811e-01f + m * t;
  t = 1.129580259e+00f + m * t;
  t = -1.884672820e-04f + m * t;
  const float far = copysign(1.0f - exp_of_negative(-t), x);
  return select(abs(x) < 1.0f, near, far);
}

inline double exp(double x) { return __builtin_exp(x); }
inline double exp_of_negative(double x) { return __builtin_exp(x); }
inline double expm1(double x) { return __builtin_expm1(x); }
inline double log(double x) { return __builtin_log(x); }
inline double log1p(double x) { return __builtin_log1p(x); }
inline double log1p_of_unit(double x) { return __builtin_log1p(x); }
inline double tanh(double x) { return __builtin_tanh(x); }
inline double erf(double x) { return __builtin_erf(x); }
inline double sigmoid(double x) {
  const double e = __builtin_exp(-abs(x));
  return select(x < 0, e, 1.0) / (1.0 + e);
}
inline double softplus(double x) { return max(x, 0.0) + __builtin_log1p(__builtin_exp(-abs(x))); }

}  // namespace math
}  // namespace
}  // namespace tinynet::TINYNET_ISA
