// Depth-limited pictures of a planar system: a shape drawn at every leaf of the recursion; see
// ifs/render/recursion.py.
#pragma once

#include <array>
#include <cstdint>

#include "core/grid.hpp"
#include "ifs/scanlines.hpp"

namespace selfsame::ifs {

inline constexpr int kTile = 256;  // side of a tile in pixels: its samples (512 KiB) stay in a cache

// The tree of words of maps.
struct Tree {
    Grid<const double> matrices, offsets;  // (N, 4) and (N, 2)
    std::array<double, 2> center;
    Row<const double> radii;  // the leaves j levels below a node lie within its image of radii[j] of the centre
};

// Draw the leaves; false if a tile meets more nodes than its budget.
//
// `to_samples` maps the plane to samples, y down; `half` is the least half-width of a leaf, in samples.
bool draw_recursion(const Tree& tree, const Affine& to_samples, const Shape& shape, double half,
                    std::int64_t budget, Grid<float> picture, int threads);

}  // namespace selfsame::ifs
