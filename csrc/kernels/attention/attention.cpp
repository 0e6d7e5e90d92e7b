#include "kernels/attention/attention.h"
#include "isa/export.h"

EXPORT_KERNELS(attention)
