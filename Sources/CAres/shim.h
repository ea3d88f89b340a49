// First, so that the system's structures that both libraries use belong to one module, whichever is built first.
#include "../CLibUV/shim.h"

#include <ares.h>
