// The end of a translation unit of kernels: exports the kernels that its headers define to the instruction set's table.
//
//   #include "kernels/pooling/pooling.h"
//   #include "isa/export.h"
//   EXPORT_KERNELS(pooling)
//
// setup.py compiles every csrc/kernels/<family>/<unit>.cpp for each instruction set, with that set's flags,
// TINYNET_ISA (its name, a namespace) and TINYNET_VECTOR_BYTES. Everything but the exported part of the table stands in
// unnamed namespaces: a symbol that two objects share could put AVX-512 code where any CPU must run.
#pragma once

#include "kernels.h"

// A deleted function for every kernel of the list. A unit's headers define its kernels in the namespace of the
// instruction set, where they hide these. A kernel that they do not define is found here: an error at compile time.
namespace tinynet {
namespace {
#define UNIT(unit)
#define KERNEL(result, name, ...) template <class T> result name(__VA_ARGS__) = delete;
#define END_UNIT
#include "kernel_list.h"
}  // namespace
}  // namespace tinynet

namespace tinynet::TINYNET_ISA {
namespace {

// The pointers to the kernels of one unit, in the list's order. Only the unit's own is instantiated.
#define UNIT(unit)   \
  template <class T> \
  constexpr unit##_kernels<T> kernels_of_##unit() { return {
#define KERNEL(result, name, ...) name<T>,
#define END_UNIT }; }
#include "kernel_list.h"

}  // namespace
}  // namespace tinynet::TINYNET_ISA

#if defined(TINYNET_FLOAT32_ONLY)  // a unit of amx (csrc/kernels.h)
#define EXPORT_KERNELS(unit)                                                                          \
  namespace tinynet {                                                                                 \
  template <>                                                                                         \
  const OneType<unit##_kernels> Units<TINYNET_ISA::Isa, kListHash>::unit = {                          \
      TINYNET_ISA::kernels_of_##unit<float>()};                                                       \
  }
#else
#define EXPORT_KERNELS(unit)                                                           \
  namespace tinynet {                                                                  \
  template <>                                                                          \
  const BothTypes<unit##_kernels> Units<TINYNET_ISA::Isa, kListHash>::unit = {         \
      TINYNET_ISA::kernels_of_##unit<float>(), TINYNET_ISA::kernels_of_##unit<double>()}; \
  }
#endif
