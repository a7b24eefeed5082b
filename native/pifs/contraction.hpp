// Whether a block map contracts.
//
// Let E_R be the energy (squared norm) of the difference of two pictures within block R. One application
// of the maps gives at most E_R' = s² / k² · sum of E_Q over the blocks Q that the domain of R meets, as
// the average over k × k pixels has norm 1 / k and the removal of the mean is a projection. The spectral
// radius of this non-negative matrix T bounds the square of that of S, and by Collatz and Wielandt
// max (T v)_R / v_R bounds it for any positive v. So a map is proved to contract even where some |s|
// exceed 1.
#pragma once

#include <vector>

#include "core/grid.hpp"
#include "pifs/attractor.hpp"
#include "pifs/plane.hpp"

namespace selfsame::pifs {

// Per block (T v) / v for a v near the leading eigenvector of T; the largest bounds the squared spectral
// radius of S.
std::vector<double> contraction_bounds(Row<const Block> blocks, Row<const Map> maps,
                                       Grid<const std::int32_t> owners);

// Lower the scales that must be lowered for a proof of contraction.
void make_contractive(Row<const Block> blocks, Row<Map> maps, Grid<const std::int32_t> owners);

}  // namespace selfsame::pifs
