// Runs some kernels of the baseline on another machine and compares them with plain loops in a wider type.
// tests/test_compilers.py compiles it for aarch64 and runs it in an emulator: there is no Python to import tinynet with.
#include <cmath>
#include <cstdio>
#include <limits>
#include <random>
#include <vector>

#include "kernels.h"

namespace {

using tinynet::Index;
using Exported = tinynet::Units<tinynet::baseline::Isa, tinynet::kListHash>;

template <class T>
std::vector<T> normal(Index size, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<T> draw;
  std::vector<T> values(static_cast<std::size_t>(size));
  for (T& value : values) value = draw(generator);
  return values;
}

// |c - sum| <= (k + 1) u sum |a b|: the theorem for a sum of k products in any order, fused or not.
template <class T>
bool check_matmul(const tinynet::matmul_kernels<T>& kernels, Index m, Index n, Index k) {
  const std::vector<T> a = normal<T>(m * k, 1), b = normal<T>(k * n, 2);
  std::vector<T> c(static_cast<std::size_t>(m * n));
  const Index start = 0;
  kernels.matmul(a.data(), &start, b.data(), &start, c.data(), 1, m, n, k, false, false);
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j) {
      long double sum = 0, size = 0;
      for (Index p = 0; p < k; ++p) {
        const long double product = static_cast<long double>(a[i * k + p]) * b[p * n + j];
        sum += product, size += std::fabs(product);
      }
      const long double bound = (k + 1) * (std::numeric_limits<T>::epsilon() / 2) * size;
      if (!(std::fabs(c[i * n + j] - sum) <= bound)) {
        std::printf("matmul %ld x %ld x %ld, element (%ld, %ld): %.17g\n", static_cast<long>(m), static_cast<long>(k),
                    static_cast<long>(n), static_cast<long>(i), static_cast<long>(j), static_cast<double>(c[i * n + j]));
        return false;
      }
    }
  return true;
}

}  // namespace

int main() {
  int checked = 0;
  for (const Index m : {1, 3, 13, 64})
    for (const Index n : {1, 4, 17, 48})
      for (const Index k : {1, 8, 37}) {
        if (!check_matmul(Exported::matmul.f32, m, n, k) || !check_matmul(Exported::matmul.f64, m, n, k)) return 1;
        checked += 2;
      }
  std::printf("%d products, %d threads\n", checked, tinynet::num_threads());
}
