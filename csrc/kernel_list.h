// The list of kernels: result, name, arguments and meaning. Each kernel is declared here and nowhere else.
//
//   UNIT(unit)                        one translation unit: csrc/kernels/<family>/<unit>.cpp, compiled once for each
//   KERNEL(result, name, arguments)   instruction set. It defines `template <class T> result name(arguments)` for every
//   END_UNIT                          kernel of its section; T is float or double.
//
// What follows from the list: the table of function pointers and the hash in the units' symbols (kernels.h), the
// declarations of the kernels and the unit's part of the table (isa/export.h), the tables of each instruction set
// (dispatch.cpp). A kernel that is listed but not defined, or defined with other arguments, does not compile.
//
// Arrays are dense, row-major and never alias unless stated otherwise; the operations in tinynet/ops/ have checked
// every shape. The order of arguments: the shape, the gradient of the result, the inputs of the forward pass in its
// order, its result, then what is computed, then numbers and flags. "May be null" means that an input is absent or that
// an output is not needed. The NumPy reference of each kernel stands in tinynet/ops/.
//
// No include guard: the includer defines the three macros, and this file removes them at its end.

UNIT(elementwise)
// y[i] = f(x[i])
KERNEL(void, activation_forward, Activation which, const T* x, T* y, Index size, T a, T b, T c)
// dx[i] = dy[i] * f'(x[i])
KERNEL(void, activation_backward, Activation which, const T* dy, const T* x, T* dx, Index size, T a, T b, T c)
// y = x / (1 - rate) where the random bits of (seed, offset) keep the element, else 0; backward is the same function.
KERNEL(void, dropout, const T* x, T* y, Index size, const Dropout& mask)
// y[i] = a[i] + b[i], then max(0, y[i]) with `relu`; y may be a.
KERNEL(void, add_forward, const T* a, const T* b, T* y, Index size, bool relu)
END_UNIT

UNIT(matmul)
// c[g] = op(a[a_offset[g]]) op(b[b_offset[g]]) for each g < batch; op(a) is m x k, op(b) k x n.
KERNEL(void, matmul, const T* a, const Index* a_offset, const T* b, const Index* b_offset, T* c, Index batch, Index m,
       Index n, Index k, bool transpose_a, bool transpose_b)
// y[rows][out] = f(x[rows][in] kernel[in][out] + bias[out]); bias may be null. f is linear, relu, sigmoid or tanh:
// their derivatives can be written in terms of y.
KERNEL(void, dense_forward, const T* x, const T* kernel, const T* bias, T* y, Index rows, Index in, Index out,
       Activation activation)
// dx, dkernel and dbias may each be null.
KERNEL(void, dense_backward, const T* dy, const T* x, const T* kernel, const T* y, T* dx, T* dkernel, T* dbias,
       Index rows, Index in, Index out, Activation activation)
//
// What is made of small products stands in this unit too: with one copy of the tiles the wheel is 0.3 MB smaller.
//
// Recurrences over the steps of sequences. z[batch][steps][gates * units] are the products with x plus the bias, h0 and
// c0[batch][units] the initial states, recurrent_kernel[units][gates * units]. mask[batch][steps]: 0 where a step keeps
// the state; recurrent_mask[gates][batch][units] are dropout's factors of h; both may be null. y, c and what the
// backward passes read have [batch][steps]. dy, and dh and dc, the gradients of the last states, may be null; they are
// added.
// `values` are the y of all steps, as if none were masked; without a mask it may be y itself.
KERNEL(void, simple_rnn_forward, const RecurrenceShape& shape, const T* z, const T* h0, const T* recurrent_kernel,
       const std::uint8_t* mask, const T* recurrent_mask, Activation activation, T* y, T* values)
KERNEL(void, simple_rnn_backward, const RecurrenceShape& shape, const T* dy, const T* dh, const T* recurrent_kernel,
       const std::uint8_t* mask, const T* recurrent_mask, Activation activation, const T* values, T* dz, T* dh0)
// Gates: input, forget, candidate, output. `shown` is the activation of c, before masking.
// Without gates and shown, which may be null together, c is the last state alone.
KERNEL(void, lstm_forward, const RecurrenceShape& shape, const T* z, const T* h0, const T* c0,
       const T* recurrent_kernel, const std::uint8_t* mask, const T* recurrent_mask, Activation activation,
       Activation recurrent_activation, T* y, T* c, T* gates, T* shown)
