#include "bindings/arrays.h"

namespace tinynet {
namespace {

Activation recurrent_activation_named(const std::string& name) {
  const Activation which = activation_named(name);
  for (const Activation known : {Activation::linear, Activation::relu, Activation::sigmoid, Activation::tanh,
                                 Activation::hard_sigmoid})
    if (which == known) return which;
  throw py::value_error("unknown activation '" + name + "' for a recurrence; known: linear, relu, sigmoid, tanh, "
                        "hard_sigmoid");
}

// A float input that may be absent, of a known shape.
template <class T>
class Given {
 public:
  Given(const OptionalArray& array, const char* name, const Shape& shape) {
    if (!array) return;
    input_.emplace(*array, name);
    require(shape_of(input_->array()) == shape, name, "has another shape than the others call for");
  }
  const T* data() const { return input_ ? input_->data() : nullptr; }

 private:
  std::optional<Input<T>> input_;
};

// What all recurrences are given beside their own arrays: the sizes, the recurrent kernel, the masks.
template <class T>
class Recurrence {
 public:
  // `values` has shape (batch, steps, gates * units).
  Recurrence(const char* name, Index gates, const Input<T>& values, const Array& recurrent_kernel,
             const OptionalMask& mask, const OptionalArray& recurrent_mask)
      : kernel(recurrent_kernel, "recurrent_kernel") {
    require(values.rank() == 3 && kernel.rank() == 2 && kernel.dim(1) == gates * kernel.dim(0) &&
                values.dim(2) == kernel.dim(1), name, "the shapes of z and of the recurrent kernel do not fit");
    shape = {values.dim(0), values.dim(1), kernel.dim(0)};
    if (mask) {
      if (mask->dtype().kind() != 'b') throw py::type_error(std::string(name) + ": mask must have booleans");
      mask_ = dense(*mask);
      require(mask_.ndim() == 2 && mask_.shape(0) == shape.batch && mask_.shape(1) == shape.steps, name,
              "mask must have shape (batch, steps)");
    }
    if (recurrent_mask) factors_.emplace(recurrent_mask, "recurrent_mask", Shape{gates, shape.batch, shape.units});
  }
  const std::uint8_t* mask() const { return mask_ ? static_cast<const std::uint8_t*>(mask_.data()) : nullptr; }
  const T* factors() const { return factors_ ? factors_->data() : nullptr; }
  Shape state() const { return {shape.batch, shape.units}; }
  Shape sequence(Index gates = 1) const { return {shape.batch, shape.steps, gates * shape.units}; }

  Input<T> kernel;
  RecurrenceShape shape{};

