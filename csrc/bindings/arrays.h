// NumPy arrays in and out of the kernels.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "bindings/recording.h"
#include "bindings/types.h"
#include "guard.h"
#include "kernels.h"
#include "pool.h"

namespace tinynet {

enum class FloatType { f32, f64 };

inline bool is_dense(const py::array& array) {
  constexpr int flags = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  return (array.flags() & flags) == flags;
}

inline bool is_native_order(const py::dtype& type) {
  const char order = type.byteorder();
  return order != (PY_BIG_ENDIAN ? '<' : '>');
}

// Returns the array itself if it is dense, aligned and in native byte order, else a copy that is. A recorded step makes
// the copy again in every run.
inline py::array dense(py::array array) {
  const bool in_order = is_native_order(array.dtype());
  if (is_dense(array) && in_order) return array;
  Recording* const recording = Recording::active();
  if (recording != nullptr && in_order && recording->is_known(array)) return recording->dense_copy(array);
  static PyObject* const require = py::object(py::module_::import("numpy").attr("require")).release().ptr();
  return py::reinterpret_borrow<py::object>(require)(array, array.dtype().attr("newbyteorder")("="),
                                                     py::make_tuple("C", "A"))
      .cast<py::array>();
}

inline FloatType float_type(const py::array& array, const char* name) {
  switch (array.dtype().num()) {
    case py::detail::npy_api::NPY_FLOAT_:
      return FloatType::f32;
    case py::detail::npy_api::NPY_DOUBLE_:
      return FloatType::f64;
  }
  throw py::type_error(std::string(name) + " must be an array of float32 or float64, got " +
                       py::str(array.dtype()).cast<std::string>());
}

// Calls f(T{}), where T is the array's element type: float or double.
template <class Function>
auto with_float_type(const py::array& array, const char* name, const Function& f) {
  return float_type(array, name) == FloatType::f32 ? f(float{}) : f(double{});
}

// An input of a known element type, dense. The type must match exactly: a kernel never casts in silence.
template <class T>
class Input {
 public:
  Input(const py::array& array, const char* name) : array_(array) {
    if (array_.dtype().num() != py::dtype::of<T>().num())
      throw py::type_error(std::string(name) + " must have dtype " + py::str(py::dtype::of<T>()).cast<std::string>() +
                           " as the first array has, got " + py::str(array_.dtype()).cast<std::string>());
    array_ = dense(std::move(array_));
  }
  const T* data() const { return static_cast<const T*>(array_.data()); }
  Index dim(int axis) const { return array_.shape(axis); }
  int rank() const { return static_cast<int>(array_.ndim()); }
  Index size() const { return array_.size(); }
  const py::array& array() const { return array_; }

 private:
  py::array array_;
};

// An optional input of `size` numbers, one for each channel. data() is null for None.
template <class T>
class OptionalInput {
 public:
  OptionalInput(const OptionalArray& array, const char* name, Index size) {
    if (!array) return;
    array_ = Input<T>(*array, name).array();
    if (array_.size() != size)
      throw py::value_error(std::string(name) + " must have one number for each channel, " + std::to_string(size) +
                            " of them. Got " + std::to_string(array_.size()));
    data_ = static_cast<const T*>(array_.data());
  }
  const T* data() const { return data_; }

 private:
  py::array array_;
  const T* data_ = nullptr;
};

// An array in the arena of a recording: the recorded calls write to it again in every run.
template <class T>
py::array_t<T> recorded_array(Recording& recording, const Shape& shape, std::size_t bytes) {
  auto block = std::make_unique<Arena::Lent>(recording.arena(), bytes);
  recording.expect(block->memory, bytes);
  const T* const memory = static_cast<const T*>(block->memory);
  const py::capsule owner(block.get(), [](void* pointer) { delete static_cast<Arena::Lent*>(pointer); });
  block.release();
  return py::array_t<T>(shape, memory, owner);
}

// An uninitialised array. Its memory comes from the pool and returns to the pool with the last reference.
template <class T>
py::array_t<T> new_array(const Shape& shape) {
  std::size_t bytes = sizeof(T);
  for (const py::ssize_t extent : shape) bytes *= static_cast<std::size_t>(extent);
  Recording* const recording = Recording::active();
  if (recording != nullptr && recording->lends(bytes)) return recorded_array<T>(*recording, shape, bytes);
  if (bytes <= 512 && !has_guards()) return py::array_t<T>(shape);  // NumPy keeps small blocks itself
  void* const memory = pool_allocate(bytes);
  PyObject* const owner = PyCapsule_New(memory, nullptr, [](PyObject* capsule) {
    pool_release(PyCapsule_GetPointer(capsule, nullptr), reinterpret_cast<std::size_t>(PyCapsule_GetContext(capsule)));
  });
  if (owner == nullptr) {
    pool_release(memory, bytes);
    throw py::error_already_set();
  }
  PyCapsule_SetContext(owner, reinterpret_cast<void*>(bytes));
  return py::array_t<T>(shape, static_cast<const T*>(memory), py::reinterpret_steal<py::object>(owner));
}

// A new array and the address of its memory. If it is not needed, there is no array and the address is null.
template <class T, class Type = Array>
class Result {
 public:
  explicit Result(const Shape& shape, bool needed = true) {
    if (!needed) return;
    auto array = new_array<T>(shape);
    data_ = array.mutable_data();
    array_.emplace(std::move(array));
  }
  T* data() const { return data_; }
  const Type& array() const { return *array_; }
  const std::optional<Type>& optional() const { return array_; }

 private:
  std::optional<Type> array_;
  T* data_ = nullptr;
};

inline Shape shape_of(const py::array& array) { return {array.shape(), array.shape() + array.ndim()}; }

// Python has checked the arguments, with messages in the user's words. Here a check only keeps a wrong call from
// reading or writing outside of an array.
inline void require(bool condition, const char* kernel, const char* what) {
  if (!condition) throw py::value_error(std::string(kernel) + " kernel: " + what);
}

// The activation of this name.
inline Activation activation_named(const std::string& name) {
  int index = 0;
  for (const char* const known : kActivationNames) {
    if (name == known) return static_cast<Activation>(index);
    ++index;
  }
  throw py::value_error("unknown activation '" + name + "'");
}

// Each family of kernels has its own function that binds it.
void bind_activation(py::module_& module);
void bind_dense(py::module_& module);
void bind_matmul(py::module_& module);
void bind_cross_entropy(py::module_& module);
void bind_softmax(py::module_& module);
void bind_accuracy(py::module_& module);
void bind_reduction(py::module_& module);
void bind_peak(py::module_& module);
void bind_dropout(py::module_& module);
void bind_optimizer(py::module_& module);
void bind_conv2d(py::module_& module);
void bind_normalization(py::module_& module);
void bind_pooling(py::module_& module);
void bind_prepared(py::module_& module);
void bind_batch_norm_max_pool2d(py::module_& module);
void bind_conv2d_batch_norm(py::module_& module);
void bind_recurrent(py::module_& module);
void bind_recording(py::module_& module);
void bind_attention(py::module_& module);

}  // namespace tinynet
