#include "kernels/attention/attention.h"
#include "kernels/matmul/dense.h"
#include "kernels/matmul/matmul.h"
#include "kernels/recurrent/gru.h"
#include "kernels/recurrent/lstm.h"
#include "kernels/recurrent/simple_rnn.h"
#include "isa/export.h"

EXPORT_KERNELS(matmul)
