// A step without Python: the kernel calls of one step, recorded and run again.
//
// Every binding calls its kernel by `launch`. While a recording is active in a thread, `launch` also appends the call,
// with its arguments, to the recording. `Recording::run` then makes the same calls in the same order, on the same
// memory: only the addresses of the step's inputs and the seeds of dropout are set anew.
//
// This is right only if nothing but recorded kernels computes what the kernels read. So a recording knows every byte
// that a call may read: the step's inputs, arrays that live as long as it does (weights), constants, and what recorded
// calls have written. A call that reads anything else, such as an array that NumPy has computed, makes the recording
// useless: `problem` then names it, and the step is never run again from it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "arena.h"
#include "bindings/types.h"
#include "kernels.h"

namespace tinynet {

class Recording {
 public:
  struct Call {
    virtual ~Call() = default;
    virtual void run() = 0;
  };

  Recording() = default;
  ~Recording() { stop(); }

  // The recording that is active in this thread, or null.
  static Recording*& active();

  // From here on the calls of this thread are recorded. `inputs` are the arrays that change from step to step, `living`
  // those that stay where they are until `follow` finds them elsewhere.
  void start(const py::list& inputs, const py::list& living);
  void stop();

  // Why the recording cannot be run; empty if it can. The first problem counts.
  const std::string& problem() const { return problem_; }
  void refuse(const std::string& why);

  // An array whose numbers are the same in every step.
  void add_constant(const py::array& array);
  bool is_constant(const py::array& array) const;
  // An array that the calls change in its place, and that nothing else changes between them unless they know.
  void add_state(const py::array& array);
  // Whether the recorded calls have written it, or it was known before.
  bool is_known(const py::array& array) const;
  // Whether it is neither an input nor a living array, which are other arrays in another run.
  bool is_computed(const py::array& array) const;
  // A call of NumPy, `function(*arguments, out=result)`. It has been made already: `result` is its result.
  void append_numpy(const py::object& function, const py::tuple& arguments, const py::array& result);
  // A call of Python, whose arrays are copied to `results` when it is made again. `draws` are the positions of the
  // arguments that are drawn (seed, offset) pairs.
  void append_python(const py::object& function, const py::tuple& arguments, const py::tuple& results,
                     const std::vector<std::size_t>& draws);
  // Whether a function may keep this array: one whose memory stays the same in all runs. A living array that is kept
  // has to stay where it is from then on.
  bool may_be_kept(const py::array& array);
  // A dense copy, which each run makes again, of a known array that is not dense.
  py::array dense_copy(const py::array& array);
  // Between the two, calls of this thread are not recorded.
  void pause();
  void resume();
  // Before each run `source`, which a call writes, is copied to `target`, which the calls read: a state that is another
  // array after each step.
  void carry(const py::array& target, const py::array& source);
  // Determines which of the drawn (seed, offset) pairs each random call uses. Pairs that were not drawn are constant. A
  // drawn pair that no call uses is a problem: something that is not recorded has used it.
  void set_draws(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& draws);

  // Before each run, the living array of each index is what `data` of its owner is. `follow` tells the calls of it;
  // it returns false if they cannot be told, which is so where NumPy reads a part of the array.
  void set_owners(const std::vector<std::pair<std::size_t, py::object>>& owners) { owners_ = owners; }
  bool follow();

  // Whether the inputs have the types and shapes of those of `start`. The others may be anything.
  bool fits(const py::list& inputs) const;
  // Makes all calls again; false, and nothing is done, if the inputs or the living arrays do not fit.
  bool try_run(const py::list& inputs, const std::vector<std::pair<std::uint64_t, std::uint64_t>>& draws);
  // Makes all calls again, with inputs that fit.
  void run(const py::list& inputs, const std::vector<std::pair<std::uint64_t, std::uint64_t>>& draws);

  std::size_t calls() const { return calls_.size(); }
  std::size_t bytes() const { return arena_->bytes() + kept_bytes_; }

  // For new_array: memory for a result that a call is going to write. Not once there is a problem, nor beyond a limit:
  // in a step of such arrays Python's part does not count, and a recording keeps them.
  bool lends(std::size_t bytes);
  const std::shared_ptr<Arena>& arena() const { return arena_; }
  void expect(const void* memory, std::size_t bytes);

  // For launch. The call is appended before it runs: then its results are written.
  template <class Function, class... Arguments>
  void append(const Function& function, const Arguments&... arguments);

 private:
  struct PythonCall;
  struct Copy;
  static constexpr std::size_t kMostBytes = std::size_t{64} << 20;

