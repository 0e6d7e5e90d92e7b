// Winograd's matrices (conv2d_winograd.h explains them). Each function multiplies one matrix by a column v.
#pragma once

#include "simd.h"

namespace tinynet::TINYNET_ISA {
namespace {

// F(2, 3) with the points 0, 1, -1, infinity.
struct F2 {
  using Last = F2;
  static constexpr int m = 2, n = 4, points = 4;
  static constexpr int point[n] = {0, 1, 2, 3};
  template <class T>  // B^T
  static void input(const Vec<T>* d, Vec<T>* r) {
    r[0] = d[2] - d[0];
    r[1] = d[2] + d[1];
    r[2] = d[2] - d[1];
    r[3] = d[3] - d[1];
  }
  template <class T>  // G
  static void kernel(const Vec<T>* w, Vec<T>* r) {
    const Vec<T> even = (w[0] + w[2]) * T(0.5), odd = w[1] * T(0.5);
    r[0] = -w[0];
    r[1] = even + odd;
    r[2] = even - odd;
    r[3] = w[2];
  }
  template <class T>  // A^T
  static void output(const Vec<T>* p, Vec<T>* y) {
    y[0] = p[0] + (p[1] + p[2]);
    y[1] = p[3] + (p[1] - p[2]);
  }
  template <class T>  // A
  static void output_adjoint(const Vec<T>* y, Vec<T>* r) {
    r[0] = y[0];
    r[1] = y[0] + y[1];
    r[2] = y[0] - y[1];
    r[3] = y[1];
  }
  template <class T>  // G^T
  static void kernel_adjoint(const Vec<T>* u, Vec<T>* w) {
    const Vec<T> sum = (u[1] + u[2]) * T(0.5), difference = (u[1] - u[2]) * T(0.5);
    w[0] = sum - u[0];
    w[1] = difference;
    w[2] = sum + u[3];
  }
};

// The points of F(4, 3): 0, a, -a, b, -b, infinity.
struct F4Points {
  static constexpr int points = 6;
  static constexpr double a = 0.625, b = 1.5, aa = a * a, bb = b * b;
};

// F(2, 3) with four of these points: 0, a, -a and infinity. It uses the transformed kernels of F4 at these points. To
// make up for the two missing points, its input transform includes the factors (0 - b)(0 + b) at 0 and (a - b)(a + b)
// at +-a. F4 uses it at the end of a row.
struct F4Last : F4Points {
  static constexpr int m = 2, n = 4;
  static constexpr int point[n] = {0, 1, 2, 5};
  template <class T>
  static void input(const Vec<T>* d, Vec<T>* r) {
    const Vec<T> even = T(aa - bb) * d[2], odd = T(a * (aa - bb)) * d[1];
    r[0] = T(aa * bb) * d[0] - T(bb) * d[2];
    r[1] = even + odd;
    r[2] = even - odd;
    r[3] = d[3] - T(aa) * d[1];
  }
  template <class T>
  static void output(const Vec<T>* p, Vec<T>* y) {
    y[0] = p[0] + (p[1] + p[2]);
    y[1] = T(a) * (p[1] - p[2]) + p[3];
  }
  template <class T>
  static void output_adjoint(const Vec<T>* y, Vec<T>* r) {
    r[0] = y[0];
    r[1] = y[0] + T(a) * y[1];
    r[2] = y[0] - T(a) * y[1];
    r[3] = y[1];
  }
};

// F(4, 3).
struct F4 : F4Points {
  using Last = F4Last;
  static constexpr int m = 4, n = 6;
  static constexpr int point[n] = {0, 1, 2, 3, 4, 5};
  static constexpr double g0 = 1 / (aa * bb), ga = 1 / (2 * aa * (aa - bb)), gb = 1 / (2 * bb * (bb - aa));
  template <class T>
  static void input(const Vec<T>* d, Vec<T>* r) {
    const Vec<T> ea = d[4] - T(bb) * d[2], oa = d[3] - T(bb) * d[1];
    const Vec<T> eb = d[4] - T(aa) * d[2], ob = d[3] - T(aa) * d[1];
    r[0] = d[4] - T(aa + bb) * d[2] + T(aa * bb) * d[0];
    r[1] = ea + T(a) * oa;
    r[2] = ea - T(a) * oa;
    r[3] = eb + T(b) * ob;
    r[4] = eb - T(b) * ob;
    r[5] = d[5] - T(aa + bb) * d[3] + T(aa * bb) * d[1];
  }
  template <class T>
  static void kernel(const Vec<T>* w, Vec<T>* r) {
    const Vec<T> ea = T(ga) * w[0] + T(ga * aa) * w[2], eb = T(gb) * w[0] + T(gb * bb) * w[2];
    r[0] = T(g0) * w[0];
    r[1] = ea + T(ga * a) * w[1];
    r[2] = ea - T(ga * a) * w[1];
    r[3] = eb + T(gb * b) * w[1];
    r[4] = eb - T(gb * b) * w[1];
    r[5] = w[2];
  }
  template <class T>
  static void output(const Vec<T>* p, Vec<T>* y) {
    const Vec<T> sa = p[1] + p[2], da = p[1] - p[2], sb = p[3] + p[4], db = p[3] - p[4];
    y[0] = p[0] + sa + sb;
    y[1] = T(a) * da + T(b) * db;
    y[2] = T(aa) * sa + T(bb) * sb;
    y[3] = p[5] + T(aa * a) * da + T(bb * b) * db;
  }
  template <class T>
  static void output_adjoint(const Vec<T>* y, Vec<T>* r) {
    const Vec<T> ea = y[0] + T(aa) * y[2], oa = y[1] + T(aa) * y[3];
    const Vec<T> eb = y[0] + T(bb) * y[2], ob = y[1] + T(bb) * y[3];
    r[0] = y[0];
    r[1] = ea + T(a) * oa;
    r[2] = ea - T(a) * oa;
    r[3] = eb + T(b) * ob;
    r[4] = eb - T(b) * ob;
    r[5] = y[3];
  }
  template <class T>
  static void kernel_adjoint(const Vec<T>* u, Vec<T>* w) {
    const Vec<T> sa = u[1] + u[2], da = u[1] - u[2], sb = u[3] + u[4], db = u[3] - u[4];
    w[0] = T(g0) * u[0] + T(ga) * sa + T(gb) * sb;
    w[1] = T(ga * a) * da + T(gb * b) * db;
    w[2] = u[5] + T(ga * aa) * sa + T(gb * bb) * sb;
  }
};

// The transform of the pixels of a tile, applied to rows and columns: B^T of `n` pixels for the input of a convolution,
// A of `m` pixels for the gradient of its output.
struct InputStep {
  template <class F>
  static constexpr int from = F::n;
  template <class F, class T>
  static void apply(const Vec<T>* d, Vec<T>* r) {
    F::template input<T>(d, r);
  }
};
struct AdjointStep {
  template <class F>
  static constexpr int from = F::m;
  template <class F, class T>
  static void apply(const Vec<T>* y, Vec<T>* r) {
    F::template output_adjoint<T>(y, r);
  }
};

}  // namespace
}  // namespace tinynet::TINYNET_ISA
