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
    add_range(array.data(), static_cast<std::size_t>(array.nbytes()), Kind::living, living_.size());
    living_.push_back(array);
    fixed_.push_back(false);
  }
  for (const py::handle item : inputs) {
    const py::array array = array_of(item, "inputs");
    if (!is_dense(array)) refuse("an input is not dense");
    if (find(array.data()) != ranges_.end()) refuse("two inputs have the same memory");
    add_range(array.data(), static_cast<std::size_t>(array.nbytes()), Kind::input, inputs_.size());
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
  add_range(array.data(), static_cast<std::size_t>(array.nbytes()), Kind::constant);
}

void Recording::add_state(const py::array& array) {
  kept_.push_back(array);
  add_range(array.data(), static_cast<std::size_t>(array.nbytes()), Kind::result);
}

bool Recording::is_constant(const py::array& array) const {
  const auto range = find(array.data());
  return range != ranges_.end() && range->second.kind == Kind::constant;
}

bool Recording::is_known(const py::array& array) const {
  const auto range = find(array.data());
  return range != ranges_.end() && range->second.kind != Kind::unwritten;
}

// Arguments that are inputs are replaced in each run.
struct Recording::NumpyCall final : Call {
  void run() override {
    const py::gil_scoped_acquire held;
    py::tuple given(arguments.size());
    for (std::size_t i = 0; i < arguments.size(); ++i) given[i] = arguments[i];
    function(*given, py::arg("out") = result);
  }
  py::object function;
  std::vector<py::object> arguments;
  py::array result;
};

void Recording::append_numpy(const py::object& function, const py::tuple& arguments, const py::array& result) {
  auto call = std::make_unique<NumpyCall>();
  call->function = function, call->result = result;
  for (const py::handle argument : arguments) {
    call->arguments.push_back(py::reinterpret_borrow<py::object>(argument));
    if (!py::isinstance<py::array>(argument)) continue;
    const auto array = py::reinterpret_borrow<py::array>(argument);
    if (array.size() == 0) continue;
    const auto range = find(array.data());
    if (range == ranges_.end() || range->second.kind == Kind::unwritten) {
      refuse("NumPy's " + py::str(function).cast<std::string>() + " reads an array that nothing recorded has computed");
    } else if (range->second.kind == Kind::input) {
      const std::size_t index = range->second.index;
      if (!array.is(inputs_[index])) refuse("NumPy reads a part of an input");
      numpy_inputs_.push_back({call.get(), call->arguments.size() - 1, index});
    } else if (range->second.kind == Kind::living) {
      const std::size_t index = range->second.index;
      if (array.is(living_[index])) {
        numpy_living_.push_back({call.get(), call->arguments.size() - 1, index});
      } else {
        fixed_[index] = true;
      }
    }
  }
  if (!is_dense(result)) refuse("NumPy's result is not dense");
  kept_.push_back(result);
  add_range(result.data(), static_cast<std::size_t>(result.nbytes()), Kind::result);
  calls_.push_back(std::move(call));
}

void Recording::carry(const py::array& target, const py::array& source) {
  if (!is_dense(target) || !is_dense(source) || !alike(target, source))
    throw py::value_error("recording: a state has changed its type or shape");
  carried_.push_back({target, source});
}

void Recording::set_draws(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& draws) {
  for (Random& random : random_)
    for (std::size_t draw = 0; draw < draws.size(); ++draw)
      if (draws[draw] == std::pair(*random.seed, *random.offset)) random.draw = static_cast<std::ptrdiff_t>(draw);
}

bool Recording::follow() {
  static PyObject* const data = PyUnicode_InternFromString("data");
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
  for (const NumpyPlace& place : numpy_living_)
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
  for (const NumpyPlace& place : numpy_inputs_) place.call->arguments[place.argument] = arrays[place.index];
  for (const Random& random : random_) {
    if (random.draw < 0) continue;
    const auto& [seed, offset] = draws.at(static_cast<std::size_t>(random.draw));
    *random.seed = seed, *random.offset = offset;
  }
  for (Carried& state : carried_)
    std::memcpy(const_cast<void*>(state.target.data()), state.source.data(),
                static_cast<std::size_t>(state.target.nbytes()));
  const ReleasedGil released;
  for (const auto& call : calls_) call->run();
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
  py::class_<Recording>(module, "_Recording", "The kernel calls of one step, to be made again: see tinynet/replay.py.")
      .def(py::init<>())
      .def("start", &Recording::start, "inputs"_a, "living"_a)
      .def("stop", &Recording::stop)
      .def_property_readonly("problem", &Recording::problem)
      .def("refuse", &Recording::refuse, "why"_a)
      .def("add_constant", &Recording::add_constant, "array"_a)
      .def("is_constant", &Recording::is_constant, "array"_a)
      .def("is_known", &Recording::is_known, "array"_a)
      .def("append_numpy", &Recording::append_numpy, "function"_a, "arguments"_a, "result"_a)
      .def("carry", &Recording::carry, "target"_a, "source"_a)
      .def("set_owners", &Recording::set_owners, "owners"_a)
      .def("follow", &Recording::follow)
      .def("fits", &Recording::fits, "inputs"_a)
      .def("set_draws", &Recording::set_draws, "draws"_a)
      .def("run", &Recording::run, "inputs"_a, "draws"_a)
      .def_property_readonly("calls", &Recording::calls)
      .def_property_readonly("bytes", &Recording::bytes);
}

}  // namespace tinynet
