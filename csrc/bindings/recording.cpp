#include "bindings/recording.h"

#include <algorithm>
#include <cstring>

#include "bindings/arrays.h"

namespace tinynet {
namespace {

std::uintptr_t address(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

py::array array_of(py::handle item, const char* what) {
  if (!py::isinstance<py::array>(item)) throw py::type_error(std::string("recording: ") + what + " must be arrays");
  return py::reinterpret_borrow<py::array>(item);
}

PyObject* data_name() {
  static PyObject* const name = PyUnicode_InternFromString("data");
  return name;
}

// Whether `data` of each owner is the array at its position.
bool all_data_is(const py::list& owners, const py::list& arrays) {
  if (owners.size() != arrays.size()) return false;
  for (py::ssize_t i = 0; i < PyList_GET_SIZE(owners.ptr()); ++i) {
    const auto array = py::reinterpret_steal<py::object>(PyObject_GetAttr(PyList_GET_ITEM(owners.ptr(), i), data_name()));
    if (!array) {
      PyErr_Clear();
      return false;
    }
    if (array.ptr() != PyList_GET_ITEM(arrays.ptr(), i)) return false;
  }
  return true;
}

bool alike(const py::array& a, const py::array& b) {
  return a.dtype().num() == b.dtype().num() && a.ndim() == b.ndim() &&
         std::equal(a.shape(), a.shape() + a.ndim(), b.shape());
}

}  // namespace

Recording*& Recording::active() {
  thread_local Recording* recording = nullptr;
  return recording;
}

void Recording::start(const py::list& inputs, const py::list& living) {
  if (active() != nullptr) throw py::value_error("recording: another one is active in this thread");
  if (!calls_.empty()) throw py::value_error("recording: it has been used already");
  for (const py::handle item : living) {
    const py::array array = array_of(item, "living arrays");
    add_array(array, Kind::living, living_.size());
    living_.push_back(array);
    fixed_.push_back(false);
  }
  for (const py::handle item : inputs) {
    const py::array array = array_of(item, "inputs");
    if (!is_dense(array)) refuse("an input is not dense");
    if (find(array.data()) != ranges_.end()) refuse("two inputs have the same memory");
    add_array(array, Kind::input, inputs_.size());
    inputs_.push_back(array);
  }
  table_ = &kernels();
  active() = this;
}

void Recording::stop() {
  if (active() == this) active() = nullptr;
}

void Recording::refuse(const std::string& why) {
  if (problem_.empty()) problem_ = why;
}

void Recording::add_constant(const py::array& array) {
  kept_.push_back(array);
  if (!is_known(array)) add_array(array, Kind::constant);
}

void Recording::add_state(const py::array& array) {
  kept_.push_back(array);
  add_array(array, Kind::result);
}

bool Recording::is_constant(const py::array& array) const {
  const auto range = find(array.data());
  return range != ranges_.end() && range->second.kind == Kind::constant;
}

bool Recording::is_known(const py::array& array) const {
  const auto range = find(array.data());
  return range != ranges_.end() && range->second.kind != Kind::unwritten;
}

bool Recording::is_computed(const py::array& array) const {
  if (array.size() == 0) return true;
  const auto range = find(array.data());
  return range != ranges_.end() && (range->second.kind == Kind::result || range->second.kind == Kind::constant);
}

// Arguments that are inputs are replaced in each run.
struct Recording::PythonCall final : Call {
  void run() override {
    const py::gil_scoped_acquire held;
    py::tuple given(arguments.size());
    for (std::size_t i = 0; i < arguments.size(); ++i) given[i] = arguments[i];
    if (takes_out) {
      function(*given, py::arg("out") = results[0]);
      return;
    }
    static PyObject* const copy = py::object(py::module_::import("numpy").attr("copyto")).release().ptr();
    const py::object made = function(*given);
    if (results.size() == 1) {
      py::reinterpret_borrow<py::object>(copy)(results[0], made);
      return;
    }
    std::size_t position = 0;
    for (const py::handle one : made) {
      if (!results.at(position).is_none()) py::reinterpret_borrow<py::object>(copy)(results[position], one);
      ++position;
    }
  }
  py::object function;
  std::vector<py::object> arguments, results;
  bool takes_out = false;
};

void Recording::append_numpy(const py::object& function, const py::tuple& arguments, const py::array& result) {
  auto call = std::make_unique<PythonCall>();
  call->function = function, call->takes_out = true;
  append_call(std::move(call), arguments, py::make_tuple(result));
}

void Recording::append_python(const py::object& function, const py::tuple& arguments, const py::tuple& results,
                              const std::vector<std::size_t>& draws) {
  auto call = std::make_unique<PythonCall>();
  call->function = function;
  for (const std::size_t argument : draws) python_random_.push_back({call.get(), argument, -1});
  append_call(std::move(call), arguments, results);
}

void Recording::append_call(std::unique_ptr<PythonCall> call, const py::tuple& arguments, const py::tuple& results) {
  for (const py::handle argument : arguments) {
    call->arguments.push_back(py::reinterpret_borrow<py::object>(argument));
    if (!py::isinstance<py::array>(argument)) continue;
    const auto array = py::reinterpret_borrow<py::array>(argument);
    if (array.size() == 0) continue;
    const auto range = find(array.data());
    if (range == ranges_.end() || range->second.kind == Kind::unwritten) {
      refuse(py::str(py::getattr(call->function, "__name__", py::str("a function"))).cast<std::string>() +
             " of Python reads an array that nothing recorded has computed");
      continue;
    }
    const std::size_t index = range->second.index, position = call->arguments.size() - 1;
    if (range->second.kind == Kind::input) {
      const auto offset = static_cast<std::ptrdiff_t>(address(array.data()) - range->first);
      python_inputs_.push_back({call.get(), position, index, offset});
    } else if (range->second.kind == Kind::living) {
      if (array.is(living_[index])) {
        python_living_.push_back({call.get(), position, index, 0});
      } else {
        fixed_[index] = true;
      }
    }
  }
  for (const py::handle result : results) {
    call->results.push_back(py::reinterpret_borrow<py::object>(result));
    if (result.is_none()) continue;
    const py::array array = array_of(result, "results");
    if (!is_dense(array)) refuse("a result of Python is not dense");
    const auto range = find(array.data());
    if (range != ranges_.end() && (range->second.kind == Kind::result || range->second.kind == Kind::unwritten)) {
      ranges_[range->first].kind = Kind::result;  // a part of an array, or one that the call changes in its place
      continue;
    }
    if (range != ranges_.end()) refuse("a function of Python changes an array that it has not made");
    kept_.push_back(array);
    kept_bytes_ += static_cast<std::size_t>(array.nbytes());
    add_array(array, Kind::result);
  }
  if (bytes() > kMostBytes) refuse("its arrays take more than " + std::to_string(kMostBytes >> 20) + " MB");
  calls_.push_back(std::move(call));
}

bool Recording::may_be_kept(const py::array& array) {
  if (array.size() == 0) return true;
  const auto range = find(array.data());
  if (range == ranges_.end() || range->second.kind == Kind::unwritten || range->second.kind == Kind::input)
    return false;
  if (range->second.kind == Kind::living) fixed_[range->second.index] = true;
  kept_.push_back(array);
  return true;
}

// Copies an array with strides to dense memory, row by row of its last axis.
struct Recording::Copy final : Call {
  void run() override { copy(0, static_cast<const char*>(source), target); }
  char* copy(std::size_t axis, const char* from, char* to) const {
    const py::ssize_t extent = shape[axis], stride = strides[axis];
    if (axis + 1 < shape.size()) {
      for (py::ssize_t i = 0; i < extent; ++i) to = copy(axis + 1, from + i * stride, to);
      return to;
    }
    if (stride == size) {
      std::memcpy(to, from, static_cast<std::size_t>(extent * size));
    } else if (size == 4) {
      for (py::ssize_t i = 0; i < extent; ++i) std::memcpy(to + 4 * i, from + i * stride, 4);
    } else {
      for (py::ssize_t i = 0; i < extent; ++i)
        std::memcpy(to + size * i, from + i * stride, static_cast<std::size_t>(size));
    }
    return to + extent * size;
  }
  const void* source;
  char* target;
  Shape shape, strides;
  py::ssize_t size;  // of an element, in bytes
};

py::array Recording::dense_copy(const py::array& array) {
  auto call = std::make_unique<Copy>();
  call->shape = shape_of(array), call->size = array.itemsize();
  call->strides = {array.strides(), array.strides() + array.ndim()};
  const auto bytes = static_cast<std::size_t>(array.nbytes());
  auto block = std::make_unique<Arena::Lent>(arena_, bytes);
  call->target = static_cast<char*>(block->memory), call->source = array.data();
  expect(block->memory, bytes);
  const void* const memory = block->memory;
  const py::capsule owner(block.get(), [](void* pointer) { delete static_cast<Arena::Lent*>(pointer); });
  block.release();
  read(&call->source);
  write(memory);
  if (array.size() > 0) call->run();
  const py::array result(array.dtype(), call->shape, memory, owner);
  if (array.size() > 0) calls_.push_back(std::move(call));
  return result;
}

void Recording::pause() { stop(); }

void Recording::resume() {
  if (active() != nullptr) throw py::value_error("recording: another one is active in this thread");
  active() = this;
}

void Recording::carry(const py::array& target, const py::array& source) {
  if (!is_dense(target) || !is_dense(source) || !alike(target, source))
    throw py::value_error("recording: a state has changed its type or shape");
  carried_.push_back({target, source});
}

void Recording::set_draws(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& draws) {
  for (std::size_t draw = 0; draw < draws.size(); ++draw) {
    bool used = false;
    for (Random& random : random_)
      if (draws[draw] == std::pair(*random.seed, *random.offset))
        random.draw = static_cast<std::ptrdiff_t>(draw), used = true;
    for (PythonRandom& random : python_random_)
      if (draws[draw] == random.call->arguments.at(random.argument).cast<std::pair<std::uint64_t, std::uint64_t>>())
        random.draw = static_cast<std::ptrdiff_t>(draw), used = true;
    if (!used) refuse("random numbers are drawn outside of the recorded calls");
  }
}

bool Recording::follow() {
  PyObject* const data = data_name();
  for (const auto& [index, owner] : owners_) {
    const auto array = py::reinterpret_steal<py::object>(PyObject_GetAttr(owner.ptr(), data));
    if (!array) throw py::error_already_set();
    if (!array.is(living_.at(index)) && !(py::isinstance<py::array>(array) && move(index, array))) return false;
  }
  return true;
}

bool Recording::move(std::size_t index, const py::array& array) {
  if (fixed_[index] || !alike(array, living_[index]) || !is_dense(array)) return false;
  living_[index] = array;
  for (const Place& place : living_pointers_)
    if (place.index == index) *place.pointer = static_cast<const char*>(array.data()) + place.offset;
  for (const PythonPlace& place : python_living_)
    if (place.index == index) place.call->arguments[place.argument] = array;
  return true;
}

bool Recording::fits(const py::list& inputs) const {
  if (inputs.size() != inputs_.size() || table_ != &kernels()) return false;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const py::handle item = PyList_GET_ITEM(inputs.ptr(), static_cast<Py_ssize_t>(i));
    if (!py::isinstance<py::array>(item)) return false;
    const auto array = py::reinterpret_borrow<py::array>(item);
    if (!is_dense(array) || !is_native_order(array.dtype()) || !alike(array, inputs_[i])) return false;
  }
  return true;
}

void Recording::run(const py::list& inputs, const std::vector<std::pair<std::uint64_t, std::uint64_t>>& draws) {
  if (!problem_.empty()) throw py::value_error("recording: it cannot be run again, since " + problem_);
  if (active() != nullptr) throw py::value_error("recording: a recording is active in this thread");
  if (!fits(inputs)) throw py::value_error("recording: the inputs have other types or shapes than the recorded ones");
  std::vector<py::array> arrays;  // their memory stays while the GIL is released
  arrays.reserve(inputs.size());
  for (const py::handle item : inputs) arrays.push_back(py::reinterpret_borrow<py::array>(item));
  for (const Place& place : input_pointers_)
    *place.pointer = static_cast<const char*>(arrays[place.index].data()) + place.offset;
  for (const PythonPlace& place : python_inputs_) {
    py::object& argument = place.call->arguments[place.argument];
    const auto before = py::reinterpret_borrow<py::array>(argument);
    const py::array& input = arrays[place.index];
    argument = py::array(before.dtype(), Shape(before.shape(), before.shape() + before.ndim()),
                         Shape(before.strides(), before.strides() + before.ndim()),
                         static_cast<const char*>(input.data()) + place.offset, input);
  }
  for (const Random& random : random_) {
    if (random.draw < 0) continue;
    const auto& [seed, offset] = draws.at(static_cast<std::size_t>(random.draw));
    *random.seed = seed, *random.offset = offset;
  }
  for (const PythonRandom& random : python_random_) {
    if (random.draw < 0) continue;
    const auto& [seed, offset] = draws.at(static_cast<std::size_t>(random.draw));
    random.call->arguments[random.argument] = py::make_tuple(seed, offset);
  }
  for (Carried& state : carried_)
    std::memcpy(const_cast<void*>(state.target.data()), state.source.data(),
                static_cast<std::size_t>(state.target.nbytes()));
  const ReleasedGil released;
  for (const auto& call : calls_) call->run();
}

bool Recording::try_run(const py::list& inputs, const std::vector<std::pair<std::uint64_t, std::uint64_t>>& draws) {
  if (!fits(inputs) || !follow()) return false;
  run(inputs, draws);
  return true;
}

bool Recording::lends(std::size_t bytes) {
  if (problem_.empty() && arena_->bytes() + bytes > kMostBytes)
    refuse("its arrays take more than " + std::to_string(kMostBytes >> 20) + " MB");
  return problem_.empty();
}

void Recording::expect(const void* memory, std::size_t bytes) {
  add_range(memory, bytes, Kind::unwritten);
}

Recording::Ranges::const_iterator Recording::find(const void* pointer) const {
  auto range = ranges_.upper_bound(address(pointer));
  if (range == ranges_.begin()) return ranges_.end();
  --range;
  return address(pointer) < range->second.end ? range : ranges_.end();
}

void Recording::add_range(const void* memory, std::size_t bytes, Kind kind, std::size_t index) {
  if (bytes == 0) return;
  ranges_[address(memory)] = {address(memory) + bytes, kind, index};
}

// With strides, such as 0 along an axis that was broadcast, the memory is not as long as the array has elements.
void Recording::add_array(const py::array& array, Kind kind, std::size_t index) {
  if (array.size() == 0) return;
  const char* begin = static_cast<const char*>(array.data());
  const char* end = begin + array.itemsize();
  for (py::ssize_t axis = 0; axis < array.ndim(); ++axis) {
    const py::ssize_t reach = (array.shape(axis) - 1) * array.strides(axis);
    (reach < 0 ? begin : end) += reach;
  }
  add_range(begin, static_cast<std::size_t>(end - begin), kind, index);
}

void Recording::read(const void** pointer) {
  if (*pointer == nullptr) return;
  const auto range = find(*pointer);
  if (range == ranges_.end() || range->second.kind == Kind::unwritten) {
    refuse("a kernel reads an array that no kernel has computed");
    return;
  }
  const Place place{pointer, range->second.index, static_cast<std::ptrdiff_t>(address(*pointer) - range->first)};
  if (range->second.kind == Kind::input) input_pointers_.push_back(place);
  if (range->second.kind == Kind::living) living_pointers_.push_back(place);
}

void Recording::write(const void* pointer) {
  if (pointer == nullptr) return;
  const auto range = find(pointer);
  if (range == ranges_.end() || (range->second.kind != Kind::unwritten && range->second.kind != Kind::result))
    return refuse("a kernel changes an array that it has not made");
  ranges_[range->first].kind = Kind::result;
}

void bind_recording(py::module_& module) {
  using namespace py::literals;
  module.def("_all_data_is", &all_data_is, "owners"_a, "arrays"_a);
  py::class_<Recording>(module, "_Recording", "The kernel calls of one step, to be made again: see tinynet/replay.py.")
      .def(py::init<>())
      .def("start", &Recording::start, "inputs"_a, "living"_a)
      .def("stop", &Recording::stop)
      .def_property_readonly("problem", &Recording::problem)
      .def("refuse", &Recording::refuse, "why"_a)
      .def("add_constant", &Recording::add_constant, "array"_a)
      .def("is_constant", &Recording::is_constant, "array"_a)
      .def("is_known", &Recording::is_known, "array"_a)
      .def("is_computed", &Recording::is_computed, "array"_a)
      .def("append_numpy", &Recording::append_numpy, "function"_a, "arguments"_a, "result"_a)
      .def("append_python", &Recording::append_python, "function"_a, "arguments"_a, "results"_a, "draws"_a)
      .def("may_be_kept", &Recording::may_be_kept, "array"_a)
      .def("dense_copy", &Recording::dense_copy, "array"_a)
      .def("pause", &Recording::pause)
      .def("resume", &Recording::resume)
      .def("carry", &Recording::carry, "target"_a, "source"_a)
      .def("set_owners", &Recording::set_owners, "owners"_a)
      .def("follow", &Recording::follow)
      .def("fits", &Recording::fits, "inputs"_a)
      .def("set_draws", &Recording::set_draws, "draws"_a)
      .def("run", &Recording::run, "inputs"_a, "draws"_a)
      .def("try_run", &Recording::try_run, "inputs"_a, "draws"_a)
      .def_property_readonly("calls", &Recording::calls)
      .def_property_readonly("bytes", &Recording::bytes);
}

}  // namespace tinynet
