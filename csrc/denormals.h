// Flushes denormal numbers (below 1.2e-38 in float32) to zero for the lifetime of an object, both in operands and in
// results.
#pragma once

#include <cstdint>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace tinynet {
namespace {  // one copy per object file, as in parallel.h

#if defined(__SSE__)
using ControlRegister = unsigned;
inline ControlRegister read_control() { return _mm_getcsr(); }
inline void write_control(ControlRegister value) { _mm_setcsr(value); }
constexpr ControlRegister kFlush = 0x8040;  // flush to zero, denormals are zero
#elif defined(__aarch64__)
using ControlRegister = std::uint64_t;
inline ControlRegister read_control() {
  ControlRegister value;
  asm volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
inline void write_control(ControlRegister value) { asm volatile("msr fpcr, %0" : : "r"(value)); }
constexpr ControlRegister kFlush = ControlRegister{1} << 24;
#else
using ControlRegister = unsigned;
inline ControlRegister read_control() { return 0; }
inline void write_control(ControlRegister) {}
constexpr ControlRegister kFlush = 0;
#endif

class FlushDenormals {
 public:
  FlushDenormals() : before_(read_control()) { write_control(before_ | kFlush); }
  ~FlushDenormals() { write_control(before_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  ControlRegister before_;
};

}  // namespace
}  // namespace tinynet
