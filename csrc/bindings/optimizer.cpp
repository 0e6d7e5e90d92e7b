#include "bindings/arrays.h"

namespace tinynet {
namespace {

// The names of a step and of its lists of states, for messages, e.g. {"adam_step", {"means", "variances"}}.
struct Names {
  const char* step;
  const char* states[3];
};

std::string shape_text(const py::array& array) { return py::str(array.attr("shape")).cast<std::string>(); }

std::string element_name(const char* list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

bool same_shape(const py::array& a, const py::array& b) {
  if (a.ndim() != b.ndim()) return false;
  for (py::ssize_t axis = 0; axis < a.ndim(); ++axis)
    if (a.shape(axis) != b.shape(axis)) return false;
  return true;
}

// The arrays of a step, checked once, in the form that the kernels take.
template <class T>
class Parameters {
 public:
  Parameters(const Names& names, const ArrayList& weights, const ArrayList& gradients,
             std::initializer_list<OptionalArrayList> states) {
    parameters_.reserve(weights.size());
    check_length(names, "gradients", gradients.size(), weights.size());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const py::array w = array_in(names, "weights", weights, i);
      Parameter<T> parameter{writable(names, "weights", w, i), gradient(names, gradients, i, w), {}, w.size()};
      int k = 0;
      for (const OptionalArrayList& state : states) {
        if (state) {
          const char* const name = names.states[k];
          check_length(names, name, state->size(), weights.size());
          const py::array array = array_in(names, name, *state, i);
          check_shape(names, name, array, i, w);
          parameter.state[k] = writable(names, name, array, i);
        }
        ++k;
      }
      parameters_.push_back(parameter);
    }
  }

  // Calls a kernel of the table without the GIL.
  template <class Kernel, class... Arguments>
  void run(Kernel kernel, Arguments... arguments) const {
    if (parameters_.empty()) return;
    refuse_recording("an optimizer's step takes other numbers each time");
    const ReleasedGil released;
    kernel(parameters_.data(), static_cast<Index>(parameters_.size()), arguments...);
  }

 private:
  static void check_length(const Names& names, const char* list, std::size_t length, std::size_t expected) {
    if (length != expected)
      throw py::value_error(std::string(names.step) + ": " + std::to_string(expected) + " weights but " +
                            std::to_string(length) + " " + list);
  }

  static py::array array_in(const Names& names, const char* name, const ArrayList& list, std::size_t i) {
    PyObject* const item = PyList_GET_ITEM(list.ptr(), static_cast<Py_ssize_t>(i));
    if (!py::isinstance<py::array>(item))
      throw py::type_error(std::string(names.step) + ": " + element_name(name, i) + " must be an array, got " +
                           Py_TYPE(item)->tp_name);
    return py::reinterpret_borrow<py::array>(item);
  }

  static void check_shape(const Names& names, const char* name, const py::array& array, std::size_t i,
                          const py::array& weights) {
    if (!same_shape(array, weights))
      throw py::value_error(std::string(names.step) + ": " + element_name(name, i) + " has shape " +
                            shape_text(array) + ", the weights have " + shape_text(weights) +
                            ". All lists must name the variables in the same order.");
  }

  static void check_type(const Names& names, const char* name, const py::array& array, std::size_t i) {
    if (array.dtype().num() != py::dtype::of<T>().num())
      throw py::type_error(std::string(names.step) + ": " + element_name(name, i) + " has dtype " +
                           py::str(array.dtype()).cast<std::string>() + ", weights[0] has " +
                           py::str(py::dtype::of<T>()).cast<std::string>() + ". One call takes one dtype.");
  }

  static T* writable(const Names& names, const char* name, const py::array& array, std::size_t i) {
    check_type(names, name, array, i);
    if (!is_dense(array) || !is_native_order(array.dtype()) || !array.writeable())
      throw py::value_error(std::string(names.step) + ": " + element_name(name, i) +
                            " is changed in place and must be a writable, C-contiguous, aligned array in native byte "
                            "order; pass np.array(x, order='C')");
    return static_cast<T*>(const_cast<void*>(array.data()));
  }

  const T* gradient(const Names& names, const ArrayList& gradients, std::size_t i, const py::array& weights) {
    py::array array = array_in(names, "gradients", gradients, i);
    check_type(names, "gradients", array, i);
    check_shape(names, "gradients", array, i, weights);
    if (!is_dense(array) || !is_native_order(array.dtype())) {
      array = dense(std::move(array));
      copies_.push_back(array);
    }
    return static_cast<const T*>(array.data());
  }

  std::vector<Parameter<T>> parameters_;
  std::vector<py::array> copies_;  // of gradients that were not dense
};

// Calls f(T{}), where T is the element type of the first weight. Does nothing if there are no weights.
template <class Function>
void with_type_of(const ArrayList& weights, const char* step, const Function& f) {
  if (weights.empty()) return;
  if (!py::isinstance<py::array>(weights[0]))
    throw py::type_error(std::string(step) + ": weights must be a list of arrays");
  const auto first = py::reinterpret_borrow<py::array>(PyList_GET_ITEM(weights.ptr(), 0));
  if (float_type(first, "weights[0]") == FloatType::f32)
    f(float{});
  else
    f(double{});
}

void sgd_step(const ArrayList& weights, const ArrayList& gradients, const OptionalArrayList& velocities,
              double learning_rate, double momentum, bool nesterov, double decay) {
  with_type_of(weights, "sgd_step", [&](auto type) {
    using T = decltype(type);
    const Parameters<T> parameters({"sgd_step", {"velocities"}}, weights, gradients, {velocities});
    parameters.run(kernels().table<T>().sgd_step, learning_rate, momentum, nesterov, decay);
  });
}

void adam_step(const ArrayList& weights, const ArrayList& gradients, const ArrayList& means, const ArrayList& variances,
               const OptionalArrayList& max_variances, double step_size, double beta_1, double beta_2, double epsilon,
               double decay) {
  with_type_of(weights, "adam_step", [&](auto type) {
    using T = decltype(type);
    const Parameters<T> parameters({"adam_step", {"means", "variances", "max_variances"}}, weights, gradients,
                                   {means, variances, max_variances});
    parameters.run(kernels().table<T>().adam_step, step_size, beta_1, beta_2, epsilon, decay);
  });
}

void adamax_step(const ArrayList& weights, const ArrayList& gradients, const ArrayList& means, const ArrayList& norms,
                 double step_size, double beta_1, double beta_2, double epsilon, double decay) {
  with_type_of(weights, "adamax_step", [&](auto type) {
    using T = decltype(type);
    const Parameters<T> parameters({"adamax_step", {"means", "norms"}}, weights, gradients, {means, norms});
    parameters.run(kernels().table<T>().adamax_step, step_size, beta_1, beta_2, epsilon, decay);
  });
}

void nadam_step(const ArrayList& weights, const ArrayList& gradients, const ArrayList& means,
                const ArrayList& variances, double learning_rate, double mean_factor, double gradient_factor,
                double variance_factor, double beta_1, double beta_2, double epsilon, double decay) {
  with_type_of(weights, "nadam_step", [&](auto type) {
    using T = decltype(type);
    const Parameters<T> parameters({"nadam_step", {"means", "variances"}}, weights, gradients, {means, variances});
    parameters.run(kernels().table<T>().nadam_step, learning_rate, mean_factor, gradient_factor, variance_factor,
                   beta_1, beta_2, epsilon, decay);
  });
}

void rmsprop_step(const ArrayList& weights, const ArrayList& gradients, const ArrayList& mean_squares,
                  const OptionalArrayList& velocities, const OptionalArrayList& means, double learning_rate, double rho,
                  double momentum, double epsilon, double decay) {
  with_type_of(weights, "rmsprop_step", [&](auto type) {
    using T = decltype(type);
    const Parameters<T> parameters({"rmsprop_step", {"mean_squares", "velocities", "means"}}, weights, gradients,
                                   {mean_squares, velocities, means});
    parameters.run(kernels().table<T>().rmsprop_step, learning_rate, rho, momentum, epsilon, decay);
  });
}

void adagrad_step(const ArrayList& weights, const ArrayList& gradients, const ArrayList& accumulators,
                  double learning_rate, double epsilon, double decay) {
  with_type_of(weights, "adagrad_step", [&](auto type) {
    using T = decltype(type);
    const Parameters<T> parameters({"adagrad_step", {"accumulators"}}, weights, gradients, {accumulators});
    parameters.run(kernels().table<T>().adagrad_step, learning_rate, epsilon, decay);
  });
}

void adadelta_step(const ArrayList& weights, const ArrayList& gradients, const ArrayList& mean_squares,
                   const ArrayList& mean_square_updates, double learning_rate, double rho, double epsilon,
                   double decay) {
  with_type_of(weights, "adadelta_step", [&](auto type) {
    using T = decltype(type);
    const Parameters<T> parameters({"adadelta_step", {"mean_squares", "mean_square_updates"}}, weights, gradients,
                                   {mean_squares, mean_square_updates});
    parameters.run(kernels().table<T>().adadelta_step, learning_rate, rho, epsilon, decay);
  });
}

void lion_step(const ArrayList& weights, const ArrayList& gradients, const ArrayList& means, double learning_rate,
               double beta_1, double beta_2, double decay) {
  with_type_of(weights, "lion_step", [&](auto type) {
    using T = decltype(type);
    const Parameters<T> parameters({"lion_step", {"means"}}, weights, gradients, {means});
    parameters.run(kernels().table<T>().lion_step, learning_rate, beta_1, beta_2, decay);
  });
}

void ftrl_step(const ArrayList& weights, const ArrayList& gradients, const ArrayList& accumulators,
               const ArrayList& linears, double learning_rate, double learning_rate_power, double l1, double l2,
               double shrinkage, double decay) {
  with_type_of(weights, "ftrl_step", [&](auto type) {
    using T = decltype(type);
    const Parameters<T> parameters({"ftrl_step", {"accumulators", "linears"}}, weights, gradients,
                                   {accumulators, linears});
    parameters.run(kernels().table<T>().ftrl_step, learning_rate, learning_rate_power, l1, l2, shrinkage, decay);
  });
}

}  // namespace

void bind_optimizer(py::module_& module) {
  using namespace py::literals;
  module.def("sgd_step", &sgd_step, "weights"_a, "gradients"_a, "velocities"_a, "learning_rate"_a, "momentum"_a = 0.0,
             "nesterov"_a = false, "decay"_a = 0.0);
  module.def("adam_step", &adam_step, "weights"_a, "gradients"_a, "means"_a, "variances"_a, "max_variances"_a,
             "step_size"_a, "beta_1"_a, "beta_2"_a, "epsilon"_a, "decay"_a = 0.0);
  module.def("adamax_step", &adamax_step, "weights"_a, "gradients"_a, "means"_a, "norms"_a, "step_size"_a, "beta_1"_a,
             "beta_2"_a, "epsilon"_a, "decay"_a = 0.0);
  module.def("nadam_step", &nadam_step, "weights"_a, "gradients"_a, "means"_a, "variances"_a, "learning_rate"_a,
             "mean_factor"_a, "gradient_factor"_a, "variance_factor"_a, "beta_1"_a, "beta_2"_a, "epsilon"_a,
             "decay"_a = 0.0);
  module.def("rmsprop_step", &rmsprop_step, "weights"_a, "gradients"_a, "mean_squares"_a, "velocities"_a, "means"_a,
             "learning_rate"_a, "rho"_a, "momentum"_a, "epsilon"_a, "decay"_a = 0.0);
  module.def("adagrad_step", &adagrad_step, "weights"_a, "gradients"_a, "accumulators"_a, "learning_rate"_a,
             "epsilon"_a, "decay"_a = 0.0);
  module.def("adadelta_step", &adadelta_step, "weights"_a, "gradients"_a, "mean_squares"_a, "mean_square_updates"_a,
             "learning_rate"_a, "rho"_a, "epsilon"_a, "decay"_a = 0.0);
  module.def("lion_step", &lion_step, "weights"_a, "gradients"_a, "means"_a, "learning_rate"_a, "beta_1"_a, "beta_2"_a,
             "decay"_a = 0.0);
  module.def("ftrl_step", &ftrl_step, "weights"_a, "gradients"_a, "accumulators"_a, "linears"_a, "learning_rate"_a,
             "learning_rate_power"_a, "l1"_a, "l2"_a, "shrinkage"_a, "decay"_a = 0.0);
}

}  // namespace tinynet