KERNEL(void, lstm_backward, const RecurrenceShape& shape, const T* dy, const T* dh, const T* dc, const T* c0,
       const T* recurrent_kernel, const std::uint8_t* mask, const T* recurrent_mask, Activation activation,
       Activation recurrent_activation, const T* c, const T* gates, const T* shown, T* dz, T* dh0, T* dc0)
// Gates: update, reset, candidate. recurrent_bias[3 * units], with `reset_after`, may be null. `factor` is what the
// reset gate multiplies. `dproduct` is the gradient of the product with h; it may be null without `reset_after`.
KERNEL(void, gru_forward, const RecurrenceShape& shape, const T* z, const T* h0, const T* recurrent_kernel,
       const T* recurrent_bias, const std::uint8_t* mask, const T* recurrent_mask, Activation activation,
       Activation recurrent_activation, bool reset_after, T* y, T* gates, T* factor)
KERNEL(void, gru_backward, const RecurrenceShape& shape, const T* dy, const T* dh, const T* h0,
       const T* recurrent_kernel, const std::uint8_t* mask, const T* recurrent_mask, Activation activation,
       Activation recurrent_activation, bool reset_after, const T* y, const T* gates, const T* factor, T* dz,
       T* dproduct, T* dh0)
// Attention: each query takes the mean of the values, weighted by e^(scale q.k) of the keys that it uses.
// q[batch][queries][heads][dim], k[batch][keys][heads][dim], v[batch][keys][heads][value_dim], y[batch][queries][heads]
// [value_dim]; `log_sum` [batch][heads][queries] is the logarithm of the sum of a query's exponentials. With `causal` a
// query uses no later key. One that uses no key at all weighs all keys alike.
KERNEL(void, attention_forward, const AttentionShape& shape, const T* q, const T* k, const T* v,
       const AttentionMask& mask, T* y, T* log_sum, double scale, bool causal)
KERNEL(void, attention_backward, const AttentionShape& shape, const T* dy, const T* q, const T* k, const T* v,
       const AttentionMask& mask, const T* y, const T* log_sum, T* dq, T* dk, T* dv, double scale, bool causal)
END_UNIT

UNIT(loss)
// Along the rows of x[rows][classes]: y = e^x / sum e^x, or its logarithm. The backward passes need only y.
KERNEL(void, softmax_forward, const T* x, T* y, Index rows, Index classes)
KERNEL(void, softmax_backward, const T* dy, const T* y, T* dx, Index rows, Index classes)
KERNEL(void, log_softmax_forward, const T* x, T* y, Index rows, Index classes)
KERNEL(void, log_softmax_backward, const T* dy, const T* y, T* dx, Index rows, Index classes)
// Returns how many rows of scores[rows][classes] are largest at their label.
KERNEL(Index, count_correct, const T* scores, const std::int64_t* labels, Index rows, Index classes)
// One loss a row: -sum_k target_k log p_k. From logits[rows][classes] the forward passes also compute the probabilities
// p, which is all that the backward passes need. A row with a negative label is left out: loss and gradient are 0.
KERNEL(void, sparse_softmax_cross_entropy_forward, const T* logits, const std::int64_t* labels, T* losses,
       T* probabilities, Index rows, Index classes)
KERNEL(void, sparse_softmax_cross_entropy_backward, const T* dlosses, const T* probabilities,
       const std::int64_t* labels, T* dlogits, Index rows, Index classes)
KERNEL(void, softmax_cross_entropy_forward, const T* logits, const T* targets, T* losses, T* probabilities, Index rows,
       Index classes)
KERNEL(void, softmax_cross_entropy_backward, const T* dlosses, const T* probabilities, const T* targets, T* dlogits,
       Index rows, Index classes)
KERNEL(void, sigmoid_cross_entropy_forward, const T* logits, const T* targets, T* losses, Index size)
KERNEL(void, sigmoid_cross_entropy_backward, const T* dlosses, const T* logits, const T* targets, T* dlogits,
       Index size)
// The same from probabilities[rows][classes], divided by their sum and clipped to [low, high].
KERNEL(void, sparse_cross_entropy_forward, const T* probabilities, const std::int64_t* labels, T* losses, Index rows,
       Index classes, T low, T high)
KERNEL(void, sparse_cross_entropy_backward, const T* dlosses, const T* probabilities, const std::int64_t* labels,
       T* dprobabilities, Index rows, Index classes, T low, T high)
