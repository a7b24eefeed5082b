// An index out of bounds is a finding, like those of the sanitizers; an input that is refused is none.
#include <cstdio>
#include <cstdlib>

#include "core/fail.hpp"
#include "core/grid.hpp"

void selfsame::out_of_bounds() {
    std::fputs("an index out of bounds, or a result that does not hold\n", stderr);
    std::abort();
}

void selfsame::raise(Fault fault, const std::string& words) { throw Failure(fault, words); }
