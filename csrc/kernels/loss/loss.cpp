#include "kernels/loss/accuracy.h"
#include "kernels/loss/cross_entropy.h"
#include "kernels/loss/softmax.h"
#include "isa/export.h"

EXPORT_KERNELS(loss)
