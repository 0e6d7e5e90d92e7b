#include "bindings/arrays.h"

namespace tinynet {
namespace {

// What both passes are given: the vectors of the queries, keys and values, and the mask.
template <class T>
struct AttentionInputs {
  AttentionInputs(const char* name, const Array& queries, const Array& keys, const Array& values,
                  const OptionalMask& given)
      : q(queries, "q"), k(keys, "k"), v(values, "v") {
    require(q.rank() == 4 && k.rank() == 4 && v.rank() == 4 && k.dim(0) == q.dim(0) && v.dim(0) == q.dim(0) &&
                v.dim(1) == k.dim(1) && k.dim(2) == q.dim(2) && v.dim(2) == q.dim(2) && k.dim(3) == q.dim(3),
            name, "the shapes of q, k and v do not fit");
    shape = {q.dim(0), q.dim(1), k.dim(1), q.dim(2), q.dim(3), v.dim(3)};
    if (!given) return;
    if (given->dtype().kind() != 'b') throw py::type_error(std::string(name) + ": mask must have booleans");
    mask_array = dense(*given);
    require(mask_array.ndim() == 4 && mask_array.shape(3) == shape.keys, name,
            "mask must have shape (batch or 1, heads or 1, queries or 1, keys)");
    const Index full[] = {shape.batch, shape.heads, shape.queries};
    Index distance[3], step = shape.keys;
    for (int axis = 2; axis >= 0; --axis) {
      const Index length = mask_array.shape(axis);
      require(length == 1 || length == full[axis], name, "mask does not broadcast to (batch, heads, queries, keys)");
      distance[axis] = length == 1 ? 0 : step;
      step *= length;
    }
    mask = {static_cast<const std::uint8_t*>(mask_array.data()), distance[0], distance[1], distance[2]};
  }
  Shape of_queries() const { return {shape.batch, shape.queries, shape.heads, shape.value_dim}; }
  Shape of_sums() const { return {shape.batch, shape.heads, shape.queries}; }

  Input<T> q, k, v;
  py::array mask_array = py::reinterpret_steal<py::array>(nullptr);
  AttentionShape shape{};
  AttentionMask mask{};
};

using Two = std::tuple<Array, Array>;
using Three = std::tuple<Array, Array, Array>;

Two attention_forward(const Array& q, const Array& k, const Array& v, const OptionalMask& mask, double scale,
                      bool causal) {
  return with_float_type(q, "q", [&](auto type) -> Two {
    using T = decltype(type);
    const AttentionInputs<T> in("attention_forward", q, k, v, mask);
    const Result<T> y(in.of_queries()), log_sum(in.of_sums());
    launch(kernels().table<T>().attention_forward, in.shape, in.q.data(), in.k.data(), in.v.data(), in.mask, y.data(),
           log_sum.data(), scale, causal);
    return {y.array(), log_sum.array()};
  });
}

Three attention_backward(const Array& dy, const Array& q, const Array& k, const Array& v, const OptionalMask& mask,
                         const Array& y, const Array& log_sum, double scale, bool causal) {
  return with_float_type(q, "q", [&](auto type) -> Three {
    using T = decltype(type);
    const AttentionInputs<T> in("attention_backward", q, k, v, mask);
    const Input<T> gradient(dy, "dy"), output(y, "y"), sums(log_sum, "log_sum");
    require(shape_of(dy) == in.of_queries() && shape_of(y) == in.of_queries() && shape_of(log_sum) == in.of_sums(),
            "attention_backward", "the shapes of dy, y and log_sum do not fit");
    const Result<T> dq(shape_of(q)), dk(shape_of(k)), dv(shape_of(v));
    launch(kernels().table<T>().attention_backward, in.shape, gradient.data(), in.q.data(), in.k.data(), in.v.data(),
           in.mask, output.data(), sums.data(), dq.data(), dk.data(), dv.data(), scale, causal);
    return {dq.array(), dk.array(), dv.array()};
  });
}

}  // namespace

void bind_attention(py::module_& module) {
  using namespace py::literals;
  module.def("attention_forward", &attention_forward, "q"_a, "k"_a, "v"_a, "mask"_a, "scale"_a, "causal"_a);
  module.def("attention_backward", &attention_backward, "dy"_a, "q"_a, "k"_a, "v"_a, "mask"_a, "y"_a, "log_sum"_a,
             "scale"_a, "causal"_a);
}

}  // namespace tinynet
