// Points of space into a depth buffer; see ifs/render/view3d.py.
#pragma once

#include <cstdint>

#include "core/grid.hpp"

namespace selfsame::ifs {

inline constexpr double kDepthSteps = 2147483648.0;  // of a depth within 8 radii

// Put points (n, 6), position (relative to the centre, in radii) and colour, into the buffer; return how many are
// infinite or NaN.
//
// A cell holds depth in its upper 40 bits and colour in its lower 24: the nearest point is the smallest number,
// whatever the order of points. The camera's rows are right, up and away from the viewer; `scale` is pixels per
// radius.
std::int64_t project(Grid<const float> points, Grid<const float> camera, float scale, Grid<std::uint64_t> buffer);

}  // namespace selfsame::ifs
