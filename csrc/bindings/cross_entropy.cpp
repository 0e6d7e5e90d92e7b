#include <type_traits>

#include "bindings/arrays.h"

namespace tinynet {
namespace {

template <class L>
bool is_negative(L label) {
  return std::is_signed<L>::value && label < static_cast<L>(1) && label != static_cast<L>(0);
}

template <class L>
bool fits(L label, Index classes) {
  return static_cast<std::uint64_t>(label) < static_cast<std::uint64_t>(classes);  // a negative label becomes huge
}

// Throws for the first label that is not a class, nor, with ignore_negative, negative.
template <class L>
void check_labels(const L* labels, Index size, Index classes, bool ignore_negative) {
  bool inside = true;
  if (ignore_negative) {
    for (Index i = 0; i < size; ++i) inside &= int(is_negative(labels[i])) | int(fits(labels[i], classes));
  } else {
    for (Index i = 0; i < size; ++i) inside &= fits(labels[i], classes);
  }
  if (inside) return;
  Index i = 0;
  while (fits(labels[i], classes) || (ignore_negative && is_negative(labels[i]))) ++i;
  throw py::value_error("label " + std::to_string(labels[i]) + " at index " + std::to_string(i) + "; the model has " +
                        std::to_string(classes) + " classes (0.." + std::to_string(classes - 1) + ")");
}

// Class numbers of any integer type, as int64. They must be from 0 to classes - 1. With ignore_negative they may be
// negative too; the row of a negative one is left out.
class Labels {
 public:
  Labels(const LabelArray& labels, Index classes, bool ignore_negative) : array_(dense(labels)) {
    using api = py::detail::npy_api;
    const int type = array_.dtype().num();
    const char kind = array_.dtype().kind();
    if (kind == 'i' && array_.itemsize() == 8) {
      check<std::int64_t>(classes, ignore_negative);
    } else if (type == api::NPY_UBYTE_ || type == api::NPY_BOOL_) {
      convert<std::uint8_t>(classes, ignore_negative);
    } else if (type == api::NPY_BYTE_) {
      convert<std::int8_t>(classes, ignore_negative);
    } else if (type == api::NPY_SHORT_) {
      convert<std::int16_t>(classes, ignore_negative);
    } else if (type == api::NPY_USHORT_) {
      convert<std::uint16_t>(classes, ignore_negative);
    } else if (kind == 'i' && array_.itemsize() == 4) {
      convert<std::int32_t>(classes, ignore_negative);
    } else if (kind == 'u' && array_.itemsize() == 4) {
      convert<std::uint32_t>(classes, ignore_negative);
    } else if (kind == 'u' && array_.itemsize() == 8) {
      check<std::uint64_t>(classes, ignore_negative);  // below `classes` the bits are the same
    } else {
      throw py::type_error("labels must be an array of integers, got " + py::str(array_.dtype()).cast<std::string>());
    }
  }
  const std::int64_t* data() const { return data_; }

 private:
  template <class L>
  void check(Index classes, bool ignore_negative) {
    const Index size = array_.size();
    launch([=](const L* labels) { check_labels(labels, size, classes, ignore_negative); },
           static_cast<const L*>(array_.data()));
    data_ = static_cast<const std::int64_t*>(array_.data());
  }
  template <class L>
  void convert(Index classes, bool ignore_negative) {
    const Index size = array_.size();
    converted_.emplace(Shape{size});
    launch(
        [=](const L* labels, std::int64_t* converted) {
          check_labels(labels, size, classes, ignore_negative);
          for (Index i = 0; i < size; ++i) converted[i] = static_cast<std::int64_t>(labels[i]);
        },
        static_cast<const L*>(array_.data()), converted_->data());
    data_ = converted_->data();
  }

