// The table of kernels: one function pointer a kernel, one table an instruction set. Both follow from kernel_list.h.
#pragma once

#include "parallel.h"

namespace tinynet {

// What is computed element by element: the activations, and the elementary functions they are made of. `a`, `b`, `c`
// are their parameters (csrc/kernels/elementwise/activation.h). The order is that of kActivationNames.
enum class Activation : int {
  linear, relu, relu6, leaky_relu, clipped_relu, elu, celu, selu, gelu, gelu_tanh, sigmoid, hard_sigmoid, log_sigmoid,
  silu, hard_silu, tanh, hard_tanh, tanh_shrink, hard_shrink, soft_shrink, softplus, softsign, mish, exponential,
  sparse_plus, sparse_sigmoid, squareplus, threshold, expm1, log, log1p, erf
};
constexpr const char* kActivationNames[] = {
    "linear", "relu", "relu6", "leaky_relu", "clipped_relu", "elu", "celu", "selu", "gelu", "gelu_tanh", "sigmoid",
    "hard_sigmoid", "log_sigmoid", "silu", "hard_silu", "tanh", "hard_tanh", "tanh_shrink", "hard_shrink",
    "soft_shrink", "softplus", "softsign", "mish", "exponential", "sparse_plus", "sparse_sigmoid", "squareplus",
    "threshold", "expm1", "log", "log1p", "erf"};

// The reductions over axes (csrc/kernels/reduction/reduction.h).
enum class Reduction : int { sum, max, min };

// One variable of an optimizer step. A rule without the state k leaves state[k] null, in all variables of the call.
template <class T>
struct Parameter {
  T* weights;
  const T* gradient;
  T* state[3];
  Index size;
};

// x[batch][height][width][channels] * kernel[kernel_height][kernel_width][channels/groups][filters]
// -> y[batch][out_height][out_width][filters]
struct Conv2dShape {
  Index batch, height, width, channels;
  Index kernel_height, kernel_width, filters;
  Index out_height, out_width;
  Index stride_h, stride_w, pad_top, pad_left, dilation_h, dilation_w, groups;
};
// Windows of pool_height x pool_width over x[batch][height][width][channels]
// -> y[batch][out_height][out_width][channels]
struct Pool2dShape {
  Index batch, height, width, channels;
  Index pool_height, pool_width, out_height, out_width;
  Index stride_h, stride_w, pad_top, pad_left;  // less padding than window: every window contains some of the image
};
// The argmax index in each window, counted row by row: `int32` for windows of more than 256 pixels, else `uint8`. The
// other is null.
struct ArgmaxArray {
  std::uint8_t* uint8;
  std::int32_t* int32;
};
// A recurrence over x[batch][steps], with a state of `units` numbers for each sample.
struct RecurrenceShape {
  Index batch, steps, units;
};
// The sizes of attention: of `heads` vectors for each query and key.
struct AttentionShape {
  Index batch, queries, keys, heads, dim, value_dim;
};
// Query i of a sample and head uses key j where data[sample * of_sample + head * of_head + i * of_query + j] is not 0.
// A distance of 0 is an axis that the mask does not have. No data: each query uses all keys.
struct AttentionMask {
  const std::uint8_t* data;
  Index of_sample, of_head, of_query;
};
// Which elements dropout keeps (csrc/kernels/elementwise/dropout.h); all, with a rate of 0.
struct Dropout {
  double rate;
  std::uint64_t seed, offset;
  Index first = 0;  // the number of x's first element, where x is a part of a larger array
};
// kernel[rows][channels] and bias[channels] of a layer, and batch normalization after it by given statistics. bias, gamma
// and beta may be null; so may mean and variance, both of them: there is no normalization.
template <class T>
struct NormalizedWeights {
  const T *kernel, *bias, *gamma, *beta, *mean, *variance;
  Index rows, channels;
  double epsilon;
};
enum class ConvAlgorithm : int { automatic, direct, winograd2, winograd4 };
enum class ConvPass : int { forward, input_gradient, weight_gradient };

// One struct a unit, with a pointer to each of its kernels: matmul_kernels<float>, ...
#define UNIT(unit) template <class T> struct unit##_kernels {
#define KERNEL(result, name, ...) result (*name)(__VA_ARGS__);
#define END_UNIT };
#include "kernel_list.h"

// All of them: KernelTable<T> has a member for each kernel.
struct NoKernels {};
#define UNIT(unit) , unit##_kernels<T>
#define KERNEL(...)
#define END_UNIT
template <class T>
struct KernelTable : NoKernels
#include "kernel_list.h"
{};

// A hash (FNV-1a) of the list's text. It is part of the name of every symbol by which a unit exports its kernels:
// objects that were compiled from different lists do not link.
constexpr std::uint64_t hash_of(const char* text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (; *text != 0; ++text) hash = (hash ^ static_cast<unsigned char>(*text)) * 0x100000001b3;
  return hash;
}
#define UNIT(unit) "unit " #unit ":"
#define KERNEL(result, name, ...) #result " " #name "(" #__VA_ARGS__ ");"
#define END_UNIT
constexpr std::uint64_t kListHash = hash_of(
#include "kernel_list.h"
);

// The kernels of one unit, for both element types.
template <template <class> class UnitKernels>
struct BothTypes {
  UnitKernels<float> f32;
  UnitKernels<double> f64;
};

// Those for float32 alone.
template <template <class> class UnitKernels>
struct OneType {
  UnitKernels<float> f32;
};

// What the units of one instruction set export. Hidden: a unit that is missing is an error when the module is linked.
template <class Isa, std::uint64_t list_hash>
struct [[gnu::visibility("hidden")]] Units {
#define UNIT(unit) static const BothTypes<unit##_kernels> unit;
#define KERNEL(...)
#define END_UNIT
#include "kernel_list.h"
};

// Each instruction set is a namespace, and this type in it stands for it in `Units`.
namespace baseline { struct Isa {}; }
namespace avx2 { struct Isa {}; }
namespace avx512 { struct Isa {}; }
namespace amx { struct Isa {}; }

// The matrix unit multiplies float32 only, and in these units only. All else is avx512's, whose members the following
// hide: the wheel has it once, and it is compiled once. csrc/building/native.py has the same list (AMX_UNITS).
template <std::uint64_t list_hash>
struct [[gnu::visibility("hidden")]] Units<amx::Isa, list_hash> : Units<avx512::Isa, list_hash> {
  static const OneType<conv2d_kernels> conv2d;
  static const OneType<matmul_kernels> matmul;
};

// Where a unit ends, EXPORT_KERNELS defines its member for the instruction set that it is compiled for.
#define UNIT(unit)                                                                        \
  template <> const BothTypes<unit##_kernels> Units<baseline::Isa, kListHash>::unit;      \
  template <> const BothTypes<unit##_kernels> Units<avx2::Isa, kListHash>::unit;          \
  template <> const BothTypes<unit##_kernels> Units<avx512::Isa, kListHash>::unit;
#define KERNEL(...)
#define END_UNIT
#include "kernel_list.h"
template <> const OneType<conv2d_kernels> Units<amx::Isa, kListHash>::conv2d;
template <> const OneType<matmul_kernels> Units<amx::Isa, kListHash>::matmul;

// The kernels of one instruction set.
struct Kernels {
  const char* isa;
  KernelTable<float> f32;
  KernelTable<double> f64;

  template <class T>
  const KernelTable<T>& table() const;
};
template <>
inline const KernelTable<float>& Kernels::table<float>() const { return f32; }
template <>
inline const KernelTable<double>& Kernels::table<double>() const { return f64; }

// Those in use; select_isa (dispatch.h) chooses them. The hash is in the function's name too: a binding that was
// compiled with another list, and so expects the pointers at other offsets, does not link.
template <std::uint64_t list_hash>
[[gnu::visibility("hidden")]] const Kernels& kernels_in_use();
template <>
[[gnu::visibility("hidden")]] const Kernels& kernels_in_use<kListHash>();
inline const Kernels& kernels() { return kernels_in_use<kListHash>(); }

}  // namespace tinynet
