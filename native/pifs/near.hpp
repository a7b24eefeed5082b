// The search among domains that lie over the block itself, whose addresses cost little.
//
// An edge or a corner resembles itself at half the size about its own place, so the domains whose centres
// are a few pixels from the block's are better than their number suggests, and a small displacement takes
// few bits. The gain of a domain is compared after its bits are paid.
#pragma once

#include <vector>

#include "core/grid.hpp"
#include "pifs/plane.hpp"

namespace selfsame::pifs {

// Return the best map of kind kHalf for every whole block of side 2^log2, row by row; isometry and scale
// stay 0, and so does the map where no domain helps.
//
// `reach` is the largest distance of the centres in either direction, in pixels; `bit_price` the squared
// error that a bit is worth.
std::vector<Map> near_maps(Grid<const float> ranges, Grid<const float> domains, int log2, int reach,
                           double bit_price, int threads);

}  // namespace selfsame::pifs