  py::array array_;
  std::optional<Result<std::int64_t>> converted_;
  const std::int64_t* data_ = nullptr;
};

// The operation has checked the shapes. Here a check only keeps a wrong call from reading past the end of an array.
void check(bool fits, const char* what) {
  if (!fits) throw py::value_error(what);
}

// x[..., classes] as rows.
struct Rows {
  explicit Rows(const Array& x) : shape(shape_of(x)) {
    check(!shape.empty() && shape.back() > 0, "cross-entropy needs at least one class along the last axis");
    classes = shape.back();
    shape.pop_back();
    for (const py::ssize_t extent : shape) count *= extent;
  }
  Shape shape;  // of the losses
  Index count = 1, classes = 1;
};

constexpr const char* kSizes = "cross-entropy arrays do not match in size";

std::tuple<Array, Array> sparse_softmax_cross_entropy_forward(const Array& logits, const LabelArray& labels,
                                                              bool ignore_negative) {
  return with_float_type(logits, "logits", [&](auto type) -> std::tuple<Array, Array> {
    using T = decltype(type);
    const Rows rows(logits);
    const Input<T> x(logits, "logits");
    check(labels.size() == rows.count, kSizes);
    const Labels classes(labels, rows.classes, ignore_negative);
    const Result<T> losses(rows.shape), probabilities(shape_of(logits));
    launch(kernels().table<T>().sparse_softmax_cross_entropy_forward, x.data(), classes.data(), losses.data(),
           probabilities.data(), rows.count, rows.classes);
    return {losses.array(), probabilities.array()};
  });
}

Array sparse_softmax_cross_entropy_backward(const Array& dlosses, const Array& probabilities,
                                            const LabelArray& labels) {
  return with_float_type(probabilities, "probabilities", [&](auto type) -> Array {
    using T = decltype(type);
    const Rows rows(probabilities);
    const Input<T> dloss(dlosses, "dlosses"), p(probabilities, "probabilities");
    check(labels.size() == rows.count && dloss.size() == rows.count, kSizes);
    const Labels classes(labels, rows.classes, true);
    const Result<T> dlogits(shape_of(probabilities));
    launch(kernels().table<T>().sparse_softmax_cross_entropy_backward, dloss.data(), p.data(), classes.data(),
           dlogits.data(), rows.count, rows.classes);
    return dlogits.array();
  });
}

std::tuple<Array, Array> softmax_cross_entropy_forward(const Array& logits, const Array& targets) {
  return with_float_type(logits, "logits", [&](auto type) -> std::tuple<Array, Array> {
    using T = decltype(type);
    const Rows rows(logits);
    const Input<T> x(logits, "logits"), target(targets, "targets");
    check(target.size() == x.size(), kSizes);
    const Result<T> losses(rows.shape), probabilities(shape_of(logits));
    launch(kernels().table<T>().softmax_cross_entropy_forward, x.data(), target.data(), losses.data(),
           probabilities.data(), rows.count, rows.classes);
    return {losses.array(), probabilities.array()};
  });
}

Array softmax_cross_entropy_backward(const Array& dlosses, const Array& probabilities, const Array& targets) {
  return with_float_type(probabilities, "probabilities", [&](auto type) -> Array {
    using T = decltype(type);
    const Rows rows(probabilities);
    const Input<T> dloss(dlosses, "dlosses"), p(probabilities, "probabilities"), target(targets, "targets");
    check(target.size() == p.size() && dloss.size() == rows.count, kSizes);
    const Result<T> dlogits(shape_of(probabilities));
    launch(kernels().table<T>().softmax_cross_entropy_backward, dloss.data(), p.data(), target.data(), dlogits.data(),
           rows.count, rows.classes);
    return dlogits.array();
  });
}

Array sparse_cross_entropy_forward(const Array& probabilities, const LabelArray& labels, double epsilon,
                                   bool ignore_negative) {
  return with_float_type(probabilities, "probabilities", [&](auto type) -> Array {
    using T = decltype(type);
    const Rows rows(probabilities);
    const Input<T> p(probabilities, "probabilities");
    check(labels.size() == rows.count, kSizes);
    const Labels classes(labels, rows.classes, ignore_negative);
    const Result<T> losses(rows.shape);
    launch(kernels().table<T>().sparse_cross_entropy_forward, p.data(), classes.data(), losses.data(), rows.count,
           rows.classes, T(epsilon), T(1 - epsilon));
    return losses.array();
  });
}

Array sparse_cross_entropy_backward(const Array& dlosses, const Array& probabilities, const LabelArray& labels,
                                    double epsilon) {
  return with_float_type(probabilities, "probabilities", [&](auto type) -> Array {
    using T = decltype(type);
    const Rows rows(probabilities);
    const Input<T> dloss(dlosses, "dlosses"), p(probabilities, "probabilities");
    check(labels.size() == rows.count && dloss.size() == rows.count, kSizes);
    const Labels classes(labels, rows.classes, true);
    const Result<T> dprobabilities(shape_of(probabilities));
    launch(kernels().table<T>().sparse_cross_entropy_backward, dloss.data(), p.data(), classes.data(),
           dprobabilities.data(), rows.count, rows.classes, T(epsilon), T(1 - epsilon));
    return dprobabilities.array();
  });
}

Array cross_entropy_forward(const Array& probabilities, const Array& targets, double epsilon) {
  return with_float_type(probabilities, "probabilities", [&](auto type) -> Array {
    using T = decltype(type);
    const Rows rows(probabilities);
    const Input<T> p(probabilities, "probabilities"), target(targets, "targets");
    check(target.size() == p.size(), kSizes);
    const Result<T> losses(rows.shape);
    launch(kernels().table<T>().cross_entropy_forward, p.data(), target.data(), losses.data(), rows.count, rows.classes,
           T(epsilon), T(1 - epsilon));
    return losses.array();
  });
}

Array cross_entropy_backward(const Array& dlosses, const Array& probabilities, const Array& targets, double epsilon) {
  return with_float_type(probabilities, "probabilities", [&](auto type) -> Array {
    using T = decltype(type);
    const Rows rows(probabilities);
    const Input<T> dloss(dlosses, "dlosses"), p(probabilities, "probabilities"), target(targets, "targets");
    check(target.size() == p.size() && dloss.size() == rows.count, kSizes);
    const Result<T> dprobabilities(shape_of(probabilities));
    launch(kernels().table<T>().cross_entropy_backward, dloss.data(), p.data(), target.data(), dprobabilities.data(),
           rows.count, rows.classes, T(epsilon), T(1 - epsilon));
    return dprobabilities.array();
  });
}

// Binary cross-entropy of each element: from logits if epsilon is null, else from probabilities.
Array binary_forward(const Array& output, const Array& targets, const double* epsilon) {
  return with_float_type(output, "output", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> x(output, "output"), target(targets, "targets");
    check(target.size() == x.size(), kSizes);
    const Result<T> losses(shape_of(output));
    const KernelTable<T>& table = kernels().table<T>();
    if (epsilon)
      launch(table.binary_cross_entropy_forward, x.data(), target.data(), losses.data(), x.size(), T(*epsilon),
             T(1 - *epsilon));
    else
      launch(table.sigmoid_cross_entropy_forward, x.data(), target.data(), losses.data(), x.size());
    return losses.array();
  });
}

Array binary_backward(const Array& dlosses, const Array& output, const Array& targets, const double* epsilon) {
  return with_float_type(output, "output", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> dloss(dlosses, "dlosses"), x(output, "output"), target(targets, "targets");
    check(target.size() == x.size() && dloss.size() == x.size(), kSizes);
    const Result<T> doutput(shape_of(output));
    const KernelTable<T>& table = kernels().table<T>();
    if (epsilon)
      launch(table.binary_cross_entropy_backward, dloss.data(), x.data(), target.data(), doutput.data(), x.size(),
             T(*epsilon), T(1 - *epsilon));
    else
      launch(table.sigmoid_cross_entropy_backward, dloss.data(), x.data(), target.data(), doutput.data(), x.size());
    return doutput.array();
  });
}

}  // namespace

