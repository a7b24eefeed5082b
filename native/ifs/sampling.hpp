// The chaos game in any dimension D: 3-D points, and points that carry a colour.
//
// A colour that blends towards that of every map applied, c -> (c + c_i) / 2, follows an affine map too; a
// coloured system of the plane is an affine system of D = 5 dimensions. The method is that of the planar
// population, which makes the points of the plane, with one row of memory per coordinate.
#pragma once

#include <cstdint>

#include "core/grid.hpp"
#include "ifs/field.hpp"
#include "ifs/random.hpp"

namespace selfsame::ifs {

// N maps of D dimensions: matrices (N · D, D), offsets (N, D), and how often each is chosen.
struct SpaceGame {
    Grid<const float> matrices, offsets;
    Row<const std::uint64_t> tree;
    bool is_on_cells = false;  // of the first two coordinates; see cells.hpp
};

struct SpaceStart {
    Field field, ancestors;
    Row<const float> point;
    int burn_in;
};

// Fill `out` (n, D) with points in an order that says nothing about their maps; if there are words, each passes
// through one of them on its way out. Return how many are infinite or NaN.
std::int64_t sample_share(Stream stream, const SpaceStart& start, const SpaceGame& game, const SpaceGame& words,
                  Grid<float> out);

inline constexpr float kColorSteps = 65535;  // colours are summed in such steps: the order does not matter

// Add points (n, 5), columns u, v in pixels and red, green, blue, to `sums`, (height, width · 4): red, green and
// blue in kColorSteps, and the count.
void add_colors(Grid<const float> points, Grid<std::uint64_t> sums);

}  // namespace selfsame::ifs