 private:
  py::array mask_ = py::reinterpret_steal<py::array>(nullptr);
  std::optional<Given<T>> factors_;
};

using Two = std::tuple<Array, Array>;
using Three = std::tuple<Array, Array, Array>;
using Four = std::tuple<Array, Array, OptionalArray, OptionalArray>;

Two simple_rnn_forward(const Array& z, const Array& h0, const Array& recurrent_kernel, const OptionalMask& mask,
                       const OptionalArray& recurrent_mask, const std::string& activation) {
  const Activation which = recurrent_activation_named(activation);
  return with_float_type(z, "z", [&](auto type) -> Two {
    using T = decltype(type);
    const Input<T> products(z, "z");
    const Recurrence<T> r("simple_rnn_forward", 1, products, recurrent_kernel, mask, recurrent_mask);
    const Given<T> state(h0, "h0", r.state());
    const Result<T> y(r.sequence()), values(r.sequence(), r.mask() != nullptr);
    launch(kernels().table<T>().simple_rnn_forward, r.shape, products.data(), state.data(), r.kernel.data(), r.mask(),
           r.factors(), which, y.data(), r.mask() != nullptr ? values.data() : y.data());
    return {y.array(), r.mask() != nullptr ? values.array() : y.array()};
  });
}

Two simple_rnn_backward(const OptionalArray& dy, const OptionalArray& dh, const Array& recurrent_kernel,
                        const OptionalMask& mask, const OptionalArray& recurrent_mask, const Array& values,
                        const std::string& activation) {
  const Activation which = recurrent_activation_named(activation);
  return with_float_type(values, "values", [&](auto type) -> Two {
    using T = decltype(type);
    const Input<T> steps(values, "values");
    const Recurrence<T> r("simple_rnn_backward", 1, steps, recurrent_kernel, mask, recurrent_mask);
    const Given<T> of_all(dy, "dy", r.sequence()), of_last(dh, "dh", r.state());
    const Result<T> dz(r.sequence()), dh0(r.state());
    launch(kernels().table<T>().simple_rnn_backward, r.shape, of_all.data(), of_last.data(), r.kernel.data(), r.mask(),
           r.factors(), which, steps.data(), dz.data(), dh0.data());
    return {dz.array(), dh0.array()};
  });
}

Four lstm_forward(const Array& z, const Array& h0, const Array& c0, const Array& recurrent_kernel,
                  const OptionalMask& mask, const OptionalArray& recurrent_mask, const std::string& activation,
                  const std::string& recurrent_activation, bool keep_steps) {
  const Activation which = recurrent_activation_named(activation);
  const Activation of_gates = recurrent_activation_named(recurrent_activation);
  return with_float_type(z, "z", [&](auto type) -> Four {
    using T = decltype(type);
    const Input<T> products(z, "z");
    const Recurrence<T> r("lstm_forward", 4, products, recurrent_kernel, mask, recurrent_mask);
    const Given<T> h(h0, "h0", r.state()), cell(c0, "c0", r.state());
    const Result<T> y(r.sequence()), c(keep_steps ? r.sequence() : Shape{r.shape.batch, 1, r.shape.units});
    const Result<T> gates(r.sequence(4), keep_steps), shown(r.sequence(), keep_steps);
    launch(kernels().table<T>().lstm_forward, r.shape, products.data(), h.data(), cell.data(), r.kernel.data(),
           r.mask(), r.factors(), which, of_gates, y.data(), c.data(), gates.data(), shown.data());
    return {y.array(), c.array(), gates.optional(), shown.optional()};
  });
}

Three lstm_backward(const OptionalArray& dy, const OptionalArray& dh, const OptionalArray& dc, const Array& c0,
                    const Array& recurrent_kernel, const OptionalMask& mask, const OptionalArray& recurrent_mask,
                    const Array& c, const Array& gates, const Array& shown, const std::string& activation,
                    const std::string& recurrent_activation) {
  const Activation which = recurrent_activation_named(activation);
  const Activation of_gates = recurrent_activation_named(recurrent_activation);
  return with_float_type(gates, "gates", [&](auto type) -> Three {
    using T = decltype(type);
    const Input<T> gate(gates, "gates");
    const Recurrence<T> r("lstm_backward", 4, gate, recurrent_kernel, mask, recurrent_mask);
    const Given<T> of_all(dy, "dy", r.sequence()), of_last(dh, "dh", r.state()), of_cell(dc, "dc", r.state());
    const Given<T> first(c0, "c0", r.state()), cells(c, "c", r.sequence()), active(shown, "shown", r.sequence());
    const Result<T> dz(r.sequence(4)), dh0(r.state()), dc0(r.state());
    launch(kernels().table<T>().lstm_backward, r.shape, of_all.data(), of_last.data(), of_cell.data(), first.data(),
           r.kernel.data(), r.mask(), r.factors(), which, of_gates, cells.data(), gate.data(), active.data(), dz.data(),
           dh0.data(), dc0.data());
    return {dz.array(), dh0.array(), dc0.array()};
  });
}

Three gru_forward(const Array& z, const Array& h0, const Array& recurrent_kernel, const OptionalArray& recurrent_bias,
                  const OptionalMask& mask, const OptionalArray& recurrent_mask, const std::string& activation,
                  const std::string& recurrent_activation, bool reset_after) {
  const Activation which = recurrent_activation_named(activation);
  const Activation of_gates = recurrent_activation_named(recurrent_activation);
  return with_float_type(z, "z", [&](auto type) -> Three {
    using T = decltype(type);
    const Input<T> products(z, "z");
    const Recurrence<T> r("gru_forward", 3, products, recurrent_kernel, mask, recurrent_mask);
    const Given<T> h(h0, "h0", r.state()), bias(recurrent_bias, "recurrent_bias", Shape{3 * r.shape.units});
    const Result<T> y(r.sequence()), gates(r.sequence(3)), factor(r.sequence());
    launch(kernels().table<T>().gru_forward, r.shape, products.data(), h.data(), r.kernel.data(), bias.data(), r.mask(),
           r.factors(), which, of_gates, reset_after, y.data(), gates.data(), factor.data());
    return {y.array(), gates.array(), factor.array()};
  });
}

Three gru_backward(const OptionalArray& dy, const OptionalArray& dh, const Array& h0, const Array& recurrent_kernel,
                   const OptionalMask& mask, const OptionalArray& recurrent_mask, const Array& y, const Array& gates,
                   const Array& factor, const std::string& activation, const std::string& recurrent_activation,
                   bool reset_after) {
  const Activation which = recurrent_activation_named(activation);
  const Activation of_gates = recurrent_activation_named(recurrent_activation);
  return with_float_type(gates, "gates", [&](auto type) -> Three {
    using T = decltype(type);
    const Input<T> gate(gates, "gates");
    const Recurrence<T> r("gru_backward", 3, gate, recurrent_kernel, mask, recurrent_mask);
    const Given<T> of_all(dy, "dy", r.sequence()), of_last(dh, "dh", r.state()), first(h0, "h0", r.state());
    const Given<T> states(y, "y", r.sequence()), multiplied(factor, "factor", r.sequence());
    const Result<T> dz(r.sequence(3)), dproduct(r.sequence(3), reset_after), dh0(r.state());
    launch(kernels().table<T>().gru_backward, r.shape, of_all.data(), of_last.data(), first.data(), r.kernel.data(),
           r.mask(), r.factors(), which, of_gates, reset_after, states.data(), gate.data(), multiplied.data(),
           dz.data(), dproduct.data(), dh0.data());
    return {dz.array(), reset_after ? dproduct.array() : dz.array(), dh0.array()};
  });
}

}  // namespace

void bind_recurrent(py::module_& module) {
  using namespace py::literals;
  module.def("simple_rnn_forward", &simple_rnn_forward, "z"_a, "h0"_a, "recurrent_kernel"_a, "mask"_a,
             "recurrent_mask"_a, "activation"_a);
  module.def("simple_rnn_backward", &simple_rnn_backward, "dy"_a, "dh"_a, "recurrent_kernel"_a, "mask"_a,
             "recurrent_mask"_a, "values"_a, "activation"_a);
  module.def("lstm_forward", &lstm_forward, "z"_a, "h0"_a, "c0"_a, "recurrent_kernel"_a, "mask"_a, "recurrent_mask"_a,
             "activation"_a, "recurrent_activation"_a, "keep_steps"_a = true);
  module.def("lstm_backward", &lstm_backward, "dy"_a, "dh"_a, "dc"_a, "c0"_a, "recurrent_kernel"_a, "mask"_a,
             "recurrent_mask"_a, "c"_a, "gates"_a, "shown"_a, "activation"_a, "recurrent_activation"_a);
  module.def("gru_forward", &gru_forward, "z"_a, "h0"_a, "recurrent_kernel"_a, "recurrent_bias"_a, "mask"_a,
             "recurrent_mask"_a, "activation"_a, "recurrent_activation"_a, "reset_after"_a);
  module.def("gru_backward", &gru_backward, "dy"_a, "dh"_a, "h0"_a, "recurrent_kernel"_a, "mask"_a,
             "recurrent_mask"_a, "y"_a, "gates"_a, "factor"_a, "activation"_a, "recurrent_activation"_a,
             "reset_after"_a);
}

}  // namespace tinynet
