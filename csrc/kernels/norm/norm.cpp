#include "kernels/norm/batch_norm.h"
#include "kernels/norm/fold.h"
#include "kernels/norm/group_norm.h"
#include "kernels/norm/layer_norm.h"
#include "isa/export.h"

EXPORT_KERNELS(norm)