KERNEL(void, cross_entropy_forward, const T* probabilities, const T* targets, T* losses, Index rows, Index classes,
       T low, T high)
KERNEL(void, cross_entropy_backward, const T* dlosses, const T* probabilities, const T* targets, T* dprobabilities,
       Index rows, Index classes, T low, T high)
KERNEL(void, binary_cross_entropy_forward, const T* probabilities, const T* targets, T* losses, Index size, T low,
       T high)
KERNEL(void, binary_cross_entropy_backward, const T* dlosses, const T* probabilities, const T* targets,
       T* dprobabilities, Index size, T low, T high)
END_UNIT

UNIT(reduction)
// y[o][i] = reduction over r of x[o][r][i], divided by `divisor`
KERNEL(void, reduce, Reduction which, const T* x, T* y, Index outer, Index size, Index inner, T divisor)
// y[table_rows][size]: the sum of the rows[n] with indices[n] = its number; indices are in [0, table_rows).
KERNEL(void, scatter_add, const std::int64_t* indices, const T* rows, T* y, Index count, Index table_rows, Index size)
END_UNIT

// Measures of the machine, for bench/.
UNIT(peak)
// Multiply-adds in registers on every thread; returns the number of floating-point operations done.
KERNEL(double, multiply_add_peak, Index iterations, T factor, T offset, T* results)
// y[i] = x[i]
KERNEL(void, copy_peak, const T* x, T* y, Index size)
END_UNIT

// Steps of the optimizers, in place on weights and states. Each first subtracts decay * w from every weight w.
UNIT(optimizer)
// State: the velocity, or none.
KERNEL(void, sgd_step, const Parameter<T>* parameters, Index count, double learning_rate, double momentum,
       bool nesterov, double decay)
// States: mean, variance, and the maximum of the variance or none.
KERNEL(void, adam_step, const Parameter<T>* parameters, Index count, double step_size, double beta_1, double beta_2,
       double epsilon, double decay)
// States: mean, norm.
KERNEL(void, adamax_step, const Parameter<T>* parameters, Index count, double step_size, double beta_1, double beta_2,
       double epsilon, double decay)
// States: mean, variance.
KERNEL(void, nadam_step, const Parameter<T>* parameters, Index count, double learning_rate, double mean_factor,
       double gradient_factor, double variance_factor, double beta_1, double beta_2, double epsilon, double decay)
// States: mean square, velocity or none, mean or none.
KERNEL(void, rmsprop_step, const Parameter<T>* parameters, Index count, double learning_rate, double rho,
       double momentum, double epsilon, double decay)
// State: sum of squares.
KERNEL(void, adagrad_step, const Parameter<T>* parameters, Index count, double learning_rate, double epsilon,
       double decay)
// States: mean square of the gradient, mean square of the update.
KERNEL(void, adadelta_step, const Parameter<T>* parameters, Index count, double learning_rate, double rho,
       double epsilon, double decay)
// State: mean.
KERNEL(void, lion_step, const Parameter<T>* parameters, Index count, double learning_rate, double beta_1,
       double beta_2, double decay)
// States: accumulator, linear.
KERNEL(void, ftrl_step, const Parameter<T>* parameters, Index count, double learning_rate, double learning_rate_power,
       double l1, double l2, double shrinkage, double decay)
END_UNIT

// Convolution. `bias` may be null. So may the `y` of the gradients: it masks dy where y is not positive (the derivative
// of ReLU).
UNIT(conv2d)
KERNEL(void, conv2d_forward, const Conv2dShape& shape, const T* x, const T* kernel, const T* bias, T* y, bool relu,
       ConvAlgorithm algorithm)
KERNEL(void, conv2d_input_gradient, const Conv2dShape& shape, const T* dy, const T* kernel, const T* y, T* dx,
       ConvAlgorithm algorithm)
// dkernel and dbias may each be null.
KERNEL(void, conv2d_weight_gradient, const Conv2dShape& shape, const T* dy, const T* x, const T* y, T* dkernel,
       T* dbias, ConvAlgorithm algorithm)
// Returns the algorithm that a pass runs for `requested`, which may be automatic.
KERNEL(ConvAlgorithm, conv2d_algorithm, const Conv2dShape& shape, ConvPass pass, ConvAlgorithm requested)
// Convolution of one group, and the mean and variance of each filter's output.
KERNEL(void, conv2d_moments_forward, const Conv2dShape& shape, const T* x, const T* kernel, const T* bias, T* z,
       T* mean, T* variance, ConvAlgorithm algorithm)
