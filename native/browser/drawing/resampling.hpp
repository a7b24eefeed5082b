// Resampling by area averages, and its smooth inverse; see selfsame/collage/operator/resampling.py.
#pragma once

#include <vector>

#include "core/grid.hpp"

namespace selfsame::browser {

// Shrink a plane, every pixel the mean of its area; `to` is no larger in either direction.
void area_resize(Grid<const float> from, Grid<float> to);

// The (to, from) matrix that resamples so many values, row by row: area means where they become fewer, otherwise
// cubics whose area means are the values.
std::vector<double> resampling_matrix(int from, int to);

}  // namespace selfsame::browser
