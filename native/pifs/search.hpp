// What the search of domains does with products of matrices, and what it finds, measured in pixels.
#pragma once

#include <cstdint>

#include "core/grid.hpp"

namespace selfsame::pifs {

inline constexpr float kLowestGain = -1e30f;  // of no domain
inline constexpr int kClasses = 4;            // of cosines, by how mirror images turn their signs

// The domains of one tile of products.
struct Columns {
    std::int32_t start;                // number of the first
    Row<const float> reach, penalty;   // see pifs/search/tiles.py
    Grid<const std::int32_t> corners;  // (M, 2)
};

// The best of each range so far, the best first.
struct Best {
    Grid<float> gains;
    Grid<std::int32_t> found;
};

// Update the best of each range with a tile of products, (classes · rows, M): of the inner products of each
// of four classes with a range and its transposition, or, with one class, of the range under the inverse of
// each isometry.
//
// A domain less than `apart` away from its range, of `ranges` (N, 2), in both directions is no match.
void keep_best(Grid<const float> products, int classes, const Columns& columns,
               Grid<const std::int32_t> ranges, int apart, Best best);

// How a block and its domains are compared.
struct Comparison {
    int side, contraction;
    float max_scale, flat;           // no larger scale; no domain of a smaller deviation
    Grid<const std::int32_t> orders;  // (isometries, side²): the moved block's pixels
};

// Fill in, for each range and domain, the number of the best isometry, and with it scale and gain.
//
// `own` are the ranges' corners (N, 2), `corners` their domains' (N, 2 · keep), negative for none.
void measure(Grid<const float> ranges, Grid<const float> domains, const Comparison& comparison,
             Grid<const std::int32_t> own, Grid<const std::int32_t> corners, Grid<std::int32_t> turn,
             Grid<float> scale, Grid<float> gain);

}  // namespace selfsame::pifs
