#include "kernels/matmul/dense.h"
#include "kernels/matmul/matmul.h"
#include "isa/export.h"

EXPORT_KERNELS(matmul)
