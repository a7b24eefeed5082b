// The attractor of a plane: x = S x + b by repeated application.
#pragma once

#include <optional>

#include "core/grid.hpp"
#include "pifs/plane.hpp"

namespace selfsame::pifs {

// Luma as the maps of a chroma plane see it: of the same shape, or (ratio 2) twice as large.
struct Luma {
    Grid<const float> values;
    int ratio;
};

inline bool draws(const Map& map) { return map.kind != kNoMap; }
// Whether a map draws from its own plane.
inline bool feeds_back(const Map& map) { return draws(map) && map.kind != kLuma; }

// Whether maps are such as the blocks of a plane of so many pixels may have.
bool are_sound(Row<const Block> blocks, Row<const Map> maps, std::size_t height, std::size_t width);

// Write S x + b to the blocks of `out` that have a map; the others are left as they are.
//
// All grids have `scale` samples per pixel of the plane in either direction.
void apply_maps(Grid<const float> x, Grid<const float> b, Row<const Block> blocks, Row<const Map> maps,
                int scale, const std::optional<Luma>& luma, Grid<float> out, int threads);

}  // namespace selfsame::pifs