// For Winograd's algorithms: the elements of a transformed kernel, the transform, and convolution with it of one group.
// residual[batch][out_height][out_width][filters], which is added before ReLU, may be null.
KERNEL(Index, conv2d_transformed_size, Index channels, Index filters, ConvAlgorithm algorithm)
KERNEL(void, conv2d_transform_kernel, const T* kernel, T* transformed, Index channels, Index filters,
       ConvAlgorithm algorithm)
KERNEL(void, conv2d_transformed_forward, const Conv2dShape& shape, const T* x, const T* transformed, const T* bias,
       const T* residual, T* y, bool relu, ConvAlgorithm algorithm)
END_UNIT

// Convolution with a kernel[kernel_height][kernel_width][channels][multiplier]; filters = channels * multiplier. bias,
// y (as for conv2d), dkernel and dbias may be null.
UNIT(depthwise_conv2d)
KERNEL(void, depthwise_conv2d_forward, const Conv2dShape& shape, const T* x, const T* kernel, const T* bias, T* y,
       bool relu)
KERNEL(void, depthwise_conv2d_input_gradient, const Conv2dShape& shape, const T* dy, const T* kernel, const T* y, T* dx)
KERNEL(void, depthwise_conv2d_weight_gradient, const Conv2dShape& shape, const T* dy, const T* x, const T* y,
       T* dkernel, T* dbias)
// Then a convolution with a 1x1 kernel[shape.filters][filters], which conv2d_transform_kernel has packed for direct
// convolution; offset[filters] may be null.
KERNEL(void, depthwise_pointwise_forward, const Conv2dShape& shape, const T* x, const T* kernel, const T* bias,
       bool relu, Index filters, const T* packed, const T* offset, T* y, bool pointwise_relu)
// Depthwise convolution, with multiplier 1, of x as batch normalization by these statistics and, with `relu`, ReLU give
// it. gamma, beta, bias, dx, dkernel and dbias may be null. The backward pass is that of statistics which depend on x.
KERNEL(void, batch_norm_depthwise_conv2d_forward, const Conv2dShape& shape, const T* x, const T* kernel, const T* bias,
       const T* gamma, const T* beta, const T* mean, const T* variance, double epsilon, bool relu, T* y, T* inverse_std)
KERNEL(void, batch_norm_depthwise_conv2d_backward, const Conv2dShape& shape, const T* dy, const T* x, const T* kernel,
       const T* gamma, const T* beta, const T* mean, const T* inverse_std, bool relu, T* dx, T* dkernel, T* dbias,
       T* dgamma, T* dbeta)
END_UNIT

// Convolution of one group, bias, ReLU and the maximum of windows that lie side by side: `pool` describes them, its
// strides being its sides. A window has at most 255 pixels. `argmax` holds the argmax index in each window, and 255
// where ReLU gave 0 and no gradient propagates; the forward pass writes none if `argmax` is null.
UNIT(conv2d_max_pool2d)
KERNEL(void, conv2d_max_pool2d_forward, const Conv2dShape& shape, const Pool2dShape& pool, const T* x, const T* kernel,
       const T* bias, T* y, std::uint8_t* argmax, bool relu)
KERNEL(void, conv2d_max_pool2d_weight_gradient, const Conv2dShape& shape, const Pool2dShape& pool, const T* dy,
       const std::uint8_t* argmax, const T* x, T* dkernel, T* dbias)
END_UNIT

// Convolution of one group, batch normalization and, with `relu`, ReLU. bias, gamma, beta, dbias and dkernel (and dbias
// with it) may be null. The backward pass takes x, not the output of the convolution.
UNIT(conv2d_batch_norm)
KERNEL(void, conv2d_batch_norm_forward, const Conv2dShape& shape, const T* x, const T* kernel, const T* bias,
       const T* gamma, const T* beta, double epsilon, bool relu, T* y, T* mean, T* variance, T* inverse_std)
KERNEL(void, conv2d_batch_norm_inference, const Conv2dShape& shape, const T* x, const T* kernel, const T* bias,
       const T* gamma, const T* beta, const T* mean, const T* variance, double epsilon, bool relu, T* y,
       T* inverse_std)
