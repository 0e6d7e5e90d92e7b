#include "kernels/machine/peak.h"
#include "isa/export.h"

EXPORT_KERNELS(peak)