void bind_cross_entropy(py::module_& module) {
  using namespace py::literals;
  module.def("sparse_softmax_cross_entropy_forward", &sparse_softmax_cross_entropy_forward, "logits"_a, "labels"_a,
             "ignore_negative"_a = false);
  module.def("sparse_softmax_cross_entropy_backward", &sparse_softmax_cross_entropy_backward, "dlosses"_a,
             "probabilities"_a, "labels"_a);
  module.def("softmax_cross_entropy_forward", &softmax_cross_entropy_forward, "logits"_a, "targets"_a);
  module.def("softmax_cross_entropy_backward", &softmax_cross_entropy_backward, "dlosses"_a, "probabilities"_a,
             "targets"_a);
  module.def("sparse_cross_entropy_forward", &sparse_cross_entropy_forward, "probabilities"_a, "labels"_a,
             "epsilon"_a = 1e-7, "ignore_negative"_a = false);
  module.def("sparse_cross_entropy_backward", &sparse_cross_entropy_backward, "dlosses"_a, "probabilities"_a,
             "labels"_a, "epsilon"_a = 1e-7);
  module.def("cross_entropy_forward", &cross_entropy_forward, "probabilities"_a, "targets"_a, "epsilon"_a = 1e-7);
  module.def("cross_entropy_backward", &cross_entropy_backward, "dlosses"_a, "probabilities"_a, "targets"_a,
             "epsilon"_a = 1e-7);
  module.def(
      "sigmoid_cross_entropy_forward",
      [](const Array& logits, const Array& targets) { return binary_forward(logits, targets, nullptr); }, "logits"_a,
      "targets"_a);
  module.def(
      "sigmoid_cross_entropy_backward",
      [](const Array& dlosses, const Array& logits, const Array& targets) {
        return binary_backward(dlosses, logits, targets, nullptr);
      },
      "dlosses"_a, "logits"_a, "targets"_a);
  module.def(
      "binary_cross_entropy_forward",
      [](const Array& probabilities, const Array& targets, double epsilon) {
        return binary_forward(probabilities, targets, &epsilon);
      },
      "probabilities"_a, "targets"_a, "epsilon"_a = 1e-7);
  module.def(
      "binary_cross_entropy_backward",
      [](const Array& dlosses, const Array& probabilities, const Array& targets, double epsilon) {
        return binary_backward(dlosses, probabilities, targets, &epsilon);
      },
      "dlosses"_a, "probabilities"_a, "targets"_a, "epsilon"_a = 1e-7);
}

}  // namespace tinynet