KERNEL(void, conv2d_batch_norm_backward, const Conv2dShape& shape, const T* dy, const T* x, const T* kernel,
       const T* bias, const T* gamma, const T* beta, const T* mean, const T* inverse_std, bool relu, bool constant,
       T* dkernel, T* dbias, T* dgamma, T* dbeta)
END_UNIT

UNIT(norm)
// The weights of a layer that computes what the layer and the normalization compute: kernel[rows][channels] and
// bias[channels], which may be null without a normalization.
KERNEL(void, fold_batch_norm, const NormalizedWeights<T>& weights, T* kernel, T* bias)
// Batch normalization of x[rows][channels]. gamma and beta may be null; so may dx. `constant`: mean and inverse_std do
// not depend on x.
KERNEL(void, batch_norm_forward, const T* x, const T* gamma, const T* beta, double epsilon, bool relu, T* y, T* mean,
       T* variance, T* inverse_std, Index rows, Index channels)
KERNEL(void, batch_norm_inference, const T* x, const T* gamma, const T* beta, const T* mean, const T* variance,
       double epsilon, bool relu, T* y, T* inverse_std, Index rows, Index channels)
KERNEL(void, batch_norm_backward, const T* dy, const T* x, const T* gamma, const T* beta, const T* mean,
       const T* inverse_std, bool relu, bool constant, T* dx, T* dgamma, T* dbeta, Index rows, Index channels)
// Along the rows of x[rows][size], mean[rows]; with `rms` no mean is subtracted. dx, dgamma and dbeta may be null.
KERNEL(void, layer_norm_forward, const T* x, const T* gamma, const T* beta, double epsilon, bool rms, T* y, T* mean,
       T* inverse_std, Index rows, Index size)
KERNEL(void, layer_norm_backward, const T* dy, const T* x, const T* gamma, const T* mean, const T* inverse_std,
       bool rms, T* dx, T* dgamma, T* dbeta, Index rows, Index size)
// Group normalization of x[samples][pixels][channels]: mean[samples][groups] and inverse_std[samples][groups] of each
// group of channels / groups neighbouring channels. gamma[channels], beta[channels], dx, dgamma and dbeta may be null.
KERNEL(void, group_norm_forward, const T* x, const T* gamma, const T* beta, double epsilon, T* y, T* mean,
       T* inverse_std, Index samples, Index pixels, Index channels, Index groups)
KERNEL(void, group_norm_backward, const T* dy, const T* x, const T* gamma, const T* mean, const T* inverse_std, T* dx,
       T* dgamma, T* dbeta, Index samples, Index pixels, Index channels, Index groups)
END_UNIT

// Pooling. The forward pass of the maximum fills `argmax` (unless both of its arrays are null), the backward pass reads
// them.
UNIT(pooling)
KERNEL(void, max_pool2d_forward, const Pool2dShape& shape, const T* x, T* y, const ArgmaxArray& argmax)
KERNEL(void, max_pool2d_backward, const Pool2dShape& shape, const T* dy, const ArgmaxArray& argmax, T* dx)
KERNEL(void, average_pool2d_forward, const Pool2dShape& shape, const T* x, T* y)
KERNEL(void, average_pool2d_backward, const Pool2dShape& shape, const T* dy, T* dx)
END_UNIT

// Batch normalization, ReLU, the maximum of windows side by side, and dropout. For the backward pass, `argmax` holds
// the argmax index in each window (255: y is not positive) and `x_at_max` its x; both may be null, and so may dx.
UNIT(batch_norm_max_pool2d)
KERNEL(void, batch_norm_max_pool2d_forward, const Pool2dShape& shape, const T* x, const T* gamma, const T* beta,
       double epsilon, const Dropout& mask, T* y, std::uint8_t* argmax, T* x_at_max, T* mean, T* variance,
       T* inverse_std)
KERNEL(void, batch_norm_max_pool2d_inference, const Pool2dShape& shape, const T* x, const T* gamma, const T* beta,
       const T* mean, const T* variance, double epsilon, const Dropout& mask, T* y, std::uint8_t* argmax, T* x_at_max,
       T* inverse_std)
KERNEL(void, batch_norm_max_pool2d_backward, const Pool2dShape& shape, const T* dy, const std::uint8_t* argmax,
       const T* x_at_max, const T* x, const T* gamma, const T* mean, const T* inverse_std, bool constant, double rate,
       T* dx, T* dgamma, T* dbeta)
END_UNIT

#undef UNIT
#undef KERNEL
#undef END_UNIT
