// The module tinynet._native: the kernels, and the functions by which tinynet/runtime.py controls them.
#include <atomic>
#include <map>
#include <string>

#include "bindings/arrays.h"
#include "caches.h"
#include "dispatch.h"
#include "parallel.h"

namespace tinynet {

namespace {

// The first time, and the first time after set_num_threads, in whichever thread.
std::atomic<bool> told_of_fewer_threads{false};

void warn_of_fewer_threads(int wanted, int started) {
  if (told_of_fewer_threads.exchange(true)) return;
  const py::gil_scoped_acquire gil;
  try {
    const std::string n = std::to_string(wanted);
    py::module_::import("tinynet.core.errors").attr("warn_user")(
        "tinynet: the system starts no more threads in this process: a kernel uses " + std::to_string(started) +
            " instead of " + n + ". The values are the same, and take longer. See the limits of processes (ulimit -u) "
            "and memory (ulimit -v), or of the container; tinynet.set_num_threads(" + n + ") tries again.",
        py::handle(PyExc_RuntimeWarning));
  } catch (py::error_already_set& error) {  // warnings are errors, but a kernel cannot stop halfway
    error.restore();
    PyErr_WriteUnraisable(nullptr);
  }
}

}  // namespace

PYBIND11_MODULE(_native, module) {
  using namespace py::literals;
  module.doc() = "tinynet's compiled kernels; every one has a NumPy reference of the same name in tinynet.ops";

  module.def("built_isas", &built_isas, "The instruction sets this build has kernels for, the widest last.");
  module.def("best_isa", &best_isa, "The widest of them that this CPU can run.");
  module.def("missing_features", &missing_features, "isa"_a,
             "The CPU features an instruction set needs and lacks here.");
  module.def("select_isa", &select_isa, "isa"_a, "Use the kernels compiled for this instruction set.");
  module.def("isa", [] { return kernels().isa; }, "The instruction set in use.");
  module.def("num_threads", &num_threads, "How many threads a kernel may use.");
  module.def(
      "set_num_threads",
      [](int threads) {
        set_num_threads(threads);
        told_of_fewer_threads = false;
      },
      "threads"_a, "0 returns to OpenMP's own choice.");
  on_fewer_threads(&warn_of_fewer_threads);
  module.def(
      "cache_sizes",
      [] {
        const CacheSizes& s = cache_sizes();
        return std::map<std::string, Index>{{"l1", s.l1}, {"l2", s.l2}, {"l3", s.l3}};
      },
      "Bytes of a core's L1 and L2 caches and of the L3 that it shares, as the kernels plan with them.");
  module.def(
      "set_cache_sizes", [](Index l1, Index l2, Index l3) { set_cache_sizes({l1, l2, l3}); }, "l1"_a = 0, "l2"_a = 0,
      "l3"_a = 0, "Plan for other caches, for tests; 0: this machine's.");
  module.def("pool_trim", &pool_trim, "Return the memory kept for future arrays to the system.");
  module.def(
      "pool_statistics",
      [] {
        const PoolStatistics s = pool_statistics();
        return std::map<std::string, std::size_t>{
            {"in_use", s.in_use}, {"idle", s.idle}, {"requests", s.requests}, {"reused", s.reused}};
      },
      "Bytes in use and idle, and how many requests were served from idle memory.");
  module.attr("compiler") = __VERSION__;
  // For the loops of the data pipeline, which are separate modules (tinynet/data/_parallel.pxd). So the same threads
  // gather a batch and multiply it.
  module.attr("_run_blocks") = py::capsule(reinterpret_cast<const void*>(&run_blocks), "tinynet._native._run_blocks");

  bind_activation(module);
  bind_dense(module);
  bind_matmul(module);
  bind_cross_entropy(module);
  bind_softmax(module);
  bind_accuracy(module);
  bind_reduction(module);
  bind_peak(module);
  bind_dropout(module);
  bind_optimizer(module);
  bind_conv2d(module);
  bind_normalization(module);
  bind_pooling(module);
  bind_prepared(module);
  bind_batch_norm_max_pool2d(module);
  bind_conv2d_batch_norm(module);
  bind_recurrent(module);
  bind_recording(module);
  bind_attention(module);
}

}  // namespace tinynet
