// An index out of bounds is a finding, like those of the sanitizers.
#include <cstdio>
#include <cstdlib>

#include "core/grid.hpp"

void selfsame::out_of_bounds() {
    std::fputs("an index out of bounds, or a result that does not hold\n", stderr);
    std::abort();
}
