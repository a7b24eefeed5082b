// Functions compiled once for each instruction set, of which the loader takes the best that the
// processor has. Floating-point sums are written in the order that they are to be taken in, and
// products are never fused with sums, so that all of them give the same numbers.
#pragma once

#include <cstddef>  // for __GLIBC__

#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__)
#define SELFSAME_CLONES \
    [[gnu::target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4"), gnu::flatten]]
#else  // aarch64 has its vectors in the baseline; Clang loses inline functions that only clones call
#define SELFSAME_CLONES
#endif

namespace selfsame {

// A function with clones, to be called. Compilers (GCC 12) take a call by its name for one that throws
// nothing: what it throws would end the process. Those that check an index or allocate are called
// through this pointer, which the compiler cannot see through.
template <typename Function>
Function* dispatched(Function* function) {
#if defined(__GNUC__) && defined(__x86_64__)
    asm("" : "+r"(function));
#endif
    return function;
}

}  // namespace selfsame