  enum class Kind { input, living, constant, result, unwritten };
  struct Range {
    std::uintptr_t end;
    Kind kind;
    std::size_t index;  // of an input or a living array
  };
  struct Place {  // of an argument that points into an input or a living array
    const void** pointer;
    std::size_t index;
    std::ptrdiff_t offset;
  };
  struct PythonPlace {  // the same of a call of Python: the argument is the array, or a part of an input
    PythonCall* call;
    std::size_t argument, index;
    std::ptrdiff_t offset;
  };
  struct Random {
    std::uint64_t *seed, *offset;
    std::ptrdiff_t draw;  // index, or -1 for a constant
  };
  struct PythonRandom {
    PythonCall* call;
    std::size_t argument;
    std::ptrdiff_t draw;
  };
  struct Carried {
    py::array target, source;
  };

  template <class Function, class... Arguments>
  struct Recorded final : Call {
    Recorded(const Function& f, const Arguments&... a) : function(f), arguments(a...) {}
    void run() override { std::apply(function, arguments); }
    Function function;
    std::tuple<Arguments...> arguments;
  };

  using Ranges = std::map<std::uintptr_t, Range>;
  Ranges::const_iterator find(const void* pointer) const;
  void add_range(const void* memory, std::size_t bytes, Kind kind, std::size_t index = 0);
  void add_array(const py::array& array, Kind kind, std::size_t index = 0);

  bool move(std::size_t index, const py::array& array);
  void append_call(std::unique_ptr<PythonCall> call, const py::tuple& arguments, const py::tuple& results);

  // What the arguments of a call mean to the recording.
  void read(const void** pointer);
  void write(const void* pointer);
  template <class T>
  void note(const T*& pointer) { read(reinterpret_cast<const void**>(&pointer)); }
  template <class T>
  void note(T*& pointer) { write(pointer); }
  template <class T>
  void note(NormalizedWeights<T>& w) {
    note(w.kernel), note(w.bias), note(w.gamma), note(w.beta), note(w.mean), note(w.variance);
  }
  void note(AttentionMask& mask) { note(mask.data); }
  void note(ArgmaxArray& argmax) { note(argmax.uint8), note(argmax.int32); }
  void note(Dropout& dropout) { if (dropout.rate > 0) random_.push_back({&dropout.seed, &dropout.offset, -1}); }
  template <class Other>
  void note(Other&) {}

  std::shared_ptr<Arena> arena_ = std::make_shared<Arena>();
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<Place> input_pointers_, living_pointers_;
  std::vector<PythonPlace> python_inputs_, python_living_;
  std::vector<Random> random_;
  std::vector<PythonRandom> python_random_;
  std::vector<Carried> carried_;
  std::vector<py::array> inputs_;  // the first ones, for their shapes
  std::vector<py::array> living_, kept_;  // `kept_`: constants and results of Python
  std::size_t kept_bytes_ = 0;  // of the results among them
  std::vector<std::pair<std::size_t, py::object>> owners_;
  std::vector<bool> fixed_;  // of the living ones: Python reads a part of it, or keeps it
  Ranges ranges_;
  std::string problem_;
  const void* table_ = nullptr;  // of kernels, whose functions the calls have
};

template <class Function, class... Arguments>
void Recording::append(const Function& function, const Arguments&... arguments) {
  auto call = std::make_unique<Recorded<Function, Arguments...>>(function, arguments...);
  std::apply([this](auto&... argument) { (note(argument), ...); }, call->arguments);
  calls_.push_back(std::move(call));
}

// The GIL is released while this object lives. Python ends a daemon thread that wants the GIL back after the interpreter
// has ended: by unwinding its stack, which a destructor that may not throw, as pybind11's, would make an abort.
class ReleasedGil {
 public:
  ReleasedGil() : state_(PyEval_SaveThread()) {}
  ~ReleasedGil() noexcept(false) { PyEval_RestoreThread(state_); }
  ReleasedGil(const ReleasedGil&) = delete;
  ReleasedGil& operator=(const ReleasedGil&) = delete;

 private:
  PyThreadState* state_;
};

// Runs a kernel without the GIL, and records the call where a recording is active. `function` is a kernel of the table,
// or a function object that keeps what it needs by value; arrays are passed as pointers among the arguments.
template <class Function, class... Arguments>
void launch(const Function& function, Arguments... arguments) {
  if (Recording* const recording = Recording::active()) recording->append(function, arguments...);
  const ReleasedGil released;
  function(arguments...);
}

// For a kernel whose result is a number that Python reads: it cannot be part of a recording.
inline void refuse_recording(const char* why) {
  if (Recording* const recording = Recording::active()) recording->refuse(why);
}

}  // namespace tinynet
